"""Orders are asked about until they were: a venue that is silent at the start is asked again.

How often is bounded: an order of unknown outcome is looked up at once, then after pauses of logical
time that double, and right after its deadline, when absence begins to prove something. The driver
asks through `OutsideVenue`; here it speaks to a recording sink that is not there yet.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from actors.instant import SECOND_NS
from actors.kernel.kernel import Kernel
from actors.messages.decision import Side
from actors.messages.execution import VenueEvidence
from actors.messages.order import OrderState
from actors.orders.state import Order
from actors.ports import Transient, VenueOrder
from adapters.instruments.table import instruments
from service.graph import build_graph
from service.ingress import Ingress
from service.outside_venue import LOOK_AGAIN_LONGEST_NS, OutsideVenue
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
