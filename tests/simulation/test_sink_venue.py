"""The recording sink and its client, held to what the Venue port promises.

The sink is the witness of the other simulations, so first it must be true itself.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from actors.messages.base import Message
from actors.messages.decision import Side
from actors.messages.execution import ExecKind, ExecutionReport
from actors.messages.order import CancelOrder, SubmitOrder
from actors.ports import Permanent, Transient, UnknownOutcome
from actors.venue_port import Venue, VenueOrder
from service.ingress import Ingress
from tests.simulation.nursery import Nursery, Place, place
from tests.simulation.sink_venue import SinkVenue, sink_venue
from tests.simulation.venue_sink import Sink, read_log

ORDER = SubmitOrder("0", "ETH/USD", Side.BUY, Decimal("0.5"), Decimal("3200.00"), 10, 20, 1)
Story = Callable[[SinkVenue, Ingress], Awaitable[None]]


@pytest.fixture
def quiet(nursery: Nursery, tmp_path: Path) -> Iterator[Place]:
    """A sink that plays no tricks at its door."""
    with place(nursery, tmp_path, faults=False) as found:
        yield found


@pytest.fixture
def rough(nursery: Nursery, tmp_path: Path) -> Iterator[Place]:
    """A sink that refuses, delays, loses orders and loses answers."""
    with place(nursery, tmp_path, faults=True) as found:
        yield found


def fated(where: Place, low: int, high: int, suffix: str = "") -> SubmitOrder:
    """An order whose fate lies between two numbers."""
    sink = Sink(where.folder / "oracle", 1, False)
    names = (f"{number:032x}" for number in range(10_000))
    name = next(each for each in names if low <= sink.fate(each + suffix) < high)
    return msgspec.structs.replace(ORDER, cl_ord_id=name)


def play(where: Place, story: Story) -> None:
    """Connect a client and run the story."""

    async def whole() -> None:
        ingress = Ingress()
        async with sink_venue(where.socket, ingress) as venue:
            port: Venue = venue
            assert port is venue
            await story(venue, ingress)

    asyncio.run(whole())


async def facts(ingress: Ingress, count: int) -> list[Message]:
    """The next facts; each arrives by itself."""
    taken: list[Message] = []
    for _ in range(400):
        taken += ingress.take(100)
        if len(taken) >= count:
            return taken
        await asyncio.sleep(0.005)
    raise AssertionError(f"only {len(taken)} facts came")


async def answered(venue: SinkVenue, cl_ord_id: str) -> VenueOrder:
    """A look-up that is asked again until there is an answer."""
    for _ in range(200):
        try:
            return await venue.look_up(cl_ord_id, 0)
        except (Transient, UnknownOutcome):
            await asyncio.sleep(0.01)
    raise AssertionError("the venue does not answer")


def test_an_order_is_written_down_before_it_is_answered_and_its_facts_come_as_inputs(
    quiet: Place,
) -> None:
    """Accepted and filled; nothing is returned."""
    order = fated(quiet, 6, 50)

    async def story(venue: SinkVenue, ingress: Ingress) -> None:
        await venue.submit(order)
        assert [line.message for line in read_log(quiet.log) if line.op == "submit"] == [order]
        kinds = [fact.kind for fact in await facts(ingress, 2) if isinstance(fact, ExecutionReport)]
        assert kinds == [ExecKind.ACCEPTED, ExecKind.TRADE]
        assert await venue.open_orders() == ()

    play(quiet, story)


def test_a_resting_order_is_open_until_its_cancel_which_is_harmless_twice(quiet: Place) -> None:
    """Look-ups and the list of open orders agree."""
    order = fated(quiet, 88, 100)

    async def story(venue: SinkVenue, ingress: Ingress) -> None:
        await venue.submit(order)
        await facts(ingress, 1)
        seen = await venue.look_up(order.cl_ord_id, 0)
        assert (seen.found, seen.complete, seen.open) == (True, True, True)
        assert await venue.open_orders() == (order.cl_ord_id,)
        cancel = CancelOrder(order.cl_ord_id, order.symbol, "test")
        await venue.cancel(cancel)
        await venue.cancel(cancel)
        assert await venue.open_orders() == ()
        assert not (await venue.look_up(order.cl_ord_id, 0)).open
        assert len(await facts(ingress, 1)) == 1

    play(quiet, story)


def test_an_order_that_never_came_is_not_found(quiet: Place) -> None:
    """Proof of absence: everything was read."""

    async def story(venue: SinkVenue, ingress: Ingress) -> None:
        seen = await venue.look_up("f" * 32, 0)
        assert (seen.found, seen.complete) == (False, True)
        await venue.cancel(CancelOrder("f" * 32, "ETH/USD", "test"))

    play(quiet, story)


@pytest.mark.parametrize(
    ("low", "high", "error", "found"),
    [
        pytest.param(0, 8, UnknownOutcome, False, id="lost before it arrived"),
        pytest.param(8, 12, Permanent, False, id="refused at the door"),
        pytest.param(12, 20, UnknownOutcome, True, id="arrived, the answer was lost"),
        pytest.param(20, 28, UnknownOutcome, True, id="arrived, the answer came too late"),
    ],
)
def test_what_was_sent_and_not_answered_is_unknown_until_the_venues_lists_are_read(
    rough: Place, low: int, high: int, error: type[Exception], *, found: bool
) -> None:
    """The four ways in which an answer fails."""
    order = fated(rough, low, high, "/door")

    async def story(venue: SinkVenue, ingress: Ingress) -> None:
        with pytest.raises(error):
            await venue.submit(order)
        assert (await answered(venue, order.cl_ord_id)).found is found

    play(rough, story)


def test_without_a_line_nothing_is_sent_and_missed_facts_come_when_it_is_back(
    quiet: Place,
) -> None:
    """Transient while the venue is dead; after its return its log is its memory."""
    order, other = fated(quiet, 50, 75), fated(quiet, 6, 50)

    async def story(venue: SinkVenue, ingress: Ingress) -> None:
        await venue.submit(order)
        await facts(ingress, 2)
        quiet.nursery.kill(quiet.sink, signal.SIGKILL)
        for _ in range(200):
            await asyncio.sleep(0.005)
            try:
                await venue.submit(other)
            except Transient:
                break
            except UnknownOutcome:
                continue
        quiet.start_sink()
        last = (await facts(ingress, 1))[-1]
        assert isinstance(last, ExecutionReport)
        assert last.kind is ExecKind.TRADE
        assert not (await venue.look_up(other.cl_ord_id, 0)).found

    play(quiet, story)
