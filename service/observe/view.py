"""The live terminal view: draws a page a few times a second while a run trades, and steps aside.

It draws from the driver's own loop, between inputs, so it never sees a half-done step; while a
replay holds the loop it draws from the replay's progress. A fault here never reaches the run.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import Final

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live

from service.bundles import Choice
from service.drivers.silent import Silent
from service.drivers.trading import RunPlan
from service.observe.port import Place
from service.observe.reading import Reader
from service.observe.screen import Scene, page
from service.observe.stepping import Stepping
from service.segment import OpenSegment
from service.tally import Tally

REFRESH_SECONDS: Final = 0.5
RATE_SECONDS: Final = 3.0
EQUITIES_KEPT: Final = 200


class View(Silent):
    """One terminal, one run."""

    def __init__(self, console: Console, stepping: Stepping, place: Place | None) -> None:
        self._console = console
        self._stepping = stepping
        self._address = "" if place is None else place.address
        self._status = ""
        self._reader: Reader | None = None
        self._live: Live | None = None
        self._drawing: asyncio.Task[None] | None = None
        self._drawn = 0.0
        self._marks: deque[tuple[float, int, int]] = deque()

    @property
    def active(self) -> bool:
        """Whether the terminal is taken."""
        return self._live is not None

    def tell(self, text: str) -> None:
        """Show a sentence in the page's head."""
        self._status = text

    async def opened(
        self, segment: OpenSegment, tally: Tally, plan: RunPlan, choice: Choice
    ) -> None:
        """Take the terminal."""
        self._reader = Reader(segment, tally, plan, choice=choice, stepping=self._stepping)
        self._live = Live(
            self, console=self._console, screen=True, auto_refresh=False, transient=True
        )
        self._live.start()
        self._drawing = asyncio.create_task(self._draw_often())

    def closing(self, reason: str) -> None:
        """Say why it ends."""
        self._status = f"closing: {reason}"
        self._draw()

    def proving(self, done: int, total: int) -> None:
        """Show how far the replay has come."""
        self._status = f"replaying {done:,} of {total:,} inputs"
        if time.monotonic() - self._drawn >= REFRESH_SECONDS:
            self._draw()

    async def closed(self) -> None:
        """Give the terminal back."""
        drawing, live = self._drawing, self._live
        self._drawing = self._live = None
        if drawing is not None:
            drawing.cancel()
            (fault,) = await asyncio.gather(drawing, return_exceptions=True)
            if isinstance(fault, Exception):
                Console(stderr=True).print(f"The view stopped early: {fault!r}.", markup=False)
        if live is not None:
            live.stop()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The page as it is now."""
        if self._reader is not None:
            width, height = console.size
            scene = self._scene(self._reader)
            yield page(scene, width, height, ascii_only=options.ascii_only)

    async def _draw_often(self) -> None:
        while True:
            self._draw()
            await asyncio.sleep(REFRESH_SECONDS)

    def _draw(self) -> None:
        self._drawn = time.monotonic()
        if self._live is not None:
            self._live.refresh()

    def _scene(self, reader: Reader) -> Scene:
        reading, tally = reader.read(), reader.tally
        input_rate, message_rate = self._rates(tally)
        equities = [float(hour.state.equity) for hour in list(tally.hours)[-EQUITIES_KEPT:]]
        verdicts = [(*key, count) for key, count in tally.verdicts.most_common()]
        return Scene(
            reading=reading,
            equities=[*equities, float(reading.equity)],
            recent=tuple(tally.recent),
            verdicts=verdicts,
            inputs=tally.inputs,
            decisions=tally.decisions,
            orders=tally.orders,
            fills=tally.fills,
            input_rate=input_rate,
            message_rate=message_rate,
            address=self._address,
            status=self._status,
        )

    def _rates(self, tally: Tally) -> tuple[float, float]:
        marks, now = self._marks, time.monotonic()
        marks.append((now, tally.inputs, tally.messages))
        while now - marks[0][0] > RATE_SECONDS and len(marks) > 2:
            marks.popleft()
        first, inputs, messages = marks[0]
        seconds = now - first
        if seconds <= 0:
            return 0.0, 0.0
        return (tally.inputs - inputs) / seconds, (tally.messages - messages) / seconds
