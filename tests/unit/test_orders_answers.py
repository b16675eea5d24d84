"""What the venue answers to a request, and what it proves.

Fault B17: "deadline elapsed" is the engine's refusal, and proof once one look-up agrees. A timeout
proves nothing; a documented refusal ends an order, unless the venue has spoken of it.
"""

from __future__ import annotations

import pytest

from actors.messages.control import EpochOpened, Note
from actors.messages.execution import (
    CancelAnswered,
    ExecKind,
    SubmitAnswered,
    SubmitOutcome,
    VenueEvidence,
)
from actors.messages.order import OrderState, SubmitOrder
from tests.books import SECOND, of
from tests.outside_books import OutsideBooks

ELAPSED, UNKNOWN = SubmitOutcome.DEADLINE_ELAPSED, SubmitOutcome.UNKNOWN


pytestmark = pytest.mark.usefixtures("exact_money")


def ordered() -> tuple[OutsideBooks, SubmitOrder]:
    """An order that has left."""
    books = OutsideBooks(USD="10000.00")
    books.read()
    order = books.order()
    assert order is not None
    return books, order


def answer(books: OutsideBooks, order: SubmitOrder, outcome: SubmitOutcome) -> OrderState:
    books.send(SubmitAnswered(order.cl_ord_id, books.at, outcome, text="as the venue says"))
    return books.known()[order.cl_ord_id].state


@pytest.mark.parametrize(
    "outcome",
    [SubmitOutcome.REFUSED, SubmitOutcome.RATE_LIMITED, SubmitOutcome.WRONG_MODE],
)
def test_what_is_documented_as_not_executed_ends_the_order(outcome: SubmitOutcome) -> None:
    books, order = ordered()
    assert answer(books, order, outcome) is OrderState.REJECTED
    assert not books.ledger.state.holds
    assert answer(books, order, outcome) is OrderState.REJECTED


def test_an_acceptance_brings_the_venues_id_and_is_taken_once() -> None:
    books, order = ordered()
    books.send(SubmitAnswered(order.cl_ord_id, books.at, SubmitOutcome.ACCEPTED, "OABC"))
    assert books.orders.state.venue_ids == {"OABC": order.cl_ord_id}
    assert answer(books, order, SubmitOutcome.ACCEPTED) is OrderState.OPEN


def test_no_answer_is_unknown_at_once_and_keeps_the_hold() -> None:
    books, order = ordered()
    assert answer(books, order, UNKNOWN) is OrderState.UNKNOWN
    assert order.cl_ord_id in books.ledger.state.holds
    assert answer(books, order, UNKNOWN) is OrderState.UNKNOWN


def test_an_elapsed_deadline_is_proof_once_a_look_up_agrees_whole_or_not() -> None:
    """Unlike a timeout, it need not wait for the whole window."""
    books, order = ordered()
    assert answer(books, order, ELAPSED) is OrderState.UNKNOWN
    before = VenueEvidence(order.cl_ord_id, books.at - 1, found=False, complete=False)
    books.send(before)
    assert books.known()[order.cl_ord_id].state is OrderState.UNKNOWN
    books.send(VenueEvidence(order.cl_ord_id, books.at, found=False, complete=False))
    assert books.known()[order.cl_ord_id].state is OrderState.REJECTED


def test_an_elapsed_deadline_of_an_order_that_is_found_was_none() -> None:
    books, order = ordered()
    books.model.take(order)
    answer(books, order, ELAPSED)
    books.look_up()
    assert books.known()[order.cl_ord_id].state is OrderState.OPEN


def test_a_refusal_of_an_order_that_the_venue_has_spoken_of_is_a_doubt() -> None:
    """The answer to another request, or the venue contradicts itself: the lists tell."""
    books, order = ordered()
    books.deliver(books.model.take(order))
    assert answer(books, order, SubmitOutcome.REFUSED) is OrderState.UNKNOWN
    books.look_up()
    books.check_agreement()


def test_a_cancel_of_an_order_that_the_venue_does_not_know_is_looked_up() -> None:
    """Already over, or never there: not taken for cancelled."""
    books, order = ordered()
    books.deliver(books.model.take(order))
    there = books.model.of(order.cl_ord_id)
    assert there is not None
    books.model.fill(there, there.quantity)
    books.send(CancelAnswered(order.cl_ord_id, books.at, "EOrder:Unknown order"))
    assert books.known()[order.cl_ord_id].state is OrderState.UNKNOWN
    books.look_up()
    assert books.known()[order.cl_ord_id].state is OrderState.FILLED
    assert not books.send(CancelAnswered(order.cl_ord_id, books.at, "EOrder:Unknown order"))


def test_an_answer_about_nobody_is_noted() -> None:
    books, _ = ordered()
    for told in (SubmitAnswered("x", 0, UNKNOWN), CancelAnswered("x", 0)):
        assert [each.event for each in of(Note, books.send(told))] == ["order.answer_of_nobody"]


def test_lists_that_do_not_reach_back_to_the_decision_prove_no_absence() -> None:
    """Nor do those whose settled part ends before the deadline."""
    books, order = ordered()
    decided = books.at
    answer(books, order, UNKNOWN)
    books.pass_on(60)
    for begin, end in ((decided + 1, books.at), (decided, order.deadline)):
        told = VenueEvidence(
            order.cl_ord_id, books.at, False, True, window_from=begin, window_to=end
        )
        books.send(told)
        assert books.known()[order.cl_ord_id].state is OrderState.UNKNOWN
    proof = VenueEvidence(
        order.cl_ord_id, books.at, False, True, window_from=decided, window_to=order.deadline + 1
    )
    books.send(proof)
    assert books.known()[order.cl_ord_id].state is OrderState.REJECTED


def test_after_a_crash_an_order_without_an_outcome_waits_for_its_deadline() -> None:
    """D1: it may be on its way; it is never sent again, and a later intent is a new order."""
    books, order = ordered()
    books.cut()
    books.send(EpochOpened(2, "a new leader"))
    assert books.known()[order.cl_ord_id].state is OrderState.UNKNOWN
    books.read()
    assert books.known()[order.cl_ord_id].state is OrderState.UNKNOWN
    books.pass_on(6)
    books.look_up()
    assert books.known()[order.cl_ord_id].state is OrderState.REJECTED
    again = books.order()
    assert again is None or again.cl_ord_id != order.cl_ord_id


@pytest.mark.parametrize(
    ("end", "state"),
    [
        (ExecKind.EXPIRED, OrderState.EXPIRED),
        (ExecKind.REJECTED, OrderState.REJECTED),
        (ExecKind.CANCELLED, OrderState.CANCELLED),
    ],
)
def test_the_lists_tell_how_an_order_ended(end: ExecKind, state: OrderState) -> None:
    """Also when only the closed orders were read, if their quantity is what we booked."""
    books, order = ordered()
    books.deliver(books.model.take(order))
    there = books.model.of(order.cl_ord_id)
    assert there is not None
    books.model.finish(there, end)
    books.send(books.model.evidence(order.cl_ord_id, books.at, complete=False))
    assert books.known()[order.cl_ord_id].state is state
    assert books.at < order.deadline + SECOND
