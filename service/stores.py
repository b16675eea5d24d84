"""Opening the journal that a run lives in: memory, file, or PostgreSQL (embedded by default)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from actors.ports import Journal
from adapters.journal.file import FileJournal
from adapters.journal.memory import MemoryJournal
from adapters.postgres.embedded import EmbeddedPostgres, EmbeddedPostgresError
from adapters.postgres.journal import PostgresJournal
from adapters.postgres.migrations import MigrationError
from adapters.postgres.roles import WRITER, prepare_database
from service.failures import ExitCode, UserError

MEMORY: Final = "memory"
FILE: Final = "file"
POSTGRES: Final = "postgres"
Say = Callable[[str], None]


@asynccontextmanager
async def open_journal(
    kind: str, place: str, *, account: str, say: Say = lambda _: None
) -> AsyncIterator[Journal]:
    """The journal of an account, closed on exit.

    `place` is a folder (file, embedded PostgreSQL) or a DSN. An embedded server that we started is
    stopped again; one that ran already is left running. Raises UserError(ENVIRONMENT).
    """
    if kind == MEMORY:
        yield MemoryJournal()
    elif kind == FILE:
        journal = FileJournal(Path(place))
        try:
            yield journal
        finally:
            await journal.close()
    elif "://" in place:
        await _prepared(place)
        async with _postgres(place, account) as connected:
            yield connected
    else:
        async with _embedded(Path(place), account, say) as connected:
            yield connected


def embedded_server(folder: Path, say: Say = lambda _: None) -> EmbeddedPostgres:
    """The embedded server of a data folder, not started yet."""
    return EmbeddedPostgres(folder, on_progress=say)


@asynccontextmanager
async def _embedded(folder: Path, account: str, say: Say) -> AsyncIterator[Journal]:
    server = embedded_server(folder, say)
    try:
        address = await asyncio.to_thread(server.start)
    except EmbeddedPostgresError as error:
        raise UserError(ExitCode.ENVIRONMENT, error.sentence, error.remedy) from error
    try:
        await _prepared(address.dsn())
        async with _postgres(address.dsn(WRITER), account) as journal:
            yield journal
    finally:
        await asyncio.to_thread(server.release)


async def _prepared(dsn: str) -> None:
    """Roles and migrations, as the administrator. Raises UserError(ENVIRONMENT)."""
    try:
        await prepare_database(dsn)
    except MigrationError as error:
        raise UserError(
            ExitCode.ENVIRONMENT, f"{error}", "Run `ballast doctor`; nothing was changed half-way."
        ) from error


@asynccontextmanager
async def _postgres(dsn: str, account: str) -> AsyncIterator[Journal]:
    journal = PostgresJournal(dsn, account)
    try:
        yield journal
    finally:
        await journal.close()
