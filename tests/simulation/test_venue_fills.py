"""Fills at odd moments, over the whole live path: while we are away, beside a cancel, under a word
that does not fit.

Orders are priced at the touch, so that some rest; then the market of their pair stands still and
somebody takes them, piece by piece.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from actors.ledger.state import LedgerState
from actors.messages.control import KillSwitch
from actors.messages.decision import Side
from actors.messages.execution import ExecKind, ExecutionReport, Fill
from actors.messages.market import FeedEvent, FeedStatus
from actors.messages.order import OrderState, OrderUpdate, SubmitOrder
from service.feeds import UNIVERSE
from tests.live_books import assert_sound
from tests.live_desk import Session, plan_of
from tests.venue_day import Day, by_hand, day, faults, hook, of, orders_of, resting, until

pytestmark = pytest.mark.timeout(600)
PIECES = 120
AWAY = {"where": "rest:GetWebSocketsToken", "what": "error", "every": 1}
SLOW = {"where": "ws:cancel_order", "what": "delay", "every": 1, "seconds": 0.5}
LOST = {"where": "ws:executions", "what": "lose", "occurrence": 2}
AT_THE_TOUCH = {"collar_micros": 0}
SHORT_LIVES = {"lifetime_seconds": 160}


class Story:
    """Which order each case befell."""

    def __init__(self) -> None:
        self.orders: dict[str, str] = {}

    async def rests(self, session: Session, case: str, side: str = "") -> tuple[str, Decimal]:
        """A resting order of ours whose market stands still: its id at the venue, what is left."""
        for _ in range(600):
            for order_id, order in (await resting(session)).items():
                ours = order.get("cl_ord_id")
                if not ours or ours in self.orders.values() or side not in order["descr"]["type"]:
                    continue
                symbol = next(e.symbol for e in of(session, SubmitOrder) if e.cl_ord_id == ours)
                await hook(session, "halt", symbol=symbol)
                if order_id in await resting(session):
                    self.orders[case] = ours
                    return order_id, Decimal(order["vol"]) - Decimal(order["vol_exec"])
                await hook(session, "halt", symbol=symbol, on=False)
            await asyncio.sleep(0.05)
        raise AssertionError(f"no order rests for {case}")

    async def goes_on(self, session: Session, case: str) -> None:
        """The market of a case's order moves again."""
        symbol = next(
            e.symbol for e in of(session, SubmitOrder) if e.cl_ord_id == self.orders[case]
        )
        await hook(session, "halt", symbol=symbol, on=False)

    def fills(self, session: Session, case: str) -> list[Fill]:
        """The fills of a case's order that we booked."""
        return [each for each in of(session, Fill) if each.cl_ord_id == self.orders[case]]

    def states(self, session: Session, case: str) -> list[OrderState]:
        """The states that a case's order went through."""
        updates = of(session, OrderUpdate)
        return [each.state for each in updates if each.cl_ord_id == self.orders[case]]


def piece(left: Decimal, pieces: int) -> str:
    """A part that fits so many times, and leaves a little."""
    return str((left / (pieces + 2)).quantize(Decimal("0.00000001")))


STORY = Story()


async def away(session: Session) -> None:
    """B3: our order is filled 120 times while we hear nothing."""
    order_id, left = await STORY.rests(session, "away")
    await faults(session, AWAY)
    await hook(session, "drop_connections")
    for _ in range(PIECES):
        await by_hand(session, "fill", order_id=order_id, qty=piece(left, PIECES))
    await faults(session)
    await until(lambda: len(STORY.fills(session, "away")) >= PIECES, 40.0)
    await STORY.goes_on(session, "away")


async def kill(session: Session, level: int) -> None:
    """A person sets the kill level."""
    assert session.outside is not None
    await session.outside.ingress.put(KillSwitch(level, "test", "a case"))


async def beside_a_cancel(session: Session, case: str, parts: int) -> None:
    """B7: the order is filled, in part or whole, between our request and the venue's answer."""
    order_id, left = await STORY.rests(session, case, "buy")
    await faults(session, SLOW)
    await kill(session, 1)
    await asyncio.sleep(0.2)
    share = str((left / parts).quantize(Decimal("0.00000001"))) if parts > 1 else str(left)
    await by_hand(session, "fill", order_id=order_id, qty=share)
    await until(lambda: STORY.orders[case] not in orders_of(session).live)
    await faults(session)
    await kill(session, 0)
    await STORY.goes_on(session, case)


