"""Following our own intents until they are over: what is open, what cools down, what was sold.

One intent keeps its symbol busy from the moment it is sent until risk refuses it or its order ends.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from actors.messages.decision import Action, OrderIntent, Side
from actors.messages.order import OrderState, OrderUpdate
from actors.strategy.config import StrategyConfig
from actors.strategy.profile import StrategyProfile
from actors.strategy.state import OpenIntent, StrategyState

OVER: Final = (
    OrderState.FILLED,
    OrderState.CANCELLED,
    OrderState.REJECTED,
    OrderState.EXPIRED,
    OrderState.NOT_SENT,
)
_RESTING: Final = (OrderState.OPEN, OrderState.PARTIALLY_FILLED)


def opened(state: StrategyState, intent: OrderIntent, index: int) -> None:
    """An intent was sent."""
    _open(state, str(intent.intent_no), OpenIntent(index, intent.side, intent.action))


def refused(state: StrategyState, profile: StrategyProfile, intent_no: int, at: int) -> None:
    """An intent was refused: its symbol is free again, and its side cools down."""
    known = _close(state, str(intent_no))
    if known is not None:
        _cool_after_refusal(state, profile, known, at)


def updated(state: StrategyState, config: StrategyConfig, update: OrderUpdate, at: int) -> None:
    """An order moved. Orders that are not ours are followed as soon as they are heard of."""
    key = str(update.intent_no)
    known = state.open_intents.get(key)
    if known is None:
        index = config.index_of(update.symbol)
        if index < 0 or update.state in OVER:
            return
        action = Action.ENTER if update.side is Side.BUY else Action.EXIT
        known = OpenIntent(index, update.side, action)
        _open(state, key, known)
    if update.filled > known.filled:
        known.filled = update.filled
        _on_fill(state, config.profile, known, at)
    _follow(known, update, at)
    _mark_unknown(state, known, now=update.state is OrderState.UNKNOWN)
    if update.state in OVER:
        _close(state, key)
        if update.filled == 0:
            _cool_after_refusal(state, config.profile, known, at)


def _follow(known: OpenIntent, update: OrderUpdate, at: int) -> None:
    """What the order is now; the first time it rests counts for when it may change."""
    known.cl_ord_id, known.limit_price = update.cl_ord_id, update.limit_price
    known.rest = update.quantity - update.filled
    known.resting = update.state in _RESTING
    if known.resting and not known.asked_at:
        known.asked_at = at


def _open(state: StrategyState, key: str, intent: OpenIntent) -> None:
    state.open_intents[key] = intent
    state.working[intent.index] += 1


def _close(state: StrategyState, key: str) -> OpenIntent | None:
    known = state.open_intents.pop(key, None)
    if known is not None:
        _mark_unknown(state, known, now=False)
        state.working[known.index] -= 1
    return known


def _mark_unknown(state: StrategyState, known: OpenIntent, *, now: bool) -> None:
    if known.unknown is not now:
        known.unknown = now
        state.unknown[known.index] += 1 if now else -1


def _on_fill(state: StrategyState, profile: StrategyProfile, known: OpenIntent, at: int) -> None:
    _cool(state, state.entry_cool_until, known.index, at + profile.cool_down_fill_ns)
    # Once per position counts sales that happened, not sales that were wished for.
    if known.action is Action.PARTIAL_EXIT:
        state.partial_done[known.index] = 1


def _cool_after_refusal(
    state: StrategyState, profile: StrategyProfile, known: OpenIntent, at: int
) -> None:
    _cool(state, _cooling(state, known.side), known.index, at + profile.cool_down_refusal_ns)


def _cool(state: StrategyState, cooling: np.ndarray, index: int, until: int) -> None:
    cooling[index] = max(until, cooling[index])
    state.cooling_until = max(until, state.cooling_until)


def pause(
    state: StrategyState, config: StrategyConfig, symbol: str, side: Side, until: int
) -> None:
    """A side of a symbol decides nothing before `until`: its retry comes then, or nobody does."""
    index = config.index_of(symbol)
    if index >= 0:
        _cool(state, _cooling(state, side), index, until)


def resume(state: StrategyState, config: StrategyConfig, symbol: str, side: Side) -> None:
    """The retry of a side of a symbol is due: it may decide again."""
    index = config.index_of(symbol)
    if index >= 0:
        _cooling(state, side)[index] = 0


def _cooling(state: StrategyState, side: Side) -> np.ndarray:
    return state.entry_cool_until if side is Side.BUY else state.exit_cool_until
