"""A restored database is the one that was backed up, proves itself, and trades on."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import msgspec
import pytest

from adapters.postgres.embedded import EmbeddedPostgres, ServerAddress
from adapters.postgres.roles import prepare_database
from adapters.postgres.table_copies import tables
from service.backup.manifest import Manifest
from service.backup.take import Taken
from service.failures import ExitCode, UserError
from tests.backups import (
    Source,
    backed_up,
    killed,
    limited,
    restored,
    settings_for,
    signed_anew,
    tables_with_rows,
    target,
    traded,
    traded_source,
)
from tests.postgres_server import KINDS, Server, machine_server, running_server

pytestmark = pytest.mark.timeout(180)
EVENTS = 3_000
REPEATED = """
SELECT cl_ord_id FROM ballast.order_event GROUP BY cl_ord_id HAVING count(DISTINCT run_id) > 1
"""
LAST = "SELECT max(last_seq) FROM ballast.journal_frame"
FLIPPED = "set_byte(records, 300, get_byte(records, 300) # 1)"


@pytest.fixture(params=KINDS, scope="module")
def server(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Server:
    return running_server(pytestconfig, request.param)


@pytest.fixture(scope="module")
def source(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Source:
    return asyncio.run(traded_source(server, tmp_path_factory.mktemp("source"), EVENTS))


def by_name(manifest: Manifest) -> dict[str, tuple[int, str]]:
    return {each.name: (each.rows, each.sha256) for each in manifest.tables}


def test_a_restored_database_equals_its_source_and_trades_on(
    server: Server, source: Source, tmp_path: Path
) -> None:
    """Table by table; only the lease has one row more, the new epoch."""

    async def work() -> None:
        settings, database = await target(server, tmp_path / "home")
        found = await restored(settings, source.taken.folder, force=True)
        head = source.taken.manifest.head("paper")
        assert head is not None
        assert found.epochs == {"paper": head.epoch + 1}
        assert found.rules > 10
        assert not found.accepted
        again = (await backed_up(settings, tmp_path / "again")).manifest
        was, now = by_name(source.taken.manifest), by_name(again)
        assert now.pop("lease")[0] == was.pop("lease")[0] + 1
        assert now == was
        assert sum(rows for rows, _ in was.values()) > 300
        await traded(settings, EVENTS, seed=7)
        epochs = await server.ask(database, "SELECT epoch FROM ballast.lease ORDER BY epoch")
        assert [row[0] for row in epochs] == list(range(1, head.epoch + 3))
        assert await server.ask(database, REPEATED) == []
        ordered = await server.ask(
            database, "SELECT count(DISTINCT run_id) FROM ballast.order_event"
        )
        assert ordered[0][0] == 2
        ordinals = await server.ask(database, "SELECT ordinal FROM ballast.run ORDER BY ordinal")
        assert len({row[0] for row in ordinals}) == head.runs + 1

    asyncio.run(work())


def test_a_backup_while_a_writer_appends_is_of_one_moment(server: Server, tmp_path: Path) -> None:
    async def work() -> None:
        writing, _ = await target(server, tmp_path / "home")
        await prepare_database(writing.journal.dsn)
        run = asyncio.create_task(traded(writing, 8_000))
        taken: list[Taken] = []
        while not run.done():
            taken.append(await backed_up(writing, tmp_path / f"backup {len(taken)}"))
            await asyncio.sleep(0.3)
        await run
        heads = [each.manifest.head("paper") for each in taken]
        begun = [head.seq for head in heads if head is not None and head.seq]
        assert len(set(begun)) > 1
        assert begun == sorted(begun)
        # The first may be of a time before the account, the last of one after the run.
        told = [each for each in taken if each.manifest.head("paper") is not None]
        for number, each in enumerate(told[-3:-1]):
            settings, _ = await target(server, tmp_path / f"home {number}")
            found = await restored(settings, each.folder, force=True)
            head = each.manifest.head("paper")
            assert head is not None
            assert (found.accounts[0].seq, found.accounts[0].root) == (head.seq, head.root)

    asyncio.run(work())


def test_a_database_that_is_not_empty_is_left_alone(
    server: Server, source: Source, tmp_path: Path
) -> None:
    before = asyncio.run(backed_up(source.settings, tmp_path / "before"))
    with pytest.raises(UserError, match=r"not empty .*nothing is overwritten") as refused:
        asyncio.run(restored(source.settings, source.taken.folder))
    assert refused.value.code == ExitCode.USAGE
    after = asyncio.run(backed_up(source.settings, tmp_path / "after"))
    assert by_name(before.manifest) == by_name(after.manifest)


def test_a_database_that_was_only_migrated_counts_as_empty(
    server: Server, source: Source, tmp_path: Path
) -> None:
    async def work() -> None:
        settings, _ = await target(server, tmp_path / "home")
        await prepare_database(settings.journal.dsn)
        await restored(settings, source.taken.folder, force=True)

    asyncio.run(work())


# Takes back what 0025_currency_hours made; it is the last one.
LAST_TAKEN_BACK = """
    CREATE OR REPLACE VIEW ballast.derived_row AS
    SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at,
        'run_context'::text AS table_name,
        sha256(convert_to(to_jsonb(r)::text, 'UTF8')) AS row_hash
    FROM ballast.run_context r;
    ALTER TABLE ballast.risk_profile
        DROP COLUMN position_risk, DROP COLUMN cluster_cap, DROP COLUMN quote_cap_cad,
        DROP COLUMN quote_cap_usd, DROP COLUMN quote_cap_usdc, DROP COLUMN capital_floor,
        DROP COLUMN day_loss_max, DROP COLUMN entries_per_minute_max_count;
    ALTER TABLE ballast.risk_verdict
        DROP COLUMN cluster_cap, DROP COLUMN cluster_worth, DROP COLUMN quote_cap,
        DROP COLUMN quote_worth, DROP COLUMN risk, DROP COLUMN account_equity,
        DROP COLUMN capital_floor, DROP COLUMN day_loss, DROP COLUMN day_loss_max;
    -- They hash what was dropped; nothing of before did.
    ALTER TABLE ballast.replay_manifest DISABLE TRIGGER ALL;
    DELETE FROM ballast.replay_manifest
