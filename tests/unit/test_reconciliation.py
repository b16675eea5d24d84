"""Reconciliation as a specification: the venue wins on facts, and what nothing explains is shown.

Faults B19 (an order placed by hand), G7 (one cancelled by hand), G5 (resume while it differs) and
C13 (an order in our form that we do not remember), with deposits, staking, rounding, and funds
that the venue does not call free.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from actors.instant import MINUTE_NS
from actors.messages.control import ConstraintViolated, EpochOpened, LedgerEntry, Note
from actors.messages.decision import Side
from actors.messages.execution import ExecKind, Fill, TradeUnexplained
from actors.messages.ledger import EntryBooked, TransfersPosted
from actors.messages.market import FeedEvent, FeedStatus
from actors.messages.order import CancelOrder, OrderState, OrderUpdate
from actors.messages.reconciliation import (
    ReconcileRequested,
    ReconciliationEnded,
    ReconciliationState,
)
from actors.messages.risk import IntentRefused, Refusal
from tests.books import START, approved, of
from tests.outside_books import OutsideBooks, agreed, confirmed, next_reading, requests

D = Decimal


pytestmark = pytest.mark.usefixtures("exact_money")


@pytest.fixture
def books() -> OutsideBooks:
    """An account that agrees with its venue."""
    return agreed()


def test_books_that_never_held_anything_take_over_what_lies_at_the_venue() -> None:
    """Each asset is an entry, marked with the reading; a second reading finds nothing new."""
    books = OutsideBooks(USD="10000.00", XBT="1.00000000", ETH="0")
    assert books.orders.state.blocked.startswith("the venue's lists are being read")
    (refused,) = of(IntentRefused, books.send(approved(0)))
    assert refused.reason is Refusal.RECONCILING
    books.read()
    told = of(EntryBooked, books.sent)
    assert [(each.asset, each.amount, each.told) for each in told] == [
        ("USD", D("10000.00"), "reading 1"),
        ("XBT", D("1.00000000"), "reading 1"),
    ]
    assert not books.orders.state.blocked
    posted = len(of(TransfersPosted, books.sent))
    next_reading(books)
    assert len(of(TransfersPosted, books.sent)) == posted


def test_a_sale_may_go_out_while_the_lists_are_read(books: OutsideBooks) -> None:
    books.pass_on(300)
    assert books.order() is None
    assert books.order(Side.SELL) is not None


def test_readings_are_asked_for_on_schedule_on_reconnect_and_by_a_new_leader(
    books: OutsideBooks,
) -> None:
    """Each reaches an hour back behind the last clean one, never before the account began."""
    asked = len(requests(books))
    books.pass_on(300)
    books.read()
    for event, stream in ((FeedEvent.GAP, "executions"), (FeedEvent.RESYNCED, "book")):
        assert not of(ReconcileRequested, books.send(FeedStatus(books.at, stream, event)))
    assert of(
        ReconcileRequested, books.send(FeedStatus(books.at, "executions", FeedEvent.RESYNCED))
    )
    books.read()
    assert of(ReconcileRequested, books.send(EpochOpened(2, "a new leader")))
    books.read()
    found = requests(books)[asked:]
    assert [each.reason for each in found] == [
        "on schedule",
        "the stream executions is back",
        "a new leader",
    ]
    assert {each.since for each in found} == {START}
    for _ in range(20):
        next_reading(books)
    assert requests(books)[-1].since == books.reconciliation.state.cursor - 65 * MINUTE_NS


def test_nobody_answers_and_the_pauses_double_up_to_the_schedule(books: OutsideBooks) -> None:
    """Every attempt has a number of its own, and an answer to an older one counts for nothing."""
    books.pass_on(300)
    old = books.model.lists(books.reconciliation.state.request(), books.at)
    asked = len(requests(books))
    books.pass_on(1000)
    assert len(requests(books)) - asked == 5
    books.send(old)
    assert books.orders.state.blocked
    books.read()
    assert not books.orders.state.blocked
    books.send(old)
    assert not books.orders.state.blocked


def test_lists_that_were_not_read_whole_explain_nothing_and_are_read_again(
    books: OutsideBooks,
) -> None:
    order = books.order()
    assert order is not None
    books.deliver(books.model.take(order))
    there = books.model.of(order.cl_ord_id)
    assert there is not None
    books.pass_on(300)
    books.model.orders.clear()
    books.model.balances["USD"] = D(1)
    ended = books.read(complete=False)
    assert ended is not None
    assert not ended.differences
    assert books.known()[order.cl_ord_id].state is OrderState.OPEN
    books.pass_on(5)
    assert books.reconciliation.state.awaits


def test_a_missed_fill_is_booked_and_marked_as_read_from_the_history(books: OutsideBooks) -> None:
    order = books.order()
    assert order is not None
    books.deliver(books.model.take(order))
    there = books.model.of(order.cl_ord_id)
    assert there is not None
    books.model.fill(there, D("0.04"))
    ended = next_reading(books)
    assert (ended.booked, ended.differences) == (1, ())
    assert len(of(Fill, books.sent)) == 1
    assert of(OrderUpdate, books.sent)[-1].reason == "read from the venue's history"
    books.check_agreement()


def test_a_foreign_order_is_seen_booked_and_neither_adopted_nor_cancelled(
    books: OutsideBooks,
) -> None:
    """B19: its trades are the account's, with a row of their own, and halt nothing."""
    books.model.open("", "XBT/USD", Side.BUY, D("0.01"))
    books.model.open("by hand", "ETH/USD", Side.BUY, D("0.5"))
    hand = next(iter(books.model.orders.values()))
    ended = next_reading(books)
    assert ended.foreign == 2
    assert [each.event for each in of(Note, books.sent)][-2:] == ["order.foreign_seen"] * 2
    books.model.fill(hand, D("0.01"))
    next_reading(books)
    (row,) = of(TradeUnexplained, books.sent)
    assert (row.booked, row.reason) == (True, "its order was placed at the venue without us")
    assert not of(ConstraintViolated, books.sent)
    assert not of(CancelOrder, books.sent)
    assert not books.known()
    assert of(ReconciliationState, books.sent)[-1].foreign == 1
    books.check_agreement()


