"""Safe stop: while the core stands still, our open orders are cancelled by id, until none rests.

A round reads the venue's list, says so, and asks for the cancel of each order on it that may be
cancelled. Rounds are repeated, with pauses that grow and jitter, while such an order rests or the
list cannot be read, for as long as there is time. Nothing but cancels is sent. Every attempt is
shown; what is no news of the last ten minutes is not recorded again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, Final

import msgspec
from tenacity import AsyncRetrying, RetryCallState, retry_if_result, wait_exponential, wait_random

from actors.messages.execution import CancelOutcome, SafeStopAttempted
from actors.messages.order import CancelOrder
from actors.ports import EdgeError, Transient, UnknownOutcome
from actors.venue_port import Venue

UNREAD: Final = -1
REASON: Final = "safe mode"
_DETAIL_MAX: Final = 200


class Pauses(msgspec.Struct, frozen=True):
    """How long to wait between two rounds: the first pause, doubled each time up to the longest.

    Up to `first_seconds` of jitter come on top.
    """

    first_seconds: float = 1.0
    longest_seconds: float = 30.0


class Bounds(msgspec.Struct, frozen=True):
    """How long safe mode lasts where nobody ends it, and how often it repeats its records.

    Without a journal nothing tells whether another leader has taken over: after
    `without_journal_seconds` it may have, and cancelling ends. A limited run waits for its cancels
    until its own time limit and `grace_seconds` longer. The same attempt is recorded again only
    after `recorded_again_seconds`.
    """

    without_journal_seconds: float = 60.0
    grace_seconds: float = 300.0
    recorded_again_seconds: float = 600.0


class SafeStopCounts(msgspec.Struct, frozen=True):
    """What safe mode has asked so far. `open` is UNREAD until the venue's list was read."""

    rounds: int = 0
    asked: int = 0
    failed: int = 0
    open: int = UNREAD


Show = Callable[[tuple[SafeStopAttempted, ...], SafeStopCounts], None]
Record = Callable[[tuple[SafeStopAttempted, ...]], Awaitable[None]]


class Conditions(msgspec.Struct, frozen=True):
    """What a safe stop must know of its surroundings, asked anew each time.

    `now` is logical time (ns UTC). `is_over` says that nobody wants it any more, `left` how many
    seconds there still are (None: no limit); `ours` are those of the listed orders that may be
    cancelled.
    """

    now: Callable[[], int]
    is_over: Callable[[], bool]
    left: Callable[[], float | None]
    ours: Callable[[tuple[str, ...]], tuple[str, ...]]


class Recent:
    """What was recorded lately, by order and outcome; anything else is news."""

    def __init__(self, again_seconds: float) -> None:
        self._again_seconds = again_seconds
        self._at: dict[tuple[str, CancelOutcome], float] = {}

    def is_news(self, outcome: CancelOutcome, names: Iterable[str]) -> bool:
        """Whether any of it is news; from now on none of it is."""
        now = asyncio.get_running_loop().time()
        kept = {key: at for key, at in self._at.items() if now - at < self._again_seconds}
        keys = [(name, outcome) for name in names]
        if all(key in kept for key in keys):
            self._at = kept
            return False
        self._at = kept | dict.fromkeys(keys, now)
        return True


class SafeStop:
    """Cancels of one safe mode.

    `show` is told of every attempt and `record` journals the news; `stop` cuts a call that is under
    way. `rest` waits for so many seconds, less when it is over.
    """

    def __init__(
        self,
        venue: Venue,
        *,
        conditions: Conditions,
        show: Show,
        record: Record,
        rest: Callable[[float], Awaitable[None]],
        stop: asyncio.Event,
        pauses: Pauses = Pauses(),  # noqa: B008  (frozen)
        bounds: Bounds = Bounds(),  # noqa: B008  (frozen)
    ) -> None:
        self._venue = venue
        self._conditions = conditions
        self._show = show
        self._record = record
        self._rest = rest
        self._stop = stop
        self._pauses = pauses
        self._bounds = bounds
        self._recent = Recent(bounds.recorded_again_seconds)
        self._attempts: list[SafeStopAttempted] = []
        self._listed: tuple[str, ...] = ()
        self._open = UNREAD
        self.counts = SafeStopCounts()

    def begin(self) -> None:
        """Another halt: all that happens from here is news."""
        self._recent = Recent(self._bounds.recorded_again_seconds)

    async def until_none_rests(self) -> bool:
        """Rounds until none rests that may be cancelled (True), or until nobody wants it more."""
        pauses = self._pauses

        def nobody_wants_it(_: RetryCallState) -> bool:
            return self._conditions.is_over()

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
        """One reading of the list, one cancel for each of ours on it; True when none rests."""
        if self._conditions.is_over():
            return False
        self._open = UNREAD
        await self._unless_stopped(self._read())
        if self._conditions.ours(self._listed):
            await self._announce()
            # The journal may just have failed, and then fewer of them are ours to cancel.
            await self._unless_stopped(self._cancel(self._conditions.ours(self._listed)))
        attempts, self._attempts = tuple(self._attempts), []
        self.counts = self._counted(attempts, rounds=1)
        self._show(attempts, self.counts)
        news = [each for each in attempts if self._recent.is_news(each.outcome, (each.cl_ord_id,))]
        await self._record(tuple(news))
        return self._open != UNREAD and not self._conditions.ours(self._listed)

    async def _announce(self) -> None:
        """Journal before effect: a leader that was fenced learns of it here, before it cancels.

        A list of nothing new need not be told again: each of its orders was on it while we led.
        """
        count = len(self._listed)
        told = SafeStopAttempted(
            "", self._conditions.now(), CancelOutcome.ASKING, f"{count} of our orders rest"
        )
        self._show((told,), self._counted(()))
        if self._recent.is_news(CancelOutcome.ASKING, self._listed):
            await self._record((told,))

    async def _unless_stopped(self, call: Coroutine[Any, Any, None]) -> None:
        """Make a call to the venue; a stop cuts it, and so does the end of the time there is."""
        asking = asyncio.ensure_future(call)
        stopping = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait(
                {asking, stopping},
                timeout=self._conditions.left(),
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            asking.cancel()
            stopping.cancel()
            await asyncio.wait({asking, stopping})
        if not asking.cancelled():
            asking.result()

    async def _read(self) -> None:
        self._listed = ()
        try:
            self._listed = await self._venue.open_orders()
        except EdgeError as error:
            self._note("", error)
        else:
            self._open = len(self._listed)

    async def _cancel(self, ours: tuple[str, ...]) -> None:
        for cl_ord_id in ours:
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
        now = self._conditions.now()
        self._attempts.append(SafeStopAttempted(cl_ord_id, now, _outcome(error), detail))

    def _counted(
        self, attempts: tuple[SafeStopAttempted, ...], *, rounds: int = 0
    ) -> SafeStopCounts:
        before = self.counts
        asked = sum(each.outcome is CancelOutcome.ASKED for each in attempts)
        failed = len(attempts) - asked
        return SafeStopCounts(
            before.rounds + rounds, before.asked + asked, before.failed + failed, self._open
        )


def _outcome(error: EdgeError | None) -> CancelOutcome:
    if error is None:
        return CancelOutcome.ASKED
    if isinstance(error, Transient):
        return CancelOutcome.NOT_REACHED
    if isinstance(error, UnknownOutcome):
        return CancelOutcome.UNKNOWN
    return CancelOutcome.REFUSED
