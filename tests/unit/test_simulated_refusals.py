"""Every refusal of the simulated exchange: one row each, word for word, and which comes first."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from adapters.kraken_simulator.errors import Refusal
from adapters.kraken_simulator.orders import AddOrder, AmendOrder, EditOrder
from adapters.kraken_simulator.views import AccountSpec
from tests.quiet_exchange import PAIR, RICH, SECOND, START, Desk, asked, desks, quiet, rich

INVALID = "EGeneral:Invalid arguments"
NAN = Decimal("NaN")

# What is asked differently from a plain limit order of one bitcoin, and the answer.
ARGUMENTS: list[tuple[dict[str, Any], str]] = [
    ({"symbol": "BTC/XYZ"}, "EQuery:Unknown asset pair"),
    ({"side": "hold"}, f"{INVALID}:type"),
    ({"order_type": "iceberg-ish"}, f"{INVALID}:ordertype"),
    ({"order_type": "settle-position"}, f"{INVALID}:ordertype"),
    ({"qty": Decimal(0)}, f"{INVALID}:volume"),
    ({"qty": Decimal(-1)}, f"{INVALID}:volume"),
    ({"qty": NAN}, f"{INVALID}:volume"),
    ({"qty": Decimal("1E15")}, f"{INVALID}:volume"),
    ({"qty": Decimal("1.000000001")}, f"{INVALID}:volume"),
    ({"time_in_force": "GTX"}, f"{INVALID}:timeinforce"),
    ({"stp": "cancel-none"}, f"{INVALID}:stptype"),
    ({"trigger_reference": "mark"}, f"{INVALID}:trigger"),
    ({"leverage": True}, "EOrder:Cannot open position"),
    ({"reduce_only": True}, f"{INVALID}:reduce_only"),
    ({"no_mpp": True}, "no_mpp order option is only available when ordertype = market"),
    ({"cash": True}, f"{INVALID}:viqc"),
    (
        {"cash": True, "order_type": "market", "limit_price": None, "side": "sell"},
        f"{INVALID}:viqc",
    ),
    (
        {"order_type": "market", "limit_price": None, "time_in_force": "IOC"},
        f"{INVALID}:timeinforce",
    ),
    (
        {"order_type": "iceberg", "display_qty": Decimal("0.5"), "time_in_force": "FOK"},
        f"{INVALID}:timeinforce",
    ),
    ({"time_in_force": "GTD"}, f"{INVALID}:expiretm"),
    ({"expire_ns": START + SECOND}, f"{INVALID}:expiretm"),
    ({"time_in_force": "GTD", "expire_ns": START}, f"{INVALID}:expiretm"),
    ({"post_only": True, "time_in_force": "IOC"}, f"{INVALID}:oflags"),
    ({"post_only": True, "order_type": "market", "limit_price": None}, f"{INVALID}:oflags"),
    ({"order_type": "iceberg"}, f"{INVALID}:displayvol"),
    ({"display_qty": Decimal("0.5")}, f"{INVALID}:displayvol"),
    ({"order_type": "iceberg", "display_qty": Decimal("0.06")}, f"{INVALID}:displayvol"),
    ({"order_type": "iceberg", "display_qty": Decimal("1.1")}, f"{INVALID}:displayvol"),
    ({"cl_ord_id": "a", "userref": 1}, f"{INVALID}:cl_ord_id"),
    ({"cl_ord_id": ""}, f"{INVALID}:cl_ord_id"),
    ({"cl_ord_id": "x" * 19}, f"{INVALID}:cl_ord_id"),
    ({"cl_ord_id": "g" * 32}, f"{INVALID}:cl_ord_id"),
    ({"cl_ord_id": "grün"}, f"{INVALID}:cl_ord_id"),
    ({"userref": 2**31}, f"{INVALID}:userref"),
    ({"userref": -(2**31) - 1}, f"{INVALID}:userref"),
    ({"limit_price": None}, f"{INVALID}:price"),
    ({"limit_price": Decimal(0)}, "EOrder:Invalid price"),
    ({"limit_price": NAN}, "EOrder:Invalid price"),
    ({"limit_price": Decimal("Infinity")}, "EOrder:Invalid price"),
    ({"trigger_price": Decimal(90)}, f"{INVALID}:price"),
    ({"order_type": "market"}, f"{INVALID}:price"),
    ({"order_type": "stop-loss"}, f"{INVALID}:price"),
    (
        {"order_type": "stop-loss-limit", "limit_price": None, "trigger_price": Decimal(90)},
        f"{INVALID}:price2",
    ),
    (
        {"limit_price": Decimal("100.01")},
        "EOrder:Invalid price:XBTUSD price can only be specified up to 1 decimals.",
    ),
    (
        {"qty": Decimal("0.00004999"), "limit_price": Decimal(90_000)},
        "EOrder:Order minimum not met",
    ),
    ({"qty": Decimal("0.0001")}, "EOrder:Cost minimum not met"),
    ({"deadline_ns": START + SECOND // 2 - 1}, f"{INVALID}:deadline"),
    ({"deadline_ns": START + 60 * SECOND + 1}, f"{INVALID}:deadline"),
    ({"qty": Decimal(20_000)}, "EOrder:Insufficient funds"),
    ({"side": "sell", "qty": Decimal("50.1")}, "EOrder:Insufficient funds"),
]


def refusal_of(desk: Desk, request: AddOrder) -> str:
    with pytest.raises(Refusal) as caught:
        desk.exchange.add_order(desk.account, request, now_ns=desk.exchange.now_ns)
    return caught.value.error


@pytest.mark.parametrize(("changed", "error"), ARGUMENTS, ids=lambda row: str(row)[:60])
def test_a_bad_order_is_refused_in_krakens_words(changed: dict[str, Any], error: str) -> None:
    [desk] = desks("ann")
    assert refusal_of(desk, asked(**changed)) == error
    assert desk.exchange.open_orders("ann") == ()
    assert desk.exchange.events() == ()


def test_the_plain_order_of_the_table_is_accepted() -> None:
    [desk] = desks("ann")
    assert desk.order(desk.add()).status == "open"


@pytest.mark.parametrize(
    "name",
    [
        "a",
        "x" * 18,
        "0" * 32,
        "6d1b345e-2821-40e2-ad83-4ecb18a06876",
        "DA8E4AD59B78481C93E589746B0CF91F",
    ],
)
def test_client_ids_of_every_form_are_taken(name: str) -> None:
    [desk] = desks("ann")
    assert desk.order(desk.add(cl_ord_id=name)).cl_ord_id == name


MODES: list[tuple[str, str, dict[str, Any], str | None]] = [
    ("system", "maintenance", {}, "EService:Unavailable"),
    ("system", "cancel_only", {}, "EService:Market in cancel_only mode"),
    ("system", "post_only", {}, "EService:Market in post_only mode"),
    ("system", "post_only", {"post_only": True}, None),
    ("pair", "cancel_only", {"post_only": True}, "EService:Market in cancel_only mode"),
    ("pair", "post_only", {}, "EService:Market in post_only mode"),
    ("pair", "post_only", {"post_only": True}, None),
    (
        "pair",
        "limit_only",
        {"order_type": "market", "limit_price": None},
        "EService:Market in limit_only mode",
    ),
    ("pair", "limit_only", {}, None),
    ("pair", "reduce_only", {}, "EOrder:Reduce only:No position exists"),
    ("pair", "delisted", {}, "EService:Unavailable"),
    ("pair", "maintenance", {}, "EService:Unavailable"),
]


@pytest.mark.parametrize(("scope", "mode", "changed", "error"), MODES)
def test_a_mode_takes_only_what_it_takes(
    scope: str, mode: Any, changed: dict[str, Any], error: str | None
) -> None:
    [desk] = desks("ann")
    if scope == "system":
        desk.exchange.set_status(mode, now_ns=START)
    else:
        desk.exchange.set_pair_status(PAIR, mode, now_ns=START)
    if error is None:
        desk.exchange.add_order("ann", asked(**changed), now_ns=START)
    else:
        assert refusal_of(desk, asked(**changed)) == error


def test_tick_that_is_coarser_than_the_decimals_is_checked() -> None:
    [desk] = desks("ann")
    desk.exchange.change_steps(PAIR, tick=Decimal("0.5"), now_ns=START)
    assert refusal_of(desk, asked(price="100.3")) == "EOrder:Tick size check failed"
    desk.add(price="100.5")


def test_a_pair_without_an_index_has_no_index_trigger() -> None:
    exchange = quiet(rich("ann"), symbols=("ICP/USD",))
    request = AddOrder(
        symbol="ICP/USD",
        side="sell",
        order_type="stop-loss",
        qty=Decimal(1),
        trigger_price=Decimal(9),
        trigger_reference="index",
    )
    assert refusal_of(Desk(exchange, "ann"), request) == "EOrder:Index unavailable"


def test_a_restricted_asset_may_not_be_traded() -> None:
    spec = AccountSpec(account="ann", balances=dict(RICH), restricted=("BTC",))
    error = refusal_of(Desk(quiet(spec), "ann"), asked())
    assert error == "EAccount:Invalid permissions:BTC trading restricted"


def test_a_client_id_is_unique_over_open_orders_only() -> None:
    ann, bob = desks("ann", "bob")
    ann.add(price="90.0", cl_ord_id="another")
    first = ann.add(cl_ord_id="mine")
    assert refusal_of(ann, asked(cl_ord_id="mine")) == f"{INVALID}:cl_ord_id"
    bob.add(price="99.0", cl_ord_id="mine")
    ann.cancel(first)
    assert ann.add(cl_ord_id="mine") != first


def test_a_crossing_post_only_order_is_refused_or_cancelled() -> None:
    ann, bob = desks("ann", "bob")
    ann.add("sell", price="100.0")
    assert refusal_of(bob, asked(post_only=True)) == "EOrder:Post only order"
    ann, bob = desks("ann", "bob", post_only_cancels=True)
    ann.add("sell", price="100.0")
    order = bob.order(bob.add(post_only=True))
    assert (order.status, order.reason) == ("canceled", "Post only order")
    assert bob.free("USD") == RICH["USD"]


def test_open_orders_of_a_pair_are_limited_by_tier() -> None:
    desk = Desk(quiet(rich("ann", "starter")), "ann")
    for index in range(60):
        now_ns = START + index * 2 * SECOND
        desk.exchange.add_order("ann", asked(qty="0.01"), now_ns=now_ns)
    assert refusal_of(desk, asked(qty="0.01")) == "EOrder:Orders limit exceeded"


def test_a_deadline_that_passed_in_the_queue_refuses() -> None:
    [desk] = desks("ann")
    request = asked(deadline_ns=START + SECOND)
    with pytest.raises(Refusal, match="EService:Deadline elapsed"):
        desk.exchange.add_order("ann", request, received_ns=START, now_ns=START + SECOND + 1)
    desk.exchange.add_order("ann", asked(deadline_ns=START + 3 * SECOND), now_ns=START + 2 * SECOND)


def test_validate_checks_the_form_and_places_nothing() -> None:
    [desk] = desks("ann")
    placed = desk.exchange.add_order("ann", asked(validate=True), now_ns=START)
    assert placed.order_id is None
    assert placed.description == "buy 1.00000000 XBTUSD @ limit 100.0"
    assert desk.exchange.open_orders("ann") == ()
    assert refusal_of(desk, asked(validate=True, side="x")) == f"{INVALID}:type"


# Each request has every fault from its row on; the row names which one is answered.
FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"symbol": "NO/NO"}, "EQuery:Unknown asset pair"),
    ({"deadline_ns": START}, f"{INVALID}:deadline"),
    ({"side": "x"}, f"{INVALID}:type"),
    ({"cl_ord_id": "x" * 20}, f"{INVALID}:cl_ord_id"),
    (
        {"limit_price": Decimal("100.01")},
        "EOrder:Invalid price:XBTUSD price can only be specified up to 1 decimals.",
    ),
    ({"qty": Decimal("0.00001")}, "EOrder:Order minimum not met"),
]


@pytest.mark.parametrize("first", range(len(FAULTS)))
def test_of_several_faults_the_earlier_rule_answers(first: int) -> None:
    [desk] = desks("ann")
    fields: dict[str, Any] = {}
    for changed, _ in FAULTS[first:]:
        fields.update(changed)
    assert refusal_of(desk, asked(**fields)) == FAULTS[first][1]


def test_maintenance_comes_before_everything_and_stops_cancels_too() -> None:
    [desk] = desks("ann")
    order_id = desk.add()
    exchange = desk.exchange
    exchange.set_status("maintenance", now_ns=START)
    assert refusal_of(desk, asked(symbol="NO/NO")) == "EService:Unavailable"
    calls = (
        lambda: exchange.cancel_order("ann", order_id, now_ns=START),
        lambda: exchange.cancel_all("ann", now_ns=START),
        lambda: exchange.cancel_all_after("ann", 60, now_ns=START),
        lambda: exchange.amend_order("ann", AmendOrder(order_id=order_id), now_ns=START),
        lambda: exchange.edit_order("ann", EditOrder(order_id="O", symbol=PAIR), now_ns=START),
        lambda: exchange.add_batch("ann", (asked(), asked()), now_ns=START),
    )
    for call in calls:
        with pytest.raises(Refusal, match="EService:Unavailable"):
            call()


def test_the_counter_answers_before_the_arguments_do() -> None:
    desk = Desk(quiet(rich("ann", "starter")), "ann")
    for _ in range(60):
        refusal_of(desk, asked(side="x"))
    assert refusal_of(desk, asked(side="x")) == "EOrder:Rate limit exceeded"
    assert refusal_of(desk, asked(side="x", symbol="NO/NO")) == "EQuery:Unknown asset pair"


@pytest.mark.parametrize("name", ["OAAAAA-BBBBB-CCCCCC", "no-such-client-id", 77])
def test_cancelling_what_is_not_open_is_an_unknown_order(name: str | int) -> None:
    [desk] = desks("ann")
    with pytest.raises(Refusal, match="EOrder:Unknown order"):
        desk.cancel(name)


def test_another_accounts_order_cannot_be_touched() -> None:
    ann, bob = desks("ann", "bob")
    order_id = ann.add(cl_ord_id="hers")
    for name in (order_id, "hers"):
        with pytest.raises(Refusal, match="EOrder:Unknown order"):
            bob.cancel(name)
    with pytest.raises(Refusal, match="EOrder:Unknown order"):
        bob.exchange.amend_order("bob", AmendOrder(order_id=order_id, qty=Decimal(2)), now_ns=START)
    assert bob.exchange.order("bob", order_id) is None


@pytest.mark.parametrize("timeout", [-1, 86_401])
def test_a_strange_timeout_of_the_switch_is_refused(timeout: int) -> None:
    [desk] = desks("ann")
    with pytest.raises(Refusal, match=f"{INVALID}:timeout"):
        desk.exchange.cancel_all_after("ann", timeout, now_ns=START)


def test_candles_of_a_strange_interval_are_refused() -> None:
    [desk] = desks("ann")
    with pytest.raises(Refusal, match=f"{INVALID}:interval"):
        desk.exchange.candles(PAIR, 7, 10)
