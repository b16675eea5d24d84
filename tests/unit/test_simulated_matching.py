"""How the simulated exchange matches: price, then time; order types; self-trade; amendments."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from adapters.kraken_simulator.errors import Refusal
from adapters.kraken_simulator.events import Execution, Trade
from adapters.kraken_simulator.orders import AmendOrder, EditOrder
from tests.quiet_exchange import PAIR, SECOND, START, Desk, asked, desks, quiet, rich, told


def filled(desk: Desk, order_id: str) -> Decimal:
    return desk.order(order_id).filled_qty


def amend(desk: Desk, order_id: str, now_ns: int = START, **fields: Any) -> None:
    request = AmendOrder(order_id=order_id, **fields)
    desk.exchange.amend_order(desk.account, request, now_ns=now_ns)


def test_the_better_price_trades_first_and_at_its_own_price() -> None:
    ann, bob, cyd = desks("ann", "bob", "cyd")
    dear, cheap = ann.add("sell", price="101.0"), bob.add("sell", price="100.0")
    taker = cyd.order(cyd.add(qty="1.5", price="101.0"))
    assert filled(bob, cheap) == 1
    assert filled(ann, dear) == Decimal("0.5")
    assert taker.cost == Decimal("150.5")
    assert taker.status == "closed"


def test_at_one_price_who_came_first_trades_first() -> None:
    ann, bob, cyd = desks("ann", "bob", "cyd")
    first, second = ann.add("sell"), bob.add("sell")
    cyd.add(qty="0.4")
    assert (filled(ann, first), filled(bob, second)) == (Decimal("0.4"), Decimal(0))
    cyd.add(qty="0.8")
    assert (filled(ann, first), filled(bob, second)) == (Decimal(1), Decimal("0.2"))


def test_what_does_not_cross_rests_and_shows_in_the_book() -> None:
    ann, bob = desks("ann", "bob")
    ann.add("buy", price="99.9", qty="2")
    bob.add("buy", price="99.9", qty="1")
    bob.add("sell", price="100.1", qty="3")
    book = ann.exchange.book(PAIR, 10)
    assert [(each.price, each.qty) for each in book.bids] == [(Decimal("99.9"), Decimal(3))]
    assert [(each.price, each.qty) for each in book.asks] == [(Decimal("100.1"), Decimal(3))]


def test_reports_of_a_fill_come_in_the_venues_order() -> None:
    ann, bob = desks("ann", "bob")
    ann.add("sell")
    assert told(ann.exchange.events(), "ann") == ["pending_new", "new"]
    bob.add("buy")
    events = ann.exchange.events()
    assert told(events, "ann") == ["trade", "filled"]
    assert told(events, "bob") == ["pending_new", "new", "trade", "filled"]
    reports = [each for each in events if isinstance(each, Execution)]
    fills = [each for each in reports if each.exec_type == "trade"]
    assert [(each.account, each.liquidity) for each in fills] == [("ann", "m"), ("bob", "t")]
    # A trade that completes an order still says that it is partly filled.
    assert {each.order.stream_status for each in fills} == {"partially_filled"}
    [trade] = [each for each in events if isinstance(each, Trade)]
    assert (trade.side, trade.price, trade.qty) == ("buy", Decimal("100.0"), Decimal(1))
    assert {each.trade_id for each in fills} == {trade.trade_id}
    assert len({each.exec_id for each in fills}) == 2


def test_immediate_or_cancel_never_rests() -> None:
    ann, bob = desks("ann", "bob")
    ann.add("sell", qty="0.3")
    order = bob.order(bob.add(time_in_force="IOC"))
    assert (order.filled_qty, order.status) == (Decimal("0.3"), "canceled")
    assert ann.exchange.book(PAIR, 1).bids == ()


def test_fill_or_kill_is_all_or_nothing_and_counts_hidden_quantity() -> None:
    ann, bob = desks("ann", "bob")
    ann.add("sell", qty="1.0", order_type="iceberg", display_qty=Decimal("0.25"))
    ann.add("sell", qty="9", price="100.1")
    killed = bob.order(bob.add(qty="1.1", time_in_force="FOK"))
    assert (killed.filled_qty, killed.status) == (Decimal(0), "canceled")
    assert bob.order(bob.add(qty="1.0", time_in_force="FOK")).status == "closed"


def test_fill_or_kill_does_not_count_ones_own_orders() -> None:
    ann, bob = desks("ann", "bob")
    bob.add("sell", qty="0.5")
    ann.add("sell", qty="0.5")
    order = ann.order(ann.add(qty="1.0", time_in_force="FOK"))
    assert (order.filled_qty, order.reason) == (Decimal(0), "Fill or kill")


def test_good_till_date_expires_at_its_time() -> None:
    [ann] = desks("ann")
    order_id = ann.add(time_in_force="GTD", expire_ns=START + 5 * SECOND)
    ann.exchange.advance(START + 5 * SECOND - 1)
    assert ann.order(order_id).is_open
    events = ann.exchange.advance(START + 7 * SECOND)
    assert told(events, "ann") == ["expired"]
    order = ann.order(order_id)
    assert (order.status, order.closed_ns) == ("expired", START + 5 * SECOND)
    assert ann.held("USD") == 0


def test_an_iceberg_shows_a_part_and_goes_to_the_back_when_it_refills() -> None:
    ann, bob, cyd = desks("ann", "bob", "cyd")
    berg = ann.add("sell", qty="1.0", order_type="iceberg", display_qty=Decimal("0.4"))
    plain = bob.add("sell", qty="0.5")
    assert ann.exchange.book(PAIR, 1).asks[0].qty == Decimal("0.9")
    ann.exchange.events()
    cyd.add(qty="0.4")
    assert told(ann.exchange.events(), "ann") == ["trade", "iceberg_refill"]
    # The refilled part stands behind the plain order now.
    cyd.add(qty="0.5")
    assert (filled(ann, berg), filled(bob, plain)) == (Decimal("0.4"), Decimal("0.5"))
    cyd.add(qty="0.6")
    assert ann.order(berg).status == "closed"


def test_a_market_order_sweeps_and_its_rest_is_cancelled() -> None:
    ann, bob = desks("ann", "bob")
    ann.add("sell", qty="1", price="100.0")
    ann.add("sell", qty="1", price="101.0")
    order = bob.order(bob.add("buy", qty="3", price=None))
    assert (order.filled_qty, order.status) == (Decimal(2), "canceled")
    assert order.reason == "Insufficient liquidity"
    assert bob.held("USD") == 0


def test_market_price_protection_stops_a_sweep_unless_it_is_waived() -> None:
    ann, bob = desks("ann", "bob")
    ann.add("sell", qty="1", price="100.0")
    ann.add("sell", qty="1", price="111.0")
    order = bob.order(bob.add("buy", qty="2", price=None))
    assert (order.filled_qty, order.reason) == (Decimal(1), "Market price protection")
    assert bob.order(bob.add("buy", qty="1", price=None, no_mpp=True)).filled_qty == 1


def test_a_cash_order_buys_for_an_amount_of_quote() -> None:
    ann, bob = desks("ann", "bob")
    ann.add("sell", qty="1", price="100.0")
    ann.add("sell", qty="1", price="110.0")
    order = bob.order(bob.add("buy", qty="155", price=None, cash=True))
    assert order.cost == Decimal("155.00000")
    assert (order.qty, order.cash_qty) == (Decimal("1.5"), Decimal(155))


def test_a_cash_order_larger_than_the_book_buys_all_of_it() -> None:
    ann, bob = desks("ann", "bob")
    ann.add("sell", qty="1", price="100.0")
    order = bob.order(bob.add("buy", qty="500", price=None, cash=True))
    assert (order.status, order.qty, order.average_price) == ("closed", Decimal(1), Decimal(100))


def test_an_order_says_its_status_in_the_streams_words() -> None:
    ann, bob = desks("ann", "bob")
    order_id = ann.add("sell", qty="2")
    seen = [ann.order(order_id).stream_status]
    assert ann.order(order_id).average_price == 0
    bob.add("buy", qty="1")
    seen.append(ann.order(order_id).stream_status)
    ann.cancel(order_id)
    seen.append(ann.order(order_id).stream_status)
    first = next(each for each in ann.exchange.events() if isinstance(each, Execution))
    assert seen == ["new", "partially_filled", "canceled"]
    assert first.order.stream_status == "pending_new"
    assert bob.exchange.closed_orders("bob")[0].stream_status == "filled"


def test_self_trade_cancels_the_newest_unless_told_otherwise() -> None:
    [ann] = desks("ann")
    resting = ann.add("sell", qty="1")
    newest = ann.order(ann.add("buy", qty="0.5"))
    assert (newest.status, newest.filled_qty) == ("canceled", Decimal(0))
    assert ann.order(resting).is_open
    both = ann.order(ann.add("buy", qty="0.5", stp="cancel-both"))
    assert (both.status, ann.order(resting).status) == ("canceled", "canceled")


def test_self_trade_with_cancel_oldest_goes_on_to_the_next_order() -> None:
    ann, bob = desks("ann", "bob")
    own, other = ann.add("sell"), bob.add("sell")
    taker = ann.order(ann.add("buy", stp="cancel-oldest"))
    assert ann.order(own).reason == "Self trade prevention"
    assert (taker.status, filled(bob, other)) == ("closed", Decimal(1))


def test_what_filled_before_meeting_ones_own_order_stays_filled() -> None:
    ann, bob = desks("ann", "bob")
    bob.add("sell", qty="0.5", price="99.0")
    ann.add("sell", qty="1")
    taker = ann.order(ann.add("buy", qty="1"))
    assert (taker.filled_qty, taker.reason) == (Decimal("0.5"), "Self trade prevention")


STOPS = [
    ("buy", "stop-loss", "105.0", "104.9", "105.0"),
    ("sell", "stop-loss", "95.0", "95.1", "95.0"),
    ("buy", "take-profit", "95.0", "95.1", "95.0"),
    ("sell", "take-profit", "105.0", "104.9", "105.0"),
]


@pytest.mark.parametrize(("side", "kind", "trigger", "misses", "hits"), STOPS)
def test_a_stop_waits_outside_the_book_until_its_price_prints(
    side: str, kind: str, trigger: str, misses: str, hits: str
) -> None:
    ann, bob = desks("ann", "bob")
    bob.add("sell", price="120.0", qty="5")
    bob.add("buy", price="80.0", qty="5")
    order_id = ann.add(side, price=None, order_type=kind, trigger_price=Decimal(trigger))
    assert len(ann.exchange.book(PAIR, 10).bids) == 1
    ann.exchange.print_trade(PAIR, Decimal(misses), Decimal(1), now_ns=START)
    assert ann.order(order_id).is_untriggered
    ann.exchange.events()
    ann.exchange.print_trade(PAIR, Decimal(hits), Decimal(1), now_ns=START)
    assert told(ann.exchange.events(), "ann") == ["status", "trade", "filled"]
    assert ann.order(order_id).status == "closed"


def test_a_stop_limit_rests_at_its_limit_after_it_fired() -> None:
    [ann] = desks("ann")
    order_id = ann.add(
        "sell", price="94.0", order_type="stop-loss-limit", trigger_price=Decimal("95.0")
    )
    ann.exchange.print_trade(PAIR, Decimal(90), Decimal(1), now_ns=START)
    assert ann.order(order_id).triggered_ns == START
    assert [each.price for each in ann.exchange.book(PAIR, 5).asks] == [Decimal("94.0")]


def test_a_stop_that_is_reached_already_fires_at_once_and_fires_others() -> None:
    ann, bob, cyd = desks("ann", "bob", "cyd")
    ann.exchange.print_trade(PAIR, Decimal(100), Decimal(1), now_ns=START)
    bob.add("buy", price="90.0", qty="1")
    second = cyd.add("sell", price=None, order_type="stop-loss", trigger_price=Decimal(95))
    first = ann.add("sell", price=None, order_type="stop-loss", trigger_price=Decimal(100))
    assert ann.order(first).status == "closed"
    # Its trade at 90 set off the other stop, for which nobody was left.
    assert cyd.order(second).reason == "Insufficient liquidity"


def test_amending_down_keeps_the_place_and_up_loses_it() -> None:
    ann, bob, cyd = desks("ann", "bob", "cyd")
    first, second = ann.add("sell", qty="2"), bob.add("sell", qty="1")
    amend(ann, first, qty=Decimal("1.5"))
    cyd.add(qty="0.5")
    assert (filled(ann, first), filled(bob, second)) == (Decimal("0.5"), Decimal(0))
    amend(ann, first, qty=Decimal(3))
    cyd.add(qty="1")
    assert (filled(ann, first), filled(bob, second)) == (Decimal("0.5"), Decimal(1))


def test_amending_the_price_may_trade_and_keeps_the_ids() -> None:
    ann, bob = desks("ann", "bob")
    bob.add("sell", price="105.0")
    order_id = ann.add("buy", price="100.0", cl_ord_id="mine")
    ann.exchange.events()
    request = AmendOrder(cl_ord_id="mine", limit_price=Decimal("105.0"))
    amended = ann.exchange.amend_order("ann", request, now_ns=START)
    assert (amended.order_id, amended.cl_ord_id) == (order_id, "mine")
    assert told(ann.exchange.events(), "ann") == ["amended", "trade", "filled"]
    assert ann.held("USD") == 0


def test_amending_below_what_is_filled_cancels_the_rest() -> None:
    ann, bob = desks("ann", "bob")
    order_id = ann.add("sell", qty="2")
    bob.add(qty="1.5")
    amend(ann, order_id, qty=Decimal(1))
    order = ann.order(order_id)
    assert (order.status, order.filled_qty) == ("canceled", Decimal("1.5"))


AMENDS = [
    ({}, "EOrder:Unknown order", True),
    ({"qty": Decimal(-1)}, "EGeneral:Invalid arguments:order_qty", False),
    ({"qty": Decimal("1E-9")}, "EGeneral:Invalid arguments:volume", False),
    ({"limit_price": Decimal("1.01")}, "EOrder:Invalid price", False),
    ({"limit_price": Decimal(-1)}, "EOrder:Invalid price", False),
    ({"trigger_price": Decimal(1)}, "EGeneral:Invalid arguments:trigger_price", False),
    ({"display_qty": Decimal(1)}, "EGeneral:Invalid arguments:display_qty", False),
    ({"qty": Decimal("0.00001")}, "EOrder:Order minimum not met", False),
    ({"qty": Decimal(20_000)}, "EOrder:Insufficient funds", False),
    ({"limit_price": Decimal("101.0"), "post_only": True}, "EOrder:Post only order", False),
]


@pytest.mark.parametrize(("changed", "error", "is_gone"), AMENDS)
def test_a_bad_amend_is_refused_and_changes_nothing(
    changed: dict[str, Any], error: str, is_gone: bool
) -> None:
    ann, bob = desks("ann", "bob")
    bob.add("sell", price="101.0")
    order_id = ann.add()
    if is_gone:
        ann.cancel(order_id)
    before = ann.order(order_id)
    with pytest.raises(Refusal, match=error):
        amend(ann, order_id, **changed)
    assert ann.order(order_id) == before


def test_an_amend_names_one_order_by_one_name() -> None:
    [ann] = desks("ann")
    order_id = ann.add(cl_ord_id="mine")
    both: tuple[dict[str, Any], ...] = ({}, {"order_id": order_id, "cl_ord_id": "mine"})
    for names in both:
        with pytest.raises(Refusal, match="EGeneral:Invalid arguments:txid"):
            ann.exchange.amend_order("ann", AmendOrder(**names), now_ns=START)


def test_a_waiting_stop_is_amended_at_its_trigger() -> None:
    [ann] = desks("ann")
    order_id = ann.add("buy", price=None, order_type="stop-loss", trigger_price=Decimal("105.0"))
    amend(ann, order_id, trigger_price=Decimal("110.0"))
    assert ann.held("USD") == Decimal("110.44")
    with pytest.raises(Refusal, match="limit_price"):
        amend(ann, order_id, limit_price=Decimal("110.0"))


def test_editing_replaces_the_order_without_its_client_id() -> None:
    [ann] = desks("ann")
    old = ann.add(cl_ord_id="mine")
    request = EditOrder(order_id=old, symbol=PAIR, qty=Decimal(2), limit_price=Decimal("90.0"))
    edited = ann.exchange.edit_order("ann", request, now_ns=START)
    assert edited.order_id is not None
    new = ann.order(edited.order_id)
    assert (new.qty, new.limit_price, new.cl_ord_id) == (Decimal(2), Decimal("90.0"), None)
    assert (new.replaced_id, ann.order(old).reason) == (old, "Order replaced")
    assert ann.held("USD") == Decimal("180.72")


def test_an_edit_that_cannot_be_paid_leaves_the_old_order() -> None:
    ann, bob = desks("ann", "bob")
    bob.add("sell", price="101.0")
    old = ann.add(post_only=True)
    far = EditOrder(order_id=old, symbol=PAIR, qty=Decimal(20_000))
    crossing = EditOrder(order_id=old, symbol=PAIR, limit_price=Decimal("101.0"))
    elsewhere = EditOrder(order_id=old, symbol="ETH/USD")
    for request, error in (
        (far, "EOrder:Insufficient funds"),
        (crossing, "EOrder:Post only order"),
        (elsewhere, "EOrder:Unknown order"),
    ):
        with pytest.raises(Refusal, match=error):
            ann.exchange.edit_order("ann", request, now_ns=START)
    assert ann.order(old).is_open
    checked = EditOrder(order_id=old, symbol=PAIR, qty=Decimal(2), validate=True)
    assert ann.exchange.edit_order("ann", checked, now_ns=START).order_id is None


def test_a_batch_is_refused_whole_for_form_and_by_leg_for_funds() -> None:
    desk = Desk(quiet(rich("ann", USD="150")), "ann")
    exchange = desk.exchange
    for bad in (
        (asked(),),
        tuple(asked() for _ in range(16)),
        (asked(), asked(symbol="ETH/USD")),
        (asked(), asked(side="x")),
        (asked(cl_ord_id="a"), asked(cl_ord_id="a")),
    ):
        with pytest.raises(Refusal, match="EGeneral:Invalid arguments"):
            exchange.add_batch("ann", bad, now_ns=START)
    assert exchange.open_orders("ann") == ()
    legs = exchange.add_batch(
        "ann", (asked(), asked(), asked(qty="0.1"), asked(validate=True)), now_ns=START
    )
    assert [leg.error for leg in legs] == [None, "EOrder:Insufficient funds", None, None]
    assert [leg.placed is not None for leg in legs] == [True, False, True, True]
    assert len(exchange.open_orders("ann")) == 2


def test_orders_cancelled_by_userref_may_be_many() -> None:
    [ann] = desks("ann")
    for price in ("90.0", "91.0"):
        ann.add(price=price, userref=7)
    kept = ann.add(userref=8)
    assert ann.cancel(7) == 2
    assert [each.order_id for each in ann.exchange.open_orders("ann")] == [kept]
    assert ann.exchange.cancel_all("ann", now_ns=START) == 1
