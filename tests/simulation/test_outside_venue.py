"""Orders are asked about until they were: a venue that is silent at the start is asked again.

How often is bounded: an order of unknown outcome is looked up at once, then after pauses of logical
time that double, and right after its deadline, when absence begins to prove something. The driver
asks through `OutsideVenue`; here it speaks to a recording sink that is not there yet.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal

import pytest

from actors.instant import SECOND_NS
from actors.kernel.kernel import Kernel
from actors.messages.control import LedgerEntry
from actors.messages.decision import Side
from actors.messages.execution import ExecKind, ExecutionReport, VenueEvidence
from actors.messages.order import OrderState
from actors.messages.reconciliation import ReconcileRequested, VenueOrderSeen, VenueSnapshot
from actors.orders.state import Order
from actors.ports import Transient
from actors.reconciliation.state import ReconciliationActorState
from actors.venue_port import VenueOrder
from adapters.instruments.table import instruments
from service.graph import build_graph
from service.ingress import Ingress
from service.outside_venue import LOOK_AGAIN_LONGEST_NS, PART, OutsideVenue, parts_of
from service.settings import DecisionSettings, VenueSettings
from tests.simulation.hourly_market import SYMBOLS
from tests.simulation.sink_venue import SinkVenue


class Reached(SinkVenue):
    """A client whose line is there or not, and whose lists are given."""

    def __init__(self) -> None:
        self.there: dict[str, VenueOrder] | None = None
        self.look_ups: list[str] = []

    async def look_up(self, cl_ord_id: str, since: int) -> VenueOrder:
        """What the given lists say."""
        self.look_ups.append(cl_ord_id)
        if self.there is None:
            raise Transient("there is no line to the venue")
        return self.there.get(cl_ord_id, VenueOrder(cl_ord_id, False, True, False))


def kernel(state: OrderState, deadline: int = 20) -> Kernel:
    """A graph with one live order, decided at 10 with its deadline at 20 unless told otherwise."""
    decision = DecisionSettings(venue=VenueSettings(outside=True))
    core = build_graph(decision, instruments(SYMBOLS), None).kernel
    one = Decimal(1)
    order = Order("one", 0, "ETH/USD", Side.BUY, one, one, 10, deadline, state)
    core.actor("orders").state.live["one"] = order
    return core


def test_an_open_order_that_could_not_be_asked_at_the_start_is_asked_later_and_once() -> None:
    """It may have been filled while the service was down."""
    venue, core = Reached(), kernel(OrderState.OPEN)
    outside = OutsideVenue(venue, Ingress())

    async def story() -> None:
        assert await outside.evidence(core, everything=True) == []
        assert await outside.evidence(core, everything=False) == []
        venue.there = {"one": VenueOrder("one", True, True, False)}
        core.at += SECOND_NS
        [seen] = await outside.evidence(core, everything=False)
        assert isinstance(seen, VenueEvidence)
        before = len(venue.look_ups)
        for _ in range(4):
            core.at += LOOK_AGAIN_LONGEST_NS
            assert await outside.evidence(core, everything=False) == []
        assert len(venue.look_ups) == before

    asyncio.run(story())


def test_absence_before_the_deadline_is_no_input_and_after_it_is_proof() -> None:
    """Otherwise every turn of the loop would journal that nothing is known."""
    venue, core = Reached(), kernel(OrderState.UNKNOWN)
    venue.there = {}
    outside = OutsideVenue(venue, Ingress())
    core.at = 20
    assert asyncio.run(outside.evidence(core, everything=True)) == []
    core.at = 21
    [seen] = asyncio.run(outside.evidence(core, everything=False))
    assert isinstance(seen, VenueEvidence)
    assert not seen.found


def asked_at(outside: OutsideVenue, venue: Reached, core: Kernel, until_s: int) -> list[float]:
    """Let the loop turn every half second of logical time: when the order was looked up."""
    found = []
    for turn in range(2 * until_s):
        core.at = turn * SECOND_NS // 2
        before = len(venue.look_ups)
        asyncio.run(outside.evidence(core, everything=False))
        found += [turn / 2] * (len(venue.look_ups) - before)
    return found


@pytest.mark.parametrize("reached", [True, False], ids=["lists without it", "no line"])
def test_an_unknown_order_is_looked_up_at_once_and_then_ever_less_often(*, reached: bool) -> None:
    """1, 2, 4, 8, 16 and then 30 seconds apart, whether the venue answers or not."""
    venue, core = Reached(), kernel(OrderState.UNKNOWN)
    venue.there = {} if reached else None
    asked = asked_at(OutsideVenue(venue, Ingress()), venue, core, 130)
    # The deadline (20 ns) lies just after the first look.
    assert asked == [0, 0.5, 2.5, 6.5, 14.5, 30.5, 60.5, 90.5, 120.5]


def test_it_is_looked_up_again_as_soon_as_its_absence_proves_something() -> None:
    venue, core = Reached(), kernel(OrderState.UNKNOWN, deadline=5 * SECOND_NS)
    venue.there = {}
    asked = asked_at(OutsideVenue(venue, Ingress()), venue, core, 20)
    assert asked == [0, 1, 3, 5.5, 13.5]


def test_an_order_that_becomes_unknown_again_is_asked_about_at_once() -> None:
    """The pauses are those of one doubt, not of the order's life."""
    venue, core = Reached(), kernel(OrderState.UNKNOWN)
    venue.there = {}
    outside = OutsideVenue(venue, Ingress())
    asked_at(outside, venue, core, 20)
    order = core.actor("orders").state.live["one"]
    order.state = OrderState.OPEN
    asyncio.run(outside.evidence(core, everything=False))
    order.state = OrderState.UNKNOWN
    before = len(venue.look_ups)
    asyncio.run(outside.evidence(core, everything=False))
    assert len(venue.look_ups) == before + 1


