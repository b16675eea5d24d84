"""An account that is continued after a pause: what its timers do meanwhile belongs to its new run.

A live market starts where the world is now, bars later than where the account stood.
"""

from __future__ import annotations

import asyncio
from itertools import islice
from pathlib import Path

import msgspec
import pytest

from actors.instant import HOUR_NS
from actors.ports import Feed, FeedItem
from adapters.postgres.journal import PostgresJournal
from adapters.postgres.roles import READER, WRITER
from service.bundles import choose_bundle
from service.feeds import rules_of, seeded_feed
from service.graph import build_graph
from service.segment import OpenSegment, close_segment, open_segment, plan_of
from service.settings import Settings
from tests.postgres_server import Server, running_server

SYMBOLS = ("BTC/USD", "ETH/USD")
ITEMS = 420
PAUSE_NS = 5 * HOUR_NS


@pytest.fixture
def server(pytestconfig: pytest.Config) -> Server:
    return running_server(pytestconfig, "embedded")


async def opened(home: Path, feed: Feed, journal: PostgresJournal, starts_at: int) -> OpenSegment:
    settings = Settings(data_dir=str(home))
    choice = choose_bundle("", mode="PAPER", feed_kind=feed.kind)
    graph = build_graph(settings.decision, rules_of(SYMBOLS), choice.predictor)
    plan = plan_of("PAPER", feed, choice.statement, starts_at=starts_at)
    plan = msgspec.structs.replace(plan, gapless=False)
    return await open_segment(settings, plan, graph, journal)


async def fed(segment: OpenSegment, items: list[FeedItem]) -> int:
    """Admit items; returns the last one's time."""
    await segment.pump.admit(items)
    await segment.pump.flush()
    return items[-1].at


def test_bars_that_close_in_a_pause_are_rows_of_the_run_that_follows(
    server: Server, tmp_path: Path
) -> None:
    async def trade(dsn: str) -> int:
        feed = seeded_feed(7, SYMBOLS)
        journal = PostgresJournal(dsn, "paper")
        try:
            first = await opened(tmp_path, feed, journal, 0)
            last = await fed(first, list(islice(feed.items(), ITEMS)))
            await close_segment(first, journal, "the test")
            second = await opened(tmp_path, feed, journal, last + PAUSE_NS)
            assert second.pump.kernel.halt is None
            await fed(second, list(islice(feed.items(last + PAUSE_NS), 60)))
            await close_segment(second, journal, "the test")
            return second.run.first_seq
        finally:
            await journal.close()

    database = asyncio.run(server.fresh_database())
    began = asyncio.run(trade(server.dsn(database, WRITER)))
    asked = (
        "SELECT (SELECT count(*) FROM ballast.row_refused) AS refused,"
        f" (SELECT count(*) FROM ballast.bar_slice WHERE seq = {began + 1}) AS closed,"
        " (SELECT count(*) FROM ballast.trading_state WHERE state <> 'Active') AS halts"
    )
    (found,) = asyncio.run(server.ask(database, asked, READER))
    assert (found["refused"], found["halts"]) == (0, 0)
    assert found["closed"] == PAUSE_NS // HOUR_NS
