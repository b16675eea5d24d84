"""The dead man's switch: armed while entries rest, renewed by the core's own timer, never in vain.

It cancels the whole account, so foreign orders need a person's consent, and an announced
maintenance finds it off.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from actors.messages.base import Message
from actors.messages.control import (
    EpochOpened,
    MaintenanceAnnounced,
    SwitchConsent,
    TimerFired,
)
from actors.messages.decision import Side
from actors.messages.execution import ExecKind
from actors.messages.order import CancelOrder, DeadManSwitch, PlaceHold, SubmitOrder
from actors.messages.risk import IntentRefused, Refusal
from tests.books import SECOND, of
from tests.outside_books import OutsideBooks
from tests.switched_books import rests, set_to, switched_books

D = Decimal


pytestmark = pytest.mark.usefixtures("exact_money")


@pytest.fixture
def books() -> OutsideBooks:
    """An account with a switch of a minute, which agrees with its venue."""
    return switched_books()


def ends(books: OutsideBooks, order: SubmitOrder) -> list[Message]:
    there = books.model.of(order.cl_ord_id)
    assert there is not None
    return books.deliver(books.model.finish(there, ExecKind.CANCELLED))


def test_it_is_armed_before_the_first_entry_leaves_and_disarmed_with_the_last(
    books: OutsideBooks,
) -> None:
    first = len(books.sent)
    one, two = rests(books), rests(books)
    kinds = [type(each) for each in books.sent[first:]]
    assert kinds.index(DeadManSwitch) < kinds.index(SubmitOrder)
    assert kinds.index(PlaceHold) < kinds.index(DeadManSwitch)
    assert set_to(books.sent[first:]) == [60]
    assert set_to(ends(books, one)) == []
    assert set_to(ends(books, two)) == [0]
    assert set_to(books.pass_on(300)) == []


def test_the_loops_own_timer_renews_it_every_third_of_its_run(books: OutsideBooks) -> None:
    rests(books)
    assert set_to(books.pass_on(100)) == [60] * 5


def test_sales_never_arm_it(books: OutsideBooks) -> None:
    """What reduces risk may rest unguarded."""
    first = len(books.sent)
    rests(books, Side.SELL)
    assert set_to(books.sent[first:]) == []


def test_a_new_leader_looks_at_once_whether_it_must_be_armed(books: OutsideBooks) -> None:
    """What its predecessor armed, or failed to disarm, it cannot know."""
    assert set_to(books.send(EpochOpened(2, "a new leader"))) == []
    assert set_to(books.pass_on(1)) == [0]
    books.read()
    rests(books)
    books.send(EpochOpened(3, "a new leader"))
    assert set_to(books.pass_on(1)) == [60]


def test_with_foreign_open_orders_there_are_no_entries_until_a_person_consents(
    books: OutsideBooks,
) -> None:
    """Those that rest are called back, since they would stay unguarded."""
    order = rests(books)
    books.model.open("", "ETH/USD", Side.SELL, D("0.5"))
    books.pass_on(300)
    first = len(books.sent)
    books.read()
    assert [each.cl_ord_id for each in of(CancelOrder, books.sent[first:])] == [order.cl_ord_id]
    assert set_to(books.sent[first:]) == [0]
    assert books.order() is None
    refused = of(IntentRefused, books.sent)[-1]
    assert refused.reason is Refusal.UNGUARDED
    assert refused.value == "1 open orders are not ours, and nobody has consented"
    assert books.order(Side.SELL) is not None
    books.send(SwitchConsent(True, "operator", "a dedicated account, nearly"))
    rests(books)
    assert set_to(books.sent)[-1] == 60
    assert set_to(books.send(SwitchConsent(False, "operator", "no more"))) == [0]


def test_it_is_off_before_an_announced_maintenance_and_nothing_is_entered(
    books: OutsideBooks,
) -> None:
    """Two of its runs before the venue wants to be left; exits go on, and entries after it."""
    rests(books)
    leave = books.at + 300 * SECOND
    told = MaintenanceAnnounced("m1", leave + 60 * SECOND, leave + 600 * SECOND, leave)
    assert set_to(books.send(told)) == [60]
    before = books.pass_on(179)
    assert set(set_to(before)) == {60}
    told_off = books.pass_on(1)
    assert set_to(told_off)[-1] == 0
    assert len(of(CancelOrder, told_off)) == 1
    books.settle()
    books.pass_on(1)
    assert books.order() is None
    assert of(IntentRefused, books.sent)[-1].value == "a maintenance is announced: m1"
    assert books.order(Side.SELL) is not None
    books.pass_on(600)
    books.settle()
    assert books.order(quantity="0.01000000") is not None


def test_a_maintenance_that_has_nearly_begun_turns_it_off_at_once(books: OutsideBooks) -> None:
    rests(books)
    told = MaintenanceAnnounced("m1", books.at + SECOND, books.at + 600 * SECOND, 0)
    assert set_to(books.send(told)) == [0]


def test_without_a_switch_nothing_of_it_happens() -> None:
    """In a graph with its own venue, and where the settings turn it off."""
    books = OutsideBooks(USD="10000.00")
    books.read()
    order = rests(books)
    books.send(EpochOpened(2, "a new leader"))
    books.send(MaintenanceAnnounced("m1", books.at, books.at + SECOND, 0))
    books.pass_on(60)
    books.look_up()
    ends(books, order)
    assert not of(DeadManSwitch, books.sent)


def test_a_switch_that_the_settings_turned_off_is_not_renewed_by_an_old_timer() -> None:
    books = OutsideBooks(USD="10000.00")
    assert not books.orders.handle(TimerFired("switch", books.at), books.at)


def test_a_maintenance_announced_while_nothing_rests_sets_nothing(books: OutsideBooks) -> None:
    told = MaintenanceAnnounced("m1", books.at + 600 * SECOND, books.at + 900 * SECOND, 0)
    assert not books.send(told)
