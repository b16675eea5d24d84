"""Orders are asked about until they were: a venue that is silent at the start is asked again.

The driver asks through `OutsideVenue`; here it speaks to a recording sink that is not there yet.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal

from actors.kernel.kernel import Kernel
from actors.messages.decision import Side
from actors.messages.execution import VenueEvidence
from actors.messages.order import OrderState
from actors.orders.state import Order
from actors.ports import Transient, VenueOrder
from adapters.instruments.table import instruments
from service.graph import build_graph
from service.ingress import Ingress
from service.outside_venue import OutsideVenue
from service.settings import DecisionSettings, VenueSettings
from tests.simulation.hourly_market import SYMBOLS
from tests.simulation.sink_venue import SinkVenue


class Reached(SinkVenue):
    """A client whose line is there or not, and whose lists are given."""

    def __init__(self) -> None:
        self.lists: dict[str, VenueOrder] | None = None

    async def look_up(self, cl_ord_id: str) -> VenueOrder:
        """What the given lists say."""
        if self.lists is None:
            raise Transient("there is no line to the venue")
        return self.lists.get(cl_ord_id, VenueOrder(cl_ord_id, False, True, False))


def kernel(state: OrderState) -> Kernel:
    """A graph with one live order, decided at 10 with its deadline at 20."""
    decision = DecisionSettings(venue=VenueSettings(outside=True))
    core = build_graph(decision, instruments(SYMBOLS), None).kernel
    one = Decimal(1)
    order = Order("one", 0, "ETH/USD", Side.BUY, one, one, 10, 20, state)
    core.actor("orders").state.live["one"] = order
    return core


def test_an_open_order_that_could_not_be_asked_at_the_start_is_asked_later_and_once() -> None:
    """It may have been filled while the service was down."""
    venue, core = Reached(), kernel(OrderState.OPEN)
    outside = OutsideVenue(venue, Ingress())

    async def story() -> None:
        assert await outside.evidence(core, everything=True) == []
        assert await outside.evidence(core, everything=False) == []
        venue.lists = {"one": VenueOrder("one", True, True, False)}
        [seen] = await outside.evidence(core, everything=False)
        assert isinstance(seen, VenueEvidence)
        assert await outside.evidence(core, everything=False) == []

    asyncio.run(story())


def test_absence_before_the_deadline_is_no_input_and_after_it_is_proof() -> None:
    """Otherwise every turn of the loop would journal that nothing is known."""
    venue, core = Reached(), kernel(OrderState.UNKNOWN)
    venue.lists = {}
    outside = OutsideVenue(venue, Ingress())
    core.at = 20
    assert asyncio.run(outside.evidence(core, everything=True)) == []
    core.at = 21
    [seen] = asyncio.run(outside.evidence(core, everything=False))
    assert isinstance(seen, VenueEvidence)
    assert not seen.found
