"""The orders actor as a specification: the last look, the life of an order, and facts in any
order.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from actors.messages.base import Message
from actors.messages.control import (
    CancelTimer,
    ConstraintViolated,
    EpochOpened,
    Note,
    SetTimer,
)
from actors.messages.decision import Side
from actors.messages.execution import (
    ExecKind,
    Fill,
    NotSent,
    TradeUnexplained,
    VenueEvidence,
)
from actors.messages.ledger import HoldPlaced, HoldReleased, TransfersPosted
from actors.messages.order import CancelOrder, OrderState, OrderUpdate, PlaceHold, SubmitOrder
from actors.messages.risk import IntentRefused, Refusal, TradingState, TradingStateChanged
from actors.orders.state import OrdersConfig
from tests.books import INSTRUMENTS, SECOND, START, XBT, Books, approved, of, trade, word

D = Decimal
OUTSIDE = OrdersConfig(INSTRUMENTS, venue_in_graph=False)


pytestmark = pytest.mark.usefixtures("exact_money")


def ready(config: OrdersConfig | None = None) -> Books:
    books = Books(orders=config)
    books.start()
    books.fund()
    return books


def sent_order(books: Books, number: int = 0, side: Side = Side.BUY, **fields: str) -> SubmitOrder:
    (order,) = of(SubmitOrder, books.send(approved(number, side, at=books.at, **fields)))
    return order


def state_of(books: Books, cl_ord_id: str) -> OrderState:
    order = books.orders.state.find(cl_ord_id)
    assert order is not None
    return order.state


def test_an_approval_holds_funds_and_then_sends_one_order() -> None:
    """Hold first, then the order, its deadline counted from the decision."""
    books = ready()
    sent = books.send(approved(0))
    assert [type(each) for each in sent if type(each) in {PlaceHold, HoldPlaced, SubmitOrder}] == [
        PlaceHold,
        HoldPlaced,
        SubmitOrder,
    ]
    (order,) = of(SubmitOrder, sent)
    assert order.deadline == START + 5 * SECOND
    assert len(order.cl_ord_id) == 32
    assert [each.state for each in of(OrderUpdate, sent)] == ["pending", "submitted"]
    assert of(PlaceHold, sent)[0].amount == XBT.hold_of(D("0.1"), D("50000.0")) == D("5020.00")
    assert of(SetTimer, sent)[0].due == START + books.orders.config.lifetime_ns


def test_partial_fills_then_the_last_complete_the_order_by_quantity() -> None:
    """No status word is needed; each fill says what must stay held; the hold goes once."""
    books = ready()
    one = sent_order(books).cl_ord_id
    first = books.send(trade(one, "a", "0.04", cost="2000.00", fee="8.00"))
    assert state_of(books, one) is OrderState.PARTIALLY_FILLED
    assert of(Fill, first)[0].hold_after == XBT.hold_of(D("0.06"), D("50000.0"))
    assert of(Fill, first)[0].decision_price == D("49999.0")  # what the decision saw
    last = books.send(trade(one, "b", "0.06", cost="3000.00", fee="12.00"))
    assert state_of(books, one) is OrderState.FILLED
    assert of(Fill, last)[0].hold_after == 0
    assert len(of(HoldReleased, books.sent)) == 1
    assert len(of(CancelTimer, last)) == 1
    assert books.balance("held:USD") == 0


def test_a_trade_before_the_acceptance_is_the_same_life() -> None:
    """Facts come in any order."""
    books = ready()
    one = sent_order(books).cl_ord_id
    books.send(trade(one, "a", "0.04", cost="2000.00", fee="8.00"))
    assert not books.send(word(one, ExecKind.ACCEPTED))
    assert state_of(books, one) is OrderState.PARTIALLY_FILLED
    books.send(trade(one, "b", "0.06", cost="3000.00", fee="12.00"))
    assert not of(Note, books.send(word(one, ExecKind.ACCEPTED)))
    assert state_of(books, one) is OrderState.FILLED


def test_a_duplicate_fill_changes_nothing() -> None:
    """The execution id is the key."""
    books = ready()
    one = sent_order(books).cl_ord_id
    report = trade(one, "a", "0.04", cost="2000.00", fee="8.00")
    books.send(report)
    assert not books.send(report)


def test_a_late_fill_after_the_cancel_is_booked_and_releases_nothing_twice() -> None:
    """A cancel that raced with a last fill: the venue's fact stands."""
    books = ready()
    one = sent_order(books).cl_ord_id
    books.send(word(one, ExecKind.CANCELLED))
    sent = books.send(trade(one, "a", "0.04", cost="2000.00", fee="8.00"))
    assert of(Fill, sent)[0].hold_after == 0
    assert state_of(books, one) is OrderState.CANCELLED
    books.send(trade(one, "b", "0.06", cost="3000.00", fee="12.00"))
    assert state_of(books, one) is OrderState.FILLED
    assert len(of(HoldReleased, books.sent)) == 1
    assert books.balance("available:XBT") == D("0.1")


