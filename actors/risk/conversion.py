"""Amounts of one currency in another, as risk counts them: what we have less, what we owe more.

Every way leads over the reporting currency, by the last rate of the pair; whether that rate is too
old a rung says. What no rate was ever told for is beyond every cap.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from actors.currencies import PEG, PEGGED, Exchange, exchange, off_par
from actors.messages.ledger import PortfolioState
from actors.money import ZERO, micros_up
from actors.risk.profile import MICROS, RiskConfig
from actors.risk.state import RiskState

BEYOND: Final = Decimal(10**14)
_ONE: Final = Decimal(1)


def into_quote(config: RiskConfig, state: RiskState, quote: str) -> Exchange | None:
    """From the reporting currency into `quote`; None where no rate was ever told."""
    return exchange(state.exchange_rates, config.reporting, quote)


def reported(
    config: RiskConfig, state: RiskState, amount: Decimal, quote: str, *, step: Decimal
) -> Decimal | None:
    """What `amount` of `quote` is at most in reporting currency; None where nobody knows."""
    out = exchange(state.exchange_rates, quote, config.reporting)
    return None if out is None else out.cost(amount, step)


def rate_age_ns(config: RiskConfig, state: RiskState, quote: str, at: int) -> int | None:
    """How old the oldest rate is that an entry paid in `quote` rests on; None where one is missing.

    Nothing where it rests on none. What is pegged rests on its peg as well, whatever is reported.
    """
    rates, oldest = state.exchange_rates, at
    into = exchange(rates, config.reporting, quote)
    if into is None:
        return None
    oldest = min(oldest, into.ts)
    if quote == PEGGED:
        peg = rates.get(PEG)
        if peg is None:
            return None
        oldest = min(oldest, peg.ts)
    return at - oldest


def off_par_micros(state: RiskState, quote: str) -> int | None:
    """How far `quote` is from what it is pegged to, rounded up; nothing for what has no peg."""
    if quote != PEGGED:
        return 0
    peg = state.exchange_rates.get(PEG)
    return None if peg is None else micros_up(off_par(peg), _ONE)


def cash_of(config: RiskConfig, portfolio: PortfolioState, quote: str) -> Decimal:
    """Free cash of a currency: nothing else pays for what is quoted in it."""
    if quote == config.reporting:
        return portfolio.cash_free
    for each in portfolio.currencies:
        if each.currency == quote:
            return each.free
    return ZERO


def unmarked_micros(portfolio: PortfolioState, at: int, age_ns_max: int) -> int:
    """How much of the equity has no price, or no rate of late; all where a worth is not known."""
    unmarked = portfolio.unmarked
    for each in portfolio.currencies:
        if each.holdings and not each.rate_ts:
            return MICROS
        if at - each.rate_ts > age_ns_max:
            unmarked += max(each.worth, ZERO)
    return micros_up(unmarked, portfolio.equity) if unmarked else 0
