"""Safe mode: the core stands, or its journal cannot be written; the edge stays up and cancels.

Attempts to cancel, commands and the venue's facts are inputs for as long as the journal takes them;
a halted core holds them. Without a journal the cancels go on, logged only, and then the error ends
the process. A leader that was fenced cancels nothing: the orders are another leader's.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence

from actors.messages.base import Message
from actors.messages.execution import CancelOutcome, SafeStopAttempted
from actors.ports import FeedItem, FencedError, JournalError
from service.control import POLL_SECONDS, ControlBox
from service.drivers.feeding import BATCH, admit_commands
from service.outside_venue import OutsideVenue
from service.pump import Pump
from service.safe_stop import SafeStop, SafeStopCounts

Show = Callable[[tuple[SafeStopAttempted, ...], SafeStopCounts], None]


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
        self._stopping = self._safe_stop()

    async def stand_by(self, *, endless: bool) -> bool:
        """Cancel, then wait for a person: True once the account was reactivated.

        A run that is not `endless` waits for the cancels only. Raises JournalError, after the
        cancels, when the journal failed meanwhile.
        """
        stopping = self._stopping
        while not self._is_over():
            if stopping is not None:
                await stopping.until_none_rests()
            if not endless or self._journal_error is not None:
                break
            # An order that was under way may come to rest later: look again.
            await self._rest(self._look_again_seconds)
        if self._journal_error is not None:
            raise self._journal_error
        if self._pump.kernel.halt is not None:
            return False
        await self._reconcile()
        return True

    async def without_journal(self, error: JournalError) -> None:
        """The journal cannot be written: cancel what rests; the caller then raises `error`."""
        stopping = self._stopping
        if stopping is None or self._journal_error is not None:
            return
        self._journal_error = error
        self._say(f"the journal cannot be written, so our open orders are cancelled: {error}")
        await stopping.until_none_rests()

    @property
    def _look_again_seconds(self) -> float:
        return POLL_SECONDS if self._outside is None else self._outside.pauses.longest_seconds

    def _safe_stop(self) -> SafeStop | None:
        outside, kernel = self._outside, self._pump.kernel
        if outside is None:
            return None
        return SafeStop(
            outside.venue,
            now=lambda: kernel.at,
            tell=self._tell,
            rest=self._rest,
            is_over=self._is_over,
            stop=self._stop,
            pauses=outside.pauses,
        )

    def _is_over(self) -> bool:
        lifted = self._journal_error is None and self._pump.kernel.halt is None
        return lifted or self._stop.is_set()

    async def _tell(self, attempts: tuple[SafeStopAttempted, ...], counts: SafeStopCounts) -> None:
        self._show(attempts, counts)
        if any(each.outcome is not CancelOutcome.ASKING for each in attempts):
            known = f"{counts.open} were open" if counts.open >= 0 else "its list is not readable"
            self._say(f"safe mode asked the venue for {counts.asked} cancels; {known}")
        await self._admit(attempts)

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
            self._journal_error = error
            self._say(f"the journal cannot be written any more; cancelling goes on: {error}")

    async def _reconcile(self) -> None:
        """What became of our orders meanwhile, before the first new decision."""
        if self._outside is not None:
            await self._record(await self._outside.evidence(self._pump.kernel, everything=True))
