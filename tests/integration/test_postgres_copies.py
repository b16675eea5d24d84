"""Copies of tables on both servers: whatever is long goes through in little memory."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import pytest

from adapters.postgres.table_copies import (
    CopyError,
    TableCopy,
    copy_in,
    copy_out,
    count_rows,
    tables,
)
from tests.postgres_server import KINDS, Server, running_server

ROWS, ROW_BYTES = 120, 1_000_000
LONG_ROWS = f"""
INSERT INTO ballast.snapshot
SELECT 'paper', n, sha256('x'), 'run', convert_to(repeat('x', {ROW_BYTES}), 'UTF8')
FROM generate_series(1, {ROWS}) n
"""


@pytest.fixture(params=KINDS, scope="module")
def server(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Server:
    return running_server(pytestconfig, request.param)


def memory_of(pid: int) -> int:
    """The bytes of a process that nobody shares with it."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("RssAnon"))
    return int(line.split()[1]) * 1024


def nothing(_: int) -> None:
    """Nobody counts."""


async def long_rows(server: Server, path: Path) -> TableCopy:
    """A copy of a table with rows of a megabyte each."""
    database = await server.fresh_database()
    await server.run(database, LONG_ROWS)
    connection = await asyncpg.connect(server.dsn(database, "ballast_reader"))
    try:
        table = next(each for each in await tables(connection) if each.name == "snapshot")
        return await copy_out(connection, table, path / "tables" / "snapshot.copy", nothing)
    finally:
        await connection.close()


def test_a_table_of_long_rows_never_stands_in_the_servers_memory(
    server: Server, tmp_path: Path
) -> None:
    """A plain binary COPY gathers a thousand rows before it writes the first."""
    (tmp_path / "tables").mkdir()

    async def work() -> int:
        copy = await long_rows(server, tmp_path)
        assert copy.rows == count_rows(tmp_path / copy.file) == ROWS
        connection = await asyncpg.connect(
            server.dsn(await server.fresh_database(), server.administrator)
        )
        try:
            moved: list[int] = []
            held: list[int] = []
            pid = connection.get_server_pid()

            def count(length: int) -> None:
                moved.append(length)
                held.append(memory_of(pid))

            await copy_in(connection, copy, tmp_path, count)
            assert sum(moved) == copy.size_bytes
            return max(held)
        finally:
            await connection.close()

    assert asyncio.run(work()) < ROWS * ROW_BYTES / 3


def test_another_number_of_rows_than_listed_is_refused(server: Server, tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()

    async def work() -> None:
        connection = await asyncpg.connect(
            server.dsn(await server.fresh_database(), server.administrator)
        )
        try:
            found = await tables(connection)
            migration = next(each for each in found if each.name == "migration")
            path = tmp_path / "tables" / "migration.copy"
            copy = await copy_out(connection, migration, path, nothing)
            wrong = TableCopy("row_refused", (), 1, copy.size_bytes, copy.sha256)
            empty = next(each for each in found if each.name == "row_refused")
            await copy_out(connection, empty, tmp_path / wrong.file, nothing)
            with pytest.raises(CopyError, match=r"row_refused.copy holds 0 rows, 1 are listed"):
                await copy_in(connection, wrong, tmp_path, nothing)
        finally:
            await connection.close()

    asyncio.run(work())


def test_tables_come_after_those_that_they_refer_to(server: Server) -> None:
    async def work() -> list[str]:
        connection = await asyncpg.connect(
            server.dsn(await server.fresh_database(), "ballast_reader")
        )
        try:
            return [each.name for each in await tables(connection)]
        finally:
            await connection.close()

    names = asyncio.run(work())
    assert names.index("run") < names.index("run_end")
    assert {"journal_frame", "lease", "migration", "snapshot"} < set(names)
