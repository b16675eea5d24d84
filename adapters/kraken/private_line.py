"""Requests and their replies over the private socket, beside the frames of its channels.

A request that was never written is Transient; one that was written and not answered, because time
ran out or the line was lost, is UnknownOutcome. A reply is told from a frame by its method, and its
request by its number. What a frame means is not known here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import aiohttp
import msgspec

from actors.ports import Transient, UnknownOutcome
from adapters.kraken.socket import DeafError, Send

ANSWER_SECONDS: Final = 5.0
UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding a frame of whatever bytes may raise; too deep a nesting is the last."""
_TROUBLE: Final = (aiohttp.ClientError, ConnectionError)


class Reply(msgspec.Struct, frozen=True):
    """An answer to a request. `result` is raw JSON, empty when there is none."""

    method: str
    success: bool = True
    req_id: int = 0
    error: str = ""
    result: msgspec.Raw = msgspec.Raw(b"")
    warnings: tuple[str, ...] = ()


class Guest(msgspec.Struct, frozen=True):
    """Who speaks over the line: what to do when it opens (runs beside it), hears a frame, is lost.

    `hear` raises DeafError to have the line given up.
    """

    arrive: Callable[[], Awaitable[None]]
    hear: Callable[[bytes], Awaitable[None]]
    leave: Callable[[str], None]


class _Head(msgspec.Struct, frozen=True):
    channel: str = ""
    method: str = ""


# Kraken refuses a quoted number here.
_NUMBERS: Final = msgspec.json.Encoder(decimal_format="number")
_HEAD: Final = msgspec.json.Decoder(_Head)
_REPLY: Final = msgspec.json.Decoder(Reply)


class PrivateLine:
    """The listener of a connection that is kept (see `adapters.kraken.socket`)."""

    def __init__(self, guest: Guest, *, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._guest = guest
        self._answer_seconds = answer_seconds
        self._send: Send | None = None
        self._arriving: asyncio.Future[None] | None = None
        self._waiting: dict[int, asyncio.Future[Reply]] = {}
        self._number = 0

    @property
    def is_open(self) -> bool:
        """Whether something could be written now."""
        return self._send is not None

    async def request(self, method: str, params: Mapping[str, Any] | None = None) -> Reply:
        """Send once and wait for the reply, refusals included.

        Raises Transient when nothing was written, UnknownOutcome when no reply came.
        """
        if self._send is None:
            raise Transient("there is no line to the venue")
        self._number += 1
        number = self._number
        asked: dict[str, Any] = {"method": method, "req_id": number}
        text = _NUMBERS.encode(asked if params is None else asked | {"params": params})
        waiting: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting[number] = waiting
        try:
            await self._send(text.decode())
            return await asyncio.wait_for(waiting, self._answer_seconds)
        except TimeoutError as error:
            raise UnknownOutcome(f"no answer within {self._answer_seconds:g} s") from error
        except _TROUBLE as error:
            raise UnknownOutcome("the line was lost while this was written") from error
        finally:
            del self._waiting[number]

    async def connected(self, send: Send) -> None:
        """A connection is open: the guest begins beside it, so that replies can be heard."""
        self._send = send
        self._arriving = asyncio.ensure_future(self._guest.arrive())

    async def received(self, frame: bytes) -> None:
        """A reply to one of our requests, or a frame for the guest.

        Raises DeafError when the guest could not begin, or for text that is no JSON (the proxy's
        farewell).
        """
        if self._arriving is not None and self._arriving.done():
            arrived, self._arriving = self._arriving, None
            if (failed := arrived.exception()) is not None:
                raise DeafError(f"the private channels were not opened: {failed}") from failed
        try:
            head = _HEAD.decode(frame)
        except UNREADABLE as error:
            raise DeafError("a frame that is no JSON") from error
        if head.method:
            self._answer(frame)
        elif head.channel:
            await self._guest.hear(frame)

    def lost(self, reason: str) -> None:
        """Whoever waits for a reply learns that it does not come."""
        self._send = None
        if self._arriving is not None:
            # One that has failed already is looked at, so that its fault is nobody's secret.
            if self._arriving.done() and not self._arriving.cancelled():
                failed = self._arriving.exception()
                reason = reason if failed is None else f"{failed} ({reason})"
            self._arriving.cancel()
            self._arriving = None
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(UnknownOutcome("the line was lost before the answer"))
        self._guest.leave(reason)

    async def hang_up(self) -> None:
        """The connection is given up for good: whoever still opens the channels stops."""
        self._send = None
        arriving, self._arriving = self._arriving, None
        if arriving is not None:
            arriving.cancel()
            await asyncio.gather(arriving, return_exceptions=True)

    def waiting(self, seconds: float) -> None:
        """The next attempt comes later; orders fail as Transient meanwhile."""

    def _answer(self, frame: bytes) -> None:
        try:
            reply = _REPLY.decode(frame)
        except UNREADABLE as error:
            raise DeafError("a reply that is none") from error
        waiting = self._waiting.get(reply.req_id)
        if waiting is not None and not waiting.done():
            waiting.set_result(reply)
