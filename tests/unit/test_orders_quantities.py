"""What is left of an order is computed from quantities; the venue's words only say where to look.

Faults B5 (a trade says partially filled though it completes the order), B7 (a last fill races with
a cancel), B9 (a fee in the other asset), and updates that repeat nothing but the venue's order id.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from actors.messages.control import ConstraintViolated, Note
from actors.messages.decision import Side
from actors.messages.execution import ExecKind, ExecutionReport, Fill
from actors.messages.ledger import HoldReleased
from actors.messages.order import OrderState, OrderUpdate, SubmitOrder
from actors.messages.reconciliation import ReconciliationWanted
from actors.orders.state import OrdersConfig
from tests.books import INSTRUMENTS, XBT, of
from tests.model_venue import ModelOrder
from tests.outside_books import OutsideBooks, sparse

D = Decimal


pytestmark = pytest.mark.usefixtures("exact_money")


def sent(quantity: str = "0.10000000") -> tuple[OutsideBooks, ModelOrder]:
    """An order that rests at the venue; its acceptance has arrived."""
    books = OutsideBooks(USD="10000.00")
    books.read()
    order = books.order(quantity=quantity)
    assert order is not None
    books.deliver(books.model.take(order))
    there = books.model.of(order.cl_ord_id)
    assert there is not None
    return books, there


def state_of(books: OutsideBooks, order: ModelOrder) -> OrderState:
    return books.known()[order.cl_ord_id].state


def test_a_trade_that_completes_the_quantity_ends_the_order_without_the_word() -> None:
    """B5: the event `filled` may be lost."""
    books, order = sent()
    trade, _ = books.model.fill(order, D("0.1"))
    books.deliver([trade])
    assert state_of(books, order) is OrderState.FILLED
    assert not books.ledger.state.holds


def test_the_word_filled_without_its_trade_is_a_doubt_with_the_hold_kept() -> None:
    """B5, the other way: nothing is invented; the lists bring the trade."""
    books, order = sent()
    _, filled = books.model.fill(order, D("0.1"))
    books.deliver([msgspec.structs.replace(filled, filled=None)])
    assert state_of(books, order) is OrderState.UNKNOWN
    assert books.balance("held:USD") == XBT.hold_of(D("0.1"), D("50000.0"))
    books.look_up()
    books.check_agreement()


def test_a_cancel_that_counts_an_unheard_fill_keeps_the_hold_until_the_fill_comes() -> None:
    """B7: what the venue took is still paid from the order's own hold, which goes exactly once."""
    books, order = sent()
    missed = books.model.fill(order, D("0.04"))
    books.deliver(books.model.finish(order, ExecKind.CANCELLED))
    assert state_of(books, order) is OrderState.UNKNOWN
    assert books.order(quantity="0.15000000") is None  # its funds are not free for another
    books.deliver(missed)
    assert state_of(books, order) is OrderState.CANCELLED
    assert len(of(HoldReleased, books.sent)) == 1
    assert not of(ConstraintViolated, books.sent)
    books.check_agreement()


def test_fills_that_come_one_by_one_end_the_doubt_with_the_last() -> None:
    books, order = sent()
    first, second = (books.model.fill(order, D("0.03"))[0] for _ in range(2))
    books.deliver(books.model.finish(order, ExecKind.EXPIRED))
    states = [each.state for each in of(OrderUpdate, books.deliver([second, first]))]
    assert states == ["partially_filled", "unknown", "partially_filled", "expired"]
    books.check_agreement()


def test_a_later_trade_that_counts_an_earlier_one_brings_the_order_in_doubt_until_it_comes() -> (
    None
):
    """The order rests on: it is open again once every trade is there."""
    books, order = sent()
    first, second = (books.model.fill(order, D("0.03"))[0] for _ in range(2))
    books.deliver([second])
    assert state_of(books, order) is OrderState.UNKNOWN
    books.deliver([second, first])
    assert state_of(books, order) is OrderState.PARTIALLY_FILLED
    books.check()


def test_a_word_about_an_order_in_doubt_does_not_end_the_doubt() -> None:
    books, order = sent()
    books.model.fill(order, D("0.04"))
    cancelled = books.model.finish(order, ExecKind.CANCELLED)
    assert books.deliver(cancelled)
    assert not books.deliver(cancelled)
    assert state_of(books, order) is OrderState.UNKNOWN


def test_a_late_word_that_counts_fills_of_an_order_that_is_over_asks_for_the_lists() -> None:
    """The first cancel told no quantity, so the hold went; the missing fill must still come."""
    books, order = sent()
    books.model.fill(order, D("0.04"))
    cancelled = books.model.finish(order, ExecKind.CANCELLED)
    books.deliver([msgspec.structs.replace(each, filled=None) for each in cancelled])
    assert state_of(books, order) is OrderState.CANCELLED
    assert of(ReconciliationWanted, books.deliver(cancelled))
    books.read()
    books.check_agreement()


