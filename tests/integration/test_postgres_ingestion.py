"""What went in, as an operator reads it: holes that are open, and how far each stream has come.

On real servers.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from actors.instant import HOUR_NS
from actors.messages.ingestion import GapClosed, GapOpened, Watermark
from actors.ports import RefusedRow
from adapters.postgres.journal import PostgresJournal
from adapters.postgres.roles import READER, WRITER
from tests.ingestion_records import GAP_CLOSED, OPENED, WATERMARK
from tests.journal_records import (
    changed,
    rows_of,
)
from tests.journal_samples import ACCOUNT, frame, run_row
from tests.postgres_server import KINDS, Server, running_server

pytestmark = pytest.mark.asyncio

OTHER = changed(OPENED, number=2, symbol="ETH/USD", place=1)


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


async def open_gaps(server: Server, database: str) -> list[tuple[int, str, str]]:
    found = await server.ask(
        database, "SELECT number, symbol, kind FROM ballast.open_gap ORDER BY number", READER
    )
    return [tuple(row) for row in found]


async def test_a_gap_is_open_until_its_closing(
    server: Server, database: str, journal: PostgresJournal
) -> None:
    first = frame(1, 1)
    assert await journal.append(first, rows_of(OPENED, OTHER)) == ()
    assert await open_gaps(server, database) == [
        (1, "XBT/USD", "crossed"),
        (2, "ETH/USD", "crossed"),
    ]
    second = frame(2, 1, root=first.root_after)
    assert await journal.append(second, rows_of(GAP_CLOSED, seq=2)) == ()
    assert await open_gaps(server, database) == [(2, "ETH/USD", "crossed")]


@pytest.mark.parametrize(
    "closing",
    [
        GAP_CLOSED,
        changed(GAP_CLOSED, place=1, symbol="ETH/USD"),
    ],
)
async def test_what_closes_nothing_is_left_out_alone(
    server: Server, database: str, journal: PostgresJournal, closing: GapClosed
) -> None:
    """Not opened at all, or opened of another symbol."""
    before: tuple[GapOpened, ...] = () if closing is GAP_CLOSED else (OPENED,)
    rows = rows_of(*before, closing, WATERMARK)
    refused = RefusedRow("ingestion_gap_closes_an_open_one", 1, f"ingestion_gap row {len(before)}")
    assert await journal.append(frame(1, 1), rows) == (refused,)
    assert len(await server.ask(database, "TABLE ballast.ingestion_watermark", READER)) == 1


async def test_watermarks_of_one_frame_are_judged_in_their_order(
    server: Server, database: str, journal: PostgresJournal
) -> None:
    """Two hours and a start in one commit; and a third hour that moves one symbol back."""
    resumed = changed(WATERMARK, resumed=True)
    later = changed(WATERMARK, ts=WATERMARK.ts + HOUR_NS, newest_ts=(WATERMARK.newest_ts[0], 5))
    back = changed(later, ts=WATERMARK.ts + 2 * HOUR_NS, newest_ts=(WATERMARK.newest_ts[0], 4))
    told: tuple[Watermark, ...] = (resumed, WATERMARK, later, back)
    rows = tuple(row for seq, each in enumerate(told, 1) for row in rows_of(each, seq=seq))
    refused = (RefusedRow("ingestion_watermark_rises", 4, "ingestion_watermark row 0"),)
    assert await journal.append(frame(1, 4), rows) == refused
    found = await server.ask(
        database,
        "SELECT resumed, newest_ts[2] FROM ballast.ingestion_watermark ORDER BY seq",
        READER,
    )
    assert [tuple(row) for row in found] == [(True, 0), (False, 0), (False, 5)]


async def test_an_hour_that_passed_before_the_restart_is_told_before_what_it_resumes_from(
    server: Server, database: str, journal: PostgresJournal
) -> None:
    """Its timer fires at the very input that begins the run; neither moves back."""
    resumed = changed(WATERMARK, resumed=True, ts=WATERMARK.ts + HOUR_NS // 2)
    lower = changed(resumed, newest_ts=(1, 0))
    assert await journal.append(frame(1, 1), rows_of(WATERMARK, resumed)) == ()
    other = PostgresJournal(server.dsn(database, WRITER), "another")
    try:
        await other.open_epoch("test")
        await other.begin_run(changed(run_row(), account="another"))
        refused = (RefusedRow("ingestion_watermark_rises", 1, "ingestion_watermark row 1"),)
        assert await other.append(frame(1, 1), rows_of(WATERMARK, lower)) == refused
    finally:
        await other.close()


async def test_another_stream_or_run_has_a_watermark_of_its_own(
    server: Server, database: str, journal: PostgresJournal
) -> None:
    low = changed(WATERMARK, stream="book", newest_ts=(1, 0), trade_ids=())
    rows = (*rows_of(WATERMARK), *rows_of(low, seq=2))
    assert await journal.append(frame(1, 2), rows) == ()
