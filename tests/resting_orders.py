"""A desk whose orders rest at the venue, so that there is something to cancel.

They are far larger than what lies at the best price, and take no other. What rests is called back
after a second of the wall, partly filled as a rule.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from actors.messages.order import OrderState
from adapters.kraken_simulator.serving.plan import account_of
from tests.live_desk import plan_of
from tests.network_desk import Desk, Left, weathered

FUNDS = 50_000_000_000
LIFETIME_SECONDS = 20
"""Of the venue: one of the wall."""


def weathered_at_rest(home: Path, case: Callable[[Desk], Awaitable[None]]) -> Left:
    """As `weathered`, with orders that rest."""
    return weathered(
        home,
        case,
        plan=msgspec.structs.replace(plan_of(), accounts=(account_of(f"alpha=USD:{FUNDS}", "pro"),)),
        orders={"lifetime_seconds": LIFETIME_SECONDS, "reconcile_seconds": 60},
        strategy={"collar_micros": 0},
    )


async def one_rests(desk: Desk) -> None:
    """Wait until an order of ours rests."""
    assert desk.segment is not None
    orders = desk.segment.pump.kernel.actor("orders").state

    def rests() -> bool:
        return any(each.state is OrderState.OPEN for each in orders.live.values())

    await desk.until(rests, 30, "an order that rests")
