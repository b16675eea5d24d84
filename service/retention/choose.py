"""Which runs may be sealed: old, over, in order from the first one, and not needed by a start.

A run is over when it was closed, or when a later one goes on from where it was cut off. The newest
run stays whatever its age. What the next start needs must be there without the frames: a snapshot
at the last run's end that the next one names, an anchor at or beyond it, no refused row to be told.
"""

from __future__ import annotations

from typing import Final

import msgspec

from actors.instant import DAY_NS, HOUR_NS
from actors.ports import Journal, JournalCorruptError, RunRow
from adapters.anchors.key import AnchorError
from adapters.anchors.log import Anchor
from adapters.postgres.statements import statement
from adapters.postgres.table_copies import Connection
from service.anchoring import check_anchor
from service.drivers.replay import run_started
from service.failures import ExitCode, UserError
from service.fingerprint import code_fingerprint
from service.rebuilding import graph_of
from service.recovery import recover, unheard_refusals
from service.retention.tombstones import sealed_end
from service.trusted_snapshots import is_begun_from, whole_snapshot

_NOTHING: Final = "Nothing was sealed."


class Choice(msgspec.Struct, frozen=True):
    """The runs that may be sealed, in order, and why the one after them stays."""

    runs: tuple[RunRow, ...]
    stays: str


async def old_runs(
    connection: Connection, journal: Journal, *, keep_days: int, now_ns: int
) -> Choice:
    """The runs that are over and ended before the days that are kept, by the hour of the frames."""
    begun = [run for run in await journal.runs() if run.last_seq >= run.first_seq]
    if not begun:
        return Choice((), "the account has no inputs yet")
    end, _ = await sealed_end(journal)
    limit = now_ns - keep_days * DAY_NS
    chosen: list[RunRow] = []
    for run in begun[:-1]:
        if run.last_seq <= end:
            continue
        hour = await connection.fetchval(statement("run_hour"), run.account, run.run_id)
        if hour is None or hour + HOUR_NS > limit:
            days = "day" if keep_days == 1 else "days"
            stays = f"the run {run.run_id} has inputs of the last {keep_days} {days}"
            return Choice(tuple(chosen), stays)
        chosen.append(run)
    return Choice(tuple(chosen), f"the run {begun[-1].run_id} is the newest, which always stays")


async def spare_needed(journal: Journal, choice: Choice, anchors: tuple[Anchor, ...]) -> Choice:
    """The runs whose removal leaves a start, and a proof of what stays, all that they need.

    Raises UserError when there is none, or the account does not prove itself.
    """
    if not choice.runs:
        return choice
    choice = await _as_far_as_named(journal, choice)
    last = choice.runs[-1].last_seq
    if not anchors or anchors[-1].seq < last:
        reach = anchors[-1].seq if anchors else 0
        raise _needed(
            f"the newest anchor is of input {reach}, and the runs to seal end at input {last}",
            "Start the account once and stop it cleanly, which anchors its end; then repeat.",
        )
    try:
        await check_anchor(journal, anchors[-1])
    except AnchorError as error:
        raise UserError(ExitCode.NOT_PROVEN, f"{error} {_NOTHING}", error.remedy) from error
    unheard = [each for each in await unheard_refusals(journal) if each.seq <= last]
    if unheard:
        raise _needed(
            f"the row that {unheard[0].name} refused at input {unheard[0].seq} was not told "
            "to the account yet",
            "Start the account once, so that it is told; then repeat.",
        )
    await _refuse_unrecoverable(journal, last, anchors[-1].seq)
    return choice


async def _as_far_as_named(journal: Journal, choice: Choice) -> Choice:
    """The runs up to the last one whose end the next run names: what stays is proven from there.

    Where another version began the next run, it named the state as it read it, not as it was kept.
    """
    ends = {run.last_seq for run in choice.runs}
    async for stored in journal.snapshots():
        snapshot = whole_snapshot(stored) if stored.seq in ends else None
        if snapshot is None or not await is_begun_from(journal, snapshot):
            continue
        kept = tuple(run for run in choice.runs if run.last_seq <= stored.seq)
        if len(kept) == len(choice.runs):
            return choice
        stays = f"the run {choice.runs[len(kept)].run_id} ends in no state that the next one names"
        return Choice(kept, stays)
    raise _needed(
        f"there is no snapshot of input {max(ends)}, where a run ends, that the next run names",
        "Repeat when the next run is old enough; `ballast books verify` tells what else differs.",
    )


async def _refuse_unrecoverable(journal: Journal, last: int, trusted_seq: int) -> None:
    begun = [run for run in await journal.runs() if run.last_seq >= run.first_seq]
    kernel = graph_of(await run_started(journal, begun[-1]), verify=False).kernel
    try:
        recovered = await recover(kernel, journal, code_fingerprint(), trusted_seq=trusted_seq)
    except JournalCorruptError as error:
        raise UserError(
            ExitCode.NOT_PROVEN, f"The account does not prove itself: {error}.", _NOTHING
        ) from error
    if recovered.snapshot_seq < last:
        raise _needed(
            f"recovery begins at input {recovered.snapshot_seq}, before input {last}",
            "Start the account once with this version and stop it cleanly; then repeat.",
        )


def _needed(what: str, remedy: str) -> UserError:
    return UserError(ExitCode.NOT_PROVEN, f"{_NOTHING[:-1]}: {what}.", remedy)
