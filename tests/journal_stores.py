"""Where the journals of the conformance suite keep their bytes: one entry a kind of store.

A store is a function from the test's request and folder to a function that opens journals over it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from actors.ports import Journal
from adapters.journal.file import FileJournal
from adapters.journal.memory import MemoryJournal, MemoryStore

OpenJournal = Callable[[], Awaitable[Journal]]
Store = Callable[[pytest.FixtureRequest, Path], OpenJournal]


def in_memory(_request: pytest.FixtureRequest, _folder: Path) -> OpenJournal:
    store = MemoryStore()

    async def open_journal() -> Journal:
        return MemoryJournal(store)

    return open_journal


def in_files(_request: pytest.FixtureRequest, folder: Path) -> OpenJournal:
    async def open_journal() -> Journal:
        return FileJournal(folder / "journal")

    return open_journal


def in_small_files(_request: pytest.FixtureRequest, folder: Path) -> OpenJournal:
    """A segment for nearly every frame, so that every read crosses files."""

    async def open_journal() -> Journal:
        return FileJournal(folder / "journal", segment_bytes=256)

    return open_journal


STORES: dict[str, Store] = {
    "memory": in_memory,
    "file": in_files,
    "small files": in_small_files,
}
