"""A model that nobody activated: its predictions are refused, trading stops, inputs are kept."""

from __future__ import annotations

import asyncio
from itertools import islice
from pathlib import Path

import msgspec
import pytest

from adapters.postgres.journal import PostgresJournal
from adapters.postgres.roles import READER, WRITER
from service.bundles import choose_bundle
from service.feeds import UNIVERSE, rules_of, seeded_feed
from service.graph import build_graph
from service.segment import SegmentPlan, close_segment, open_segment
from service.settings import Settings
from tests.postgres_server import KINDS, Server, running_server

INPUTS = 3_000


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest) -> Server:
    return running_server(request.config, request.param)


def test_a_model_without_activation_halts_the_account_and_loses_no_input(
    server: Server, tmp_path: Path
) -> None:
    database = asyncio.run(server.fresh_database())
    feed = seeded_feed(7, UNIVERSE)
    settings = Settings(data_dir=str(tmp_path))
    choice = msgspec.structs.replace(
        choose_bundle("", mode="PAPER", feed_kind=feed.kind), activation=""
    )

    async def day() -> int:
        journal = PostgresJournal(server.dsn(database, WRITER), settings.account.name)
        graph = build_graph(settings.decision, rules_of(feed.symbols), choice.predictor)
        plan = SegmentPlan("PAPER", feed.kind, feed.digest, feed.symbols, 0, choice.statement)
        try:
            segment = await open_segment(settings, plan, graph, journal)
            for item in islice(feed.items(), INPUTS):
                await segment.pump.admit([item])
            run = await close_segment(segment, journal, "the day is over")
        finally:
            await journal.close()
        return run.last_seq

    last_seq = asyncio.run(day())

    def ask(query: str) -> list[tuple[object, ...]]:
        return [tuple(row) for row in asyncio.run(server.ask(database, query, READER))]

    assert ask("SELECT max(last_seq) FROM ballast.journal_frame") == [(last_seq,)]
    assert last_seq > INPUTS
    assert ask("SELECT count(*) FROM ballast.prediction_slice") == [(0,)]
    named = ask("SELECT DISTINCT constraint_name FROM ballast.row_refused")
    assert named == [("prediction_slice_model_activated",)]
    halted = ask("SELECT state, reason FROM ballast.trading_state ORDER BY seq DESC LIMIT 1")
    assert halted[0][0] == "Halted"
    late = ask(
        "SELECT count(*) FROM ballast.order_event o WHERE o.seq > ("
        " SELECT min(s.seq) FROM ballast.trading_state s WHERE s.state = 'Halted')"
        " AND NOT EXISTS (SELECT FROM ballast.order_event b WHERE b.cl_ord_id = o.cl_ord_id"
        " AND b.seq < o.seq) AND o.side = 'buy'"
    )
    assert late == [(0,)]
