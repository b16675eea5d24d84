"""python-kraken-sdk: its REST methods, and its socket client with the book that it leaves to us."""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from kraken.exceptions import EXCEPTION_ASSIGNMENT
from kraken.spot import Market, SpotWSClient, Trade, User
from websockets.exceptions import ConnectionClosed

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
    RefusedError,
    Rules,
    Seen,
    Wanted,
    exact,
    levels,
    refused,
)
from tests.kraken_clients.rest_words import RestWords

WAIT_SECONDS = 15.0
_REFUSALS = tuple(set(EXCEPTION_ASSIGNMENT.values()))
BOOK = tuple[dict[float, float], dict[float, float]]


class Listener(SpotWSClient):
    """Keeps what comes, by channel or method."""

    def __init__(self, running: Running, key: ApiKey) -> None:
        super().__init__(
            key=key.key,
            secret=key.secret,
            rest_url=running.rest,
            ws_url=running.sockets,
            # The SDK adds /v2 to both addresses.
            auth_ws_url=f"{running.sockets}/auth",
        )
        self.heard: dict[str, list[Any]] = {}

    async def on_message(self, message: Any) -> None:
        self.heard.setdefault(message.get("channel") or message.get("method"), []).append(message)

    async def wait_for(self, name: str, count: int = 1) -> list[Any]:
        for _ in range(200):
            if len(self.heard.get(name, ())) >= count:
                return self.heard[name]
            await asyncio.sleep(0.05)
        raise AssertionError(f"{name} did not come: {self.heard.keys()}")


def book_after(messages: list[Any], depth: int) -> BOOK:
    """Bids and asks after all messages, cut to the depth."""
    sides: BOOK = ({}, {})
    for message in messages:
        for side, name, reverse in ((sides[0], "bids", True), (sides[1], "asks", False)):
            for level in message["data"][0][name]:
                side[level["price"]] = level["qty"]
                if not level["qty"]:
                    del side[level["price"]]
            for price in sorted(side, reverse=reverse)[depth:]:
                del side[price]
    return sides


def checksum_of(sides: BOOK) -> int:
    """The checksum of a BTC/USD book: one decimal of price, eight of quantity."""
    ten = [(price, sides[1][price]) for price in sorted(sides[1])[:10]]
    ten += [(price, sides[0][price]) for price in sorted(sides[0], reverse=True)[:10]]
    digits = "".join(
        f"{price:.1f}".replace(".", "").lstrip("0") + f"{qty:.8f}".replace(".", "").lstrip("0")
        for price, qty in ten
    )
    return zlib.crc32(digits.encode())


