"""A clean stop as the core sees it: nothing new leaves, what the settings name is called back."""

from __future__ import annotations

import pytest

from actors.messages.control import StopAsked
from actors.messages.decision import Side
from actors.messages.execution import ExecKind
from actors.messages.order import CancelOrder, OrderState
from actors.messages.risk import IntentRefused, Refusal
from actors.orders.leaving import CANCEL, CANCEL_ENTRIES, CHOICES, LEAVE
from tests.books import of
from tests.outside_books import OutsideBooks
from tests.switched_books import rests, set_to, switched_books

pytestmark = pytest.mark.usefixtures("exact_money")


@pytest.fixture
def books() -> OutsideBooks:
    """An account with a switch of a minute, which agrees with its venue."""
    return switched_books()


@pytest.mark.parametrize(
    ("policy", "sides"),
    [(CANCEL_ENTRIES, [Side.BUY]), (CANCEL, [Side.BUY, Side.SELL]), (LEAVE, [])],
)
def test_a_stop_calls_back_what_its_policy_names(
    books: OutsideBooks, policy: str, sides: list[Side]
) -> None:
    orders = {rests(books, side).cl_ord_id: side for side in (Side.BUY, Side.SELL)}
    told = of(CancelOrder, books.send(StopAsked(policy, "SIGTERM")))
    assert [orders[each.cl_ord_id] for each in told] == sides
    assert {each.reason for each in told} <= {"the service stops: SIGTERM"}


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
@pytest.mark.parametrize("policy", CHOICES)
def test_nothing_is_ordered_any_more_until_a_run_starts(
    books: OutsideBooks, policy: str, side: Side
) -> None:
    books.send(StopAsked(policy, "SIGTERM"))
    assert books.order(side) is None
    refused = of(IntentRefused, books.sent)[-1]
    assert (refused.reason, refused.value) == (Refusal.HALTED, "the service stops")
    books.start()
    books.settle()
    assert books.order(side) is not None


def test_the_switch_goes_off_with_the_last_entry_and_stays_over_one_that_may_rest(
    books: OutsideBooks,
) -> None:
    order = rests(books)
    rests(books, Side.SELL)
    assert set_to(books.send(StopAsked(CANCEL_ENTRIES, "SIGTERM"))) == []
    assert books.orders.state.armed
    there = books.model.of(order.cl_ord_id)
    assert there is not None
    assert set_to(books.deliver(books.model.finish(there, ExecKind.CANCELLED))) == [0]


def test_what_is_left_stays_under_the_switch(books: OutsideBooks) -> None:
    """Whoever is back in time finds it; else the venue ends it."""
    rests(books)
    assert set_to(books.send(StopAsked(LEAVE, "SIGTERM"))) == []
    assert books.orders.state.armed


def test_an_order_of_unknown_outcome_is_asked_to_end_too(books: OutsideBooks) -> None:
    order = books.order()
    assert order is not None
    books.pass_on(60)
    assert books.known()[order.cl_ord_id].state is OrderState.UNKNOWN
    (asked,) = of(CancelOrder, books.send(StopAsked(CANCEL_ENTRIES, "SIGTERM")))
    assert asked.cl_ord_id == order.cl_ord_id
