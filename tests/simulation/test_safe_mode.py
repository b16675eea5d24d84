"""Safe mode against a venue in a process of its own: whatever fails, what rests is cancelled.

The core stands halted with orders of ours at the venue. The list is read and cancels are asked
until none rests; each attempt is an input while the journal takes it, and is shown in any case.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from actors.kernel.supervisor import Halt
from actors.messages.control import Reactivate
from actors.messages.decision import Side
from actors.messages.execution import CancelOutcome, ExecKind, ExecutionReport, SafeStopAttempted
from actors.messages.order import OrderState, SubmitOrder
from actors.orders.state import Order
from actors.ports import FencedError, Journal, JournalError
from adapters.instruments.table import instruments
from adapters.journal.file import FileJournal
from adapters.journal.memory import MemoryJournal
from service.control import ControlBox
from service.graph import build_graph
from service.ingress import Ingress
from service.outside_venue import OutsideVenue
from service.safe_mode import SafeMode
from service.safe_stop import UNREAD, Pauses, SafeStopCounts
from service.segment import OpenSegment, SegmentPlan, open_segment
from service.settings import Settings, VenueSettings
from tests.simulation.hourly_market import SYMBOLS
from tests.simulation.nursery import Nursery, Place, place
from tests.simulation.sink_venue import SinkVenue, sink_venue
from tests.simulation.venue_sink import read_log

RESTS = 90
QUICK = Pauses(0.01, 0.04)
NAMES = ("1" * 32, "2" * 32)
ASKING, ASKED, REFUSED = CancelOutcome.ASKING, CancelOutcome.ASKED, CancelOutcome.REFUSED


@pytest.fixture
def where(nursery: Nursery, tmp_path: Path) -> Iterator[Place]:
    """A sink at which every order rests."""
    with place(nursery, tmp_path, faults=False, fate=RESTS) as found:
        yield found


class Standing:
    """A halted core of an account whose orders rest at the sink, and what its safe mode shows."""

    def __init__(self, segment: OpenSegment, venue: SinkVenue, ingress: Ingress, home: Path):
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
            OutsideVenue(venue, ingress, pauses=QUICK),
            stop=self.stop,
            say=self.said.append,
            show=self._show,
        )

    def _show(self, attempts: tuple[SafeStopAttempted, ...], counts: SafeStopCounts) -> None:
        self.shown += attempts
        self.counts = counts
        if any(each.outcome is ASKING for each in attempts):
            self.on_asking()

    async def rest(self, *names: str) -> None:
        """Orders of ours that rest at the venue."""
        for name in names:
            one = Decimal(1)
            await self.venue.submit(SubmitOrder(name, "ETH/USD", Side.BUY, one, one, 10, 20, 1))

    async def until(self, met: Callable[[], bool]) -> None:
        """Wait until something is so."""
        limit = time.monotonic() + 20
        while not met():
            assert time.monotonic() < limit
            await asyncio.sleep(0.005)

    def held(self) -> list[SafeStopAttempted]:
        """The attempts that the halted core holds: they are durable inputs."""
        held = self.segment.pump.kernel.snapshot().kernel.held
        assert self.segment.pump.durable_seq == self.segment.pump.kernel.seq
        return [each.body for each in held if isinstance(each.body, SafeStopAttempted)]

    def outcomes(self, cl_ord_id: str) -> list[CancelOutcome]:
        """What came of each attempt for one order (empty: of each reading of the list)."""
        told = [each.outcome for each in self.shown if each.cl_ord_id == cl_ord_id]
        return [each for each in told if each is not ASKING]


Story = Callable[[Standing], Awaitable[None]]


@contextlib.asynccontextmanager
async def standing(where: Place, journal: Journal) -> AsyncIterator[Standing]:
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
        yield Standing(segment, venue, ingress, where.home)


def play(where: Place, story: Story, journal: Journal | None = None) -> None:
    """Run a story."""

    async def whole() -> None:
        async with standing(where, journal or MemoryJournal()) as found:
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


def test_every_resting_order_is_cancelled_and_each_attempt_is_an_input(where: Place) -> None:
    """Nothing else is sent; the venue's own word on each order is an input too."""

    async def story(found: Standing) -> None:
        await found.rest(*NAMES)
        assert not await found.safe_mode.stand_by(endless=False)
        assert await found.venue.open_orders() == ()
        assert [(each.cl_ord_id, each.outcome) for each in found.held()] == [
            ("", ASKING), *((name, ASKED) for name in NAMES)
        ]  # fmt: skip
        assert found.shown == found.held()
        assert (found.counts.asked, found.counts.failed, found.counts.open) == (2, 0, 0)
        held = found.segment.pump.kernel.snapshot().kernel.held
        reports = [each.body for each in held if isinstance(each.body, ExecutionReport)]
        assert sum(each.kind is ExecKind.CANCELLED for each in reports) == 2

    play(where, story)
    assert cancels(where) == list(NAMES)
    assert {line.op for line in read_log(where.log)} == {"submit", "fact", "cancel"}