def test_a_trade_of_a_foreign_order_on_the_stream_asks_for_the_lists_at_once(
    books: OutsideBooks,
) -> None:
    """Also while another reading is open, which may be older than the trade."""
    books.model.open("", "XBT/USD", Side.BUY, D("0.01"))
    hand = next(iter(books.model.orders.values()))
    books.pass_on(300)
    older = books.model.lists(books.reconciliation.state.request(), books.at)
    books.deliver(books.model.fill(hand, D("0.01"))[:1])
    books.send(older)
    assert books.reconciliation.state.awaits
    books.read()
    books.check_agreement()
    assert not of(ConstraintViolated, books.sent)


def test_an_order_cancelled_by_hand_is_over_and_its_hold_is_free(books: OutsideBooks) -> None:
    """G7: nothing of it reached us but the lists."""
    order = books.order()
    assert order is not None
    books.deliver(books.model.take(order))
    there = books.model.of(order.cl_ord_id)
    assert there is not None
    books.model.fill(there, D("0.04"))
    books.model.finish(there, ExecKind.CANCELLED)
    next_reading(books)
    assert books.known()[order.cl_ord_id].state is OrderState.CANCELLED
    assert not books.ledger.state.holds
    books.check_agreement()


def test_deposits_withdrawals_and_staking_are_entries_marked_with_their_reading(
    books: OutsideBooks,
) -> None:
    books.model.book("deposit", "USD", "500.00")
    books.model.book("withdrawal", "XBT", "-0.10000000", "0.00010000")
    books.model.book("staking", "XBT", "-0.20000000")
    books.model.book("staking", "XBT.S", "0.20000000")
    books.model.book("transfer", "XBT", "-0.10000000")
    books.model.book("transfer", "XBT.F", "0.10000000")
    ended = next_reading(books)
    assert (ended.booked, ended.differences) == (6, ())
    assert {each.told for each in of(EntryBooked, books.sent)[2:]} == {"reading 2"}
    books.check_agreement()


def test_what_is_from_before_the_window_is_not_booked(books: OutsideBooks) -> None:
    """What was before the account began is part of its opening, whatever a venue lists."""
    books.model.entries.append(LedgerEntry("old", "deposit", "USD", D(5), D(0), START - 1))
    books.model.at = START - 1
    books.model.open("", "XBT/USD", Side.BUY, D("0.01"))
    there = next(iter(books.model.orders.values()))
    balances = dict(books.model.balances)
    books.model.fill(there, D("0.01"))
    books.model.balances = balances
    books.pass_on(300)
    snapshot = books.model.lists(books.reconciliation.state.request(), books.at)
    told = msgspec.structs.replace(
        snapshot, entries=tuple(books.model.entries), trades=tuple(there.trades)
    )
    (ended,) = of(ReconciliationEnded, books.send(told))
    assert (ended.booked, ended.differences) == (0, ())


