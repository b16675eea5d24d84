"""A backup of any world is restored into any other one, and is there as that one keeps it."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path

import asyncpg
import pytest

from adapters.postgres.roles import READER, prepare_database
from adapters.postgres.schema_objects import read_schema
from adapters.postgres.schema_snapshot import differences, read_snapshot
from adapters.postgres.storage_world import World, read_storage_on_record
from service.backup.manifest import Manifest
from tests.backups import Source, backed_up, restored, settings_for, traded
from tests.postgres_server import KINDS
from tests.timescale_worlds import Place, place_of

pytestmark = pytest.mark.timeout(180)
SERIES = ("bar_slice", "feature_slice", "prediction_slice", "regime_slice", "verdict_slice")
EVENTS = 3_000
PAIRS = list(itertools.product(World, World))


@pytest.fixture(params=KINDS, scope="module")
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class Sources:
    """An account that traded in each world, and a backup of it."""

    def __init__(self, config: pytest.Config, kind: str, folder: Path) -> None:
        self.places: dict[World, Place] = {each: place_of(config, kind, each) for each in World}
        self.folder = folder
        self.made: dict[World, Source] = {}

    async def source(self, world: World) -> Source:
        """Half of its slices were there before the conversion; then all of them lie in chunks."""
        if world not in self.made:
            place = self.places[world]
            database = place.server.keep(await place.migrated())
            settings = settings_for(self.folder / world, dsn=place.dsn(database))
            await traded(settings, EVENTS)
            await prepare_database(settings.journal.dsn, convert=True)
            await traded(settings, EVENTS)
            if world is not World.ABSENT:
                for series in SERIES:
                    await place.server.tamper(
                        database,
                        f"SELECT _timescaledb_functions.stand_in_chunk('ballast.{series}')",
                    )
            taken = await backed_up(settings, self.folder / f"backup of {world}")
            self.made[world] = Source(settings, database, taken)
        return self.made[world]


@pytest.fixture(scope="module")
def sources(
    kind: str, pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Sources:
    return Sources(pytestconfig, kind, tmp_path_factory.mktemp("worlds"))


def rows_of(manifest: Manifest) -> dict[str, int]:
    return {each.name: each.rows for each in manifest.tables}


@pytest.mark.parametrize(("world", "into"), PAIRS)
def test_a_backup_goes_from_any_world_to_any_other(
    sources: Sources, tmp_path: Path, world: World, into: World
) -> None:
    async def work() -> None:
        source = await sources.source(world)
        rows = rows_of(source.taken.manifest)
        assert min(rows[series] for series in SERIES) > 10, "a chunk is copied with its table"
        place = sources.places[into]
        database = await place.empty()
        settings = settings_for(tmp_path / "home", dsn=place.dsn(database))
        if world is into:
            await prepare_database(settings.journal.dsn, convert=True)  # counts as empty still
        await restored(settings, source.taken.folder, force=True)
        connection = await asyncpg.connect(place.server.dsn(database, READER))
        try:
            found = await read_storage_on_record(connection)
            drift = differences(read_snapshot(), await read_schema(connection))
        finally:
            await connection.close()
        assert found.world is into
        held = () if into is World.ABSENT else SERIES
        assert tuple(each.name for each in found.hypertables) == held
        assert drift == ()
        again = rows_of((await backed_up(settings, tmp_path / "again")).manifest)
        left_out = ("lease", "storage_world")
        assert [again[name] for name in rows if name not in left_out] == [
            rows[name] for name in rows if name not in left_out
        ]
        await traded(settings, 300)

    asyncio.run(work())


def test_a_run_leaves_the_same_slices_in_every_world(sources: Sources) -> None:
    """Number by number; the run's own names aside, since each account has its own."""

    async def slices(world: World) -> list[str]:
        place = sources.places[world]
        source = await sources.source(world)
        return [
            row[0]
            for series in SERIES
            for row in await place.server.ask(
                source.database,
                f"SELECT (to_jsonb(r) - 'run_id')::text FROM ballast.{series} r"
                " ORDER BY seq, ordinal",
                READER,
            )
        ]

    async def work() -> None:
        absent = await slices(World.ABSENT)
        assert len(absent) > 20
        assert await slices(World.APACHE) == absent
        assert await slices(World.COMMUNITY) == absent

    asyncio.run(work())
