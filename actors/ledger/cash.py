"""The quote currencies of an account: what each holds, earns and is worth in the reporting one.

Books are kept in each currency by itself and nothing is converted in them. A worth is only a
figure: at the last rate, rounded down, and nothing while no rate was ever told. A first rate makes
of what lay there units that come in, so it is no gain. What the money paid in of a currency is
worth beyond what it was worth when it came is the gain of the currency, apart from other profit.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from actors.currencies import Exchange, exchange, learn_rate
from actors.instruments import Instrument
from actors.ledger.state import Foreign, LedgerConfig, LedgerState
from actors.messages.ledger import CurrencyView
from actors.messages.market import CurrencyRate
from actors.money import ZERO, step_of

KINDS: Final = ("available", "held", "suspense", "staked", "transit")
_CENT: Final = step_of(2)


def is_cash(config: LedgerConfig, asset: str) -> bool:
    """Whether `asset` is the reporting currency or another quote currency of the run."""
    return asset == config.reporting or asset in config.others


def quote_of(config: LedgerConfig, asset: str) -> str:
    """The currency in which a base asset is traded; the reporting one for any other."""
    for instrument in config.instruments.values():
        if instrument.base == asset:
            return instrument.quote
    return config.reporting


def reporting_step(config: LedgerConfig) -> Decimal:
    """The smallest amount of the reporting currency: that of the symbols quoted in it, or a
    cent.
    """
    for instrument in config.instruments.values():
        if instrument.quote == config.reporting:
            return instrument.quote_step
    return _CENT


def worth(config: LedgerConfig, state: LedgerState, currency: str, amount: Decimal) -> Decimal:
    """What `amount` of a currency is in reporting currency now; nothing while no rate is known."""
    if currency == config.reporting:
        return amount
    found = _exchange(config, state, currency)
    return ZERO if found is None else found.worth(amount, reporting_step(config))


def in_quote(
    config: LedgerConfig, state: LedgerState, instrument: Instrument, amount: Decimal
) -> Decimal:
    """An amount of reporting currency in the quote of `instrument`, rounded down; nothing while no
    rate is known.
    """
    if instrument.quote == config.reporting:
        return amount
    found = exchange(state.exchange_rates, config.reporting, instrument.quote)
    return ZERO if found is None else found.worth(amount, instrument.quote_step)


def holdings(config: LedgerConfig, state: LedgerState, currency: str) -> Decimal:
    """All cash of a currency, wherever it lies, and the positions quoted in it, in itself."""
    balance = state.balance
    total = sum((balance(f"{kind}:{currency}") for kind in KINDS), ZERO)
    for symbol, position in state.positions.items():
        if config.instruments[symbol].quote == currency:
            total += position.value
    return total


def earn(config: LedgerConfig, state: LedgerState, currency: str, amount: Decimal) -> None:
    """Profit (or loss, negative) that was realised in `currency`."""
    if currency == config.reporting:
        state.realised += amount
    else:
        _foreign(state, currency).realised += amount


def earned(config: LedgerConfig, state: LedgerState, currency: str) -> tuple[Decimal, Decimal]:
    """What was realised in `currency` so far, and paid in fees."""
    if currency == config.reporting:
        return state.realised, state.fees
    foreign = state.foreign.get(currency, Foreign())
    return foreign.realised, foreign.fees


def spend(config: LedgerConfig, state: LedgerState, currency: str, fee: Decimal) -> None:
    """A fee that was paid in `currency`, or is worth so much of it."""
    if currency == config.reporting:
        state.fees += fee
    else:
        _foreign(state, currency).fees += fee


def pay_in(config: LedgerConfig, state: LedgerState, currency: str, amount: Decimal) -> Decimal:
    """Note what came in of a currency (or went, negative); its worth in reporting currency."""
    came = worth(config, state, currency, amount)
    if currency != config.reporting:
        foreign = _foreign(state, currency)
        foreign.invested += amount
        foreign.paid_in += came
    return came


def take_rate(config: LedgerConfig, state: LedgerState, message: CurrencyRate, at: int) -> str:
    """Keep a rate between the reporting currency and another; the currency it first makes known.

    Empty when none is made known by it.
    """
    if not learn_rate(state.exchange_rates, message, at):
        return ""
    for currency in config.others:
        foreign = _foreign(state, currency)
        if not foreign.rated and _exchange(config, state, currency) is not None:
            foreign.rated = True
            foreign.paid_in = worth(config, state, currency, foreign.invested)
            return currency
    return ""


def concerns(config: LedgerConfig, message: CurrencyRate) -> bool:
    """Whether a pair is between the reporting currency and another of the run."""
    base, _, quote = message.pair.partition("/")
    return config.reporting in (base, quote) and (base in config.others or quote in config.others)


def views(config: LedgerConfig, state: LedgerState) -> tuple[CurrencyView, ...]:
    """Each other currency as it stands."""
    return tuple(_view(config, state, currency) for currency in config.others)


def _view(config: LedgerConfig, state: LedgerState, currency: str) -> CurrencyView:
    found, foreign = _exchange(config, state, currency), _foreign(state, currency)
    total = holdings(config, state, currency)
    invested = worth(config, state, currency, foreign.invested)
    return CurrencyView(
        currency,
        state.free(currency),
        state.balance(f"held:{currency}"),
        total,
        worth(config, state, currency, total),
        ZERO if found is None else found.least,
        ZERO if found is None else found.most,
        0 if found is None else found.ts,
        foreign.realised,
        foreign.fees,
        foreign.paid_in,
        invested - foreign.paid_in if found is not None else ZERO,
    )


def _exchange(config: LedgerConfig, state: LedgerState, currency: str) -> Exchange | None:
    return exchange(state.exchange_rates, currency, config.reporting)


def _foreign(state: LedgerState, currency: str) -> Foreign:
    return state.foreign.setdefault(currency, Foreign())
