"""Symbol names and instrument rules by table: one canonical name per pair, one rule row per symbol.

Nothing is derived from the letters of a name: a name is in the table or it is unknown, and then the
nearest known name is offered. The rows are of pairs quoted in USD; those of a pair quoted in CAD or
USDC are estimates made of them.
"""

from __future__ import annotations

import difflib
import functools
from decimal import Decimal
from typing import Final

import msgspec

from actors.instruments import Instrument
from adapters.instruments.facts import (
    ASSET_ALIASES,
    COST_MIN,
    DECIMALS,
    DOLLAR_STANDINS,
    ESTIMATED,
    FACTS,
    MAKER_FEE,
    QUOTE,
    QUOTE_ALIASES,
    TAKER_FEE,
    Fact,
)

UNIVERSE: Final = tuple(f"{fact.base}/{QUOTE}" for fact in FACTS)
"""Canonical symbols of the whole universe, in its order."""

_SEPARATORS: Final = ("/", "_", "-", "")


class UnknownSymbolError(ValueError):
    """A symbol that is in no table of ours: one sentence, and a second one saying what to do.

    `nearest` is the closest known canonical name.
    """

    def __init__(self, text: str, nearest: str, why: str, remedy: str = "") -> None:
        super().__init__(f"{text!r} is not a symbol known here; {why}")
        self.text = text
        self.nearest = nearest
        self.remedy = remedy or f"Did you mean {nearest}? docs/feeds.md lists the names."


def instrument(symbol: str) -> Instrument:
    """The rules of one canonical symbol ("BTC/USD"). Raises UnknownSymbolError.

    Fees are the lowest volume tier's ratios of cost; `fact_of` says how old the row is.
    """
    fact, quote = fact_of(symbol), symbol.partition("/")[2]
    return Instrument(
        symbol=symbol,
        base=fact.base,
        quote=quote,
        tick=Decimal(fact.tick),
        lot=Decimal(fact.lot),
        quantity_min=Decimal(fact.quantity_min),
        cost_min=Decimal(COST_MIN[quote]),
        quote_decimals=DECIMALS[quote],
        maker_fee=Decimal(MAKER_FEE),
        taker_fee=Decimal(TAKER_FEE),
    )


def instruments(symbols: tuple[str, ...]) -> tuple[Instrument, ...]:
    """The rules of several symbols, in their order. Raises UnknownSymbolError."""
    return tuple(instrument(symbol) for symbol in symbols)


def fact_of(symbol: str) -> Fact:
    """The dated row behind a canonical symbol. Raises UnknownSymbolError."""
    found = _rows().get(symbol)
    if found is None:
        raise _unknown(symbol)
    return found


def canonical_symbol(text: str, as_quote: str = "") -> str:
    """The canonical name of `text`: "XBTUSD", "XXBTZUSD", "xbt/usd" and "BTC-USD" are "BTC/USD".

    With `as_quote="USD"` a pair quoted in USDT or USDC takes the name of the USD pair: a research
    mapping that the caller must print. Raises UnknownSymbolError.
    """
    found = _names().get(text.strip().upper())
    if found is None:
        raise _unknown(text)
    base, quote = found
    if not as_quote or quote == as_quote:
        return f"{base}/{quote}"
    if as_quote != QUOTE or quote not in DOLLAR_STANDINS:
        nearest = f"{base}/{QUOTE}"
        why = f"a pair quoted in {quote} cannot stand for one quoted in {as_quote}"
        raise UnknownSymbolError(text, nearest, why)
    return f"{base}/{as_quote}"


def listed_symbol(text: str) -> str:
    """As `canonical_symbol`, for whoever goes through a whole list: ValueError at once.

    To look for the nearest name takes 17 ms, and a venue lists more than a thousand others.
    """
    found = _names().get(text.upper())
    if found is None:
        raise ValueError(f"{text!r} is not a symbol known here")
    base, quote = found
    return f"{base}/{quote}"


@functools.cache
def _rows() -> dict[str, Fact]:
    guessed = [msgspec.structs.replace(fact, source=ESTIMATED) for fact in FACTS]
    rows = {f"{fact.base}/{quote}": fact for quote in DECIMALS for fact in guessed}
    return rows | {f"{fact.base}/{QUOTE}": fact for fact in FACTS}


@functools.cache
def _names() -> dict[str, tuple[str, str]]:
    bases = {fact.base: fact.base for fact in FACTS} | ASSET_ALIASES
    names: dict[str, tuple[str, str]] = {}
    for base_text, base in bases.items():
        for quote_text, quote in QUOTE_ALIASES.items():
            for separator in _SEPARATORS:
                name = f"{base_text}{separator}{quote_text}"
                assert names.setdefault(name, (base, quote)) == (base, quote), name
    return names


def _unknown(text: str) -> UnknownSymbolError:
    spelt = text.strip().upper()
    listed = _names().get(spelt)
    if listed is not None:
        base, quote = listed
        nearest = f"{base}/{QUOTE}"
        why = f"there are rules for {nearest} but none for pairs quoted in {quote}"
        mapped = f"Use {nearest}, or in research name the pair {QUOTE} with --as-quote {QUOTE}."
        return UnknownSymbolError(text, nearest, why, mapped * (quote in DOLLAR_STANDINS))
    close = difflib.get_close_matches(spelt, list(_names()), n=1, cutoff=0.0)
    base, _ = _names()[close[0]]
    nearest = f"{base}/{QUOTE}"
    return UnknownSymbolError(text, nearest, f"the nearest known symbol is {nearest}")
