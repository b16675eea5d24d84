"""Starts a simulator on the loopback address and tells what a client must know to use it."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from adapters.kraken_simulator.exchange import Exchange
from adapters.kraken_simulator.faults.script import FaultScript
from adapters.kraken_simulator.keys.ring import KeyRing
from adapters.kraken_simulator.keys.store import ApiKey, keys_of
from adapters.kraken_simulator.recorded import moved_to
from adapters.kraken_simulator.serving.application import Simulator
from adapters.kraken_simulator.serving.certificate import server_context, write_certificate
from adapters.kraken_simulator.serving.clock import ExchangeClock
from adapters.kraken_simulator.serving.live import LiveExchange
from adapters.kraken_simulator.serving.plan import Plan
from adapters.kraken_simulator.wire import SECOND_NS, rfc3339

LOOPBACK: Final = "127.0.0.1"
SHUTDOWN_SECONDS: Final = 1.0


class Running:
    """A simulator that serves: where, and with which keys."""

    def __init__(
        self, plan: Plan, simulator: Simulator, port: int, certificate: Path | None
    ) -> None:
        self.plan = plan
        self.simulator = simulator
        self.port = port
        self.certificate = certificate

    @property
    def rest(self) -> str:
        """The address in place of https://api.kraken.com."""
        return f"{'https' if self.certificate else 'http'}://{LOOPBACK}:{self.port}"

    @property
    def sockets(self) -> str:
        """The address in place of wss://ws.kraken.com, without /v2."""
        return f"{'wss' if self.certificate else 'ws'}://{LOOPBACK}:{self.port}"

    @property
    def keys(self) -> tuple[ApiKey, ...]:
        """Every account's keys."""
        return self.simulator.ring.keys

    def described(self, *, keys: bool) -> dict[str, Any]:
        """Everything that a client must know, as one JSON object."""
        return {
            "simulator": "kraken",
            "port": self.port,
            "rest": self.rest,
            "websocket": f"{self.sockets}/v2",
            "websocket_auth": f"{self.sockets}/v2-auth",
            "hooks": f"{self.rest}/simulator",
            "certificate": None if self.certificate is None else str(self.certificate),
            "seed": self.plan.seed,
            "speed": float(self.plan.speed),
            "started": rfc3339(self.plan.started_ns),
            "pairs": list(self.plan.symbols),
            "accounts": [
                {
                    "account": spec.account,
                    "tier": spec.tier,
                    "balances": {name: str(amount) for name, amount in spec.balances.items()},
                    "keys": [
                        _key_row(each)
                        for each in self.keys
                        if keys and each.account == spec.account
                    ],
                }
                for spec in self.plan.accounts
            ],
        }


def _key_row(key: ApiKey) -> dict[str, Any]:
    return {
        "name": key.name,
        "key": key.key,
        "secret": key.secret,
        "permissions": list(key.permissions),
        "otp_secret": key.otp_secret,
    }


def made(plan: Plan) -> Simulator:
    """The simulator of a plan, traded warm, not yet serving; its clock starts before that.

    A venue that starts "now" so has the world's time, however long it takes to make.

    Raises ValueError for a pair that there is not.
    """
    clock = ExchangeClock(plan.started_ns, plan.speed)
    opened_ns = plan.started_ns - plan.warm_up_seconds * SECOND_NS
    exchange = Exchange(
        seed=plan.seed,
        started_ns=opened_ns,
        accounts=plan.accounts,
        symbols=plan.symbols,
        conduct=plan.conduct,
        recorded=tuple(moved_to(each, opened_ns) for each in plan.recorded),
    )
    exchange.advance(plan.started_ns)
    if plan.warm_up_seconds:
        # What lies before the start is made now, not while a client waits for its ticker.
        for symbol in plan.symbols:
            exchange.ticker(symbol)
    keys = tuple(
        key for spec in plan.accounts for key in keys_of(plan.seed, spec.account, spec.tier)
    )
    live = LiveExchange(exchange, clock)
    ring = KeyRing(plan.seed, keys, plan.started_ns)
    return Simulator(live, ring, FaultScript(plan.faults, plan.started_ns), plan.seed)


@asynccontextmanager
async def serving(plan: Plan) -> AsyncIterator[Running]:
    """Serve a plan's simulator while the context is open. Raises OSError when it cannot listen."""
    with contextlib.ExitStack() as stack:
        certificate, context = None, None
        if plan.tls:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="kraken-simulator-"))
            certificate = write_certificate(Path(folder))
            context = server_context(certificate)
        simulator = made(plan)
        runner = web.AppRunner(
            simulator.application(), access_log=None, shutdown_timeout=SHUTDOWN_SECONDS
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, LOOPBACK, plan.port, ssl_context=context).start()
            yield Running(plan, simulator, runner.addresses[0][1], certificate)
        finally:
            await runner.cleanup()
