"""Faults of the venue's own making, over the whole live path: rules, modes, limits, people.

Each row is something that Kraken does. After every one the books are the venue's, an order has at
most one effect, and nothing is asked for again and again.
"""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from actors.messages.control import PairRulesChanged
from actors.messages.order import OrderState, OrderUpdate, SubmitOrder
from adapters.kraken_simulator.faults.script import Fault
from service.drivers.trading import RunResult
from tests.live_desk import HASTY, NOTICE, Hasty, Session, plan_of, trade_live
from tests.simulated_kraken import post
from tests.simulation.test_live_venue import assert_sound

pytestmark = pytest.mark.timeout(240)
SECONDS = 20.0


async def hook(session: Session, name: str, **fields: Any) -> Any:
    """Something happens to the venue."""
    told = await asyncio.to_thread(post, f"{session.venue.rest}/simulator/{name}", fields)
    assert "result" in told, (name, fields, told)
    return told["result"]


async def until(session: Session, found: Any, seconds: float = 15.0) -> None:
    """Wait until something is so."""
    ends = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < ends, "it did not come about"
        await asyncio.sleep(0.05)


def of(session: Session, kind: type) -> list[Any]:
    """What was told of a kind."""
    return [body for _, body in session.told if isinstance(body, kind)]


def desk(
    home: Path, during: Any, seconds: float = SECONDS, **more: Any
) -> tuple[RunResult, Session, dict[str, Any]]:
    """A session of a strategy that waits for nothing."""
    choice = Hasty(None, NOTICE)
    return trade_live(home, seconds, during=during, choice=choice, **{**HASTY, **more})


def refusals(session: Session) -> list[OrderUpdate]:
    """Orders that the venue refused."""
    return [each for each in of(session, OrderUpdate) if each.state is OrderState.REJECTED]


COARSE = {"tick": "0.5", "order_min": "0.0021", "cost_min": "5"}


async def new_rules(session: Session) -> None:
    """Bitcoin's rules become coarser."""
    await until(session, lambda: of(session, SubmitOrder))
    await hook(session, "steps", symbol="BTC/USD", lot_decimals=3, **COARSE)


def test_b11_orders_keep_to_rules_that_change_in_session(tmp_path: Path) -> None:
    t0 = time.monotonic()
    result, session, account = desk(tmp_path, new_rules)
    print("took", time.monotonic() - t0)
    (change,) = of(session, PairRulesChanged)
    assert (change.symbol, change.tick, change.lot) == ("BTC/USD", Decimal("0.5"), Decimal("0.001"))
    assert change.source == "instrument"
    place = next(n for n, (_, body) in enumerate(session.told) if body is change)
    later = [b for _, b in session.told[place:] if isinstance(b, SubmitOrder)]
    ours = [each for each in later if each.symbol == "BTC/USD"]
    print(len(later), len(ours), [each.reason for each in refusals(session)], result.card)
    assert ours
    for each in ours:
        assert each.limit_price % Decimal("0.5") == 0
        assert each.quantity % Decimal("0.001") == 0
    assert not refusals(session)
    assert_sound(result, session, account)
