"""A run that ends cleanly leaves its manifest: of its rows, of what decided, of the one before."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence

import asyncpg
import pytest
import pytest_asyncio

from actors.instant import HOUR_NS
from actors.messages.decision import VERDICT_COLUMNS
from actors.ports import DerivedRow, JournalError, ManifestCheck
from adapters.postgres.context_rows import PREDICTED
from adapters.postgres.journal import PostgresJournal
from adapters.postgres.journal_rows import COLUMNS
from adapters.postgres.restoring import LentConnection
from adapters.postgres.roles import READER, WRITER
from adapters.postgres.run_manifest import NO_ROWS
from tests.journal_records import BODIES, FILL, changed, rows_of
from tests.journal_samples import ACCOUNT, START_NS, frame, run_row
from tests.postgres_server import KINDS, Server, running_server

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(280)]
ASLEEP = "ALTER TABLE ballast.{} DISABLE TRIGGER ALL"
GONE = "the run was closed, and its manifest is gone"
MANIFEST_ASLEEP = ASLEEP.format("replay_manifest")


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest) -> Server:
    return running_server(request.config, request.param)


@pytest_asyncio.fixture
async def database(server: Server) -> str:
    return await server.fresh_database()


@pytest_asyncio.fixture
async def journal(server: Server, database: str) -> AsyncIterator[PostgresJournal]:
    """The leader of a fresh database, with a run begun."""
    journal = PostgresJournal(server.dsn(database, WRITER), ACCOUNT)
    await journal.open_epoch("test")
    await journal.begin_run(run_row())
    yield journal
    await journal.close()


async def ended(journal: PostgresJournal, later: Sequence[int] = ()) -> None:
    """A run with a row in every table, one of them refused; fills so many hours later; closed."""
    bodies = (*BODIES, changed(FILL, exec_id="far", ts=2**63))
    refused = await journal.append(frame(1, 1), rows_of(*bodies))
    assert [each.name for each in refused] == ["fill"]
    if later:
        fills = tuple(
            DerivedRow(seq, START_NS + hours * HOUR_NS, changed(FILL, exec_id=f"fill {seq}"))
            for seq, hours in enumerate(later, 2)
        )
        root = (await journal.head())[1]
        assert await journal.append(frame(2, len(later), root=root), fills) == ()
    await journal.end_run("run-1")


async def check(journal: PostgresJournal, number: int = 0) -> ManifestCheck:
    return await journal.check_manifest((await journal.runs())[number])


LATER = {
    "prediction_slice": PREDICTED[6:],
    "verdict_slice": (*VERDICT_COLUMNS[6:], "profile_hash", "prediction_hash", "capital_hash"),
}


async def test_a_manifest_tells_rows_and_hash_of_every_table(
    server: Server, database: str, journal: PostgresJournal
) -> None:
    """The hash is made again here: of each row as JSON, of each hour's rows, of the hours.

    Columns that came later and are empty in all of a row, as in rows of before them, are left out.
    """
    await ended(journal, later=(1, 1, 25))
    found = await check(journal)
    told = found.manifest
    assert found.fault == ""
    assert told is not None
    assert set(told.tables) == set(COLUMNS)
    for table in COLUMNS:
        later = ",".join(LATER.get(table, ()))
        query = (
            f"SELECT hour_ts_utc, (to_jsonb(r) - '{{{later}}}'::text[])::text AS told"
            f" FROM ballast.{table} r ORDER BY seq, ordinal"
        )
        hours: dict[int, list[bytes]] = {}
        stored = await server.ask(database, query, READER)
        for hour, row in stored:
            hours.setdefault(hour, []).append(hashlib.sha256(row.encode()).digest())
        over = b"".join(hashlib.sha256(b"".join(each)).digest() for each in hours.values())
        assert told.tables[table].rows == len(stored) > 0, table
        assert len(hours) == (3 if table == "fill" else 1), table
        assert told.tables[table].hash == hashlib.sha256(over).hexdigest(), table
    assert told.rows == sum(each.rows for each in told.tables.values())


async def test_any_row_that_is_touched_after_the_end_is_told_with_its_table(
    server: Server, database: str, journal: PostgresJournal
) -> None:
    await ended(journal)
    asleep = "; ".join(ASLEEP.format(table) for table in COLUMNS)
    await server.tamper(database, asleep)
    connection = await asyncpg.connect(server.dsn(database, server.administrator))
    try:
        reading = PostgresJournal("", ACCOUNT, server=LentConnection(connection))
        for table in COLUMNS:
            for change, fault in (
                (f"UPDATE ballast.{table} SET at = at + 1", f"the rows of {table} come to "),
                (f"DELETE FROM ballast.{table}", f"{table} holds 0 rows of the run, its manifest"),
            ):
                transaction = connection.transaction()
                await transaction.start()
                await connection.execute(change)
                assert (await check(reading)).fault.startswith(fault)
                await transaction.rollback()
        assert (await check(reading)).fault == ""
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("root = encode(sha256('x'), 'hex')", "tells of another span or other roots"),
        ("last_seq = 2", "tells of another span or other roots"),
        ("feed = 'another'", "has not the hash of what it says"),
        ("row_count = row_count + 1", "has not the hash of what it says"),
        ("tables = tables - 'fill'", "fill holds 1 rows of the run, its manifest says 0"),
    ],
)
async def test_a_manifest_that_is_touched_is_told(
    server: Server, database: str, journal: PostgresJournal, change: str, fault: str
) -> None:
    await ended(journal)
    touched = f"{MANIFEST_ASLEEP}; UPDATE ballast.replay_manifest SET {change}"
    await server.tamper(database, touched)
    assert fault in (await check(journal)).fault


async def test_a_run_without_inputs_comes_to_nothing(journal: PostgresJournal) -> None:
    await journal.end_run("run-1")
    assert (await journal.runs())[0].closed
    assert await check(journal) == ManifestCheck()


async def test_a_run_is_closed_and_summed_up_or_neither(
    server: Server, database: str, journal: PostgresJournal
) -> None:
    never = "ALTER TABLE ballast.replay_manifest ADD CONSTRAINT never CHECK (frames < 0)"
    await server.tamper(database, never)
    await journal.append(frame(1, 1), rows_of(*BODIES))
    with pytest.raises(JournalError):
        await journal.end_run("run-1")
    assert not (await journal.runs())[0].closed
    await server.tamper(database, "ALTER TABLE ballast.replay_manifest DROP CONSTRAINT never")
    await journal.end_run("run-1")
    await journal.end_run("run-1")
    assert (await check(journal)).manifest is not None


async def cut_off_and_ended(journal: PostgresJournal) -> bytes:
    """Three runs, the second without an end; the root that it came to."""
    await ended(journal)
    root = (await journal.head())[1]
    await journal.begin_run(run_row("run-2", 2, root))
    cut = frame(2, 1, root=root, run_id="run-2")
    await journal.append(cut, rows_of(changed(FILL, exec_id="second"), seq=2))
    await journal.begin_run(run_row("run-3", 3, cut.root_after))
    await journal.append(frame(3, 1, root=cut.root_after, run_id="run-3"))
    await journal.end_run("run-3")
    return cut.root_after


async def test_a_run_that_was_cut_off_has_none_and_the_next_goes_on_over_it(
    journal: PostgresJournal,
) -> None:
    """What it was is in the chain of roots: a manifest names the root that its run began with."""
    reached = await cut_off_and_ended(journal)
    first, second, third = [await check(journal, number) for number in range(3)]
    assert second == ManifestCheck()
    assert first.manifest is not None
    assert third.manifest is not None
    assert third.fault == ""
    assert third.manifest.parent == first.manifest.hash
    assert third.manifest.genesis == reached.hex()
    assert third.manifest.tables["fill"] == NO_ROWS
    assert third.manifest.rows == 0


@pytest.mark.parametrize("number", [0, 2])
async def test_a_manifest_that_is_gone_is_missed(
    server: Server, database: str, journal: PostgresJournal, number: int
) -> None:
    """But a run of before there were manifests may have none, as one that was cut off."""
    await cut_off_and_ended(journal)
    gone = f"DELETE FROM ballast.replay_manifest WHERE run_id = 'run-{number + 1}'"
    await server.tamper(database, f"{MANIFEST_ASLEEP}; {gone}")
    assert await check(journal, number) == ManifestCheck(None, GONE)
    assert await check(journal, 1) == ManifestCheck()
    await server.tamper(database, f"{MANIFEST_ASLEEP}; DELETE FROM ballast.replay_manifest")
    assert await check(journal, number) == ManifestCheck()
