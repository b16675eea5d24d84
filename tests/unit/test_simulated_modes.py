"""Modes of the simulated Kraken: what rests, what matches and what is refused in each."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from adapters.kraken_simulator.errors import Refusal
from adapters.kraken_simulator.orders import AmendOrder
from tests.quiet_exchange import PAIR, START, Desk, desks


def filled(desk: Desk, order_id: str) -> Decimal:
    return desk.order(order_id).filled_qty


def amend(desk: Desk, order_id: str, now_ns: int = START, **fields: Any) -> None:
    request = AmendOrder(order_id=order_id, **fields)
    desk.exchange.amend_order(desk.account, request, now_ns=now_ns)


def test_post_only_mode_rests_orders_without_matching() -> None:
    ann, bob = desks("ann", "bob")
    ann.add("sell", price="101.0")
    plain = bob.add("buy", price="98.0")
    ann.exchange.set_status("post_only", now_ns=START)
    with pytest.raises(Refusal, match="EService:Market in post_only mode"):
        amend(bob, plain, limit_price=Decimal("102.0"))
    amend(bob, plain, limit_price=Decimal("98.5"), post_only=True)
    resting = bob.add("buy", price="100.0", post_only=True)
    with pytest.raises(Refusal, match="EOrder:Post only order"):
        bob.add("buy", price="101.0", post_only=True)
    amend(bob, resting, limit_price=Decimal("99.0"))
    shown = [each.price for each in bob.exchange.book(PAIR, 5).bids]
    assert shown == [Decimal("99.0"), Decimal("98.5")]
    ann.exchange.print_trade(PAIR, Decimal(50), Decimal(1), now_ns=START)
    assert bob.order(resting).filled_qty == 0


def test_cancel_only_mode_cancels_and_nothing_else() -> None:
    [ann] = desks("ann")
    order_id = ann.add()
    ann.exchange.set_status("cancel_only", now_ns=START)
    with pytest.raises(Refusal, match="EService:Market in cancel_only mode"):
        amend(ann, order_id, qty=Decimal(2))
    assert ann.cancel(order_id) == 1
