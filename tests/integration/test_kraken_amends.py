"""Changing an order at a simulated Kraken, over the private socket: in place, once, and answered.

The order keeps its ids and its filled part. What is refused, lost or late is told as what it is.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.instant import SECOND_NS
from actors.messages.decision import Side
from actors.messages.execution import AmendAnswered, ExecKind, ExecutionReport, SubmitOutcome
from actors.messages.order import AmendOrder, CancelOrder, SubmitOrder
from actors.ports import Permanent, Transient, UnknownOutcome
from adapters.kraken_simulator.faults.script import Fault
from adapters.kraken_simulator.serving.launch import Running
from tests.gateway_door import PATIENCE, Door, door
from tests.simulated_kraken import simulated_kraken, small_plan

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]
TICK = Decimal("0.1")


@pytest.fixture(scope="module")
def venue() -> Iterator[Running]:
    with simulated_kraken(small_plan()) as running:
        yield running


def change_of(order: SubmitOrder, number: int = 1, **more: Any) -> AmendOrder:
    """A limit one tick further on."""
    now = time.time_ns()
    fields: dict[str, Any] = {
        "limit_price": order.limit_price + number * TICK,
        "deadline": now + 5 * SECOND_NS,
    }
    return AmendOrder(
        **{
            "cl_ord_id": order.cl_ord_id,
            "amend_no": number,
            "intent_no": 10 + number,
            "symbol": order.symbol,
            "side": order.side,
            "quantity": order.quantity,
            "filled": Decimal(0),
            "decided_at": now,
            "epoch": 1,
            **fields,
            **more,
        }
    )


async def resting(here: Door) -> SubmitOrder:
    order: SubmitOrder = here.order(side=Side.BUY)
    await here.gateway.submit(order)
    return order


async def answered(here: Door, number: int = 1) -> AmendAnswered:
    return await here.heard(AmendAnswered, lambda each: each.amend_no == number)


async def test_a_change_keeps_the_order_and_is_told_by_answer_row_and_list(
    venue: Running, tmp_path: Path
) -> None:
    async with door(venue, tmp_path) as here:
        order = await resting(here)
        change = change_of(order)
        await here.gateway.amend(change)
        assert (await answered(here)).outcome is SubmitOutcome.ACCEPTED
        row = await here.heard(
            ExecutionReport,
            lambda each: each.kind is ExecKind.AMENDED and each.cl_ord_id == order.cl_ord_id,
        )
        assert (row.limit_price, row.quantity) == (change.limit_price, order.quantity)
        found = await here.gateway.look_up(order.cl_ord_id, order.decided_at)
        assert (found.open, found.limit_price, found.quantity) == (
            True,
            change.limit_price,
            order.quantity,
        )
        ours = here.running.simulator.live.exchange.open_orders("alpha")
        (there,) = [each for each in ours if each.cl_ord_id == order.cl_ord_id]
        assert there.order_id == row.venue_order_id
        await here.gateway.cancel(CancelOrder(order.cl_ord_id, order.symbol, "enough"))


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({"cl_ord_id": "0" * 32}, SubmitOutcome.REFUSED),
        ({"limit_price": Decimal("0.01")}, SubmitOutcome.REFUSED),
    ],
)
async def test_a_refused_change_is_told_in_the_venues_words(
    venue: Running, tmp_path: Path, fields: dict[str, Any], outcome: SubmitOutcome
) -> None:
    async with door(venue, tmp_path) as here:
        order = await resting(here)
        with pytest.raises(Permanent):
            await here.gateway.amend(change_of(order, **fields))
        told = await answered(here)
        assert told.outcome is outcome
        assert told.text.startswith("E")
        await here.gateway.cancel(CancelOrder(order.cl_ord_id, order.symbol, "enough"))


async def amend_often(here: Door, order: SubmitOrder) -> None:
    for number in range(1, 200):
        await here.gateway.amend(change_of(order, number))


async def test_a_change_without_time_or_room_sends_nothing(tmp_path: Path) -> None:
    """The venue never has to refuse us, and a cancel still has room."""
    with simulated_kraken(small_plan()) as running:
        async with door(running, tmp_path) as here:
            order = await resting(here)
            with pytest.raises(Transient, match="deadline"):
                await here.gateway.amend(change_of(order, deadline=time.time_ns()))
            with pytest.raises(Transient, match="no room"):
                await amend_often(here, order)
            answers = [each.outcome for each in here.told if isinstance(each, AmendAnswered)]
            assert set(answers) == {SubmitOutcome.ACCEPTED}
            await here.gateway.cancel(CancelOrder(order.cl_ord_id, order.symbol, "room is kept"))
            await here.heard(ExecutionReport, lambda each: each.kind is ExecKind.CANCELLED)


LOST: dict[str, tuple[dict[str, Any], bool]] = {
    "reset after it was done": ({"what": "reset_after"}, True),
    "reset before it was": ({"what": "reset_before"}, False),
    "an answer after our patience": ({"what": "delay", "seconds": 2.5}, True),
    "a service error, and it is done": (
        {"what": "error", "text": "EService:Unavailable", "done": True},
        True,
    ),
    "a service error, and it is not": (
        {"what": "error", "text": "EService:Busy", "done": False},
        False,
    ),
}


@pytest.mark.parametrize("case", LOST)
async def test_an_answer_that_is_lost_is_unknown_and_the_lists_tell(
    tmp_path: Path, case: str
) -> None:
    fault, done = LOST[case]
    plan = msgspec.structs.replace(small_plan(), faults=(Fault(where="ws:amend_order", **fault),))
    with simulated_kraken(plan) as running:
        async with door(running, tmp_path) as here:
            order = await resting(here)
            change = change_of(order)
            with pytest.raises(UnknownOutcome):
                await here.gateway.amend(change)
            assert (await answered(here)).outcome is SubmitOutcome.UNKNOWN
            expected = change.limit_price if done else order.limit_price
            async with asyncio.timeout(PATIENCE):  # it may still be on its way
                found = await here.gateway.look_up(order.cl_ord_id, order.decided_at)
                while found.limit_price != expected:
                    await asyncio.sleep(0.5)
                    found = await here.gateway.look_up(order.cl_ord_id, order.decided_at)
            assert found.open
