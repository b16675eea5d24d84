"""A demo as a user runs it holds, halves and leaves: read back from the rows it recorded.

A partial exit is followed from its verdict to its order, its fill, and what became of the rest.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import asyncpg

from actors.messages.decision import Action, Reason
from service.feeds import UNIVERSE
from tests.e2e.conftest import Ballast

DEMO = ("demo", "--events", 3_300, "--seed", 7, "--headless", "--json", "--journal", "postgres")
GATES = "seq, action, reason, value, threshold, profile_hash"
GATES = "seq, action, reason, value, threshold, profile_hash"
VERDICTS = f"select {GATES} from ballast.verdict_slice order by seq"
PROFILE = "select profile_hash from ballast.profile_assignment where kind = 'strategy'"
ORDERS = (
    "select seq, cl_ord_id, symbol, side, state, quantity from ballast.order_event order by seq"
)
FILLS = "select seq, cl_ord_id, symbol, side, quantity from ballast.fill order by seq, ordinal"
HELD = (
    "select symbol, quantity, seq from ballast.position_hour"
    " where hour_ts = (select max(hour_ts) from ballast.position_hour)"
)
Rows = list[Any]


async def rows_of(address: str) -> tuple[Rows, Rows, Rows, Rows, Rows]:
    """What the reader's role sees of the run."""
    connection = await asyncpg.connect(address)
    try:
        return (
            await connection.fetch(VERDICTS),
            await connection.fetch(ORDERS),
            await connection.fetch(FILLS),
            await connection.fetch(HELD),
            await connection.fetch(PROFILE),
        )
    finally:
        await connection.close()


def decided(verdicts: Rows, action: Action) -> list[tuple[int, str, Reason, int, int]]:
    """Input, symbol, reason, figure and limit of the deciding rung of every verdict so decided."""
    return [
        (row["seq"], symbol, Reason(row["reason"][at]), row["value"][at], row["threshold"][at])
        for row in verdicts
        for at, symbol in enumerate(UNIVERSE)
        if row["action"][at] == action
    ]


def holding(fills: Rows, symbol: str, until: int) -> Decimal:
    """What the fills up to an input leave of a symbol."""
    return sum(
        (
            fill["quantity"] if fill["side"] == "buy" else -fill["quantity"]
            for fill in fills
            if fill["symbol"] == symbol and fill["seq"] <= until
        ),
        Decimal(0),
    )


def test_a_demo_enters_halves_and_leaves(ballast: Ballast) -> None:
    card = ballast(*DEMO, "--data-dir", ballast.home).card
    assert card["parity"] is True
    address = ballast("db", "url").out.strip()
    verdicts, orders, fills, held, profiles = asyncio.run(rows_of(address))
    halves = decided(verdicts, Action.PARTIAL_EXIT)
    exits = decided(verdicts, Action.EXIT)
    (profile,) = profiles
    assert {row["profile_hash"] for row in verdicts} == {profile["profile_hash"]}
    assert len(decided(verdicts, Action.ENTER)) >= 10
    assert len(halves) >= 2
    assert len(exits) >= 3
    later = []
    for seq, symbol, reason, value, threshold in halves:
        assert reason in (Reason.EDGE_FADED, Reason.THESIS_MIXED)
        assert value <= threshold
        sent = [o for o in orders if o["seq"] == seq and o["symbol"] == symbol]
        assert {order["side"] for order in sent} == {"sell"}
        (cl_ord_id,) = {order["cl_ord_id"] for order in sent}
        sold = sum(f["quantity"] for f in fills if f["cl_ord_id"] == cl_ord_id)
        filled_at = max(f["seq"] for f in fills if f["cl_ord_id"] == cl_ord_id)
        before, left = holding(fills, symbol, seq - 1), holding(fills, symbol, filled_at)
        assert sold == sent[-1]["quantity"]
        assert before - sold == left
        assert abs(left - before / 2) <= before / 1000
        left_by_exit = [x for x in exits if x[1] == symbol and x[0] > filled_at]
        later.append("sold" if left_by_exit else "held")
        if left_by_exit:
            assert holding(fills, symbol, card["inputs"]) == 0
        else:
            assert {row["symbol"]: row["quantity"] for row in held}[symbol] == left
    assert "sold" in later
