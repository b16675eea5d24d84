"""Safe mode against a venue in a process of its own: whatever fails, what rests is cancelled.

The core stands halted with orders of ours at the venue. The list is read and cancels are asked
until none rests; what is news is an input while the journal takes it, and all is shown in any case.
"""

from __future__ import annotations

import asyncio
import signal
import time
from decimal import Decimal
from functools import partial

import pytest

from actors.messages.control import Reactivate
from actors.messages.decision import Side
from actors.messages.execution import CancelOutcome, ExecKind, ExecutionReport
from actors.messages.order import OrderState
from actors.orders.state import Order
from actors.ports import FencedError, JournalError
from adapters.journal.memory import MemoryJournal
from service.safe_mode import SafeMode
from service.safe_stop import UNREAD, Bounds, Pauses
from tests.simulation.nursery import Place
from tests.simulation.standing import (
    ASKED,
    ASKING,
    NAMES,
    REFUSED,
    Standing,
    cancels,
    play,
)
from tests.simulation.venue_sink import read_log


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
        assert found.outcomes_of(found.held()) == list(
            dict.fromkeys(found.outcomes_of(found.shown))
        )

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
        assert found.outcomes_of(found.held()) == list(
            dict.fromkeys(found.outcomes_of(found.shown))
        )
        if amid == "a cancel":
            assert found.outcomes(NAMES[0]) == [CancelOutcome.UNKNOWN]
            assert found.shown[-1].detail == "cut off while it was asked"
        where.nursery.signal(where.sink, signal.SIGCONT)

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


def test_a_reactivation_during_a_pause_lets_no_further_round_cancel(where: Place) -> None:
    """The account lives again, and so may the order."""
    where.stop_sink()
    where.start_sink(refuse_cancels=1_000_000)

    async def story(found: Standing) -> None:
        await found.rest(NAMES[0])
        task = asyncio.ensure_future(found.safe_mode.stand_by(endless=True))
        await found.until(lambda: found.counts.rounds == 1)
        found.control.post(Reactivate("person", "corrected"))
        assert await task
        assert found.counts.rounds == 1

    play(where, story, pauses=Pauses(20.0, 20.0))
    assert cancels(where) == [NAMES[0]]


def test_what_is_no_news_is_shown_and_not_recorded_again(where: Place) -> None:
    """A venue that refuses for days would fill the journal, and the halted core's memory."""
    where.stop_sink()
    where.start_sink(refuse_cancels=1_000_000)

    async def story(found: Standing) -> None:
        await found.rest(NAMES[0])
        task = asyncio.ensure_future(found.safe_mode.stand_by(endless=True))
        await found.until(lambda: found.counts.rounds >= 5)
        first = found.outcomes_of(found.held())
        assert first == [("", ASKING), (NAMES[0], REFUSED)]
        await found.rest(NAMES[1])
        await found.until(lambda: len(found.outcomes(NAMES[1])) >= 3)
        found.stop.set()
        assert not await task
        assert found.outcomes_of(found.held()) == [*first, ("", ASKING), (NAMES[1], REFUSED)]
        assert len(found.shown) >= 16

    play(where, story)


def test_after_the_stated_time_the_same_is_recorded_again(where: Place) -> None:
    """So the journal says that it goes on, and a leader that was fenced learns of it."""
    where.stop_sink()
    where.start_sink(refuse_cancels=1_000_000)

    async def story(found: Standing) -> None:
        await found.rest(NAMES[0])
        task = asyncio.ensure_future(found.safe_mode.stand_by(endless=True))
        await found.until(lambda: len(found.held()) >= 4)
        assert [each.outcome for each in found.held()][:4] == [ASKING, REFUSED] * 2
        assert found.counts.rounds > 2
        found.stop.set()
        await task

    play(where, story, bounds=Bounds(recorded_again_seconds=1.5))


def test_a_second_halt_is_recorded_anew(where: Place) -> None:
    """Also where nothing differs from the halt before."""
    where.stop_sink()
    where.start_sink(refuse_cancels=1_000_000)

    async def story(found: Standing) -> None:
        await found.rest(NAMES[0])
        for told in (1, 2):
            found.stop.clear()
            enough = found.counts.rounds + 2
            task = asyncio.ensure_future(found.safe_mode.stand_by(endless=True))
            await found.until(partial(found.has_done, enough))
            found.stop.set()
            await task
            assert found.outcomes_of(found.held()).count(("", ASKING)) == told

    play(where, story)


def test_a_limited_run_waits_for_its_cancels_no_longer_than_its_time_and_the_grace(
    where: Place,
) -> None:
    """It cuts a call that is under way, and says what may rest there."""

    async def story(found: Standing) -> None:
        await found.rest(NAMES[0])
        found.venue.answer_limit_s = 60.0
        found.on_asking = lambda: where.nursery.signal(where.sink, signal.SIGSTOP)
        started = time.monotonic()
        assert not await found.safe_mode.stand_by(endless=False, seconds_left=0.6)
        assert 0.95 < time.monotonic() - started < 5.0
        assert found.outcomes(NAMES[0]) == [CancelOutcome.UNKNOWN]
        assert found.said[-1].startswith("the time for cancelling is over")
        where.nursery.signal(where.sink, signal.SIGCONT)

    play(where, story, bounds=Bounds(grace_seconds=0.4))


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
