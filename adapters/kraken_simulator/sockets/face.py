"""The WebSocket endpoints: /v2 is public, /v2-auth, /v2/auth and /auth/v2 are private.

A request is answered in the order in which it came. Its ack and the reports that it causes race, as
they do at the venue: every second request's reports come before its ack.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

from aiohttp import WSMsgType, web

from adapters.kraken_simulator.faults.script import Fault, FaultScript
from adapters.kraken_simulator.keys.ring import KeyRing
from adapters.kraken_simulator.keys.store import ApiKey, derived
from adapters.kraken_simulator.serving.live import LiveExchange
from adapters.kraken_simulator.sockets import private_channels, public_channels
from adapters.kraken_simulator.sockets.connection import Connection
from adapters.kraken_simulator.sockets.private_channels import PrivateChannels
from adapters.kraken_simulator.sockets.public_channels import PublicChannels
from adapters.kraken_simulator.sockets.requests import (
    NO_SESSION,
    NO_TOKEN,
    PRIVATE_ELSEWHERE,
    PUBLIC_ELSEWHERE,
    UNSUPPORTED,
    Asked,
    SocketRefusal,
    asked,
    failure,
    names,
    success,
    word,
)
from adapters.kraken_simulator.sockets.trading import METHODS, SocketTrading
from adapters.kraken_simulator.wire import encode, rfc3339

IDLE_SECONDS: Final = 60.0
FRAME_MAX: Final = 1_000_000


class SocketFace:
    """Serves all sockets of one exchange."""

    def __init__(self, live: LiveExchange, ring: KeyRing, faults: FaultScript, seed: int) -> None:
        self._live = live
        self._ring = ring
        self._faults = faults
        self._seed = seed
        self._public = PublicChannels(live)
        self._private = PrivateChannels(live)
        self._trading = SocketTrading(live)
        self._opened = 0
        self._asked = 0
        live.listeners += [self._public.tell, self._private.tell]

    async def public(self, http: web.Request) -> web.StreamResponse:
        """Serve a socket of market data."""
        return await self._serve(http, is_private=False)

    async def private(self, http: web.Request) -> web.StreamResponse:
        """Serve a socket of an account."""
        return await self._serve(http, is_private=True)

    def tell_status(self) -> None:
        """Tell every socket the venue's mode and what is announced."""
        self._public.tell_status()

    def drop_all(self) -> int:
        """Drop every socket without a word; returns how many."""
        return self._public.drop_all()

    async def _serve(self, http: web.Request, *, is_private: bool) -> web.StreamResponse:
        socket = web.WebSocketResponse(autoping=False, max_msg_size=FRAME_MAX)
        await socket.prepare(http)
        self._opened += 1
        digest = derived(self._seed, "connection", str(self._opened))
        connection = Connection(
            socket,
            http.transport,
            self._faults,
            number=int.from_bytes(digest[:8], "big"),
            is_private=is_private,
        )
        self._public.enter(connection)
        tasks = [asyncio.create_task(connection.write()), asyncio.create_task(connection.beat())]
        try:
            await self._read(socket, connection)
        finally:
            self._public.leave(connection)
            self._private.leave(connection)
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        return socket

    async def _read(self, socket: web.WebSocketResponse, connection: Connection) -> None:
        """Read until the client goes; one without subscriptions goes when it is idle."""
        while True:
            try:
                message = await asyncio.wait_for(socket.receive(), IDLE_SECONDS)
            except TimeoutError:
                if connection.subscriptions:
                    continue
                await socket.close()
                return
            if message.type is WSMsgType.PING:
                with suppress(ConnectionError):
                    await socket.pong(message.data)
            elif message.type is WSMsgType.TEXT:
                await self._take(connection, message.data)
            elif message.type is not WSMsgType.PONG:
                return

    async def _take(self, connection: Connection, text: str) -> None:
        now_ns = self._live.now_ns()
        try:
            ask = asked(text, now_ns)
        except SocketRefusal as refusal:
            document = {"error": refusal.error, "success": False, **refusal.extra}
            stamp = rfc3339(now_ns)
            connection.send("error", encode({**document, "time_in": stamp, "time_out": stamp}))
            return
        self._live.asked[f"ws:{ask.method}"] += 1
        fault = self._faults.strike(f"ws:{ask.method}")
        if fault is not None and fault.what == "reset_before":
            connection.abort()
            return
        if fault is not None and fault.what == "delay":
            await asyncio.sleep(fault.seconds)
            fault = None
        if fault is not None and fault.what == "error":
            if fault.done:
                self._silently(connection, ask)
            frame = failure(ask, self._live.now_ns(), SocketRefusal(fault.text))
            connection.deliver(ask.method, frame, None)
            return
        self._answer(connection, ask, fault)

    def _silently(self, connection: Connection, ask: Asked) -> None:
        """Do what was asked and tell nobody but the channels."""
        with suppress(SocketRefusal):
            key = self._key(connection, ask, NO_TOKEN)
            self._trading.answers(ask, key)
        self._live.tell()

    def _answer(self, connection: Connection, ask: Asked, fault: Fault | None) -> None:
        def reply(frame: bytes) -> None:
            connection.deliver(ask.method, frame, fault)

        if ask.method == "ping":
            times = {"time_in": rfc3339(ask.time_in), "time_out": rfc3339(self._live.now_ns())}
            named = {} if ask.req_id is None else {"req_id": ask.req_id}
            reply(encode({"method": "pong", **named, **times}))
            return
        try:
            if ask.method in {"subscribe", "unsubscribe"}:
                self._subscription(connection, ask, fault)
            else:
                self._trade(connection, ask, fault)
        except SocketRefusal as refusal:
            self._live.refuse(f"ws:{ask.method}", refusal.error)
            reply(failure(ask, self._live.now_ns(), refusal))
            self._live.tell()

    def _trade(self, connection: Connection, ask: Asked, fault: Fault | None) -> None:
        if ask.method not in METHODS:
            raise SocketRefusal(UNSUPPORTED)
        if not connection.is_private:
            raise SocketRefusal(PRIVATE_ELSEWHERE)
        found = self._trading.answers(ask, self._key(connection, ask, NO_TOKEN))
        self._asked += 1
        if self._asked % 2 == 0:
            self._live.tell()
        for each in found:
            now_ns = self._live.now_ns()
            if isinstance(each, SocketRefusal):
                self._live.refuse(f"ws:{ask.method}", each.error)
            frame = (
                failure(ask, now_ns, each)
                if isinstance(each, SocketRefusal)
                else success(ask, now_ns, **each)
            )
            connection.deliver(ask.method, frame, fault)
        self._live.tell()

    def _key(self, connection: Connection, ask: Asked, error: str) -> ApiKey:
        """The key behind a request's token; it lives on with the connection that used it."""
        token = word(ask.params, "token")
        if token is None:
            raise SocketRefusal(error)
        in_use = token in connection.tokens
        key = self._ring.key_of_token(token, ask.time_in, is_in_use=in_use)
        if key is None:
            raise SocketRefusal(error)
        connection.tokens.add(token)
        return key

    def _subscription(self, connection: Connection, ask: Asked, fault: Fault | None) -> None:
        channel = word(ask.params, "channel")
        if channel in private_channels.CHANNELS:
            if not connection.is_private:
                raise SocketRefusal(PRIVATE_ELSEWHERE)
            self._subscribe_private(connection, ask, str(channel), fault)
        elif channel in public_channels.CHANNELS:
            if connection.is_private:
                raise SocketRefusal(PUBLIC_ELSEWHERE)
            self._subscribe_public(connection, ask, str(channel), fault)
        else:
            raise SocketRefusal(UNSUPPORTED)

    def _subscribe_private(
        self, connection: Connection, ask: Asked, channel: str, fault: Fault | None
    ) -> None:
        try:
            key = self._key(connection, ask, NO_SESSION)
        except SocketRefusal as refusal:
            raise SocketRefusal(refusal.error, channel=channel, status="error") from refusal
        if not key.may(private_channels.CHANNELS[channel]):
            raise SocketRefusal("EGeneral:Permission denied", channel=channel)
        if ask.method == "unsubscribe":
            self._private.remove(connection, channel)
            frame = success(ask, self._live.now_ns(), result={"channel": channel})
            connection.deliver(ask.method, frame, fault)
            return
        result = self._private.granted(connection, channel, key, ask.params)
        frame = success(ask, self._live.now_ns(), result=result)
        connection.deliver(ask.method, frame, fault)
        self._private.add(connection, channel, key, ask.params)

    def _subscribe_public(
        self, connection: Connection, ask: Asked, channel: str, fault: Fault | None
    ) -> None:
        """One ack for each symbol; data of the first may come before the ack of the last."""
        symbols = names(ask.params, "symbol") if channel in public_channels.PER_SYMBOL else [""]
        if not symbols:
            raise SocketRefusal("Symbol(s) not found")
        for symbol in symbols:
            try:
                topic = self._public.topic_of(channel, symbol, ask.params)
                result = self._public.granted(topic, ask.params)
                if ask.method == "unsubscribe":
                    self._public.remove(connection, topic)
                    frame = success(ask, self._live.now_ns(), result=result)
                    connection.deliver(ask.method, frame, fault)
                    continue
                self._public.add(connection, topic)
                frame = success(ask, self._live.now_ns(), result=result)
                connection.deliver(ask.method, frame, fault)
                if result["snapshot"]:
                    self._public.show(connection, topic)
            except SocketRefusal as refusal:
                frame = failure(ask, self._live.now_ns(), refusal)
                connection.deliver(ask.method, frame, fault)
