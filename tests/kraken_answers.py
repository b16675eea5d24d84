"""A real HTTP server on loopback that answers what Kraken answers, or fails as networks fail."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web

from adapters.kraken.signing import Credentials

SECRET = "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg=="
KEY = "PlantedKey0123456789abcdefghijklmnopqrstuvwxyzAB"
ALLOWED = ["query-funds", "query-open-trades", "query-closed-trades", "modify-trades",
           "query-ledger", "create-ws-token"]  # fmt: skip


class Answer(msgspec.Struct, frozen=True):
    """What the server does with one request.

    `cut` announces more bytes than it sends; `reset` drops the connection without an answer.
    """

    body: bytes = b'{"error":[],"result":{}}'
    status: int = 200
    kind: str = "application/json"
    cut: bool = False
    reset: bool = False
    delay_s: float = 0.0
    headers: tuple[tuple[str, str], ...] = ()


def success(result: object) -> Answer:
    return Answer(json.dumps({"error": [], "result": result}).encode())


def refusal(*texts: str) -> Answer:
    return Answer(json.dumps({"error": list(texts)}).encode())


class Request(msgspec.Struct, frozen=True):
    """What arrived."""

    path: str
    fields: dict[str, str]
    body: bytes
    headers: dict[str, str]


class AnsweringVenue:
    """Answers each path from its script; the last answer of a script stays."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.scripts: dict[str, deque[Answer | Callable[[Request], Answer]]] = {}
        self.url = ""

    def on(self, name: str, *answers: Answer | Callable[[Request], Answer]) -> None:
        self.scripts[name] = deque(answers)

    def asked(self, name: str) -> list[Request]:
        return [each for each in self.requests if each.path.endswith(f"/{name}")]

    async def serve(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        given = body.decode("latin-1") if request.method == "POST" else request.query_string
        seen = Request(request.path, dict(parse_qsl(given)), body, dict(request.headers))
        self.requests.append(seen)
        script = self.scripts.get(request.path.rsplit("/", 1)[-1])
        if not script:
            return web.Response(body=b'{"error":["EGeneral:Unknown method"]}')
        step = script.popleft() if len(script) > 1 else script[0]
        answer = step if isinstance(step, Answer) else step(seen)
        await asyncio.sleep(answer.delay_s)
        assert request.transport is not None
        if answer.reset:
            request.transport.abort()
            return web.Response()
        headers = {"Content-Type": answer.kind, **dict(answer.headers)}
        if not answer.cut:
            return web.Response(body=answer.body, status=answer.status, headers=headers)
        response = web.StreamResponse(status=answer.status, headers=headers)
        response.content_length = len(answer.body) + 100
        await response.prepare(request)
        await response.write(answer.body)
        request.transport.close()
        return response


@asynccontextmanager
async def answering_venue() -> AsyncIterator[AnsweringVenue]:
    """The server, on a port of its own."""
    venue = AnsweringVenue()
    application = web.Application(client_max_size=64 * 1024 * 1024)
    application.router.add_route("*", "/{path:.*}", venue.serve)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        venue.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield venue
    finally:
        await runner.cleanup()


def credentials() -> Credentials:
    return Credentials(KEY, SECRET)


def key_document(**changed: Any) -> dict[str, Any]:
    """A reply of GetApiKeyInfo for a key that may do what is needed, and no more."""
    return {
        "api_key_name": "ballast",
        "api_key": KEY,
        "nonce": "1700000000000000000",
        "nonce_window": 0,
        "permissions": ALLOWED,
        "iban": "",
        "valid_until": 0,
        "query_from": 0,
        "query_to": 0,
        "created_time": 1690000000,
        "modified_time": 1690000000,
        "ip_allowlist": ["203.0.113.7"],
        "last_used": 1699999999,
    } | changed


@contextmanager
def venue_beside() -> Iterator[AnsweringVenue]:
    """The server in a thread of its own, for commands that have their own loop."""
    started: Future[AnsweringVenue] = Future()
    stops: list[Callable[[], object]] = []

    async def serve() -> None:
        async with answering_venue() as venue:
            stop, loop = asyncio.Event(), asyncio.get_running_loop()
            stops.append(lambda: loop.call_soon_threadsafe(stop.set))
            started.set_result(venue)
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        yield started.result(timeout=20)
    finally:
        stops[0]()
        thread.join(timeout=20)


def private(path: Path, text: str, mode: int = 0o600) -> Path:
    """A file with this text, closed to others unless a test opens it."""
    path.write_text(text)
    path.chmod(mode)
    return path
