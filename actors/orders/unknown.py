"""Orders of unknown outcome: how they become so, and what proof ends it.

Silence is never a failure. An order is UNKNOWN when a new leader finds it in flight, when an
outside venue said nothing until after its deadline, or when the venue's lists could not be read
whole. Its hold stays and it is never resent, until it is found, proven absent after its
deadline, or proven never to have left.
"""

from __future__ import annotations

from actors.messages.base import Message
from actors.messages.control import Note
from actors.messages.execution import ExecKind, NotSent, VenueEvidence
from actors.messages.order import OrderState
from actors.orders.fold import fold
from actors.orders.lifecycle import TERMINAL, UNPROVEN, OrderEvent
from actors.orders.state import Order, OrdersConfig, OrdersState
from actors.orders.transitions import move

_IN_FLIGHT = (OrderState.PENDING, OrderState.SUBMITTED)


def open_epoch(config: OrdersConfig, state: OrdersState, epoch: int, reason: str) -> list[Message]:
    """A new leader writes: what was in flight to an outside venue is unknown until proven."""
    if epoch < state.epoch:
        fields = (("epoch", str(epoch)), ("current", str(state.epoch)))
        return [Note("error", "orders.epoch_went_back", fields)]
    state.epoch = epoch
    if config.venue_in_graph:
        return []
    effects: list[Message] = []
    for order in tuple(state.live.values()):
        if order.state in _IN_FLIGHT:
            effects += move(config, state, order, OrderEvent.SILENCE, reason)
    return effects


def weigh(
    config: OrdersConfig, state: OrdersState, evidence: VenueEvidence, at: int
) -> list[Message]:
    """Fold what the venue's lists say about one order, and draw the conclusion they allow."""
    order = state.find(evidence.cl_ord_id)
    if order is None:
        return _evidence_of_nobody(config, state, evidence)
    if not evidence.found:
        return _absence(config, state, order, evidence, at)
    effects: list[Message] = []
    for report in evidence.reports:
        effects += fold(config, state, report)
    if order.state in TERMINAL:
        return effects
    if evidence.open:
        return effects + move(config, state, order, OrderEvent.FOUND_OPEN, "found at the venue")
    if evidence.complete:
        return effects + move(config, state, order, OrderEvent.FOUND_OVER, "over at the venue")
    return effects + _silence(config, state, order, "the venue's lists were not read whole")


def _evidence_of_nobody(
    config: OrdersConfig, state: OrdersState, evidence: VenueEvidence
) -> list[Message]:
    """The order is not remembered; the trades in its evidence are facts nevertheless."""
    fields = (("cl_ord_id", evidence.cl_ord_id), ("retired", str(state.retired)))
    effects: list[Message] = [Note("warning", "order.evidence_without_order", fields)]
    for report in evidence.reports:
        if report.kind is ExecKind.TRADE:
            effects += fold(config, state, report)
    return effects


def _absence(
    config: OrdersConfig, state: OrdersState, order: Order, evidence: VenueEvidence, at: int
) -> list[Message]:
    if order.state not in UNPROVEN:
        if order.state in TERMINAL:
            return []
        return move(config, state, order, OrderEvent.ABSENT)
    # Lists read before the deadline prove nothing: the order may still have been on its way.
    if evidence.complete and min(at, evidence.ts) > order.deadline:
        return move(config, state, order, OrderEvent.ABSENT, "never reached the venue")
    return _silence(config, state, order, "not found at the venue, and not proven absent")


def _silence(config: OrdersConfig, state: OrdersState, order: Order, reason: str) -> list[Message]:
    if order.state not in UNPROVEN:
        return []
    return move(config, state, order, OrderEvent.SILENCE, reason)


def never_left(config: OrdersConfig, state: OrdersState, proof: NotSent) -> list[Message]:
    """The outbox proves that the order was not sent: it is over and its funds are free."""
    order = state.find(proof.cl_ord_id)
    if order is None:
        fields = (("cl_ord_id", proof.cl_ord_id), ("reason", proof.reason))
        return [Note("warning", "order.not_sent_without_order", fields)]
    return move(config, state, order, OrderEvent.NOT_SENT, proof.reason)
