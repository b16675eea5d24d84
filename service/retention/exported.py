"""A journal whose sealed runs are read from their exports, for a replay; nothing is written.

An export counts once it is whole and the tombstone of its run names it. What comes from it is then
as good as what was removed; runs that are sealed and were not given stay sealed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec

from actors.ports import (
    DerivedRow,
    Frame,
    JournalView,
    ManifestCheck,
    RefusedRow,
    RowParity,
    RunRow,
    Seal,
    StoredSnapshot,
)
from service.retention.manifest import Whole, frames, read_export
from service.retention.seal import tombstone_of


class Exports(msgspec.Struct, frozen=True):
    """Folders of exports, and the public keys (hex) whose signatures count."""

    folders: tuple[Path, ...]
    keys: frozenset[str]


async def with_exports(journal: JournalView, given: Exports) -> ExportedJournal:
    """The journal with the runs that were given. Raises UserError for what is not proven."""
    found = {}
    for folder in given.folders:
        whole = read_export(folder, given.keys)
        await tombstone_of(journal, whole, given.keys)
        found[whole.manifest.run_id] = folder, whole
    return ExportedJournal(journal, tuple(found.values()))


class ExportedJournal:
    """`JournalView` over a journal and exports of its oldest runs."""

    def __init__(self, journal: JournalView, exports: Sequence[tuple[Path, Whole]]) -> None:
        self._journal = journal
        self._exports = sorted(exports, key=lambda each: each[1].manifest.first_seq)

    async def frames(self, from_seq: int = 1, to_seq: int | None = None) -> AsyncIterator[Frame]:
        """Those of the exports, then those that are stored: what is sealed is older."""
        for folder, whole in self._exports:
            told = whole.manifest
            if told.last_seq < from_seq or (to_seq is not None and told.first_seq > to_seq):
                continue
            for frame in frames(told, folder):
                if to_seq is not None and frame.first_seq > to_seq:
                    break
                if frame.last_seq >= from_seq:
                    yield frame
        async for frame in self._journal.frames(from_seq, to_seq):
            yield frame

    async def snapshots(self) -> AsyncIterator[StoredSnapshot]:
        """Those that are stored, then those of the exports, newest first."""
        seen = set()
        async for stored in self._journal.snapshots():
            seen.add(stored.seq)
            yield stored
        for _, whole in reversed(self._exports):
            if whole.before is not None and whole.before.seq not in seen:
                yield whole.before

    async def seals(self) -> tuple[Seal, ...]:
        """The tombstones of the runs that are still missing."""
        given = {whole.manifest.run_id for _, whole in self._exports}
        return tuple(each for each in await self._journal.seals() if each.run_id not in given)

    async def runs(self) -> tuple[RunRow, ...]:
        """Every segment in stream order."""
        return await self._journal.runs()

    async def head(self) -> tuple[int, bytes]:
        """Last durable sequence and root."""
        return await self._journal.head()

    async def refused_since(self, seq: int) -> tuple[RefusedRow, ...]:
        """The rows that constraints left out; they stay when a run is sealed, as all rows do."""
        return await self._journal.refused_since(seq)

    async def compare_rows(
        self, run: RunRow, span: tuple[int, int], rows: tuple[DerivedRow, ...], before: RowParity
    ) -> RowParity:
        """Hold stored rows against `rows`."""
        return await self._journal.compare_rows(run, span, rows, before)

    async def check_manifest(self, run: RunRow) -> ManifestCheck:
        """Hold what a run's end wrote against its rows."""
        return await self._journal.check_manifest(run)
