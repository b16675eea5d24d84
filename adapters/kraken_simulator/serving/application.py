"""The simulator as one aiohttp application: REST, both sockets, and its own /simulator paths."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final

from aiohttp import web

from adapters.kraken_simulator.faults.script import Fault, FaultScript
from adapters.kraken_simulator.keys.ring import KeyRing
from adapters.kraken_simulator.rest.face import RestFace
from adapters.kraken_simulator.serving.hooks import Hooks
from adapters.kraken_simulator.serving.live import LiveExchange
from adapters.kraken_simulator.sockets.face import SocketFace
from adapters.kraken_simulator.wire import SECOND_NS

TICK_SECONDS: Final = 0.05


class Simulator:
    """One running exchange with both faces."""

    def __init__(self, live: LiveExchange, ring: KeyRing, faults: FaultScript, seed: int) -> None:
        self._seed = seed
        self.live = live
        self.ring = ring
        self.faults = faults
        self._task: asyncio.Task[None] | None = None
        self.started_ns = live.exchange.now_ns

    def application(self) -> web.Application:
        """The application; it advances the exchange as long as it runs."""
        application = web.Application()
        rest = RestFace(self.live, self.ring, self.faults)
        sockets = SocketFace(self.live, self.ring, self.faults, self._seed)
        application.router.add_get("/v2", sockets.public)
        for path in ("/v2-auth", "/v2/auth", "/auth/v2"):
            application.router.add_get(path, sockets.private)
        hooks = Hooks(self.live, self.ring, self.faults, sockets)
        application.router.add_routes(hooks.routes())
        application.router.add_route("*", "/0/{kind:public|private}/{name}", rest.answer)
        application.cleanup_ctx.append(self._running)

        async def let_go(_: web.Application) -> None:
            sockets.drop_all()

        # A socket reads until it is dropped; nobody waits for it at the end.
        application.on_shutdown.append(let_go)
        return application

    async def _running(self, _: web.Application) -> AsyncIterator[None]:
        self._task = asyncio.create_task(self._advance())
        yield
        self._task.cancel()
        with suppress(asyncio.CancelledError, OSError):
            await self._task

    async def advancing(self) -> None:
        """Wait until the exchange advances no more. Raises OSError when it cannot be kept."""
        assert self._task is not None, "it does not serve yet"
        await asyncio.shield(self._task)

    async def _advance(self) -> None:
        while True:
            self.live.advance()
            for fault in self.faults.due(self.live.now_ns()):
                self._happen(fault)
            await asyncio.sleep(TICK_SECONDS)

    def _happen(self, fault: Fault) -> None:
        """A timed fault's time has come."""
        if fault.what == "clock_skew":
            self.live.shift(int(fault.seconds * SECOND_NS))
        else:
            self.live.call(lambda venue, at: venue.set_status(fault.status, now_ns=at))
            self.live.tell()
