"""A desk whose orders rest at the venue, so that there is something to cancel.

They are far larger than what lies at the best price, and take no other. What rests is called back
after a second of the wall, partly filled as a rule.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from actors.messages.order import OrderState
from adapters.kraken_simulator.serving.plan import account_of
from tests.live_desk import plan_of
from tests.network_desk import Desk, Left, weathered
from tests.simulated_kraken import post

FUNDS = 50_000_000_000
TRIES = 30
LIFETIME_SECONDS = 20
"""Of the venue: one of the wall."""


def weathered_at_rest(home: Path, case: Callable[[Desk], Awaitable[None]]) -> Left:
    """As `weathered`, with orders that rest."""
    return weathered(
        home,
        case,
        plan=msgspec.structs.replace(
            plan_of(), accounts=(account_of(f"alpha=USD:{FUNDS}", "pro"),)
        ),
        orders={"lifetime_seconds": LIFETIME_SECONDS, "reconcile_seconds": 60},
        strategy={"collar_micros": 0},
    )


@asynccontextmanager
async def one_rests(desk: Desk) -> AsyncIterator[None]:
    """An order of ours rests, and nobody trades or quotes but us, so that it stays."""
    assert desk.segment is not None
    orders = desk.segment.pump.kernel.actor("orders").state
    hook = f"{desk.venue.rest}/simulator/halt"

    def rests() -> bool:
        return any(each.state is OrderState.OPEN for each in orders.live.values())

    try:
        for _ in range(TRIES):
            await desk.until(rests, 30, "an order that rests")
            await asyncio.to_thread(post, hook, {})
            await asyncio.sleep(0.1)
            if rests():
                break
            await asyncio.to_thread(post, hook, {"on": False})
        assert rests(), "no order of ours rests"
        yield
    finally:
        await asyncio.to_thread(post, hook, {"on": False})
