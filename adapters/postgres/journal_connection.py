"""One connection of the journal: made when needed, shared in turn, its troubles in one sentence.

SQLSTATEs that start with BL are raised by our own triggers (0001_journal.sql).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, Final, NoReturn, TypeAlias

import asyncpg

from actors.ports import FencedError, JournalError
from adapters.postgres.statements import statement

Connection: TypeAlias = "asyncpg.Connection[Any]"  # subscriptable in its stubs alone

OLDEST_VERSION: Final = 150_000
CONNECT_LIMIT_S: Final = 10.0
COMMAND_LIMIT_S: Final = 60.0
# How long a lock of another session is waited for; always less than a command may take.
LOCK_LIMIT_S: Final = 10.0
# What the driver raises; an internal error is how it meets a server's last word while idle.
TROUBLE: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
_FENCED: Final = "BL001"
_OURS: Final = "BL"
_UNMIGRATED: Final = ("3F000", "42P01", "42883")
# Connection exceptions, operator intervention (shutdown, crash), and a server still starting.
_LOST: Final = ("08", "57P")
_DISK_FULL: Final = "53100"


class ConnectionLostError(JournalError):
    """The server went away while something was asked; whether it was done is not known."""


class JournalConnection:
    """A lazily made connection that one task uses at a time."""

    def __init__(self, dsn: str, *, command_limit_s: float = COMMAND_LIMIT_S) -> None:
        self._dsn = dsn
        self._command_limit_s = command_limit_s
        self._lock_limit_s = min(LOCK_LIMIT_S, command_limit_s / 2)
        self._lock = asyncio.Lock()
        self._connection: Connection | None = None
        self.notes: list[str] = []

    @contextlib.asynccontextmanager
    async def use(self) -> AsyncIterator[Connection]:
        """The connection, held until the block ends; its errors leave as JournalError."""
        async with self._lock:
            try:
                yield await self._connected()
            except TROUBLE as error:
                if isinstance(error, asyncpg.LockNotAvailableError):
                    raise await self._stalled() from error
                self._refuse(error)

    async def close(self) -> None:
        """Close the connection; a later use makes another."""
        async with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None and not connection.is_closed():
                try:
                    await connection.close(timeout=CONNECT_LIMIT_S)
                except TROUBLE:
                    connection.terminate()

    async def _connected(self) -> Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._connect()
        return self._connection

    async def _connect(self) -> Connection:
        try:
            connection = await asyncpg.connect(
                self._dsn,
                timeout=CONNECT_LIMIT_S,
                command_timeout=self._command_limit_s,
                server_settings={
                    "application_name": "ballast",
                    "synchronous_commit": "on",
                    # The triggers see thousands of rows and take milliseconds; compiling their
                    # plans anew for each commit would take fifty and more.
                    "jit": "off",
                    "lock_timeout": f"{self._lock_limit_s * 1000:.0f}ms",
                },
            )
        except TROUBLE as error:
            raise JournalError(
                f"The database cannot be reached ({_text(error)}): start it, or correct its address"
                " in the settings."
            ) from error
        facts = await connection.fetchrow(statement("server_facts"))
        assert facts is not None
        if facts["version"] < OLDEST_VERSION:
            await connection.close()
            raise JournalError("The database is older than PostgreSQL 15: use a newer server.")
        if not facts["is_durable"]:
            self.notes.append("The server runs without fsync: power loss may lose the journal.")
        return connection

    async def _stalled(self) -> JournalError:
        """What it means that somebody else kept a lock: nothing was written, and who it was."""
        assert self._connection is not None
        try:
            holders = await lock_holders(self._connection)
        except TROUBLE:
            holders = ()
        return JournalError(
            f"The database was kept locked for {self._lock_limit_s:g} s by"
            f" {' and '.join(holders) or 'another session'}: end that session, then start again."
        )

    def _refuse(self, error: Exception) -> NoReturn:
        """Raise what an error of the driver means for the caller."""
        state = getattr(error, "sqlstate", None) or ""
        if isinstance(error, ValueError):
            raise JournalError(f"A value cannot be stored ({_text(error)}).") from error
        lost = state.startswith(_LOST) or not state
        if lost and self._connection is not None:
            # After a time-out the server may still be at work; nobody else may meet its answer.
            self._connection.terminate()
            self._connection = None
        if state == _FENCED:
            raise FencedError(_text(error)) from error
        if state.startswith(_OURS):
            raise JournalError(_text(error)) from error
        if lost:
            raise ConnectionLostError(
                f"The database stopped answering ({_text(error)}): see its log, then start again."
            ) from error
        if state in _UNMIGRATED:
            raise JournalError(
                "The database has no journal of this version: migrate it first."
            ) from error
        if state == _DISK_FULL:
            raise JournalError(
                f"The database has no room on its disk ({_text(error)}): make some, then start"
                " again."
            ) from error
        raise JournalError(f"The database refused ({_text(error)}): see its log.") from error


async def lock_holders(connection: Connection) -> tuple[str, ...]:
    """The other sessions that hold advisory locks of this database: pid and role of each."""
    rows = await connection.fetch(statement("lock_holders"))
    return tuple(f"process {row['pid']} of role {row['role']}" for row in rows)


def _text(error: Exception) -> str:
    first = str(error).strip().partition("\n")[0]
    return first or type(error).__name__
