"""Which recorded days are stepped again: those of the newest runs that this version made.

Stepping begins at a snapshot that the chain names, or at the account's beginning. What is sealed,
or was made by other code, is left out, and so is everything before it.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from actors.instant import DAY_NS
from actors.journal_chain import ChainVerifier, decode_input
from actors.kernel.snapshot import Snapshot
from actors.messages.control import RunStarted
from actors.ports import JournalView, RunRow
from service.drivers.replay import run_started
from service.failures import ExitCode, UserError
from service.fingerprint import code_fingerprint
from service.retention.tombstones import sealed_end
from service.trusted_snapshots import Passed, trusted_snapshots


class Asked(msgspec.Struct, frozen=True):
    """The last `days` of the account's recorded time, or the whole run `run_id`."""

    days: int
    run_id: str = ""


class Stretch(msgspec.Struct, frozen=True):
    """Runs in stream order, and where stepping them begins (None: at the account's beginning).

    What is counted begins with the first input at or after `from_seq` whose time is after
    `from_at` (ns UTC).
    """

    rows: tuple[RunRow, ...]
    begun: Mapping[str, RunStarted]
    start: Snapshot | None
    from_seq: int
    from_at: int

    @property
    def inputs(self) -> int:
        """How many inputs are stepped in all."""
        return self.rows[-1].last_seq - (0 if self.start is None else self.start.kernel.seq)


async def stretch_of(journal: JournalView, asked: Asked) -> Stretch:
    """The days that are meant. Raises UserError: MISSING, or NOT_PROVEN for those of other code."""
    sealed_seq, _ = await sealed_end(journal)
    rows = [row for row in await journal.runs() if row.last_seq >= row.first_seq]
    rows = [row for row in rows if row.first_seq > sealed_seq]
    if asked.run_id:
        rows = rows[: 1 + next((n for n, r in enumerate(rows) if r.run_id == asked.run_id), -1)]
    if not rows:
        raise _nothing(asked)
    begun: dict[str, RunStarted] = {}
    for row in reversed(rows):
        begun[row.run_id] = await run_started(journal, row)
        if begun[row.run_id].code_fingerprint != code_fingerprint():
            break
    own = [r for r in rows if r.run_id in begun]
    own = own[1:] if begun[own[0].run_id].code_fingerprint != code_fingerprint() else own
    if not own:
        raise _of_other_code(rows[-1], begun[rows[-1].run_id])
    from_at, from_seq = 0, own[-1].first_seq
    if not asked.run_id:
        from_at, from_seq = await _ends_at(journal, own[-1]) - asked.days * DAY_NS, 1
    last_seq = from_seq - 1 if asked.run_id else own[-1].last_seq
    start = await _start(journal, own[0], last_seq=last_seq, from_at=from_at)
    if start is None and own[0].first_seq > 1:
        raise _of_other_code(own[-1], begun[own[-1].run_id])
    seq = 0 if start is None else start.kernel.seq
    return Stretch(tuple(row for row in own if row.last_seq > seq), begun, start, from_seq, from_at)


async def _start(
    journal: JournalView, first: RunRow, *, last_seq: int, from_at: int
) -> Snapshot | None:
    """The newest snapshot of this code before the days, else the oldest within them.

    None is the account's beginning: better than a snapshot within, where it was made by this code.
    """
    oldest: Snapshot | None = None
    async for snapshot in trusted_snapshots(journal, last_seq, Passed()):
        if snapshot.kernel.seq < first.first_seq - 1:
            break
        if snapshot.code_fingerprint != code_fingerprint():
            continue
        oldest = snapshot
        if not from_at or snapshot.kernel.at <= from_at:
            return snapshot
    return oldest if first.first_seq > 1 else None


async def _ends_at(journal: JournalView, row: RunRow) -> int:
    """The time (ns UTC) of a run's last input."""
    at = 0
    async for frame in journal.frames(row.last_seq, row.last_seq):
        chain = ChainVerifier(frame.root_before, frame.first_seq - 1)
        at = decode_input(chain.check(frame)[-1]).at
    return at


def _nothing(asked: Asked) -> UserError:
    if asked.run_id:
        return UserError(
            ExitCode.MISSING,
            f"The inputs of the run {asked.run_id} are not in the journal.",
            "Choose one from `ballast runs`; a sealed run cannot be simulated.",
        )
    return UserError(
        ExitCode.MISSING,
        "There is no recorded run to simulate.",
        "Let the account trade for a while with `ballast run`, or name a stored run by --run.",
    )


def _of_other_code(row: RunRow, begun: RunStarted) -> UserError:
    return UserError(
        ExitCode.NOT_PROVEN,
        f"The run {row.run_id} was made by code {begun.code_fingerprint[:12]}, this is "
        f"{code_fingerprint()[:12]}: it cannot be simulated here.",
        "Use the version that made it, or let this one trade for a while.",
    )
