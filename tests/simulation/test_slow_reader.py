"""A12: the core stands still for ten seconds under load, because its journal does.

What waits for it is bounded: the oldest books are dropped and told as a gap, trades are added up,
and what the venue says of our orders is never dropped. Meanwhile nothing leaves.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import resource
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from adapters.kraken.backlog import CAPACITY
from tests.network_desk import Desk
from tests.resting_orders import one_rests, weathered_at_rest
from tests.standing_invariants import assert_standing

STALL_SECONDS = 10.0
AT_ONCE = 64
"""Items that one frame or poll may bring before there is a look at the bound."""
GROWTH_BYTES = 48 * 2**20


@asynccontextmanager
async def journal_stands_still(home: Path) -> AsyncIterator[None]:
    """Somebody else holds the lock under which frames are appended."""
    lock = os.open(home / "journal" / "lock", os.O_RDWR)
    try:
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


@pytest.mark.timeout(260)
def test_A12_a_core_that_stands_still_loses_old_books_and_no_execution(tmp_path: Path) -> None:
    seen: set[str] = set()
    waiting: list[int] = []
    stalled: list[float] = []
    memory: list[int] = []

    async def case(desk: Desk) -> None:
        assert desk.market is not None
        backlog = desk.market.feed.backlog
        async with AsyncExitStack() as stalling:
            async with one_rests(desk):
                await stalling.enter_async_context(journal_stands_still(tmp_path))
            # Others trade on, with the order that rests too; nobody takes in what they do.
            memory.append(_peak())
            stalled.append(time.monotonic())
            while time.monotonic() < stalled[0] + STALL_SECONDS:
                waiting.append(len(backlog))
                await asyncio.sleep(0.05)
            stalled.append(time.monotonic())
            memory.append(_peak())
        seen.update(n for each in desk.shown if each.at >= stalled[0] for n in each.reasons)
        await desk.until(lambda: len(backlog) < 8, 20, "the rest is taken in")

    left = weathered_at_rest(tmp_path, case)
    assert_standing(left, again_seconds=20.0)
    desk = left.desk
    assert desk.market is not None
    backlog = desk.market.feed.backlog
    assert max(waiting) > CAPACITY // 2, "the load was enough"
    assert backlog.high_water <= CAPACITY + AT_ONCE
    assert backlog.conflated_books > 0
    assert [each for each in desk.steps.gaps if each.detail == "the consumer was slow"]
    assert memory[1] - memory[0] < GROWTH_BYTES
    assert "journal_behind" in seen
    # What was on its way when the journal stopped was durable; nothing else left.
    began, ended = stalled
    assert not [each for each in desk.wire.orders if began + 0.5 < each.at < ended]


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