def test_an_overfill_is_booked_as_reported_and_halts() -> None:
    """More than was ordered is still a fact, and contradicts our order."""
    books = ready()
    one = sent_order(books).cl_ord_id
    sent = books.send(trade(one, "a", "0.15", cost="7500.00", fee="30.00"))
    assert [(n.level, n.event) for n in of(Note, sent)] == [("error", "order.overfilled")]
    (halt,) = of(ConstraintViolated, sent)
    assert halt.name == "order_overfilled"
    assert "filled 0.15 of 0.1" in halt.detail
    assert books.balance("available:XBT") == D("0.15")


@pytest.mark.parametrize("kind", [ExecKind.REJECTED, ExecKind.EXPIRED, ExecKind.CANCELLED])
def test_an_end_lets_the_hold_go_once_even_when_told_twice(kind: ExecKind) -> None:
    """The same word again changes nothing; another word is noted."""
    books = ready()
    one = sent_order(books).cl_ord_id
    books.send(word(one, kind))
    assert not books.send(word(one, kind))
    assert len(of(HoldReleased, books.sent)) == 1
    assert books.balance("available:USD") == 10000


def test_a_fill_of_a_rejected_order_is_booked_halts_and_is_answered_by_a_cancel() -> None:
    """It lives at the venue although we were told that it does not."""
    books = ready()
    one = sent_order(books).cl_ord_id
    books.send(word(one, ExecKind.REJECTED))
    sent = books.send(trade(one, "a", "0.04", cost="2000.00", fee="8.00"))
    assert of(Fill, sent)
    assert of(CancelOrder, sent)
    assert "order.filled_after_its_end" in [note.event for note in of(Note, sent)]
    assert [each.name for each in of(ConstraintViolated, sent)] == ["order_filled_after_its_end"]


def test_an_illegal_event_is_noted_and_changes_nothing() -> None:
    """An outbox that claims a resting order never left is not believed."""
    books = ready()
    one = sent_order(books).cl_ord_id
    books.send(word(one, ExecKind.ACCEPTED))
    (note,) = of(Note, books.send(NotSent(one, "old", START)))
    assert note.event == "order.illegal_event"
    assert state_of(books, one) is OrderState.OPEN


def test_a_report_behind_the_watermark_is_never_booked_twice() -> None:
    """Closed orders are remembered for a bounded number of closings, their trades for longer."""
    books = ready(OrdersConfig(INSTRUMENTS, closed_kept=1))
    one = sent_order(books, 0, quantity="0.01").cl_ord_id
    report = trade(one, "a", "0.01", cost="500.00", fee="2.00")
    books.send(report)
    two = sent_order(books, 1, quantity="0.01").cl_ord_id
    books.send(word(two, ExecKind.CANCELLED))
    assert books.orders.state.retired == 1
    sent = books.send(report)
    assert [note.event for note in of(Note, sent)] == ["ledger.fill_repeated"]
    assert not of(Fill, sent)


