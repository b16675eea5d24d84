"""Forward-only migrations: numbered files, each applied once in its own transaction, as the owner.

What was applied is recorded with its SHA-256 and the version that did it, so an edited, missing or
late file is refused before anything runs. Roles come first (`adapters.postgres.roles`); there is no
way back here by design.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import asyncpg

from adapters.postgres.statements import SQL, statement

MIGRATIONS: Final = SQL / "migrations"
_FILE: Final = re.compile(r"^(\d{4})_([a-z0-9_]+)\.sql$")

Connection: TypeAlias = "asyncpg.Connection[Any]"  # subscriptable in its stubs alone


class MigrationError(Exception):
    """The migrations and the database do not fit; the text is one sentence with the remedy."""


@dataclass(frozen=True)
class Migration:
    """One file: its number, its name without the number, its text."""

    number: int
    name: str
    text: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def label(self) -> str:
        return f"{self.number:04d}_{self.name}"


@dataclass(frozen=True)
class Applied:
    """One row of the database's own list."""

    number: int
    name: str
    sha256: str


def read_migrations(folder: Path = MIGRATIONS) -> tuple[Migration, ...]:
    """The files in order. Raises MigrationError unless they are numbered 1, 2, 3 and so on."""
    found = []
    for path in sorted(folder.glob("*.sql")):
        match = _FILE.match(path.name)
        if match is None:
            raise MigrationError(f"{path.name} is no migration: name it NNNN_words.sql.")
        found.append(Migration(int(match[1]), match[2], path.read_text(encoding="utf-8")))
    for expected, migration in enumerate(found, 1):
        if migration.number != expected:
            raise MigrationError(
                f"Migration {expected:04d} is missing before {migration.label}: restore the files."
            )
    return tuple(found)


def pending(files: Sequence[Migration], applied: Sequence[Applied]) -> tuple[Migration, ...]:
    """What is to be applied. Raises MigrationError when history and files differ."""
    by_number = {file.number: file for file in files}
    for expected, row in enumerate(applied, 1):
        label = f"{row.number:04d}_{row.name}"
        if row.number != expected:
            raise MigrationError(
                f"The database has {label} but not {expected:04d}: restore it from a backup."
            )
        file = by_number.get(row.number)
        if file is None:
            raise MigrationError(
                f"The database has migration {label}, which this version does not know: update"
                " Ballast."
            )
        if (file.name, file.sha256) != (row.name, row.sha256):
            raise MigrationError(
                f"Migration {file.label} was edited after it was applied: put it back, and add a"
                " new one."
            )
    return tuple(files[len(applied) :])


async def migrate(
    connection: Connection, folder: Path = MIGRATIONS, *, count: int | None = None
) -> tuple[str, ...]:
    """Bring the database up to the files, or to the first `count`; the labels of what was applied.

    The connection's user is ballast_owner's superior (a superuser, or a member of it). Two runners
    wait for each other. Raises MigrationError; a migration that fails leaves nothing behind.
    """
    files = read_migrations(folder)[:count]
    async with one_runner(connection):
        async with connection.transaction():
            await connection.execute(statement("act_as_owner"))
            await connection.execute(statement("create_migration_table"))
            await connection.execute(statement("extend_migration_table"))
            rows = await connection.fetch(statement("applied_migrations"))
        wanted = pending(files, [Applied(*row) for row in rows])
        for migration in wanted:
            await _apply(connection, migration)
    return tuple(migration.label for migration in wanted)


@contextlib.asynccontextmanager
async def one_runner(connection: Connection) -> AsyncIterator[None]:
    """Whoever changes the schema of this database waits here for whoever does so already.

    Any role can take an advisory lock, so after the connection's `lock_timeout` this raises
    MigrationError and names who holds it.
    """
    try:
        await connection.execute(statement("lock_migrations"))
    except asyncpg.LockNotAvailableError as error:
        rows = await connection.fetch(statement("migration_lock_holders"))
        holders = [f"process {row['pid']} of role {row['role']}" for row in rows]
        raise MigrationError(
            f"Migrations are locked by {' and '.join(holders) or 'a session that has ended'}: wait"
            " for it, or end it, then start again."
        ) from error
    try:
        yield
    finally:
        if not connection.is_closed():
            await connection.execute(statement("unlock_migrations"))


async def _apply(connection: Connection, migration: Migration) -> None:
    try:
        async with connection.transaction():
            await connection.execute(statement("act_as_owner"))
            await connection.execute(migration.text)
            await connection.execute(
                statement("record_migration"),
                migration.number,
                migration.name,
                migration.sha256,
                importlib.metadata.version("ballast"),
            )
    except asyncpg.PostgresError as error:
        raise MigrationError(
            f"Migration {migration.label} failed and was taken back: {error}."
        ) from error