@pytest.mark.parametrize("told", ["NaN", "-1", "1E+30"])
def test_a_count_that_is_no_amount_is_not_counted(told: str) -> None:
    books, order = sent()
    trade, _ = books.model.fill(order, D("0.1"))
    books.deliver([msgspec.structs.replace(trade, filled=D(told))])
    assert state_of(books, order) is OrderState.FILLED


def test_updates_that_name_only_the_venues_order_id_are_merged() -> None:
    """The acceptance named both ids; nothing after it does."""
    books, order = sent()
    facts = [*books.model.fill(order, D("0.04")), *books.model.finish(order, ExecKind.CANCELLED)]
    books.deliver([sparse(each) for each in facts])
    assert state_of(books, order) is OrderState.CANCELLED
    books.check_agreement()


def test_the_venues_id_is_forgotten_with_the_order() -> None:
    books = OutsideBooks(
        orders=OrdersConfig(INSTRUMENTS, venue_in_graph=False, closed_kept=1), USD="10000.00"
    )
    books.read()
    for _ in range(2):
        order = books.order(quantity="0.01000000")
        assert order is not None
        books.deliver(books.model.take(order))
        there = books.model.of(order.cl_ord_id)
        assert there is not None
        books.deliver(books.model.finish(there, ExecKind.CANCELLED))
    assert list(books.orders.state.venue_ids) == ["O00002-VENUE"]


@pytest.mark.parametrize("side", list(Side))
def test_a_fee_in_the_base_is_booked_as_reported(side: Side) -> None:
    """B9: for a buy it leaves the quantity, for a sale it must be there beside what is sold."""
    books = OutsideBooks(USD="10000.00", XBT="1.00000000")
    books.read()
    order = books.order(side)
    assert order is not None
    books.deliver(books.model.take(order))
    there = books.model.of(order.cl_ord_id)
    assert there is not None
    books.deliver(books.model.fill(there, D("0.1"), fee_in_base=True))
    books.settle()
    books.check_agreement()
    moved = D("0.09960000") if side is Side.BUY else D("-0.10040000")
    assert books.balance("available:XBT") == 1 + moved


def restated(order: ModelOrder, quantity: str) -> ExecutionReport:
    return ExecutionReport(
        order.cl_ord_id, "", ExecKind.AMENDED, 0, filled=order.filled, quantity=D(quantity)
    )


def test_an_order_that_the_venue_made_smaller_ends_at_what_it_is_now() -> None:
    """A reduction is taken over; its hold is let go with the order."""
    books, order = sent()
    books.deliver([restated(order, "0.06")])
    assert state_of(books, order) is OrderState.OPEN
    order.quantity = D("0.06")
    books.deliver(books.model.fill(order, D("0.06")))
    assert state_of(books, order) is OrderState.FILLED
    books.check_agreement()
    assert not books.ledger.state.holds


def test_an_order_made_as_small_as_it_is_filled_is_over() -> None:
    books, order = sent()
    books.deliver(books.model.fill(order, D("0.04")))
    books.deliver([restated(order, "0.04")])
    assert state_of(books, order) is OrderState.CANCELLED
    assert not books.deliver([restated(order, "0.04")])


def test_an_order_that_the_venue_made_larger_contradicts_its_hold_and_halts() -> None:
    books, order = sent()
    told = books.deliver([restated(order, "0.2")])
    assert [each.name for each in of(ConstraintViolated, told)] == ["order_restated_upwards"]
    assert [each.event for each in of(Note, told)] == ["order.restated_upwards"]
    assert books.known()[order.cl_ord_id].quantity == D("0.1")


def test_a_trade_of_an_order_without_our_id_waits_for_the_lists() -> None:
    """It may be ours, whose acceptance is late: then it is a fill of it, from its own hold."""
    books = OutsideBooks(USD="10000.00")
    books.read()
    order = books.order()
    assert isinstance(order, SubmitOrder)
    books.model.take(order)
    there = books.model.of(order.cl_ord_id)
    assert there is not None
    (trade,) = books.model.fill(there, D("0.04"))
    told = books.deliver([sparse(trade)])
    assert of(ReconciliationWanted, told)
    assert not of(Fill, told)
    assert books.orders.state.blocked
    books.read()
    assert state_of(books, there) is OrderState.PARTIALLY_FILLED
    assert not of(ConstraintViolated, books.sent)
    books.check()


def test_evidence_that_counts_more_than_it_lists_leaves_the_order_in_doubt() -> None:
    """Lists lag behind one another: the order is over there, its trades are not listed yet."""
    books, order = sent()
    books.model.fill(order, D("0.04"))
    books.model.finish(order, ExecKind.CANCELLED)
    books.send(books.model.evidence(order.cl_ord_id, books.at, complete=False))
    assert state_of(books, order) is OrderState.UNKNOWN
    books.look_up()
    books.check_agreement()