def test_a_lifetime_that_ends_asks_for_a_cancel_until_the_order_is_over() -> None:
    """Asked again each lifetime; quiet once the order ended."""
    books = ready()
    life = books.orders.config.lifetime_ns
    one = sent_order(books).cl_ord_id
    sent = books.pass_to(START + 2 * life)
    assert [each.cl_ord_id for each in of(CancelOrder, sent)] == [one, one]
    books.send(word(one, ExecKind.CANCELLED))
    assert not of(CancelOrder, books.pass_to(START + 5 * life))


def test_reducing_calls_resting_buys_back_and_leaves_sales() -> None:
    """New risk is withdrawn, reduction goes on."""
    books = ready()
    books.fund("1", "XBT", "in kind")
    buy = sent_order(books, 0).cl_ord_id
    sent_order(books, 1, Side.SELL)
    sent = books.send(TradingStateChanged(TradingState.REDUCING, 0, "drawdown"))
    assert [each.cl_ord_id for each in of(CancelOrder, sent)] == [buy]


def test_a_new_leader_finds_what_was_in_flight_unknown_and_keeps_its_funds() -> None:
    """With the venue outside; an order the venue has spoken of stays open."""
    books = ready(OUTSIDE)
    one = sent_order(books, 0, quantity="0.01").cl_ord_id
    two = sent_order(books, 1, quantity="0.01").cl_ord_id
    books.send(word(two, ExecKind.ACCEPTED))
    books.send(EpochOpened(2, "restart"))
    assert state_of(books, one) is OrderState.UNKNOWN
    assert state_of(books, two) is OrderState.OPEN
    assert books.balance("held:USD") == D("1004.00")


def test_a_new_leader_changes_nothing_when_the_venue_is_in_the_graph() -> None:
    """A paper venue's state is part of the snapshot."""
    books = ready()
    one = sent_order(books).cl_ord_id
    books.send(EpochOpened(2, "restart"))
    assert state_of(books, one) is OrderState.SUBMITTED
    assert sent_order(books, 1, quantity="0.01").epoch == 2


def unknown_order(quantity: str = "0.01") -> tuple[Books, str]:
    books = ready(OUTSIDE)
    one = sent_order(books, 0, quantity=quantity).cl_ord_id
    books.send(EpochOpened(2, "restart"))
    return books, one


LATE = START + 60 * SECOND
EVIDENCE = [
    # found, complete, open, read at, delivered at -> state, funds still held
    ("absent", False, True, False, LATE, LATE, OrderState.REJECTED, "0.00"),
    ("read too early", False, True, False, START, LATE, OrderState.UNKNOWN, "502.00"),
    ("at the deadline", False, True, False, START + 5 * SECOND, LATE, OrderState.UNKNOWN, "502.00"),
    ("lists incomplete", False, False, False, LATE, LATE, OrderState.UNKNOWN, "502.00"),
    ("found resting", True, True, True, LATE, LATE, OrderState.OPEN, "502.00"),
    ("found resting, lists incomplete", True, False, True, LATE, LATE, OrderState.OPEN, "502.00"),
    ("found over", True, True, False, LATE, LATE, OrderState.CANCELLED, "0.00"),
    ("found, not read whole", True, False, False, LATE, LATE, OrderState.UNKNOWN, "502.00"),
]


@pytest.mark.parametrize("row", EVIDENCE, ids=[row[0] for row in EVIDENCE])
def test_only_whole_evidence_after_the_deadline_ends_the_unknown(
    row: tuple[str, bool, bool, bool, int, int, OrderState, str],
) -> None:
    """In doubt the order stays unknown and its funds stay held."""
    _, found, complete, is_open, read_at, at, state, held = row
    books, one = unknown_order()
    books.send(VenueEvidence(one, read_at, found, complete, is_open), at)
    assert state_of(books, one) is state
    assert books.balance("held:USD") == D(held)


