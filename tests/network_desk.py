"""The whole live path with bad weather between service and venue: a case and what it left behind.

Three proxies stand before the simulated venue (REST, public socket, private socket); a case plays
with them while the service trades. Then the venue stops matching, facts come in, and the run ends
as by an operator's signal. What has to hold afterwards is in `standing_invariants`.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import numpy as np

from actors.instant import SECOND_NS
from actors.messages.order import OrderState
from actors.model_statement import ModelStatement
from actors.ports import Predictor
from adapters.kraken.clock import EdgeClock
from adapters.kraken.signing import Credentials
from adapters.kraken_simulator.faults.script import Fault
from adapters.kraken_simulator.keys.store import ApiKey
from adapters.kraken_simulator.serving.launch import Running
from adapters.kraken_simulator.serving.plan import Plan
from ops.benchmarks.entries import all_kept_out
from service.bundles import Choice
from service.cli.showing import watchers_of
from service.drivers.feeding import Limits
from service.drivers.silent import Silent
from service.drivers.trading import RunPlan, RunResult, trade
from service.kraken_account import kraken_account
from service.live_market import LiveMarket
from service.observe.port import read_place
from service.segment import OpenSegment
from service.settings import Settings
from service.stores import FILE
from tests.live_desk import AT_ONCE, SPEED, Fickle, plan_of, settings_of
from tests.network_proxy import HERE, Proxy, serving
from tests.simulated_kraken import key_of, post, simulated_kraken
from tests.spoken_model import activated
from tests.trading_witness import Shown, StepWitness, WireWitness

COOL_DOWN_NS = 10 * SECOND_NS
LONGEST_SECONDS = 200.0
"""Of the wall: whatever goes wrong, a case ends."""
AGAIN_SECONDS = 30.0
"""Of the wall: from the end of all faults until every symbol could be entered, unless a case says
another bound. The next order follows the model's next change of mind.
"""
ORDER_SECONDS = 60.0
SETTLE_SECONDS = 60.0
SAMPLE_SECONDS = 0.2


class Restless(Fickle):
    """As fickle, by the feature that is there soonest after a bar with a hole."""

    bundle_id = "restless"

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Missing is down."""
        return super().predict(np.nan_to_num(features[:, 1:2], nan=1e-7))


class Restlessly(Choice, frozen=True):
    """A choice without a bundle that predicts nevertheless."""

    @property
    def predictor(self) -> Predictor | None:
        return Restless()

    @property
    def statement(self) -> ModelStatement | None:
        return activated(Restless.bundle_id)


@dataclass
class Desk:
    """A run that goes on, and everything that a case may play with."""

    venue: Running
    key: ApiKey
    rest: Proxy
    public: Proxy
    private: Proxy
    wire: WireWitness
    steps: StepWitness
    said: list[str] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)
    metrics: list[str] = field(default_factory=list)
    segment: OpenSegment | None = None
    market: LiveMarket | None = None
    is_open: asyncio.Event = field(default_factory=asyncio.Event)
    again_seconds: float = -1.0
    """From the end of the faults until all could be entered; -1: never."""
    trouble: str = ""
    """What a case waited for in vain."""

    @property
    def proxies(self) -> tuple[Proxy, Proxy, Proxy]:
        return self.rest, self.public, self.private

    def entries_since(self, instant: float) -> int:
        """How many buys left since then."""
        return sum(each.side == "buy" and each.at >= instant for each in self.wire.orders)

    def kept_out(self) -> dict[str, str]:
        """Which symbols cannot be entered now, and why."""
        assert self.segment is not None
        return all_kept_out(self.segment.pump.kernel, self.venue.plan.symbols)

    def is_settled(self, after_ns: int) -> bool:
        """Whether nothing is in doubt, and lists that are younger than `after_ns` agree."""
        assert self.segment is not None
        kernel = self.segment.pump.kernel
        told = kernel.actor("reconciliation").state
        orders = kernel.actor("orders").state.live.values()
        waits = (OrderState.UNKNOWN, OrderState.PENDING, OrderState.SUBMITTED)
        in_doubt = any(each.state in waits or each.is_short for each in orders)
        return not (in_doubt or told.awaits or told.told.blocked) and told.cursor > after_ns

    async def until(
        self, found: Callable[[], object], seconds: float, what: str = "what a case waits for"
    ) -> float:
        """Wait until something is so; how long it took."""
        began = time.monotonic()
        while not found():
            took = time.monotonic() - began
            assert took < seconds, f"{what}: not within {seconds:g} s ({self.kept_out()})"
            await asyncio.sleep(0.02)
        return time.monotonic() - began

    async def faults(self, *faults: Fault) -> None:
        """Have the venue itself misbehave from now on."""
        told = msgspec.to_builtins(faults)
        await asyncio.to_thread(post, f"{self.venue.rest}/simulator/faults", told)

    async def reasons(self, seconds: float) -> set[str]:
        """Every reason that the endpoint gives in the next seconds."""
        began = time.monotonic()
        await asyncio.sleep(seconds)
        return {name for each in self.shown if each.at >= began for name in each.reasons}


Case = Callable[[Desk], Awaitable[None]]


@dataclass
class Left:
    """What a case left behind."""

    desk: Desk
    result: RunResult
    home: Path
    account: dict[str, Any]


class _Opened(Silent):
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def opened(self, segment: OpenSegment, *_: object) -> None:
        self._desk.segment = segment
        self._desk.is_open.set()


