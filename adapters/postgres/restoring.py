"""Filling an empty database from copies, inside one transaction that the caller ends.

Nothing of it is there until that transaction commits: a refusal, a full disk and a killed client
all leave the database as it was. What must be proven before the commit is decided elsewhere.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final

import asyncpg

from adapters.postgres.journal_connection import JournalConnection
from adapters.postgres.migrations import MIGRATIONS, migrate, one_runner
from adapters.postgres.statements import SQL, statement
from adapters.postgres.table_copies import Connection, Moved, TableCopy, copy_in

_NOT_EMPTY: Final = "BL006"


class NotEmptyError(Exception):
    """The database holds rows already; the text names the first such table."""


@contextlib.asynccontextmanager
async def restoring(connection: Connection) -> AsyncIterator[None]:
    """Hold the migration runner's lock and one transaction; committed only without an error."""
    async with one_runner(connection), connection.transaction():
        await connection.execute(statement("wait_briefly"))
        yield


async def lay_schema(connection: Connection, count: int, folder: Path = MIGRATIONS) -> None:
    """Make the schema as its first `count` migrations made it. Raises NotEmptyError.

    A schema without rows is made anew: it may be of a later version than the backup.
    """
    try:
        await connection.execute(statement("refuse_rows"))
    except asyncpg.PostgresError as error:
        if error.sqlstate != _NOT_EMPTY:
            raise
        raise NotEmptyError(f"{error}") from error
    await connection.execute(statement("drop_empty_schema"))
    await connection.execute((SQL / "roles.sql").read_text(encoding="utf-8"))
    await migrate(connection, folder, count=count)


async def load(
    connection: Connection, copies: Sequence[TableCopy], folder: Path, moved: Moved
) -> None:
    """Fill the tables, in the given order, while their triggers sleep.

    Raises CopyError, OSError and the driver's errors.
    """
    await connection.execute(statement("sleep_triggers"))
    await connection.execute(statement("forget_migrations"))
    for copy in copies:
        await copy_in(connection, copy, folder, moved)
    await connection.execute(statement("continue_identities"))
    await connection.execute(statement("wake_triggers"))


async def bring_up(connection: Connection, folder: Path = MIGRATIONS) -> tuple[str, ...]:
    """Apply what this version adds, set the guards, gather statistics; the labels applied."""
    applied = await migrate(connection, folder)
    await connection.execute(statement("gather_statistics"))
    # Only a superuser may make the guards; the migrations acted as the owner.
    await connection.execute(statement("act_as_oneself"))
    await connection.execute((SQL / "guard.sql").read_text(encoding="utf-8"))
    return applied


class LentConnection(JournalConnection):
    """A connection of somebody else's transaction, for a journal that must see what it sees."""

    def __init__(self, connection: Connection) -> None:
        super().__init__("")
        self._connection = connection

    async def close(self) -> None:
        """Nothing: whoever lent it closes it."""
