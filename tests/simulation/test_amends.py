"""Exits that follow the market at a simulated Kraken, whose answers get lost, late or refused.

There is no collar here and the bid falls step by step, so that an exit rests above it. Whatever
befalls its changes, it stays one order, its limit ends as the venue's, and so do the books.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from actors.messages.control import KillSwitch
from actors.orders.amendments import AmendState
from actors.orders.state import OrdersState
from adapters.kraken_simulator.faults.script import Fault
from adapters.kraken_simulator.serving.plan import account_of
from tests.live_books import assert_sound, held_here, kernel_of
from tests.live_desk import SILENT, Session, plan_of, trade_live
from tests.simulated_kraken import post
from tests.venue_day import MOST_SECONDS

pytestmark = pytest.mark.timeout(600)
EAGER: Final = {"collar_micros": 0, "amend_stale_micros": 0, "amend_interval_ns": 5_000_000_000}
FAULTS: Final = {
    "nothing": (),
    "reset after it was done": (Fault(where="ws:amend_order", what="reset_after", every=3),),
    "reset before it was": (Fault(where="ws:amend_order", what="reset_before", every=3),),
    "the answer comes after our patience": (
        Fault(where="ws:amend_order", what="delay", seconds=6.0, every=2),
    ),
    "a service error, and it is done": (
        Fault(
            where="ws:amend_order", what="error", text="EService:Unavailable", done=True, every=2
        ),
    ),
    "a service error, and it is not": (
        Fault(where="ws:amend_order", what="error", text="EService:Busy", done=False, every=2),
    ),
    "deadline elapsed": (
        Fault(
            where="ws:amend_order",
            what="error",
            text="EService:Deadline elapsed",
            done=False,
            every=2,
        ),
    ),
    "no such order": (
        Fault(
            where="ws:amend_order", what="error", text="EOrder:Unknown order", done=False, every=2
        ),
    ),
    "lost executions": (
        Fault(where="ws:executions", what="lose", every=3),
        Fault(where="ws:amend_order", what="reset_after", every=4),
    ),
}
EVERY_TIME: Final = ("reset after it was done",)
CASES: Final = [
    pytest.param(faults, id=name, marks=() if name in EVERY_TIME else (pytest.mark.soak,))
    for name, faults in FAULTS.items()
]


# How far the bid falls with each step, and how many there are, at least and at most, before
# somebody buys the rest: a busy machine follows later.
STEP: Final = Decimal("0.998")
STEPS: Final = 8
MOST_STEPS: Final = 60
BTC: Final = "BTC/USD"
PAIR: Final = "XBTUSD"
COINS: Final = Decimal("0.05")
CROWD: Final = "beta=USD:90000000,BTC:5000"


async def falling(session: Session) -> None:
    """Everybody but beta stops; beta takes all bids, bids a little lower and lower, then for all.

    Meanwhile an operator has everything sold, so an exit rests above each of those bids.
    """
    await session.is_open.wait()
    await asyncio.sleep(2)
    hooks = f"{session.venue.rest}/simulator"

    async def ask(path: str, **fields: Any) -> None:
        told = await asyncio.to_thread(post, f"{hooks}/{path}", fields)
        assert "error" not in told, (path, fields, told)

    async def bid(price: Decimal, volume: str) -> None:
        limit = {"pair": PAIR, "type": "buy", "ordertype": "limit", "price": str(price)}
        await ask("accounts/beta/order", **limit, volume=volume)

    exchange = session.venue.simulator.live.exchange
    tick = exchange.instrument(BTC).tick
    await ask("halt", symbol=BTC, on=True)
    bids = exchange.book(BTC, 1000).bids
    volume = sum((each.qty for each in bids), Decimal(0))
    market = {"pair": PAIR, "type": "sell", "ordertype": "market"}
    await ask("accounts/beta/order", **market, volume=str(volume))
    price = bids[0].price

    def ours() -> list[Any]:
        orders = (*exchange.open_orders("alpha"), *exchange.closed_orders("alpha"))
        return [each for each in orders if each.cl_ord_id]

    for step in range(MOST_STEPS):
        price = (price * STEP).quantize(tick)
        await bid(price, "0.00010000")
        if step == 0:
            assert session.ingress is not None
            await session.ingress.put(KillSwitch(3, "test", "sell everything"))
        await asyncio.sleep(0.5)
        if step >= STEPS and any(each.amended_ns for each in ours()):
            break
    await bid((price * STEP).quantize(tick), "1.00000000")
    # A book that says nothing for a while would be stale.
    for number in range(1, MOST_STEPS):
        await bid(Decimal(1000 + number), "0.00100000")
        await asyncio.sleep(0.5)
        if number >= STEPS and not [e for e in exchange.open_orders("alpha") if e.cl_ord_id]:
            break


def changed_orders(account: dict[str, Any]) -> list[Any]:
    """The venue's orders that were changed at least once."""
    return [each for each in (*account["closed"], *account["open"]) if each.amended_ns]


def assert_limits_are_the_venues(session: Session, account: dict[str, Any]) -> None:
    """Of every order that both still know, unless it ended before we heard of its change."""
    assert session.segment is not None
    state: OrdersState = session.segment.pump.kernel.actor("orders").state
    known = {**state.closed, **state.live}
    for theirs in (*account["closed"], *account["open"]):
        ours = known.get(theirs.cl_ord_id or "")
        if ours is None:
            continue
        overtaken = ours.amendment is not None and ours.amendment.state is AmendState.OVERTAKEN
        assert overtaken or ours.limit_price == theirs.limit_price, theirs.order_id
        assert ours.amendment is None or not ours.amendment.is_open


@pytest.mark.parametrize("faults", CASES)
def test_an_exit_follows_a_falling_bid_and_the_books_end_as_the_venues(
    tmp_path: Path, faults: tuple[Fault, ...]
) -> None:
    accounts = (account_of(f"alpha=USD:10000,BTC:{COINS}", "pro"), account_of(CROWD, "pro"))
    plan = msgspec.structs.replace(plan_of(faults=faults), accounts=accounts)
    result, session, account = trade_live(
        tmp_path,
        MOST_SECONDS,
        plan=plan,
        during=falling,
        choice=SILENT,
        until_done=True,
        strategy=EAGER,
    )
    assert_sound(result, session, account)
    changed = changed_orders(account)
    assert changed, "something followed"
    assert {each.side for each in changed} == {"sell"}, "an entry is never changed"
    assert_limits_are_the_venues(session, account)
    ours = [each for each in (*account["closed"], *account["open"]) if each.cl_ord_id]
    assert len(ours) == 1, "it stays one order"
    assert held_here(kernel_of(session).actor("ledger").state).get("BTC", Decimal(0)) < COINS, (
        "what follows meets the bids"
    )
