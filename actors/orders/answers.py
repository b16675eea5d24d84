"""What the venue answers to a request: only what is documented as not executed ends an order.

A timeout, a server error and an unknown text are UNKNOWN. "Deadline elapsed" is the engine's own
refusal, and becomes proof once one look-up by id, read after it, agrees. A refusal of an order that
the venue has spoken of contradicts it, so the lists have to tell.
"""

from __future__ import annotations

from typing import Final

from actors.messages.base import Message
from actors.messages.control import Note
from actors.messages.execution import CancelAnswered, SubmitAnswered, SubmitOutcome
from actors.orders.lifecycle import TERMINAL, UNPROVEN, OrderEvent
from actors.orders.state import Order, OrdersConfig, OrdersState
from actors.orders.transitions import doubt, move
from actors.orders.unknown import silence

_REFUSALS: Final = (
    SubmitOutcome.REFUSED,
    SubmitOutcome.RATE_LIMITED,
    SubmitOutcome.WRONG_MODE,
)


def answered(
    config: OrdersConfig, state: OrdersState, answer: SubmitAnswered, at: int
) -> list[Message]:
    """Take the answer to an order that was sent."""
    order = state.identify(answer.cl_ord_id, answer.venue_order_id)
    if order is None:
        return [_of_nobody(answer.cl_ord_id, answer.outcome.value)]
    if order.state in TERMINAL:
        return []
    told = f"{answer.outcome.value}: {answer.text}"
    if answer.outcome is SubmitOutcome.ACCEPTED:
        return move(config, state, order, OrderEvent.ACCEPTED) if order.state in UNPROVEN else []
    if answer.outcome in _REFUSALS:
        return _refused(config, state, order, answer, at)
    if answer.outcome is SubmitOutcome.DEADLINE_ELAPSED:
        order.elapsed_at = answer.ts
    return silence(config, state, order, at, told)


def _refused(
    config: OrdersConfig, state: OrdersState, order: Order, answer: SubmitAnswered, at: int
) -> list[Message]:
    told = f"{answer.outcome.value}: {answer.text}"
    if order.is_acknowledged:
        return doubt(config, state, order, at, told)
    return move(config, state, order, OrderEvent.REJECTED, told)


def cancel_answered(
    config: OrdersConfig, state: OrdersState, answer: CancelAnswered, at: int
) -> list[Message]:
    """The venue knows no such open order: it is over or never was, which its lists tell."""
    order = state.find(answer.cl_ord_id)
    if order is None:
        return [_of_nobody(answer.cl_ord_id, "unknown order")]
    if order.state in TERMINAL:
        return []
    return doubt(config, state, order, at, f"the cancel was answered: {answer.text}")


def _of_nobody(cl_ord_id: str, outcome: str) -> Note:
    fields = (("cl_ord_id", cl_ord_id), ("outcome", outcome))
    return Note("warning", "order.answer_of_nobody", fields)
