"""The PostgreSQL journal on real servers: derived rows, roles, triggers, tampering."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal

import asyncpg
import numpy as np
import pytest
import pytest_asyncio

from actors.ids import GENESIS_ROOT
from actors.instant import HOUR_NS
from actors.journal_chain import verify_frames
from actors.messages.arrays import sealed_ints
from actors.messages.decision import VERDICT_COLUMNS, VerdictSlice
from actors.ports import (
    DerivedRow,
    FencedError,
    JournalCorruptError,
    JournalError,
    RefusedRow,
)
from adapters.postgres.journal import PostgresJournal
from adapters.postgres.journal_rows import COLUMNS, KEYS
from adapters.postgres.roles import OWNER, READER, WRITER
from adapters.postgres.statements import statements
from tests.journal_records import BODIES, ORDER, changed, rows_of
from tests.journal_samples import ACCOUNT, START_NS, chain, frame, run_row
from tests.postgres_server import KINDS, Server, running_server

pytestmark = pytest.mark.asyncio


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


async def test_every_named_block_is_prepared(server: Server, database: str) -> None:
    connection = await asyncpg.connect(server.dsn(database, server.administrator))
    try:
        for text in statements().values():
            await connection.prepare(text)
    finally:
        await connection.close()


async def test_every_table_has_the_columns_that_rows_are_made_for(
    server: Server, database: str
) -> None:
    found = await server.ask(
        database,
        "SELECT table_name, array_agg(column_name::text ORDER BY column_name) AS names"
        " FROM information_schema.columns WHERE table_schema = 'ballast'"
        " AND is_generated = 'NEVER' GROUP BY table_name",
    )
    columns = {row["table_name"]: row["names"] for row in found}
    for table, own in COLUMNS.items():
        assert columns[table] == sorted((*KEYS, *own)), table


async def test_every_record_message_is_kept_as_rows_with_its_frame(
    server: Server, database: str, journal: PostgresJournal
) -> None:
    await journal.append(frame(1, 1), rows_of(*BODIES))
    counts = {}
    for table in COLUMNS:
        (row,) = await server.ask(database, f"SELECT count(*) FROM ballast.{table}", READER)
        counts[table] = row[0]
    twice = dict.fromkeys(("transfer", "dataset", "order_event", "risk_verdict"), 2)
    others = {**twice, "ingestion_gap": 3, "row_refused": 0}
    assert counts == {**dict.fromkeys(COLUMNS, 1), **others}
    (fill,) = await server.ask(database, "SELECT * FROM ballast.fill", READER)
    assert (fill["run_id"], fill["account_id"], fill["mode"]) == ("run-1", ACCOUNT, "paper")
    assert fill["hour_ts_utc"] == START_NS - START_NS % HOUR_NS
    assert (str(fill["price"]), str(fill["fee"])) == ("27000.1", "54.00")
    (verdict,) = await server.ask(database, "SELECT * FROM ballast.verdict_slice", READER)
    assert (verdict["action"], verdict["edge"]) == ([0, 6], [5, 11])
    (position,) = await server.ask(database, "SELECT * FROM ballast.position_hour", READER)
    assert (position["symbol"], position["value"]) == ("ETH/USD", Decimal("10389.95"))


async def test_verdicts_come_back_number_for_number(
    server: Server, database: str, journal: PostgresJournal
) -> None:
    """Few symbols and many, the smallest int32 (a silent model) and the largest."""
    rng = np.random.default_rng(5)
    slices = []
    for symbols in (1, 2, 30, 30, 0):
        rows = rng.integers(-(2**31), 2**31, (symbols, len(VERDICT_COLUMNS)))
        rows[:1, :2] = -(2**31), 2**31 - 1
        slices.append(VerdictSlice(START_NS + symbols, sealed_ints(rows), symbols))
    await journal.append(frame(1, 1), rows_of(*slices))
    found = await server.ask(
        database, "SELECT * FROM ballast.verdict_slice ORDER BY ordinal", READER
    )
    assert [row["ts"] for row in found] == [each.ts for each in slices]
    assert [row["prediction_ts"] for row in found] == [each.prediction_ts for each in slices]
    for row, sent in zip(found, slices, strict=True):
        assert (row["account_id"], row["run_id"], row["seq"]) == (ACCOUNT, "run-1", 1)
        assert [row[name] for name in VERDICT_COLUMNS] == sent.rows.T.tolist()


async def test_a_refused_verdict_names_the_input_that_led_to_it(
    server: Server, database: str, journal: PostgresJournal
) -> None:
    limit = "ALTER TABLE ballast.verdict_slice ADD CONSTRAINT not_seven CHECK (ts <> 7)"
    await server.tamper(database, limit)
    rows = sealed_ints(np.zeros((2, 6)))
    bodies = [VerdictSlice(ts, rows) for ts in (5, 6, 7, 8)]
    derived = tuple(DerivedRow(seq, START_NS, body) for seq, body in enumerate(bodies, 1))
    refused = await journal.append(frame(1, 4), derived)
    assert refused == (RefusedRow("not_seven", 3, "verdict_slice row 0"),)
    found = await server.ask(database, "SELECT ts FROM ballast.verdict_slice ORDER BY ts")
    assert [row["ts"] for row in found] == [5, 6, 8]


async def test_words_of_the_venue_that_text_cannot_hold_do_not_stop_the_journal(
    server: Server, database: str, journal: PostgresJournal
) -> None:
    await journal.append(frame(1, 1), rows_of(changed(ORDER, reason="odd\0words")))
    (row,) = await server.ask(database, "SELECT reason FROM ballast.order_event", READER)
    assert row["reason"] == "odd\N{REPLACEMENT CHARACTER}words"


APPEND_ONLY = ("lease", "run", "run_end", "journal_frame", *COLUMNS)


@pytest.mark.parametrize("table", APPEND_ONLY)
async def test_nobody_changes_what_was_written_not_even_the_owner(
    server: Server, database: str, journal: PostgresJournal, table: str
) -> None:
    await journal.append(frame(1, 1), rows_of(*BODIES))
    await journal.end_run("run-1")
    changes = (
        f"UPDATE ballast.{table} SET run_id = run_id"
        if table != "lease"
        else "UPDATE ballast.lease SET holder = 'me'",
        f"DELETE FROM ballast.{table}",
        f"TRUNCATE ballast.{table} CASCADE",
    )
    for change in changes:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await server.ask(database, change, WRITER)
        with pytest.raises(asyncpg.PostgresError, match="append-only") as caught:
            await server.run(database, f"SET session_replication_role = replica; {change}")
        assert caught.value.sqlstate == "BL004"


async def test_the_reader_reads_and_writes_nothing(server: Server, database: str) -> None:
    for table in (*APPEND_ONLY, "snapshot", "migration"):
        assert await server.ask(database, f"SELECT FROM ballast.{table} LIMIT 0", READER) == []
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await server.ask(database, f"INSERT INTO ballast.{table} DEFAULT VALUES", READER)
    with pytest.raises(asyncpg.PostgresError):
        await server.ask(database, "SELECT 1", OWNER)


FORGED = "INSERT INTO ballast.journal_frame VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"epoch": 2}, "was replaced"),
        ({"epoch": 0}, "was replaced"),
        ({"first_seq": 4}, "does not follow"),
        ({"first_seq": 2}, "does not follow"),
        ({"root_before": b"\7" * 32}, "does not continue the root"),
        ({"checksum": b"\7" * 32}, "checksum"),
        ({"run_id": "another"}, "not the newest run"),
        ({"hour_ts": 5}, "journal_frame_hour"),
    ],
)
async def test_the_database_itself_refuses_a_frame_that_breaks_the_chain(
    server: Server,
    database: str,
    journal: PostgresJournal,
    change: dict[str, object],
    said: str,
) -> None:
    first, second = chain(2, 2)
    await journal.append(first)
    forged = changed(second, **change)
    connection = await asyncpg.connect(server.dsn(database, WRITER))
    try:
        with pytest.raises(asyncpg.PostgresError, match=said):
            await connection.execute(
                FORGED,
                ACCOUNT,
                forged.first_seq,
                forged.last_seq,
                forged.epoch,
                forged.run_id,
                forged.hour_ts,
                forged.root_before,
                forged.root_after,
                forged.checksum,
                forged.records,
            )
    finally:
        await connection.close()
    await journal.append(second)


async def test_a_takeover_waits_for_the_commit_that_is_under_way(
    server: Server, database: str, journal: PostgresJournal
) -> None:
    other = PostgresJournal(server.dsn(database, WRITER), ACCOUNT)
    connection = await asyncpg.connect(server.dsn(database, WRITER))
    transaction = connection.transaction()
    await transaction.start()
    made = frame(1, 2)
    await connection.execute(
        FORGED,
        ACCOUNT,
        *(made.first_seq, made.last_seq, made.epoch, made.run_id, made.hour_ts),
        *(made.root_before, made.root_after, made.checksum, made.records),
    )
    takeover = asyncio.create_task(other.open_epoch("other"))
    await asyncio.sleep(0.2)
    assert not takeover.done()
    await transaction.commit()
    assert await takeover == 2
    assert await other.head() == (2, made.root_after)
    with pytest.raises(FencedError):
        await journal.append(frame(3, 1, root=made.root_after))
    await connection.close()
    await other.close()


async def test_leaders_that_start_together_get_different_epochs(
    server: Server, database: str
) -> None:
    journals = [PostgresJournal(server.dsn(database, WRITER), ACCOUNT) for _ in range(6)]
    epochs = await asyncio.gather(*(each.open_epoch("many") for each in journals))
    assert sorted(epochs) == [1, 2, 3, 4, 5, 6]
    for each in journals:
        await each.close()


async def test_accounts_in_one_database_do_not_see_each_other(
    server: Server, database: str, journal: PostgresJournal
) -> None:
    await journal.append(frame(1, 2))
    other = PostgresJournal(server.dsn(database, WRITER), "another")
    assert await other.open_epoch("test") == 1
    assert await other.head() == (0, GENESIS_ROOT)
    assert await other.runs() == ()
    with pytest.raises(JournalError, match="not of this one"):
        await other.begin_run(run_row())
    await other.close()


TAMPERED = (
    ("UPDATE ballast.journal_frame SET records = set_byte(records, 40, 1)", "tampered", 3),
    ("UPDATE ballast.journal_frame SET root_after = root_before", "tampered", 3),
    ("DELETE FROM ballast.journal_frame", "missing", 3),
    ("UPDATE ballast.journal_frame SET epoch = 0", "foreign", 3),
)
ASLEEP = "; ".join(
    f"ALTER TABLE ballast.journal_frame DISABLE TRIGGER {name}"
    for name in ("refuse_change", "check_removed")
)


@pytest.mark.parametrize(("change", "kind", "seq"), TAMPERED)
async def test_what_a_superuser_changes_in_spite_of_all_is_found(
    server: Server, database: str, journal: PostgresJournal, change: str, kind: str, seq: int
) -> None:
    for each in chain(2, 2, 2):
        await journal.append(each)
    await server.tamper(database, f"{ASLEEP}; {change} WHERE first_seq = 3")
    with pytest.raises(JournalCorruptError) as caught:
        verify_frames([each async for each in journal.frames()], GENESIS_ROOT)
    assert (caught.value.kind, caught.value.seq) == (kind, seq)


async def test_rows_that_changed_places_are_found(
    server: Server, database: str, journal: PostgresJournal
) -> None:
    for each in chain(2, 2, 2):
        await journal.append(each)
    await server.tamper(
        database,
        f"{ASLEEP}; UPDATE ballast.journal_frame f SET records = o.records, checksum = o.checksum"
        " FROM ballast.journal_frame o WHERE f.first_seq + o.first_seq = 8 AND f.first_seq > 1",
    )
    with pytest.raises(JournalCorruptError) as caught:
        verify_frames([each async for each in journal.frames()], GENESIS_ROOT)
    assert (caught.value.kind, caught.value.seq) == ("reordered", 3)


async def test_pages_join_without_a_seam(journal: PostgresJournal) -> None:
    frames = chain(*([1] * 70))
    for each in frames:
        await journal.append(each)
    assert [each async for each in journal.frames()] == frames
    assert [each async for each in journal.frames(16, 17)] == frames[15:17]
