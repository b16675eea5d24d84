"""The pump around the kernel: append, step, flush, release, and what a refusing store leads to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from typing import Any

import pytest

from actors.instant import SECOND_NS
from actors.journal_chain import open_frame
from actors.kernel.envelope import Input
from actors.kernel.kernel import Kernel
from actors.kernel.snapshot import decode_snapshot, state_digests
from actors.kernel.step import StepResult
from actors.messages.base import Message
from actors.messages.control import ConstraintViolated, KillSwitch, Tick
from actors.messages.execution import NotSent
from actors.messages.order import CancelOrder, SubmitOrder
from actors.messages.risk import TradingState
from actors.ports import (
    DerivedRow,
    FeedItem,
    FencedError,
    Frame,
    JournalError,
    Record,
    RefusedRow,
    RunRow,
    StoredSnapshot,
    VenueOrder,
)
from adapters.journal.memory import MemoryJournal, MemoryStore
from service.fail_points import FailPoints
from service.outbox import Outbox
from service.pump import Pump
from service.recovery import decode_record
from tests.journal_samples import run_row
from tests.kernel_bank import START, bank, deposit, heard


class Street:
    """A venue that only remembers."""

    def __init__(self) -> None:
        self.taken: list[Message] = []

    async def submit(self, order: SubmitOrder) -> None:
        self.taken.append(order)

    async def cancel(self, order: CancelOrder) -> None:
        self.taken.append(order)

    async def look_up(self, cl_ord_id: str) -> VenueOrder:
        return VenueOrder(cl_ord_id, found=False, complete=True, open=False)

    async def open_orders(self) -> tuple[str, ...]:
        return ()


class Picky(MemoryJournal):
    """A store whose constraint refuses rows about the key `refused`; all else it takes."""

    def __init__(self, store: MemoryStore, refused: str = "") -> None:
        super().__init__(store)
        self.refused = refused
        self.rows: list[DerivedRow] = []

    async def append(
        self, frame: Frame, rows: tuple[DerivedRow, ...] = ()
    ) -> tuple[RefusedRow, ...]:
        await super().append(frame, rows)
        found = []
        for number, row in enumerate(rows):
            if self.refused and self.refused in repr(row.body):
                found.append(RefusedRow("amount_positive", row.seq, f"row {number}"))
            else:
                self.rows.append(row)
        return tuple(found)


class Desk:
    """A kernel, a store, a street and a pump over them."""

    def __init__(self, *, refused: str = "", kernel: Kernel | None = None, **settings: Any) -> None:
        self.kernel = kernel or bank()
        self.store = MemoryStore()
        self.journal = Picky(self.store, refused)
        self.street = Street()
        self.settings = settings
        self.seen: list[tuple[Input, StepResult]] = []

    async def open(self) -> Pump:
        epoch = await self.journal.open_epoch("desk")
        await self.journal.begin_run(run_row())
        outbox = Outbox(
            self.street,
            epoch=epoch,
            trading_state=lambda: TradingState.ACTIVE,
            now=lambda: self.kernel.at,
            fail_points=FailPoints(""),
        )
        self.pump = Pump(
            self.kernel,
            self.journal,
            run_id="run-1",
            epoch=epoch,
            outbox=outbox,
            observers=[lambda entry, result: self.seen.append((entry, result))],
            **{"fail_points": FailPoints(""), **self.settings},
        )
        return self.pump

    async def bodies(self) -> list[Message]:
        """The journalled inputs."""
        return [decode_record(record)[0].body for record in await self.records()]

    async def records(self) -> list[Record]:
        frames: AsyncIterator[Frame] = self.journal.frames()
        return [record async for frame in frames for record in open_frame(frame)]


def items(*bodies: Message, every: float = 1.0) -> Sequence[FeedItem]:
    return [FeedItem(START + round(n * every * SECOND_NS), body) for n, body in enumerate(bodies)]


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


TICK = Tick(START)
NOT_SENT = "the constraint amount_positive refused a row of its frame"


def test_nothing_leaves_before_its_record_is_durable() -> None:
    """At the moment that the street hears of an order, the store has its input."""
    desk = Desk()
    durable: list[int] = []

    class Watching(Street):
        async def submit(self, order: SubmitOrder) -> None:
            durable.append(desk.store.stream.seq)
            await super().submit(order)

    async def work() -> None:
        desk.street = Watching()
        pump = await desk.open()
        await pump.admit(items(TICK, deposit("a"), TICK))
        assert durable == [2]
        assert pump.durable_seq == 2
        await pump.flush()
        assert pump.durable_seq == 3

    run(work())


def test_frames_are_of_the_asked_size_and_an_effect_ends_one_early() -> None:
    """Ticks fill frames of three; an order waits for nobody."""
    desk = Desk(frame_inputs=3)

    async def work() -> None:
        pump = await desk.open()
        await pump.admit(items(*[TICK] * 7, deposit("a"), TICK))
        await pump.flush()
        spans = [(frame.first_seq, frame.last_seq) for frame in desk.store.frames]
        assert spans == [(1, 3), (4, 6), (7, 8), (9, 9)]
        assert pump.counts.frames == 4
        assert (pump.counts.inputs, pump.counts.slewed) == (9, 0)
        assert pump.counts.messages == 5

    run(work())


def test_records_hold_what_would_be_sent_and_rows_what_was_decided() -> None:
    """The effects of an input stand in its record; derived rows go beside the frame."""
    desk = Desk()

    async def work() -> None:
        pump = await desk.open()
        await pump.admit(items(deposit("a")))
        (record,) = await desk.records()
        assert len(record.effects) == 1
        kinds = [type(row.body).__name__ for row in desk.journal.rows]
        assert kinds == ["PlaceHold", "HoldPlaced", "SubmitOrder"]
        assert {row.seq for row in desk.journal.rows} == {1}
        assert [entry.seq for entry, _ in desk.seen] == [1]

    run(work())


def test_a_clock_that_runs_backwards_at_the_edge_is_slewed() -> None:
    """Time stands still until the clock has caught up; it is counted."""
    desk = Desk()

    async def work() -> None:
        pump = await desk.open()
        back = [FeedItem(START + 5, TICK), FeedItem(START + 3, TICK), FeedItem(START + 9, TICK)]
        await pump.admit(back)
        await pump.flush()
        times = [decode_record(record)[0].at - START for record in await desk.records()]
        assert times == [5, 5, 9]
        assert pump.counts.slewed == 1

    run(work())


def test_a_constraint_refuses_our_decision_and_never_the_fact() -> None:
    """Inputs stay, the violation and what was not sent are recorded, orders stay, cancels leave."""
    desk = Desk(refused="SubmitOrder(cl_ord_id='poor'")

    async def work() -> None:
        pump = await desk.open()
        await pump.admit(items(deposit("rich"), TICK))
        assert [type(each) for each in desk.street.taken] == [SubmitOrder]
        await pump.admit(items(deposit("poor"))[:1])
        await pump.flush()
        assert await desk.bodies() == [
            deposit("rich"),
            TICK,
            deposit("poor"),
            ConstraintViolated("amount_positive", 3, "row 2"),
            NotSent("poor", NOT_SENT, desk.kernel.at),
        ]
        assert [type(each) for each in desk.street.taken] == [SubmitOrder]
        assert pump.durable_seq == desk.kernel.seq == 5
        assert heard(desk.kernel, "risk")[-2][0] == "ConstraintViolated"
        kept = [type(row.body).__name__ for row in desk.journal.rows if row.seq == 3]
        assert kept == ["PlaceHold", "HoldPlaced"], "no other row goes with the refused one"

    run(work())


def test_each_refused_row_of_a_frame_is_named_and_what_it_ordered_is_not_sent() -> None:
    """Several rows of several inputs, refused in one commit."""
    desk = Desk(refused="poor")

    async def work() -> None:
        pump = await desk.open()
        await pump.admit(items(deposit("poor")))
        await pump.flush()
        named = [ConstraintViolated("amount_positive", 1, f"row {n}") for n in range(3)]
        not_sent = NotSent("poor", NOT_SENT, desk.kernel.at)
        assert await desk.bodies() == [deposit("poor"), *named, not_sent]
        assert desk.street.taken == []

    run(work())


def test_cancels_of_a_refused_frame_still_leave() -> None:
    """They only ever reduce what is at risk."""
    desk = Desk(refused="PredictionSlice")

    async def work() -> None:
        pump = await desk.open()
        await pump.admit(items(KillSwitch(2, "operator", "stop")))
        assert [type(each) for each in desk.street.taken] == [CancelOrder, CancelOrder]
        assert [type(each) for each in await desk.bodies()] == [KillSwitch, ConstraintViolated]

    run(work())


def test_rows_refused_while_the_next_frame_is_stepped_are_recorded_too() -> None:
    """The append of a frame without effects runs beside the stepping of the next."""
    desk = Desk(refused="PredictionSlice", frame_inputs=1)

    async def work() -> None:
        pump = await desk.open()
        await pump.admit(items(KillSwitch(0, "operator", "ask"), TICK, TICK))
        await pump.flush()
        kinds = [type(each).__name__ for each in await desk.bodies()]
        assert kinds == ["KillSwitch", "Tick", "ConstraintViolated", "Tick"]
        assert pump.durable_seq == 4

    run(work())


def test_rows_of_the_last_frame_that_are_refused_are_recorded_before_flush_returns() -> None:
    """The violation is durable when a waiting flush returns, though nothing followed the frame."""
    desk = Desk(refused="PredictionSlice", frame_inputs=1)

    async def work() -> None:
        pump = await desk.open()
        await pump.admit(items(KillSwitch(0, "operator", "ask")))
        await pump.flush()
        kinds = [type(each).__name__ for each in await desk.bodies()]
        assert kinds == ["KillSwitch", "ConstraintViolated"]
        assert pump.durable_seq == desk.kernel.seq

    run(work())


@pytest.mark.parametrize("wait", [True, False], ids=["at once", "at the next flush"])
def test_a_fenced_writer_is_told_so(wait: bool) -> None:
    """Another leader has a newer epoch: the error surfaces, nothing is released."""
    desk = Desk(frame_inputs=1)

    async def work() -> None:
        pump = await desk.open()
        await MemoryJournal(desk.store).open_epoch("another")
        body: Message = deposit("a") if wait else TICK

        async def one_frame() -> None:
            await pump.admit(items(body))
            await pump.flush()

        with pytest.raises(FencedError):
            await one_frame()
        assert desk.street.taken == []
        assert pump.durable_seq == 0

    run(work())


def test_a_journal_that_cannot_be_written_releases_nothing() -> None:
    """The error surfaces; the frame is not durable."""

    class Broken(Picky):
        async def append(
            self, frame: Frame, rows: tuple[DerivedRow, ...] = ()
        ) -> tuple[RefusedRow, ...]:
            raise JournalError("the disk is full")

    desk = Desk()
    desk.journal = Broken(desk.store)

    async def work() -> None:
        pump = await desk.open()
        with pytest.raises(JournalError, match="the disk is full"):
            await pump.admit(items(deposit("a")))
        assert desk.street.taken == []

    run(work())


def test_what_the_outbox_refuses_becomes_an_input() -> None:
    """The answer is stepped and journalled like any other fact."""
    desk = Desk()

    async def work() -> None:
        pump = await desk.open()
        pump._outbox._epoch = 9  # type: ignore[union-attr]
        await pump.admit(items(deposit("a")))
        expected = [deposit("a"), NotSent("a", "the epoch is old", START)]
        assert await desk.bodies() == expected

    run(work())


@pytest.mark.parametrize(
    ("every", "digests", "expected"),
    [
        (4, 1, [9, 8, 4]),
        (4, 4, [9, 8, 4]),
        (4, 3, [9, 6, 3]),
        (5, 2, [9, 8, 4]),
        (1, 4, [9, 8, 4]),
        (4, 100, [9]),
    ],
)
@pytest.mark.parametrize("frame_inputs", [1, 2, 100])
def test_snapshots_are_taken_where_states_are_digested(
    every: int, digests: int, expected: list[int], frame_inputs: int
) -> None:
    """At least every so many inputs where that can be, and one when the pump rests."""
    kernel = bank(digest_states_every=digests)
    desk = Desk(frame_inputs=frame_inputs, snapshot_every=every, kernel=kernel)

    async def work() -> None:
        pump = await desk.open()
        await pump.admit(items(*[TICK] * 9))
        await pump.flush()
        await pump.take_snapshot()
        found: list[StoredSnapshot] = [each async for each in desk.journal.snapshots()]
        assert [each.seq for each in found] == expected
        assert pump.counts.snapshots == len(expected)
        for each in found[1:]:
            frame = next(frame for frame in desk.store.frames if frame.last_seq == each.seq)
            outcome = decode_record(open_frame(frame)[-1])[1]
            assert outcome.states == state_digests(decode_snapshot(each.data))
        newest = decode_snapshot(found[0].data)
        assert newest.kernel.root == found[0].root == desk.kernel.root
        await pump.take_snapshot()
        assert pump.counts.snapshots == len(expected)

    run(work())


def test_a_pump_without_a_door_sends_nothing() -> None:
    """A backtest's venue stands inside the graph."""
    desk = Desk()

    async def work() -> None:
        await desk.open()
        epoch = await desk.journal.open_epoch("again")
        pump = Pump(desk.kernel, desk.journal, run_id="run-1", epoch=epoch)
        await pump.admit(items(deposit("a")))
        assert (pump.durable_seq, desk.street.taken) == (1, [])

    run(work())


def test_the_run_of_a_frame_is_the_pumps() -> None:
    """A frame says which run and epoch it belongs to, and where its chain begins and ends."""
    desk = Desk(frame_inputs=2)

    async def work() -> None:
        pump = await desk.open()
        before = desk.kernel.root
        await pump.admit(items(TICK, TICK))
        await pump.flush()
        (frame,) = desk.store.frames
        assert (frame.run_id, frame.epoch) == ("run-1", 1)
        assert (frame.root_before, frame.root_after) == (before, desk.kernel.root)
        rows: tuple[RunRow, ...] = await desk.journal.runs()
        assert [row.run_id for row in rows] == ["run-1"]

    run(work())
