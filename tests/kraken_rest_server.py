"""A REST server on loopback that checks keys like Kraken and answers what a test scripted.

Signature, nonce and User-Agent are verified for every private call; what arrived is kept. A fault
resets, stalls, cuts or replaces an answer, before or after the body was read.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from adapters.kraken.bodies import NewOrder
from adapters.kraken.limits import PRO, CallLimits
from adapters.kraken.nonce import Nonces
from adapters.kraken.rest import KrakenRest
from adapters.kraken.signing import Credentials
from adapters.kraken.transport import Patience

KEY = "loopback-key-0001"
SECRET = base64.b64encode(b"a secret that only the tests know, long as Kraken's are......").decode()
QUICK = Patience(
    answer=10.0, turn=5.0, reads=30.0, first_pause=0.01, longest_pause=0.03, public_pause=0.0
)
ORDER = NewOrder(
    pair="XBTUSD",
    side="buy",
    volume=Decimal("0.00100000"),
    price=Decimal("37500.0"),
    cl_ord_id="0123456789abcdef0123456789abcdef",
    deadline=1_790_000_005_000_000_000,
)


@dataclass(frozen=True)
class Arrived:
    """One request as it arrived."""

    name: str
    method: str
    form: dict[str, str]
    headers: dict[str, str]


@dataclass(frozen=True)
class Fault:
    """What happens to one request instead of, or around, an answer."""

    kind: str
    status: int = 200
    body: bytes = b""
    seconds: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)


Answer = bytes | Fault | Callable[[dict[str, str]], Any]


class RestServer:
    """The server's state: scripted answers by call, and what came in."""

    def __init__(self) -> None:
        self.url = ""
        self.arrived: list[Arrived] = []
        self.came = asyncio.Event()
        self.executed: list[str] = []
        self.last_nonce = 0
        self._script: dict[str, list[Answer]] = {}
        self._standing: dict[str, Answer] = {}

    def answer(self, name: str, *answers: Answer) -> None:
        """Queue answers to the next calls of `name`."""
        self._script.setdefault(name, []).extend(answers)

    def always(self, name: str, answer: Answer) -> None:
        """What `name` is answered once nothing is queued."""
        self._standing[name] = answer

    def forms(self, name: str) -> list[dict[str, str]]:
        """The fields of every call of `name`."""
        return [each.form for each in self.arrived if each.name == name]

    async def serve(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        answer = self._next(name)
        if isinstance(answer, Fault) and answer.kind == "reset before":
            return _reset(request)
        body = await request.read()
        form = dict(parse_qsl(body.decode())) if body else dict(request.query)
        self.arrived.append(Arrived(name, request.method, form, dict(request.headers)))
        self.came.set()
        if request.match_info["scope"] == "private":
            refused = self._refusal(request, body, form)
            if refused:
                return web.json_response({"error": [refused]})
        self.executed.append(name)
        if isinstance(answer, Fault):
            return await _faulty(request, answer)
        if isinstance(answer, bytes):
            return web.Response(body=answer, content_type="application/json")
        return web.json_response({"error": [], "result": answer(form)})

    def _next(self, name: str) -> Answer:
        queued = self._script.get(name)
        if queued:
            return queued.pop(0)
        return self._standing.get(name, lambda form: {})

    def _refusal(self, request: web.Request, body: bytes, form: dict[str, str]) -> str:
        assert request.headers["User-Agent"] == "ballast"
        if request.headers.get("API-Key") != KEY:
            return "EAPI:Invalid key"
        nonce = form["nonce"]
        inner = hashlib.sha256(nonce.encode() + body).digest()
        made = hmac.new(base64.b64decode(SECRET), request.path.encode() + inner, hashlib.sha512)
        if request.headers.get("API-Sign") != base64.b64encode(made.digest()).decode():
            return "EAPI:Invalid signature"
        if int(nonce) <= self.last_nonce:
            return "EAPI:Invalid nonce"
        self.last_nonce = int(nonce)
        return ""


def _reset(request: web.Request) -> web.StreamResponse:
    transport = request.transport
    assert transport is not None
    transport.abort()
    return web.Response()


async def _faulty(request: web.Request, fault: Fault) -> web.StreamResponse:
    match fault.kind:
        case "reset after":
            return _reset(request)
        case "slow":
            await asyncio.sleep(fault.seconds)
        case "cut":
            reply = web.StreamResponse(headers={"Content-Length": str(len(fault.body) + 100)})
            await reply.prepare(request)
            await reply.write(fault.body)
            return _reset(request)
        case "not http":
            assert request.transport is not None
            request.transport.write(fault.body)
            await asyncio.sleep(0.05)
            return _reset(request)
        case _:
            assert fault.kind == "instead", f"no such fault: {fault.kind}"
    return web.Response(status=fault.status, body=fault.body, headers=fault.headers)


def ok(result: Any) -> bytes:
    """An answer without errors."""
    return json.dumps({"error": [], "result": result}).encode()


def refused(*texts: str) -> bytes:
    """An answer with errors."""
    return json.dumps({"error": texts}).encode()


@asynccontextmanager
async def rest_server() -> AsyncIterator[RestServer]:
    """A running server on a free port."""
    server = RestServer()
    app = web.Application(client_max_size=2**20)
    app.router.add_route("*", "/0/{scope:public|private}/{name}", server.serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()


@asynccontextmanager
async def rest_session(
    folder: Path,
    *,
    clock: Callable[[], int] = time.time_ns,
    patience: Patience = QUICK,
    call_limits: CallLimits | None = None,
) -> AsyncIterator[tuple[RestServer, KrakenRest]]:
    """A server and a client with the right key, whose nonces lie in `folder`."""
    with Nonces(folder, clock) as nonces:
        async with (
            rest_server() as server,
            KrakenRest(
                server.url,
                Credentials(KEY, SECRET),
                nonces,
                clock=clock,
                call_limits=call_limits or CallLimits(PRO),
                patience=patience,
            ) as rest,
        ):
            yield server, rest
