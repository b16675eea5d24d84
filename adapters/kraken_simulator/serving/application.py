"""The simulator as one aiohttp application: REST, both sockets, and its own /simulator paths."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

from aiohttp import web

from adapters.kraken_simulator.faults.script import FaultScript
from adapters.kraken_simulator.keys.ring import KeyRing
from adapters.kraken_simulator.rest.face import RestFace
from adapters.kraken_simulator.serving.live import LiveExchange

TICK_SECONDS: Final = 0.05


class Simulator:
    """One running exchange with both faces."""

    def __init__(self, live: LiveExchange, ring: KeyRing, faults: FaultScript) -> None:
        self.live = live
        self.ring = ring
        self.faults = faults

    def application(self) -> web.Application:
        """The application; it advances the exchange as long as it runs."""
        application = web.Application()
        rest = RestFace(self.live, self.ring, self.faults)
        application.router.add_route("*", "/0/{kind:public|private}/{name}", rest.answer)
        application.cleanup_ctx.append(self._running)
        return application

    async def _running(self, _: web.Application):  # type: ignore[no-untyped-def]
        task = asyncio.create_task(self._advance())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def _advance(self) -> None:
        while True:
            self.live.advance()
            await asyncio.sleep(TICK_SECONDS)
