"""Safe mode without a journal: nothing tells whether another leader has taken over meanwhile.

Only orders that our own core knows are cancelled, for a bounded time: whatever another leader has
decided is younger than those.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from actors.messages.control import Reactivate
from actors.ports import JournalError
from adapters.journal.file import FileJournal
from service.safe_stop import Bounds
from tests.simulation.nursery import Place
from tests.simulation.standing import (
    ASKED,
    ASKING,
    NAMES,
    Standing,
    cancels,
    no_room,
    play,
)

LOST = JournalError("the connection was lost")


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


@pytest.mark.parametrize("halted", [True, False])
def test_orders_that_our_core_does_not_know_are_another_leaders_and_are_left_alone(
    where: Place, tmp_path: Path, *, halted: bool
) -> None:
    """Cut off from the database, a leader that was replaced learns of it from nobody."""

    async def story(found: Standing) -> None:
        await found.rest(NAMES[0])
        await found.rest(NAMES[1], stranger=True)
        if halted:
            with no_room(), pytest.raises(JournalError):
                await found.safe_mode.stand_by(endless=True)
        else:
            found.segment.pump.kernel.halt = None
            await found.safe_mode.without_journal(LOST)
        assert await found.venue.open_orders() == (NAMES[1],)
        assert sum("may be another leader's" in text for text in found.said) == 1

    play(where, story, FileJournal(tmp_path / "journal"))
    assert cancels(where) == [NAMES[0]]


def test_an_order_that_our_core_holds_for_closed_is_still_ours(where: Place) -> None:
    """The venue lists it, whatever was reported of it."""

    async def story(found: Standing) -> None:
        await found.rest(NAMES[0])
        orders = found.segment.pump.kernel.actor("orders").state
        orders.closed[NAMES[0]] = orders.live.pop(NAMES[0])
        await found.safe_mode.without_journal(LOST)

    play(where, story)
    assert cancels(where) == [NAMES[0]]


def test_cancelling_ends_when_another_leader_may_have_taken_over(where: Place) -> None:
    """The venue refuses and would be asked for ever; what rests is said."""
    where.stop_sink()
    where.start_sink(refuse_cancels=1_000_000)

    async def story(found: Standing) -> None:
        await found.rest(NAMES[0])
        started = time.monotonic()
        await found.safe_mode.without_journal(LOST)
        assert 0.25 < time.monotonic() - started < 2.0
        assert found.said[-1] == (
            "the time for cancelling is over; look at the venue yourself: open orders when it"
            " was last asked: 1"
        )

    play(where, story, bounds=Bounds(without_journal_seconds=0.3))


def test_a_stop_that_came_before_the_loss_does_not_keep_what_rests_from_being_cancelled(
    where: Place,
) -> None:
    """It asked for an end, and this is how it ends; a second stop is obeyed at once."""

    async def story(found: Standing) -> None:
        await found.rest(*NAMES)
        found.stop.set()
        await found.safe_mode.without_journal(LOST)
        assert await found.venue.open_orders() == ()

    play(where, story)


def test_a_second_stop_ends_it_at_once(where: Place) -> None:
    where.stop_sink()
    where.start_sink(refuse_cancels=1_000_000)

    async def story(found: Standing) -> None:
        await found.rest(NAMES[0])
        found.stop.set()
        task = asyncio.ensure_future(found.safe_mode.without_journal(LOST))
        await found.until(lambda: found.counts.rounds >= 2)
        started = time.monotonic()
        found.stop.set()
        await task
        assert time.monotonic() - started < 1.0

    play(where, story)


def test_the_loss_is_dealt_with_once(where: Place, tmp_path: Path) -> None:
    """Safe mode raised its error after its cancels; the driver's word of it starts no second."""
    where.stop_sink()
    where.start_sink(refuse_cancels=1_000_000)

    async def story(found: Standing) -> None:
        await found.rest(NAMES[0])
        with no_room(), pytest.raises(JournalError) as lost:
            await found.safe_mode.stand_by(endless=True)
        asked, said = len(cancels(where)), len(found.said)
        assert asked
        await found.safe_mode.without_journal(lost.value)
        assert (len(cancels(where)), len(found.said)) == (asked, said)

    bounds = Bounds(without_journal_seconds=0.2)
    play(where, story, FileJournal(tmp_path / "journal"), bounds=bounds)
