"""Validations stay about linear in the rows they look at: counted by the server, not timed.

A made-up account of one order, fill, sale, transfer and hour an input; now and then a refused row.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import asyncpg
import pytest

from adapters.postgres.validations import Validation, read_validations
from tests.postgres_server import KINDS, Server, running_server

INPUTS = 3_000
TOUCHED_MAX = 30  # rows that any step of a plan handles, for each row that there is
TABLES = {
    "order_event": "'o' || i, i, 'X/USD', 'sell', 'filled', 1, 1, 1, ''",
    "fill": "'o' || i, 'e' || i, 'X/USD', 'sell', 1, 1, 1, 0, 'USD', 'taker', 0, 0, 1",
    "trade_closed": "'o' || i, 'e' || i, 'X/USD', 1, 1, 1, 0, 0, 0",
    "transfer": ("i, 'external:USD', 'available:USD', 'USD', 1, -i, i, i, i, 's:' || i, 'deposit'"),
    "portfolio_hour": "i, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0",
    "position_hour": "i, 'X/USD', 1, 1, 1, 1",
}
FILLED = (
    "SET session_replication_role = replica",
    *(
        f"ALTER TABLE ballast.{table} DISABLE TRIGGER check_added"
        for table in ("lease", "run", "journal_frame", "fill", "transfer", "trade_closed")
    ),
    "INSERT INTO ballast.lease VALUES ('a', 1, 'me', '2020-01-01')",
    f"""
    INSERT INTO ballast.run (account_id, run_id, epoch, mode, feed, genesis, first_seq)
    SELECT 'a', 'r' || i, 1, 'PAPER', 'seeded',
        CASE i WHEN 0 THEN decode(repeat('00', 32), 'hex') ELSE sha256('a') END, 1 + i * 1000
    FROM generate_series(0, {INPUTS} / 1000 - 1) i
    """,
    f"""
    INSERT INTO ballast.journal_frame
    SELECT 'a', 1 + i * 4, 4 + i * 4, 1, 'r' || i / 250, 0,
        CASE i WHEN 0 THEN decode(repeat('00', 32), 'hex') ELSE sha256('a') END, sha256('a'),
        sha256('x'), 'x'
    FROM generate_series(0, {INPUTS} / 4 - 1) i
    """,
    *(
        f"""
        INSERT INTO ballast.{table}
        SELECT 'a', 'r' || (i - 1) / 1000, 'PAPER', 0, i, {ordinal}, 0, {columns}
        FROM generate_series(1, {INPUTS}) i
        """
        for ordinal, (table, columns) in enumerate(TABLES.items())
    ),
    f"""
    INSERT INTO ballast.row_refused
    SELECT 'a', 'r' || (i - 1) / 1000, 'PAPER', 0, i, 6 + place, 0, kind, 'a_constraint'
    FROM generate_series(1, {INPUTS}, 10) i,
        unnest(ARRAY['fill', 'order_event', 'position_hour', 'trade_closed'])
            WITH ORDINALITY AS kinds (kind, place)
    """,
    "ANALYZE",
)


@pytest.fixture(params=KINDS, scope="module")
def server(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Server:
    return running_server(pytestconfig, request.param)


@pytest.fixture(scope="module")
def database(server: Server) -> str:
    name = asyncio.run(server.fresh_database())
    asyncio.run(server.tamper(name, "; ".join(FILLED)))
    return name


def touched(plan: dict[str, Any]) -> float:
    """Rows that this step and those below it returned or threw away, over all their loops."""
    seen = sum(
        plan.get(name, 0)
        for name in ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Join Filter")
    )
    below = sum(map(touched, plan.get("Plans", ())))
    return float(seen * plan["Actual Loops"] + below)


@pytest.mark.parametrize("rule", read_validations(), ids=lambda each: each.name)
def test_no_rule_compares_every_row_with_every_other(
    server: Server, database: str, rule: Validation
) -> None:
    async def work() -> tuple[list[asyncpg.Record], float]:
        connection = await asyncpg.connect(server.dsn(database, "ballast_reader"))
        try:
            text = await connection.fetchval(
                f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {rule.query}"
            )
            return await connection.fetch(rule.query), touched(json.loads(text)[0]["Plan"])
        finally:
            await connection.close()

    found, handled = asyncio.run(work())
    assert found == []
    assert handled < TOUCHED_MAX * INPUTS * len(TABLES)
