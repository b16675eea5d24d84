"""The frames of one stream in segment files: find the end, append durably, read back.

Only the last segment is looked through at opening. A torn end is cut by the next leader alone, and
what is cut is kept beside. Who may append is decided in `adapters.journal.file`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from actors.ports import Frame, JournalCorruptError, JournalError
from adapters.journal import segment
from adapters.journal.durable import flush_folder, replace_file, write_all
from adapters.journal.stream import Stream

SEGMENT_BYTES: Final = 16 * 1024 * 1024


class FrameFiles:
    """The folder of segments; `stream` follows what is durable in it."""

    def __init__(self, folder: Path, stream: Stream, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._folder = folder
        self._stream = stream
        self._segment_bytes = segment_bytes
        self._path: Path | None = None
        self._end = 0
        self._descriptor = -1
        self._failed = False

    def refresh(self) -> None:
        """Take in what has been appended since, by whomever. Raises JournalCorruptError."""
        paths = self._paths()
        if not paths:
            return
        if self._path != paths[-1]:
            self.release()
            self._path, self._end = paths[-1], 0
        data = self._path.read_bytes() if self._path.stat().st_size != self._end else b""
        if data and len(data) < self._end:
            detail = f"{self._path} has become shorter than it was"
            raise JournalCorruptError("truncated", self._stream.seq, detail)
        if len(data) <= self._end:
            return
        if self._end == 0:
            segment.check_opening(data, self._path)
            self._end = segment.OPENING_BYTES
        after = int(self._path.stem) - 1 if self._end == segment.OPENING_BYTES else self._stream.seq
        found = list(segment.places(data, self._path, self._end, after))
        if found and not segment.is_whole(data, found[-1]) and found[-1].end == len(data):
            if segment.is_torn_payload(data, found[-1]):
                found.pop()
        if found:
            self._end = found[-1].end
            self._stream.extend(segment.unpacked(data, found[-1], self._path))
        elif self._end == segment.OPENING_BYTES:
            self._resume(paths[:-1])

    def _resume(self, earlier: list[Path]) -> None:
        """The last segment is empty: the head is the end of the one before it."""
        if earlier:
            data = earlier[-1].read_bytes()
            found = self._places(data, earlier[-1])
            self._stream.extend(segment.unpacked(data, found[-1], earlier[-1]))

    def cut_torn_end(self) -> str:
        """Cut what a crash left after the last whole frame; a sentence about it, or nothing."""
        if self._path is None:
            return ""
        size = self._path.stat().st_size
        if size <= self._end:
            return ""
        with self._path.open("r+b") as file:
            file.seek(self._end)
            torn = file.read()
            kept = self._path.with_name(f"{self._path.stem}-{self._end}.torn")
            replace_file(kept, torn)
            file.truncate(self._end)
            os.fsync(file.fileno())
        return (
            f"A crash left {len(torn)} bytes of an unfinished frame after input "
            f"{self._stream.seq}; they were cut and kept as {kept.name}."
        )

    def append(self, frame: Frame) -> None:
        """Make a frame durable at the end. Raises OSError with nothing half-written."""
        if self._failed:
            raise JournalError("The journal failed to write before; open it anew.")
        if self._path is None or self._end >= self._segment_bytes:
            self._begin_segment(frame.first_seq)
        if self._descriptor < 0:
            assert self._path is not None
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        data = segment.packed(frame)
        # After a failed flush the kernel's pages prove nothing: only a new opening reads the disk.
        self._failed = True
        try:
            write_all(self._descriptor, data, self._end)
        except OSError:
            os.ftruncate(self._descriptor, self._end)
            os.fsync(self._descriptor)
            self._failed = False
            raise
        os.fdatasync(self._descriptor)
        self._failed = False
        self._end += len(data)
        self._stream.extend(frame)

    def _begin_segment(self, first_seq: int) -> None:
        self.release()
        path = self._folder / segment.segment_name(first_seq)
        replace_file(path, segment.opening(first_seq))
        self._path, self._end = path, segment.OPENING_BYTES

    def read(self, from_seq: int, to_seq: int | None) -> Iterator[Frame]:
        """Frames that hold any input of the range. Raises JournalCorruptError at damaged bytes."""
        paths = self._paths()
        starts = [int(path.stem) for path in paths]
        for index, path in enumerate(paths):
            if index + 1 < len(paths) and starts[index + 1] <= from_seq:
                continue
            if to_seq is not None and starts[index] > to_seq:
                return
            data = path.read_bytes()
            segment.check_opening(data, path)
            if path == self._path:
                data = data[: self._end]
            found = self._places(data, path)
            for place in found:
                if place.last_seq >= from_seq and (to_seq is None or place.first_seq <= to_seq):
                    yield segment.unpacked(data, place, path)

    def _places(self, data: bytes, path: Path) -> list[segment.Place]:
        """The frames of a segment that is known to be whole."""
        after = int(path.stem) - 1
        found = list(segment.places(data, path, segment.OPENING_BYTES, after))
        end = found[-1].end if found else segment.OPENING_BYTES
        last = found[-1].last_seq if found else after
        if end != len(data):
            raise JournalCorruptError("truncated", last + 1, f"{path} ends within a frame")
        for place in found:
            if place.first_seq != after + 1:
                due = any(other.first_seq <= after + 1 <= other.last_seq for other in found)
                detail = f"{path} holds the frame of input {place.first_seq} in its place"
                kind = "reordered" if due else "missing"
                raise JournalCorruptError(kind, after + 1, detail)
            after = place.last_seq
        return found

    def durable(self) -> tuple[tuple[Path, int], ...]:
        """Every segment with the bytes of it that hold whole frames, as of the last refresh."""
        return tuple(
            (path, self._end if path == self._path else path.stat().st_size)
            for path in self._paths()
        )

    def _paths(self) -> list[Path]:
        return sorted(self._folder.glob("*.frames"))

    def make_folder(self) -> None:
        """Make the folder when it is absent."""
        if not self._folder.is_dir():
            self._folder.mkdir(mode=0o700)
            flush_folder(self._folder.parent)

    def release(self) -> None:
        """Close the file that is written to."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
