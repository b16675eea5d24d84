"""The loopback endpoint: /metrics, /health/live, /health/ready, /health/may-trade and /status.

It runs in the driver's own loop and only reads. Requests whose Host is not this machine's own are
refused, so that no web page can ask through a person's browser.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from service.bundles import Choice
from service.drivers.silent import Silent
from service.drivers.trading import RunPlan
from service.observe.metrics import exposition, registry_of
from service.observe.port import Place, forget_place, is_loopback, write_place
from service.observe.readiness import Reason
from service.observe.reading import Reader
from service.observe.stepping import Stepping
from service.segment import OpenSegment
from service.tally import Tally

METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
SHUTDOWN_SECONDS: Final = 1.0
_MISDIRECTED: Final = 421
_UNAVAILABLE: Final = 503


class Health(msgspec.Struct, frozen=True):
    """The answer of a probe."""

    ok: bool
    reasons: tuple[Reason, ...] = ()
    remarks: tuple[str, ...] = ()


class Endpoint(Silent):
    """Serves one run from a socket that is bound already."""

    def __init__(self, bound: socket.socket, home: Path, stepping: Stepping) -> None:
        self._socket = bound
        self._home = home
        self._stepping = stepping
        self._runner: web.AppRunner | None = None
        self._started = time.monotonic()
        host, port = bound.getsockname()[:2]
        self.place = Place(host, port, os.getpid())

    async def opened(
        self, segment: OpenSegment, tally: Tally, plan: RunPlan, choice: Choice
    ) -> None:
        """Serve, and say where."""
        reader = Reader(segment, tally, plan, choice=choice, stepping=self._stepping)
        self.place = msgspec.structs.replace(self.place, run_id=segment.run.run_id)
        runner = web.AppRunner(
            application(reader, self.place, self._started),
            access_log=None,
            shutdown_timeout=SHUTDOWN_SECONDS,
        )
        self._runner = runner
        await runner.setup()
        await web.SockSite(runner, self._socket).start()
        write_place(self._home, self.place)

    async def closed(self) -> None:
        """Stop serving and take the note away."""
        if self._runner is not None:
            await self._runner.cleanup()
            forget_place(self._home)
        self._socket.close()


def application(reader: Reader, place: Place, started: float) -> web.Application:
    """The five pages of one run."""
    registry = registry_of(reader)

    async def metrics(request: web.Request) -> web.Response:
        del request
        return web.Response(body=exposition(registry), headers={"Content-Type": METRICS_TYPE})

    async def live(request: web.Request) -> web.Response:
        del request
        return _health(())

    async def ready(request: web.Request) -> web.Response:
        del request
        reading = reader.read()
        return _health(reading.ready_reasons, reading.remarks)

    async def may_trade(request: web.Request) -> web.Response:
        del request
        reading = reader.read()
        return _health(reading.reasons, reading.remarks)

    async def status(request: web.Request) -> web.Response:
        del request
        reading = reader.read()
        document = {
            **msgspec.to_builtins(reading),
            "may_trade": reading.may_trade,
            "address": place.address,
            "pid": place.pid,
            "uptime_seconds": round(time.monotonic() - started, 3),
        }
        return _json(document)

    made = web.Application(middlewares=[own_host_only])
    made.add_routes(
        [
            web.get("/metrics", metrics),
            web.get("/health/live", live),
            web.get("/health/ready", ready),
            web.get("/health/may-trade", may_trade),
            web.get("/status", status),
        ]
    )
    return made


@web.middleware
async def own_host_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse a request that was meant for another name."""
    name = request.headers.get("Host", "")
    name = name.partition("]")[0] if name.startswith("[") else name.partition(":")[0]
    if not is_loopback(name):
        reason = "This endpoint answers for this machine's own names only."
        return web.Response(status=_MISDIRECTED, text=reason)
    following: Callable[[web.Request], Awaitable[web.StreamResponse]] = handler
    return await following(request)


def _health(reasons: tuple[Reason, ...], remarks: tuple[str, ...] = ()) -> web.Response:
    found = Health(not reasons, reasons, remarks)
    return _json(found, status=_UNAVAILABLE if reasons else 200)


def _json(document: object, status: int = 200) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(document),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
