"""Orders of unknown outcome: how they become so, and what proof ends it.

Silence is never a failure. An order is UNKNOWN when a new leader finds it in flight, when an
outside venue said nothing until after its deadline, or when the venue's lists could not be read
whole; or when the venue has filled more of it than we have booked. Its hold stays and it is never
resent, until it is found, proven absent after its deadline, or proven never to have left. An order
that the venue once spoke of cannot have got lost on the way: gone from lists that are younger than
the doubt, with every fill that the venue counted, it is over.
"""

from __future__ import annotations

from typing import Final

from actors.messages.base import Message
from actors.messages.control import Note
from actors.messages.execution import ExecKind, NotSent, VenueEvidence
from actors.messages.order import OrderState
from actors.orders import amending
from actors.orders.fold import fold, remember_filled, settle
from actors.orders.lifecycle import TERMINAL, UNPROVEN, OrderEvent
from actors.orders.state import Order, OrdersConfig, OrdersState
from actors.orders.transitions import doubt, move

_IN_FLIGHT: Final = (OrderState.PENDING, OrderState.SUBMITTED)
_ENDS: Final[dict[ExecKind | None, OrderEvent]] = {
    ExecKind.REJECTED: OrderEvent.REJECTED,
    ExecKind.EXPIRED: OrderEvent.EXPIRED,
}


def open_epoch(
    config: OrdersConfig, state: OrdersState, epoch: int, reason: str, at: int
) -> list[Message]:
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
            effects += silence(config, state, order, at, reason)
    return effects + amending.open_epoch(config, state, at, reason)


def weigh(
    config: OrdersConfig, state: OrdersState, evidence: VenueEvidence, at: int
) -> list[Message]:
    """Fold what the venue's lists say about one order, and draw the conclusion they allow."""
    order = state.find(evidence.cl_ord_id)
    if order is None:
        return _evidence_of_nobody(config, state, evidence, at)
    if not evidence.found:
        return _absence(config, state, order, evidence, at)
    effects: list[Message] = []
    for report in evidence.reports:
        effects += fold(config, state, report, at)
    remember_filled(order, evidence.filled)
    if order.state in TERMINAL:
        return effects
    if order.is_short:
        return effects + settle(config, state, order, at)
    if evidence.open:
        effects += amending.weigh(config, state, order, evidence, at)
        if order.is_half_amended:
            return effects + settle(config, state, order, at)
        return effects + move(config, state, order, OrderEvent.FOUND_OPEN, "found at the venue")
    if evidence.complete or evidence.filled == order.filled:
        over = _ENDS.get(evidence.end, OrderEvent.FOUND_OVER)
        return effects + move(config, state, order, over, "over at the venue")
    return effects + silence(config, state, order, at, "the venue's lists were not read whole")


def _evidence_of_nobody(
    config: OrdersConfig, state: OrdersState, evidence: VenueEvidence, at: int
) -> list[Message]:
    """The order is not remembered; the trades in its evidence are facts nevertheless."""
    fields = (("cl_ord_id", evidence.cl_ord_id), ("retired", str(state.retired)))
    effects: list[Message] = [Note("warning", "order.evidence_without_order", fields)]
    for report in evidence.reports:
        if report.kind is ExecKind.TRADE:
            effects += fold(config, state, report, at)
    return effects


def _absence(
    config: OrdersConfig, state: OrdersState, order: Order, evidence: VenueEvidence, at: int
) -> list[Message]:
    """Not on the lists: proof of absence, one more doubt, or nothing new."""
    if order.state in TERMINAL:
        return []
    if order.state not in UNPROVEN:
        # One miss is no end: lists lag behind what the venue told us itself.
        gone = "no longer on the venue's lists"
        return doubt(config, state, order, at, gone) if evidence.complete else []
    # Lists read before the deadline prove nothing: the order may still have been on its way.
    settled_to = min(at, evidence.window_to or evidence.ts)
    whole = evidence.complete and evidence.window_from <= order.decided_at
    if order.is_acknowledged:
        # It was there: gone, with all its fills, is over. Lists older than the doubt tell nothing.
        if whole and settled_to > max(order.deadline, order.doubted_at) and not order.is_short:
            return move(config, state, order, OrderEvent.FOUND_OVER, "gone from the venue's lists")
    elif whole and settled_to > order.deadline:
        return move(config, state, order, OrderEvent.ABSENT, "never reached the venue")
    elif 0 < order.elapsed_at <= min(at, evidence.ts):
        # The venue said that it did not take it, and the look-up agrees.
        return move(config, state, order, OrderEvent.ABSENT, "its deadline elapsed at the venue")
    return silence(config, state, order, at, "not found at the venue, and not proven absent")


def silence(
    config: OrdersConfig, state: OrdersState, order: Order, at: int, reason: str
) -> list[Message]:
    """Nothing certain was heard of an order: it is UNKNOWN since `at`, if it was not before."""
    if order.state not in UNPROVEN:
        return []
    if order.state is not OrderState.UNKNOWN:
        order.doubted_at = at
    return move(config, state, order, OrderEvent.SILENCE, reason)


def never_left(config: OrdersConfig, state: OrdersState, proof: NotSent, at: int) -> list[Message]:
    """The outbox proves that the order was not sent: it is over and its funds are free."""
    if proof.amend_no:
        return amending.never_left(config, state, proof, at)
    order = state.find(proof.cl_ord_id)
    if order is None:
        fields = (("cl_ord_id", proof.cl_ord_id), ("reason", proof.reason))
        return [Note("warning", "order.not_sent_without_order", fields)]
    return move(config, state, order, OrderEvent.NOT_SENT, proof.reason)
