"""Anchoring an account's chain: checked before a start, written while it runs and at its end.

The journal proves itself only as far as it reaches. The newest anchor, kept outside of it, says how
far it must reach and what its root was there, so a cut tail or a chain written anew is seen.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from actors.ports import Journal
from adapters.anchors.key import AnchorError
from adapters.anchors.log import REMEDY, Anchor, AnchorLog
from service.settings import Settings
from service.stores import FILE, MEMORY

EVERY_SECONDS: Final = 60.0


class Anchoring:
    """The anchors of one running account."""

    def __init__(
        self,
        log: AnchorLog,
        *,
        every_seconds: float = EVERY_SECONDS,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._log = log
        self._every_seconds = every_seconds
        self._say = say
        self._due = 0.0
        self._seq = -1

    async def check(self, journal: Journal) -> Anchor | None:
        """The newest anchor, once the journal is shown to hold it.

        Raises AnchorError when it does not, or when the anchors themselves are damaged.
        """
        anchors = self._log.read()
        if not anchors:
            return None
        newest = anchors[-1]
        await check_anchor(journal, newest)
        self._seq = newest.seq
        return newest

    def note(self, *, epoch: int, seq: int, root: bytes, now: bool = False) -> None:
        """The journal is durable up to `seq`: anchor it when it is time to, or `now`.

        A place that cannot be written is told and tried again next time: what is durable is
        durable without an anchor, it is only less well proven.
        """
        moment = time.monotonic()
        if seq <= self._seq or (not now and moment < self._due):
            return
        self._due = moment + self._every_seconds
        try:
            self._log.append(epoch=epoch, seq=seq, root=root, at_ns=time.time_ns())
        except OSError as error:
            self._say(f"the anchor of input {seq} could not be written: {error}")
            return
        self._seq = seq


def anchor_log(settings: Settings, kind: str) -> AnchorLog:
    """Where the anchors of the settings' account in that kind of journal are kept."""
    place = "files" if kind == FILE else "server" if settings.journal.dsn else "embedded"
    copy = settings.journal.anchor_copy
    copies = (Path(copy).expanduser(),) if copy else ()
    return AnchorLog(settings.home / "anchors", f"{settings.account.name}.{place}", copies)


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
    raise AnchorError(
        f"The journal's root at input {anchor.seq} is not {anchor.root[:16]}..., which was "
        "anchored: it was written anew, or this is another database.",
        REMEDY,
    )
