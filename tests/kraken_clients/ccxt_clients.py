"""ccxt over REST and ccxt.pro over the sockets, unchanged but for the addresses."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any, ClassVar, TypeVar

import ccxt.pro  # type: ignore[import-untyped]

from adapters.kraken_simulator.keys.store import ApiKey
from adapters.kraken_simulator.serving.launch import Running
from tests.kraken_clients.facts import (
    PAIR,
    Candle,
    Client,
    Depth,
    Filled,
    Placed,
    Print,
    Quote,
    Rules,
    Seen,
    Wanted,
    exact,
    levels,
    refused,
)

WAIT_SECONDS = 15.0
T = TypeVar("T")


async def _told(answer: Awaitable[T]) -> T:
    try:
        return await answer
    except ccxt.pro.BaseError as error:
        raise refused(error) from error


class CcxtRest(Client):
    """ccxt."""

    def __init__(self, exchange: Any) -> None:
        self.exchange = exchange

    async def rules(self, symbol: str) -> Rules:
        market = self.exchange.market(symbol)
        grid, limits = market["precision"], market["limits"]
        told = (grid["price"], grid["amount"], limits["amount"]["min"], limits["cost"]["min"])
        return Rules(*map(exact, told))

    async def quote(self) -> Quote:
        found = await self.exchange.fetch_ticker(PAIR)
        return Quote(*(exact(found[name]) for name in ("bid", "ask", "last")))

    async def depth(self) -> Depth:
        found = await self.exchange.fetch_order_book(PAIR, 10)
        return Depth(levels(found["bids"]), levels(found["asks"]))

    async def newest_trade(self) -> Print:
        (*_, found) = await self.exchange.fetch_trades(PAIR)
        return Print(int(found["id"]), exact(found["price"]), exact(found["amount"]))

    async def candles(self) -> tuple[Candle, ...]:
        rows = await self.exchange.fetch_ohlcv(PAIR, "1m")
        return tuple(Candle(row[0] // 1000, *map(exact, row[1:])) for row in rows[:-1])

    async def balances(self) -> dict[str, Decimal]:
        told = await _told(self.exchange.fetch_balance())
        return {name: exact(amount) for name, amount in told["total"].items()}

    def _order(self, order: Wanted) -> tuple[tuple[Any, ...], dict[str, Any]]:
        fields = (PAIR, "limit", order.side, float(order.quantity), float(order.price))
        params: dict[str, Any] = {"clientOrderId": order.cl_ord_id}
        if order.post_only:
            params["postOnly"] = True
        return fields, params

    async def place(self, order: Wanted) -> Placed:
        fields, params = self._order(order)
        at = time.time_ns()
        placed = await _told(self.exchange.create_order(*fields, params))
        return Placed(placed["id"], order.cl_ord_id, at)

    async def amend(self, placed: Placed, quantity: Decimal, price: Decimal) -> None:
        figures = (float(quantity), float(price))
        await _told(self.exchange.edit_order(placed.order_id, PAIR, "limit", "buy", *figures))

    async def cancel(self, placed: Placed) -> None:
        await _told(self.exchange.cancel_order(placed.order_id))

    async def seen(self, placed: Placed) -> Seen:
        found = await self.exchange.fetch_order(placed.order_id)
        told = (exact(found[name]) for name in ("amount", "price", "filled"))
        return Seen(found["status"], *told)

    async def fills(self, placed: Placed) -> tuple[Filled, ...]:
        return _fills(await self.exchange.fetch_my_trades(PAIR), placed)


class CcxtSockets(CcxtRest):
    """ccxt.pro: what it can watch or ask for by socket is not asked of REST."""

    follows: ClassVar = True
    cannot: ClassVar = {
        "instruments": "it loads markets over REST alone",
    }

    def __init__(self, exchange: Any) -> None:
        super().__init__(exchange)
        self._watched: dict[str, asyncio.Task[None]] = {}
        self._orders: dict[str, Any] = {}

    async def quote(self) -> Quote:
        found = await self._told_once(self.exchange.watch_ticker(PAIR))
        return Quote(*(exact(found[name]) for name in ("bid", "ask", "last")))

    async def depth(self) -> Depth:
        if PAIR not in self.exchange.orderbooks:
            await self._told_once(self.exchange.watch_order_book(PAIR, 10))
        found = self.exchange.orderbooks[PAIR]
        return Depth(levels(found["bids"]), levels(found["asks"]))

    async def newest_trade(self) -> Print:
        if PAIR not in self.exchange.trades:
            self._watch("trades", self._keep_trades())
        rows = self.exchange.trades.get(PAIR)
        if not rows:
            return Print(0, Decimal(0), Decimal(0))
        found = rows[-1]
        return Print(int(found["id"]), exact(found["price"]), exact(found["amount"]))

    async def candles(self) -> tuple[Candle, ...]:
        rows = await self._told_once(self.exchange.watch_ohlcv(PAIR, "1m"))
        return tuple(Candle(row[0] // 1000, *map(exact, row[1:6])) for row in rows)

    async def balances(self) -> dict[str, Decimal]:
        if "spot" not in self.exchange.balance:
            await _told(self._told_once(self.exchange.watch_balance()))
            self._watch("balance", self._keep_balance())
        told = self.exchange.balance["spot"]["total"]
        return {name: exact(amount) for name, amount in told.items()}

    async def place(self, order: Wanted) -> Placed:
        await self.listen()
        fields, params = self._order(order)
        at = time.time_ns()
        placed = await _told(self.exchange.create_order_ws(*fields, params))
        return Placed(placed["id"], order.cl_ord_id, at)

    async def amend(self, placed: Placed, quantity: Decimal, price: Decimal) -> None:
        figures = (float(quantity), float(price))
        await _told(self.exchange.edit_order_ws(placed.order_id, PAIR, "limit", "buy", *figures))

    async def cancel(self, placed: Placed) -> None:
        await _told(self.exchange.cancel_order_ws(placed.order_id))

    async def seen(self, placed: Placed) -> Seen:
        found = self._orders.get(placed.order_id)
        if found is None:
            return Seen("not heard of", Decimal(0), Decimal(0), Decimal(0))
        told = (exact(found.get(name, 0)) for name in ("amount", "price", "filled"))
        return Seen(found["status"], *told)

    async def fills(self, placed: Placed) -> tuple[Filled, ...]:
        return _fills(self.exchange.myTrades or (), placed)

    async def listen(self) -> None:
        """Follow the executions channel from now on."""
        if "orders" in self._watched:
            return
        self._watch("orders", self._keep_orders())
        self._watch("fills", self._keep_fills())
        await asyncio.sleep(0.3)  # Its subscriptions tell nobody when they stand.

    def _watch(self, name: str, work: Any) -> None:
        if name in self._watched:
            work.close()
            return
        self._watched[name] = asyncio.create_task(work)

    async def _keep_orders(self) -> None:
        while True:
            for row in await self.exchange.watch_orders():
                # Rows are as sparse as the channel's: it completes none of them.
                known = self._orders.setdefault(row["id"], {})
                known |= {name: value for name, value in row.items() if value is not None}

    async def _keep_fills(self) -> None:
        while True:
            await self.exchange.watch_my_trades()

    async def _keep_trades(self) -> None:
        while True:
            await self.exchange.watch_trades(PAIR)

    async def _keep_balance(self) -> None:
        while True:
            await self.exchange.watch_balance()

    async def _told_once(self, watched: Awaitable[T]) -> T:
        async with asyncio.timeout(WAIT_SECONDS):
            return await watched

    async def close(self) -> None:
        """Stop watching."""
        for task in self._watched.values():
            task.cancel()
        await asyncio.gather(*self._watched.values(), return_exceptions=True)


def _fills(rows: Any, placed: Placed) -> tuple[Filled, ...]:
    found = [row for row in rows if row["order"] == placed.order_id]
    return tuple(
        sorted(
            Filled(exact(row["price"]), exact(row["amount"]), exact(row["fee"]["cost"]))
            for row in found
        )
    )


def _exchange(running: Running, key: ApiKey) -> Any:
    exchange = ccxt.pro.kraken({"apiKey": key.key, "secret": key.secret, "rateLimit": 1})
    exchange.urls["api"].update(public=running.rest, private=running.rest)
    exchange.urls["api"]["ws"].update(
        publicV2=f"{running.sockets}/v2", privateV2=f"{running.sockets}/v2-auth"
    )
    return exchange


@asynccontextmanager
async def ccxt_rest(running: Running, key: ApiKey, _: object) -> AsyncIterator[CcxtRest]:
    """ccxt with a key, its markets loaded."""
    exchange = _exchange(running, key)
    try:
        await exchange.load_markets()
        yield CcxtRest(exchange)
    finally:
        await exchange.close()


@asynccontextmanager
async def ccxt_sockets(running: Running, key: ApiKey, _: object) -> AsyncIterator[CcxtSockets]:
    """ccxt.pro with a key, its markets loaded."""
    exchange = _exchange(running, key)
    client = CcxtSockets(exchange)
    try:
        await exchange.load_markets()
        yield client
    finally:
        await client.close()
        await exchange.close()
