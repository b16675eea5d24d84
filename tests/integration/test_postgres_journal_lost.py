"""The PostgreSQL journal when connections, servers or writers die."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from actors.ids import GENESIS_ROOT
from actors.journal_chain import verify_frames
from actors.ports import JournalError
from adapters.postgres.journal import PostgresJournal
from adapters.postgres.roles import READER, WRITER
from tests.journal_records import ORDER, changed, rows_of
from tests.journal_samples import ACCOUNT, chain, frame, run_row
from tests.postgres_relay import Relay
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


async def kill_connections(server: Server, database: str) -> None:
    await server.ask(
        database,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        f" WHERE usename = '{WRITER}' AND datname = '{database}'",
    )


async def test_an_idle_connection_that_was_lost_is_made_again(
    server: Server, database: str, journal: PostgresJournal
) -> None:
    first, second = chain(2, 2)
    await journal.append(first)
    await kill_connections(server, database)
    await journal.append(second)
    assert await journal.head() == (4, second.root_after)


async def test_an_append_whose_connection_is_lost_before_the_commit_is_made_once_more(
    server: Server, database: str, journal: PostgresJournal
) -> None:
    """The append waits for the stream's lock, which the test holds, when its backend is ended."""
    first = frame(1, 2)
    blocker = await asyncpg.connect(server.dsn(database, server.administrator))
    transaction = blocker.transaction()
    await transaction.start()
    await blocker.fetch("SELECT ballast.lock_stream($1)", ACCOUNT)
    appending = asyncio.create_task(journal.append(first))
    await asyncio.sleep(0.2)
    await kill_connections(server, database)
    await asyncio.sleep(0.2)
    await transaction.rollback()
    await blocker.close()
    await appending
    assert await journal.head() == (2, first.root_after)


async def test_an_append_that_another_session_keeps_waiting_ends_in_a_sentence(
    server: Server, database: str
) -> None:
    """Any role can take an advisory lock. Nothing was written; once it is free all goes on."""
    journal = PostgresJournal(server.dsn(database, WRITER), ACCOUNT, command_limit_s=1)
    await journal.open_epoch("test")
    await journal.begin_run(run_row())
    other = await asyncpg.connect(server.dsn(database, READER))
    await other.execute(f"SELECT pg_advisory_lock(hashtextextended('{ACCOUNT}', 7316))")
    told = rf"locked for 0\.5 s by process {other.get_server_pid()} of role ballast_reader: end"
    made = frame(1, 2)
    with pytest.raises(JournalError, match=told) as raised:
        await journal.append(made)
    assert type(raised.value) is JournalError
    await other.close()
    assert await journal.head() == (0, GENESIS_ROOT)
    await journal.append(made)
    assert await journal.head() == (2, made.root_after)
    await journal.close()


@pytest.mark.parametrize("unsound", [0, 2], ids=["all rows taken", "two rows refused"])
@pytest.mark.parametrize("before_commit", [True, False])
async def test_a_commit_whose_answer_was_lost_is_looked_up(
    server: Server, database: str, before_commit: bool, unsound: int
) -> None:
    """A wire that breaks just before, or just after, the server commits: stored once either way.

    What was refused is told once too, from whichever transaction it was that committed.
    """
    relay = Relay(server, before_commit=before_commit)
    await relay.start()
    journal = PostgresJournal(
        f"postgresql://{WRITER}@/{database}?host={relay.folder}&port={server.port}", ACCOUNT
    )
    await journal.open_epoch("test")
    await journal.begin_run(run_row())
    relay.armed = True
    made = frame(1, 2)
    wrong = [changed(ORDER, quantity=Decimal(0))] * unsound
    refused = await journal.append(made, rows_of(*wrong, ORDER))
    assert [each.row for each in refused] == [f"order_event row {n}" for n in range(unsound)]
    assert await journal.head() == (2, made.root_after)
    assert len(await server.ask(database, "SELECT FROM ballast.order_event")) == 1
    assert relay.cut == 1
    await journal.close()
    await relay.stop()


async def test_a_server_that_went_away_is_one_sentence_and_nothing_is_claimed(
    server: Server, database: str
) -> None:
    relay = Relay(server, before_commit=True)
    await relay.start()
    journal = PostgresJournal(
        f"postgresql://{WRITER}@/{database}?host={relay.folder}&port={server.port}",
        ACCOUNT,
        reconnect_limit_s=0.3,
    )
    await journal.open_epoch("test")
    await journal.begin_run(run_row())
    relay.refuses = relay.armed = True
    with pytest.raises(JournalError, match="Whether inputs 1 to 2 were stored is not known"):
        await journal.append(frame(1, 2), rows_of(ORDER))
    with pytest.raises(JournalError, match=r"cannot be reached|stopped answering"):
        await journal.append(frame(1, 2))
    await journal.close()
    await relay.stop()


async def test_an_unreachable_server_is_one_sentence(tmp_path: Path) -> None:
    journal = PostgresJournal(f"postgresql://{WRITER}@/none?host={tmp_path}", ACCOUNT)
    with pytest.raises(JournalError, match="cannot be reached") as caught:
        await journal.open_epoch("test")
    assert "\n" not in str(caught.value)


async def test_a_database_without_tables_is_one_sentence(server: Server) -> None:
    empty = await server.empty_database()
    journal = PostgresJournal(server.dsn(empty, WRITER), ACCOUNT)
    with pytest.raises(JournalError, match="migrate it first"):
        await journal.head()
    await journal.close()


WRITING = """
import asyncio, sys
from adapters.postgres.journal import PostgresJournal
from tests.journal_samples import ACCOUNT, frame, run_row

async def main():
    journal = PostgresJournal(sys.argv[1], ACCOUNT)
    epoch = await journal.open_epoch("child")
    await journal.begin_run(run_row())
    seq, root = await journal.head()
    while True:
        made = frame(seq + 1, 3, root=root, epoch=epoch)
        await journal.append(made)
        seq, root = made.last_seq, made.root_after
        print(seq, flush=True)

asyncio.run(main())
"""


async def test_a_killed_writer_loses_nothing_that_it_had_acknowledged(
    server: Server, database: str, repository: Path
) -> None:
    dsn = server.dsn(database, WRITER)
    for _ in range(3):
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            WRITING,
            dsn,
            stdout=subprocess.PIPE,
            cwd=repository,
            env={**os.environ, "PYTHONPATH": str(repository)},
        )
        assert child.stdout is not None
        for _ in range(25):
            acknowledged = int(await child.stdout.readline())
        child.send_signal(signal.SIGKILL)
        rest = (await child.stdout.read()).split()
        acknowledged = int(rest[-1]) if rest else acknowledged
        await child.wait()
        journal = PostgresJournal(dsn, ACCOUNT)
        await journal.open_epoch("check")
        assert (await journal.head())[0] >= acknowledged
        verified = verify_frames([each async for each in journal.frames()], GENESIS_ROOT)
        assert verified.seq >= acknowledged
        await journal.close()
