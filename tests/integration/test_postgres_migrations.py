"""Migrations: applied once, in order, unedited, all or nothing, and by one runner at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from adapters.postgres.migrations import (
    MIGRATIONS,
    Applied,
    Migration,
    MigrationError,
    migrate,
    pending,
    read_migrations,
)
from adapters.postgres.roles import READER, prepare_database
from adapters.postgres.statements import statement
from tests.postgres_server import KINDS, Server, running_server

FIRST = Migration(1, "first", "SELECT 1")
SECOND = Migration(2, "second", "SELECT 2")
THIRD = Migration(3, "third", "SELECT 3")


def applied(*files: Migration) -> list[Applied]:
    return [Applied(each.number, each.name, each.sha256) for each in files]


def test_what_is_not_yet_applied_is_pending_in_order() -> None:
    files = (FIRST, SECOND, THIRD)
    assert pending(files, []) == files
    assert pending(files, applied(FIRST)) == (SECOND, THIRD)
    assert pending(files, applied(*files)) == ()


@pytest.mark.parametrize(
    ("history", "said"),
    [
        (applied(Migration(1, "first", "SELECT 9")), "0001_first was edited"),
        (applied(Migration(1, "other", "SELECT 1")), "0001_first was edited"),
        (applied(SECOND), "but not 0001"),
        (applied(FIRST, THIRD), "but not 0002"),
        (applied(FIRST, SECOND, THIRD, Migration(4, "newer", "")), "0004_newer, which this"),
    ],
)
def test_a_history_that_does_not_fit_the_files_is_refused(
    history: list[Applied], said: str
) -> None:
    with pytest.raises(MigrationError, match=said):
        pending((FIRST, SECOND, THIRD), history)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["0002_late.sql"], "0001 is missing"),
        (["0001_a.sql", "0003_c.sql"], "0002 is missing"),
        (["0001_a.sql", "0001_b.sql"], "0002 is missing"),
        (["first.sql"], "is no migration"),
    ],
)
def test_files_are_numbered_without_a_gap(tmp_path: Path, names: list[str], said: str) -> None:
    for name in names:
        (tmp_path / name).write_text("SELECT 1;")
    with pytest.raises(MigrationError, match=said):
        read_migrations(tmp_path)


def test_the_files_of_this_version_are_in_order() -> None:
    assert [each.number for each in read_migrations()] == list(
        range(1, len(list(MIGRATIONS.iterdir())) + 1)
    )


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest) -> Server:
    return running_server(request.config, request.param)


@pytest_asyncio.fixture
async def administrator(server: Server) -> AsyncIterator[asyncpg.Connection[Any]]:
    """A connection to a database with roles and schema, and no migration of this version."""
    name = await server.empty_database()
    dsn = server.dsn(name, server.administrator)
    connection = await asyncpg.connect(dsn)
    await connection.execute((MIGRATIONS.parent / "roles.sql").read_text(encoding="utf-8"))
    yield connection
    await connection.close()


def write(folder: Path, **texts: str) -> Path:
    for name, text in texts.items():
        (folder / f"{name.removeprefix('m')}.sql").write_text(text)
    return folder


@pytest.mark.asyncio
async def test_preparing_a_database_twice_changes_nothing(server: Server) -> None:
    name = await server.empty_database()
    dsn = server.dsn(name, server.administrator)
    first = await prepare_database(dsn)
    assert first == tuple(each.label for each in read_migrations())
    assert await prepare_database(dsn) == ()
    owners = await server.ask(
        name, "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'ballast'"
    )
    assert [row[0] for row in owners] == ["ballast_owner"]


@pytest.mark.asyncio
async def test_two_runners_apply_each_migration_once(server: Server) -> None:
    name = await server.empty_database()
    dsn = server.dsn(name, server.administrator)
    labels = await asyncio.gather(prepare_database(dsn), prepare_database(dsn))
    assert sorted(map(len, labels)) == [0, len(read_migrations())]


@pytest.mark.asyncio
async def test_a_session_that_keeps_the_migrations_locked_is_named(server: Server) -> None:
    """Any role can take the lock; a start then ends in a sentence, and works once it is free."""
    name = await server.empty_database()
    dsn = server.dsn(name, server.administrator)
    await prepare_database(dsn)
    other = await asyncpg.connect(server.dsn(name, READER))
    await other.execute(statement("lock_migrations"))
    told = f"locked by process {other.get_server_pid()} of role ballast_reader: wait for it"
    with pytest.raises(MigrationError, match=told):
        await prepare_database(dsn, lock_limit_s=0.2)
    await other.execute(statement("unlock_migrations"))
    assert await prepare_database(dsn, lock_limit_s=0.2) == ()
    await other.close()


@pytest.mark.asyncio
async def test_whoever_reads_or_backs_up_stops_no_start(
    server: Server, administrator: asyncpg.Connection[Any], tmp_path: Path
) -> None:
    """With nothing to migrate no table is locked; a migration that must wait is taken back."""
    name = await server.empty_database()
    dsn = server.dsn(name, server.administrator)
    await prepare_database(dsn)
    other = await asyncpg.connect(server.dsn(name, READER))
    await other.execute("BEGIN; SELECT count(*) FROM ballast.migration, ballast.fill")
    assert await prepare_database(dsn, lock_limit_s=0.2) == ()
    await other.close()
    folder = write(tmp_path, m0001_made="CREATE TABLE ballast.kept (one integer);")
    await migrate(administrator, folder)
    beside = await asyncpg.connect(server.dsn(await current(administrator), server.administrator))
    await beside.execute("BEGIN; SELECT * FROM ballast.kept")
    write(tmp_path, m0002_wider="ALTER TABLE ballast.kept ADD COLUMN two integer;")
    await administrator.execute("SET lock_timeout = '200ms'")
    with pytest.raises(MigrationError, match="0002_wider failed and was taken back: canceling"):
        await migrate(administrator, folder)
    await beside.close()
    assert await migrate(administrator, folder) == ("0002_wider",)


async def current(connection: asyncpg.Connection[Any]) -> str:
    return str(await connection.fetchval("SELECT current_database()"))


@pytest.mark.asyncio
async def test_a_migration_that_fails_leaves_nothing_and_keeps_those_before_it(
    administrator: asyncpg.Connection[Any], tmp_path: Path
) -> None:
    folder = write(
        tmp_path,
        m0001_good="CREATE TABLE ballast.good (a int);",
        m0002_bad="CREATE TABLE ballast.half (a int); SELECT nonsense;",
    )
    with pytest.raises(MigrationError, match="0002_bad failed and was taken back"):
        await migrate(administrator, folder)
    tables = await administrator.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'ballast'::regnamespace"
        " AND relkind = 'r' ORDER BY 1"
    )
    assert [row[0] for row in tables] == ["good", "migration"]
    write(tmp_path, m0002_bad="CREATE TABLE ballast.whole (a int);")
    assert await migrate(administrator, folder) == ("0002_bad",)


@pytest.mark.asyncio
async def test_rows_of_an_earlier_version_outlive_the_migration_that_frees_facts(
    administrator: asyncpg.Connection[Any], tmp_path: Path
) -> None:
    """What two runs of the first version wrote stays, and an overfill passes from then on."""
    for name in ("0001_journal.sql", "0002_records.sql"):
        write(tmp_path, **{name.removesuffix(".sql"): (MIGRATIONS / name).read_text()})
    await migrate(administrator, tmp_path)
    fill = (
        "INSERT INTO ballast.fill VALUES ('a', $1, 'PAPER', 0, $2, 0, 1, $3, 'e1', 'XBT/USD',"
        " 'buy', 1, 1, 1, 0, 'USD', 'taker', 1, 0, 1)"
    )
    for number, run in enumerate(("first", "second"), 1):
        await administrator.execute(fill, run, number, f"order of {run}")
    overfill = (
        "INSERT INTO ballast.order_event VALUES ('a', 'second', 'PAPER', 0, 3, 0, 1, 'o', 1,"
        " 'XBT/USD', 'buy', 'filled', 1, 2, 1, '')"
    )
    with pytest.raises(asyncpg.CheckViolationError):
        await administrator.execute(overfill)
    assert (await migrate(administrator))[0] == "0003_facts"
    assert await administrator.fetchval("SELECT count(*) FROM ballast.fill") == 2
    await administrator.execute(overfill)


@pytest.mark.asyncio
async def test_an_edited_or_missing_file_is_refused_by_a_real_database(
    administrator: asyncpg.Connection[Any], tmp_path: Path
) -> None:
    folder = write(tmp_path, m0001_a="SELECT 1;", m0002_b="SELECT 2;")
    assert await migrate(administrator, folder) == ("0001_a", "0002_b")
    write(tmp_path, m0001_a="SELECT 1; -- edited")
    with pytest.raises(MigrationError, match="0001_a was edited"):
        await migrate(administrator, folder)
    write(tmp_path, m0001_a="SELECT 1;")
    (tmp_path / "0002_b.sql").unlink()
    with pytest.raises(MigrationError, match="does not know: update Ballast"):
        await migrate(administrator, folder)
