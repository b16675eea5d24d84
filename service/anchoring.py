"""Anchoring an account's chain: checked before a start, written while it runs and at its end.

The journal proves itself only as far as it reaches. The newest anchor, kept outside of it, says how
far it must reach and what its root was there, so a cut tail or a chain written anew is seen. No
file is touched by the trading loop: one thread does that, and is waited for only with a bound.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from pathlib import Path
from typing import Final

import msgspec

from actors.ports import Journal
from adapters.anchors.key import AnchorError
from adapters.anchors.log import REMEDY, Anchor, AnchorLog
from adapters.anchors.writer import AnchorWriter
from service.failures import ExitCode, UserError
from service.settings import Settings
from service.stores import FILE, MEMORY

EVERY_SECONDS: Final = 300.0
PATIENCE_SECONDS: Final = 10.0


class _Head(msgspec.Struct, frozen=True):
    """A durable head that is to be anchored."""

    epoch: int
    seq: int
    root: bytes


class Anchoring:
    """The anchors of one running account.

    At most one anchor is being written; of those asked for meanwhile the newest follows, which
    vouches for the others. What went wrong is told by the next call.
    """

    def __init__(
        self,
        log: AnchorLog,
        *,
        every_seconds: float = EVERY_SECONDS,
        patience_seconds: float = PATIENCE_SECONDS,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._log = log
        self._every_seconds = every_seconds
        self._patience_seconds = patience_seconds
        self._say = say
        self._writer = AnchorWriter()
        self._due = 0.0
        self._anchored_seq = -1
        self._writing: tuple[_Head, Future[tuple[str, ...]]] | None = None
        self._wanted: _Head | None = None

    @property
    def anchored_seq(self) -> int:
        """The input of the newest anchor that the journal is known to hold.

        -1 before `check` was passed, 0 when nothing is anchored.
        """
        self._hear()
        return self._anchored_seq

    async def check(self, journal: Journal) -> Anchor | None:
        """The newest anchor, once the journal is shown to hold it.

        Raises AnchorError when it does not, when the anchors themselves are damaged, or when a
        place of them does not answer in time; OSError when the log cannot be read.
        """
        reading = self._writer.ask(self._log.read)
        await asyncio.to_thread(wait, [reading], self._patience_seconds)
        if not reading.done():
            places = " or ".join(f"{path}" for path in (self._log.path, *self._log.copies))
            raise AnchorError(
                f"The anchors in {places} did not answer in {self._patience_seconds:g} seconds.",
                "Mount that place again, or leave journal.anchor_copy out for this start.",
            )
        anchors = reading.result()
        self._tell(self._log.failures)
        if not anchors:
            self._anchored_seq = 0
            return None
        newest = anchors[-1]
        await check_anchor(journal, newest)
        self._anchored_seq = newest.seq
        return newest

    def note(self, *, epoch: int, seq: int, root: bytes, now: bool = False) -> None:
        """The journal is durable up to `seq`: anchor it when it is time to, or `now`.

        Returns at once; `anchored_seq` says when it was done. A place that cannot be written is
        told and tried again next time: what is durable is durable without an anchor, it is only
        less well proven.
        """
        self._hear()
        moment = time.monotonic()
        asked = max(
            self._anchored_seq,
            self._writing[0].seq if self._writing else -1,
            self._wanted.seq if self._wanted else -1,
        )
        if seq <= asked or (not now and moment < self._due):
            return
        if self._writing and moment >= self._due:
            self._say(
                f"the anchor of input {self._writing[0].seq} is still being written; look whether "
                "the place of the anchors or of their copy hangs"
            )
        self._due = moment + self._every_seconds
        self._wanted = _Head(epoch, seq, root)
        self._write()

    async def close(self) -> None:
        """Wait, with a bound, for what is still to be written; then let the thread end."""
        until = time.monotonic() + self._patience_seconds
        while self._writing is not None:
            head, writing = self._writing
            await asyncio.to_thread(wait, [writing], max(0.0, until - time.monotonic()))
            if not writing.done():
                unwritten = self._wanted or head
                self._say(
                    f"the anchor of input {unwritten.seq} was not written within "
                    f"{self._patience_seconds:g} seconds and is given up; look whether the place "
                    "of the anchors or of their copy hangs"
                )
                break
            self._hear()
        self._wanted = None
        self._writer.close()

    def _write(self) -> None:
        """Ask for what is wanted, when nothing else is being written."""
        head = self._wanted
        if head is None or self._writing is not None:
            return
        self._wanted = None
        self._writing = (head, self._writer.ask(lambda: _appended(self._log, head)))

    def _hear(self) -> None:
        """What became of the anchor that was being written; then the next one is asked for."""
        if self._writing is None or not self._writing[1].done():
            return
        head, writing = self._writing
        self._writing = None
        try:
            self._tell(writing.result())
        except (OSError, AnchorError) as error:
            self._say(f"the anchor of input {head.seq} could not be written: {error}")
        else:
            self._anchored_seq = max(self._anchored_seq, head.seq)
        self._write()

    def _tell(self, failures: tuple[str, ...]) -> None:
        for failure in failures:
            self._say(failure)


def _appended(log: AnchorLog, head: _Head) -> tuple[str, ...]:
    log.append(epoch=head.epoch, seq=head.seq, root=head.root, at_ns=time.time_ns())
    return log.failures


def anchor_log(settings: Settings, kind: str) -> AnchorLog:
    """Where the anchors of the settings' account in that kind of journal are kept."""
    return log_named(settings, f"{settings.account.name}.{place_of(settings, kind)}")


