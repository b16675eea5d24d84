"""What the rules look at: one frozen picture of account, market and limits for one intent.

The rooms are computed here once, so that a rule is a comparison and sizing a minimum of the same
figures. A portfolio with a figure that is no amount is no portfolio.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from actors.fees import with_fees
from actors.instruments import Instrument
from actors.messages.decision import Side
from actors.messages.ledger import PortfolioState, PositionView
from actors.messages.market import MARK_COLUMNS
from actors.money import (
    ZERO,
    divide_down,
    from_micros,
    is_sound,
    micros_up,
    multiply_down,
    round_down,
)
from actors.pair_rules import in_force
from actors.risk.profile import RiskConfig, RiskProfile
from actors.risk.reservations import Reservation
from actors.risk.state import RiskState

_BID: Final = MARK_COLUMNS.index("bid")
_ASK: Final = MARK_COLUMNS.index("ask")
_WHOLE_DIGITS_MAX: Final = 15
_ONE: Final = Decimal(1)


class Rooms(msgspec.Struct, frozen=True):
    """What each limit still leaves: notional in quote currency, rounded down, and positions.

    And what that was computed from, which an approval states for the database.
    """

    position: Decimal = ZERO
    exposure: Decimal = ZERO
    cash: Decimal = ZERO
    positions_count: int = 0
    positions_max_count: int = 0
    position_cap: Decimal = ZERO
    symbol_worth: Decimal = ZERO
    exposure_cap: Decimal = ZERO
    total_worth: Decimal = ZERO
    cash_free: Decimal = ZERO


class RiskView(msgspec.Struct, frozen=True):
    """Everything a rule may ask. `bid` and `ask` are marks (floats, NaN when absent).

    `unmarked_micros` and `mark_age_ns` are None when there is no portfolio or no mark;
    `sellable` is the base quantity free of holds and of claims that no hold shows yet.
    """

    at: int
    profile: RiskProfile
    instrument: Instrument | None
    halt_reason: str
    kill_level: int
    reducing: bool
    drawdown_micros: int
    halt_at_micros: int
    equity: Decimal
    day_loss_micros: int
    day_loss_latched: bool
    reconciling: str
    order_unknown: bool
    unmarked_micros: int | None
    bid: float
    ask: float
    flags: int
    mark_age_ns: int | None
    blocked_until: int
    last_intent_no: int
    rooms: Rooms
    sellable: Decimal


def is_amount(value: Decimal) -> bool:
    """Whether a figure is one that an account can hold: finite, canonical and below 10^15."""
    return is_sound(value) and value.adjusted() < _WHOLE_DIGITS_MAX


def view_beside(
    config: RiskConfig, state: RiskState, order: Reservation | None, symbol: str, at: int
) -> RiskView:
    """The picture for changing the sale `order`: what is claimed for it, and no more, is there."""
    view = view_of(config, state, symbol, Side.SELL, at)
    if order is None:
        return view
    rest = order.quantity - order.filled
    return msgspec.structs.replace(view, sellable=min(rest, view.sellable + rest))


def view_of(config: RiskConfig, state: RiskState, symbol: str, side: Side, at: int) -> RiskView:
    """The picture for an intent in `symbol` at `at`; an exit needs no rooms, an entry no stock."""
    profile, standing = config.profile, state.standing
    index = config.index_of(symbol)
    known = index >= 0
    rules = in_force(config.instruments[index], state.rules) if known else None
    instrument = with_fees(rules, state.fees) if rules is not None else None
    portfolio = sound_portfolio(state.portfolio)
    halt_at = standing.halt_at_micros(profile)
    rooms, sellable = _NO_ROOMS, ZERO
    if instrument is not None and portfolio is not None:
        if side is Side.BUY:
            rooms = _rooms(config, state, portfolio, instrument)
        else:
            sellable = _sellable(state, portfolio, symbol)
    return RiskView(
        at=at,
        profile=profile,
        instrument=instrument,
        halt_reason=standing.halt_reason,
        kill_level=standing.kill_level,
        reducing=standing.drawdown_latched and standing.drawdown_micros < halt_at,
        drawdown_micros=standing.drawdown_micros,
        halt_at_micros=halt_at,
        equity=ZERO if portfolio is None else portfolio.equity,
        day_loss_micros=standing.day_loss_micros,
        day_loss_latched=standing.day_loss_latched,
        reconciling=state.blocked,
        order_unknown=bool(state.reservations) and _unknown_in(state, symbol),
        unmarked_micros=_unmarked_micros(portfolio),
        bid=state.marks.item(index, _BID) if known else _NOWHERE,
        ask=state.marks.item(index, _ASK) if known else _NOWHERE,
        flags=state.flags.item(index) if known else 0,
        mark_age_ns=at - state.marked_at if state.marked_at >= 0 else None,
        blocked_until=state.blocked_until,
        last_intent_no=state.last_intent_no,
        rooms=rooms,
        sellable=sellable,
    )


_NO_ROOMS: Final = Rooms()
_NOWHERE: Final = float("nan")  # not money: a mark of no symbol


def sound_portfolio(portfolio: PortfolioState | None) -> PortfolioState | None:
    """The portfolio, unless a figure in it is no amount or there is no equity."""
    if portfolio is None:
        return None
    figures = [portfolio.equity, portfolio.cash_free, portfolio.unmarked]
    for each in portfolio.positions:
        figures += (each.quantity, each.free, each.cost, each.value)
    for figure in figures:
        if not (figure.is_finite() and figure.adjusted() < _WHOLE_DIGITS_MAX):
            return None
    return portfolio if portfolio.equity > 0 else None


def _unknown_in(state: RiskState, symbol: str) -> bool:
    return any(each.unknown and each.symbol == symbol for each in state.reservations.values())


def _unmarked_micros(portfolio: PortfolioState | None) -> int | None:
    if portfolio is None:
        return None
    return micros_up(portfolio.unmarked, portfolio.equity) if portfolio.unmarked else 0


def _rooms(
    config: RiskConfig, state: RiskState, portfolio: PortfolioState, instrument: Instrument
) -> Rooms:
    """What the caps leave once positions stand at their worth and open buys at their worst."""
    profile, step = config.profile, instrument.quote_step
    symbol_worth = total_worth = claimed_cash = ZERO
    for position in portfolio.positions:
        worth = worth_of(position)
        total_worth += worth
        if position.symbol == instrument.symbol:
            symbol_worth += worth
    for each in state.reservations.values():
        if each.side is Side.SELL:
            continue
        rules = with_fees(config.instruments[config.index_of(each.symbol)], state.fees)
        cost = each.worst_cost(rules)
        total_worth += cost
        if each.symbol == instrument.symbol:
            symbol_worth += cost
        claimed_cash += rules.hold_of(each.claims_funds(), each.limit_price)
    tier = profile.tier(state.standing.drawdown_micros)
    cap_micros = min(tier.position_cap_micros, profile.position_cap_micros)
    cap = multiply_down(portfolio.equity, from_micros(cap_micros), step)
    total = multiply_down(portfolio.equity, from_micros(profile.exposure_cap_micros), step)
    # A buy of cost c holds at most c x (1 + fee), rounded up at the step of the quote currency.
    cash = round_down(portfolio.cash_free - claimed_cash, step)
    return Rooms(
        position=round_down(cap - symbol_worth, step),
        exposure=round_down(total - total_worth, step),
        cash=divide_down(cash, _ONE + instrument.taker_fee, step),
        positions_count=_positions_count(config, state, portfolio, instrument.symbol),
        positions_max_count=tier.positions_max_count,
        position_cap=cap,
        symbol_worth=symbol_worth,
        exposure_cap=total,
        total_worth=total_worth,
        cash_free=cash,
    )


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


def _sellable(state: RiskState, portfolio: PortfolioState, symbol: str) -> Decimal:
    """What is free, less what sales claim that no hold shows yet, never above the holding."""
    free = ZERO
    for position in portfolio.positions:
        if position.symbol == symbol:
            free = min(position.free, position.quantity)
    for each in state.reservations.values():
        if each.side is Side.SELL and each.symbol == symbol:
            free -= each.claims_funds()
    return free
