"""A conversion is whole or was never there, and says why; compression is where it is licensed.

On the tests' stand-in for TimescaleDB, with one function of it replaced by what might go wrong.
"""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
import pytest_asyncio

from actors.instant import HOUR_NS, SECOND_NS, floor_to
from adapters.postgres.migrations import MigrationError
from adapters.postgres.roles import READER, prepare_database
from adapters.postgres.storage_world import Storage, World, read_storage_on_record
from tests.journal_samples import START_NS
from tests.postgres_server import KINDS, Server
from tests.timescale_worlds import Place, called, installing, place_of

pytestmark = pytest.mark.asyncio
DAY_NS = 24 * HOUR_NS
LICENSED = [(kind, world) for kind in KINDS for world in (World.APACHE, World.COMMUNITY)]
SLICE = """
INSERT INTO ballast.verdict_slice VALUES
('paper', 'run-1', 'PAPER', 0, {seq}, 0, {at}, 1, 1,
    '{{1}}', '{{1}}', '{{1}}', '{{1}}', '{{1}}', '{{1}}')
"""
OTHERS = ["bar_slice", "feature_slice", "prediction_slice", "regime_slice"]
# Each table is made a hypertable, and told what time it is.
CALLS = 2 * (len(OTHERS) + 1)
# What the real thing might do to a table: the table stays as it was, and this is told.
AMISS = (
    ("RAISE EXCEPTION 'out of chunks'", "out of chunks"),
    (
        "EXECUTE format('CREATE INDEX ON %s (at DESC)', relation)",
        "as a hypertable index ballast.verdict_slice_at_idx is there, but not in the schema",
    ),
    (
        "EXECUTE format('ALTER TABLE %s DISABLE TRIGGER refuse_change', relation)",
        "it would take a DELETE",
    ),
    (
        "EXECUTE format('ALTER TABLE %s ENABLE TRIGGER refuse_change', relation)",
        "as a hypertable firing of trigger refuse_change ON ballast.verdict_slice is missing",
    ),
    (
        (
            "EXECUTE format('CREATE TRIGGER swallow BEFORE INSERT ON %s FOR EACH ROW "
            "EXECUTE FUNCTION public.swallow()', relation)"
        ),
        "0 of 3 rows arrived",
    ),
)


@pytest.fixture(params=LICENSED, ids=[f"{kind}-{world}" for kind, world in LICENSED])
def place(request: pytest.FixtureRequest) -> Place:
    return place_of(request.config, *request.param)


@pytest_asyncio.fixture
async def database(place: Place) -> str:
    """Three slices of three months."""
    name = await place.migrated()
    for seq in range(3):
        at = START_NS + seq * 40 * DAY_NS
        await place.server.run(name, SLICE.format(seq=seq + 1, at=at))
    return name


async def storage(server: Server, database: str) -> Storage:
    connection = await asyncpg.connect(server.dsn(database, READER))
    try:
        return await read_storage_on_record(connection)
    finally:
        await connection.close()


def replaced(body: str) -> str:
    """The stand-in's create_hypertable, which does only this, and only to one table."""
    return f"""
    ALTER FUNCTION public.create_hypertable RENAME TO honest;
    CREATE FUNCTION public.swallow() RETURNS trigger
        LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
    CREATE FUNCTION public.create_hypertable(
        relation regclass, dimension _timescaledb_internal.dimension_info,
        create_default_indexes boolean = true
    ) RETURNS SETOF integer LANGUAGE plpgsql AS $body$
    BEGIN
        IF relation = 'ballast.verdict_slice'::regclass THEN
            {body};
        ELSE
            PERFORM public.honest(relation, dimension, create_default_indexes => false);
        END IF;
    END
    $body$
    """


@pytest.mark.parametrize(("body", "told"), AMISS)
async def test_a_table_that_would_not_be_what_it_was_stays_plain(
    place: Place, database: str, body: str, told: str
) -> None:
    """The others are converted, nothing is lost, and the next migration tries again."""
    await place.server.run(database, replaced(body))
    await prepare_database(place.dsn(database), convert=True)
    found = await storage(place.server, database)
    assert [each.name for each in found.hypertables] == OTHERS
    assert f"verdict_slice stays a plain table ({told})" in found.note
    (rows,) = await place.server.ask(database, "SELECT count(*) FROM ballast.verdict_slice")
    assert rows[0] == 3
    with pytest.raises(asyncpg.PostgresError, match="append-only"):
        await place.server.run(database, "TRUNCATE ballast.verdict_slice")
    await prepare_database(place.dsn(database))
    assert (await storage(place.server, database)).note == found.note, "a start keeps the reason"
    mended = "ALTER FUNCTION public.create_hypertable RENAME TO dishonest; "
    mended += "ALTER FUNCTION public.honest RENAME TO create_hypertable"
    await place.server.run(database, mended)
    await prepare_database(place.dsn(database), convert=True)
    found = await storage(place.server, database)
    assert [each.name for each in found.hypertables] == [*OTHERS, "verdict_slice"]


async def test_a_table_in_use_is_waited_for_and_then_left(place: Place, database: str) -> None:
    other = await asyncpg.connect(place.dsn(database))
    await other.execute("BEGIN; SELECT FROM ballast.verdict_slice")
    await prepare_database(place.dsn(database), convert=True, lock_limit_s=0.2)
    await other.close()
    found = await storage(place.server, database)
    assert "verdict_slice stays a plain table (canceling statement due to lock" in found.note