def anchors_folder(settings: Settings) -> Path:
    """Where the anchors of a data folder and the key that signs them are kept."""
    return settings.home / "anchors"


def place_of(settings: Settings, kind: str) -> str:
    """The place that a journal of that kind has in the names of its anchors."""
    return "files" if kind == FILE else "server" if settings.journal.dsn else "embedded"


def log_named(settings: Settings, name: str) -> AnchorLog:
    """The anchors of an account and place (`paper.embedded`), with their copies.

    A relative `journal.anchor_copy` is below the data folder, wherever the service is started.
    Raises UserError(USAGE) when it names the home of a user that there is not.
    """
    copy = settings.journal.anchor_copy
    try:
        copies = (settings.home / Path(copy).expanduser(),) if copy else ()
    except RuntimeError as error:
        raise UserError(
            ExitCode.USAGE,
            f"The setting journal.anchor_copy is {copy}, the home of no known user.",
            "Name the folder by its whole path.",
        ) from error
    return AnchorLog(anchors_folder(settings), name, copies)


def anchoring_of(settings: Settings, kind: str, say: Callable[[str], None]) -> Anchoring | None:
    """The anchoring of the settings' account; None for a journal that does not last."""
    return None if kind == MEMORY else Anchoring(anchor_log(settings, kind), say=say)


async def check_anchor(journal: Journal, anchor: Anchor) -> None:
    """Raises AnchorError unless the journal has the anchor's root at its input."""
    head_seq, _ = await journal.head()
    if anchor.seq > head_seq:
        raise AnchorError(
            f"The journal ends at input {head_seq}, but input {anchor.seq} was anchored: its tail "
            "was lost, or this is another database.",
            REMEDY,
        )
    if anchor.seq == 0:
        return
    async for frame in journal.frames(anchor.seq, anchor.seq):
        if (frame.last_seq, frame.root_after.hex()) == (anchor.seq, anchor.root):
            return
    seals = await journal.seals()
    if any((seal.last_seq, seal.root_after.hex()) == (anchor.seq, anchor.root) for seal in seals):
        return
    if any(seal.first_seq <= anchor.seq < seal.last_seq for seal in seals):
        raise AnchorError(
            f"Input {anchor.seq} was anchored, and lies within a run that was sealed, so the "
            "journal has no root there to hold against it.",
            REMEDY,
        )
    raise AnchorError(
        f"The journal's root at input {anchor.seq} is not {anchor.root[:16]}..., which was "
        "anchored: it was written anew, or this is another database.",
        REMEDY,
    )


async def accept_head(
    log: AnchorLog, journal: Journal, reason: str
) -> tuple[Anchor, tuple[Path, ...]]:
    """Anchor the journal's present head with a person's reason; also the names of what was set
    aside for it. Raises AnchorError, OSError.
    """
    seq, root = await journal.head()
    epoch = 0
    if seq:
        async for frame in journal.frames(seq, seq):
            epoch = frame.epoch
    return log.accept(epoch=epoch, seq=seq, root=root, at_ns=time.time_ns(), reason=reason)
