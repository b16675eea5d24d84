"""The whole live path beside a simulated Kraken: our service in this loop, the venue in a thread.

Both go at the same speed, so a test of minutes takes seconds. The predictor is a function of the
features alone; it often changes its mind, so that much is bought and sold.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from actors.currencies import PAIRS as CURRENCY_PAIRS
from actors.kernel.envelope import Input
from actors.kernel.step import StepResult
from actors.messages.base import Message
from actors.messages.control import Tick
from actors.messages.execution import Fill
from actors.messages.market import BookSlice, CandleSlice, TradeSlice
from actors.messages.order import OrderState, OrderUpdate, SubmitOrder
from actors.messages.reconciliation import VenueSnapshot
from actors.messages.risk import IntentRefused, TradingStateChanged
from actors.model_statement import ModelStatement
from actors.ports import Predictor
from actors.risk.profile import RiskProfile
from adapters.kraken.public_market import PATIENCE
from adapters.kraken.signing import Credentials
from adapters.kraken_simulator.faults.script import Fault
from adapters.kraken_simulator.serving.launch import Running
from adapters.kraken_simulator.serving.plan import Plan, account_of
from service.bundles import Choice
from service.drivers.feeding import Limits
from service.drivers.silent import Silent
from service.drivers.trading import RunPlan, RunResult, trade
from service.ingress import Ingress
from service.kraken_account import kraken_account
from service.live_market import LiveMarket
from service.outside_venue import OutsideVenue
from service.pump import Observer
from service.segment import OpenSegment
from service.settings import Settings, load_settings
from service.stores import FILE
from service.tally import Tally
from service.venue_clock import venue_clock
from tests.simulated_kraken import key_of, post, simulated_kraken
from tests.spoken_model import activated
from tests.strategy_desk import spoken
from tests.trading_witness import StepWitness

SYMBOLS = ("BTC/USD", "ETH/USD", "SOL/USD", "XRP/USD")
SPEED = 20
FUNDS = Decimal(10_000)
NOTICE = "not a market result"
QUIET_SECONDS = 9.0
"""Of the wall: two readings of the lists, which lag by a minute of the venue's time."""


TROUBLE = (
    Fault(where="ws:add_order", what="reset_after", every=9),
    Fault(where="ws:add_order", what="error", text="EService:Unavailable", done=True, every=7),
    Fault(where="ws:executions", what="lose", every=20),
    Fault(where="ws:executions", what="duplicate", every=6),
    Fault(where="ws:book", what="wrong_checksum", every=900),
    Fault(where="rest:TradesHistory", what="html_520", every=5),
    Fault(where="rest:OpenOrders", what="truncate", every=6),
)
"""Seven kinds of it, again and again."""

_MARKET = (BookSlice, TradeSlice, CandleSlice, Tick)
_RECORDS = (OrderUpdate, IntentRefused, SubmitOrder, Fill, TradingStateChanged)

UP, DOWN = spoken(800_000, 30_000, 5_000), spoken(150_000, -30_000, 5_000)
"""What the model says of every horizon."""


class Fickle:
    """Up or down by a digit of the first feature, far beyond every cost: a coin that replays."""

    bundle_id = "fickle"
    marker = ""

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Whole predictions in millionths."""
        up = np.floor(np.abs(features[:, :1]) * 1e7) % 2 == 0
        return np.where(up, UP, DOWN).astype("<i4")


class Restless:
    """All up, all down, and so on, a bar each: what it said is on the record, and replays."""

    bundle_id = "restless"
    marker = ""

    def __init__(self) -> None:
        self._up = False

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Whole predictions in millionths."""
        self._up = not self._up
        said = UP if self._up else DOWN
        return np.tile(np.array(said, dtype="<i4"), (len(features), 1))


class Hasty(Choice, frozen=True):
    """A choice that trades as soon as it may."""

    @property
    def predictor(self) -> Predictor | None:
        return Restless()

    @property
    def statement(self) -> ModelStatement | None:
        return activated(Restless.bundle_id)


READINGS = 2
"""Of the lists after the last trade: they lag by a minute of the venue's time."""
AT_ONCE: dict[str, Any] = {"entry_persistence_count": 1}
"""A strategy that needs to be told once."""
HASTY: dict[str, Any] = {**AT_ONCE, "cool_down_fill_ns": 1, "cool_down_refusal_ns": 1}
"""A strategy that waits for nothing."""


class Fickly(Choice, frozen=True):
    """A choice without a bundle that predicts nevertheless."""

    @property
    def predictor(self) -> Predictor | None:
        return Fickle()

    @property
    def statement(self) -> ModelStatement | None:
        return activated(Fickle.bundle_id)


SILENT = Choice(None, "not a market result")
"""Without a model nothing is decided but what an operator asks for."""


@dataclass
class Session:
    """A run that goes on: what it says, and the running parts once it is open."""

    venue: Running
    home: Path
    steps: StepWitness = field(default_factory=StepWitness)
    said: list[str] = field(default_factory=list)
    told: list[tuple[int, Message]] = field(default_factory=list)
    """Inputs other than market data, and records, with the time of each."""
    segment: OpenSegment | None = None
    tally: Tally | None = None
    outside: OutsideVenue | None = None
    until_done: bool = False
    """The session ends, after the quiet time, when what happens beside it has happened."""
    ingress: Ingress | None = None
    is_open: asyncio.Event = field(default_factory=asyncio.Event)


