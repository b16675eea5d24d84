"""The journal in files: one folder an account, for machines without a database.

Every append happens under a lock between processes, in which the epoch file is read again: a
deposed writer is refused in the same critical section. Derived rows are not kept here; they can be
made again from the frames.
"""

from __future__ import annotations

import asyncio
import os
import zlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from actors.ports import (
    DerivedRow,
    Frame,
    JournalError,
    ManifestCheck,
    RefusedRow,
    RowParity,
    RunRow,
    Seal,
    StoredSnapshot,
)
from adapters.journal.durable import flush_folder, in_one_sentence, locked, replace_file
from adapters.journal.frame_files import SEGMENT_BYTES, FrameFiles
from adapters.journal.stream import Stream

FORMAT: Final = 1
_SNAPSHOT_MAGIC: Final = b"BALLASTS\x01\x00\x00\x00"


class _EpochFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: int
    epoch: int
    holder: str


class _RunFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: int
    run_id: str
    account: str
    mode: str
    feed: str
    genesis: str
    first_seq: int
    closed: bool


_File = TypeVar("_File", _EpochFile, _RunFile)


class DurableFile(msgspec.Struct, frozen=True):
    """A file's path in the folder and how many of its bytes are durable; `data` when it changes."""

    path: str
    size_bytes: int
    data: bytes | None = None


class DurableState(msgspec.Struct, frozen=True):
    """One state of the journal as files, and where it stands."""

    seq: int
    root: bytes
    epoch: int
    runs: int
    files: tuple[DurableFile, ...]


