"""What every cap still leaves for one entry: computed once, for the ladder and for its size.

Positions count at their worth and open buys at their worst. A cap is a share of the equity, or an
amount that never exceeds it, because nothing is bought on credit.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, NamedTuple

import msgspec

from actors.fees import with_fees
from actors.instruments import Instrument
from actors.messages.decision import Side
from actors.messages.ledger import PortfolioState, PositionView
from actors.money import ZERO, divide_down, from_micros, multiply_down, round_down
from actors.pair_rules import in_force
from actors.risk.clusters import holding
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
    """What the caps leave once positions stand at their worth and open buys at their worst."""
    profile, step, equity = config.profile, instrument.quote_step, portfolio.equity
    worths = _worths(config, state, portfolio, instrument, at)
    tier = profile.tier(state.standing.drawdown_micros)
    own = profile.position_cap
    tightest = Cap(min(tier.position_cap_micros, own.share_micros), own.amount)
    position = _amount_of(tightest, equity, step)
    exposure = _amount_of(profile.exposure_cap, equity, step)
    cluster = _amount_of(profile.cluster_cap, equity, step)
    quote = _amount_of(profile.quote_cap(instrument.quote), equity, step)
    # A buy of cost c holds at most c x (1 + fee), rounded up at the step of the quote currency.
    cash = round_down(portfolio.cash_free - worths.claimed_cash, step)
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
    )


def _amount_of(cap: Cap, equity: Decimal, step: Decimal) -> Decimal:
    """A cap in money; the amount of one that has none is that of its share."""
    share = multiply_down(equity, from_micros(cap.share_micros), step)
    return min(share, round_down(Decimal(cap.amount), step)) if cap.amount else share


def _worths(
    config: RiskConfig,
    state: RiskState,
    portfolio: PortfolioState,
    instrument: Instrument,
    at: int,
) -> _Worths:
    """Of a symbol that the run does not trade nobody knows quote or cluster: it counts in each."""
    symbol, quote, instruments = instrument.symbol, instrument.quote, config.instruments
    clusters, index_of = holding(state.clusters, at), config.index_of
    by_cluster: dict[str, Decimal] = {}
    own = same_quote = total = claimed_cash = ZERO
    for position in portfolio.positions:
        worth, held = worth_of(position), position.symbol
        total += worth
        index = index_of(held)
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
        cost = each.worst_cost(rules)
        total += cost
        if rules.quote == quote:
            same_quote += cost
        cluster = clusters.of(each.symbol)
        by_cluster[cluster] = by_cluster.get(cluster, ZERO) + cost
        if each.symbol == symbol:
            own += cost
        claimed_cash += rules.hold_of(each.claims_funds(), each.limit_price)
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
