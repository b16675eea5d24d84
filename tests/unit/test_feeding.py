"""Feeding: an end, a limit, a stop, a halt and a command each turn a run in their own way."""

from __future__ import annotations

import asyncio
from itertools import islice
from pathlib import Path

import pytest

from actors.kernel.envelope import Input
from actors.kernel.step import StepResult
from actors.kernel.supervisor import Halt
from actors.messages.control import ConstraintViolated, KillSwitch, Reactivate
from actors.messages.risk import TradingState
from actors.ports import FeedItem
from service.control import ControlBox
from service.drivers.feeding import HALTED, Limits, admit_commands, feed_items
from tests.observed_run import ObservedRun, observed_run


async def opened(folder: Path, *, warm: int = 0) -> ObservedRun:
    """A run in memory, past its warm-up when asked."""
    return await observed_run(folder, inputs=warm)


def test_a_feed_that_ends_ends_the_run(tmp_path: Path) -> None:
    async def run() -> None:
        run = await opened(tmp_path)
        fed = await feed_items(run.segment.pump, islice(run.items, 7), stop=asyncio.Event())
        assert (fed.events, fed.reason) == (7, "the feed ended")
        await run.segment.pump.flush()
        assert run.tally.inputs == 9  # with the run's start and its deposit

    asyncio.run(run())


@pytest.mark.parametrize("events", [1, 255, 256, 257, 600])
def test_an_event_limit_is_met_exactly(tmp_path: Path, events: int) -> None:
    async def run() -> None:
        run = await opened(tmp_path)
        fed = await feed_items(
            run.segment.pump, run.items, stop=asyncio.Event(), limits=Limits(events=events)
        )
        assert (fed.events, fed.reason) == (events, "the event limit was reached")

    asyncio.run(run())


def test_a_stop_ends_before_the_next_item(tmp_path: Path) -> None:
    async def run() -> None:
        run = await opened(tmp_path)
        stop = asyncio.Event()
        stop.set()
        fed = await feed_items(run.segment.pump, run.items, stop=stop)
        assert (fed.events, fed.reason) == (0, "stopped")

    asyncio.run(run())


def test_a_time_limit_ends_a_paced_feed_that_waits(tmp_path: Path) -> None:
    async def run() -> None:
        run = await opened(tmp_path, warm=200)
        fed = await feed_items(
            run.segment.pump,
            run.items,
            stop=asyncio.Event(),
            limits=Limits(seconds=0.3),
            speed=1.0,
        )
        assert fed.reason == "the time limit was reached"
        assert fed.events <= 2  # a seeded minute is 60 s of wall time at this speed

    asyncio.run(run())


def test_pacing_never_holds_a_warm_up_back(tmp_path: Path) -> None:
    async def run() -> None:
        run = await opened(tmp_path)
        fed = await feed_items(
            run.segment.pump,
            run.items,
            stop=asyncio.Event(),
            limits=Limits(seconds=5.0, events=200),
            speed=0.001,
        )
        assert fed.events == 200

    asyncio.run(run())


def test_a_halted_core_is_fed_no_further(tmp_path: Path) -> None:
    async def run() -> None:
        run = await opened(tmp_path, warm=10)
        pump = run.segment.pump
        pump.kernel.halt = Halt("ledger", pump.kernel.at, pump.kernel.seq, "a bug")
        fed = await feed_items(pump, run.items, stop=asyncio.Event())
        assert (fed.events, fed.reason) == (0, HALTED)

    asyncio.run(run())


def test_a_kill_left_in_the_box_is_journalled_and_obeyed(tmp_path: Path) -> None:
    async def run() -> None:
        run = await opened(tmp_path, warm=10)
        pump, box = run.segment.pump, ControlBox(tmp_path)
        left = box.post(KillSwitch(1, "somebody", "a drill"))
        await admit_commands(pump, box)
        assert pump.kernel.actor("orders").state.trading is TradingState.REDUCING
        assert pump.durable_seq == pump.kernel.seq
        assert not left.exists()

    asyncio.run(run())


def test_a_reactivation_lifts_nothing_that_was_not_halted(tmp_path: Path) -> None:
    async def run() -> None:
        run = await opened(tmp_path, warm=10)
        pump, box = run.segment.pump, ControlBox(tmp_path)
        before = pump.kernel.seq
        left = box.post(Reactivate("somebody", "by mistake"))
        await admit_commands(pump, box)
        assert pump.kernel.halt is None
        assert pump.kernel.actor("orders").state.trading is TradingState.ACTIVE
        assert pump.kernel.seq == before, "it is no input"
        assert not left.exists()

    asyncio.run(run())


def test_a_reactivation_says_whether_the_core_had_stood_still(tmp_path: Path) -> None:
    """After a trading halt nothing was let go, so no bar is dropped."""

    async def run() -> None:
        run = await opened(tmp_path, warm=10)
        pump, box = run.segment.pump, ControlBox(tmp_path)
        heard: list[Reactivate] = []

        def listen(entry: Input, _result: StepResult) -> None:
            if isinstance(entry.body, Reactivate):
                heard.append(entry.body)

        pump._observers = (*pump._observers, listen)
        await pump.admit([FeedItem(pump.kernel.at, ConstraintViolated("a rule", 3))])
        assert pump.kernel.actor("orders").state.trading is TradingState.HALTED
        box.post(Reactivate("somebody", "looked at"))
        await admit_commands(pump, box)
        assert heard == [Reactivate("somebody", "looked at", hole=False)]
        pump.kernel.halt = Halt("ledger", pump.kernel.at, pump.kernel.seq, "a bug")
        box._looked = 0.0
        box.post(Reactivate("somebody", "mended"))
        await admit_commands(pump, box)
        assert heard[1] == Reactivate("somebody", "mended", hole=True)
        assert pump.kernel.halt is None

    asyncio.run(run())
