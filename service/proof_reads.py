"""The venue's lists are read beside the trading loop: a slow or silent venue never holds it up.

One reading at a time. What it proved comes back when it is there, as inputs like any others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from actors.kernel.kernel import Kernel
from actors.messages.base import Message
from service.outside_venue import OutsideVenue


class ProofReads:
    """Readings for whatever the core does not know; `came` is called when one is done."""

    def __init__(self, outside: OutsideVenue, kernel: Kernel, came: Callable[[], None]) -> None:
        self._outside = outside
        self._kernel = kernel
        self._came = came
        self._reading: asyncio.Task[list[Message]] | None = None

    def take(self) -> list[Message]:
        """What the last reading proved, once; the next one is begun when there is none.

        Raises whatever ended the reading and is no error of the venue.
        """
        facts: list[Message] = []
        if self._reading is not None:
            if not self._reading.done():
                return facts
            facts = self._reading.result()
        self._reading = asyncio.create_task(self._read())
        return facts

    async def close(self) -> None:
        """Give up what is being read."""
        if self._reading is not None:
            self._reading.cancel()
            with suppress(asyncio.CancelledError):
                await self._reading

    async def _read(self) -> list[Message]:
        facts = await self._outside.evidence(self._kernel, everything=False)
        facts += await self._outside.lists(self._kernel)
        if facts:
            self._came()
        return facts
