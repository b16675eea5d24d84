"""A client's socket to the simulated Kraken: asks, waits, keeps raw texts and exact numbers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import aiohttp

from adapters.kraken_simulator.serving.launch import Running
from tests.simulated_kraken import Signer, key_of

WAIT_SECONDS = 10


class Socket:
    """A client's socket: raw texts as they came, and documents with exact numbers."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, token: str | None) -> None:
        self.socket = socket
        self.token = token
        self.texts: list[str] = []
        self.kept: list[Any] = []

    async def send(self, method: str, req_id: int | None = None, **params: Any) -> None:
        if self.token is not None:
            params["token"] = self.token
        document: dict[str, Any] = {"method": method}
        if params:
            document["params"] = params
        if req_id is not None:
            document["req_id"] = req_id
        await self.socket.send_str(json.dumps(document))

    async def next(self) -> Any:
        """The next frame that is no heartbeat."""
        while True:
            message = await self.socket.receive(WAIT_SECONDS)
            assert message.type is aiohttp.WSMsgType.TEXT, message
            self.texts.append(message.data)
            document = json.loads(message.data, parse_float=Decimal)
            if document.get("channel") != "heartbeat":
                return document

    async def find(self, **fields: Any) -> Any:
        """The next frame with these fields."""
        while True:
            document = await self.next()
            if all(document.get(name) == value for name, value in fields.items()):
                return document

    async def ask(self, method: str, **params: Any) -> Any:
        """Send, and the answer to it."""
        await self.send(method, **params)
        return await self.find(method=method)


@asynccontextmanager
async def socket_of(
    kraken: Running, path: str = "/v2", account: str | None = None, key: str = "trade"
) -> AsyncIterator[Socket]:
    """A socket after its status frame; with an account it has a token."""
    token = None
    if account is not None:
        sign = Signer(kraken, key_of(kraken, account, key))
        token = (await asyncio.to_thread(sign, "GetWebSocketsToken"))["result"]["token"]
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{kraken.sockets}{path}") as socket,
    ):
        client = Socket(socket, token)
        status = await client.next()
        assert (status["channel"], status["data"][0]["system"]) == ("status", "online")
        yield client


async def added(socket: Socket, **fields: Any) -> Any:
    """The answer to a limit order for half a bitcoin at 1000, or what the fields make of it."""
    order = {"order_type": "limit", "side": "buy", "symbol": "BTC/USD", "order_qty": 0.5}
    await socket.send("add_order", **{**order, "limit_price": 1000, **fields})
    return await answer_of(socket, "add_order")


async def answer_of(socket: Socket, method: str) -> Any:
    """The answer to a request; reports that came before it are kept."""
    while True:
        document = await socket.next()
        if document.get("method") == method:
            return document
        socket.kept.append(document)
