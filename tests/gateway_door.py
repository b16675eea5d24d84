"""Our door at a simulated Kraken, open: the gateway, what it told, and orders to give it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from actors.ids import client_order_id
from actors.instant import SECOND_NS
from actors.messages.base import Message
from actors.messages.decision import Side
from actors.messages.order import SubmitOrder
from adapters.kraken.account_lists import RestLists
from adapters.kraken.gateway import KrakenVenue
from adapters.kraken.handshakes import Handshakes
from adapters.kraken.limits import PRO, CallLimits, OrderLimits
from adapters.kraken.names import Names
from adapters.kraken.nonce import Nonces
from adapters.kraken.rest import KrakenRest
from adapters.kraken.signing import Credentials
from adapters.kraken.socket import stay_connected
from adapters.kraken_simulator.serving.launch import Running
from tests.simulated_kraken import key_of, post

M = TypeVar("M", bound=Message)
PATIENCE = 20.0
FAR = Decimal("0.5")


class Door:
    """A connected gateway and what it told."""

    def __init__(self, running: Running, gateway: KrakenVenue, told: list[Message]) -> None:
        self.running = running
        self.gateway = gateway
        self.told = told
        self._orders = 0

    def order(self, *, price: Decimal | None = None, side: Side = Side.BUY, **more: Any) -> Any:
        """An order that rests far from the market, unless told otherwise."""
        self._orders += 1
        now = time.time_ns()
        exchange = self.running.simulator.live.exchange
        instrument = exchange.instrument("BTC/USD")
        far = (exchange.ticker("BTC/USD").last * FAR).quantize(instrument.tick)
        fields: dict[str, Any] = {
            "cl_ord_id": client_order_id("door", str(now), 1, self._orders),
            "symbol": "BTC/USD",
            "side": side,
            "quantity": Decimal("0.00100000"),
            "limit_price": price or far,
            "decided_at": now,
            "deadline": now + 5 * SECOND_NS,
            "epoch": 1,
        }
        return SubmitOrder(**{**fields, **more})

    def crossing(self) -> SubmitOrder:
        """An order that is filled at once."""
        exchange = self.running.simulator.live.exchange
        tick = exchange.instrument("BTC/USD").tick
        price = (exchange.ticker("BTC/USD").last * Decimal("1.02")).quantize(tick)
        order: SubmitOrder = self.order(price=price)
        return order

    async def heard(self, kind: type[M], is_it: Callable[[M], bool] = lambda _: True) -> M:
        """The first fact of that kind, waited for."""
        async with asyncio.timeout(PATIENCE):
            while True:
                for each in self.told:
                    if isinstance(each, kind) and is_it(each):
                        return each
                await asyncio.sleep(0.02)

    def hook(self, path: str, **fields: Any) -> Any:
        """Ask the simulator's hooks."""
        return asyncio.to_thread(post, f"{self.running.rest}/simulator/{path}", fields)


async def ready(gateway: KrakenVenue) -> None:
    """Wait until the private channels are open."""
    async with asyncio.timeout(PATIENCE):
        for _ in iter(lambda: gateway.is_ready, True):
            await asyncio.sleep(0.02)


@asynccontextmanager
async def door(running: Running, folder: Path) -> AsyncIterator[Door]:
    found = key_of(running, "alpha", "trade")
    told: list[Message] = []

    async def tell(fact: Message) -> None:
        told.append(fact)

    with Nonces(folder, time.time_ns) as nonces:
        credentials = Credentials(found.key, found.secret)
        limits = CallLimits(PRO)
        rest = KrakenRest(running.rest, credentials, nonces, clock=time.time_ns, call_limits=limits)
        async with rest:
            lists = RestLists(rest, Names(await rest.assets(), await rest.asset_pairs()))
            gateway = KrakenVenue(
                lists, tell, clock=time.time_ns, limits=OrderLimits(PRO), answer_seconds=2.0
            )
            listening = asyncio.ensure_future(
                stay_connected(f"{running.sockets}/v2-auth", gateway.line, Handshakes())
            )
            try:
                await ready(gateway)
                yield Door(running, gateway, told)
            finally:
                listening.cancel()
