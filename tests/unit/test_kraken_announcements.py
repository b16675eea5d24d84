"""The venue's announced maintenances, as its status tells them and as the core keeps them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from actors.instant import HOUR_NS, MINUTE_NS
from actors.messages.control import MaintenanceAnnounced
from actors.messages.decision import Side
from actors.messages.market import FeedStatus
from actors.messages.order import CancelOrder
from actors.messages.risk import IntentRefused, Refusal
from actors.orders.calendar import KEPT
from actors.orders.state import OrdersConfig
from adapters.kraken.stream import MarketStream
from adapters.kraken.tokens import instant_of
from tests.books import INSTRUMENTS, of
from tests.outside_books import OutsideBooks

START, END = "2026-10-03T10:00:00Z", "2026-10-03T11:30:00Z"


pytestmark = pytest.mark.usefixtures("exact_money")


def event(name: str = "m1", **changes: Any) -> dict[str, Any]:
    """What the venue says of one event, more than we use."""
    return {
        "event_id": name,
        "affected_services": ["spot"],
        "expected_start_utc": START,
        "expected_end_utc": END,
        "cancel_before_utc": "2026-10-03T09:55:00Z",
        "phase": "announced",
        "recommended_action": "cancel_open_orders",
        "time_to_start_s": 3600,
        **changes,
    }


def told(stream: MarketStream, *events: Any, absent: bool = False) -> list[MaintenanceAnnounced]:
    """What a status makes of its list."""
    state: dict[str, Any] = {"system": "online", "connection_id": 2**60}
    if not absent:
        state["upcoming_maintenance"] = list(events)
    frame = json.dumps({"channel": "status", "type": "update", "data": [state]}).encode()
    bodies = [item.body for item in stream.feed(frame, instant_of(START) - HOUR_NS)]
    assert any(isinstance(each, FeedStatus) for each in bodies)
    return [each for each in bodies if isinstance(each, MaintenanceAnnounced)]


def test_an_event_is_told_once_when_it_changes_and_when_it_is_withdrawn() -> None:
    stream = MarketStream(("BTC/USD",))
    first = MaintenanceAnnounced(
        "m1", instant_of(START), instant_of(END), instant_of("2026-10-03T09:55:00Z")
    )
    assert told(stream, event()) == [first]
    assert told(stream, event()) == []
    assert told(stream, absent=True) == [], "an older status says nothing of it"
    (moved,) = told(stream, event(expected_end_utc="2026-10-03T12:00:00Z"))
    assert moved.ends == instant_of("2026-10-03T12:00:00Z")
    assert told(stream) == [MaintenanceAnnounced("m1", 0, 0, 0)]
    assert told(stream) == []


def test_an_event_without_an_end_lasts_six_hours_and_times_need_no_letter() -> None:
    plain = "2026-10-03 10:00:00"
    (found,) = told(
        MarketStream(("BTC/USD",)),
        event(expected_start_utc=plain, expected_end_utc=None, cancel_before_utc=None),
    )
    assert found == MaintenanceAnnounced(
        "m1", instant_of(START), instant_of(START) + 6 * HOUR_NS, 0
    )


def test_what_nobody_need_heed_is_none_of_ours() -> None:
    assert told(MarketStream(("BTC/USD",)), event(recommended_action="continue")) == []


@pytest.mark.parametrize(
    "broken",
    [7, {}, event(expected_start_utc="soon"), event(expected_start_utc=None), event(event_id=5)],
)
def test_what_cannot_be_read_is_counted_and_withdraws_nothing(broken: Any) -> None:
    stream = MarketStream(("BTC/USD",))
    told(stream, event())
    assert told(stream, broken) == []
    assert stream.counts.misshapen_frames == 1
    assert len(told(stream, broken, event("m2"))) == 1
    assert told(stream, event("m2")) == [MaintenanceAnnounced("m1", 0, 0, 0)]


def account(**changes: Any) -> OutsideBooks:
    """An account that agrees with its venue and stops entering a quarter of an hour before."""
    lead = {"maintenance_lead_ns": 15 * MINUTE_NS, "venue_in_graph": False}
    found = OutsideBooks(
        orders=OrdersConfig(INSTRUMENTS, **{**lead, **changes}), USD="10000.00", XBT="1.00000000"
    )
    found.pass_on(2)
    found.read()
    return found


def may_enter(books: OutsideBooks) -> bool:
    """Whether an entry leaves now; it is over again at once."""
    order = books.order(quantity="0.01000000")
    if order is None:
        refused = of(IntentRefused, books.sent)[-1]
        assert refused.reason is Refusal.UNGUARDED
    return order is not None


def announce(books: OutsideBooks, name: str, minutes: tuple[int, int]) -> None:
    first, last = (books.at + each * MINUTE_NS for each in minutes)
    books.send(MaintenanceAnnounced(name, first, last, 0))


@pytest.mark.parametrize("switch_seconds", [0, 60])
def test_entries_stop_before_it_are_called_back_and_begin_after_it(switch_seconds: int) -> None:
    """With or without a dead man's switch; sales go on all the time."""
    books = account(switch_seconds=switch_seconds)
    order = books.order(quantity="0.01000000")
    assert order is not None
    books.deliver(books.model.take(order))
    announce(books, "m1", (25, 40))
    assert of(CancelOrder, books.pass_on(599)) == []
    assert len(of(CancelOrder, books.pass_on(1))) == 1
    books.read()
    assert not may_enter(books)
    assert of(IntentRefused, books.sent)[-1].value == "a maintenance is announced: m1"
    assert books.order(Side.SELL, "0.01000000") is not None
    books.settle()
    books.pass_on(30 * 60)
    books.settle()
    assert may_enter(books)


def test_the_calendar_keeps_several_and_a_later_one_does_not_hide_an_earlier() -> None:
    books = account()
    announce(books, "near", (20, 30))
    announce(books, "far", (500, 600))
    books.pass_on(6 * 60)
    books.settle()
    assert not may_enter(books)
    books.pass_on(30 * 60)
    books.settle()
    assert may_enter(books)
    assert list(books.orders.state.maintenances) == ["far"]


def test_a_withdrawn_or_moved_one_opens_the_entries_again() -> None:
    books = account()
    announce(books, "m1", (5, 30))
    assert not may_enter(books)
    announce(books, "m1", (100, 120))
    assert may_enter(books)
    announce(books, "m1", (5, 30))
    assert not may_enter(books)
    books.send(MaintenanceAnnounced("m1", 0, 0, 0))
    assert may_enter(books)
    assert books.orders.state.maintenances == {}


def test_without_a_switch_each_of_two_finds_its_entries_called_back() -> None:
    books = account()
    announce(books, "one", (20, 30))
    announce(books, "two", (90, 100))
    books.pass_on(6 * 60)
    books.settle()
    books.pass_on(30 * 60)
    books.settle()
    order = books.order(quantity="0.01000000")
    assert order is not None
    books.deliver(books.model.take(order))
    cancels = of(CancelOrder, books.pass_on(50 * 60))
    assert {each.reason for each in cancels} >= {"a maintenance is announced: two"}


def test_a_flood_of_announcements_keeps_those_that_come_first() -> None:
    books = account()
    for number in range(KEPT + 10):
        announce(books, f"m{number}", (1000 + number, 2000 + number))
    assert len(books.orders.state.maintenances) == KEPT
    assert "m0" in books.orders.state.maintenances
    assert books.orders.state.quiet_from == min(
        begins for begins, _ in books.orders.state.maintenances.values()
    )
