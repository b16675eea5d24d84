"""Answers that come to the wrong order, too late or to none: noted, and nothing is ever sent."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from actors.messages.base import Message
from actors.messages.codec import encode
from actors.messages.control import EpochOpened, Note, TimerFired
from actors.messages.decision import Side
from actors.messages.execution import (
    CancelOutcome,
    ExecKind,
    NotSent,
    SafeStopAttempted,
    VenueEvidence,
)
from actors.messages.ledger import HoldPlaced, HoldRefused, HoldReleased
from actors.messages.order import CancelOrder, OrderState, PlaceHold, SubmitOrder
from actors.messages.risk import IntentRefused, Refusal, TradingState, TradingStateChanged
from actors.orders.state import OrdersConfig
from actors.orders.transitions import silence_timer
from tests.books import INSTRUMENTS, SECOND, START, Books, approved, of, trade, word

D = Decimal
changed = msgspec.structs.replace
OUTSIDE = OrdersConfig(INSTRUMENTS, venue_in_graph=False)
LATE = START + 60 * SECOND


pytestmark = pytest.mark.usefixtures("exact_money")


def ready(config: OrdersConfig | None = None) -> Books:
    books = Books(orders=config)
    books.start()
    books.fund()
    return books


def sent_order(books: Books, number: int = 0) -> str:
    (order,) = of(SubmitOrder, books.send(approved(number, quantity="0.01", at=books.at)))
    return order.cl_ord_id


def pending_order(books: Books) -> str:
    """An order whose hold was asked for and not yet answered."""
    (hold,) = of(PlaceHold, list(books.orders.handle(approved(0, quantity="0.01"), books.at)))
    return hold.cl_ord_id


def state_of(books: Books, cl_ord_id: str) -> OrderState:
    order = books.orders.state.find(cl_ord_id)
    assert order is not None
    return order.state


STRAYS: list[tuple[Message, str]] = [
    (HoldRefused("nobody", D(1), D(2)), "order.answer_without_order"),
    (VenueEvidence("nobody", LATE, found=True, complete=True), "order.evidence_without_order"),
    (NotSent("nobody", "old", START), "order.not_sent_without_order"),
    (word("nobody", ExecKind.ACCEPTED), "order.report_without_order"),
]


@pytest.mark.parametrize(("message", "event"), STRAYS, ids=[row[1] for row in STRAYS])
def test_an_answer_to_no_order_is_noted_and_nothing_else(message: Message, event: str) -> None:
    books = ready()
    (note,) = books.send(message)
    assert isinstance(note, Note)
    assert note.event == event
    assert "nobody" in dict(note.fields).values()


@pytest.mark.parametrize("outcome", list(CancelOutcome))
@pytest.mark.parametrize("known", [True, False])
def test_an_attempt_of_safe_mode_changes_no_order(outcome: CancelOutcome, *, known: bool) -> None:
    """Only the venue's own word on the order does; the attempt is noted."""
    books = ready()
    one = sent_order(books)
    before = encode(books.orders.state)
    (note,) = books.send(SafeStopAttempted(one if known else "", START, outcome))
    assert isinstance(note, Note)
    assert note.event == "order.safe_stop_attempted"
    assert dict(note.fields)["outcome"] == outcome.value
    assert encode(books.orders.state) == before


def test_trades_in_the_evidence_of_an_order_that_nobody_remembers_are_booked() -> None:
    books = ready()
    bought = changed(
        trade("nobody", "a", "0.1", cost="5000.00", fee="20.00"), symbol="XBT/USD", side=Side.BUY
    )
    reports = (word("nobody", ExecKind.ACCEPTED), bought)
    evidence = VenueEvidence("nobody", LATE, found=True, complete=True, reports=reports)
    sent = books.send(evidence)
    assert [note.event for note in of(Note, sent)] == [
        "order.evidence_without_order",
        "ledger.trade_unexplained",
    ]
    assert books.balance("available:XBT") == D("0.1")


def test_a_hold_for_no_order_is_let_go_again() -> None:
    books = ready()
    sent = books.send(PlaceHold("nobody", "USD", D("100.00")))
    assert [each.cl_ord_id for each in of(HoldReleased, sent)] == ["nobody"]
    assert [dict(note.fields)["kind"] for note in of(Note, sent)] == ["HoldPlaced"]
    assert (books.balance("held:USD"), books.balance("available:USD")) == (D(0), D(10000))


@pytest.mark.parametrize("answer", ["held", "hold refused"])
def test_a_second_answer_of_the_ledger_never_sends_or_ends_an_order(answer: str) -> None:
    books = ready()
    one = sent_order(books)
    again = HoldPlaced(one) if answer == "held" else HoldRefused(one, D(0), D(1))
    (note,) = books.send(again)
    assert isinstance(note, Note)
    assert dict(note.fields)["event"] == answer
    assert state_of(books, one) is OrderState.SUBMITTED
    assert books.balance("held:USD") == D("502.00")


def test_a_hold_that_comes_after_a_new_leader_sends_nothing() -> None:
    books = ready(OUTSIDE)
    one = pending_order(books)
    books.send(EpochOpened(2, "restart"))
    sent = books.send(PlaceHold(one, "USD", D("502.00")))
    assert not of(SubmitOrder, sent)
    assert state_of(books, one) is OrderState.UNKNOWN
    assert books.balance("held:USD") == D("502.00")


def test_before_a_run_has_started_every_approval_is_refused() -> None:
    books = Books()
    books.fund()
    (refused,) = books.send(approved(0))
    assert isinstance(refused, IntentRefused)
    assert (refused.reason, refused.value) == (Refusal.HALTED, "no run")


