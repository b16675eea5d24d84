"""Small files that are replaced whole and survive power loss, and the one sentence for a full disk.

Write beside, flush, rename, flush the folder: a reader sees the old bytes or the new ones.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from actors.ports import JournalError


@contextlib.contextmanager
def in_one_sentence(folder: Path) -> Iterator[None]:
    """What the operating system refuses, as the one kind of error that a journal raises."""
    try:
        yield
    except OSError as error:
        raise JournalError(
            f"The journal in {folder} cannot be used ({error.strerror or error}); put that right"
            " (often free space or permissions) and start again."
        ) from error


@contextlib.contextmanager
def locked(descriptor: int) -> Iterator[None]:
    """The critical section between processes."""
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


def replace_file(path: Path, data: bytes) -> None:
    """Put `data` at `path`, whole or not at all, durably."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Make names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_all(descriptor: int, data: bytes, offset: int) -> None:
    """Write every byte at `offset`; they are durable after a flush."""
    rest = memoryview(data)
    while rest:
        written = os.pwrite(descriptor, rest, offset)
        rest, offset = rest[written:], offset + written
