"""Three worlds of TimescaleDB: the same schema, rows and refusals in each, on either server.

The extension is the tests' stand-in (tests/timescale_worlds): what is shown is which statements are
chosen and that everything else is the same, not what the real one does with them.
"""

from __future__ import annotations

import asyncpg
import pytest
import pytest_asyncio

from actors.instant import HOUR_NS
from actors.messages.decision import VerdictSlice
from adapters.postgres.journal import PostgresJournal
from adapters.postgres.journal_rows import COLUMNS
from adapters.postgres.roles import READER, WRITER, prepare_database
from adapters.postgres.schema_objects import read_schema
from adapters.postgres.schema_snapshot import differences, read_snapshot
from adapters.postgres.storage_world import Storage, World, read_storage_on_record
from adapters.postgres.validations import read_validations, validate
from tests.context_records import PREDICTION, REGIME, STARTED, causes
from tests.journal_records import BODIES, changed, rows_of
from tests.journal_samples import ACCOUNT, START_NS, frame, run_row
from tests.postgres_server import KINDS
from tests.timescale_worlds import PLACES, Place, called, place_of

pytestmark = pytest.mark.asyncio
VERDICTS = next(each for each in BODIES if isinstance(each, VerdictSlice))
SERIES = ("bar_slice", "feature_slice", "prediction_slice", "regime_slice", "verdict_slice")
LISTED = ("verdict_slice", "prediction_slice", "bar_slice", "feature_slice", "regime_slice")
THIRTY_DAYS = 2_592_000_000_000_000
WAITING = (
    "`ballast db migrate` turns verdict_slice, prediction_slice, bar_slice, feature_slice and "
    "regime_slice into hypertables, while no service trades"
)
CONVERTED = [
    f"{call} ballast.{series} {more}"
    for series in LISTED
    for call, more in (
        ("create_hypertable", f"by at {THIRTY_DAYS}"),
        ("set_integer_now_func", "ballast.newest_at"),
    )
]


@pytest.fixture(params=PLACES, ids=[f"{kind}-{world}" for kind, world in PLACES])
def place(request: pytest.FixtureRequest) -> Place:
    return place_of(request.config, *request.param)


@pytest_asyncio.fixture
async def database(place: Place) -> str:
    """Made and filled as a plain one, and looked at by a start."""
    name = await place.migrated()
    await prepare_database(place.dsn(name))
    await fill(place, name)
    return name


async def fill(place: Place, database: str) -> None:
    """A run that stated itself, predicted and decided."""
    journal = PostgresJournal(place.server.dsn(database, WRITER), ACCOUNT)
    try:
        await journal.open_epoch("test")
        await journal.begin_run(changed(run_row(), mode="PAPER"))
        said = (*causes(PREDICTION), REGIME, PREDICTION)
        rows = (*rows_of(STARTED), *rows_of(*said, seq=2), *rows_of(VERDICTS, seq=3))
        assert await journal.append(frame(1, 3), rows) == ()
    finally:
        await journal.close()


async def rows_in(place: Place, database: str) -> dict[str, list[str]]:
    return {
        series: [
            row[0]
            for row in await place.server.ask(
                database, f"SELECT r::text FROM ballast.{series} r ORDER BY 1", READER
            )
        ]
        for series in SERIES
    }


async def storage(place: Place, database: str) -> Storage:
    connection = await asyncpg.connect(place.server.dsn(database, READER))
    try:
        return await read_storage_on_record(connection)
    finally:
        await connection.close()


async def drift(place: Place, database: str) -> list[str]:
    connection = await asyncpg.connect(place.server.dsn(database, READER))
    try:
        found = differences(read_snapshot(), await read_schema(connection))
        return [each.sentence() for each in found]
    finally:
        await connection.close()


async def test_a_start_looks_and_leaves_the_tables_plain(place: Place, database: str) -> None:
    found = await storage(place, database)
    assert (found.world, found.hypertables) == (place.world, ())
    assert found.note == ("" if place.world is World.ABSENT else WAITING)
    if place.world is not World.ABSENT:
        assert await called(place, database) == []


async def test_a_migration_converts_what_can_be_made_again_and_nothing_else(
    place: Place, database: str
) -> None:
    """The calls are those of the world, and made once."""
    for _ in range(2):
        await prepare_database(place.dsn(database), convert=True)
        found = await storage(place, database)
        held = {each.name for each in found.hypertables}
        assert held == (set() if place.world is World.ABSENT else set(SERIES))
        if place.world is not World.ABSENT:
            assert await called(place, database) == CONVERTED
    kept = await place.server.ask(
        database, "SELECT world, hypertables FROM ballast.storage_world ORDER BY ordinal", READER
    )
    told = [(row["world"], tuple(row["hypertables"])) for row in kept]
    assert told[0] == ("absent", ())
    assert told[1:] == (
        [] if place.world is World.ABSENT else [(place.world, ()), (place.world, SERIES)]
    )


