"""Moving an order through the table, and what its end entails: the hold let go once, timers
forgotten.

An event that the table does not know is refused and noted; it never changes an order.
"""

from __future__ import annotations

from typing import Final

from actors.messages.base import Message
from actors.messages.control import CancelTimer, Note
from actors.messages.ledger import HoldReleased
from actors.messages.order import CancelOrder, OrderState
from actors.orders.amendments import AmendState
from actors.orders.lifecycle import TERMINAL, OrderEvent, following
from actors.orders.state import Order, OrdersConfig, OrdersState

# Ends that nobody decided: an order that was withdrawn or called back is not tried again.
_RETRIABLE: Final = (
    OrderEvent.NOT_SENT,
    OrderEvent.ABSENT,
    OrderEvent.EXPIRED,
    OrderEvent.REJECTED,
)


def move(
    config: OrdersConfig, state: OrdersState, order: Order, event: OrderEvent, reason: str = ""
) -> list[Message]:
    """Apply `event`; nothing for an event that changes nothing, a note for an illegal one."""
    before = order.state
    after = following(before, event)
    if after is None:
        return [illegal(order, event)]
    if after is before:
        return []
    order.state = after
    order.retriable = order.retriable or event in _RETRIABLE
    if after not in TERMINAL or before in TERMINAL:
        return [order.update(reason)]
    return [order.update(reason), *close(config, state, order)]


def close(config: OrdersConfig, state: OrdersState, order: Order) -> list[Message]:
    """A live order is over: file it, let its hold go, retire the oldest closed one."""
    assert order.state in TERMINAL
    cl_ord_id = order.cl_ord_id
    del state.live[cl_ord_id]
    state.closed[cl_ord_id] = order
    if len(state.closed) > config.closed_kept:
        state.retire_oldest()
    effects: list[Message] = [CancelTimer(lifetime_timer(cl_ord_id))]
    order.limits = []
    if order.amendment is not None and order.amendment.is_open:
        order.amendment.state = AmendState.OVERTAKEN
        effects.append(CancelTimer(amend_timer(cl_ord_id)))
    if order.held:
        order.held = False
        effects.append(HoldReleased(cl_ord_id))
    return effects


def doubt(
    config: OrdersConfig, state: OrdersState, order: Order, at: int, reason: str
) -> list[Message]:
    """Only the venue's lists can tell what became of a live order: it is UNKNOWN since `at`."""
    if order.state is not OrderState.UNKNOWN:
        order.doubted_at, order.rested = at, order.is_acknowledged
    return move(config, state, order, OrderEvent.DOUBT, reason)


def cancel(order: Order, reason: str) -> CancelOrder:
    """Ask the venue to cancel `order`; harmless when it is already over. Nothing amends it now."""
    order.recalled = True
    return CancelOrder(order.cl_ord_id, order.symbol, reason)


def illegal(order: Order, event: OrderEvent) -> Note:
    """The note about an event that the table does not allow."""
    return Note(
        "error",
        "order.illegal_event",
        (("cl_ord_id", order.cl_ord_id), ("state", order.state.value), ("event", event.value)),
    )


def lifetime_timer(cl_ord_id: str) -> str:
    """The name of the timer that ends an order's life."""
    return f"lifetime:{cl_ord_id}"


def silence_timer(cl_ord_id: str) -> str:
    """The name of the timer after which an unanswered order is UNKNOWN."""
    return f"silence:{cl_ord_id}"


def amend_timer(cl_ord_id: str) -> str:
    """The name of the timer after which an unanswered amendment is UNKNOWN."""
    return f"amend:{cl_ord_id}"
