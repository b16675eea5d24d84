"""A TCP proxy on loopback that makes bad weather: between the service and whatever it talks to.

It delays, narrows, slices into single bytes, swallows, resets, closes half, refuses; at once for
all connections, or by a rule when certain words pass. It runs in a thread of its own, so that it
goes on while the service's loop stands still. Times are of the monotonic clock, in seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from tests.network_units import Unit, Units

HERE: Final = "127.0.0.1"
_READ: Final = 65_536
_RESET: Final = struct.pack("ii", 1, 0)
Direction = Literal["up", "down"]
"""Up is from the service to the venue."""
Act = Literal[
    "reset_before",
    "reset_after",
    "reset_inside",
    "half_close_inside",
    "hold",
    "hold_answers",
    "swallow",
]
Seen = Callable[[Direction, bytes], None]


@dataclass
class Weather:
    """What befalls everything that passes."""

    delay: float = 0.0
    """Each unit arrives so much later."""
    sliced: bool = False
    """Each byte is a segment of its own."""
    bytes_per_second: float = 0.0
    """0: as fast as it goes."""
    blackhole: bool = False
    """Nothing arrives any more, and nobody is told; what came meanwhile is lost with its line."""
    reset_new: bool = False
    """Whoever connects is reset before a byte of an answer."""


@dataclass
class Rule:
    """What to do when words pass in a direction, so many times.

    `hold` keeps this unit and all behind it for `seconds`, `hold_answers` everything that comes
    back on the line from then on; `inside` is after half of its bytes.
    `swallow` lets nothing more pass in any direction, and resets nobody.
    """

    direction: Direction
    words: bytes
    act: Act
    times: int = 1
    seconds: float = 0.0
    struck: list[float] = field(default_factory=list)

    def strikes(self, direction: Direction, unit: Unit) -> bool:
        """Whether it strikes this unit; then it is counted."""
        if direction != self.direction or len(self.struck) >= self.times:
            return False
        if self.words not in unit.text:
            return False
        self.struck.append(time.monotonic())
        return True


class _CutError(Exception):
    """The connection is over."""


class _Passing:
    """One connection that passes."""

    def __init__(self, proxy: Proxy, near: _Ends, far: _Ends) -> None:
        self._proxy = proxy
        self._near, self._far = near, far
        self.swallows = False
        self._answers_from = 0.0

    async def run(self) -> None:
        ways = [
            asyncio.ensure_future(self._way("up", self._near, self._far)),
            asyncio.ensure_future(self._way("down", self._far, self._near)),
        ]
        try:
            done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_EXCEPTION)
            for way in done:
                way.exception()
        finally:
            for way in ways:
                way.cancel()
            self.reset()

    def reset(self) -> None:
        """RST to both sides."""
        for _, writer in (self._near, self._far):
            found = writer.get_extra_info("socket")
            with contextlib.suppress(OSError):
                found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()

    def half_close(self) -> None:
        """FIN to the service; what it says still reaches the venue."""
        writer = self._near[1]
        if writer.can_write_eof() and not writer.is_closing():
            writer.write_eof()

    async def _way(self, direction: Direction, source: _Ends, sink: _Ends) -> None:
        reader, writer, units = source[0], sink[1], Units()
        while data := await reader.read(_READ):
            for unit in units.split(data):
                self._proxy.witness(direction, unit)
                await self._pass(direction, unit, writer)
        # A goodbye passes as one; the other way goes on.
        if not self.swallows and writer.can_write_eof() and not writer.is_closing():
            writer.write_eof()

    async def _pass(self, direction: Direction, unit: Unit, writer: asyncio.StreamWriter) -> None:
        weather, rule = self._proxy.weather, self._proxy.rule_for(direction, unit)
        if rule is not None and rule.act == "swallow":
            self.swallows = True
        if self.swallows or weather.blackhole:
            # What a blackhole has swallowed never comes; a stream with a hole in it is no stream.
            self.swallows = True
            return
        if rule is not None and rule.act == "hold_answers":
            self._answers_from, rule = time.monotonic() + rule.seconds, None
        if direction == "down":
            await asyncio.sleep(max(0.0, self._answers_from - time.monotonic()))
        if rule is None:
            await self._write(unit.raw, writer)
            return
        if rule.act == "reset_before":
            raise _CutError
        if rule.act == "hold":
            await asyncio.sleep(rule.seconds)
        half = unit.raw[: max(1, len(unit.raw) // 2)]
        await self._write(half if rule.act.endswith("inside") else unit.raw, writer)
        if rule.act == "half_close_inside":
            self.half_close()
            self.swallows = True
        elif rule.act != "hold":
            await asyncio.sleep(0.02)  # what was written must be out before the reset
            raise _CutError

    async def _write(self, raw: bytes, writer: asyncio.StreamWriter) -> None:
        weather = self._proxy.weather
        if weather.delay:
            await asyncio.sleep(weather.delay)
        if weather.bytes_per_second:
            await asyncio.sleep(len(raw) / weather.bytes_per_second)
        pieces = [raw[i : i + 1] for i in range(len(raw))] if weather.sliced else [raw]
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            if weather.sliced:
                await asyncio.sleep(0)


_Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Proxy:
    """One address in front of another on this machine. Its methods may be called from any thread.

    `accepted` is when somebody connected; `on_unit` is told of every unit before it passes.
    """

    def __init__(self, target: int, on_unit: Seen = lambda _direction, _text: None) -> None:
        self.port = 0
        self.weather = Weather()
        self.rules: list[Rule] = []
        self.accepted: list[float] = []
        self.refused: list[float] = []
        self._target = target
        self._on_unit = on_unit
        self._passing: dict[_Passing, asyncio.Task[None]] = {}
        self._server: asyncio.Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def open(self) -> None:
        """Listen; on the same port again after it was closed."""
        self._loop = asyncio.get_running_loop()
        self._server = await asyncio.start_server(self._serve, HERE, self.port, reuse_address=True)
        self.port = self._server.sockets[0].getsockname()[1]

    async def shut(self) -> None:
        """Reset everybody and listen no more: whoever connects is refused."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self._reset_all()
        await asyncio.gather(*self._passing.values(), return_exceptions=True)

    @property
    def live(self) -> int:
        """How many connections pass."""
        return len(self._passing)

    def reset_all(self) -> None:
        """RST on every connection."""
        self._do(self._reset_all)

    def swallow_all(self) -> None:
        """Of every connection that passes now nothing arrives any more, in silence."""

        def swallow() -> None:
            for each in tuple(self._passing):
                each.swallows = True

        self._do(swallow)

    def half_close_all(self) -> None:
        """FIN to the service on every connection."""

        def close() -> None:
            for each in tuple(self._passing):
                each.half_close()

        self._do(close)

    def refuse(self) -> None:
        """From now on nobody can connect."""
        self._wait(self.shut())

    def accept(self) -> None:
        """Everybody can connect again."""
        self._wait(self.open())

    def witness(self, direction: Direction, unit: Unit) -> None:
        """Tell of a unit."""
        self._on_unit(direction, unit.text)

    def rule_for(self, direction: Direction, unit: Unit) -> Rule | None:
        """The rule that strikes here."""
        return next((each for each in self.rules if each.strikes(direction, unit)), None)

    def _do(self, work: Callable[[], None]) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(work)

    def _wait(self, work: Coroutine[Any, Any, None]) -> None:
        assert self._loop is not None
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def _reset_all(self) -> None:
        for passing, task in tuple(self._passing.items()):
            passing.reset()
            task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted.append(time.monotonic())
        near = (reader, writer)
        if self.weather.reset_new:
            self.refused.append(time.monotonic())
            _Passing(self, near, near).reset()
            return
        try:
            far = await asyncio.open_connection(HERE, self._target)
        except OSError:
            _Passing(self, near, near).reset()
            return
        passing = _Passing(self, near, far)
        task = asyncio.ensure_future(passing.run())
        self._passing[passing] = task
        try:
            await asyncio.wait({task})
        finally:
            del self._passing[passing]


@contextmanager
def serving(*proxies: Proxy) -> Iterator[None]:
    """The proxies pass on, from a thread of their own, while the context is open."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="network weather")
    thread.start()

    def wait(work: Coroutine[Any, Any, Any]) -> None:
        asyncio.run_coroutine_threadsafe(work, loop).result(10)

    async def closed() -> None:
        await asyncio.gather(*(each.shut() for each in proxies))
        await asyncio.sleep(0.05)

    try:
        for each in proxies:
            wait(each.open())
        yield
    finally:
        wait(closed())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