def test_evidence_with_reports_books_what_happened_meanwhile() -> None:
    """Fills found at the venue are folded like any others, once."""
    books, one = unknown_order()
    reports = (
        trade(one, "a", "0.004", cost="200.00", fee="0.80"),
        trade(one, "b", "0.006", cost="300.00", fee="1.20"),
    )
    evidence = VenueEvidence(one, LATE, found=True, complete=True, reports=reports)
    books.send(evidence, LATE)
    assert state_of(books, one) is OrderState.FILLED
    assert not of(Fill, books.send(evidence))
    assert books.balance("available:XBT") == D("0.01")


def test_an_unknown_order_blocks_entries_in_its_symbol_and_no_others() -> None:
    """An exit may use what is proven free: the ledger sees to that."""
    books, _ = unknown_order()
    books.fund("1", "XBT", "in kind")
    (refused,) = of(IntentRefused, books.send(approved(1)))
    assert refused.reason is Refusal.UNKNOWN_ORDER
    assert sent_order(books, 2, symbol="ETH/USD", price="3000.00").symbol == "ETH/USD"
    assert sent_order(books, 3, Side.SELL).side is Side.SELL


def test_proof_that_it_never_left_ends_an_order_and_frees_its_funds() -> None:
    """The outbox's word counts while the venue has said nothing."""
    books, one = unknown_order()
    sent = books.send(NotSent(one, "epoch", LATE), LATE)
    assert [each.reason for each in of(OrderUpdate, sent)] == ["epoch"]
    assert state_of(books, one) is OrderState.NOT_SENT
    assert books.balance("available:USD") == 10000


def test_silence_after_the_deadline_makes_an_order_unknown() -> None:
    """A timeout means unknown, never failed."""
    books = ready(OUTSIDE)
    one = sent_order(books).cl_ord_id
    two = sent_order(books, 1, quantity="0.01").cl_ord_id
    books.send(word(two, ExecKind.ACCEPTED))
    books.pass_to(START + 10 * SECOND)
    assert state_of(books, one) is OrderState.UNKNOWN
    assert state_of(books, two) is OrderState.OPEN


def test_client_ids_differ_by_epoch_and_run() -> None:
    """A restored state that opens a new epoch never repeats an id."""
    seen: list[str] = []
    for run_id, epoch in (("a", 1), ("a", 2), ("b", 1)):
        books = Books()
        books.start(run_id, epoch)
        books.fund()
        seen.append(sent_order(books).cl_ord_id)
    assert len(set(seen)) == 3


def test_an_older_epoch_is_noted_and_not_taken() -> None:
    """Epochs only grow."""
    books = ready(OUTSIDE)
    books.send(EpochOpened(5, "x"))
    messages: list[Message] = books.send(EpochOpened(4, "x"))
    assert [note.event for note in of(Note, messages)] == ["orders.epoch_went_back"]
    assert books.orders.state.epoch == 5


def test_an_impossible_fill_is_noted_and_not_booked() -> None:
    """A quantity that is no quantity is no fact; the report is kept and a person has to look."""
    books = ready()
    one = sent_order(books).cl_ord_id
    odd = (("0", "0"), ("-1", "0"), ("NaN", "0"), ("0.01", "-1"), ("1E-13", "0"), ("1E+12", "0"))
    for quantity, fee in odd:
        sent = books.send(trade(one, f"{quantity}{fee}", quantity, cost="1", fee=fee))
        assert not of(TransfersPosted, sent)
        (kept,) = of(TradeUnexplained, sent)
        assert (kept.cl_ord_id, kept.booked) == (one, False)
        assert [each.name for each in of(ConstraintViolated, sent)] == ["unexplained_trade"]
