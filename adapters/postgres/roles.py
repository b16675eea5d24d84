"""Making a database ready: the roles of sql/roles.sql, the migrations, the guards of sql/guard.sql.

Only this and the migrations run as an administrator; the service connects as the writer.
"""

from __future__ import annotations

from typing import Final

import asyncpg

from adapters.postgres.migrations import MigrationError, migrate, one_runner
from adapters.postgres.series_conversion import settle_storage
from adapters.postgres.statements import SQL

WRITER: Final = "ballast_writer"
READER: Final = "ballast_reader"
OWNER: Final = "ballast_owner"
LOCK_LIMIT_S: Final = 10.0


async def prepare_database(
    dsn: str,
    *,
    lock_limit_s: float = LOCK_LIMIT_S,
    convert: bool = False,
    compress: bool = False,
) -> tuple[str, ...]:
    """Create what is missing as the administrator of `dsn`; the labels of applied migrations.

    `convert` turns series into hypertables where TimescaleDB can be used, `compress` compresses
    their old chunks: a start does neither.
    Raises MigrationError, one sentence, when the server cannot be reached or refuses, or another
    session keeps what is needed locked for longer than `lock_limit_s`.
    """
    limits = {"lock_timeout": f"{lock_limit_s * 1000:.0f}ms"}
    try:
        connection = await asyncpg.connect(dsn, server_settings=limits)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise MigrationError(f"The database cannot be reached to prepare it: {error}.") from error
    try:
        async with one_runner(connection):
            await connection.execute((SQL / "roles.sql").read_text(encoding="utf-8"))
            applied = await migrate(connection)
            await connection.execute((SQL / "guard.sql").read_text(encoding="utf-8"))
            await settle_storage(connection, convert=convert, compress=compress)
            return applied
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise MigrationError(f"The database cannot be prepared: {error}.") from error
    finally:
        await connection.close()
