"""REST over HTTP: routes a path to its method and puts the answer, or the fault, on the wire.

Every answer of the exchange is HTTP 200 with `error` and `result`, refusals too.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final, NamedTuple

from aiohttp import web

from adapters.kraken_simulator.errors import Refusal
from adapters.kraken_simulator.faults.script import Fault, FaultScript
from adapters.kraken_simulator.keys.ring import INVALID_KEY, INVALID_NONCE, KeyRing, Signed
from adapters.kraken_simulator.rest.methods import CACHED, PRIVATE, PUBLIC
from adapters.kraken_simulator.rest.parsing import Params, parameters, word
from adapters.kraken_simulator.rest.request import Request
from adapters.kraken_simulator.serving.live import LiveExchange
from adapters.kraken_simulator.wire import encode

UNKNOWN_METHOD: Final = "EGeneral:Unknown method"
FOREVER_SECONDS: Final = 3_600.0
_PAGES: Final = {"html_502": (502, "Bad gateway"), "html_520": (520, "Web server error")}


class _Arrived(NamedTuple):
    """A request as it came in; what waits since then does not come later for that."""

    http: web.Request
    kind: str
    name: str
    body: bytes
    received_ns: int


class RestFace:
    """Answers /0/public/X and /0/private/X."""

    def __init__(self, live: LiveExchange, ring: KeyRing, faults: FaultScript) -> None:
        self._live = live
        self._ring = ring
        self._faults = faults

    async def answer(self, http: web.Request) -> web.StreamResponse:
        """Answer one request, or do to it what the fault script says."""
        kind, name = http.match_info["kind"], http.match_info["name"]
        arrived = _Arrived(http, kind, name, await http.read(), self._live.now_ns())
        self._live.asked[f"rest:{name}"] += 1
        fault = self._faults.strike(f"rest:{name}")
        if fault is None:
            return _reply(name, self._answered(arrived))
        return await self._faulty(arrived, fault)

    async def _faulty(self, arrived: _Arrived, fault: Fault) -> web.StreamResponse:
        http, name = arrived.http, arrived.name
        if fault.what == "reset_before":
            return _reset(http)
        if fault.what == "delay":
            await asyncio.sleep(fault.seconds)
        by_default = fault.what != "error"
        answer = b""
        if by_default if fault.done is None else fault.done:
            answer = self._answered(arrived)
        if fault.what == "late":
            await asyncio.sleep(fault.seconds)
        elif fault.what == "lose":
            await asyncio.sleep(FOREVER_SECONDS)
        elif fault.what == "reset_after":
            return _reset(http)
        elif fault.what == "truncate":
            return await _truncated(http, answer)
        elif fault.what == "error":
            return _reply(name, encode({"error": [fault.text]}))
        elif fault.what in _PAGES:
            status, title = _PAGES[fault.what]
            page = f"<html><head><title>{status}: {title}</title></head><body>cloudflare</body>"
            return web.Response(status=status, text=page + "</html>", content_type="text/html")
        return _reply(name, answer)

    def _answered(self, arrived: _Arrived) -> bytes:
        """The envelope of a request's answer; events that it caused are told before it."""
        try:
            params = parameters(arrived.http.query, arrived.body)
            document: dict[str, Any] = {"error": [], "result": self._result(arrived, params)}
        except Refusal as refusal:
            document = {"error": [refusal.error]}
            self._live.refuse(f"rest:{arrived.name}", refusal.error)
        self._live.tell()
        return encode(document)

    def _result(self, arrived: _Arrived, params: Params) -> Any:
        name = arrived.name
        if arrived.kind == "public":
            if name not in PUBLIC:
                raise Refusal(UNKNOWN_METHOD)
            self._live.advance()
            return PUBLIC[name](self._live, params)
        method = PRIVATE.get(name)
        if method is None:
            raise Refusal(UNKNOWN_METHOD)
        now_ns = self._live.now_ns()
        key = self._ring.authenticated(_signed(arrived, params), now_ns)
        self._ring.allow(key, method.permissions, method.cost, now_ns)
        self._live.advance()
        return method.work(
            Request(
                live=self._live,
                ring=self._ring,
                key=key,
                params=params,
                received_ns=arrived.received_ns,
            )
        )


def _signed(arrived: _Arrived, params: Params) -> Signed:
    http = arrived.http
    key, sign = http.headers.get("API-Key", ""), http.headers.get("API-Sign", "")
    if not key or not sign or http.method != "POST":
        raise Refusal(INVALID_KEY)
    nonce = word(params, "nonce")
    if nonce is None:
        raise Refusal(INVALID_NONCE)
    return Signed(
        path=http.path, key=key, sign=sign, body=arrived.body, nonce=nonce, otp=word(params, "otp")
    )


def _reply(name: str, document: bytes) -> web.Response:
    headers = {"Cache-Control": "no-cache"}
    if name in CACHED:
        headers = {"Cache-Control": "public,max-age=55", "CF-Cache-Status": "MISS"}
    return web.Response(body=document, content_type="application/json", headers=headers)


def _reset(http: web.Request) -> web.Response:
    """Drop the connection without an answer."""
    if http.transport is not None:
        http.transport.abort()
    return web.Response()


async def _truncated(http: web.Request, document: bytes) -> web.StreamResponse:
    """Promise all of an answer and drop the connection after half of it."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.content_length = len(document)
    await response.prepare(http)
    await response.write(document[: len(document) // 2])
    if http.transport is not None:
        http.transport.close()
    return response
