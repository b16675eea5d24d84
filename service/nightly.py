"""The nightly recompute: once a day every stored balance is added up anew from zero.

A thread of its own reads as the reader, so the trading loop waits for nothing. What differs becomes
an input that halts the account. A check that could not be made, for whatever reason, is told and
tried again; so is one that a server keeps waiting for longer than `LIMIT_SECONDS`.
"""

from __future__ import annotations

import asyncio
import enum
import threading
import time
from collections.abc import Callable
from typing import Final

from actors.instant import SECOND_NS
from actors.messages.control import ConstraintViolated
from actors.money import run_exact
from actors.ports import JournalError
from service.books.inquiry import audited
from service.books.reading import open_books
from service.books.verification import Check, Verdict, row_checks
from service.failures import UserError
from service.settings import Settings
from service.stores import POSTGRES

CONSTRAINT: Final = "books_recomputed"
RETRY_SECONDS: Final = 900
LIMIT_SECONDS: Final = 1800.0
PATIENCE_SECONDS: Final = 10.0
_HOUR_NS: Final = 3600 * SECOND_NS
_DAY_NS: Final = 24 * _HOUR_NS


class Outcome(enum.IntEnum):
    """What the newest check came to, as the metric tells it."""

    SOUND = 1
    NONE_YET = 0
    NOT_MADE = -1
    DIFFERS = -2


class _StoppedError(Exception):
    """The service ends; the check is given up."""


class NightlyRecompute:
    """The daily check of one running account's rows, first at the next such hour after a start."""

    def __init__(
        self,
        settings: Settings,
        account: str,
        *,
        say: Callable[[str], None],
        show: Callable[[Outcome], None] = lambda _: None,
        now: Callable[[], int] = time.time_ns,
        limit_seconds: float = LIMIT_SECONDS,
    ) -> None:
        self._settings = settings
        self._account = account
        self._say = say
        self._show = show
        self._now = now
        self._limit_seconds = limit_seconds
        self._due = self._next_hour()
        self._stopped = threading.Event()
        self._checking: asyncio.Task[tuple[int, tuple[Check, ...]]] | None = None

    def look(self) -> tuple[ConstraintViolated, ...]:
        """Begin the check when it is due; what a finished one found wrong, once. Never waits."""
        if self._checking is None:
            if self._now() >= self._due:
                self._checking = asyncio.ensure_future(asyncio.to_thread(self._check))
            return ()
        if not self._checking.done():
            return ()
        task, self._checking = self._checking, None
        error = task.exception()
        if error is not None:
            self._due = self._now() + RETRY_SECONDS * SECOND_NS
            self._show(Outcome.NOT_MADE)
            self._say(
                f"the nightly recompute of the books could not be made: {_told_of(error)}; it is "
                f"tried again in {RETRY_SECONDS / 60:g} minutes"
            )
            return ()
        seq, checks = task.result()
        self._due = self._next_hour()
        return self._told(seq, checks)

    async def close(self) -> None:
        """Give up what is being checked; waits for it, with a bound."""
        self._stopped.set()
        task, self._checking = self._checking, None
        if task is None:
            return
        done, _ = await asyncio.wait([task], timeout=PATIENCE_SECONDS)
        if not done or isinstance(task.exception(), _StoppedError):
            self._say("the nightly recompute of the books was given up, because the service ends")

    def _told(self, seq: int, checks: tuple[Check, ...]) -> tuple[ConstraintViolated, ...]:
        faults = [each for each in checks if each.verdict is Verdict.FALSE]
        self._show(Outcome.DIFFERS if faults else Outcome.SOUND)
        if not faults:
            self._say(f"the books were recomputed from zero up to input {seq}: nothing differs")
        for each in faults:
            self._say(f"the books differ when recomputed from zero: {each.name}: {each.detail}")
        return tuple(
            ConstraintViolated(CONSTRAINT, seq, f"{each.name}: {each.detail}") for each in faults
        )

    def _check(self) -> tuple[int, tuple[Check, ...]]:
        """In a thread, on a loop of its own, so that adding up holds up nobody."""
        return run_exact(lambda: asyncio.run(self._checked()))

    async def _checked(self) -> tuple[int, tuple[Check, ...]]:
        async with (
            asyncio.timeout(self._limit_seconds),
            open_books(self._settings, self._account) as books,
        ):
            self._refuse_stopped()
            audit = await audited(books, lambda *_: self._refuse_stopped())
            self._refuse_stopped()
            return books.last_seq, row_checks(audit)

    def _refuse_stopped(self) -> None:
        if self._stopped.is_set():
            raise _StoppedError

    def _next_hour(self) -> int:
        """The next time that the wall shows the hour of the settings."""
        hour_ns = self._settings.journal.recompute_hour_utc * _HOUR_NS
        now = self._now()
        return now + _DAY_NS - (now - hour_ns) % _DAY_NS


def _told_of(error: BaseException) -> str:
    """A failure that has a sentence says it; a bug of ours is named by its type as well."""
    if isinstance(error, TimeoutError) and not str(error):
        return "the database did not answer in time"
    known = isinstance(error, UserError | JournalError | OSError)
    return f"{error}" if known else f"{type(error).__name__}: {error}"


def nightly_of(
    settings: Settings,
    kind: str,
    stream: str,
    say: Callable[[str], None],
    show: Callable[[Outcome], None],
) -> NightlyRecompute | None:
    """The check of the settings' account; None for a journal without tables."""
    if kind != POSTGRES:
        return None
    return NightlyRecompute(settings, stream or settings.account.name, say=say, show=show)
