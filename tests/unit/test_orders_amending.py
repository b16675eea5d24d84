"""Changing a resting exit as a specification: when it may be, what its answers mean, what ends it.

One change at a time, durable before it leaves, UNKNOWN when nobody can say, and ended by the
venue's evidence alone. The limit only falls, and the hold stays what it was.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from actors.messages.control import ConstraintViolated, EpochOpened, Note
from actors.messages.decision import Side
from actors.messages.execution import AmendAnswered, ExecKind, NotSent, SubmitOutcome
from actors.messages.ledger import TransfersPosted
from actors.messages.order import AmendOrder, CancelOrder, OrderState, OrderUpdate
from actors.messages.risk import IntentRefused, Refusal, TradingState, TradingStateChanged
from actors.orders.amendments import AMENDABLE, TRANSITIONS, AmendEvent, AmendState
from actors.orders.lifecycle import TERMINAL
from tests.amend_desk import AmendDesk, wanted
from tests.books import SECOND, of
from tests.outside_books import sparse

D = Decimal
OLD, NEW = D("50000.0"), D("49900.0")


pytestmark = pytest.mark.usefixtures("exact_money")


def answer(desk: AmendDesk, outcome: SubmitOutcome, number: int = 1) -> None:
    desk.send(AmendAnswered(desk.name, number, desk.at, outcome, "as the venue says"))


def state(desk: AmendDesk) -> tuple[OrderState, AmendState, Decimal]:
    return desk.ours.state, desk.amendment.state, desk.ours.limit_price


# The table, written out again.
ENDS = {
    AmendEvent.CONFIRMED: AmendState.AMENDED,
    AmendEvent.REFUSED: AmendState.REFUSED,
    AmendEvent.NOT_SENT: AmendState.NOT_SENT,
    AmendEvent.UNCHANGED: AmendState.REFUSED,
    AmendEvent.ORDER_OVER: AmendState.OVERTAKEN,
}


@pytest.mark.parametrize("before", AmendState)
@pytest.mark.parametrize("event", AmendEvent)
def test_every_event_leads_where_the_table_says(before: AmendState, event: AmendEvent) -> None:
    """Only silence makes a pending change unknown, and what has ended stays as it is."""
    expected = None
    if before in (AmendState.PENDING, AmendState.UNKNOWN):
        expected = ENDS.get(event)
    if (before, event) == (AmendState.PENDING, AmendEvent.SILENCE):
        expected = AmendState.UNKNOWN
    assert TRANSITIONS[before].get(event) is expected


def test_only_what_rests_can_be_amended() -> None:
    assert AMENDABLE == (OrderState.OPEN, OrderState.PARTIALLY_FILLED)


def test_a_change_is_an_intent_of_its_own_and_moves_no_money() -> None:
    desk = AmendDesk()
    sent = desk.ask("49900.0")
    (change,) = of(AmendOrder, sent)
    assert (change.cl_ord_id, change.amend_no) == (desk.name, 1)
    assert (change.quantity, change.filled, change.limit_price) == (D("0.1"), D(0), NEW)
    assert change.intent_no != desk.ours.intent_no
    assert change.deadline == desk.at + 5 * SECOND
    assert not of(TransfersPosted, sent)
    assert state(desk) == (OrderState.OPEN, AmendState.PENDING, OLD)
    (told,) = of(OrderUpdate, sent)
    assert told.reason == "amendment 1 pending: 50000.0 to 49900.0"


def test_a_confirmed_change_is_the_limit_from_then_on() -> None:
    desk = AmendDesk()
    desk.amend("49900.0")
    answer(desk, SubmitOutcome.ACCEPTED)
    assert state(desk) == (OrderState.OPEN, AmendState.AMENDED, NEW)
    desk.check()


@pytest.mark.parametrize(
    ("expected", "fields"),
    [
        (Refusal.NOTIONAL_RAISED, {"price": "50000.1"}),
        (Refusal.NOTIONAL_RAISED, {"price": "50000.0"}),
        (Refusal.INVALID_QUANTITY, {"quantity": "0.11"}),
        (Refusal.INVALID_QUANTITY, {"quantity": "0.05"}),
        (Refusal.PRICE_OFF_TICK, {"price": "49900.05"}),
        (Refusal.PRICE_COLLAR, {"price": "49499.9"}),
    ],
)
def test_a_change_that_would_raise_or_misfit_is_refused(
    expected: Refusal, fields: dict[str, str]
) -> None:
    desk = AmendDesk()
    sent = desk.ask(**{"price": "49900.0", **fields})
    assert not of(AmendOrder, sent)
    assert [each.reason for each in of(IntentRefused, sent)] == [expected]
    assert desk.ours.amendment is None


def refused(desk: AmendDesk) -> Refusal:
    (told,) = of(IntentRefused, desk.ask("49800.0"))
    assert told.gate == "orders"
    return told.reason


def test_one_change_at_a_time_and_not_too_often() -> None:
    desk = AmendDesk()
    desk.amend("49900.0")
    assert refused(desk) is Refusal.NOT_AMENDABLE
    answer(desk, SubmitOutcome.ACCEPTED)
    assert refused(desk) is Refusal.AMENDED_LATELY
    desk.wait()
    desk.orders.config = msgspec.structs.replace(desk.orders.config, amends_max_count=1)
    assert refused(desk) is Refusal.AMENDED_LATELY


def test_what_just_came_or_is_called_back_or_gone_is_not_changed() -> None:
    desk = AmendDesk()
    young = desk.order(Side.SELL, "0.1")
    assert young is not None
    desk.deliver(desk.model.take(young))
    desk.intents += 1
    told = desk.send(wanted(desk, young.cl_ord_id, "49900.0", number=desk.intents))
    assert of(IntentRefused, told)[0].reason is Refusal.AMENDED_LATELY
    desk.pass_on(2 * 3600)
    assert of(CancelOrder, desk.sent), "their life is over"
    assert refused(desk) is Refusal.NOT_AMENDABLE
    desk.deliver(desk.model.finish(desk.theirs, ExecKind.CANCELLED))
    assert refused(desk) is Refusal.NOT_AMENDABLE


def test_an_entry_is_never_changed() -> None:
    desk = AmendDesk()
    entry = desk.order(Side.BUY, "0.01")
    assert entry is not None
    desk.deliver(desk.model.take(entry))
    desk.wait()
    desk.intents += 1
    told = desk.send(wanted(desk, entry.cl_ord_id, "49900.0", number=desk.intents, side=Side.BUY))
    (told_back,) = of(IntentRefused, told)
    assert (told_back.reason, told_back.value) == (Refusal.NOT_AMENDABLE, "an entry")


@pytest.mark.parametrize("kill_level", [0, 1, 2, 3])
@pytest.mark.parametrize("trading", TradingState)
def test_a_change_may_be_asked_in_every_state_that_lets_exits_go(
    trading: TradingState, kill_level: int
) -> None:
    desk = AmendDesk()
    desk.send(TradingStateChanged(trading, kill_level, "as the case has it"))
    sent = of(AmendOrder, desk.ask("49900.0"))
    assert bool(sent) is (trading is not TradingState.HALTED)


@pytest.mark.parametrize("outcome", [SubmitOutcome.RATE_LIMITED, SubmitOutcome.WRONG_MODE])
def test_what_is_documented_as_not_executed_leaves_the_order_as_it_was(
    outcome: SubmitOutcome,
) -> None:
    desk = AmendDesk()
    desk.amend("49900.0")
    answer(desk, outcome)
    assert state(desk) == (OrderState.OPEN, AmendState.REFUSED, OLD)
    desk.wait()
    assert desk.amend("49800.0").amend_no == 2


def test_a_change_that_the_venue_refuses_brings_its_order_in_doubt() -> None:
    """It may know no such order: only the lists tell."""
    desk = AmendDesk()
    desk.amend("49900.0")
    desk.model.finish(desk.theirs, ExecKind.CANCELLED)
    answer(desk, SubmitOutcome.REFUSED)
    assert state(desk) == (OrderState.UNKNOWN, AmendState.REFUSED, OLD)
    desk.look_up()
    assert desk.ours.state is OrderState.CANCELLED
    desk.check_agreement()


def test_a_change_that_never_left_is_over_and_its_order_goes_on() -> None:
    desk = AmendDesk()
    desk.amend("49900.0")
    desk.send(NotSent(desk.name, "the epoch is old", desk.at, amend_no=1))
    assert state(desk) == (OrderState.OPEN, AmendState.NOT_SENT, OLD)
    assert of(Note, desk.send(NotSent(desk.name, "again", desk.at, amend_no=7)))
    assert of(Note, desk.send(NotSent("stranger", "again", desk.at, amend_no=1)))
    assert desk.ours.state is OrderState.OPEN


UNCLEAR = [SubmitOutcome.UNKNOWN, SubmitOutcome.DEADLINE_ELAPSED]


@pytest.mark.parametrize("outcome", UNCLEAR)
@pytest.mark.parametrize("applied", [True, False])
def test_an_unclear_answer_is_ended_by_what_the_lists_show(
    outcome: SubmitOutcome, *, applied: bool
) -> None:
    desk = AmendDesk()
    change = desk.amend("49900.0")
    held = desk.balance("held:XBT")
    if applied:
        desk.model.amend(change)
    answer(desk, outcome)
    assert state(desk) == (OrderState.UNKNOWN, AmendState.UNKNOWN, OLD)
    assert desk.balance("held:XBT") == held
    assert desk.order(Side.BUY) is None, "the symbol takes no entry"
    desk.look_up()
    if not applied and outcome is SubmitOutcome.UNKNOWN:
        assert desk.amendment.state is AmendState.UNKNOWN, "it may still be on its way"
        desk.pass_on(6)
        desk.look_up()
    expected = (AmendState.AMENDED, NEW) if applied else (AmendState.REFUSED, OLD)
    assert state(desk) == (OrderState.OPEN, *expected)
    desk.check()


def test_silence_after_the_deadline_is_unknown() -> None:
    desk = AmendDesk()
    desk.amend("49900.0")
    desk.pass_on(10)
    assert state(desk) == (OrderState.UNKNOWN, AmendState.UNKNOWN, OLD)
    answer(desk, SubmitOutcome.ACCEPTED)
    assert state(desk) == (OrderState.OPEN, AmendState.AMENDED, NEW), "late, and still the answer"


@pytest.mark.parametrize("facts", ["fill", "word"])
def test_facts_of_an_order_do_not_end_what_is_unknown_of_its_change(facts: str) -> None:
    desk = AmendDesk()
    change = desk.amend("49900.0")
    answer(desk, SubmitOutcome.UNKNOWN)
    if facts == "fill":
        desk.deliver(desk.model.fill(desk.theirs, D("0.04")))
    else:
        desk.deliver([desk.model.shown(desk.theirs)])
    assert state(desk)[:2] == (OrderState.UNKNOWN, AmendState.UNKNOWN)
    desk.model.amend(change)
    desk.look_up()
    assert state(desk) == (OrderState.OPEN, AmendState.AMENDED, NEW)
    desk.check()


@pytest.mark.parametrize("unknown", [True, False])
def test_an_order_that_ends_takes_its_change_along(*, unknown: bool) -> None:
    """A fill, or a cancel, races with it."""
    desk = AmendDesk()
    desk.amend("49900.0")
    if unknown:
        answer(desk, SubmitOutcome.UNKNOWN)
    desk.deliver(desk.model.fill(desk.theirs, D("0.1")))
    assert state(desk) == (OrderState.FILLED, AmendState.OVERTAKEN, OLD)
    for outcome in SubmitOutcome:
        answer(desk, outcome)
    assert state(desk) == (OrderState.FILLED, AmendState.OVERTAKEN, OLD)
    assert not desk.ledger.state.holds
    desk.check_agreement()


def test_a_cancel_wins_over_a_change_that_is_open() -> None:
    desk = AmendDesk()
    change = desk.amend("49900.0")
    desk.pass_on(2 * 3600)
    desk.model.at = change.deadline
    desk.deliver(desk.model.finish(desk.theirs, ExecKind.CANCELLED))
    assert state(desk)[:2] == (OrderState.CANCELLED, AmendState.OVERTAKEN)
    assert not desk.ledger.state.holds


def test_the_venues_report_confirms_before_its_answer_and_twice_is_once() -> None:
    desk = AmendDesk()
    change = desk.amend("49900.0")
    reports = desk.model.amend(change)
    desk.deliver(reports)
    assert state(desk) == (OrderState.OPEN, AmendState.AMENDED, NEW)
    count = len(desk.sent)
    desk.deliver([*reports, sparse(reports[0])])
    answer(desk, SubmitOutcome.ACCEPTED)
    assert len(desk.sent) == count


def test_a_report_of_an_earlier_change_changes_nothing() -> None:
    desk = AmendDesk()
    first = desk.model.amend(desk.amend("49900.0"))
    answer(desk, SubmitOutcome.ACCEPTED)
    desk.wait()
    desk.model.amend(desk.amend("49800.0"))
    answer(desk, SubmitOutcome.ACCEPTED, 2)
    desk.deliver(first)
    assert desk.ours.limit_price == D("49800.0")
    told = [msgspec.structs.replace(first[0], limit_price=None)]
    desk.deliver(told)
    assert desk.ours.limit_price == D("49800.0")


def test_lists_from_before_a_change_do_not_undo_it() -> None:
    """They lag by up to a minute."""
    desk = AmendDesk()
    before = desk.model.evidence(desk.name, desk.at)
    desk.model.amend(desk.amend("49900.0"))
    answer(desk, SubmitOutcome.ACCEPTED)
    desk.send(before)
    assert desk.ours.limit_price == NEW


def test_a_yes_after_the_lists_said_no_is_looked_up_again() -> None:
    desk = AmendDesk()
    change = desk.amend("49900.0")
    desk.pass_on(11)
    desk.look_up()
    assert desk.amendment.state is AmendState.REFUSED
    answer(desk, SubmitOutcome.RATE_LIMITED)
    assert state(desk)[0] is OrderState.OPEN
    desk.model.at = change.deadline
    desk.model.amend(change)
    answer(desk, SubmitOutcome.ACCEPTED)
    assert state(desk)[0] is OrderState.UNKNOWN
    desk.pass_on(1)
    desk.look_up()
    assert (desk.ours.state, desk.ours.limit_price) == (OrderState.OPEN, NEW)


def test_a_new_leader_takes_a_change_under_way_for_unknown() -> None:
    """A crash between the intent and its answer."""
    desk = AmendDesk()
    change = desk.amend("49900.0")
    desk.cut()
    desk.send(EpochOpened(2, "taken over"))
    assert state(desk) == (OrderState.UNKNOWN, AmendState.UNKNOWN, OLD)
    desk.model.amend(change)
    desk.look_up()
    assert state(desk) == (OrderState.OPEN, AmendState.AMENDED, NEW)


def test_an_answer_to_nothing_of_ours_is_noted() -> None:
    desk = AmendDesk()
    for name in (desk.name, "stranger"):
        told = desk.send(AmendAnswered(name, 3, desk.at, SubmitOutcome.ACCEPTED))
        assert [each.event for each in of(Note, told)] == ["order.amend_answer_of_nobody"]


def test_what_somebody_else_changed_is_taken_over_and_noted() -> None:
    desk = AmendDesk()
    desk.theirs.limit_price = D("51000.0")
    desk.deliver([desk.model.shown(desk.theirs)])
    assert desk.ours.limit_price == D("51000.0")
    desk.theirs.limit_price = D("52000.0")
    desk.pass_on(301)
    desk.read()
    assert desk.ours.limit_price == D("52000.0")
    assert len([each for each in of(Note, desk.sent) if each.event == "order.limit_restated"]) == 2
    desk.check()
    odd = msgspec.structs.replace(desk.model.shown(desk.theirs), limit_price=D(-1))
    desk.deliver([odd])
    assert desk.ours.limit_price == D("52000.0")


def test_an_entry_that_somebody_made_dearer_halts_and_a_cheaper_one_is_covered() -> None:
    desk = AmendDesk()
    entry = desk.order(Side.BUY, "0.01")
    assert entry is not None
    desk.deliver(desk.model.take(entry))
    theirs = desk.model.of(entry.cl_ord_id)
    assert theirs is not None
    theirs.limit_price = D("49000.0")
    assert not desk.deliver([desk.model.shown(theirs)])
    theirs.limit_price = D("50000.1")
    told = desk.deliver([desk.model.shown(theirs)])
    assert [each.name for each in of(ConstraintViolated, told)] == ["order_restated_upwards"]


def test_a_closed_order_forgets_the_limits_it_had() -> None:
    desk = AmendDesk()
    desk.model.amend(desk.amend("49900.0"))
    answer(desk, SubmitOutcome.ACCEPTED)
    assert desk.ours.limits == [OLD]
    desk.deliver(desk.model.fill(desk.theirs, D("0.1")))
    assert desk.ours.state in TERMINAL
    assert desk.ours.limits == []
