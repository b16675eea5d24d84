"""What befell a live connection beside its frames, as a recording keeps it between them.

Frames and these events, each with its receive time, are all that a stream of market data depends
on; so a recording of both gives the same items again.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, TypeAlias

import msgspec

from adapters.kraken.rule_book import PairRules


class Opened(msgspec.Struct, frozen=True, tag="opened"):
    """A live session began for these symbols (index order), with bars of so many ns.

    `rules` are those that were known by then.
    """

    symbols: tuple[str, ...]
    bar_ns: int
    rules: tuple[PairRules, ...] = ()


class Lost(msgspec.Struct, frozen=True, tag="lost"):
    """The connection ended: no book can be used, and trades may be missing."""

    detail: str


class Passed(msgspec.Struct, frozen=True, tag="passed"):
    """Time passed without a frame, and a window ended in it."""


class ToldTrade(msgspec.Struct, frozen=True):
    """A trade that was asked for afterwards. Price and quantity are plain decimal text."""

    trade_id: int
    price: str
    qty: str
    is_buy: bool
    ts: int


class Repaired(msgspec.Struct, frozen=True, tag="repaired"):
    """The venue's answer for trades of `symbol` that had been missed."""

    symbol: str
    trades: tuple[ToldTrade, ...]


class Listed(msgspec.Struct, frozen=True, tag="listed"):
    """The list of pairs, asked for at `asked_ts` (ns UTC), and what it says of each one's rules."""

    asked_ts: int
    rules: tuple[PairRules, ...]


class ToldRate(msgspec.Struct, frozen=True):
    """What one unit of a pair's base costs in its quote: best bid and ask of its book."""

    pair: str
    bid: Decimal
    ask: Decimal


class Rated(msgspec.Struct, frozen=True, tag="rated"):
    """The rates of currencies, asked for at `asked_ts` (ns UTC): no older than that."""

    asked_ts: int
    rates: tuple[ToldRate, ...]


class Unrepaired(msgspec.Struct, frozen=True, tag="unrepaired"):
    """Missing trades of `symbol` could not be had in time."""

    symbol: str
    detail: str


EdgeEvent: TypeAlias = Opened | Lost | Passed | Repaired | Unrepaired | Listed | Rated

_DECODER: Final[msgspec.json.Decoder[EdgeEvent]] = msgspec.json.Decoder(EdgeEvent)


def encoded(event: EdgeEvent) -> bytes:
    """One line of JSON."""
    return msgspec.json.encode(event)


def decoded(line: bytes) -> EdgeEvent:
    """The event of a line. Raises ValueError for what is none."""
    try:
        return _DECODER.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"no event of ours: {error}") from error
