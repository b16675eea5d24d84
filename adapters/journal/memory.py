"""The journal in memory: for backtests that keep nothing, and for tests.

Journals that share a store see one stream, as two processes before one disk would. Nothing here
survives the process, and derived rows are not kept.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import AsyncIterator

from actors.ports import (
    DerivedRow,
    Frame,
    ManifestCheck,
    RefusedRow,
    RowParity,
    RunRow,
    Seal,
    StoredSnapshot,
)
from adapters.journal.stream import Stream


class MemoryStore:
    """What a disk would hold: the stream, its frames and its snapshots."""

    def __init__(self) -> None:
        self.stream = Stream()
        self.frames: list[Frame] = []
        self.last_seqs: list[int] = []
        self.snapshots: dict[int, StoredSnapshot] = {}


class MemoryJournal:
    """`Journal` over a `MemoryStore`; see the port for what each method promises."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self._store = store or MemoryStore()
        self._epoch = 0

    async def open_epoch(self, holder: str) -> int:  # noqa: ARG002  (a lease has a name elsewhere)
        """Become the leader of this store."""
        self._store.stream.epoch += 1
        self._epoch = self._store.stream.epoch
        return self._epoch

    async def append(
        self,
        frame: Frame,
        rows: tuple[DerivedRow, ...] = (),  # noqa: ARG002
    ) -> tuple[RefusedRow, ...]:
        """Keep the frame; `rows` have no tables here, so none is refused."""
        self._store.stream.check_frame(frame, self._epoch)
        self._store.stream.extend(frame)
        self._store.frames.append(frame)
        self._store.last_seqs.append(frame.last_seq)
        return ()

    async def refused_since(self, seq: int) -> tuple[RefusedRow, ...]:  # noqa: ARG002
        """None: there are no tables here."""
        return ()

    async def compare_rows(
        self,
        run: RunRow,  # noqa: ARG002
        span: tuple[int, int],  # noqa: ARG002
        rows: tuple[DerivedRow, ...],  # noqa: ARG002
        before: RowParity,
    ) -> RowParity:
        """No rows are kept here, so none can differ."""
        return before

    async def check_manifest(self, run: RunRow) -> ManifestCheck:  # noqa: ARG002
        """No rows are kept here, so no run is summed up."""
        return ManifestCheck()

    async def begin_run(self, run: RunRow) -> None:
        """Register a segment."""
        self._store.stream.check_leader(self._epoch)
        self._store.stream.begin(run)

    async def end_run(self, run_id: str) -> None:
        """Mark a segment as closed."""
        self._store.stream.check_leader(self._epoch)
        self._store.stream.end(run_id)

    async def runs(self) -> tuple[RunRow, ...]:
        """Every segment in stream order."""
        return self._store.stream.runs()

    async def seals(self) -> tuple[Seal, ...]:
        """None: only a database replaces frames by tombstones."""
        return ()

    async def frames(self, from_seq: int = 1, to_seq: int | None = None) -> AsyncIterator[Frame]:
        """Frames that hold any input of the range."""
        index = bisect_left(self._store.last_seqs, from_seq)
        while index < len(self._store.frames):
            frame = self._store.frames[index]
            if to_seq is not None and frame.first_seq > to_seq:
                return
            yield frame
            index += 1

    async def head(self) -> tuple[int, bytes]:
        """Last sequence and root."""
        return self._store.stream.seq, self._store.stream.root

    async def save_snapshot(self, snapshot: StoredSnapshot) -> None:
        """Keep a snapshot."""
        self._store.snapshots.setdefault(snapshot.seq, snapshot)

    async def snapshots(self) -> AsyncIterator[StoredSnapshot]:
        """Snapshots, newest first."""
        for seq in sorted(self._store.snapshots, reverse=True):
            yield self._store.snapshots[seq]

    async def close(self) -> None:
        """Nothing is held."""
