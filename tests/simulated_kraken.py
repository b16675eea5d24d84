"""A simulated Kraken beside the test: its own thread and event loop, real sockets on loopback.

Clients that block can so be tried too; `post` asks the simulator's hooks.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, Final

from adapters.kraken_simulator.keys.store import ApiKey
from adapters.kraken_simulator.serving.launch import Running, serving
from adapters.kraken_simulator.serving.plan import Plan, account_of

PAIRS: Final = ("BTC/USD", "ETH/USD", "DOGE/USD")
ACCOUNTS: Final = ("alpha=USD:100000,BTC:1,ETH:10", "beta=USD:25000")
START_SECONDS: Final = 50


def small_plan(**changes: Any) -> Plan:
    """Three pairs, two accounts, thirty seconds of trades before the start."""
    fields: dict[str, Any] = {
        "seed": 7,
        "started_ns": time.time_ns(),
        "accounts": tuple(account_of(text, "pro") for text in ACCOUNTS),
        "symbols": PAIRS,
        "warm_up_seconds": 30,
    }
    return Plan(**{**fields, **changes})


@contextmanager
def simulated_kraken(plan: Plan) -> Iterator[Running]:
    """Serve a plan from another thread while the context is open."""
    ready, found = threading.Event(), list[Running | BaseException]()
    stop: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def serve() -> None:
        stop.append((asyncio.get_running_loop(), asyncio.Event()))
        async with serving(plan) as running:
            found.append(running)
            ready.set()
            await stop[0][1].wait()

    def run() -> None:
        try:
            asyncio.run(serve())
        finally:
            ready.set()

    thread = threading.Thread(target=run, name="simulated kraken")
    thread.start()
    try:
        assert ready.wait(START_SECONDS)
        assert found, "the simulator did not start"
        running = found[0]
        assert isinstance(running, Running)
        yield running
    finally:
        loop, event = stop[0]
        if thread.is_alive():
            loop.call_soon_threadsafe(event.set)
        thread.join()


def key_of(running: Running, account: str, name: str) -> ApiKey:
    """One of the accounts' keys."""
    return next(each for each in running.keys if (each.account, each.name) == (account, name))


def get(address: str) -> Any:
    """The JSON of an address, numbers exact."""
    with urllib.request.urlopen(address, timeout=10) as answer:
        return json.loads(answer.read(), parse_float=Decimal)


def post(address: str, document: Any = None) -> Any:
    """What the simulator's hooks answer, the error too."""
    body = json.dumps({} if document is None else document).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(address, body), timeout=10) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return json.loads(error.read())


class Signer:
    """A client of a few lines, written from the documentation and not from our own signing."""

    def __init__(self, running: Running, key: ApiKey) -> None:
        self.rest = running.rest
        self.key = key
        self.nonce = time.time_ns()
        self.timeout = 10.0

    def __call__(self, method: str, /, **fields: Any) -> Any:
        """The whole envelope of a private call with a form body."""
        self.nonce += 1
        body = urllib.parse.urlencode({"nonce": self.nonce, **fields}).encode()
        return self.send(method, body, str(self.nonce))

    def send(self, method: str, body: bytes, nonce: str, **headers: str) -> Any:
        """Send a body as it is, signed."""
        path = f"/0/private/{method}"
        inner = path.encode() + hashlib.sha256(nonce.encode() + body).digest()
        sign = hmac.new(base64.b64decode(self.key.secret), inner, hashlib.sha512).digest()
        named = {"API-Key": self.key.key, "API-Sign": base64.b64encode(sign).decode(), **headers}
        request = urllib.request.Request(self.rest + path, body, named)
        with urllib.request.urlopen(request, timeout=self.timeout) as answer:
            return json.loads(answer.read(), parse_float=Decimal)
