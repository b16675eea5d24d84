"""An order that came to nothing by no decision of ours is tried again: +1, +2, +4 minutes, anew."""

from __future__ import annotations

import pytest

from actors.instant import MINUTE_NS
from actors.messages.decision import Side
from actors.messages.execution import ExecKind, SubmitAnswered, SubmitOutcome
from actors.messages.order import OrderState, OrderUpdate, RetryDue, RetryPlanned, SubmitOrder
from tests.books import START, of
from tests.outside_books import OutsideBooks

pytestmark = pytest.mark.usefixtures("exact_money")


@pytest.fixture
def books() -> OutsideBooks:
    """An account that agrees with its venue."""
    found = OutsideBooks(USD="10000.00", XBT="1.00000000")
    found.read()
    return found


def fail(books: OutsideBooks, side: Side = Side.BUY) -> list[RetryPlanned]:
    """An order that the venue refuses; what was planned thereupon."""
    books.read()
    order = books.order(side, "0.01000000")
    assert order is not None
    refused = SubmitAnswered(order.cl_ord_id, books.at, SubmitOutcome.RATE_LIMITED)
    return of(RetryPlanned, books.send(refused))


def fail_in_a_row(books: OutsideBooks, side: Side, times: int) -> list[tuple[int, int]]:
    """Attempt, and minutes until it is due, of every plan; each order fails when it is due."""
    plans = []
    for _ in range(times):
        (plan,) = fail(books, side)
        plans.append((plan.attempt, (plan.due - books.at) // MINUTE_NS))
        books.pass_on((plan.due - books.at) // 10**9)
    return plans


def test_an_entry_is_tried_three_times_and_then_left_alone_for_an_hour(
    books: OutsideBooks,
) -> None:
    """Then the count begins anew."""
    found = fail_in_a_row(books, Side.BUY, 5)
    assert found == [(1, 1), (2, 2), (3, 4), (0, 60), (1, 1)]
    assert [each.attempt for each in of(RetryDue, books.sent)] == [1, 2, 3, 1]


def test_a_sale_goes_on_because_leaving_must_stay_possible(books: OutsideBooks) -> None:
    assert fail_in_a_row(books, Side.SELL, 5) == [(1, 1), (2, 2), (3, 4), (3, 4), (3, 4)]


def test_sides_and_symbols_are_counted_apart(books: OutsideBooks) -> None:
    assert [fail(books)[0].attempt, fail(books, Side.SELL)[0].attempt] == [1, 1]


def test_the_venues_acceptance_ends_the_count_and_the_timer_is_nothing(
    books: OutsideBooks,
) -> None:
    fail(books)
    order = books.order(quantity="0.01000000")
    assert order is not None
    books.deliver(books.model.take(order))
    assert not of(RetryDue, books.pass_on(61))
    assert fail(books)[0].attempt == 1


def test_a_failure_long_after_the_last_is_a_new_story(books: OutsideBooks) -> None:
    fail(books)
    books.pass_on(61 * 60 + 60)
    assert fail(books)[0].attempt == 1


def test_what_we_decided_ourselves_is_not_tried_again(books: OutsideBooks) -> None:
    """Cancelled, also by hand, or refused by our own gates."""
    order = books.order()
    assert order is not None
    books.deliver(books.model.take(order))
    there = books.model.of(order.cl_ord_id)
    assert there is not None
    books.deliver(books.model.finish(there, ExecKind.CANCELLED))
    assert books.order(quantity="9.00000000") is None
    ended = [each.state for each in of(OrderUpdate, books.sent)]
    assert OrderState.CANCELLED in ended
    assert OrderState.NOT_SENT in ended
    assert not of(RetryPlanned, books.sent)


def test_an_order_that_filled_in_part_is_no_failure(books: OutsideBooks) -> None:
    order = books.order()
    assert order is not None
    books.deliver(books.model.take(order))
    there = books.model.of(order.cl_ord_id)
    assert there is not None
    books.deliver(books.model.fill(there, there.quantity * 0 + 1))
    books.deliver(books.model.finish(there, ExecKind.EXPIRED))
    assert not of(RetryPlanned, books.sent)


def test_a_retry_is_a_new_order_and_the_old_one_is_never_sent_again(books: OutsideBooks) -> None:
    """Only after proof: while the outcome is unknown nothing is planned."""
    order = books.order()
    assert order is not None
    books.send(SubmitAnswered(order.cl_ord_id, books.at, SubmitOutcome.UNKNOWN))
    assert not of(RetryPlanned, books.sent)
    books.pass_on(10)
    books.look_up()
    (plan,) = of(RetryPlanned, books.sent)
    assert plan == RetryPlanned("XBT/USD", Side.BUY, 1, START + 70 * 10**9)
    sent = [each.cl_ord_id for each in of(SubmitOrder, books.sent)]
    assert len(sent) == len(set(sent)) == 1
