"""Starts a simulator on the loopback address and tells what a client must know to use it."""

from __future__ import annotations

import contextlib
import tempfile
import time
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
from adapters.kraken_simulator.serving.keeper import Keeper, whole
from adapters.kraken_simulator.serving.live import LiveExchange
from adapters.kraken_simulator.serving.plan import Plan
from adapters.kraken_simulator.serving.state import Found, Identity, StateFile
from adapters.kraken_simulator.wire import SECOND_NS, rfc3339

PROCESS: Final = "kraken-simulator/1"
"""Raised whenever the same seed makes another market."""
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

    async def failed(self) -> None:
        """Return when the simulator cannot go on; raises what ended it."""
        await self.simulator.advancing()

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
            "market": self.plan.market,
            "process": PROCESS,
            "state": None if self.plan.state is None else str(self.plan.state),
            "started": rfc3339(self.simulator.started_ns),
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


def made(plan: Plan, file: StateFile | None = None) -> Simulator:
    """The simulator of a plan, traded warm, not yet serving; its clock starts before that.

    A venue that starts "now" so has the world's time, however long it takes to make. With `file`
    it goes on with what is kept there, and keeps everything there from now on.

    Raises ValueError for a pair that there is not, StateError.
    """
    found = None if file is None else file.read(_identity(plan, plan.started_ns))
    if found is not None:
        return _resumed(plan, found, file)
    clock = ExchangeClock(plan.started_ns, plan.speed)
    opened_ns = plan.started_ns - plan.warm_up_seconds * SECOND_NS
    exchange = Exchange(
        seed=plan.seed,
        started_ns=opened_ns,
        accounts=plan.accounts,
        symbols=plan.symbols,
        conduct=plan.conduct,
        recorded=tuple(moved_to(each, opened_ns) for each in plan.recorded),
        market=plan.market,
    )
    exchange.advance(plan.started_ns)
    if plan.warm_up_seconds:
        _remember(exchange)
    return _simulator(
        plan, exchange, clock, _ring(plan, plan.started_ns), file, origin_ns=opened_ns, openings=0
    )


def _resumed(plan: Plan, found: Found, file: StateFile | None) -> Simulator:
    """The simulator that goes on: no earlier than any time that it told before."""
    opens_ns = found.last.told_ns
    if plan.away == "passes":
        away_ns = max(0, time.time_ns() - found.last.wall_ns)
        passed = away_ns * plan.speed.numerator // plan.speed.denominator
        opens_ns = max(opens_ns, found.last.at_ns + passed)
    clock = ExchangeClock(opens_ns, plan.speed)
    kept = found.kept
    exchange = Exchange(
        seed=plan.seed,
        started_ns=opens_ns,
        accounts=plan.accounts,
        symbols=plan.symbols,
        conduct=plan.conduct,
        market=plan.market,
        kept=kept,
    )
    _remember(exchange)
    ring = _ring(plan, kept.origin_ns)
    ring.go_on(found.keys.values())
    return _simulator(
        plan, exchange, clock, ring, file, origin_ns=kept.origin_ns, openings=kept.openings
    )


def _remember(exchange: Exchange) -> None:
    """Make what lies before the start now, not while a client waits for its ticker."""
    for symbol in exchange.symbols:
        exchange.ticker(symbol)


def _ring(plan: Plan, made_ns: int) -> KeyRing:
    keys = tuple(
        key for spec in plan.accounts for key in keys_of(plan.seed, spec.account, spec.tier)
    )
    return KeyRing(plan.seed, keys, made_ns)


def _simulator(
    plan: Plan,
    exchange: Exchange,
    clock: ExchangeClock,
    ring: KeyRing,
    file: StateFile | None,
    *,
    origin_ns: int,
    openings: int,
) -> Simulator:
    live = LiveExchange(exchange, clock)
    if file is not None:
        file.begin(_identity(plan, origin_ns), whole(exchange, ring, openings))
        live.keeper = Keeper(exchange, ring, file, plan.speed)
    return Simulator(live, ring, FaultScript(plan.faults, exchange.now_ns), plan.seed)


def _identity(plan: Plan, origin_ns: int) -> Identity:
    return Identity(
        seed=plan.seed,
        market=plan.market,
        symbols=plan.symbols,
        accounts=plan.accounts,
        conduct=plan.conduct,
        origin_ns=origin_ns,
    )


@asynccontextmanager
async def serving(plan: Plan) -> AsyncIterator[Running]:
    """Serve a plan's simulator while the context is open.

    Raises OSError when it cannot listen or keep its state, StateError for a state that is not its.
    """
    with contextlib.ExitStack() as stack:
        file = None
        if plan.state is not None:
            file = StateFile(plan.state)
            stack.callback(file.close)
        certificate, context = None, None
        if plan.tls:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="kraken-simulator-"))
            certificate = write_certificate(Path(folder))
            context = server_context(certificate)
        simulator = made(plan, file)
        runner = web.AppRunner(
            simulator.application(), access_log=None, shutdown_timeout=SHUTDOWN_SECONDS
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, LOOPBACK, plan.port, ssl_context=context).start()
            yield Running(plan, simulator, runner.addresses[0][1], certificate)
        finally:
            await runner.cleanup()
            if isinstance(simulator.live.keeper, Keeper):
                simulator.live.keeper.close()
