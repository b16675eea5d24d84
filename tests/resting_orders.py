"""A desk whose orders rest at the venue, so that there is something to cancel.

Orders are large and take no price but the best one; others can be made to stand still. What rests
is called back after a second of the wall.
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

LIFETIME_SECONDS = 20
"""Of the venue: one of the wall."""


def weathered_at_rest(home: Path, case: Callable[[Desk], Awaitable[None]]) -> Left:
    """As `weathered`, with orders that rest while others stand still."""
    return weathered(
        home,
        case,
        plan=msgspec.structs.replace(plan_of(), accounts=(account_of("alpha=USD:50000000", "pro"),)),
        orders={"lifetime_seconds": LIFETIME_SECONDS, "reconcile_seconds": 60},
        # Nobody quotes while others stand still; that is no reason here to stop.
        market={
            "bar_interval_seconds": 60,
            "heartbeat_seconds": 1,
            "stale_after_seconds": 600,
            "settle_ms": 2000,
        },
        strategy={"collar_micros": 0},
    )


@asynccontextmanager
async def others_stand_still(desk: Desk) -> AsyncIterator[None]:
    """Nobody trades or quotes but us."""
    hook = f"{desk.venue.rest}/simulator/halt"
    await asyncio.to_thread(post, hook, {})
    try:
        yield
    finally:
        await asyncio.to_thread(post, hook, {"on": False})


async def one_rests(desk: Desk) -> None:
    """Wait until an order of ours rests."""

    def rests() -> bool:
        assert desk.segment is not None
        live = desk.segment.pump.kernel.actor("orders").state.live.values()
        return any(each.state is OrderState.OPEN for each in live)

    await desk.until(rests, 30, "an order that rests")