class _Watch(Silent):
    def __init__(self, session: Session) -> None:
        self._session = session

    def observers(self) -> tuple[Observer, ...]:
        return (self._see,)

    def _see(self, entry: Input, result: StepResult) -> None:
        told = self._session.told
        if type(entry.body) not in _MARKET:
            told.append((entry.at, entry.body))
        told += [(e.at, e.body) for e in result.records if type(e.body) in _RECORDS]
        told += [(e.at, e.body) for e in result.notes]

    async def opened(self, segment: OpenSegment, tally: Tally, *_: object) -> None:
        self._session.segment, self._session.tally = segment, tally
        self._session.is_open.set()


# A case needs orders, and an hour of the venue passes in three minutes: no rest, no pace, no day,
# and room for what is one risk as long as nobody has seen a week.
UNHURRIED = {
    "cluster_cap_micros": 200_000,
    "loss_cool_down_ns": 0,
    "entries_per_minute_max_count": 1_000,
    "daily_loss_max_micros": 500_000,
}


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


def settings_of(home: Path, venue: Running, *, tier: str = "pro", **more: Any) -> Settings:
    """The service at that venue."""
    sockets = (f"{venue.sockets}/v2", f"{venue.sockets}/v2-auth")
    return settings_at(home, venue.rest, sockets, tier=tier, **more)


def settings_at(
    home: Path, rest: str, sockets: tuple[str, str], *, tier: str, **more: Any
) -> Settings:
    """The service at those addresses (public, private): minute bars, a decision a second.

    Its limits are beyond bounds, and its runs say so: no person may set what a hurried venue needs.
    """
    risk = RiskProfile(**more.pop("risk", UNHURRIED))
    found = load_settings(
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
            "strategy": AT_ONCE,
            "kraken": {
                "rest_url": rest,
                "public_socket_url": sockets[0],
                "private_socket_url": sockets[1],
                "tier": tier,
                # The wall is shared with other tests, and goes SPEED times too fast here.
                "clock_skew_ms_max": 60_000,
            },
            **more,
        },
    )
    return msgspec.structs.replace(found, risk=risk, beyond_bounds=True)


def trade_live(
    home: Path,
    seconds: float,
    *,
    plan: Plan | None = None,
    during: Callable[[Session], Coroutine[Any, Any, None]] | None = None,
    choice: Choice | None = None,
    until_done: bool = False,
    tier: str = "pro",
    **more: Any,
) -> tuple[RunResult, Session, dict[str, Any]]:
    """Trade so many wall seconds; the result, the session, and the venue's own account at the end.

    `during` runs beside it. A further run with the same `home` goes on with the account.
    """
    with simulated_kraken(plan or plan_of()) as venue:
        session = Session(venue, home, until_done=until_done)
        result = asyncio.run(
            _run(
                home,
                seconds,
                session,
                during,
                {"tier": tier, **more},
                choice=choice or Fickly(None, NOTICE),
            )
        )
        exchange = venue.simulator.live.exchange
        account = {
            "wallets": {each.asset: each for each in exchange.wallets("alpha")},
            "fills": exchange.fills("alpha"),
            "open": exchange.open_orders("alpha"),
            "closed": exchange.closed_orders("alpha"),
            "asked": dict(venue.simulator.live.asked),
            "refused": dict(venue.simulator.live.refused),
        }
    return result, session, account


async def _run(
    home: Path,
    seconds: float,
    session: Session,
    during: Callable[[Session], Coroutine[Any, Any, None]] | None,
    more: dict[str, Any],
    *,
    choice: Choice,
) -> RunResult:
    venue = session.venue
    settings = settings_of(home, venue, **more)
    clock = await venue_clock(settings.kraken.public_socket_url, SPEED)
    pause = PATIENCE.public_pause / SPEED
    traded = tuple(each for each in venue.plan.symbols if each not in CURRENCY_PAIRS)
    market = LiveMarket(settings, traded, clock=clock, pause_seconds=pause)
    key = key_of(venue, "alpha", "trade")
    limits = Limits(seconds=seconds)
    plan = RunPlan("PAPER", FILE, str(home / "journal"), limits=limits, speed=1.0, verify=False)
    credentials = Credentials(key.key, key.secret)
    async with kraken_account(settings, credentials, clock, market) as outside:
        session.outside = outside
        beside = asyncio.ensure_future(_beside(session, seconds, during))
        session.ingress = outside.ingress
        result = await trade(
            settings,
            market,
            choice,
            plan,
            watchers=(_Watch(session), session.steps),
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
    if session.until_done and doing is not None:
        await asyncio.wait({doing}, timeout=seconds - QUIET_SECONDS)
    else:
        await asyncio.sleep(seconds - QUIET_SECONDS)
    hook = f"{session.venue.rest}/simulator/status"
    await asyncio.to_thread(post, hook, {"status": "cancel_only"})
    if session.until_done:
        await _settled(session)
        signal.raise_signal(signal.SIGTERM)
    if doing is not None:
        await doing


async def _settled(session: Session) -> None:
    """Wait until the lists were read twice more and no order is unknown, or the quiet time."""
    assert session.segment is not None
    kernel, seen = session.segment.pump.kernel, len(session.told)
    ends = time.monotonic() + 2 * QUIET_SECONDS

    def is_settled() -> bool:
        lists = [b for _, b in session.told[seen:] if isinstance(b, VenueSnapshot) and not b.more]
        live = kernel.actor("orders").state.live.values()
        is_sure = all(each.state is not OrderState.UNKNOWN for each in live)
        return is_sure and len(lists) >= READINGS

    for _ in iter(lambda: is_settled() or time.monotonic() > ends, True):
        await asyncio.sleep(0.1)
