"""The last look before an order is made: the freshest state may have moved since risk approved.

A ladder in the precedence of `Refusal`; the first rung that holds refuses. Exits pass an UNKNOWN
order in their symbol, because the ledger lets them hold only what is proven free.
"""

from __future__ import annotations

from actors.instruments import Instrument
from actors.messages.decision import OrderIntent, Side
from actors.messages.order import OrderState
from actors.messages.risk import (
    AmendApproved,
    IntentApproved,
    IntentRefused,
    Refusal,
    TradingState,
)
from actors.money import is_sound
from actors.orders.losses import reached
from actors.orders.state import OrdersConfig, OrdersState
from actors.orders.switch import unguarded
from actors.pair_rules import in_force
from actors.permissions import Deed, Situation, forbids

Grounds = tuple[Refusal, str, str]


def barred(state: OrdersState, side: Side) -> Grounds | None:
    """Why the trading state forbids an order of that side now: reason, value, threshold."""
    if not state.run_id:
        return Refusal.HALTED, "no run", "a started run"
    if state.stopping:
        return Refusal.HALTED, "the service stops", "a run that goes on"
    deed = Deed.ENTRY if side is Side.BUY else Deed.OPERATOR_EXIT
    if state.trading is TradingState.HALTED and forbids(Situation.HALTED, deed):
        return Refusal.HALTED, TradingState.HALTED.value, TradingState.ACTIVE.value
    if state.kill_level > 0 and forbids(Situation.FLATTEN, deed):
        return Refusal.KILL_SWITCH, str(state.kill_level), "0"
    if state.trading is TradingState.REDUCING and forbids(Situation.REDUCING, deed):
        return Refusal.REDUCING_ONLY, TradingState.REDUCING.value, TradingState.ACTIVE.value
    if side is Side.BUY and state.blocked:
        return Refusal.RECONCILING, state.blocked, "the venue and we agree"
    return None


def spent(config: OrdersConfig, state: OrdersState, side: Side) -> Grounds | None:
    """Why the account's losses forbid a purchase, which leave the trading state as it is."""
    if side is Side.SELL or not forbids(Situation.LOSS_LIMIT, Deed.ENTRY):
        return None
    return reached(config, state.losses)


def _unguarded(config: OrdersConfig, state: OrdersState, side: Side, at: int) -> Grounds | None:
    why = unguarded(config, state, at) if side is Side.BUY else ""
    return (Refusal.UNGUARDED, why, "a switch that may be armed") if why else None


def recheck(
    config: OrdersConfig, state: OrdersState, approved: IntentApproved | AmendApproved, at: int
) -> Grounds | None:
    """Why this approval may not become an order, or change one, or None."""
    intent = approved.intent
    if (grounds := barred(state, intent.side)) is not None:
        return grounds
    if (grounds := _unguarded(config, state, intent.side, at)) is not None:
        return grounds
    if intent.side is Side.BUY and state.live and _unknown_in(state, intent.symbol):
        return Refusal.UNKNOWN_ORDER, intent.symbol, "no unknown order in the symbol"
    instrument = config.instruments.get(intent.symbol)
    if instrument is None:
        return Refusal.UNKNOWN_SYMBOL, intent.symbol, "a symbol of the run"
    age_ns = at - intent.decided_at
    if not 0 <= age_ns <= config.decision_age_ns_max:
        return Refusal.DECISION_TOO_OLD, str(age_ns), str(config.decision_age_ns_max)
    if (grounds := spent(config, state, intent.side)) is not None:
        return grounds
    if intent.intent_no <= state.intent_no:
        return Refusal.DUPLICATE_INTENT, str(intent.intent_no), f"above {state.intent_no}"
    return _misfit(in_force(instrument, state.rules), approved)


def _unknown_in(state: OrdersState, symbol: str) -> bool:
    return any(
        order.state is OrderState.UNKNOWN and order.symbol == symbol
        for order in state.live.values()
    )


def _misfit(instrument: Instrument, approved: IntentApproved | AmendApproved) -> Grounds | None:
    quantity, price = approved.quantity, approved.intent.limit_price
    if not (is_sound(quantity) and instrument.is_on_lot(quantity)):
        return Refusal.INVALID_QUANTITY, str(quantity), f"a multiple of {instrument.lot}"
    if not (is_sound(price) and instrument.is_on_tick(price)):
        return Refusal.PRICE_OFF_TICK, str(price), f"a multiple of {instrument.tick}"
    if not instrument.meets_minimum(quantity, price):
        minimum = f"{instrument.quantity_min} and {instrument.cost_min}"
        return Refusal.BELOW_MINIMUM, str(quantity), minimum
    return None


def refusal(intent: OrderIntent, grounds: Grounds) -> IntentRefused:
    """The refusal as told to the strategy and to the records."""
    reason, value, threshold = grounds
    return IntentRefused(
        intent.intent_no, intent.symbol, intent.side, reason, value, threshold, "orders"
    )
