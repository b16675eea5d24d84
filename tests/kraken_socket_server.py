"""A Kraken on loopback: public WebSocket v2 and REST, with books that check, and faults on demand.

Written from Kraken's documentation, without the adapter's code: the checksum, the books and the
replies are its own. It plays seeded markets or the updates of a recorded capture.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from aiohttp import WSMsgType, web

from tests.kraken_markets import Market, RecordedMarket, stamp

T = TypeVar("T")
NAMES = {
    "BTC": ("XXBT", "XBT"),
    "ETH": ("XETH", "ETH"),
    "SOL": ("SOL", "SOL"),
    "ADA": ("ADA", "ADA"),
}
REST_SNAPSHOT = 50


class Peer:
    """One client's socket and what it subscribed to."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        self.socket = socket
        self.request = request
        self.books: dict[str, None] = {}
        self.trades: dict[str, None] = {}

    async def say(self, text: str) -> None:
        """Send a text; a client that went away is no trouble."""
        if not self.socket.closed:
            try:
                await self.socket.send_str(text)
            except ConnectionError:
                return


class KrakenServer:
    """Public endpoints of `markets`. Its attributes are the faults; change them at any time."""

    def __init__(self, markets: list[Market], *, period: float = 0.05) -> None:
        self.markets = {market.symbol: market for market in markets}
        self.period = period
        self.silent = False
        self.system = "online"
        self.spoilt: list[str] = []
        self.unlisted: set[str] = set()
        self.rest_fails = False
        self.trading = True
        self.connected: list[float] = []
        self.asked: list[dict[str, Any]] = []
        self.rest_asked: list[str] = []
        self.peers: list[Peer] = []
        self.port = 0
        self._runner: web.AppRunner | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def socket_url(self) -> str:
        """Where the socket listens."""
        return f"ws://127.0.0.1:{self.port}/v2"

    @property
    def rest_url(self) -> str:
        """Where REST listens."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Listen on a free port, and let the markets move."""
        app = web.Application()
        app.router.add_get("/v2", self._socket)
        app.router.add_get("/0/public/{name}", self._rest)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self._tasks = [asyncio.create_task(self._move()), asyncio.create_task(self._beat())]

    async def stop(self) -> None:
        """Go away for good."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.drop()
        if self._runner is not None:
            await self._runner.cleanup()

    async def drop(self) -> None:
        """Cut every connection, without a goodbye."""
        peers, self.peers = self.peers, []
        for peer in peers:
            if peer.request.transport is not None:
                peer.request.transport.abort()
        await asyncio.sleep(0)

    async def say(self, text: str) -> None:
        """Say anything at all to everybody."""
        for peer in tuple(self.peers):
            await peer.say(text)

    async def trade(self, symbol: str, *, unheard: int = 0) -> None:
        """Trade once, after so many trades that nobody is told of by the socket."""
        market = self.markets[symbol]
        for _ in range(unheard):
            market.trade()
        entry = market.trade()
        for peer in tuple(self.peers):
            if symbol in peer.trades and not self.silent:
                await peer.say(f'{{"channel":"trade","type":"update","data":[{entry}]}}')

    async def _move(self) -> None:
        turn = 0
        while True:
            await asyncio.sleep(self.period)
            if self.silent:
                continue
            turn += 1
            for symbol, market in self.markets.items():
                if isinstance(market, RecordedMarket) and market.is_over:
                    continue
                hearing = [peer for peer in self.peers if symbol in peer.books]
                if not hearing:
                    continue
                spoilt = symbol in self.spoilt
                if spoilt:
                    self.spoilt.remove(symbol)
                entry = market.update(spoilt=spoilt)
                for peer in hearing:
                    await peer.say(f'{{"channel":"book","type":"update","data":[{entry}]}}')
                if self.trading and turn % 5 == 0:
                    await self.trade(symbol)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            if not self.silent:
                await self.say('{"channel":"heartbeat"}')

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        self.connected.append(time.monotonic())
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        peer = Peer(socket, request)
        self.peers.append(peer)
        if not self.silent:
            await peer.say(
                f'{{"channel":"status","type":"update","data":[{{"version":"2.0.10",'
                f'"system":"{self.system}","api_version":"v2",'
                f'"connection_id":9321894013101914413}}]}}'
            )
        async for message in socket:
            if message.type is WSMsgType.TEXT and not self.silent:
                asked = json.loads(message.data)
                self.asked.append(asked)
                await self._answer(peer, asked)
        if peer in self.peers:
            self.peers.remove(peer)
        return socket

    async def _answer(self, peer: Peer, asked: dict[str, Any]) -> None:
        method, request_id = asked["method"], asked.get("req_id")
        head = {"method": method, "success": True, "time_in": stamp(), "time_out": stamp()}
        if request_id is not None:
            head["req_id"] = request_id
        if method == "ping":
            await peer.say(json.dumps({**head, "method": "pong"}))
            return
        params = asked["params"]
        channel = params["channel"]
        if channel == "instrument":
            await peer.say(json.dumps({**head, "result": {"channel": channel, "snapshot": True}}))
            await peer.say(self._instruments())
            return
        for symbol in params["symbol"]:
            if symbol not in self.markets or symbol in self.unlisted:
                error = f"Currency pair not supported {symbol}"
                await peer.say(
                    json.dumps({"error": error, **head, "success": False, "symbol": symbol})
                )
                continue
            result = {"channel": channel, "symbol": symbol, "snapshot": True}
            if channel == "book":
                result["depth"] = params["depth"]
            await peer.say(json.dumps({**head, "result": result}))
            await self._joined(peer, channel, symbol, is_leaving=method == "unsubscribe")

    async def _joined(self, peer: Peer, channel: str, symbol: str, *, is_leaving: bool) -> None:
        subscribed = peer.books if channel == "book" else peer.trades
        if is_leaving:
            subscribed.pop(symbol, None)
            return
        subscribed[symbol] = None
        market = self.markets[symbol]
        if channel == "book":
            data = market.snapshot()
        else:
            # Newest first: the order is nowhere promised.
            newest = reversed(market.trades[-REST_SNAPSHOT:])
            data = ",".join(market.told(trade) for trade in newest)
        await peer.say(f'{{"channel":"{channel}","type":"snapshot","data":[{data}]}}')

    def _instruments(self) -> str:
        pairs = [
            {"symbol": symbol, "status": "online", "qty_min": 0.0001}
            for symbol in self.markets
            if symbol not in self.unlisted
        ]
        body = {"assets": [], "pairs": pairs}
        return json.dumps({"channel": "instrument", "type": "snapshot", "data": body})

    async def _rest(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        self.rest_asked.append(name)
        if self.rest_fails:
            return web.Response(status=520, text="<html>520</html>", content_type="text/html")
        result: dict[str, Any] = {}
        if name == "Time":
            result = {"unixtime": int(time.time()), "rfc1123": "now"}
        elif name == "AssetPairs":
            result = dict(
                self._pair(symbol) for symbol in self.markets if symbol not in self.unlisted
            )
        elif name == "Assets":
            rows = (self._pair(symbol)[1]["base"] for symbol in self.markets)
            result = {
                base: {"altname": base, "decimals": 10, "display_decimals": 5} for base in rows
            }
        elif name == "Trades":
            result = self._trades(request.query["pair"], int(request.query["since"]))
        elif name == "OHLC":
            result = self._candles(request.query["pair"], int(request.query["interval"]))
        else:
            return web.json_response({"error": ["EGeneral:Unknown method"]})
        return web.json_response({"error": [], "result": result})

    def _pair(self, symbol: str) -> tuple[str, dict[str, Any]]:
        base = symbol.split("/", maxsplit=1)[0]
        key, alt = NAMES.get(base, (base, base))
        row = {
            "altname": f"{alt}USD", "wsname": f"{alt}/USD", "aclass_base": "currency", "base": key,
            "aclass_quote": "currency", "quote": "ZUSD", "lot": "unit", "cost_decimals": 5,
            "pair_decimals": 1, "lot_decimals": 8, "lot_multiplier": 1, "fees": [[0, 0.40]],
            "fees_maker": [], "fee_volume_currency": "ZUSD", "ordermin": "0.0001",
            "costmin": "0.5", "tick_size": "0.1", "status": "online",
        }  # fmt: skip
        return f"{key}ZUSD" if key.startswith("X") else f"{key}USD", row

    def _named(self, altname: str) -> Market:
        return next(
            market
            for symbol, market in self.markets.items()
            if self._pair(symbol)[1]["altname"] == altname
        )

    def _trades(self, pair: str, since: int) -> dict[str, Any]:
        market = self._named(pair)
        rows = [
            [price, quantity, at, side[0], "m", "", number]
            for number, price, quantity, at, side in market.trades
            if at * 1e9 > since
        ][:1000]
        return {self._pair(market.symbol)[0]: rows, "last": str(since)}

    def _candles(self, pair: str, minutes: int) -> dict[str, Any]:
        market, step = self._named(pair), minutes * 60
        first = int(time.time()) // step * step - 720 * step
        rows = []
        for n in range(721):
            price = 50_000 + 100 * market.random.uniform(-1, 1)
            texts = [f"{each:.1f}" for each in (price, price + 50, price - 50, price + 5, price)]
            rows.append([first + n * step, *texts, "1.50000000", 7])
        return {self._pair(market.symbol)[0]: rows, "last": rows[-2][0]}


@contextmanager
def serving(server: KrakenServer) -> Iterator[Loop]:
    """The server in a thread of its own, for tests that wait for other processes."""
    loop = Loop()
    try:
        loop.run(server.start())
        yield loop
        loop.run(server.stop())
    finally:
        loop.close()


class Loop:
    """An event loop in a thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine there, and wait for what it returns."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def close(self) -> None:
        """End the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