class FileJournal:
    """`Journal` over a folder; see the port for what each method promises.

    Raises JournalError when the folder cannot be used or was written by another version, and
    JournalCorruptError when its end is damaged. `notes` are sentences about what was repaired.
    """

    def __init__(self, folder: Path, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._folder = folder
        self._stream = Stream()
        self._epoch = 0
        self.notes: list[str] = []
        with in_one_sentence(folder):
            for each in (folder, folder / "runs", folder / "snapshots"):
                if not each.is_dir():
                    each.mkdir(mode=0o700, parents=each == folder)
                    flush_folder(each.parent)
            self._frames = FrameFiles(folder / "frames", self._stream, segment_bytes)
            self._frames.make_folder()
            self._lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with in_one_sentence(folder), locked(self._lock):
            self._refresh()

    async def open_epoch(self, holder: str) -> int:
        """Become the leader; what a crash left half-written is cut now."""
        return await asyncio.to_thread(self._open_epoch, holder)

    async def append(
        self,
        frame: Frame,
        rows: tuple[DerivedRow, ...] = (),  # noqa: ARG002  (made again from the frames when wanted)
    ) -> tuple[RefusedRow, ...]:
        """Make the frame durable: it is on the disk when this returns. No row is refused here."""
        await asyncio.to_thread(self._append, frame)
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
        await asyncio.to_thread(self._begin_run, run)

    async def end_run(self, run_id: str) -> None:
        """Mark a segment as closed."""
        await asyncio.to_thread(self._end_run, run_id)

    async def runs(self) -> tuple[RunRow, ...]:
        """Every segment in stream order."""
        await asyncio.to_thread(self._reread)
        return self._stream.runs()

    async def seals(self) -> tuple[Seal, ...]:
        """None: only a database replaces frames by tombstones."""
        return ()

    async def frames(self, from_seq: int = 1, to_seq: int | None = None) -> AsyncIterator[Frame]:
        """Frames that hold any input of the range, as they lie on the disk."""
        await asyncio.to_thread(self._reread)
        for frame in self._frames.read(from_seq, to_seq):
            yield frame

    async def head(self) -> tuple[int, bytes]:
        """Last durable sequence and root, also when another process writes."""
        await asyncio.to_thread(self._reread)
        return self._stream.seq, self._stream.root

    async def durable_state(self) -> DurableState:
        """Which bytes make up the journal now; they stay what they are while others write."""
        return await asyncio.to_thread(self._durable_state)

    async def save_snapshot(self, snapshot: StoredSnapshot) -> None:
        """Keep a snapshot durably."""
        await asyncio.to_thread(self._save_snapshot, snapshot)

    async def snapshots(self) -> AsyncIterator[StoredSnapshot]:
        """Snapshots, newest first; one whose file was damaged is passed over and noted."""
        for path in sorted((self._folder / "snapshots").glob("*.snapshot"), reverse=True):
            snapshot = await asyncio.to_thread(self._read_snapshot, path)
            if snapshot is not None:
                yield snapshot

    async def close(self) -> None:
        """Release the files."""
        self._epoch = 0
        self._frames.release()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _open_epoch(self, holder: str) -> int:
        with in_one_sentence(self._folder), locked(self._lock):
            self._refresh()
            torn = self._frames.cut_torn_end()
            if torn:
                self.notes.append(torn)
            opened = _EpochFile(FORMAT, self._stream.epoch + 1, holder)
            replace_file(self._folder / "epoch.json", msgspec.json.encode(opened))
            self._stream.epoch = self._epoch = opened.epoch
        return opened.epoch

    def _append(self, frame: Frame) -> None:
        with in_one_sentence(self._folder), locked(self._lock):
            self._stream.epoch = self._read_epoch()
            self._stream.check_frame(frame, self._epoch)
            self._frames.append(frame)

    def _begin_run(self, run: RunRow) -> None:
        with in_one_sentence(self._folder), locked(self._lock):
            self._refresh()
            self._stream.check_leader(self._epoch)
            if self._stream.begin(run):
                self._write_run(len(self._stream.runs()) - 1, run)

    def _end_run(self, run_id: str) -> None:
        with in_one_sentence(self._folder), locked(self._lock):
            self._refresh()
            self._stream.check_leader(self._epoch)
            self._write_run(*self._stream.end(run_id))

    def _write_run(self, index: int, run: RunRow) -> None:
        stored = _RunFile(
            FORMAT,
            run.run_id,
            run.account,
            run.mode,
            run.feed,
            run.genesis.hex(),
            run.first_seq,
            run.closed,
        )
        replace_file(self._folder / "runs" / f"{index + 1:08d}.json", msgspec.json.encode(stored))

    def _reread(self) -> None:
        with in_one_sentence(self._folder), locked(self._lock):
            self._refresh()

    def _durable_state(self) -> DurableState:
        with in_one_sentence(self._folder), locked(self._lock):
            self._refresh()
            stream, files = self._stream, list[DurableFile]()
            stated = sorted((self._folder / "runs").glob("*.json"))
            for path in (self._folder / "epoch.json", *stated):
                if path.exists():
                    data = path.read_bytes()
                    files.append(DurableFile(self._name(path), len(data), data))
            frames = [DurableFile(self._name(path), size) for path, size in self._frames.durable()]
            snapshots = [
                DurableFile(self._name(path), path.stat().st_size)
                for path in sorted((self._folder / "snapshots").glob("*.snapshot"))
                if int(path.stem) <= stream.seq
            ]
            files += [*frames, *snapshots]
            runs = len(stream.runs())
            return DurableState(stream.seq, stream.root, stream.epoch, runs, tuple(files))

    def _name(self, path: Path) -> str:
        return path.relative_to(self._folder).as_posix()

    def _refresh(self) -> None:
        """Take in what other processes have written. Held under the lock."""
        self._stream.epoch = self._read_epoch()
        self._frames.refresh()
        self._stream.restore([_run_row(each) for each in self._read_runs()])

    def _read_epoch(self) -> int:
        path = self._folder / "epoch.json"
        return _read(path, _EpochFile).epoch if path.exists() else 0

    def _read_runs(self) -> Iterator[_RunFile]:
        for path in sorted((self._folder / "runs").glob("*.json")):
            yield _read(path, _RunFile)

    def _save_snapshot(self, snapshot: StoredSnapshot) -> None:
        path = self._folder / "snapshots" / f"{snapshot.seq:020d}.snapshot"
        if path.exists():
            return
        data = msgspec.msgpack.encode(snapshot)
        check = zlib.crc32(data).to_bytes(4, "little")
        with in_one_sentence(self._folder):
            replace_file(path, b"".join((_SNAPSHOT_MAGIC, check, data)))

    def _read_snapshot(self, path: Path) -> StoredSnapshot | None:
        with in_one_sentence(self._folder):
            data = path.read_bytes()
        size = len(_SNAPSHOT_MAGIC)
        if data[:size] == _SNAPSHOT_MAGIC:
            body = memoryview(data)[size + 4 :]
            if zlib.crc32(body).to_bytes(4, "little") == data[size : size + 4]:
                return msgspec.msgpack.decode(body, type=StoredSnapshot)
        self.notes.append(f"The snapshot {path.name} was damaged and is passed over.")
        return None


def _run_row(stored: _RunFile) -> RunRow:
    genesis = bytes.fromhex(stored.genesis)
    return RunRow(
        stored.run_id,
        stored.account,
        stored.mode,
        stored.feed,
        genesis,
        stored.first_seq,
        0,
        genesis,
        stored.closed,
    )


def _read(path: Path, kind: type[_File]) -> _File:
    """A small file of ours. Raises JournalError for another version, an unknown field, damage."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise JournalError(
            f"{path} was not written by this version ({error}): update Ballast, or restore it."
        ) from error
    if found.format != FORMAT:
        raise JournalError(
            f"{path} has format {found.format}, this version reads {FORMAT}: update Ballast."
        )
    return found