async def test_the_schema_is_the_same_in_every_world(place: Place, database: str) -> None:
    assert await drift(place, database) == []
    await prepare_database(place.dsn(database), convert=True)
    assert await drift(place, database) == []
    own = await place.server.ask(
        database,
        "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE 'ts\\_%' ORDER BY 1",
    )
    expected = [] if place.world is World.ABSENT else [f"ballast.{each}" for each in SERIES]
    assert [row[0] for row in own] == expected, "triggers of the extension's own are no drift"


async def test_the_rows_are_the_same_and_more_can_be_added(place: Place, database: str) -> None:
    before = await rows_in(place, database)
    await prepare_database(place.dsn(database), convert=True)
    assert await rows_in(place, database) == before
    assert {name: len(rows) for name, rows in before.items()} == dict.fromkeys(SERIES, 1)
    journal = PostgresJournal(place.server.dsn(database, WRITER), ACCOUNT)
    try:
        await journal.open_epoch("again")
        last = await journal.head()
        more = frame(4, 2, root=last[1], epoch=2)
        later = changed(PREDICTION, close_ts=220)
        said = (*causes(later)[1:], changed(REGIME, close_ts=220), later)
        added = (*rows_of(*said, seq=4), *rows_of(VERDICTS, seq=5))
        assert await journal.append(more, added) == ()
    finally:
        await journal.close()
    after = await rows_in(place, database)
    assert {name: len(rows) for name, rows in after.items()} == dict.fromkeys(SERIES, 2)


async def test_what_is_recorded_stays_unchangeable(place: Place, database: str) -> None:
    """As a superuser, whose triggers of the ordinary kind are off."""
    await prepare_database(place.dsn(database), convert=True)
    for series in SERIES:
        for change in (
            f"UPDATE ballast.{series} SET ordinal = ordinal",
            f"DELETE FROM ballast.{series}",
            f"TRUNCATE ballast.{series}",
        ):
            with pytest.raises(asyncpg.PostgresError, match="append-only") as refused:
                await place.server.run(database, f"SET session_replication_role = replica;{change}")
            assert refused.value.sqlstate == "BL004"


async def test_a_prediction_of_no_model_is_refused_in_every_world(
    place: Place, database: str
) -> None:
    """By the statement trigger that sees the added rows."""
    await prepare_database(place.dsn(database), convert=True)
    journal = PostgresJournal(place.server.dsn(database, WRITER), ACCOUNT)
    try:
        await journal.open_epoch("again")
        last = await journal.head()
        false = changed(PREDICTION, bundle_id="other")
        refused = await journal.append(frame(4, 1, root=last[1], epoch=2), rows_of(false, seq=4))
    finally:
        await journal.close()
    assert [each.name for each in refused] == ["prediction_slice_model_known"]


async def test_every_rule_holds_in_every_world(place: Place, database: str) -> None:
    await prepare_database(place.dsn(database), convert=True)
    connection = await asyncpg.connect(place.server.dsn(database, READER))
    try:
        found = [each.name async for each in validate(connection) if each.violations]
    finally:
        await connection.close()
    # A frame made by hand states no more of its run than these rows.
    assert "slices_come_once" not in found
    assert "predictions_have_models" not in found


@pytest.mark.parametrize("kind", KINDS)
async def test_only_what_the_journal_makes_again_may_lie_in_chunks(
    pytestconfig: pytest.Config, kind: str
) -> None:
    """Each has the time in its key, for a hypertable demands it, and a rule that replaces the
    narrower key.
    """
    place = place_of(pytestconfig, kind, World.ABSENT)
    database = await place.migrated()
    listed = await place.server.ask(database, "SELECT ballast.rebuildable_series()")
    series = [row[0] for row in listed]
    assert set(SERIES) <= set(series) <= set(COLUMNS)
    keys = await place.server.ask(
        database,
        "SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE contype IN ('p', 'u') AND connamespace = 'ballast'::regnamespace",
    )
    narrow = [
        table for table, key in keys
        if table.removeprefix("ballast.") in series and not key.endswith(", at)")
    ]  # fmt: skip
    assert narrow == []
    (rule,) = [each.query for each in read_validations() if each.name == "slices_come_once"]
    assert [each for each in series if f"FROM ballast.{each}" not in rule] == []


async def test_age_is_counted_by_the_newest_journal(place: Place, database: str) -> None:
    """To the hour, and from 1970 where nothing was journalled."""
    (newest,) = await place.server.ask(database, "SELECT ballast.newest_at()")
    assert newest[0] == START_NS - START_NS % HOUR_NS
    (none,) = await place.server.ask(await place.migrated(), "SELECT ballast.newest_at()")
    assert none[0] == 0