def test_a_run_of_the_same_epoch_changes_no_order() -> None:
    books = ready(OUTSIDE)
    one = sent_order(books)
    books.start("run", epoch=1)
    assert state_of(books, one) is OrderState.SUBMITTED
    assert books.orders.state.intent_no == 0


def test_a_run_that_goes_on_numbers_intents_on_and_another_begins_anew() -> None:
    books = ready(OUTSIDE)
    one = sent_order(books, 5)
    books.start("run", epoch=2)
    assert state_of(books, one) is OrderState.UNKNOWN
    assert books.orders.state.intent_no == 5
    books.start("next", epoch=3)
    assert books.orders.state.intent_no == -1


@pytest.mark.parametrize(
    ("due", "expected"),
    [(9_999_999_999, OrderState.SUBMITTED), (10 * SECOND, OrderState.UNKNOWN)],
)
def test_silence_falls_at_its_instant(due: int, expected: OrderState) -> None:
    books = ready(OUTSIDE)
    one = sent_order(books)
    books.pass_to(START + due)
    assert state_of(books, one) is expected


def test_silence_means_nothing_for_an_order_that_was_heard_of_or_is_over() -> None:
    books = ready(OUTSIDE)
    one = sent_order(books)
    fired = TimerFired(silence_timer(one), LATE)
    books.send(word(one, ExecKind.ACCEPTED))
    assert not books.orders.handle(fired, LATE)
    books.send(word(one, ExecKind.CANCELLED))
    assert not books.orders.handle(fired, LATE)


@pytest.mark.parametrize(
    ("state", "level", "cancels"),
    [
        (TradingState.ACTIVE, 0, 0),
        (TradingState.ACTIVE, 1, 1),
        (TradingState.REDUCING, 0, 1),
        (TradingState.HALTED, 0, 1),
    ],
)
def test_resting_buys_are_called_back_by_whatever_closes_entries(
    state: TradingState, level: int, cancels: int
) -> None:
    books = ready()
    sent_order(books)
    sent = books.send(TradingStateChanged(state, level, "test"))
    assert len(of(CancelOrder, sent)) == cancels


def test_a_buy_that_waits_for_its_hold_is_not_cancelled_at_the_venue() -> None:
    """It never went there; the hold's answer withdraws it."""
    books = ready()
    one = pending_order(books)
    assert not of(CancelOrder, books.send(TradingStateChanged(TradingState.REDUCING, 0, "test")))
    sent = books.send(PlaceHold(one, "USD", D("502.00")))
    assert not of(SubmitOrder, sent)
    assert state_of(books, one) is OrderState.NOT_SENT


def test_a_refused_hold_says_what_was_free_and_what_was_wanted() -> None:
    books = ready()
    (refused,) = of(IntentRefused, books.send(approved(0, Side.BUY, "1")))
    assert (refused.value, refused.threshold) == ("10000", "50200.00")


@pytest.mark.parametrize("ending", [ExecKind.CANCELLED, ExecKind.EXPIRED])
def test_absence_of_an_order_that_is_over_says_nothing(ending: ExecKind) -> None:
    books = ready(OUTSIDE)
    one = sent_order(books)
    books.send(word(one, ending))
    assert not books.send(VenueEvidence(one, LATE, found=False, complete=True), LATE)


def test_absence_of_an_order_that_rests_is_a_doubt_and_only_younger_lists_end_it() -> None:
    """Lists lag behind: one miss proves nothing, and it can no longer have got lost."""
    books = ready(OUTSIDE)
    one = sent_order(books)
    books.send(word(one, ExecKind.ACCEPTED))
    absent = VenueEvidence(one, LATE, found=False, complete=True)
    books.send(absent, LATE)
    assert state_of(books, one) is OrderState.UNKNOWN
    books.send(absent, LATE + 5)
    assert state_of(books, one) is OrderState.UNKNOWN
    assert one in books.ledger.state.holds
    books.send(VenueEvidence(one, LATE + 5, found=False, complete=True), LATE + 5)
    assert state_of(books, one) is OrderState.CANCELLED
    assert not books.ledger.state.holds


def test_lists_without_an_order_that_rests_say_nothing_unless_they_are_whole() -> None:
    books = ready(OUTSIDE)
    one = sent_order(books)
    books.send(word(one, ExecKind.ACCEPTED))
    assert not books.send(VenueEvidence(one, LATE, found=False, complete=False), LATE)
    assert state_of(books, one) is OrderState.OPEN


def test_lists_that_were_not_read_whole_say_nothing_of_an_order_that_rests() -> None:
    books = ready(OUTSIDE)
    one = sent_order(books)
    books.send(word(one, ExecKind.ACCEPTED))
    evidence = VenueEvidence(one, LATE, found=True, complete=False, open=False)
    assert not books.send(evidence, LATE)
    assert state_of(books, one) is OrderState.OPEN


@pytest.mark.parametrize(("quantity", "cost", "cancels"), [("0.004", "200", 1), ("0.01", "500", 0)])
def test_a_rejected_order_that_fills_is_cancelled_only_while_something_may_rest(
    quantity: str, cost: str, cancels: int
) -> None:
    books = ready()
    one = sent_order(books)
    books.send(word(one, ExecKind.REJECTED))
    fee = str(D(cost) * D("0.004"))
    sent = books.send(trade(one, "a", quantity, cost=cost, fee=fee))
    assert [note.event for note in of(Note, sent)] == ["order.filled_after_its_end"]
    assert len(of(CancelOrder, sent)) == cancels
    assert books.balance("available:XBT") == D(quantity)
