"""The chain of transfers in the database goes on over a row that was refused, and over no other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
import pytest_asyncio

from actors.ledger.chain import hash_of
from actors.messages.ledger import TransfersPosted
from actors.ports import RefusedRow
from adapters.postgres.journal import PostgresJournal
from adapters.postgres.journal_connection import JournalConnection
from adapters.postgres.roles import READER, WRITER
from tests.journal_records import TRANSFER, chained, changed, rows_of
from tests.journal_samples import ACCOUNT, frame, run_row
from tests.postgres_server import KINDS, Server, running_server

pytestmark = pytest.mark.asyncio
D = Decimal


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


async def count(server: Server, database: str, table: str) -> int:
    (row,) = await server.ask(database, f"SELECT count(*) FROM ballast.{table}", READER)
    return int(row[0])


async def test_the_chain_goes_on_over_a_transfer_that_was_refused(
    server: Server, database: str, journal: PostgresJournal
) -> None:
    """In one frame and in the next, and what does not follow then is refused again."""
    one, two, third, fourth, fifth, sixth = chained(
        *(
            changed(
                TRANSFER,
                transfer_no=number,
                debit_balance=D(-100_000 * number),
                credit_balance=D(100_000 * number),
                debit_sequence=number,
                credit_sequence=number,
                source="\0 told by | a venue \N{SNOWMAN}",
            )
            for number in range(1, 7)
        ),
    )
    odd = changed(fourth, amount=D(1))
    first = frame(1, 1)
    rows = rows_of(TransfersPosted(1, (one, two, third, odd, fifth)))
    named = RefusedRow("transfer_hash_holds", 1, "transfer row 3")
    assert await journal.append(first, rows) == (named,)
    second = frame(2, 2, root=first.root_after)
    elsewhere = changed(
        sixth, transfer_no=7, previous="a" * 64, debit_sequence=16, credit_sequence=16
    )
    skipped = changed(elsewhere, hash=hash_of(elsewhere))
    found = (
        *rows_of(TransfersPosted(1, (skipped,)), seq=2),
        *rows_of(TransfersPosted(1, (sixth,)), seq=3),
    )
    named = RefusedRow("transfer_number_follows", 2, "transfer row 0")
    assert await journal.append(second, found) == (named,)
    assert await count(server, database, "transfer") == 5


@pytest.mark.parametrize(("setting", "value"), [("synchronous_commit", "on"), ("jit", "off")])
async def test_a_session_of_the_journal_waits_for_the_disk_and_compiles_no_plan(
    server: Server, database: str, setting: str, value: str
) -> None:
    """Compiled for each large commit, the check of the chain took ten times as long."""
    connection = JournalConnection(server.dsn(database, WRITER))
    async with connection.use() as session:
        assert await session.fetchval("SELECT current_setting($1)", setting) == value
    await connection.close()