def test_a_venue_that_is_not_there_is_asked_until_it_is(where: Place) -> None:
    """The list that cannot be read is an attempt as well; afterwards all is cancelled."""

    async def story(found: Standing) -> None:
        await found.rest(*NAMES)
        where.nursery.kill(where.sink)
        task = asyncio.ensure_future(found.safe_mode.stand_by(endless=False))
        await found.until(lambda: len(found.outcomes("")) >= 4)
        assert found.counts.open == UNREAD
        where.start_sink()
        assert not await task
        assert await found.venue.open_orders() == ()
        assert found.counts.failed >= 4
        assert found.shown == found.held()

    play(where, story)


def test_a_cancel_that_is_refused_is_asked_again(where: Place) -> None:
    """Only for the order that still rests."""
    where.stop_sink()
    where.start_sink(refuse_cancels=1)

    async def story(found: Standing) -> None:
        await found.rest(*NAMES)
        await found.safe_mode.stand_by(endless=False)
        assert found.outcomes(NAMES[0]) == [REFUSED, ASKED]
        assert found.outcomes(NAMES[1]) == [ASKED]
        assert found.shown[1].detail == "the venue is busy"
        assert found.counts.failed == 1

    play(where, story)
    assert cancels(where) == [*NAMES, NAMES[0]]


def test_an_order_that_comes_to_rest_later_is_cancelled_too(where: Place) -> None:
    """It was under way when the list was empty; an endless run looks again."""

    async def story(found: Standing) -> None:
        await found.rest(NAMES[0])
        task = asyncio.ensure_future(found.safe_mode.stand_by(endless=True))
        await found.until(lambda: found.counts.rounds >= 3 and found.counts.open == 0)
        await found.rest(NAMES[1])
        await found.until(lambda: found.outcomes(NAMES[1]) == [ASKED] and found.counts.open == 0)
        found.stop.set()
        assert not await task
        assert await found.venue.open_orders() == ()

    play(where, story)
    assert cancels(where) == list(NAMES)


def test_a_reactivation_ends_it_and_the_attempts_are_then_delivered(where: Place) -> None:
    """No cancel more, although the venue still refuses; the orders actor notes what it held."""
    where.stop_sink()
    where.start_sink(refuse_cancels=1_000_000)

    async def story(found: Standing) -> None:
        await found.rest(NAMES[0])
        task = asyncio.ensure_future(found.safe_mode.stand_by(endless=True))
        await found.until(lambda: len(found.outcomes(NAMES[0])) >= 2)
        found.control.post(Reactivate("person", "corrected"))
        assert await task
        asked = len(cancels(where))
        assert found.segment.pump.kernel.halt is None
        assert found.held() == []
        await asyncio.sleep(0.1)
        assert len(cancels(where)) == asked

    play(where, story)


def test_after_a_reactivation_every_live_order_is_looked_up_before_anything_is_decided(
    where: Place,
) -> None:
    """What became of it while the core stood: here, that it never came to the venue."""

    async def story(found: Standing) -> None:
        kernel, one = found.segment.pump.kernel, Decimal(1)
        live = kernel.actor("orders").state.live
        order = Order(
            NAMES[0], 0, "ETH/USD", Side.BUY, one, one, 0, 0, OrderState.UNKNOWN, held=False
        )
        live[NAMES[0]] = order
        found.control.post(Reactivate("person", "corrected"))
        assert await found.safe_mode.stand_by(endless=True)
        assert live == {}
        assert kernel.actor("orders").state.closed[NAMES[0]].state is OrderState.REJECTED
        assert found.segment.pump.durable_seq == kernel.seq

    play(where, story)


