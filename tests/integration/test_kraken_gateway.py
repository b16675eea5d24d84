"""Our door at a simulated Kraken: every method of the venue port over real sockets and REST.

Orders, cancels, look-ups and lists say what the venue's own account says; what is refused, lost or
barred is told as what it is.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.instant import SECOND_NS
from actors.messages.control import KillSwitch, LedgerEntry
from actors.messages.decision import Side
from actors.messages.execution import (
    CancelAnswered,
    ExecKind,
    ExecutionReport,
    SubmitAnswered,
    SubmitOutcome,
)
from actors.messages.market import FeedEvent, FeedStatus
from actors.messages.order import CancelOrder, DeadManSwitch
from actors.messages.reconciliation import ReconcileRequested
from actors.ports import Permanent, Transient, UnknownOutcome
from adapters.kraken.proofs import LISTS_LAG_NS, LOOK_BACK_NS
from adapters.kraken_simulator.faults.script import Fault
from adapters.kraken_simulator.serving.launch import Running
from tests.gateway_door import door, ready
from tests.simulated_kraken import key_of, simulated_kraken, small_plan

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def venue() -> Iterator[Running]:
    with simulated_kraken(small_plan()) as running:
        yield running


async def test_an_order_lives_and_ends_as_the_venue_says(venue: Running, tmp_path: Path) -> None:
    async with door(venue, tmp_path) as here:
        gateway, order = here.gateway, here.order()
        streams = [e.stream for e in here.told if isinstance(e, FeedStatus)]
        assert streams == ["executions", "balances"]
        await gateway.submit(order)
        answer = await here.heard(SubmitAnswered)
        assert (answer.cl_ord_id, answer.outcome) == (order.cl_ord_id, SubmitOutcome.ACCEPTED)
        accepted = await here.heard(ExecutionReport, lambda e: e.kind is ExecKind.ACCEPTED)
        assert (accepted.cl_ord_id, accepted.symbol, accepted.side) == (
            order.cl_ord_id,
            "BTC/USD",
            Side.BUY,
        )
        assert accepted.venue_order_id == answer.venue_order_id
        assert order.cl_ord_id in await gateway.open_orders()
        seen = await gateway.look_up(order.cl_ord_id, order.decided_at)
        assert (seen.found, seen.open, seen.complete, seen.end) == (True, True, True, None)
        assert seen.window_from == order.decided_at - LOOK_BACK_NS
        assert seen.window_to <= time.time_ns() - LISTS_LAG_NS
        await gateway.cancel(CancelOrder(order.cl_ord_id, "BTC/USD", "test"))
        over = await here.heard(ExecutionReport, lambda e: e.kind is ExecKind.CANCELLED)
        assert over.cl_ord_id == order.cl_ord_id
        assert order.cl_ord_id not in await gateway.open_orders()
        seen = await gateway.look_up(order.cl_ord_id, order.decided_at)
        assert (seen.found, seen.open, seen.filled, seen.end) == (
            True,
            False,
            Decimal(0),
            ExecKind.CANCELLED,
        )


async def test_a_fill_is_the_same_by_socket_and_by_list(venue: Running, tmp_path: Path) -> None:
    async with door(venue, tmp_path) as here:
        order = here.crossing()
        await here.gateway.submit(order)
        await here.heard(ExecutionReport, lambda e: e.kind is ExecKind.FILLED)
        told = [
            each
            for each in here.told
            if isinstance(each, ExecutionReport) and each.kind is ExecKind.TRADE
        ]
        seen = await here.gateway.look_up(order.cl_ord_id, order.decided_at)
        assert seen.filled == order.quantity == sum(each.last_quantity for each in told)
        assert seen.end is ExecKind.FILLED

        def facts(report: ExecutionReport) -> tuple[object, ...]:
            return (
                *(report.exec_id, report.cl_ord_id, report.venue_order_id, report.symbol),
                *(report.side, report.last_quantity, report.last_price, report.cost),
                *(report.fee, report.fee_asset, report.liquidity),
            )

        listed = [facts(each) for each in seen.reports if isinstance(each, ExecutionReport)]
        assert sorted(map(facts, told)) == sorted(listed)


async def test_the_lists_tell_orders_trades_money_and_entries(
    venue: Running, tmp_path: Path
) -> None:
    since = time.time_ns() - SECOND_NS
    async with door(venue, tmp_path) as here:
        order = here.order()
        await here.gateway.submit(order)
        told = await here.hook(
            "accounts/alpha/order",
            pair="ETHUSD",
            type="buy",
            ordertype="limit",
            price="100.00",
            volume="1",
        )
        foreign = told["result"]["order_id"]
        await here.hook("accounts/alpha/deposit", asset="USD", amount="7.5")
        first = await here.gateway.lists(ReconcileRequested(2, since, "test"))
        assert Decimal("7.5") in {each.amount for each in first.entries}
        await here.hook("accounts/alpha/deposit", asset="USD", amount="12.5")
        # What was told before the first reading is in that reading, and not told twice.
        entry = await here.heard(LedgerEntry)
        assert (entry.kind, entry.asset, entry.amount) == ("deposit", "USD", Decimal("12.5"))
        snapshot = await here.gateway.lists(ReconcileRequested(3, since, "test"))
        assert (snapshot.number, snapshot.since, snapshot.complete) == (3, since, True)
        names = {each.venue_order_id: each.cl_ord_id for each in snapshot.open_orders}
        assert names[foreign] == ""
        assert order.cl_ord_id in names.values()
        (listed,) = [e for e in snapshot.entries if e.refid == entry.refid]
        # REST tells more digits of the time.
        assert msgspec.structs.replace(listed, ts=entry.ts) == entry
        assert not [e for e in snapshot.entries if e.kind != "deposit"]
        dollars = next(each for each in snapshot.balances if each.asset == "USD")
        assert dollars.held > 100
        await here.gateway.cancel(CancelOrder(order.cl_ord_id, "BTC/USD", "test"))
        await here.hook("accounts/alpha/cancel", order_id=foreign)


REFUSALS: list[tuple[dict[str, Any], str, SubmitOutcome]] = [
    ({"quantity": Decimal("5.0")}, "EOrder:Insufficient funds", SubmitOutcome.REFUSED),
    ({"quantity": Decimal("0.00000001")}, "EOrder:", SubmitOutcome.REFUSED),
    ({"symbol": "NONE/USD"}, "", SubmitOutcome.REFUSED),
]


@pytest.mark.parametrize(("change", "text", "outcome"), REFUSALS)
async def test_a_refusal_is_told_in_the_venues_words(
    venue: Running, tmp_path: Path, change: dict[str, Any], text: str, outcome: SubmitOutcome
) -> None:
    async with door(venue, tmp_path) as here:
        with pytest.raises((Permanent, UnknownOutcome)) as caught:
            await here.gateway.submit(here.order(**change))
        answer = await here.heard(SubmitAnswered)
        assert answer.text == str(caught.value)
        assert answer.text.startswith(text)
        if text:
            assert answer.outcome is outcome


async def test_a_deadline_that_is_too_near_sends_nothing(venue: Running, tmp_path: Path) -> None:
    async with door(venue, tmp_path) as here:
        late = here.order(deadline=time.time_ns() + SECOND_NS // 10)
        with pytest.raises(Transient, match="deadline"):
            await here.gateway.submit(late)
        assert late.cl_ord_id not in await here.gateway.open_orders()


async def test_a_pair_without_room_sends_nothing(venue: Running, tmp_path: Path) -> None:
    async with door(venue, tmp_path) as here:
        here.gateway._limits.exceeded("BTC/USD", time.time_ns())
        with pytest.raises(Transient, match="rate limit"):
            await here.gateway.submit(here.order())


async def test_a_cancel_of_what_the_venue_does_not_know_is_an_answer(
    venue: Running, tmp_path: Path
) -> None:
    async with door(venue, tmp_path) as here:
        await here.gateway.cancel(CancelOrder("e" * 32, "BTC/USD", "test"))
        answer = await here.heard(CancelAnswered)
        assert (answer.cl_ord_id, answer.text) == ("e" * 32, "EOrder:Unknown order")
        assert not (await here.gateway.look_up("e" * 32, time.time_ns())).found


async def test_without_a_line_orders_stay_here_and_cancels_go_by_rest(
    venue: Running, tmp_path: Path
) -> None:
    async with door(venue, tmp_path) as here:
        order = here.order()
        await here.gateway.submit(order)
        here.gateway.line.lost("cut for the test")
        gone = await here.heard(FeedStatus, lambda e: e.event is FeedEvent.STALE)
        assert gone.detail == "cut for the test"
        with pytest.raises(Transient, match="not open"):
            await here.gateway.submit(here.order())
        await here.gateway.cancel(CancelOrder(order.cl_ord_id, "BTC/USD", "test"))
        assert order.cl_ord_id not in await here.gateway.open_orders()
        await here.gateway.cancel(CancelOrder(order.cl_ord_id, "BTC/USD", "again"))
        assert (await here.heard(CancelAnswered)).cl_ord_id == order.cl_ord_id
        with pytest.raises(Transient):
            await here.gateway.switch(DeadManSwitch(60, "test"))


async def test_the_switch_is_set_and_taken_back(venue: Running, tmp_path: Path) -> None:
    async with door(venue, tmp_path) as here:
        await here.gateway.switch(DeadManSwitch(1, "test"))
        order = here.order()
        await here.gateway.submit(order)
        wanted = (ExecKind.CANCELLED, order.cl_ord_id)
        await here.heard(ExecutionReport, lambda e: (e.kind, e.cl_ord_id) == wanted)
        await here.gateway.switch(DeadManSwitch(0, "test"))


LOST = [
    (Fault(where="ws:add_order", what="reset_after"), True),
    (Fault(where="ws:add_order", what="reset_before"), False),
    (Fault(where="ws:add_order", what="delay", seconds=3.0), True),
    (Fault(where="ws:add_order", what="error", text="EService:Unavailable", done=True), True),
]


@pytest.mark.parametrize(("fault", "is_there"), LOST)
async def test_an_answer_that_is_lost_is_unknown_whatever_became_of_the_order(
    tmp_path: Path, fault: Fault, is_there: bool
) -> None:
    with simulated_kraken(small_plan(faults=(fault,))) as running:
        async with door(running, tmp_path) as here:
            order = here.order()
            with pytest.raises(UnknownOutcome):
                await here.gateway.submit(order)
            answer = await here.heard(SubmitAnswered)
            assert answer.outcome is SubmitOutcome.UNKNOWN
            await asyncio.sleep(2.0)
            seen = await here.gateway.look_up(order.cl_ord_id, order.decided_at)
            assert (seen.found, seen.complete) == (is_there, True)


async def test_a_key_that_is_revoked_halts_and_is_not_tried_again(tmp_path: Path) -> None:
    """S3: repeating a key that is no longer good locks the account."""
    with simulated_kraken(small_plan()) as running:
        async with door(running, tmp_path) as here:
            await here.hook("revoke", key=key_of(running, "alpha", "trade").key)
            await here.hook("drop_connections")
            killed = await here.heard(KillSwitch)
            assert (killed.level, killed.actor) == (1, "kraken")
            for _ in range(3):
                with pytest.raises(Permanent, match="not asked again"):
                    await here.gateway.submit(here.order())
            with pytest.raises(Permanent, match="not asked again"):
                await here.gateway.cancel(CancelOrder("e" * 32, "BTC/USD", "test"))


async def test_a_gap_in_the_private_channels_begins_them_anew(tmp_path: Path) -> None:
    lost = Fault(where="ws:executions", what="lose", occurrence=3)
    with simulated_kraken(small_plan(faults=(lost,))) as running:
        async with door(running, tmp_path) as here:
            for _ in range(3):
                with suppress(UnknownOutcome, Transient):
                    await here.gateway.submit(here.order())
                await asyncio.sleep(0.2)
            gone = await here.heard(FeedStatus, lambda e: e.event is FeedEvent.STALE)
            assert "was expected" in gone.detail
            await ready(here.gateway)
            back = [e.event for e in here.told if isinstance(e, FeedStatus)]
            assert back.count(FeedEvent.ONLINE) == 4