async def lost_word(session: Session) -> None:
    """B5: the trade that completes an order says "partially filled", and "filled" never comes."""
    order_id, left = await STORY.rests(session, "word")
    half = (left / 2).quantize(Decimal("0.00000001"))
    await by_hand(session, "fill", order_id=order_id, qty=str(half))
    await until(lambda: STORY.fills(session, "word"))
    await faults(session, LOST)
    await by_hand(session, "fill", order_id=order_id)
    await until(lambda: STORY.orders["word"] not in orders_of(session).live)
    await faults(session)
    await STORY.goes_on(session, "word")


async def over_and_wordless(session: Session) -> None:
    """The cases that take long to come about."""
    await beside_a_cancel(session, "part", 2)
    await beside_a_cancel(session, "whole", 1)
    await lost_word(session)


def odd_day(home: Path, during: Callable[[Session], Coroutine[Any, Any, None]]) -> Day:
    """A day of fills at odd moments."""
    plan = plan_of(symbols=UNIVERSE[:8])
    return day(home, during, plan=plan, strategy=AT_THE_TOUCH, orders=SHORT_LIVES)


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Day:
    """A time away."""
    return odd_day(tmp_path_factory.mktemp("odd"), away)


@pytest.fixture(scope="module")
def odder(tmp_path_factory: pytest.TempPathFactory) -> Day:
    """Cancels that race with fills, and a word that never comes."""
    return odd_day(tmp_path_factory.mktemp("odder"), over_and_wordless)


def test_a_day_of_odd_fills_ends_with_the_books_of_the_venue(odd: Day) -> None:
    assert_sound(odd.result, odd.session, odd.account)


def test_b3_fills_that_happened_while_we_were_away_are_all_booked_once(odd: Day) -> None:
    """The socket's snapshot tells fifty; the rest comes from the pages of the history."""
    fills = STORY.fills(odd.session, "away")
    assert len(fills) >= PIECES
    assert max(Counter(each.exec_id for each in fills).values()) == 1
    theirs = [e for e in odd.account["fills"] if e.exec_id in {each.exec_id for each in fills}]
    assert sum(e.qty for e in theirs) == sum(each.quantity for each in fills)
    away_at = [e for e in of(odd.session, FeedStatus) if e.event is FeedEvent.STALE]
    assert away_at, "the streams were away"


@pytest.mark.soak
def test_b5_what_is_left_comes_from_quantities_not_from_a_word(odder: Day) -> None:
    """The last state is told before, or without, any word that says so."""
    assert_sound(odder.result, odder.session, odder.account)
    assert STORY.states(odder.session, "word")[-1] is OrderState.FILLED
    bodies = [body for _, body in odder.session.told]
    filled = next(
        n
        for n, body in enumerate(bodies)
        if isinstance(body, OrderUpdate)
        and (body.cl_ord_id, body.state) == (STORY.orders["word"], OrderState.FILLED)
    )
    words = [
        n
        for n, body in enumerate(bodies)
        if isinstance(body, ExecutionReport)
        and body.cl_ord_id == STORY.orders["word"]
        and body.kind is ExecKind.FILLED
    ]
    assert all(filled < n for n in words)


@pytest.mark.soak
def test_b7_a_fill_beside_a_cancel_is_booked_and_the_hold_let_go_once(odder: Day) -> None:
    assert_let_go(odder, "part")
    assert STORY.states(odder.session, "part")[-1] is OrderState.CANCELLED


@pytest.mark.soak
def test_b7_a_cancel_of_what_is_filled_already_changes_nothing(odder: Day) -> None:
    assert_let_go(odder, "whole")
    assert STORY.states(odder.session, "whole")[-1] is OrderState.FILLED


def assert_let_go(found: Day, case: str) -> None:
    """The order's fills are the venue's, and what it held is free, once."""
    ours = STORY.orders[case]
    (theirs,) = [each for each in found.account["closed"] if each.cl_ord_id == ours]
    fills = STORY.fills(found.session, case)
    assert sum(each.quantity for each in fills) == theirs.filled_qty > 0
    assert found.session.segment is not None
    ledger: LedgerState = found.session.segment.pump.kernel.actor("ledger").state
    assert ours not in ledger.holds
    held = sum((hold.amount for hold in ledger.holds.values() if hold.asset == "USD"), Decimal(0))
    assert ledger.balance("held:USD") == held, "neither twice nor not at all"
    (first,) = [each for each in of(found.session, SubmitOrder) if each.cl_ord_id == ours]
    assert first.side is Side.BUY
