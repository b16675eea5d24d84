"""Ingress: facts from the venue wait here, bounded, and are never dropped or conflated.

Market state was conflated by the feed already. When the bound is reached the venue's reader waits
(the venue's own connection is the buffer then), so load shows as lag, not as loss.
"""

from __future__ import annotations

import asyncio
from typing import Final

from actors.messages.base import Message

CAPACITY: Final = 10_000


class Ingress:
    """A bounded line of facts between edge tasks and the pump."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._line: asyncio.Queue[Message] = asyncio.Queue(capacity)
        self.high_water = 0

    async def put(self, fact: Message) -> None:
        """Append a fact; waits while the line is full."""
        await self._line.put(fact)
        self.high_water = max(self.high_water, self._line.qsize())

    def take(self, most: int) -> list[Message]:
        """Up to `most` facts in order of arrival; empty when none waits."""
        taken: list[Message] = []
        while len(taken) < most and not self._line.empty():
            taken.append(self._line.get_nowait())
        return taken

    def depth(self) -> int:
        """How many facts wait."""
        return self._line.qsize()
