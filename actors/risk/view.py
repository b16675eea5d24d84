"""What the rules look at: one frozen picture of account, market and limits for one intent.

The rooms are in it, so that a rule is a comparison and sizing a minimum of the same figures. A
portfolio with a figure that is no amount is no portfolio.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Final

import msgspec

from actors.currencies import SAME, Exchange
from actors.fees import with_fees
from actors.instant import MINUTE_NS
from actors.instruments import Instrument
from actors.messages.decision import Side
from actors.messages.ledger import PortfolioState
from actors.messages.market import MARK_COLUMNS
from actors.messages.prediction import MISSING
from actors.money import ZERO, is_sound
from actors.pair_rules import in_force
from actors.risk import conversion
from actors.risk.profile import MICROS, RiskConfig, RiskProfile
from actors.risk.reservations import Reservation
from actors.risk.rooms import Rooms, rooms_of
from actors.risk.state import RiskState

_BID: Final = MARK_COLUMNS.index("bid")
_ASK: Final = MARK_COLUMNS.index("ask")
_SPREAD: Final = MARK_COLUMNS.index("spread_ratio")
_DEPTH: Final = MARK_COLUMNS.index("depth_quote")
_WHOLE_DIGITS_MAX: Final = 15
_VOLATILITY_LIMIT: Final = 1e3  # not money: no market moves a thousandfold in a bar


class RiskView(msgspec.Struct, frozen=True):
    """Everything a rule may ask. `bid` to `depth` are marks (floats, NaN when absent).

    `unmarked_micros` and `mark_age_ns` are None when there is no portfolio or no mark;
    `sellable` is the base quantity free of holds and of claims that no hold shows yet.
    `bundle_id` is the model that may speak, `predicted_by` the one that did; `volatility_micros` is
    the realised one of a day, rounded up. They, `p_up` and ages are None where nothing is known.
    `into_quote` leads from the reporting currency, which `equity` is in, into that of the symbol;
    `rate_age_ns` is of the oldest rate behind it, `off_par_micros` how far its peg is off.
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
    spread: float
    depth: float
    flags: int
    mark_age_ns: int | None
    blocked_until: int
    last_intent_no: int
    recent_entries_count: int
    since_loss_ns: int | None
    rooms: Rooms
    sellable: Decimal
    bundle_id: str
    predicted_by: str
    prediction_age_ns: int | None
    p_up: int | None
    volatility_micros: int | None
    volatility_age_ns: int | None
    into_quote: Exchange | None = SAME
    rate_age_ns: int | None = 0
    off_par_micros: int | None = 0


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
    quote = config.reporting if instrument is None else instrument.quote
    rooms, sellable = _NO_ROOMS, ZERO
    if instrument is not None and portfolio is not None:
        if side is Side.BUY:
            rooms = rooms_of(config, state, portfolio, instrument, at)
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
        unmarked_micros=None
        if portfolio is None
        else conversion.unmarked_micros(portfolio, at, profile.currency_rate_max_age_ns),
        bid=state.marks.item(index, _BID) if known else _NOWHERE,
        ask=state.marks.item(index, _ASK) if known else _NOWHERE,
        spread=state.marks.item(index, _SPREAD) if known else _NOWHERE,
        depth=state.marks.item(index, _DEPTH) if known else _NOWHERE,
        flags=state.flags.item(index) if known else 0,
        mark_age_ns=at - state.marked_at if state.marked_at >= 0 else None,
        blocked_until=state.blocked_until,
        last_intent_no=state.last_intent_no,
        recent_entries_count=sum(each >= at - MINUTE_NS for each in state.entries_at),
        since_loss_ns=at - state.lost_at[symbol] if symbol in state.lost_at else None,
        rooms=rooms,
        sellable=sellable,
        bundle_id=state.bundle_id,
        predicted_by=state.predicted_by,
        prediction_age_ns=at - state.predicted_at if state.predicted_at >= 0 else None,
        p_up=_odds(state, index) if known else None,
        volatility_micros=_daily_volatility(config, state, index) if known else None,
        volatility_age_ns=at - state.volatility_at if state.volatility_at >= 0 else None,
        into_quote=conversion.into_quote(config, state, quote),
        rate_age_ns=conversion.rate_age_ns(config, state, quote, at),
        off_par_micros=conversion.off_par_micros(state, quote),
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
    for other in portfolio.currencies:
        figures += (other.free, other.holdings, other.worth)
    for figure in figures:
        if not (figure.is_finite() and figure.adjusted() < _WHOLE_DIGITS_MAX):
            return None
    return portfolio if portfolio.equity > 0 else None


def _odds(state: RiskState, index: int) -> int | None:
    odds: int = state.odds.item(index)
    return None if odds == MISSING else odds


def _daily_volatility(  # not money: a volatility is a float until it is micros
    config: RiskConfig, state: RiskState, index: int
) -> int | None:
    """What a bar's comes to in a day, rounded up; a price that never moved has none."""
    per_bar: float = state.volatility.item(index)
    if not 0.0 < per_bar < _VOLATILITY_LIMIT:
        return None
    return math.ceil(per_bar * config.bars_a_day_root * MICROS)


def _unknown_in(state: RiskState, symbol: str) -> bool:
    return any(each.unknown and each.symbol == symbol for each in state.reservations.values())


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