"""


def test_an_older_backup_is_migrated_after_it_was_filled(
    server: Server, source: Source, tmp_path: Path
) -> None:
    """A database without what the last one made, and without its row, is one of before."""

    async def work() -> None:
        database = await server.copy_of(source.database)
        asleep = "ALTER TABLE ballast.migration DISABLE TRIGGER refuse_change"
        last = source.taken.manifest.migrations[-1]
        forget = f"DELETE FROM ballast.migration WHERE number = {last.number}"
        await server.tamper(database, f"{asleep}; {forget}; {LAST_TAKEN_BACK}")
        older = settings_for(source.settings.home, dsn=server.dsn(database, server.administrator))
        taken = await backed_up(older, tmp_path / "backup")
        assert taken.manifest.migrations == source.taken.manifest.migrations[:-1]
        settings, _ = await target(server, tmp_path / "home")
        found = await restored(settings, taken.folder, force=True)
        assert found.migrated == (f"{last.number:04d}_{last.name}",)

    asyncio.run(work())


def test_a_list_of_migrations_other_than_the_manifests_is_refused(
    server: Server, source: Source, tmp_path: Path
) -> None:
    async def work() -> None:
        folder = tmp_path / "backup"
        shutil.copytree(source.taken.folder, folder)
        signed_anew(folder, source.key, migrations=source.taken.manifest.migrations[:-1])
        settings, database = await target(server, tmp_path / "home")
        with pytest.raises(UserError, match=r"does not take the backup|schema is not the one"):
            await restored(settings, folder, force=True)
        assert await tables_with_rows(server, database) == []

    asyncio.run(work())


@pytest.mark.parametrize(
    ("planted", "code", "said"),
    [
        (
            "UPDATE ballast.transfer SET credit_balance = credit_balance + 1",
            ExitCode.UNSOUND,
            "rows break assets_sum_to_zero",
        ),
        (
            f"UPDATE ballast.journal_frame SET root_after = sha256('x') WHERE last_seq = ({LAST})",
            ExitCode.UNSOUND,
            "rows break manifests_tell_the_rows",
        ),
        (
            f"UPDATE ballast.journal_frame SET records = {FLIPPED}, checksum = sha256({FLIPPED})",
            ExitCode.NOT_PROVEN,
            "does not prove itself",
        ),
    ],
)
def test_what_was_wrong_before_the_backup_is_found_at_the_restore(
    server: Server, source: Source, tmp_path: Path, *, planted: str, code: int, said: str
) -> None:
    """The signature says that it is what was copied, not that it is right."""

    async def work() -> None:
        database = await server.copy_of(source.database)
        asleep = "; ".join(
            f"ALTER TABLE ballast.{table} DISABLE TRIGGER ALL"
            for table in ("transfer", "journal_frame")
        )
        await server.tamper(database, f"{asleep}; {planted}")
        dsn = server.dsn(database, server.administrator)
        wrong = settings_for(tmp_path / "wrong", dsn=dsn)
        taken = await backed_up(wrong, tmp_path / "backup")
        settings, empty = await target(server, tmp_path / "home")
        with pytest.raises(UserError, match=said) as refused:
            await restored(settings, taken.folder, force=True)
        assert refused.value.code == code
        assert await tables_with_rows(server, empty) == []

    asyncio.run(work())


@pytest.mark.parametrize("step", ["load", "migrate", "rules", "chain", "anchors"])
def test_a_restore_that_is_killed_leaves_nothing(
    server: Server, source: Source, tmp_path: Path, step: str
) -> None:
    async def work() -> None:
        settings, database = await target(server, tmp_path / "home")
        assert killed("restore", settings, step, source.taken.folder) == -9
        for _ in range(100):
            others = await server.ask(
                database,
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND backend_type = 'client backend'",
            )
            if not others[0][0]:
                break
            await asyncio.sleep(0.1)
        assert await tables_with_rows(server, database) == []
        await restored(settings, source.taken.folder, force=True)

    asyncio.run(work())


def test_a_server_that_runs_out_of_room_is_one_sentence_and_stays_empty(
    server: Server, tmp_path: Path
) -> None:
    """A table of thirty megabytes, where no file may be longer than eighteen."""

    async def work() -> Path:
        database = await server.fresh_database()
        await server.run(
            database,
            "INSERT INTO ballast.snapshot SELECT 'paper', n, sha256('x'), 'run',"
            " convert_to(repeat('x', 1000000), 'UTF8') FROM generate_series(1, 30) n",
        )
        dsn = server.dsn(database, server.administrator)
        return (await backed_up(settings_for(tmp_path / "home", dsn=dsn), tmp_path / "b")).folder

    folder = asyncio.run(work())
    settings = settings_for(tmp_path / "new")
    said = limited("restore", settings, folder, bytes_max=18_000_000)
    assert "UserError: The database does not take the backup: could not extend file" in said
    own = EmbeddedPostgres(settings.home / "postgres")
    try:
        assert tables_of(own.start()) == []
    finally:
        own.stop("immediate")


def tables_of(address: ServerAddress) -> list[str]:
    """The tables of a data folder's own server."""

    async def work() -> list[str]:
        connection = await asyncpg.connect(address.dsn())
        try:
            return [each.name for each in await tables(connection)]
        finally:
            await connection.close()

    return asyncio.run(work())


