"""Modes, limits, doubts and a key that is taken back, over the whole live path.

The busiest day that the gates permit is never refused by a limit of the venue. What the venue does
refuse is asked again a bounded number of times, and trading goes on when the cause is gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.messages.execution import SubmitOutcome
from actors.messages.market import FeedEvent, FeedStatus
from actors.messages.order import SubmitOrder
from adapters.kraken_simulator.views import AccountSpec
from service.feeds import UNIVERSE
from tests.live_books import assert_sound
from tests.live_desk import FUNDS, SPEED, Session, plan_of
from tests.venue_day import (
    Day,
    another,
    answered,
    day,
    held,
    hook,
    of,
    until,
)

pytestmark = pytest.mark.timeout(600)
ADD = "ws:add_order"
MODE = "EService:Market in {} mode"
STARTER = {"tier": "starter"}
AT_THE_TOUCH = {"collar_micros": 0}
LIMITS = ("Rate limit", "Too many requests", "Throttled", "Temporary lockout", "Orders limit")


def refused_by_a_limit(found: Day) -> dict[str, int]:
    """What the venue refused because we asked too much."""
    return {text: n for text, n in found.refused.items() if any(each in text for each in LIMITS)}


async def shut_a_pair(session: Session) -> None:
    """A pair that we hold takes no orders for a while."""
    symbol = await held(session)
    await hook(session, "status", symbol=symbol, status="cancel_only")
    await until(lambda: answered(session, SubmitOutcome.WRONG_MODE, symbol))
    await hook(session, "status", symbol=symbol, status="online")
    await another(session, symbol)


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Day:
    """A busy day at the tightest tier, in which a pair is shut for a while."""
    return busy_day(tmp_path_factory.mktemp("busy"), shut_a_pair, UNIVERSE[:12])


def busy_day(
    home: Path,
    during: Callable[[Session], Coroutine[Any, Any, None]],
    symbols: tuple[str, ...],
    reconcile_seconds: int = 60,
) -> Day:
    """As much as the gates permit: decisions each second, orders that are soon called back."""
    ours = AccountSpec(account="alpha", balances={"USD": FUNDS}, tier="starter")
    plan = msgspec.structs.replace(plan_of(symbols=symbols), accounts=(ours,))
    return day(
        home,
        during,
        plan=plan,
        tier="starter",
        orders={"lifetime_seconds": 40, "reconcile_seconds": reconcile_seconds},
    )


def test_a_busy_day_ends_with_the_books_of_the_venue(busy: Day) -> None:
    assert_sound(busy.result, busy.session, busy.account)


def test_b15_the_busiest_permitted_trading_is_never_refused_by_a_limit(busy: Day) -> None:
    """Acceptance: calls and orders, both counters, at the tier with the least room."""
    assert busy.result.card.orders > 20
    assert busy.account["asked"][ADD] > 20
    assert refused_by_a_limit(busy) == {}


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_an_hour_of_thirty_symbols_is_never_refused_by_a_limit(tmp_path: Path) -> None:
    async def an_hour(session: Session) -> None:
        await asyncio.sleep(3600 / SPEED)

    # While lists are read nothing is bought, and the tightest tier reads them slowly.
    found = busy_day(tmp_path, an_hour, UNIVERSE, reconcile_seconds=180)
    assert_sound(found.result, found.session, found.account)
    assert found.result.card.orders > 100
    assert refused_by_a_limit(found) == {}


def test_b13_a_pair_that_takes_no_orders_is_not_asked_again_and_again(busy: Day) -> None:
    """Entries stop at once; a sale is refused at most twice, and trading goes on afterwards."""
    told = [e for e in of(busy.session, FeedStatus) if e.symbol >= 0]
    shut, opened = (e for e in told if e.stream == "instrument")
    symbol = UNIVERSE[shut.symbol]
    assert opened.symbol == shut.symbol
    assert (shut.event, opened.event) == (FeedEvent.CANCEL_ONLY, FeedEvent.ONLINE)
    assert (shut.detail, opened.detail) == ("cancel_only", "online"), "the words are shown"
    bodies = [body for _, body in busy.session.told]
    meanwhile = bodies[bodies.index(shut) : bodies.index(opened)]
    sent = [e for e in meanwhile if isinstance(e, SubmitOrder) and e.symbol == symbol]
    assert 0 < len(sent) <= 2
    assert [e for e in of(busy.session, SubmitOrder, opened) if e.symbol == symbol]
