"""Feeding by the wall: what the live feed brought goes into the pump, and time where nothing came.

The pump is the same as for a recording. In a silence one Tick a second lets timers fire; before it,
the feed releases whatever is older, so that time never overtakes news.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final

from actors.messages.base import Message
from actors.messages.control import Tick
from actors.ports import FeedItem
from service.control import ControlBox
from service.drivers.feeding import BATCH, HALTED, Fed, Limits, admit_commands
from service.live_market import LiveMarket
from service.nightly import NightlyRecompute
from service.outside_venue import OutsideVenue
from service.proof_reads import ProofReads
from service.pump import Pump

IDLE_SECONDS: Final = 1.0
LOOK_SECONDS: Final = 0.1


async def feed_live(
    pump: Pump,
    market: LiveMarket,
    *,
    stop: asyncio.Event,
    limits: Limits = Limits(),  # noqa: B008  (frozen)
    on_progress: Callable[[int], None] = lambda _: None,
    outside: OutsideVenue | None = None,
    control: ControlBox | None = None,
    nightly: NightlyRecompute | None = None,
) -> Fed:
    """Admit what comes until a limit, a stop or a halt; every batch is durable before the next."""
    market.listen()
    reads = None
    if outside is not None:
        reads = ProofReads(outside, pump.kernel, market.feed.backlog.nudge)
    admitted = 0
    began = fed_at = time.monotonic()
    try:
        while True:
            if stop.is_set():
                return Fed(admitted, "stopped")
            if control is not None:
                await admit_commands(pump, control)
            if nightly is not None and (broken := nightly.look()):
                await _admit(pump, broken)
            if pump.kernel.halt is not None:
                return Fed(admitted, HALTED)
            if outside is not None and reads is not None:
                await _admit(pump, [*outside.ingress.take(BATCH), *reads.take()])
            market.listen()
            batch = _due(market, limits.events - admitted if limits.events else BATCH, fed_at)
            if batch:
                await pump.admit(batch)
                await pump.flush()
                admitted += len(batch)
                fed_at = time.monotonic()
                on_progress(admitted)
            if limits.events and admitted >= limits.events:
                return Fed(admitted, "the event limit was reached")
            if limits.seconds and time.monotonic() - began >= limits.seconds:
                return Fed(admitted, "the time limit was reached")
            # A full batch must not keep the connection from being read.
            await asyncio.sleep(0)
            if not batch:
                await market.feed.backlog.wait(LOOK_SECONDS)
    finally:
        if reads is not None:
            await reads.close()


async def _admit(pump: Pump, facts: Sequence[Message]) -> None:
    """Facts become inputs at the time of the core, durable before we go on."""
    if facts:
        await pump.admit([FeedItem(pump.kernel.at, each) for each in facts])
        await pump.flush()


def _due(market: LiveMarket, room: int, fed_at: float) -> list[FeedItem]:
    """What waits, oldest first; a Tick when nothing has come for a while."""
    most = min(room, BATCH)
    backlog = market.feed.backlog
    found = backlog.take(most)
    if found or time.monotonic() - fed_at < IDLE_SECONDS:
        return found
    at = market.feed.pass_time()
    return backlog.take(most) or [FeedItem(at, Tick(at))]
