"""Series into chunks: what `ballast db migrate` does where TimescaleDB can be used, forward only.

Each table is converted in one transaction, or stays the plain table that it was, with the reason
told. Nothing is removed here, in no world: which range may go is decided where it is sealed.
"""

from __future__ import annotations

import asyncpg
import msgspec

from adapters.postgres.schema_objects import Connection, read_schema
from adapters.postgres.schema_snapshot import differences
from adapters.postgres.statements import statement
from adapters.postgres.storage_world import (
    Storage,
    World,
    ask,
    read_storage,
    record_storage,
)


class _ConversionError(Exception):
    """A table that is not what it was; the text says in what."""


async def settle_storage(connection: Connection, *, convert: bool, compress: bool) -> Storage:
    """Look which world this is, keep it on record, and use of what it offers what is asked for.

    Called by whoever holds the migrations' lock, as the administrator. Raises asyncpg's errors;
    what the extension refuses is in the note instead, and the next conversion tries it again.
    """
    found = await read_storage(connection)
    if found.world is not World.ABSENT:
        notes = await _convert(connection, found) if convert else await _waiting(connection, found)
        if compress and found.world is World.COMMUNITY:
            notes += await _compress(connection)
        found = await read_storage(connection)
        found = msgspec.structs.replace(found, note="; ".join(notes))
    await record_storage(connection, found, whatever_note=not (convert or compress))
    return found


async def _waiting(connection: Connection, storage: Storage) -> list[str]:
    """A sentence about the series that could be converted."""
    tables = await _plain(connection, storage)
    if not tables:
        return []
    told = " and ".join(filter(None, (", ".join(tables[:-1]), tables[-1])))
    return [f"`ballast db migrate` turns {told} into hypertables, while no service trades"]


async def _plain(connection: Connection, storage: Storage) -> list[str]:
    """The series that lie in no chunks."""
    held = {each.name for each in storage.hypertables}
    async with connection.transaction():
        await connection.execute(statement("act_as_owner"))
        rows = await connection.fetch(statement("rebuildable_series"))
    return [row[0] for row in rows if row[0] not in held]


async def _convert(connection: Connection, storage: Storage) -> list[str]:
    """Turn every plain series into a hypertable; a sentence for each that stays."""
    notes = []
    for series in await _plain(connection, storage):
        try:
            await _convert_one(connection, series)
        except (asyncpg.PostgresError, _ConversionError) as error:
            notes.append(f"{series} stays a plain table ({_first_line(error)})")
    return notes


async def _convert_one(connection: Connection, series: str) -> None:
    before = await read_schema(connection)
    async with connection.transaction():
        await connection.execute(statement("act_as_owner"))
        await connection.fetchval(statement("name_series"), series)
        await connection.execute(statement("convert_series"))
        await connection.execute(statement("series_refuses"))
        changed = differences(before, await read_schema(connection))
        if changed:
            raise _ConversionError(f"as a hypertable {changed[0].sentence()}")


async def _compress(connection: Connection) -> list[str]:
    """Compress what is old of every hypertable; a sentence for each that cannot be."""
    notes = []
    for table in (await read_storage(connection)).hypertables:
        try:
            if not table.columnar:
                await _do(connection, "enable_columns", table.name)
            async with connection.transaction():
                await connection.execute(statement("act_as_owner"))
                await connection.fetchval(statement("name_series"), table.name)
                chunks = await ask(connection, "find_old_chunks")
            for chunk in chunks:
                await _do(connection, "compress_chunk", chunk)
        except asyncpg.PostgresError as error:
            notes.append(f"{table.name} is not compressed ({_first_line(error)})")
    return notes


async def _do(connection: Connection, block: str, name: str) -> None:
    """One block about one table or chunk, as the owner, in a transaction of its own."""
    async with connection.transaction():
        await connection.execute(statement("act_as_owner"))
        await connection.fetchval(statement("name_series"), name)
        await connection.execute(statement(block))


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
