"""What a database's schema consists of: one definition an object, as the catalogue renders it.

Reading changes nothing and needs no right beyond connecting. How the objects are written down and
compared is in `schema_snapshot`.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import asyncpg

from adapters.postgres.statements import statement

Connection: TypeAlias = "asyncpg.Connection[Any]"  # subscriptable in its stubs alone
# Object name (as `trigger refuse_change ON ballast.fill`) to the SQL that makes it.
SchemaObjects: TypeAlias = dict[str, str]


async def read_schema(connection: Connection) -> SchemaObjects:
    """Every object of the schema `ballast` of this database, in an order that could be run.

    Raises asyncpg's errors when the database cannot be asked.
    """
    async with connection.transaction(readonly=True):
        # The catalogue leaves a schema out of a name when it is on the path.
        await connection.execute(statement("plain_names"))
        rows = await connection.fetch(statement("schema_objects"))
    return {row["name"]: row["definition"] for row in rows}
