"""A day at a venue that does as it likes: short sessions of a strategy that waits for nothing.

Every bar all is bought or all is sold, so that whatever the venue does meets orders soon.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from actors.instant import SECOND_NS
from actors.messages.base import Message
from actors.messages.decision import Side
from actors.messages.execution import Fill, SubmitAnswered, SubmitOutcome
from actors.messages.order import SubmitOrder
from actors.orders.state import OrdersState
from adapters.kraken_simulator.serving.plan import Plan
from service.drivers.trading import RunResult
from tests.live_desk import HASTY, NOTICE, UNHURRIED, Hasty, Session, trade_live
from tests.simulated_kraken import get, post

M = TypeVar("M", bound=Message)
RISK = {
    **UNHURRIED,
    # A busy machine takes a quarter of a second for anything, which is five of the venue's.
    "mark_max_age_ns": 60 * SECOND_NS,
    "decision_max_age_ns": 20 * SECOND_NS,
}
MOST_SECONDS = 420.0
"""Of the wall, should something never come about."""
PATIENCE_SECONDS = 180.0
"""Of the wall, until one thing has: it takes seconds, and minutes on a busy machine."""
ORDERS: dict[str, Any] = {
    "reconcile_seconds": 60,
    # The way to the venue takes SPEED times its time here.
    "deadline_seconds": 30,
    "decision_age_max_seconds": 20,
}


@dataclass
class Day:
    """What a session came to, for us and for the venue."""

    result: RunResult
    session: Session
    account: dict[str, Any]

    @property
    def refused(self) -> dict[str, int]:
        """What the simulator refused, by method and error."""
        refused: dict[str, int] = self.account["refused"]
        return refused


def day(
    home: Path,
    during: Callable[[Session], Coroutine[Any, Any, None]],
    *,
    plan: Plan | None = None,
    strategy: dict[str, Any] | None = None,
    tier: str = "pro",
    **more: Any,
) -> Day:
    """A session in which that happens; it ends when it has, and all facts have come in."""
    settings = {"strategy": {**HASTY, **(strategy or {})}, **more}
    settings["risk"] = RISK
    settings["orders"] = {**ORDERS, **more.get("orders", {})}
    found = trade_live(
        home,
        MOST_SECONDS,
        plan=plan,
        during=during,
        choice=Hasty(None, NOTICE),
        until_done=True,
        tier=tier,
        **settings,
    )
    return Day(*found)


async def hook(session: Session, name: str, /, **fields: Any) -> Any:
    """Something happens to the venue."""
    told = await asyncio.to_thread(post, f"{session.venue.rest}/simulator/{name}", fields)
    assert "result" in told, (name, fields, told)
    return told["result"]


async def by_hand(session: Session, name: str, /, **fields: Any) -> Any:
    """Somebody uses the account at the web site."""
    return await hook(session, f"accounts/alpha/{name}", **fields)


async def faults(session: Session, *rows: dict[str, Any]) -> None:
    """Set these faults instead of all before."""
    told = await asyncio.to_thread(post, f"{session.venue.rest}/simulator/faults", list(rows))
    assert "result" in told, told


async def resting(session: Session) -> dict[str, Any]:
    """The account's open orders at the venue, by its id."""
    found = await asyncio.to_thread(get, f"{session.venue.rest}/simulator/accounts/alpha")
    orders: dict[str, Any] = found["result"]["open"]
    return orders


async def until(found: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until something is so."""
    ends = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < ends, "it did not come about"
        await asyncio.sleep(0.05)


async def trading(session: Session, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until something has been bought."""
    await until(lambda: of(session, SubmitOrder), seconds)


def of(session: Session, kind: type[M], since: Message | None = None) -> list[M]:
    """What was told of a kind, after a message when one is given."""
    bodies = [body for _, body in session.told]
    first = 0 if since is None else next(n for n, body in enumerate(bodies) if body is since)
    return [body for body in bodies[first:] if isinstance(body, kind)]


def answered(session: Session, outcome: SubmitOutcome, symbol: str = "") -> list[SubmitAnswered]:
    """What the venue answered to orders (of a symbol)."""
    ours = {each.cl_ord_id for each in of(session, SubmitOrder) if symbol in ("", each.symbol)}
    told = of(session, SubmitAnswered)
    return [each for each in told if each.outcome is outcome and each.cl_ord_id in ours]


async def another(session: Session, symbol: str = "", seconds: float = PATIENCE_SECONDS) -> None:
    """Wait for a further order (in a symbol) that the venue takes."""
    before = len(answered(session, SubmitOutcome.ACCEPTED, symbol))
    await until(lambda: len(answered(session, SubmitOutcome.ACCEPTED, symbol)) > before, seconds)


async def held(session: Session, symbol: str = "") -> str:
    """Wait until what we traded last in a symbol (any, unless named) is a purchase; that symbol."""

    def holds() -> str:
        last = {each.symbol: each.side for each in of(session, Fill)}
        bought = (name for name, side in last.items() if side is Side.BUY)
        return next((name for name in bought if symbol in ("", name)), "")

    await until(holds)
    return holds()


async def said(session: Session, message: Message) -> None:
    """An input by the way that the venue's facts take."""
    assert session.outside is not None
    await session.outside.ingress.put(message)


def asked(session: Session, method: str) -> int:
    """How often the venue was asked something so far."""
    return session.venue.simulator.live.asked[method]


def orders_of(session: Session) -> OrdersState:
    """Our orders as they are now."""
    assert session.segment is not None
    state: OrdersState = session.segment.pump.kernel.actor("orders").state
    return state
