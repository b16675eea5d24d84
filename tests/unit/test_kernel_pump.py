"""The pump around the kernel: append, step, flush, release, and what a refusing store leads to."""

from __future__ import annotations

import pytest

from actors.messages.base import Message
from actors.messages.control import ConstraintViolated, KillSwitch
from actors.messages.execution import NotSent
from actors.messages.order import CancelOrder, SubmitOrder
from actors.ports import (
    DerivedRow,
    FeedItem,
    FencedError,
    Frame,
    JournalError,
    RefusedRow,
    RunRow,
)
from adapters.journal.memory import MemoryJournal
from service.pump import Pump
from service.recovery import decode_record
from tests.kernel_bank import START, deposit, heard
from tests.pump_desk import NOT_SENT, TICK, Desk, Picky, Street, items, run


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