class SdkSockets(Client):
    """The socket client; figures are read from its messages."""

    follows: ClassVar = True
    cannot: ClassVar = dict.fromkeys(
        ("bad key", "bad signature", "bad nonce"),
        "it asks for a token again and again, and tells nobody why there is none",
    )

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._number = 0

    async def _of(self, channel: str, **more: Any) -> list[Any]:
        """The channel's messages so far, subscribed at the first time of asking."""
        if channel not in self._listener.heard:
            params = {"channel": channel, **more}
            await self._listener.subscribe(params=params)
        return await self._listener.wait_for(channel)

    async def _of_pair(self, channel: str, **more: Any) -> list[Any]:
        return await self._of(channel, symbol=[PAIR], **more)

    async def rules(self, symbol: str) -> Rules:
        (told, *_) = await self._of("instrument")
        (row,) = (each for each in told["data"]["pairs"] if each["symbol"] == symbol)
        names = ("price_increment", "qty_increment", "qty_min", "cost_min")
        return Rules(*(exact(row[name]) for name in names))

    async def quote(self) -> Quote:
        row = (await self._of_pair("ticker"))[-1]["data"][0]
        return Quote(*(exact(row[name]) for name in ("bid", "ask", "last")))

    async def depth(self) -> Depth:
        messages = list(await self._of_pair("book"))
        sides = book_after(messages, 10)
        assert checksum_of(sides) == messages[-1]["data"][0]["checksum"]
        return Depth(
            levels(sorted(sides[0].items(), reverse=True)), levels(sorted(sides[1].items()))
        )

    async def newest_trade(self) -> Print:
        row = (await self._of_pair("trade", snapshot=True))[-1]["data"][-1]
        return Print(row["trade_id"], exact(row["price"]), exact(row["qty"]))

    async def candles(self) -> tuple[Candle, ...]:
        rows = [row for told in await self._of_pair("ohlc", interval=1) for row in told["data"]]
        names = ("open", "high", "low", "close", "volume")
        found = {row["interval_begin"]: row for row in rows}
        return tuple(
            Candle(_seconds(found[begin]), *(exact(found[begin][name]) for name in names))
            for begin in sorted(found)
        )

    async def balances(self) -> dict[str, Decimal]:
        lying: dict[str, Decimal] = {}
        for told in await self._of("balances"):
            for row in told["data"]:
                lying[row["asset"]] = exact(row["balance"])
        return lying

    async def place(self, order: Wanted) -> Placed:
        await self._of("executions")
        at = time.time_ns()
        params: dict[str, Any] = {
            "order_type": "limit",
            "side": order.side,
            "symbol": PAIR,
            "order_qty": float(order.quantity),
            "limit_price": float(order.price),
            "cl_ord_id": order.cl_ord_id,
        }
        if order.post_only:
            params["post_only"] = True
        told = await self._asked("add_order", params)
        return Placed(told["order_id"], order.cl_ord_id, at)

    async def amend(self, placed: Placed, quantity: Decimal, price: Decimal) -> None:
        figures = {"order_qty": float(quantity), "limit_price": float(price)}
        await self._asked("amend_order", {"order_id": placed.order_id, **figures})

    async def cancel(self, placed: Placed) -> None:
        await self._asked("cancel_order", {"order_id": [placed.order_id]})

    async def _asked(self, method: str, params: dict[str, Any]) -> Any:
        self._number += 1
        message = {"method": method, "params": params, "req_id": self._number}
        await self._listener.send_message(message)
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                for told in self._listener.heard.get(method, ()):
                    if told.get("req_id") == self._number:
                        if told["success"]:
                            return told["result"]
                        raise RefusedError(told["error"])
                await asyncio.sleep(0.01)

    def _rows(self, placed: Placed) -> list[Any]:
        told = self._listener.heard["executions"]
        rows = [row for message in told for row in message["data"]]
        return [row for row in rows if row["order_id"] == placed.order_id]

    async def seen(self, placed: Placed) -> Seen:
        known: dict[str, Any] = {}
        for row in self._rows(placed):
            known |= row
        status = {"filled": "closed", "canceled": "canceled"}.get(known["order_status"], "open")
        told = (exact(known.get(name, 0)) for name in ("order_qty", "limit_price", "cum_qty"))
        return Seen(status, *told)

    async def fills(self, placed: Placed) -> tuple[Filled, ...]:
        trades = [row for row in self._rows(placed) if row["exec_type"] == "trade"]
        return tuple(
            sorted(
                Filled(
                    exact(row["last_price"]), exact(row["last_qty"]), exact(row["fees"][0]["qty"])
                )
                for row in trades
            )
        )


def _seconds(row: Any) -> int:
    return int(datetime.fromisoformat(row["interval_begin"][:19] + "+00:00").timestamp())


class SdkRest(RestWords):
    """The SDK's typed methods under REST's names."""

    def __init__(self, running: Running, key: ApiKey) -> None:
        super().__init__(self._called)
        held = {"key": key.key, "secret": key.secret, "url": running.rest}
        market, user, trade = Market(url=running.rest), User(**held), Trade(**held)
        self._methods: dict[str, Callable[..., Any]] = {
            "AssetPairs": market.get_asset_pairs,
            "Ticker": market.get_ticker,
            "Depth": market.get_order_book,
            "Trades": market.get_recent_trades,
            "OHLC": market.get_ohlc,
            "Balance": user.get_account_balance,
            "QueryOrders": user.get_orders_info,
            "TradesHistory": lambda: user.get_trades_history(consolidate_taker=False),
            "AddOrder": trade.create_order,
            "AmendOrder": trade.amend_order,
            "CancelOrder": trade.cancel_order,
        }

    async def _called(self, name: str, fields: dict[str, Any]) -> Any:
        fields = dict(fields)
        if name == "AddOrder":
            fields["side"] = fields.pop("type")
        try:
            told = await asyncio.to_thread(self._methods[name], **fields)
        except _REFUSALS as error:
            raise refused(error.args) from error
        if isinstance(told, dict) and told.get("error"):
            raise refused(told["error"])  # a text for which it has no exception
        return told


@asynccontextmanager
async def sdk_rest(running: Running, key: ApiKey, _: object) -> AsyncIterator[SdkRest]:
    """The SDK's REST clients with a key."""
    yield SdkRest(running, key)


@asynccontextmanager
async def sdk_sockets(running: Running, key: ApiKey, _: object) -> AsyncIterator[SdkSockets]:
    """The SDK's sockets with a key."""
    listener = Listener(running, key)
    try:
        await listener.start()
        yield SdkSockets(listener)
    finally:
        # It closes when the next message comes, or after ten seconds.
        closing = asyncio.create_task(listener.close())
        while not closing.done():
            for place in filter(None, (listener._pub_conn, listener._priv_conn)):
                with suppress(ConnectionClosed):
                    await place.send_ping()
            await asyncio.wait({closing}, timeout=0.2)