async def test_two_migrations_at_once_convert_once(place: Place, database: str) -> None:
    dsn = place.dsn(database)
    await asyncio.gather(*(prepare_database(dsn, convert=True) for _ in range(2)))
    assert len(await called(place, database)) == CALLS


async def test_old_chunks_are_compressed_where_that_is_licensed(
    place: Place, database: str
) -> None:
    """By the journal's own time; the newest chunk is left alone. No policy is ever set: the owner
    of the tables cannot log in, and so can own no job.
    """
    await prepare_database(place.dsn(database), convert=True, compress=True)
    newest = floor_to(START_NS + 130 * DAY_NS, HOUR_NS)
    move = "SELECT _timescaledb_functions.stand_in_chunk('ballast.verdict_slice')"
    columnar = "UPDATE _timescaledb_catalog.hypertable SET compression_enabled = true"
    journal = f"""
    INSERT INTO ballast.lease VALUES ('paper', 1, 'test');
    INSERT INTO ballast.journal_frame VALUES ('paper', 1, 1, 1, 'run-1', {newest},
        sha256('x'), sha256('x'), sha256('x'), 'x')
    """
    await place.server.tamper(database, move)
    await place.server.tamper(
        database, SLICE.format(seq=9, at=newest - SECOND_NS) + f"; {move}; {columnar}"
    )
    await place.server.tamper(
        database, f"ALTER TABLE ballast.journal_frame DISABLE TRIGGER ALL; {journal}"
    )
    await prepare_database(place.dsn(database))
    assert len(await called(place, database)) == CALLS, "a start compresses nothing"
    await prepare_database(place.dsn(database), compress=True)
    compressed = (await called(place, database))[CALLS:]
    chunk = "_timescaledb_internal._hyper_1_1_chunk"
    expected = [f"convert_to_columnstore {chunk}"] if place.world is World.COMMUNITY else []
    assert compressed == expected
    assert (await storage(place.server, database)).note == ""
    await prepare_database(place.dsn(database), convert=True, compress=True)
    assert len(await called(place, database)) == CALLS + len(expected), "once"


async def test_what_cannot_be_compressed_is_told_and_works_on(place: Place, database: str) -> None:
    """The stand-in has no storage parameters; the statement that sets them met nothing real."""
    await prepare_database(place.dsn(database), convert=True, compress=True)
    note = (await storage(place.server, database)).note
    refused = '(unrecognized parameter namespace "timescaledb")'
    told = [f"{each} is not compressed {refused}" for each in (*OTHERS, "verdict_slice")]
    assert note == ("; ".join(told) if place.world is World.COMMUNITY else "")


@pytest.mark.parametrize("policy", ["CALL add_columnstore_policy", "SELECT add_retention_policy"])
async def test_no_policy_could_run_for_an_owner_without_login(
    place: Place, database: str, policy: str
) -> None:
    """As the real one says; so nothing in the database ever removes or compresses by itself."""
    await prepare_database(place.dsn(database), convert=True)
    with pytest.raises(asyncpg.PostgresError) as refused:
        await place.server.run(database, f"{policy}('ballast.verdict_slice', 1::bigint)")
    assert ("license" if place.world is World.APACHE else "start background process") in str(
        refused.value
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("version", "license_name", "told"),
    [
        ("2.17.2", "timescale", "2.17.2 is not used: 2.18 or newer is needed"),
        ("2.28.3", "", "installed but not loaded (shared_preload_libraries)"),
    ],
)
async def test_an_extension_that_cannot_be_used_leaves_plain_tables(
    pytestconfig: pytest.Config, kind: str, version: str, license_name: str, told: str
) -> None:
    server = place_of(pytestconfig, kind, World.APACHE).server
    database = await server.fresh_database()
    await server.run(database, installing(database, license_name, version))
    await prepare_database(server.dsn(database, server.administrator), convert=True)
    found = await storage(server, database)
    assert (found.world, found.hypertables, found.extension_version) == (World.ABSENT, (), "")
    assert told in found.note


@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_only_available_is_for_an_administrator_to_install(
    pytestconfig: pytest.Config, kind: str
) -> None:
    """We never do: it needs a superuser, and a library that the server loads at its start."""
    server = place_of(pytestconfig, kind, World.APACHE).server
    database = await server.fresh_database()
    await prepare_database(server.dsn(database, server.administrator), convert=True)
    found = await storage(server, database)
    assert found.world is World.ABSENT
    assert found.note.startswith("TimescaleDB 2.28.3 is available but not installed here")
    extensions = await server.ask(database, "SELECT extname::text FROM pg_extension")
    assert [row[0] for row in extensions] == ["plpgsql"]


@pytest.mark.parametrize("kind", KINDS)
async def test_another_runner_is_waited_for(pytestconfig: pytest.Config, kind: str) -> None:
    server = place_of(pytestconfig, kind, World.APACHE).server
    database = await server.fresh_database()
    other = await asyncpg.connect(server.dsn(database, READER))
    await other.execute("SELECT pg_advisory_lock(731600001)")
    with pytest.raises(MigrationError, match="Migrations are locked"):
        await prepare_database(
            server.dsn(database, server.administrator), convert=True, lock_limit_s=0.2
        )
    await other.close()
