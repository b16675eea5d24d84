"""The trial counted from rows, and a database that keeps paper and live apart by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from actors.ids import GENESIS_ROOT
from actors.ports import JournalError, RunRow
from adapters.postgres.journal import PostgresJournal
from adapters.postgres.roles import WRITER
from service.live_evidence import collect, heard_hours
from service.live_gates import whole_days
from service.live_market import KIND
from service.run_index import RunEntry, RunIndex
from service.settings import load_settings
from tests.postgres_server import Server, running_server

pytestmark = pytest.mark.asyncio
DAY_S = 86_400
HOUR_NS = 3600 * 10**9


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Server:
    return running_server(request.config, "machine")


@pytest_asyncio.fixture
async def database(server: Server) -> str:
    return await server.fresh_database()


async def a_run(
    server: Server, database: str, *, days_ago: float, hours: range, feed: str = KIND, **run: str
) -> None:
    """A run whose lease was opened so long ago, and that heard those hours of its first day."""
    account, mode = run.get("account", "paper"), run.get("mode", "PAPER")
    taken = run.get("taken", "{7,7,0}")
    epoch = f"(SELECT 1 + count(*) FROM ballast.lease WHERE account_id = '{account}')"
    await server.run(
        database,
        f"INSERT INTO ballast.lease (account_id, epoch, holder, opened_at) SELECT '{account}',"
        f" {epoch}, 'test', now() - interval '{days_ago * DAY_S} seconds'",
    )
    name = f"{account}-{days_ago}-{feed}"
    zeros = "decode(repeat('00', 32), 'hex')"
    await server.run(
        database,
        "INSERT INTO ballast.run (account_id, run_id, epoch, mode, feed, genesis, first_seq)"
        f" SELECT '{account}', '{name}', max(epoch), '{mode}', '{feed}', {zeros}, 1"
        f" FROM ballast.lease WHERE account_id = '{account}'",
    )
    first = f"now() - interval '{days_ago * DAY_S} seconds'"
    await server.run(
        database,
        "INSERT INTO ballast.ingestion_watermark SELECT"
        f" '{account}', '{name}', '{mode}', h, n + 1000 * {1 + int(days_ago)}, 0, h, h, 'book',"
        f" false, ARRAY[h,h,h], '{taken}', '{{}}' FROM (SELECT n,"
        f" (ceil(extract(epoch FROM {first}) / 3600)::bigint + n) * {HOUR_NS} AS h"
        f" FROM generate_series({hours.start}, {hours.stop - 1}) AS n) AS hours",
    )


async def counted(server: Server, database: str, home: Path) -> int:
    """Hours in all."""
    dsn = server.dsn(database, server.administrator)
    settings = load_settings(
        environment={}, overrides={"data_dir": str(home), "journal": {"dsn": dsn}}
    )
    return sum((await heard_hours(settings)).values())


async def test_hours_that_a_paper_run_heard_on_the_live_feed_count_once(
    server: Server, database: str, tmp_path: Path
) -> None:
    await a_run(server, database, days_ago=3, hours=range(1, 6))
    assert await counted(server, database, tmp_path) == 5
    await a_run(server, database, days_ago=3, hours=range(3, 8), account="other")
    assert await counted(server, database, tmp_path) == 7


@pytest.mark.parametrize(
    "changes",
    [
        {"feed": "kraken-loopback"},
        {"feed": "kraken-recorded"},
        {"mode": "BACKTEST"},
        {"taken": "{7,0,0}"},
        {"hours": range(100, 105)},
    ],
    ids=["a simulator", "a recording", "a backtest", "most symbols silent", "the future"],
)
async def test_what_was_no_day_of_the_market_by_the_wall_does_not_count(
    server: Server, database: str, tmp_path: Path, changes: dict[str, Any]
) -> None:
    what = {"days_ago": 3, "hours": range(1, 6), **changes}
    await a_run(server, database, **what)
    assert await counted(server, database, tmp_path) == 0


async def test_hours_beyond_the_next_lease_passed_in_no_run(
    server: Server, database: str, tmp_path: Path
) -> None:
    """A run that was over a day ago did not hear today's hours, whatever its rows say."""
    await a_run(server, database, days_ago=3, hours=range(1, 60))
    before = await counted(server, database, tmp_path)
    await a_run(server, database, days_ago=2, hours=range(0))
    assert before == 59
    assert 20 <= await counted(server, database, tmp_path) <= 24


@pytest.mark.parametrize(("kept", "wanted"), [("PAPER", "LIVE"), ("LIVE", "PAPER")])
async def test_a_database_keeps_paper_and_live_apart_by_itself(
    server: Server, database: str, kept: str, wanted: str
) -> None:
    """G1: by whatever account, settings or data folder it is reached."""
    for account, mode in (("first", kept), ("second", "BACKTEST"), ("third", kept)):
        await begin(server, database, account, mode)
    with pytest.raises(JournalError, match=f"keeps {kept} accounts"):
        await begin(server, database, "fourth", wanted)
    runs = await server.ask(database, "SELECT mode FROM ballast.run ORDER BY ordinal")
    assert [each["mode"] for each in runs] == [kept, "BACKTEST", kept]


async def begin(server: Server, database: str, account: str, mode: str) -> None:
    """Begin a run as a service does."""
    journal = PostgresJournal(server.dsn(database, WRITER), account)
    try:
        await journal.open_epoch("test")
        zero = GENESIS_ROOT
        await journal.begin_run(RunRow(account, account, mode, "f", zero, 1, 0, zero, closed=False))
    finally:
        await journal.close()


async def test_the_gate_counts_in_whatever_database_the_paper_runs_are_kept(
    server: Server, database: str, tmp_path: Path
) -> None:
    """Found by the paper account's own index of runs, and read as the database's reader."""
    paper, live = tmp_path / "paper", tmp_path / "live"
    dsn = server.dsn(database, server.administrator)
    await a_run(server, database, days_ago=3, hours=range(1, 48))
    entry = RunEntry("r1", "PAPER", KIND, "paper", "postgres", dsn, "", 1)
    RunIndex(paper).write(entry)
    RunIndex(paper).write(msgspec.structs.replace(entry, run_id="r2", feed="seeded"))
    named = {"data_dir": str(live), "live": {"paper_data_dir": str(paper)}}
    settings = load_settings(environment={}, overrides=named)
    evidence = (await collect(settings, str)).evidence
    assert evidence.trial_fault == ""
    assert sum(evidence.trial_hours.values()) == 47
    assert 1 <= whole_days(evidence.trial_hours) <= 2
    assert evidence.key_fault is not None
    RunIndex(paper).write(msgspec.structs.replace(entry, place="postgresql://nobody@127.0.0.1:9/x"))
    gone = (await collect(settings, str)).evidence
    assert "cannot be read" in gone.trial_fault
    assert gone.trial_hours == {}
