"""What every cap still leaves for one entry: computed once, for the ladder and for its size.

Positions count at their worth and open buys at their worst. A cap is a share of the equity, or an
amount that never exceeds it, because nothing is bought on credit. All is in the quote currency of
the entry: what is ours rounded down, what stands against a cap rounded up; only cash is never
converted.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, NamedTuple

import msgspec

from actors.currencies import SAME, Exchange
from actors.fees import with_fees
from actors.instruments import Instrument
from actors.messages.decision import Side
from actors.messages.ledger import PortfolioState, PositionView
from actors.money import ZERO, divide_down, from_micros, multiply_down, round_down
from actors.pair_rules import in_force
from actors.risk.clusters import holding
from actors.risk.conversion import BEYOND, cash_of, into_quote, reported
from actors.risk.profile import Cap, RiskConfig
from actors.risk.state import RiskState

_ONE: Final = Decimal(1)


class Rooms(msgspec.Struct, frozen=True):
    """What each limit still leaves: notional in quote currency, rounded down, and positions.

    And what that was computed from, which an approval states for the database.
    """

    position: Decimal = ZERO
    exposure: Decimal = ZERO
    cluster: Decimal = ZERO
    quote: Decimal = ZERO
    cash: Decimal = ZERO
    positions_count: int = 0
    positions_max_count: int = 0
    position_cap: Decimal = ZERO
    symbol_worth: Decimal = ZERO
    exposure_cap: Decimal = ZERO
    total_worth: Decimal = ZERO
    cash_free: Decimal = ZERO
    cluster_cap: Decimal = ZERO
    cluster_worth: Decimal = ZERO
    quote_cap: Decimal = ZERO
    quote_worth: Decimal = ZERO


class _Worths(NamedTuple):
    """What stands against the caps of one entry, and the cash that open buys claim."""

    symbol: Decimal
    cluster: Decimal
    quote: Decimal
    total: Decimal
    claimed_cash: Decimal


def rooms_of(
    config: RiskConfig,
    state: RiskState,
    portfolio: PortfolioState,
    instrument: Instrument,
    at: int,
) -> Rooms:
    """What the caps leave once positions stand at their worth and open buys at their worst.

    Without a rate for the quote nothing is left.
    """
    profile, step, quoted = config.profile, instrument.quote_step, instrument.quote
    into = into_quote(config, state, quoted)
    if into is None:
        return Rooms()
    equity = into.worth(portfolio.equity, step)
    worths = _worths(config, state, portfolio, instrument, at)
    tier = profile.tier(state.standing.drawdown_micros)
    own = profile.position_cap
    tightest = Cap(min(tier.position_cap_micros, own.share_micros), own.amount)
    position = _amount_of(tightest, equity, step, into)
    exposure = _amount_of(profile.exposure_cap, equity, step, into)
    cluster = _amount_of(profile.cluster_cap, equity, step, into)
    quote = _amount_of(profile.quote_cap(quoted), equity, step, SAME)
    # A buy of cost c holds at most c x (1 + fee), rounded up at the step of the quote currency.
    cash = round_down(cash_of(config, portfolio, quoted) - worths.claimed_cash, step)
    return Rooms(
        position=round_down(position - worths.symbol, step),
        exposure=round_down(exposure - worths.total, step),
        cluster=round_down(cluster - worths.cluster, step),
        quote=round_down(quote - worths.quote, step),
        cash=divide_down(cash, _ONE + instrument.taker_fee, step),
        positions_count=_positions_count(config, state, portfolio, instrument.symbol),
        positions_max_count=tier.positions_max_count,
        position_cap=position,
        symbol_worth=worths.symbol,
        exposure_cap=exposure,
        total_worth=worths.total,
        cash_free=cash,
        cluster_cap=cluster,
        cluster_worth=worths.cluster,
        quote_cap=quote,
        quote_worth=worths.quote,
    )


def _amount_of(cap: Cap, equity: Decimal, step: Decimal, into: Exchange) -> Decimal:
    """A cap in money; the amount of one that has none is that of its share."""
    share = multiply_down(equity, from_micros(cap.share_micros), step)
    if not cap.amount:
        return share
    return min(share, into.worth(round_down(Decimal(cap.amount), step), step))


def _claim(
    config: RiskConfig, state: RiskState, amount: Decimal, given: str, wanted: Instrument
) -> Decimal:
    """What an amount of one currency takes of a cap in the quote of `wanted`."""
    if given == wanted.quote:
        return amount
    step = wanted.quote_step
    known = reported(config, state, amount, given, step=step)
    into = into_quote(config, state, wanted.quote)
    return BEYOND if known is None or into is None else into.cost(known, step)


def _worths(
    config: RiskConfig,
    state: RiskState,
    portfolio: PortfolioState,
    instrument: Instrument,
    at: int,
) -> _Worths:
    """Of a symbol that the run does not trade nobody knows quote or cluster: it counts in each, as
    if reported.
    """
    symbol, quote, instruments = instrument.symbol, instrument.quote, config.instruments
    clusters, index_of = holding(state.clusters, at), config.index_of
    by_cluster: dict[str, Decimal] = {}
    own = same_quote = total = claimed_cash = ZERO
    for position in portfolio.positions:
        held = position.symbol
        index = index_of(held)
        given = instruments[index].quote if index >= 0 else config.reporting
        worth = _claim(config, state, worth_of(position), given, instrument)
        total += worth
        if index < 0 or instruments[index].quote == quote:
            same_quote += worth
        cluster = clusters.of(held)
        by_cluster[cluster] = by_cluster.get(cluster, ZERO) + worth
        if held == symbol:
            own += worth
    for each in state.reservations.values():
        if each.side is Side.SELL:
            continue
        rules = with_fees(instruments[index_of(each.symbol)], state.fees)
        cost = _claim(config, state, each.worst_cost(rules), rules.quote, instrument)
        total += cost
        if rules.quote == quote:
            same_quote += cost
            claimed_cash += rules.hold_of(each.claims_funds(), each.limit_price)
        cluster = clusters.of(each.symbol)
        by_cluster[cluster] = by_cluster.get(cluster, ZERO) + cost
        if each.symbol == symbol:
            own += cost
    same_risk = clusters.worth_beside(clusters.of(symbol), by_cluster)
    return _Worths(own, same_risk, same_quote, total, claimed_cash)


def worth_of(position: PositionView) -> Decimal:
    """The mark, or what was paid where there is no mark: an unmarked position still counts."""
    return position.value if position.value > 0 else max(position.cost, ZERO)


def _positions_count(
    config: RiskConfig, state: RiskState, portfolio: PortfolioState, symbol: str
) -> int:
    """How many other symbols are held (dust apart) or may be, through an open buy."""
    taken: dict[str, None] = {}
    for position in portfolio.positions:
        index = config.index_of(position.symbol)
        dust = ZERO
        if index >= 0:
            dust = in_force(config.instruments[index], state.rules).quantity_min
        if position.quantity >= dust and position.quantity > 0:
            taken[position.symbol] = None
    for each in state.reservations.values():
        if each.side is Side.BUY and each.claimed > 0:
            taken[each.symbol] = None
    taken.pop(symbol, None)
    return len(taken)
