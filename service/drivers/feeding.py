"""Feeding: items from a feed into the pump, at any speed, until an end, a limit or a stop.

Pacing is wall time at the edge only: it decides when an item is admitted, never what it says.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from actors.instant import SECOND_NS
from actors.messages.control import Reactivate
from actors.messages.risk import TradingState
from actors.ports import FeedItem
from service.control import ControlBox
from service.nightly import NightlyRecompute
from service.outside_venue import OutsideVenue
from service.pump import Pump

BATCH: Final = 256
PACED_BATCH: Final = 64
HALTED: Final = "the core halted"


class Limits(msgspec.Struct, frozen=True):
    """When to stop: after so many items (0: never), after so much wall time (0: never)."""

    events: int = 0
    seconds: float = 0.0


class Fed(msgspec.Struct, frozen=True):
    """How feeding ended: items admitted, and why it stopped."""

    events: int
    reason: str


async def feed_items(
    pump: Pump,
    items: Iterator[FeedItem],
    *,
    stop: asyncio.Event,
    limits: Limits = Limits(),  # noqa: B008  (frozen)
    speed: float = 0.0,
    on_progress: Callable[[int], None] = lambda _: None,
    outside: OutsideVenue | None = None,
    control: ControlBox | None = None,
    nightly: NightlyRecompute | None = None,
) -> Fed:
    """Admit items in order. `speed` is logical seconds a wall second; 0 goes as fast as it can."""
    pace = _Pace(speed, limits.seconds)
    admitted = 0
    while True:
        if stop.is_set():
            return Fed(admitted, "stopped")
        if control is not None:
            await admit_commands(pump, control)
        if nightly is not None and (broken := nightly.look()):
            await pump.admit([FeedItem(pump.kernel.at, each) for each in broken])
            await pump.flush()
        if pump.kernel.halt is not None:
            return Fed(admitted, HALTED)
        if outside is not None:
            await admit_facts(pump, outside)
        room = limits.events - admitted if limits.events else BATCH
        batch = pace.due(items, min(room, PACED_BATCH if speed else BATCH))
        if batch:
            await pump.admit(batch)
            admitted += len(batch)
            if speed:
                await pump.flush()
            on_progress(admitted)
        elif pace.exhausted:
            return Fed(admitted, "the feed ended")
        if limits.events and admitted >= limits.events:
            return Fed(admitted, "the event limit was reached")
        if pace.overdue():
            return Fed(admitted, "the time limit was reached")
        await pace.rest(stop, had=bool(batch))


async def admit_commands(pump: Pump, control: ControlBox) -> None:
    """Commands that a person left in the box, durable before they leave it.

    A reactivation where nothing is halted lifts nothing and is no input.
    """
    commands = control.take()
    for command in commands:
        found = command
        if isinstance(command, Reactivate):
            if not _is_halted(pump):
                continue
            found = msgspec.structs.replace(command, hole=pump.kernel.halt is not None)
        await pump.admit([FeedItem(pump.kernel.at, found)])
    if commands:
        await pump.flush()
        control.settle()


def _is_halted(pump: Pump) -> bool:
    trading = pump.kernel.actor("orders").state.trading
    return pump.kernel.halt is not None or trading is TradingState.HALTED


async def admit_facts(pump: Pump, outside: OutsideVenue) -> None:
    """Facts from the venue, then proof for whatever is unknown; each durable before we go on."""
    facts = outside.ingress.take(BATCH)
    facts += await outside.evidence(pump.kernel, everything=False)
    facts += await outside.lists(pump.kernel)
    if facts:
        await pump.admit([FeedItem(pump.kernel.at, fact) for fact in facts])
        await pump.flush()


class _Pace:
    """Which items are due now, by the wall."""

    def __init__(self, speed: float, seconds: float) -> None:
        self.exhausted = False
        self._speed = speed
        self._started = time.monotonic()
        self._ends = self._started + seconds if seconds else 0.0
        self._first_at = 0
        self._waiting: FeedItem | None = None

    def due(self, items: Iterator[FeedItem], room: int) -> list[FeedItem]:
        """Up to `room` items whose time has come."""
        batch: list[FeedItem] = []
        while len(batch) < room:
            item = self._waiting or next(items, None)
            if item is None:
                self.exhausted = True
                break
            self._waiting = item
            if not self._has_come(item):
                break
            self._waiting = None
            batch.append(item)
        return batch

    def overdue(self) -> bool:
        """Whether the wall-time limit has passed."""
        return bool(self._ends) and time.monotonic() >= self._ends

    async def rest(self, stop: asyncio.Event, *, had: bool) -> None:
        """Let the loop breathe; when nothing is due, sleep until something is."""
        if had or self._waiting is None:
            await asyncio.sleep(0)
            return
        ahead = self._wall_of(self._waiting) - time.monotonic()
        wait = min(max(ahead, 0.001), 0.25)
        try:
            await asyncio.wait_for(stop.wait(), wait)
        except TimeoutError:
            return

    def _has_come(self, item: FeedItem) -> bool:
        body = item.body
        if not self._speed or getattr(body, "warm_up", False):
            return True
        if not self._first_at:
            self._first_at, self._started = item.at, time.monotonic()
        return self._wall_of(item) <= time.monotonic()

    def _wall_of(self, item: FeedItem) -> float:
        return self._started + (item.at - self._first_at) / SECOND_NS / self._speed
