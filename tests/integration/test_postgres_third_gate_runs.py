"""Honest runs pass the third gate: nothing is refused, and every order has what it must have.

Two segments of a seeded market in one database, so that orders, holds and epochs of a run before
stand in the tables, on real servers.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from adapters.postgres.roles import READER
from service.bundles import choose_bundle
from service.drivers.feeding import Limits
from service.drivers.trading import RunPlan, trade
from service.feeds import UNIVERSE, seeded_feed
from service.settings import Settings
from tests.postgres_server import KINDS, Server, running_server

EVENTS = 5_000


@pytest.fixture(params=KINDS, scope="module")
def server(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Server:
    return running_server(pytestconfig, request.param)


@pytest.fixture(scope="module")
def traded(server: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database of two runs, the second one continuing the account of the first."""
    database = asyncio.run(server.fresh_database())
    dsn = server.dsn(database, server.administrator)
    for _ in range(2):
        feed = seeded_feed(7, UNIVERSE)
        settings = Settings(data_dir=str(tmp_path_factory.mktemp("home")))
        plan = RunPlan("PAPER", "postgres", dsn, limits=Limits(events=EVENTS))
        choice = choose_bundle("", mode="PAPER", feed_kind=feed.kind)
        assert asyncio.run(trade(settings, feed, choice, plan)).card.proven
    return database


def rows(server: Server, database: str, query: str) -> list[Any]:
    return list(asyncio.run(server.ask(database, query, READER)))


def test_nothing_of_an_honest_run_is_refused(server: Server, traded: str) -> None:
    assert rows(server, traded, "SELECT * FROM ballast.row_refused") == []
    states = rows(server, traded, "SELECT DISTINCT state FROM ballast.trading_state")
    assert [row["state"] for row in states] == ["Active"]


def test_every_order_of_both_runs_was_approved_requested_and_funded(
    server: Server, traded: str
) -> None:
    found = rows(
        server,
        traded,
        "SELECT count(*) AS sent, count(q) AS requested, count(v) AS approved, count(t) AS funded,"
        " count(DISTINCT e.run_id) AS runs, count(DISTINCT e.side) AS sides"
        " FROM ballast.order_event e"
        " LEFT JOIN ballast.order_request q USING (account_id, run_id, cl_ord_id)"
        " LEFT JOIN ballast.risk_verdict v ON v.run_id = q.run_id AND v.intent_no = q.intent_no"
        " LEFT JOIN ballast.transfer t ON t.source = 'hold:' || q.cl_ord_id || ':place'"
        " WHERE e.state = 'submitted'",
    )
    (counts,) = found
    assert counts["sent"] > 20
    assert counts["sent"] == counts["requested"] == counts["approved"] == counts["funded"]
    assert (counts["runs"], counts["sides"]) == (2, 2)


def test_the_limits_of_every_run_are_stated_once(server: Server, traded: str) -> None:
    stated = rows(server, traded, "SELECT run_id, profile_id FROM ballast.risk_profile")
    runs = rows(server, traded, "SELECT run_id FROM ballast.run")
    assert {row["run_id"] for row in stated} == {row["run_id"] for row in runs}
    assert len(stated) == 2
    assert len({row["profile_id"] for row in stated}) == 1
