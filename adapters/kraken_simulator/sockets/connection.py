"""One socket: its outgoing queue, its heartbeat, and the faults that befall its frames.

Frames leave in the order in which they were sent, but for those that the fault script reorders.
A reader that is too slow to take them is dropped, as the venue drops it.
"""

from __future__ import annotations

import asyncio
import re
from typing import Final

from aiohttp import web

from adapters.kraken_simulator.faults.script import Fault, FaultScript
from adapters.kraken_simulator.wire import encode

QUEUE_MAX: Final = 20_000
HEARTBEAT_SECONDS: Final = 1.0
HEARTBEAT: Final = encode({"channel": "heartbeat"})
_CHECKSUM: Final = re.compile(rb'("checksum":)(\d+)')


class Connection:
    """A client's socket, on the public or on the private side."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        transport: asyncio.Transport | None,
        faults: FaultScript,
        *,
        number: int,
        is_private: bool,
    ) -> None:
        self.number = number
        self.is_private = is_private
        self.subscriptions = 0
        self.tokens: set[str] = set()
        self.heard_at = asyncio.get_running_loop().time()
        self._socket = socket
        self._transport = transport
        self._faults = faults
        self._queue: asyncio.Queue[bytes | float] = asyncio.Queue()
        self._held: dict[str, bytes] = {}
        self._silent_until = 0.0
        self._sent_at = 0.0

    def send(self, place: str, frame: bytes) -> None:
        """Send a frame of a channel, or do to it what the fault script says."""
        self.deliver(place, frame, self._faults.strike(f"ws:{place}"))

    def deliver(self, place: str, frame: bytes, fault: Fault | None) -> None:
        """Send a frame under a fault that has been looked up already (of its request)."""
        if fault is None:
            self._enqueue(frame)
        elif fault.what == "duplicate":
            self._enqueue(frame)
            self._enqueue(frame)
        elif fault.what == "reorder":
            self._held[place] = frame
            return
        elif fault.what == "truncate":
            self._enqueue(frame[: len(frame) // 2])
        elif fault.what == "wrong_checksum":
            self._enqueue(_CHECKSUM.sub(_miscounted, frame, count=1))
        elif fault.what == "late":
            asyncio.get_running_loop().call_later(fault.seconds, self._enqueue, frame)
        elif fault.what == "delay":
            self._queue.put_nowait(fault.seconds)
            self._enqueue(frame)
        elif fault.what == "silence":
            self._silent_until = asyncio.get_running_loop().time() + fault.seconds
        elif fault.what == "reset_after":
            self._enqueue(frame)
            self.abort()
        elif fault.what == "reset_before":
            self.abort()
        elif fault.what == "error":
            self._enqueue(fault.text.encode())
        if place in self._held:
            self._enqueue(self._held.pop(place))

    def abort(self) -> None:
        """Drop the connection at once, without a close frame."""
        if self._transport is not None:
            self._transport.abort()

    async def write(self) -> None:
        """Write what is sent until the task is cancelled or the socket is gone."""
        while True:
            item = await self._queue.get()
            if isinstance(item, float):
                await asyncio.sleep(item)
                continue
            try:
                await self._socket.send_str(item.decode("utf-8", "replace"))
            except (ConnectionError, RuntimeError):
                return

    async def beat(self) -> None:
        """Send a heartbeat each second in which nothing else was sent, once subscribed."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            if self.subscriptions and loop.time() - self._sent_at >= HEARTBEAT_SECONDS:
                self.send("heartbeat", HEARTBEAT)

    def _enqueue(self, frame: bytes) -> None:
        now = asyncio.get_running_loop().time()
        if now < self._silent_until:
            return
        if self._queue.qsize() >= QUEUE_MAX:
            self.abort()
            return
        self._sent_at = now
        self._queue.put_nowait(frame)


def _miscounted(found: re.Match[bytes]) -> bytes:
    return found[1] + str((int(found[2]) + 1) % 2**32).encode("ascii")