def test_a_difference_is_confirmed_by_readings_in_a_row_and_then_shown(
    books: OutsideBooks,
) -> None:
    """Lists that were read one after the other may disagree for a moment."""
    books.model.balances["USD"] += 1
    assert next_reading(books).differences
    assert not books.reconciliation.state.differs
    books.model.balances["USD"] -= 1
    books.pass_on(5)
    books.read()
    assert not of(ReconciliationState, books.sent)[-1].blocked
    books.model.balances["USD"] += 1
    (difference,) = confirmed(books).differences
    assert (difference.what, difference.name) == ("balance", "USD")
    assert (difference.ours, difference.venues) == ("10000.00", "10001.00")
    assert [each.event for each in of(Note, books.sent)] == ["reconciliation.differs"]
    assert books.orders.state.blocked == "balance USD: 10000.00 here, 10001.00 at the venue"
    assert not of(EntryBooked, books.sent)[2:]  # nothing is invented to make it fit


def test_what_explains_a_difference_opens_the_entries_again(books: OutsideBooks) -> None:
    """A confirmed one is read again every minute, and told again only when it changes."""
    books.model.balances["USD"] += 1
    confirmed(books)
    for _ in range(3):
        books.pass_on(60)
        assert books.read() is not None
    assert len(of(Note, books.sent)) == 1
    books.model.balances["XBT"] += 1
    books.pass_on(60)
    books.read()
    assert len(of(Note, books.sent)) == 2
    books.model.balances["XBT"] -= 1
    books.model.balances["USD"] -= 1
    books.model.book("deposit", "USD", "1.00")
    books.pass_on(60)
    books.read()
    assert of(Note, books.sent)[-1].event == "reconciliation.agrees_again"
    books.check_agreement()


def test_an_order_in_doubt_may_explain_a_difference_so_nothing_is_confirmed(
    books: OutsideBooks,
) -> None:
    order = books.order()
    assert order is not None
    books.send(EpochOpened(2, "a new leader"))
    books.model.balances["USD"] -= 1
    for _ in range(6):
        lists = books.model.lists(books.reconciliation.state.request(), books.at)
        books.send(msgspec.structs.replace(lists, settled_to=order.deadline))
        assert books.known()[order.cl_ord_id].state is OrderState.UNKNOWN
        books.pass_on(5)
    assert not books.reconciliation.state.differs
    assert books.orders.state.blocked
    for _ in range(3):
        books.read()
        books.pass_on(5)
    assert books.known()[order.cl_ord_id].state is OrderState.REJECTED
    assert books.reconciliation.state.differs


def test_an_order_in_our_form_that_nobody_remembers_is_a_difference(books: OutsideBooks) -> None:
    """C13: restored from a backup, it may be ours; it is shown and not touched."""
    books.model.open("ab" * 16, "XBT/USD", Side.BUY, D("0.01"))
    (difference,) = confirmed(books).differences
    assert (difference.what, difference.name) == ("order", "ab" * 16)
    assert difference.venues == "buy 0.01 XBT/USD, filled 0"
    assert not of(CancelOrder, books.sent)


def test_a_trade_of_an_order_in_our_form_that_nobody_remembers_halts(books: OutsideBooks) -> None:
    """It moves the books as the venue says, against suspense, until a person looks."""
    books.model.open("ab" * 16, "XBT/USD", Side.BUY, D("0.01"))
    there = next(iter(books.model.orders.values()))
    books.model.fill(there, D("0.01"))
    next_reading(books)
    assert [each.name for each in of(ConstraintViolated, books.sent)] == ["unexplained_trade"]
    books.check_agreement()


def test_a_trade_without_its_order_on_the_lists_is_foreign_by_its_empty_id(
    books: OutsideBooks,
) -> None:
    books.model.open("", "XBT/USD", Side.SELL, D("0.01"))
    there = next(iter(books.model.orders.values()))
    books.model.fill(there, D("0.01"))
    books.pass_on(300)
    snapshot = books.model.lists(books.reconciliation.state.request(), books.at)
    books.send(msgspec.structs.replace(snapshot, closed_orders=()))
    assert not of(ConstraintViolated, books.sent)
    books.check_agreement()