@pytest.mark.parametrize("amid", ["two rounds", "the list", "a cancel"])
def test_a_stop_ends_it_at_once_and_cleanly(where: Place, amid: str) -> None:
    """Also while the venue does not answer: a cancel under way is then of unknown outcome."""
    where.stop_sink()
    where.start_sink(refuse_cancels=1_000_000)

    async def story(found: Standing) -> None:
        await found.rest(NAMES[0])
        if amid == "a cancel":
            found.on_asking = lambda: where.nursery.signal(where.sink, signal.SIGSTOP)
        task = asyncio.ensure_future(found.safe_mode.stand_by(endless=True))
        await found.until(lambda: bool(found.shown))
        if amid == "the list":
            await found.until(lambda: bool(found.outcomes(NAMES[0])))
            where.nursery.signal(where.sink, signal.SIGSTOP)
        await asyncio.sleep(0.1)
        found.stop.set()
        started = time.monotonic()
        assert not await task
        assert time.monotonic() - started < 1.0
        assert found.shown == found.held()
        if amid == "a cancel":
            assert found.outcomes(NAMES[0]) == [CancelOutcome.UNKNOWN]
            assert found.shown[-1].detail == "cut off while it was asked"
        where.nursery.signal(where.sink, signal.SIGCONT)

    play(where, story)


@pytest.mark.parametrize("endless", [True, False])
def test_without_a_journal_the_cancels_go_on_and_then_its_error_ends_it(
    where: Place, tmp_path: Path, *, endless: bool
) -> None:
    """What cannot be recorded is still shown."""

    async def story(found: Standing) -> None:
        await found.rest(*NAMES)
        with no_room(), pytest.raises(JournalError):
            await found.safe_mode.stand_by(endless=endless)
        assert await found.venue.open_orders() == ()
        assert [each.outcome for each in found.shown] == [ASKING, ASKED, ASKED]
        assert any("cannot be written" in text for text in found.said)

    journal = FileJournal(tmp_path / "journal")
    play(where, story, journal)
    assert cancels(where) == list(NAMES)


def test_a_command_that_cannot_be_recorded_lifts_nothing(where: Place, tmp_path: Path) -> None:
    """It stays in the box for the next start."""

    async def story(found: Standing) -> None:
        found.control.post(Reactivate("person", "corrected"))
        with no_room(), pytest.raises(JournalError):
            await found.safe_mode.stand_by(endless=True)
        assert list((where.home / "control").glob("*.json"))

    play(where, story, FileJournal(tmp_path / "journal"))


def test_when_the_journal_fails_while_trading_what_rests_is_cancelled(where: Place) -> None:
    """The core does not stand, but nothing that it decides could be recorded."""

    async def story(found: Standing) -> None:
        found.segment.pump.kernel.halt = None
        await found.rest(*NAMES)
        await found.safe_mode.without_journal(JournalError("the disk is full"))
        assert await found.venue.open_orders() == ()
        assert found.held() == []
        assert [each.outcome for each in found.shown] == [ASKING, ASKED, ASKED]

    play(where, story)


def test_a_leader_that_was_fenced_cancels_nothing(where: Place) -> None:
    """It learns from its first record, before the first cancel: the orders are another's."""
    journal = MemoryJournal()

    async def story(found: Standing) -> None:
        await found.rest(*NAMES)
        await journal.open_epoch("another")
        with pytest.raises(FencedError):
            await found.safe_mode.stand_by(endless=True)

    play(where, story, journal)
    assert cancels(where) == []


def test_without_a_venue_outside_it_only_waits_for_a_person(where: Place) -> None:
    async def story(found: Standing) -> None:
        waiting = SafeMode(
            found.segment.pump,
            found.control,
            None,
            stop=found.stop,
            say=found.said.append,
            show=found._show,
        )
        await waiting.without_journal(JournalError("the disk is full"))
        assert not await waiting.stand_by(endless=False)
        task = asyncio.ensure_future(waiting.stand_by(endless=True))
        await asyncio.sleep(0.05)
        assert not task.done()
        found.control.post(Reactivate("person", "corrected"))
        assert await task
        assert found.shown == []

    play(where, story)
