"""Safe mode: the core stands, or its journal cannot be written; the edge stays up and cancels.

Attempts to cancel, commands and the venue's facts are inputs for as long as the journal takes them;
a halted core holds them. Without a journal the cancels go on, logged only, and then the error ends
the process. A leader that was fenced cancels nothing: the orders are another leader's. One without
a journal cannot know: it cancels only orders that its own core knows, which are older than any
other leader's, and for a bounded time.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from actors.messages.base import Message
from actors.messages.execution import CancelOutcome, SafeStopAttempted
from actors.orders.state import OrdersState
from actors.ports import FeedItem, FencedError, JournalError
from service.control import POLL_SECONDS, ControlBox
from service.drivers.feeding import BATCH, admit_commands
from service.outside_venue import OutsideVenue
from service.pump import Pump
from service.safe_stop import Conditions, SafeStop, SafeStopCounts, Show

NO_LIMIT: Final = float("inf")


class SafeMode:
    """One account's safe mode, from the halt until a person lifts it or stops the service."""

    def __init__(
        self,
        pump: Pump,
        control: ControlBox | None,
        outside: OutsideVenue | None,
        *,
        stop: asyncio.Event,
        say: Callable[[str], None],
        show: Show,
    ) -> None:
        self._pump = pump
        self._control = control
        self._outside = outside
        self._stop = stop
        self._say = say
        self._show = show
        self._journal_error: JournalError | None = None
        self._ends = NO_LIMIT
        self._strangers = 0
        self._stopping = self._safe_stop()

    async def stand_by(self, *, endless: bool, seconds_left: float = 0.0) -> bool:
        """Cancel, then wait for a person: True once the account was reactivated.

        A run that is not `endless` waits for the cancels only, for `seconds_left` and the grace at
        most. Raises JournalError, after the cancels, when the journal failed meanwhile.
        """
        stopping = self._stopping
        if stopping is not None:
            stopping.begin()
        self._ends = NO_LIMIT
        if not endless and self._outside is not None:
            self._ends_within(seconds_left + self._outside.bounds.grace_seconds)
        while not self._is_over():
            if stopping is not None:
                await stopping.until_none_rests()
            if not endless or self._journal_error is not None:
                break
            # An order that was under way may come to rest later: look again.
            await self._rest(self._look_again_seconds)
        self._say_if_out_of_time()
        if self._journal_error is not None:
            raise self._journal_error
        if self._pump.kernel.halt is not None:
            return False
        await self._reconcile()
        return True

    async def without_journal(self, error: JournalError) -> None:
        """The journal cannot be written: cancel what rests; the caller then raises `error`.

        A stop that was asked for before is being obeyed thereby; a second one cuts it short.
        """
        stopping = self._stopping
        if stopping is None or self._journal_error is not None:
            return
        self._stop.clear()
        self._ends = NO_LIMIT
        self._say(f"the journal cannot be written, so our open orders are cancelled: {error}")
        self._lose_journal(error)
        await stopping.until_none_rests()
        self._say_if_out_of_time()

    @property
    def _look_again_seconds(self) -> float:
        return POLL_SECONDS if self._outside is None else self._outside.pauses.longest_seconds

    def _safe_stop(self) -> SafeStop | None:
        outside, kernel = self._outside, self._pump.kernel
        if outside is None:
            return None
        return SafeStop(
            outside.venue,
            conditions=Conditions(lambda: kernel.at, self._is_over, self._left, self._ours),
            show=self._tell,
            record=self._admit,
            rest=self._rest,
            stop=self._stop,
            pauses=outside.pauses,
            bounds=outside.bounds,
        )

    def _is_over(self) -> bool:
        lifted = self._journal_error is None and self._pump.kernel.halt is None
        return lifted or self._stop.is_set() or self._left() == 0.0

    def _left(self) -> float | None:
        """Seconds until cancelling ends by itself; None while it has no limit."""
        if self._ends == NO_LIMIT:
            return None
        return max(0.0, self._ends - asyncio.get_running_loop().time())

    def _ends_within(self, seconds: float) -> None:
        self._ends = min(self._ends, asyncio.get_running_loop().time() + seconds)

    def _lose_journal(self, error: JournalError) -> None:
        """From here on nothing is recorded, and another leader may be about to take over."""
        self._journal_error = error
        if self._outside is not None:
            self._ends_within(self._outside.bounds.without_journal_seconds)

    def _ours(self, listed: tuple[str, ...]) -> tuple[str, ...]:
        """Those of the listed orders that may be cancelled: without a journal, what we know.

        Whatever another leader decides is younger than all that our core knows of.
        """
        if self._journal_error is None:
            return listed
        orders: OrdersState = self._pump.kernel.actor("orders").state
        known = tuple(name for name in listed if orders.find(name) is not None)
        strangers = len(listed) - len(known)
        if strangers != self._strangers:
            self._say(
                f"{strangers} open orders on the venue's list are unknown here and are left alone:"
                " they may be another leader's"
            )
            self._strangers = strangers
        return known

    def _say_if_out_of_time(self) -> None:
        if self._left() == 0.0 and self._stopping is not None:
            still = self._stopping.counts.open
            self._say(
                "the time for cancelling is over; look at the venue yourself: open orders when it"
                f" was last asked: {still if still >= 0 else 'not readable'}"
            )

    def _tell(self, attempts: tuple[SafeStopAttempted, ...], counts: SafeStopCounts) -> None:
        self._show(attempts, counts)
        if any(each.outcome is not CancelOutcome.ASKING for each in attempts):
            known = f"{counts.open} were open" if counts.open >= 0 else "its list is not readable"
            self._say(f"safe mode asked the venue for {counts.asked} cancels; {known}")

    async def _rest(self, seconds: float) -> None:
        """Wait, and hear commands and facts meanwhile; returns early when it is over."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + seconds
        while not self._is_over() and (left := ends - loop.time()) > 0:
            await self._hear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), min(left, POLL_SECONDS))

    async def _hear(self) -> None:
        if self._journal_error is not None:
            return
        if self._outside is not None:
            await self._admit(self._outside.ingress.take(BATCH))
        if self._control is not None:
            with self._noticing_loss():
                await admit_commands(self._pump, self._control)

    async def _admit(self, facts: Sequence[Message]) -> None:
        """Journal facts while the journal takes them; a halted core holds them."""
        if not facts or self._journal_error is not None:
            return
        with self._noticing_loss():
            await self._record(facts)

    async def _record(self, facts: Sequence[Message]) -> None:
        pump = self._pump
        await pump.admit([FeedItem(pump.kernel.at, fact) for fact in facts])
        await pump.flush()

    @contextlib.contextmanager
    def _noticing_loss(self) -> Iterator[None]:
        """A journal that fails is never written again; being fenced is no failure of it."""
        try:
            yield
        except FencedError:
            raise
        except JournalError as error:
            self._say(f"the journal cannot be written any more; cancelling goes on: {error}")
            self._lose_journal(error)

    async def _reconcile(self) -> None:
        """What became of our orders meanwhile, before the first new decision."""
        if self._outside is not None:
            await self._record(await self._outside.evidence(self._pump.kernel, everything=True))
