"""When the account's fees are read, and what is told of them: before a run, and after every hour.

A run does not begin without them. Later ones become inputs where they moved; while they cannot be
read those told last stand, and after some hours the dearest public ones, which never flatter.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from typing import Final

from actors.instant import HOUR_NS, MINUTE_NS, SECOND_NS
from actors.messages.base import Message
from actors.messages.control import FeeTier, FeeTierRead
from actors.ports import EdgeError
from adapters.instruments.facts import MAKER_FEE, TAKER_FEE
from service.failures import ExitCode, UserError

AFTER_HOUR_NS: Final = 30 * SECOND_NS
"""The venue counts the volume of thirty days anew when a day begins; give it a moment."""
AGAIN_NS: Final = 5 * MINUTE_NS
STALE_NS: Final = 6 * HOUR_NS
HOURLY: Final = "hourly"
_LOOK_SECONDS: Final = 0.5
_TEXT_MOST: Final = 200

Read = Callable[[Sequence[str]], Awaitable[tuple[FeeTier, ...]]]
Tell = Callable[[Message], Awaitable[None]]


class FeeWatch:
    """The fees of one account while a run goes on. `begin` it, `close` it."""

    def __init__(
        self,
        read: Read,
        tell: Tell,
        clock: Callable[[], int],
        ended: Callable[[asyncio.Task[None]], None] = lambda _: None,
    ) -> None:
        self._read = read
        self._tell = tell
        self._clock = clock
        self._ended = ended
        self._known: tuple[FeeTier, ...] = ()
        self._read_at = 0
        self._trouble = ""
        self._watching: asyncio.Task[None] | None = None

    async def begin(self, symbols: tuple[str, ...]) -> tuple[FeeTier, ...]:
        """The fees that a run of these symbols begins with; from now on they are followed.

        Raises UserError(ENVIRONMENT) when they cannot be read.
        """
        try:
            self._known = await self._read(symbols)
        except EdgeError as error:
            raise UserError(
                ExitCode.ENVIRONMENT,
                f"The venue does not tell the account's fees ({error}).",
                "Costs are not guessed where orders are real: check the key (query-funds)"
                " and start again.",
            ) from error
        self._read_at = self._clock()
        self._watching = asyncio.create_task(self._watch(symbols, next_reading(self._read_at)))
        self._watching.add_done_callback(self._ended)
        return self._known

    async def close(self) -> None:
        """Follow them no longer."""
        watching, self._watching = self._watching, None
        if watching is not None:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def _watch(self, symbols: tuple[str, ...], due: int) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if self._clock() < due:
                continue
            news = await self.look(symbols)
            if news is not None:
                await self._tell(news)
            now = self._clock()
            due = now + AGAIN_NS if self._trouble else next_reading(now)

    async def look(self, symbols: tuple[str, ...]) -> FeeTierRead | None:
        """Read once; what there is to tell of it."""
        try:
            told = await self._read(symbols)
        except EdgeError as error:
            return self._unread(f"{error}"[:_TEXT_MOST])
        self._read_at, self._trouble = self._clock(), ""
        moved = tuple(each for each in told if each not in self._known)
        self._known = told
        return FeeTierRead(self._read_at, moved, HOURLY) if moved else None

    def _unread(self, error: str) -> FeeTierRead | None:
        """The first failure is told; the dearest fees once, when those known are too old."""
        is_first, self._trouble = not self._trouble, error
        now = self._clock()
        if now - self._read_at >= STALE_NS:
            dearest = tuple(map(_dearest, self._known))
            if dearest != self._known:
                self._known = dearest
                return FeeTierRead(now, dearest, f"the dearest public fees: {error}")
        return FeeTierRead(now, (), error) if is_first else None


def next_reading(now: int) -> int:
    """A moment after the next full hour (ns UTC)."""
    return (now - AFTER_HOUR_NS) // HOUR_NS * HOUR_NS + HOUR_NS + AFTER_HOUR_NS


def _dearest(tier: FeeTier) -> FeeTier:
    taker, maker = Decimal(TAKER_FEE), Decimal(MAKER_FEE)
    return FeeTier(tier.symbol, max(tier.taker, taker), max(tier.maker, maker))
