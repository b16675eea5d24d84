"""A risk hour that the database refuses halts the account, as every refused row of ours does.

Risk slips once when an hour is full (tests/third_gate.py): its row stays out, everything else that
the hour led to stands, no order of that frame leaves, and the resting buy is called back.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from actors.instant import HOUR_NS, floor_to
from actors.messages.control import ConstraintViolated
from actors.messages.execution import NotSent
from actors.messages.order import CancelOrder
from actors.messages.risk import ClusterHour, RiskHour, TradingState
from actors.ports import FeedItem
from adapters.postgres.roles import READER, WRITER
from tests.postgres_server import KINDS, Server, running_server
from tests.third_gate import Gate, Slip, run_gate, twice, wrong

CASES = (
    ("risk_hour_full", "risk_hour", wrong("risk", RiskHour, hour_ts=1)),
    ("risk_hour_state", "risk_hour", wrong("risk", RiskHour, state="Odd", closed="halted")),
    ("risk_hour_counts", "risk_hour", wrong("risk", RiskHour, unknown_count=99)),
    ("risk_hour_exposure_adds_up", "risk_hour", wrong("risk", RiskHour, exposure=Decimal(1))),
    ("risk_hour_once", "risk_hour", twice("risk", RiskHour)),
    ("cluster_hour_once", "cluster_hour", twice("risk", ClusterHour)),
)


@pytest.fixture(params=KINDS, scope="module")
def server(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Server:
    return running_server(pytestconfig, request.param)


@pytest.fixture
def database(server: Server) -> str:
    return asyncio.run(server.fresh_database())


def rows(server: Server, database: str, query: str) -> list[Any]:
    return list(asyncio.run(server.ask(database, query, READER)))


async def fill_the_hour(gate: Gate) -> int:
    """The hour is full, and in the same frame somebody wants to buy; the first of its inputs."""
    seq = gate.kernel.seq + 1
    gate.at = floor_to(gate.at, HOUR_NS) + HOUR_NS
    await gate.pump.admit([FeedItem(gate.at, gate.marks()), FeedItem(gate.at, gate.entry(2))])
    await gate.pump.flush()
    return seq


@pytest.mark.parametrize(("name", "table", "slip"), CASES, ids=[name for name, _, _ in CASES])
def test_a_refused_hour_halts_the_account(
    server: Server, database: str, name: str, table: str, slip: Slip
) -> None:
    async def work(gate: Gate) -> None:
        await gate.begin()
        resting = await gate.rest_a_buy()
        sent = len(gate.street.taken)
        gate.slip.armed = True
        first = await fill_the_hour(gate)
        assert not gate.slip.armed, "the hour never came"
        bodies = await gate.bodies()
        violated = [each for each in bodies if isinstance(each, ConstraintViolated)]
        assert [each.name for each in violated] == [name]
        assert first <= violated[0].seq < len(bodies)
        assert violated[0].detail.startswith(f"{table} row ")
        assert [type(each) for each in bodies if isinstance(each, NotSent)] == [NotSent]
        assert gate.state is TradingState.HALTED
        since = gate.street.taken[sent:]
        cancels = [each for each in since if isinstance(each, CancelOrder)]
        assert cancels == since, "no order leaves, a cancel does"
        assert resting in {each.cl_ord_id for each in cancels}
        gate.at += 1
        await gate.say(gate.entry(9))
        assert len(gate.street.taken) == sent + len(since)
        assert list(gate.kernel.actor("orders").state.live) == [resting]

    run_gate(server.dsn(database, WRITER), slip, work)
    refused = rows(server, database, "SELECT table_name, constraint_name FROM ballast.row_refused")
    assert [tuple(row) for row in refused] == [(table, name)]
    (last,) = rows(server, database, "SELECT reason FROM ballast.refusal ORDER BY seq DESC LIMIT 1")
    assert last["reason"] == "halted"
    kept = "SELECT count(*) FROM ballast.{} WHERE seq = (SELECT max(seq) FROM ballast.row_refused)"
    assert rows(server, database, kept.format("portfolio_hour"))[0][0] == 1
    assert rows(server, database, kept.format("position_hour"))[0][0] >= 1


def test_an_hour_of_a_graph_that_does_not_slip_is_kept(server: Server, database: str) -> None:
    async def work(gate: Gate) -> None:
        await gate.begin()
        await gate.rest_a_buy()
        sent = len(gate.street.taken)
        await fill_the_hour(gate)
        assert gate.state is TradingState.ACTIVE
        assert len(gate.street.taken) == sent + 1

    run_gate(server.dsn(database, WRITER), wrong("risk", RiskHour), work)
    assert rows(server, database, "SELECT FROM ballast.row_refused") == []
    (hour,) = rows(server, database, "SELECT state, closed FROM ballast.risk_hour")
    assert tuple(hour) == ("Active", "")