def weathered(
    home: Path,
    case: Case,
    *,
    plan: Plan | None = None,
    before: Callable[[Desk], None] = lambda _desk: None,
    clock: Callable[[Desk], EdgeClock] | None = None,
    **more: Any,
) -> Left:
    """Trade, play the case, let everything settle; what is left. `before` is done at the start."""
    with ExitStack() as stack:
        venue = stack.enter_context(simulated_kraken(plan or plan_of()))
        wire = WireWitness(home / "journal")
        rest, public, private = (
            Proxy(venue.port, wire.at(name)) for name in ("rest", "public", "private")
        )
        stack.enter_context(serving(rest, public, private))
        key = key_of(venue, "alpha", "trade")
        desk = Desk(venue, key, rest, public, private, wire, StepWitness())
        before(desk)
        result = asyncio.run(_run(home, desk, case, clock, more))
        exchange = venue.simulator.live.exchange
        account = {
            "wallets": {each.asset: each for each in exchange.wallets("alpha")},
            "fills": exchange.fills("alpha"),
            "open": exchange.open_orders("alpha"),
            "closed": exchange.closed_orders("alpha"),
        }
    return Left(desk, result, home, account)


def settings_through(home: Path, desk: Desk, **more: Any) -> Settings:
    """The settings of a live desk, with every address a proxy's."""
    secure = "s" if desk.venue.certificate else ""
    kraken = {
        "rest_url": f"http{secure}://{HERE}:{desk.rest.port}",
        "public_socket_url": f"ws{secure}://{HERE}:{desk.public.port}/v2",
        "private_socket_url": f"ws{secure}://{HERE}:{desk.private.port}/v2-auth",
        "tier": "pro",
        "silence_seconds": 3,
        "clock_skew_ms_max": 60_000,
        **more.pop("kraken", {}),
    }
    # Half a second of the wall between two orders in a symbol: a case need not wait for minutes.
    strategy = {
        **AT_ONCE,
        "cool_down_fill_ns": COOL_DOWN_NS,
        "cool_down_refusal_ns": COOL_DOWN_NS,
        **more.pop("strategy", {}),
    }
    return settings_of(home, desk.venue, kraken=kraken, strategy=strategy, **more)


def followed(venue: Running) -> Callable[[], int]:
    """The venue's time, also where a machine that cannot keep up has slowed it.

    A clock of our own would then be ahead for good, and entries shut, as they should be.
    """
    clock = venue.simulator.live.clock

    def now() -> int:
        passed = time.monotonic_ns() - clock._zero_ns
        return clock._started_ns + int(passed * SPEED)

    return now


async def _run(
    home: Path,
    desk: Desk,
    case: Case,
    clock: Callable[[Desk], EdgeClock] | None,
    more: dict[str, Any],
) -> RunResult:
    settings = settings_through(home, desk, **more)
    now = followed(desk.venue)
    told = EdgeClock(now, now) if clock is None else clock(desk)
    market = desk.market = LiveMarket(settings, desk.venue.plan.symbols, clock=told)
    plan = RunPlan(
        "PAPER",
        FILE,
        str(home / "journal"),
        limits=Limits(seconds=LONGEST_SECONDS),
        speed=1.0,
        verify=False,
    )
    watchers, _ = watchers_of(settings, headless=True, as_json=True, total=0)
    credentials = Credentials(desk.key.key, desk.key.secret)
    async with kraken_account(settings, credentials, told, market) as outside:
        beside = asyncio.ensure_future(_beside(desk, case))
        sampling = asyncio.ensure_future(_sampled(home, desk))
        try:
            return await trade(
                settings,
                market,
                Restlessly(None, "not a market result"),
                plan,
                watchers=(desk.steps, _Opened(desk), *watchers),
                outside=outside,
                say=desk.said.append,
            )
        finally:
            sampling.cancel()
            beside.cancel()
            await asyncio.gather(sampling, beside, return_exceptions=True)
            await desk.wire.close()


async def _beside(desk: Desk, case: Case) -> None:
    """Trade in calm, the case, trade again, settle, stop."""
    await desk.is_open.wait()
    try:
        await desk.until(lambda: desk.steps.accepted, ORDER_SECONDS, "a first order")
        await case(desk)
        orders = len(desk.steps.accepted)
        desk.again_seconds = await desk.until(
            lambda: not desk.kept_out(), ORDER_SECONDS, "entries open again"
        )
        await desk.until(
            lambda: len(desk.steps.accepted) > orders, ORDER_SECONDS, "an order after the faults"
        )
        hook = f"{desk.venue.rest}/simulator"
        await asyncio.to_thread(post, f"{hook}/faults", [])
        await asyncio.to_thread(post, f"{hook}/status", {"status": "cancel_only"})
        now_ns = desk.venue.simulator.live.now_ns()
        await desk.until(lambda: desk.is_settled(now_ns), SETTLE_SECONDS, "agreement")
    except AssertionError as error:
        desk.trouble = str(error)
    finally:
        # As an operator would; the service listens to it while it trades.
        if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
            signal.raise_signal(signal.SIGTERM)


async def _sampled(home: Path, desk: Desk) -> None:
    """Ask the endpoint again and again, as a console and a scraper would."""
    await desk.is_open.wait()
    async with aiohttp.ClientSession() as session:
        while True:
            await asyncio.sleep(SAMPLE_SECONDS)
            place = read_place(home)
            if place is None:
                continue
            with suppress(aiohttp.ClientError, TimeoutError):
                async with session.get(f"{place.address}/health/may-trade") as answer:
                    told = await answer.json()
                reasons = tuple(each["code"] for each in told["reasons"])
                desk.shown.append(Shown(time.monotonic(), reasons))
                async with session.get(f"{place.address}/metrics") as answer:
                    desk.metrics = [await answer.text()]
