"""Which of three worlds a database is in: no TimescaleDB, its Apache edition, or its Community one.

Only what was installed by an administrator counts: the extension is untrusted, so its owner-to-be
must be a superuser, and we never install it. What cannot be used leaves plain tables, and says why.
"""

from __future__ import annotations

import importlib.metadata
import re
from enum import StrEnum
from typing import Any, Final

import asyncpg
import msgspec

from adapters.postgres.schema_objects import Connection
from adapters.postgres.statements import statement

VERSION_MIN: Final = (2, 18)
"""The first with statement triggers over hypertables that see their rows, and a columnstore."""
MAJOR_KNOWN: Final = 2
_VERSION: Final = re.compile(r"^(\d+)\.(\d+)")
_LICENSES: Final = {"apache": "apache", "timescale": "community"}


class World(StrEnum):
    """How the rows of a series can be kept."""

    ABSENT = "absent"
    APACHE = "apache"
    COMMUNITY = "community"


class Hypertable(msgspec.Struct, frozen=True):
    """A table of ours that lies in chunks; `columnar` says that old ones may be compressed."""

    name: str
    columnar: bool


class Storage(msgspec.Struct, frozen=True):
    """What was found. `extension_version` is empty unless it is used; `note` says what is amiss."""

    world: World
    server_version: str
    extension_version: str
    hypertables: tuple[Hypertable, ...]
    note: str

    def sentence(self) -> str:
        """All of it in one line."""
        if self.world is World.ABSENT:
            told = f"PostgreSQL {self.server_version}, plain tables"
        else:
            edition = f"TimescaleDB {self.extension_version} ({self.world} edition)"
            names = ", ".join(each.name for each in self.hypertables) or "none yet"
            told = f"PostgreSQL {self.server_version}, {edition}, hypertables: {names}"
        return f"{told}; {self.note}" if self.note else told


async def read_storage(connection: Connection) -> Storage:
    """Ask the database, as whatever role. Raises asyncpg's errors."""
    async with connection.transaction():
        facts = await connection.fetchrow(statement("storage_facts"))
        assert facts is not None
        world, note = world_of(facts["installed"], facts["available"], facts["license"])
        hypertables: tuple[Hypertable, ...] = ()
        if world is not World.ABSENT:
            found = await ask(connection, "find_hypertables")
            hypertables = msgspec.convert(found, tuple[Hypertable, ...])
    version = "" if world is World.ABSENT else facts["installed"]
    return Storage(world, facts["server_version"], version, hypertables, note)


def world_of(installed: str | None, available: str | None, license_name: str) -> tuple[World, str]:
    """The world, and in a sentence why it is not a larger one."""
    if installed is None:
        if available is None:
            return World.ABSENT, ""
        return World.ABSENT, (
            f"TimescaleDB {available} is available but not installed here: a superuser may run"
            " CREATE EXTENSION timescaledb, then `ballast db migrate`"
        )
    version = _VERSION.match(installed)
    known = (int(version[1]), int(version[2])) if version is not None else (0, 0)
    if known < VERSION_MIN:
        wanted = ".".join(map(str, VERSION_MIN))
        return World.ABSENT, f"TimescaleDB {installed} is not used: {wanted} or newer is needed"
    if known[0] > MAJOR_KNOWN:
        return World.ABSENT, f"TimescaleDB {installed} is not used: this version knows 2.x"
    if license_name not in _LICENSES:
        return World.ABSENT, (
            f"TimescaleDB {installed} is not used: it is installed but not loaded"
            " (shared_preload_libraries), or under an unknown licence"
        )
    return World(_LICENSES[license_name]), ""


async def ask(connection: Connection, block: str) -> Any:
    """What a block of sql/queries/storage.sql tells, within a transaction of the caller's."""
    await connection.execute(statement(block))
    return msgspec.json.decode(await connection.fetchval(statement("told")))


async def record_storage(
    connection: Connection, storage: Storage, *, whatever_note: bool = False
) -> None:
    """Keep what was found, as the owner, when it differs from the time before.

    With `whatever_note` another note alone is no difference: a start does not know why a conversion
    left a table as it was.
    """
    names = [each.name for each in storage.hypertables]
    facts = (storage.world.value, storage.server_version, storage.extension_version, names)
    async with connection.transaction():
        await connection.execute(statement("act_as_owner"))
        last = await connection.fetchrow(statement("last_world"))
        if last is not None and tuple(last)[:-1] == facts:
            if whatever_note or last["remark"] == storage.note:
                return
        version = importlib.metadata.version("ballast")
        await connection.execute(statement("record_world"), *facts, storage.note, version)


async def read_storage_on_record(connection: Connection) -> Storage:
    """The same, with the note of the newest finding when this one has none.

    Raises asyncpg's errors.
    """
    found = await read_storage(connection)
    try:
        last = await connection.fetchrow(statement("last_world"))
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
        return found  # nothing was migrated so far that it could be kept in
    if last is None or found.note or last["world"] != found.world:
        return found
    return msgspec.structs.replace(found, note=last["remark"])