def test_the_rows_of_every_account_come_along(
    server: Server, source: Source, tmp_path: Path
) -> None:
    """Each with an epoch of its own."""

    async def work() -> None:
        database = await server.copy_of(source.database)
        dsn = server.dsn(database, server.administrator)
        second = msgspec.structs.replace(
            settings_for(source.settings.home, dsn=dsn),
            account=msgspec.structs.replace(source.settings.account, name="second"),
        )
        await traded(second, 300)
        taken = await backed_up(second, tmp_path / "backup")
        settings, _ = await target(server, tmp_path / "home")
        found = await restored(settings, taken.folder, force=True)
        assert [each.account for each in found.accounts] == ["paper", "second"]
        assert found.epochs == {"paper": 2, "second": 2}

    asyncio.run(work())


@pytest.fixture
def stewarded() -> Iterator[Server]:
    """A server of its own: a role belongs to the server, and would deviate in tests of roles."""
    with machine_server() as server:
        asyncio.run(server.run("postgres", "CREATE ROLE steward LOGIN CREATEROLE"))
        yield server


def test_an_administrator_without_a_superusers_rights_restores_too(
    stewarded: Server, tmp_path: Path
) -> None:
    """Only the guards are missing then, as they are after `ballast db migrate`."""
    server = stewarded

    async def work() -> None:
        database = await server.empty_database()
        await server.run("postgres", f"ALTER DATABASE {database} OWNER TO steward")
        first = settings_for(tmp_path / "home", dsn=server.dsn(database, "steward"))
        await prepare_database(first.journal.dsn)
        # Who acts as writer and reader must belong to them.
        await server.run("postgres", "GRANT ballast_writer, ballast_reader TO steward")
        await traded(first, 300)
        taken = await backed_up(first, tmp_path / "backup")
        other = await server.empty_database()
        await server.run("postgres", f"ALTER DATABASE {other} OWNER TO steward")
        second = settings_for(tmp_path / "home", dsn=server.dsn(other, "steward"))
        found = await restored(second, taken.folder)
        assert found.epochs == {"paper": 2}
        await traded(second, 300)

    asyncio.run(work())
