"""The whole live path beside a simulated Kraken: our service in this loop, the venue in a thread.

Both go at the same speed, so a test of minutes takes seconds. The predictor is a function of the
features alone; it often changes its mind, so that much is bought and sold.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from actors.ports import Predictor
from adapters.kraken.signing import Credentials
from adapters.kraken_simulator.faults.script import Fault
from adapters.kraken_simulator.serving.launch import Running
from adapters.kraken_simulator.serving.plan import Plan, account_of
from service.bundles import Choice
from service.drivers.feeding import Limits
from service.drivers.trading import RunPlan, RunResult, Silent, trade
from service.ingress import Ingress
from service.kraken_account import kraken_account
from service.live_market import LiveMarket
from service.segment import OpenSegment
from service.settings import Settings, load_settings
from service.stores import FILE
from service.venue_clock import venue_clock
from tests.simulated_kraken import key_of, post, simulated_kraken

SYMBOLS = ("BTC/USD", "ETH/USD", "SOL/USD", "XRP/USD")
SPEED = 20
FUNDS = Decimal(10_000)
QUIET_SECONDS = 9.0
"""Of the wall: two readings of the lists, which lag by a minute of the venue's time."""


class Fickle:
    """Up or down by a digit of the first feature, far beyond every cost: a coin that replays."""

    bundle_id = "fickle"
    marker = ""

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Probability up, expected move and uncertainty in millionths."""
        up = np.floor(np.abs(features[:, :1]) * 1e7) % 2 == 0
        return np.where(up, (800_000, 30_000, 5_000), (150_000, -30_000, 5_000)).astype("<i4")


class Fickly(Choice, frozen=True):
    """A choice without a bundle that predicts nevertheless."""

    @property
    def predictor(self) -> Predictor | None:
        return Fickle()


FICKLE = Fickly(None, "not a market result")
SILENT = Choice(None, "not a market result")
"""Without a model nothing is decided but what an operator asks for."""


@dataclass
class Session:
    """A run that goes on: what it says, and the running parts once it is open."""

    venue: Running
    said: list[str] = field(default_factory=list)
    segment: OpenSegment | None = None
    ingress: Ingress | None = None
    is_open: asyncio.Event = field(default_factory=asyncio.Event)


class _Watch(Silent):
    def __init__(self, session: Session) -> None:
        self._session = session

    async def opened(self, segment: OpenSegment, *_: object) -> None:
        self._session.segment = segment
        self._session.is_open.set()


def plan_of(symbols: tuple[str, ...] = SYMBOLS, faults: tuple[Fault, ...] = ()) -> Plan:
    """A venue with one account of ours."""
    return Plan(
        seed=11,
        started_ns=time.time_ns(),
        accounts=(account_of(f"alpha=USD:{FUNDS}", "pro"),),
        speed=Fraction(SPEED),
        symbols=symbols,
        faults=faults,
    )


def settings_of(home: Path, venue: Running, **more: Any) -> Settings:
    """The service at that venue: minute bars, a decision a second."""
    return load_settings(
        None,
        overrides={
            "data_dir": str(home),
            "market": {
                "bar_interval_seconds": 60,
                "heartbeat_seconds": 1,
                "stale_after_seconds": 60,
                "settle_ms": 2000,
            },
            "venue": {"outside": True},
            "orders": {"reconcile_seconds": 60},
            "kraken": {
                "rest_url": venue.rest,
                "public_socket_url": f"{venue.sockets}/v2",
                "private_socket_url": f"{venue.sockets}/v2-auth",
                "tier": "pro",
                # The wall is shared with other tests, and goes SPEED times too fast here.
                "clock_skew_ms_max": 60_000,
            },
            **more,
        },
    )


def trade_live(
    home: Path,
    seconds: float,
    *,
    plan: Plan | None = None,
    during: Callable[[Session], Coroutine[Any, Any, None]] | None = None,
    choice: Choice = FICKLE,
    **more: Any,
) -> tuple[RunResult, Session, dict[str, Any]]:
    """Trade so many wall seconds; the result, the session, and the venue's own account at the end.

    `during` runs beside it. A further run with the same `home` goes on with the account.
    """
    with simulated_kraken(plan or plan_of()) as venue:
        session = Session(venue)
        result = asyncio.run(_run(home, seconds, session, during, choice=choice, more=more))
        exchange = venue.simulator.live.exchange
        account = {
            "wallets": {each.asset: each for each in exchange.wallets("alpha")},
            "fills": exchange.fills("alpha"),
            "open": exchange.open_orders("alpha"),
            "closed": exchange.closed_orders("alpha"),
        }
    return result, session, account


async def _run(
    home: Path,
    seconds: float,
    session: Session,
    during: Callable[[Session], Coroutine[Any, Any, None]] | None,
    *,
    choice: Choice,
    more: dict[str, Any],
) -> RunResult:
    venue = session.venue
    settings = settings_of(home, venue, **more)
    clock = await venue_clock(settings.kraken.public_socket_url, SPEED)
    market = LiveMarket(settings, venue.plan.symbols, clock=clock)
    key = key_of(venue, "alpha", "trade")
    limits = Limits(seconds=seconds)
    plan = RunPlan("PAPER", FILE, str(home / "journal"), limits=limits, speed=1.0, verify=False)
    credentials = Credentials(key.key, key.secret)
    async with kraken_account(settings, credentials, clock, market.nudge) as outside:
        beside = asyncio.ensure_future(_beside(session, seconds, during))
        session.ingress = outside.ingress
        result = await trade(
            settings,
            market,
            choice,
            plan,
            watchers=(_Watch(session),),
            outside=outside,
            say=session.said.append,
        )
        await beside
        return result


async def _beside(
    session: Session, seconds: float, during: Callable[[Session], Coroutine[Any, Any, None]] | None
) -> None:
    """What happens meanwhile; towards the end the venue takes no orders, and all facts come in."""
    doing = asyncio.ensure_future(during(session)) if during is not None else None
    await session.is_open.wait()
    await asyncio.sleep(seconds - QUIET_SECONDS)
    hook = f"{session.venue.rest}/simulator/status"
    await asyncio.to_thread(post, hook, {"status": "cancel_only"})
    if doing is not None:
        await doing
