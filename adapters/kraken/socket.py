"""One public WebSocket connection, kept: connect, listen, ping, notice silence, close, again.

Every lost connection is told to the listener before the next one is tried. Silence of a few seconds
is a loss, since the venue's heartbeat comes every second; so is a connection that never opens.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import aiohttp
import msgspec
from tenacity import AsyncRetrying, retry_if_exception_type

from adapters.kraken.handshakes import Handshakes

PING: Final = '{"method":"ping"}'
USER_AGENT: Final = "ballast"
FRAME_BYTES_MOST: Final = 8 * 2**20
Send = Callable[[str], Awaitable[None]]
_TROUBLE: Final = (aiohttp.ClientError, OSError, TimeoutError)


class Patience(msgspec.Struct, frozen=True):
    """How long to wait for what; seconds."""

    connect: float = 10.0
    silence: float = 8.0
    ping: float = 15.0
    close: float = 2.0


class Listener(Protocol):
    """Who hears a connection."""

    async def connected(self, send: Send) -> None:
        """A connection is open; `send` a text over it."""

    async def received(self, frame: bytes) -> None:
        """A frame came. Raises DeafError to have the connection given up."""

    def lost(self, reason: str) -> None:
        """The connection is gone, for a reason in a few words."""

    def waiting(self, seconds: float) -> None:
        """The next attempt comes after so many seconds."""


class LostError(Exception):
    """A connection ended; the text says how."""


class DeafError(Exception):
    """The other side does not answer what it is asked."""


async def stay_connected(
    url: str,
    listener: Listener,
    handshakes: Handshakes,
    patience: Patience = Patience(),  # noqa: B008  (frozen)
) -> None:
    """Connect, and connect again whenever it is lost; ends only by cancellation."""

    async def rest(seconds: float) -> None:
        listener.waiting(seconds)
        await asyncio.sleep(seconds)

    timeout = aiohttp.ClientTimeout(total=None, sock_connect=patience.connect)
    headers = {"User-Agent": USER_AGENT}
    async with aiohttp.ClientSession(timeout=timeout, headers=headers) as session:
        while True:
            await asyncio.sleep(handshakes.until_allowed())
            attempts = AsyncRetrying(
                wait=handshakes.pause, sleep=rest, retry=retry_if_exception_type(LostError)
            )
            # A connection that lived for a while ends the row of attempts; the next is at once.
            await attempts(_live, session, url, listener, handshakes, patience)


async def _live(
    session: aiohttp.ClientSession,
    url: str,
    listener: Listener,
    handshakes: Handshakes,
    patience: Patience,
) -> None:
    """One connection from its handshake to its loss. Raises LostError when it died young."""
    began = time.monotonic()
    handshakes.begin()
    reason = ""
    try:
        async with asyncio.timeout(patience.connect):
            socket = await session.ws_connect(
                url, max_msg_size=FRAME_BYTES_MOST, autoclose=True, compress=0
            )
        try:
            reason = await _listened(socket, listener, patience)
        finally:
            await _closed(socket, patience)
    except _TROUBLE as error:
        reason = _words(error)
    except DeafError as error:
        reason = str(error)
    listener.lost(reason)
    if not handshakes.was_calm(began):
        raise LostError(reason)


async def _listened(
    socket: aiohttp.ClientWebSocketResponse, listener: Listener, patience: Patience
) -> str:
    """Listen until the connection ends; the reason."""
    pinging = asyncio.create_task(_ping(socket, patience))
    try:
        await listener.connected(socket.send_str)
        while True:
            try:
                message = await socket.receive(timeout=patience.silence)
            except TimeoutError:
                return f"silent for {patience.silence:g} s"
            match message.type:
                case aiohttp.WSMsgType.TEXT:
                    await listener.received(message.data.encode())
                case aiohttp.WSMsgType.BINARY:
                    await listener.received(message.data)
                case aiohttp.WSMsgType.ERROR:
                    return _words(message.data)
                case _:
                    return f"closed by the venue ({socket.close_code})"
    finally:
        pinging.cancel()


async def _ping(socket: aiohttp.ClientWebSocketResponse, patience: Patience) -> None:
    """Say something now and then: a client that never speaks is put out."""
    while True:
        await asyncio.sleep(patience.ping)
        try:
            await socket.send_str(PING)
        except (aiohttp.ClientError, ConnectionError):
            return  # the listening side hears of it by itself


async def _closed(socket: aiohttp.ClientWebSocketResponse, patience: Patience) -> None:
    """Close politely, but not for long."""
    try:
        async with asyncio.timeout(patience.close):
            await socket.close()
    except (TimeoutError, aiohttp.ClientError, ConnectionError):
        return


def _words(error: object) -> str:
    text = str(error)
    return f"{type(error).__name__}: {text}"[:150] if text else type(error).__name__
