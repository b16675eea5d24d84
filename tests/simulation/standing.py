"""A halted core of an account whose orders rest at a sink of its own, and what its safe mode shows.

Stories are told of it; the journal may be a file on a disk without room, or another leader's.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from decimal import Decimal
from pathlib import Path

from actors.kernel.supervisor import Halt
from actors.messages.decision import Side
from actors.messages.execution import CancelOutcome, SafeStopAttempted
from actors.messages.order import OrderState, SubmitOrder
from actors.orders.state import Order
from actors.ports import Journal
from adapters.instruments.table import instruments
from adapters.journal.memory import MemoryJournal
from service.control import ControlBox
from service.graph import build_graph
from service.ingress import Ingress
from service.outside_venue import OutsideVenue
from service.safe_mode import SafeMode
from service.safe_stop import Bounds, Pauses, SafeStopCounts
from service.segment import OpenSegment, SegmentPlan, open_segment
from service.settings import Settings, VenueSettings
from tests.simulation.hourly_market import SYMBOLS
from tests.simulation.nursery import Place
from tests.simulation.sink_venue import SinkVenue, sink_venue
from tests.simulation.venue_sink import read_log

RESTS = 90
QUICK = Pauses(0.01, 0.04)
NAMES = ("1" * 32, "2" * 32)
ASKING, ASKED, REFUSED = CancelOutcome.ASKING, CancelOutcome.ASKED, CancelOutcome.REFUSED


class Standing:
    """A halted core of an account whose orders rest at the sink, and what its safe mode shows."""

    def __init__(self, segment: OpenSegment, home: Path, outside: OutsideVenue, venue: SinkVenue):
        self.segment = segment
        self.venue = venue
        self.control = ControlBox(home)
        self.stop = asyncio.Event()
        self.said: list[str] = []
        self.shown: list[SafeStopAttempted] = []
        self.counts = SafeStopCounts()
        self.on_asking: Callable[[], None] = lambda: None
        self.safe_mode = SafeMode(
            segment.pump,
            self.control,
            outside,
            stop=self.stop,
            say=self.said.append,
            show=self._show,
        )

    def _show(self, attempts: tuple[SafeStopAttempted, ...], counts: SafeStopCounts) -> None:
        self.shown += attempts
        self.counts = counts
        if any(each.outcome is ASKING for each in attempts):
            self.on_asking()

    async def rest(self, *names: str, stranger: bool = False) -> None:
        """Orders that rest at the venue; our core knows them, unless they are a stranger's."""
        one = Decimal(1)
        for name in names:
            if not stranger:
                live = self.segment.pump.kernel.actor("orders").state.live
                live[name] = Order(
                    name, 0, "ETH/USD", Side.BUY, one, one, 10, 20, OrderState.OPEN, held=False
                )
            await self.venue.submit(SubmitOrder(name, "ETH/USD", Side.BUY, one, one, 10, 20, 1))

    async def until(self, met: Callable[[], bool]) -> None:
        """Wait until something is so."""
        limit = time.monotonic() + 20
        while not met():
            assert time.monotonic() < limit
            await asyncio.sleep(0.005)

    def has_done(self, rounds: int) -> bool:
        """Whether safe mode has come so far."""
        return self.counts.rounds >= rounds

    def held(self) -> list[SafeStopAttempted]:
        """The attempts that the halted core holds: they are durable inputs."""
        held = self.segment.pump.kernel.snapshot().kernel.held
        assert self.segment.pump.durable_seq == self.segment.pump.kernel.seq
        return [each.body for each in held if isinstance(each.body, SafeStopAttempted)]

    def outcomes_of(self, attempts: list[SafeStopAttempted]) -> list[tuple[str, CancelOutcome]]:
        """Of which order, and what came of it."""
        return [(each.cl_ord_id, each.outcome) for each in attempts]

    def outcomes(self, cl_ord_id: str) -> list[CancelOutcome]:
        """What came of each attempt for one order (empty: of each reading of the list)."""
        told = [each.outcome for each in self.shown if each.cl_ord_id == cl_ord_id]
        return [each for each in told if each is not ASKING]


Story = Callable[[Standing], Awaitable[None]]


@contextlib.asynccontextmanager
async def standing(
    where: Place, journal: Journal, pauses: Pauses, bounds: Bounds
) -> AsyncIterator[Standing]:
    """A fresh account at the sink whose core has just halted."""
    settings = Settings(venue=VenueSettings(outside=True), data_dir=str(where.home))
    rules = instruments(SYMBOLS)
    graph = build_graph(settings.decision, rules, None)
    plan = SegmentPlan("PAPER", "seeded", "digest", SYMBOLS, 1)
    segment = await open_segment(settings, plan, graph, journal)
    ingress = Ingress()
    async with sink_venue(where.socket, ingress) as venue:
        kernel = segment.pump.kernel
        kernel.halt = Halt("ledger", kernel.at, kernel.seq, "planted")
        outside = OutsideVenue(venue, ingress, pauses=pauses, bounds=bounds)
        yield Standing(segment, where.home, outside, venue)


def play(
    where: Place,
    story: Story,
    journal: Journal | None = None,
    *,
    pauses: Pauses = QUICK,
    bounds: Bounds = Bounds(),  # noqa: B008  (frozen)
) -> None:
    """Run a story."""

    async def whole() -> None:
        async with standing(where, journal or MemoryJournal(), pauses, bounds) as found:
            await story(found)

    asyncio.run(whole())


@contextlib.contextmanager
def no_room() -> Iterator[None]:
    """No file of this process can grow, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def cancels(where: Place) -> list[str]:
    """The cancels that the venue has written down."""
    return [line.message.cl_ord_id for line in read_log(where.log) if line.op == "cancel"]
