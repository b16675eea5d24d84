"""Opening the journal that a run lives in: memory, file, or PostgreSQL (embedded by default)."""

from __future__ import annotations

import asyncio
import re
import shutil
import time
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
from service.settings import Settings

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
        async with _postgres(as_role(place, WRITER), account) as connected:
            yield connected
    else:
        async with _embedded(Path(place), account, say) as connected:
            yield connected


def own_place(settings: Settings, kind: str, run_id: str) -> str:
    """Where the journal of a run with an account of its own goes (backtests, recorded feeds).

    An equal run replaces itself: same id, same inputs, same root.
    """
    if kind == POSTGRES:
        return settings.journal.dsn or str(settings.home / POSTGRES)
    folder = settings.home / "runs" / run_id / "journal"
    if kind == FILE:
        shutil.rmtree(folder, ignore_errors=True)
    return str(folder)


def own_stream(kind: str, run_id: str) -> str:
    """The journal's name for such an account; a database keeps each attempt apart."""
    return f"own-{run_id}-{time.time_ns():x}" if kind == POSTGRES else ""


def account_place(settings: Settings, kind: str) -> str:
    """Where the lasting account of a data folder has its journal."""
    if kind == POSTGRES:
        return settings.journal.dsn or str(settings.home / POSTGRES)
    return str(settings.home / "journal")


def embedded_server(folder: Path, say: Say = lambda _: None) -> EmbeddedPostgres:
    """The embedded server of a data folder, not started yet."""
    return EmbeddedPostgres(folder, on_progress=say)


def as_role(dsn: str, role: str) -> str:
    """An administrator's address, but for a connection that acts as the writer or the reader."""
    if re.search(r"[?&]role=", dsn):
        return dsn
    return f"{dsn}{'&' if '?' in dsn else '?'}role={role}"


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
