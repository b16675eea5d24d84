"""A clean stop at a venue outside: no more intents, what the settings call back, and its evidence.

It waits for a bounded time of the wall; what is not proven ended by then is looked up by the next
start, and the dead man's switch stays armed over entries that may still rest. A second signal ends
the waiting. A core that stands has been cancelling already.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

import msgspec

from actors.messages.base import Message
from actors.messages.control import StopAsked, Tick
from actors.messages.decision import Side
from actors.orders.leaving import awaited
from actors.orders.state import OrdersState
from actors.ports import FeedItem
from service.drivers.feeding import BATCH
from service.outside_venue import OutsideVenue
from service.proof_reads import ProofReads
from service.pump import Pump

LOOK_SECONDS: Final = 0.05
TICK_SECONDS: Final = 0.5


class Left(msgspec.Struct, frozen=True):
    """How a stop left the account: orders that were called back, and those that may still rest."""

    called_back: int
    unproven: int
    entries: int
    sales: int
    armed: bool

    def sentence(self) -> str:
        """For the log and the terminal; empty when nothing was there to tell."""
        if not (self.called_back or self.entries or self.sales or self.armed):
            return ""
        told = f"stopping: {self.called_back} orders were called back"
        if self.unproven:
            told += f", {self.unproven} of them without proof of their end yet"
        if self.entries or self.sales:
            told += f"; {self.entries} purchases and {self.sales} sales may rest at the venue"
        switch = "is still armed and ends every order of the account" if self.armed else "is off"
        return f"{told}; the dead man's switch {switch}"


async def leave(
    pump: Pump,
    outside: OutsideVenue,
    cancels: str,
    reason: str,
    *,
    seconds: float,
    stop: asyncio.Event,
    now: Callable[[], int] | None = None,
) -> Left:
    """Tell the core that we stop, and take the venue's word until all is proven or time is up.

    `now` tells the time (ns UTC) where it goes by the wall; a recording's stands still.
    """
    orders: OrdersState = pump.kernel.actor("orders").state
    wanted = dict.fromkeys(order.cl_ord_id for order in awaited(orders, cancels))
    await _admit(pump, [StopAsked(cancels, reason)])
    stop.clear()
    reads = ProofReads(outside, pump.kernel, lambda: None)
    ends = time.monotonic() + seconds
    ticked = time.monotonic()
    try:
        while _unproven(pump, wanted) and not stop.is_set() and time.monotonic() < ends:
            await _admit(pump, [*outside.ingress.take(BATCH), *reads.take()])
            if now is not None and time.monotonic() - ticked >= TICK_SECONDS:
                ticked = time.monotonic()
                at = max(now(), pump.kernel.at)
                await pump.admit([FeedItem(at, Tick(at))])
                await pump.flush()
            await asyncio.sleep(LOOK_SECONDS)
        await _admit(pump, outside.ingress.take(BATCH))
    finally:
        await reads.close()
    return _left(pump, wanted)


def _unproven(pump: Pump, wanted: dict[str, None]) -> int:
    """How many of the wanted orders may still live; none once the core stands."""
    if pump.kernel.halt is not None:
        return 0
    orders: OrdersState = pump.kernel.actor("orders").state
    return sum(name in orders.live for name in wanted)


def _left(pump: Pump, wanted: dict[str, None]) -> Left:
    orders: OrdersState = pump.kernel.actor("orders").state
    entries = sum(order.side is Side.BUY for order in orders.live.values())
    return Left(
        called_back=len(wanted),
        unproven=sum(name in orders.live for name in wanted),
        entries=entries,
        sales=len(orders.live) - entries,
        armed=orders.armed,
    )


async def _admit(pump: Pump, facts: list[Message]) -> None:
    if facts:
        await pump.admit([FeedItem(pump.kernel.at, each) for each in facts])
        await pump.flush()
