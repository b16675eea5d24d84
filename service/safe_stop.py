"""Safe stop: while the core stands still, our open orders are cancelled by id, until none rests.

A round reads the venue's list, says so, and asks for the cancel of each order on it. Rounds are
repeated, with pauses that grow and jitter, while the list names any order or cannot be read.
Nothing but cancels is sent. What comes of it is handed to whoever journals, logs and shows it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

import msgspec
from tenacity import AsyncRetrying, RetryCallState, retry_if_result, wait_exponential, wait_random

from actors.messages.execution import CancelOutcome, SafeStopAttempted
from actors.messages.order import CancelOrder
from actors.ports import EdgeError, Transient, UnknownOutcome, Venue

UNREAD: Final = -1
REASON: Final = "safe mode"
_DETAIL_MAX: Final = 200


class Pauses(msgspec.Struct, frozen=True):
    """How long to wait between two rounds: the first pause, doubled each time up to the longest.

    Up to `first_seconds` of jitter come on top.
    """

    first_seconds: float = 1.0
    longest_seconds: float = 30.0


class SafeStopCounts(msgspec.Struct, frozen=True):
    """What safe mode has asked so far. `open` is UNREAD until the venue's list was read."""

    rounds: int = 0
    asked: int = 0
    failed: int = 0
    open: int = UNREAD


Tell = Callable[[tuple[SafeStopAttempted, ...], SafeStopCounts], Awaitable[None]]


class SafeStop:
    """Cancels of one safe mode.

    `now` is logical time (ns UTC) and `is_over` says that nobody wants it any more; `stop` cuts a
    call that is under way. `rest` waits for so many seconds, less when it is over.
    """

    def __init__(
        self,
        venue: Venue,
        *,
        now: Callable[[], int],
        tell: Tell,
        rest: Callable[[float], Awaitable[None]],
        is_over: Callable[[], bool],
        stop: asyncio.Event,
        pauses: Pauses = Pauses(),  # noqa: B008  (frozen)
    ) -> None:
        self._venue = venue
        self._now = now
        self._tell = tell
        self._rest = rest
        self._is_over = is_over
        self._stop = stop
        self._pauses = pauses
        self._attempts: list[SafeStopAttempted] = []
        self._ours: tuple[str, ...] = ()
        self._open = UNREAD
        self.counts = SafeStopCounts()

    async def until_none_rests(self) -> bool:
        """Rounds until the venue's list is empty (True), or until nobody wants it any more."""
        pauses = self._pauses

        def nobody_wants_it(_: RetryCallState) -> bool:
            return self._is_over()

        rounds = AsyncRetrying(
            wait=wait_exponential(pauses.first_seconds, pauses.longest_seconds)
            + wait_random(0.0, pauses.first_seconds),
            stop=nobody_wants_it,
            sleep=self._rest,
            retry=retry_if_result(lambda none_rests: not none_rests),
            retry_error_callback=lambda _: False,
        )
        return bool(await rounds(self._round))

    async def _round(self) -> bool:
        """One reading of the list, one cancel for each order on it; True when none rests."""
        if self._is_over():
            return False
        self._open = UNREAD
        await self._unless_stopped(self._read())
        if self._ours:
            # Journal before effect: a leader that was fenced learns of it here, before it cancels.
            told = SafeStopAttempted("", self._now(), CancelOutcome.ASKING, _resting(self._ours))
            await self._tell((told,), self._counted(()))
            await self._unless_stopped(self._cancel())
        attempts, self._attempts = tuple(self._attempts), []
        self.counts = self._counted(attempts, rounds=1)
        await self._tell(attempts, self.counts)
        return self._open == 0

    async def _unless_stopped(self, call: Coroutine[Any, Any, None]) -> None:
        """Make a call to the venue; a stop cuts it."""
        asking = asyncio.ensure_future(call)
        stopping = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait({asking, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            asking.cancel()
            stopping.cancel()
            await asyncio.wait({asking, stopping})
        if not asking.cancelled():
            asking.result()

    async def _read(self) -> None:
        self._ours = ()
        try:
            self._ours = await self._venue.open_orders()
        except EdgeError as error:
            self._note("", error)
        else:
            self._open = len(self._ours)

    async def _cancel(self) -> None:
        for cl_ord_id in self._ours:
            try:
                await self._venue.cancel(CancelOrder(cl_ord_id, "", REASON))
            except EdgeError as error:
                self._note(cl_ord_id, error)
            except asyncio.CancelledError:
                self._note(cl_ord_id, UnknownOutcome("cut off while it was asked"))
                raise
            else:
                self._note(cl_ord_id, None)

    def _note(self, cl_ord_id: str, error: EdgeError | None) -> None:
        detail = "" if error is None else str(error)[:_DETAIL_MAX]
        self._attempts.append(SafeStopAttempted(cl_ord_id, self._now(), _outcome(error), detail))

    def _counted(
        self, attempts: tuple[SafeStopAttempted, ...], *, rounds: int = 0
    ) -> SafeStopCounts:
        before = self.counts
        asked = sum(each.outcome is CancelOutcome.ASKED for each in attempts)
        failed = len(attempts) - asked
        return SafeStopCounts(
            before.rounds + rounds, before.asked + asked, before.failed + failed, self._open
        )


def _resting(ours: tuple[str, ...]) -> str:
    return f"{len(ours)} of our orders rest"


def _outcome(error: EdgeError | None) -> CancelOutcome:
    if error is None:
        return CancelOutcome.ASKED
    if isinstance(error, Transient):
        return CancelOutcome.NOT_REACHED
    if isinstance(error, UnknownOutcome):
        return CancelOutcome.UNKNOWN
    return CancelOutcome.REFUSED