def reading(orders: int, trades: int, entries: int) -> VenueSnapshot:
    """A reading of so many orders, each with so many trades."""
    one = Decimal(1)
    seen = tuple(
        VenueOrderSeen(f"O{n}", "", "ETH/USD", Side.BUY, one, one, one, 0, ExecKind.FILLED)
        for n in range(orders)
    )
    told = tuple(
        ExecutionReport("", f"T{n}-{each}", ExecKind.TRADE, 1, venue_order_id=f"O{n}")
        for n in range(orders)
        for each in range(trades)
    )
    booked = tuple(LedgerEntry(f"L{n}", "reward", "USD", one, one, 1) for n in range(entries))
    return VenueSnapshot(1, 1, 0, True, (), seen, told, (), booked)


def test_a_short_reading_is_one_input() -> None:
    snapshot = reading(4, 2, 3)
    assert list(parts_of(snapshot)) == [snapshot]


@pytest.mark.parametrize(("orders", "trades", "entries"), [(1000, 1, 0), (2, 1500, 0), (0, 0, 900)])
def test_a_long_reading_comes_in_parts_that_lose_nothing(
    orders: int, trades: int, entries: int
) -> None:
    """Each small enough for a mailbox; the orders of its trades are listed beside them."""
    snapshot = reading(orders, trades, entries)
    parts = list(parts_of(snapshot))
    assert [each.more for each in parts] == [True] * (len(parts) - 1) + [False]
    told = [trade for each in parts for trade in each.trades]
    assert sorted(told, key=repr) == sorted(snapshot.trades, key=repr)
    assert tuple(entry for each in parts for entry in each.entries) == snapshot.entries
    assert {seen for each in parts for seen in each.closed_orders} == {*snapshot.closed_orders}
    for each in parts:
        assert len(each.trades) + len(each.entries) <= PART
        assert len(each.closed_orders) <= PART
        listed = {seen.venue_order_id for seen in each.closed_orders}
        assert {trade.venue_order_id for trade in each.trades} <= listed


class Listing(Reached):
    """Lists that are read or not."""

    def __init__(self, *, broken: bool) -> None:
        super().__init__()
        self.broken = broken
        self.asked: list[ReconcileRequested] = []
        self.meanwhile: Callable[[], None] = lambda: None

    async def lists(self, request: ReconcileRequested) -> VenueSnapshot:
        """Nothing, whole; or no line."""
        self.asked.append(request)
        if self.broken:
            raise Transient("there is no line to the venue")
        self.meanwhile()
        return VenueSnapshot(request.number, 0, request.since, complete=True)


def test_the_lists_are_read_once_for_each_number_and_again_after_a_pause_when_they_were_not() -> (
    None
):
    """By the core's state: an effect that was lost with a crash is no request that was lost."""
    venue, core = Listing(broken=True), kernel(OrderState.OPEN)
    outside = OutsideVenue(venue, Ingress())
    state: ReconciliationActorState = core.actor("reconciliation").state
    assert asyncio.run(outside.lists(core)) == []
    assert venue.asked == []
    state.awaits, state.number, state.reason = True, 7, "a run started"
    core.at = 50
    assert asyncio.run(outside.lists(core)) == []
    assert asyncio.run(outside.lists(core)) == []
    assert len(venue.asked) == 1
    core.at += SECOND_NS
    venue.broken = False
    [told] = asyncio.run(outside.lists(core))
    assert isinstance(told, VenueSnapshot)
    assert (told.number, told.ts) == (7, core.at)
    assert asyncio.run(outside.lists(core)) == []
    assert len(venue.asked) == 2


def test_what_the_core_asks_while_the_lists_are_read_is_another_reading() -> None:
    """The first answer is to the first question: the second one is asked at once, not at its end of
    patience.
    """
    venue, core = Listing(broken=False), kernel(OrderState.OPEN)
    outside = OutsideVenue(venue, Ingress())
    state: ReconciliationActorState = core.actor("reconciliation").state
    state.awaits, state.number, state.reason = True, 7, "the stream executions is back"

    def ask_anew() -> None:
        state.number, state.reason = 8, "the stream balances is back"
        venue.meanwhile = lambda: None

    venue.meanwhile = ask_anew
    for number in (7, 8):
        [told] = asyncio.run(outside.lists(core))
        assert isinstance(told, VenueSnapshot)
        assert told.number == number
    assert asyncio.run(outside.lists(core)) == []
    assert [each.number for each in venue.asked] == [7, 8]
