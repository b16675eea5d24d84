"""Retries: an order that came to nothing by no decision of ours is tried again, later and anew.

After one, two and four minutes, by recorded timers, the strategy is asked to decide again: what
follows is a new intent through the whole ladder at a fresh price, never the same order. An entry
that failed once more than that is left alone for an hour; a sale goes on every four minutes,
because leaving must stay possible. The venue's acceptance of any order ends the count.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from actors.messages.base import Message
from actors.messages.control import SetTimer
from actors.messages.decision import Side
from actors.messages.order import OrderState, OrderUpdate, RetryDue, RetryPlanned
from actors.orders.lifecycle import TERMINAL
from actors.orders.state import OrdersConfig, OrdersState

RETRY: Final = "retry"
_TAKEN: Final = (OrderState.OPEN, OrderState.PARTIALLY_FILLED, OrderState.FILLED)


def plan(
    config: OrdersConfig, state: OrdersState, told: Iterable[Message], at: int
) -> list[Message]:
    """What the order updates among `told` mean for retries."""
    effects: list[Message] = []
    for update in told:
        if not isinstance(update, OrderUpdate):
            continue
        key = f"{update.symbol}:{update.side}"
        if update.state in _TAKEN or update.filled > 0:
            state.retries.pop(key, None)
        elif update.state in TERMINAL:
            order = state.find(update.cl_ord_id)
            if order is not None and order.retriable:
                effects += _planned(config, state, update, key, at)
    return effects


def _planned(
    config: OrdersConfig, state: OrdersState, update: OrderUpdate, key: str, at: int
) -> list[Message]:
    (failed, last), pauses = state.retries.get(key, (0, at)), config.retry_ns
    if at - last > config.give_up_ns:
        failed = 0  # that story ended when the strategy wanted nothing any more
    if failed >= len(pauses) and update.side is Side.BUY:
        del state.retries[key]
        return [RetryPlanned(update.symbol, update.side, 0, at + config.give_up_ns)]
    attempt = min(failed + 1, len(pauses))
    due = at + pauses[attempt - 1]
    state.retries[key] = attempt, due
    return [
        RetryPlanned(update.symbol, update.side, attempt, due),
        SetTimer(f"{RETRY}:{key}", due),
    ]


def due(state: OrdersState, key: str) -> list[Message]:
    """The timer of a retry fired; one that an acceptance has ended is nothing."""
    planned = state.retries.get(key)
    if planned is None:
        return []
    symbol, _, side = key.rpartition(":")
    return [RetryDue(symbol, Side(side), planned[0])]
