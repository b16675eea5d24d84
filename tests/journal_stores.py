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
from adapters.postgres.journal import PostgresJournal
from adapters.postgres.roles import WRITER
from tests.journal_samples import ACCOUNT
from tests.postgres_server import running_server

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


def _in_postgres(request: pytest.FixtureRequest, kind: str) -> OpenJournal:
    server = running_server(request.config, kind)
    database: list[str] = []

    async def open_journal() -> Journal:
        if not database:
            database.append(await server.fresh_database())
        return PostgresJournal(server.dsn(database[0], WRITER), ACCOUNT)

    return open_journal


def in_machine_postgres(request: pytest.FixtureRequest, _folder: Path) -> OpenJournal:
    return _in_postgres(request, "machine")


def in_embedded_postgres(request: pytest.FixtureRequest, _folder: Path) -> OpenJournal:
    return _in_postgres(request, "embedded")


STORES: dict[str, Store] = {
    "memory": in_memory,
    "file": in_files,
    "small files": in_small_files,
    "machine postgres": in_machine_postgres,
    "embedded postgres": in_embedded_postgres,
}
