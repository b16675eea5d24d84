"""The sisters of the venue's faults, a short day each, over the whole live path (`soak`).

Modes of the whole venue, answers that say no or say nothing, limits, a key that is taken back,
cash that is taken out. In each one an order has at most one effect, nobody is asked without end,
and trading goes on where it may.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from actors.kernel.envelope import Envelope
from actors.kernel.stamp import Stamp
from actors.messages.control import KillSwitch
from actors.messages.decision import Side
from actors.messages.execution import Fill, NotSent, SubmitAnswered, SubmitOutcome
from actors.messages.market import FeedEvent, FeedStatus
from actors.messages.order import OrderState, OrderUpdate, SubmitOrder
from actors.messages.risk import TradingState
from tests.live_books import assert_sound, assert_standing_here
from tests.live_desk import Session
from tests.simulated_kraken import key_of
from tests.venue_day import (
    Day,
    another,
    answered,
    asked,
    by_hand,
    day,
    faults,
    held,
    hook,
    of,
    orders_of,
    resting,
    trading,
    until,
)

pytestmark = [pytest.mark.soak, pytest.mark.timeout(300)]
During = Callable[[Session], Coroutine[Any, Any, None]]
ADD = "ws:add_order"
QUIET = 1.0


def states(found: Day, ours: str) -> list[OrderState]:
    """The states that an order went through."""
    return [e.state for e in of(found.session, OrderUpdate) if e.cl_ord_id == ours]


async def struck(session: Session, **fault: Any) -> str:
    """Let a fault strike at the next order; the id of that order once it has."""
    await faults(session, {"where": ADD, "what": "error", "occurrence": 1, **fault})
    before = len(said_no(session))
    await until(lambda: len(said_no(session)) > before)
    return said_no(session)[before].cl_ord_id


def said_no(session: Session) -> list[SubmitAnswered]:
    """Answers to orders other than that they were taken."""
    told = of(session, SubmitAnswered)
    return [each for each in told if each.outcome is not SubmitOutcome.ACCEPTED]


MODES = {
    "cancel_only": (FeedEvent.CANCEL_ONLY, "EService:Market in cancel_only mode"),
    "post_only": (FeedEvent.POST_ONLY, "EService:Market in post_only mode"),
    "maintenance": (FeedEvent.MAINTENANCE, "EService:Unavailable"),
}


@pytest.mark.parametrize("mode", MODES)
def test_b13_a_mode_of_the_whole_venue_is_shown_and_outlived(tmp_path: Path, mode: str) -> None:
    """Five minutes of it: entries stop, sales are tried a few times, then trading goes on."""

    async def shut(session: Session) -> None:
        await held(session, "SOL/USD")
        await hook(session, "status", status=mode)
        await asyncio.sleep(15.0)
        await hook(session, "status", status="online")
        await another(session, seconds=60.0)

    found = day(tmp_path, shut)
    event, _ = MODES[mode]
    told = [e for e in of(found.session, FeedStatus) if (e.stream, e.event) == ("status", event)]
    assert told, "the mode is shown"
    assert told[0].detail == mode
    assert sum(found.refused.values()) <= 3 * 4, "four pairs, three attempts each"
    assert_sound(found.result, found.session, found.account)


def test_b13_limit_only_takes_our_orders_and_a_delisted_pair_is_left_alone(tmp_path: Path) -> None:
    async def changes(session: Session) -> None:
        await held(session, "SOL/USD")
        await hook(session, "status", symbol="SOL/USD", status="limit_only")
        await another(session, "SOL/USD")
        await held(session, "XRP/USD")
        await hook(session, "status", symbol="XRP/USD", status="delisted")
        await asyncio.sleep(15.0)

    found = day(tmp_path, changes)
    (gone,) = [e for e in of(found.session, FeedStatus) if e.event is FeedEvent.NOT_LISTED]
    later = [e for e in of(found.session, SubmitOrder, gone) if e.symbol == "XRP/USD"]
    assert len(later) <= 3, "five minutes of retries"
    assert all(each.side is Side.SELL for each in later), "what nobody lists is not bought"
    assert_sound(found.result, found.session, found.account)


UNSURE = {
    "B1: reset after it was taken": {"what": "reset_after"},
    "B17: elapsed, and it was": {"text": "EService:Deadline elapsed", "done": False},
    "B17: elapsed, and the order lives": {"text": "EService:Deadline elapsed", "done": True},
}


@pytest.mark.parametrize("fault", UNSURE.values(), ids=UNSURE)
def test_an_order_of_unknown_outcome_is_settled_by_the_lists_and_never_sent_again(
    tmp_path: Path, fault: dict[str, Any]
) -> None:
    """B1 and B17. An id leaves once, also when the outbox is handed it again after its end."""
    ids: list[str] = []

    async def doubted(session: Session) -> None:
        await trading(session)
        ours = await struck(session, **fault)
        ids.append(ours)
        await until(lambda: ours not in orders_of(session).live, 60.0)
        (order,) = [each for each in of(session, SubmitOrder) if each.cl_ord_id == ours]
        before = asked(session, ADD)
        assert session.segment is not None
        stamp = Stamp(1, "orders", 1)
        door = session.segment.pump._outbox
        assert door is not None
        assert await door.release([Envelope(stamp, stamp, "outbox", 0, order)]) == []
        assert asked(session, ADD) == before
        await another(session, seconds=60.0)

    found = day(tmp_path, doubted)
    (ours,) = ids
    theirs = [e for e in found.account["closed"] if e.cl_ord_id == ours]
    assert len(theirs) == (0 if fault.get("done") is False else 1)
    # The executions of an order that lives may be here before the answer that denies it.
    assert theirs or OrderState.UNKNOWN in states(found, ours)
    end = OrderState.FILLED if theirs else OrderState.NOT_SENT
    assert states(found, ours)[-1] in (end, OrderState.CANCELLED, OrderState.REJECTED)
    not_sent = {each.cl_ord_id for each in of(found.session, NotSent)}
    left = {e.cl_ord_id for e in of(found.session, SubmitOrder)} - not_sent
    assert found.account["asked"][ADD] == len(left), "each id that left was told once"
    assert_sound(found.result, found.session, found.account)


def test_b15_a_full_counter_is_a_refusal_that_waits_and_cancels_have_room(tmp_path: Path) -> None:
    ids: list[str] = []

    async def full(session: Session) -> None:
        await trading(session)
        ids.append(await struck(session, text="EOrder:Rate limit exceeded", done=False))
        ours = ids[0]
        await until(lambda: ours not in orders_of(session).live)
        symbol = next(e.symbol for e in of(session, SubmitOrder) if e.cl_ord_id == ours)
        await another(session, symbol, 60.0)

    found = day(tmp_path, full)
    (update,) = [
        each
        for each in of(found.session, OrderUpdate)
        if each.cl_ord_id == ids[0] and each.state is OrderState.REJECTED
    ]
    assert "Rate limit" in update.reason
    assert not [text for text in found.refused if "cancel_only" not in text]
    assert_sound(found.result, found.session, found.account)


BARRED = {
    "B15: a lockout": "EGeneral:Temporary lockout",
    "sister: the account is frozen": "EAuth:Account temporary disabled",
    "sister: trading is locked": "ETrade:User Locked",
}


@pytest.mark.parametrize("text", BARRED.values(), ids=BARRED)
def test_a_word_against_the_account_ends_trading_and_nobody_asks_again(
    tmp_path: Path, text: str
) -> None:
    seen: list[int] = []

    async def barred(session: Session) -> None:
        await trading(session)
        await struck(session, text=text, done=False)
        await until(lambda: of(session, KillSwitch))
        seen.append(asked(session, ADD))
        await asyncio.sleep(8.0)

    found = day(tmp_path, barred)
    (kill,) = of(found.session, KillSwitch)
    assert kill.level == 1
    assert text in kill.reason
    assert found.account["asked"][ADD] == seen[0], "not one more order"
    assert_standing_here(found.result, found.session, found.account)


def test_s3_a_key_that_is_taken_back_is_not_tried_until_it_locks_the_account(
    tmp_path: Path,
) -> None:
    async def revoked(session: Session) -> None:
        await trading(session)
        key = key_of(session.venue, "alpha", "trade")
        await hook(session, "revoke", key=key.key)
        await hook(session, "drop_connections")
        await until(lambda: of(session, KillSwitch), 60.0)
        await asyncio.sleep(8.0)

    found = day(tmp_path, revoked)
    assert {each.level for each in of(found.session, KillSwitch)} == {1}
    assert not [text for text in found.refused if "lockout" in text], "no lockout by repetition"
    assert sum(n for text, n in found.refused.items() if "Invalid key" in text) < 10
    assert found.result.card.parity


def test_cash_that_is_taken_out_in_session_ends_entries_not_the_run(tmp_path: Path) -> None:
    """Nothing is bought with what is gone, nothing is asked for without end; cash back, and on."""

    async def taken(session: Session) -> None:
        await trading(session)
        await by_hand(session, "withdraw", asset="USD", amount="9000.0000")
        await asyncio.sleep(8.0)
        await by_hand(session, "deposit", asset="USD", amount="9000.0000")
        await another(session, seconds=60.0)

    found = day(tmp_path, taken)
    poor = [text for text in found.refused if "Insufficient funds" in text]
    assert sum(found.refused[text] for text in poor) <= 4
    assert_sound(found.result, found.session, found.account)


def test_orders_that_are_all_cancelled_at_the_web_site_let_their_holds_go(tmp_path: Path) -> None:
    async def swept(session: Session) -> None:
        await trading(session)
        for _ in range(40):
            for order_id in await resting(session):
                await by_hand(session, "cancel", order_id=order_id)
            if [e for e in of(session, OrderUpdate) if e.state is OrderState.CANCELLED]:
                break
            await asyncio.sleep(0.25)
        await another(session, seconds=40.0)

    found = day(tmp_path, swept, strategy={"collar_micros": 0})
    assert_sound(found.result, found.session, found.account)
    assert found.session.segment is not None
    ledger = found.session.segment.pump.kernel.actor("ledger").state
    held_usd = sum((e.amount for e in ledger.holds.values() if e.asset == "USD"), Decimal(0))
    assert ledger.balance("held:USD") == held_usd


def test_the_venues_lower_tier_costs_refusals_not_doubts(tmp_path: Path) -> None:
    """We believe in more room than there is: refused orders end, and no order is unknown."""

    async def squeezed(session: Session) -> None:
        await trading(session)
        text = "EOrder:Rate limit exceeded"
        await faults(session, {"where": ADD, "what": "error", "every": 3, "text": text})
        await asyncio.sleep(12.0)
        await faults(session)
        await another(session, seconds=60.0)

    found = day(tmp_path, squeezed)
    assert answered(found.session, SubmitOutcome.RATE_LIMITED)
    updates = of(found.session, OrderUpdate)
    assert not [e for e in updates if e.state is OrderState.UNKNOWN]
    assert_sound(found.result, found.session, found.account)
    assert found.result.card.halted == ""
    assert {e.cl_ord_id for e in of(found.session, Fill)}
    assert found.session.segment is not None
    trading_now = found.session.segment.pump.kernel.actor("orders").state.trading
    assert trading_now is TradingState.ACTIVE
