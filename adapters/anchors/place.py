"""One file of lines that survives power loss: read whole or by its end, extended, replaced whole.

What follows the last end of line was cut off while it was written: it is never read, and the next
line is written over it. What the lines mean is not known here.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_TAIL_BYTES: Final = 4096


class Place:
    """A file of lines that may not exist yet. Every method raises OSError."""

    def __init__(self, path: Path) -> None:
        """Nothing is read or made."""
        self.path = path

    def lines(self) -> bytes:
        """Every whole line."""
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return b""
        return data[: data.rfind(b"\n") + 1]

    def last(self) -> bytes:
        """The last whole line, by reading no more than the file's end; empty when there is none."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return b""
        try:
            return _last_line(descriptor)[0]
        finally:
            os.close(descriptor)

    def extend(self, data: bytes) -> None:
        """Write `data` after the last whole line, durably; makes the file and its folder."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = not self.path.exists()
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _, end = _last_line(descriptor)
            os.ftruncate(descriptor, end)
            _write_all(descriptor, data, end)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if made:
            flush_folder(self.path.parent)

    def replace(self, data: bytes, aside: str) -> tuple[Path, ...]:
        """Put `data` in the file's place at once; what was there is kept under its name + `aside`.

        Returns where it is kept, nothing when there was nothing.
        """
        kept: tuple[Path, ...] = ()
        if self.path.exists():
            kept = (self.path.with_name(f"{self.path.name}.{aside}"),)
            write_whole(kept[0], self.path.read_bytes())
        write_whole(self.path, data)
        return kept


def write_whole(path: Path, data: bytes) -> None:
    """Put `data` at `path`, whole or not at all, durably, readable by its owner alone."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        beside.unlink(missing_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            _write_all(descriptor, data, 0)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Make names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _last_line(descriptor: int) -> tuple[bytes, int]:
    """The last whole line and where it ends, reading twice as much until both are seen."""
    size = os.fstat(descriptor).st_size
    tail_bytes = _TAIL_BYTES
    while True:
        start = max(0, size - tail_bytes)
        tail = os.pread(descriptor, size - start, start)
        end = tail.rfind(b"\n") + 1
        before = tail.rfind(b"\n", 0, max(0, end - 1)) + 1
        if start == 0 or before:
            return tail[before:end], start + end
        tail_bytes *= 2


def _write_all(descriptor: int, data: bytes, offset: int) -> None:
    rest = memoryview(data)
    while rest:
        written = os.pwrite(descriptor, rest, offset)
        rest, offset = rest[written:], offset + written
