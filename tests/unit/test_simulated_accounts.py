"""What trades and the world do to a simulated account: fees, holds, ledger, `.F`."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from adapters.kraken_simulator.errors import Refusal
from adapters.kraken_simulator.events import LedgerEntry
from adapters.kraken_simulator.fees import DAY_NS, SCHEDULE, Volume, rate_at, rates_at
from adapters.kraken_simulator.orders import AddOrder
from adapters.kraken_simulator.views import AccountSpec
from tests.quiet_exchange import PAIR, START, Desk, asked, desks, quiet, rich


def entries(desk: Desk) -> list[tuple[str, str, Any, Any]]:
    rows = [each for each in desk.exchange.events() if isinstance(each, LedgerEntry)]
    return [
        (each.kind, each.asset, each.amount, each.fee)
        for each in rows
        if each.account == desk.account
    ]


def pair_of(ann: dict[str, str], bob: dict[str, str], **conduct: Any) -> tuple[Desk, Desk]:
    exchange = quiet(rich("ann", owned=ann), rich("bob", owned=bob), **conduct)
    return Desk(exchange, "ann"), Desk(exchange, "bob")


def test_a_buy_holds_cost_and_fee_and_a_sell_holds_the_quantity() -> None:
    [ann] = desks("ann")
    buy = ann.add("buy", qty="2", price="100.0")
    assert (ann.order(buy).hold, ann.held("USD")) == (Decimal("200.8"), Decimal("200.8"))
    ann.add("sell", qty="3", price="200.0")
    assert ann.held("BTC") == 3
    ann.exchange.cancel_all("ann", now_ns=START)
    assert (ann.held("USD"), ann.held("BTC")) == (Decimal(0), Decimal(0))


def test_holds_are_spent_only_once() -> None:
    ann = Desk(quiet(rich("ann", USD="100.4")), "ann")
    ann.add("buy", qty="1", price="100.0")
    with pytest.raises(Refusal, match="Insufficient funds"):
        ann.add("buy", qty="0.01", price="100.0")
    assert ann.free("USD") == 0


def test_a_partial_fill_keeps_the_hold_of_the_rest() -> None:
    ann, bob = desks("ann", "bob")
    ann.add("buy", qty="2", price="100.0")
    bob.add("sell", qty="0.5", price="90.0")
    assert ann.held("USD") == Decimal("150.6")


def test_maker_and_taker_pay_their_rates_in_quote() -> None:
    ann, bob = desks("ann", "bob")
    ann.add("sell", qty="1")
    bob.add("buy", qty="1")
    [maker], [taker] = ann.exchange.fills("ann"), bob.exchange.fills("bob")
    assert (maker.fee, maker.fee_asset, maker.is_maker) == (Decimal("0.25000"), "USD", True)
    assert (taker.fee, taker.fee_asset, taker.is_maker) == (Decimal("0.40000"), "USD", False)
    assert entries(ann) == [
        ("trade", "BTC", -1, 0),
        ("trade", "USD", 100, Decimal("0.25")),
    ]
    assert [each.balance for each in ann.exchange.ledger("ann")[-2:]] == [49, Decimal("1000099.75")]
    assert [each.ledger_id for each in ann.exchange.ledger("ann")[-2:]] == list(maker.ledger_ids)


def test_price_improvement_gives_the_rest_of_the_hold_back() -> None:
    ann, bob = desks("ann", "bob")
    ann.add("sell", qty="1", price="90.0")
    bob.add("buy", qty="1", price="100.0")
    assert bob.held("USD") == 0
    assert bob.free("USD") == Decimal(1_000_000) - Decimal("90.36")


def test_a_fee_in_base_is_taken_from_what_is_bought() -> None:
    ann, bob = desks("ann", "bob")
    ann.add("sell", qty="1", fee_in_base=True)
    assert ann.held("BTC") == Decimal("1.004")
    order = bob.add("buy", qty="1", fee_in_base=True)
    assert bob.free("BTC") == Decimal("50.996")
    assert bob.free("USD") == 999_900
    assert bob.order(order).fee_asset == "BTC"
    assert ann.free("BTC") == Decimal("48.9975")
    assert bob.exchange.fills("bob")[0].fee_usd == Decimal("0.40000")


def test_fees_forced_into_base_change_side_where_the_balance_allows() -> None:
    ann, bob = pair_of({"BTC": "1"}, {"USD": "1000"})
    for desk in (ann, bob):
        desk.exchange.charge_fees_in_base(desk.account, on=True)
    ann.add("sell", qty="1")
    bob.add("buy", qty="1")
    assert ann.exchange.fills("ann")[0].fee_asset == "USD"
    assert bob.exchange.fills("bob")[0].fee_asset == "BTC"
    assert (bob.free("USD"), bob.free("BTC")) == (Decimal(900), Decimal("0.996"))


def test_earning_balances_count_as_their_base_when_spending() -> None:
    ann, bob = pair_of({"BTC": "0.25", "BTC.F": "1"}, {"USD": "1000"})
    ann.add("sell", qty="1.25")
    assert [(each.asset, each.hold) for each in ann.exchange.wallets("ann")] == [
        ("BTC", Decimal("0.25")),
        ("BTC.F", 1),
    ]
    ann.exchange.events()
    bob.add("buy", qty="0.5")
    assert entries(ann) == [
        ("earn", "BTC.F", Decimal("-0.25"), 0),
        ("earn", "BTC", Decimal("0.25"), 0),
        ("trade", "BTC", Decimal("-0.5"), 0),
        ("trade", "USD", 50, Decimal("0.125")),
    ]
    with pytest.raises(Refusal, match="Insufficient funds"):
        ann.add("sell", qty="0.01")


def test_money_comes_and_goes_by_the_ledger() -> None:
    ann = Desk(quiet(rich("ann", USD="100")), "ann")
    exchange = ann.exchange
    first = exchange.deposit("ann", "USD", Decimal(50), now_ns=START)
    exchange.withdraw("ann", "USD", Decimal(20), fee=Decimal(1), now_ns=START)
    exchange.reward("ann", "ETH.F", Decimal("0.01"), now_ns=START)
    exchange.allocate("ann", "USD", Decimal(100), now_ns=START)
    assert exchange.ledger("ann")[1].ledger_id == first
    assert entries(ann) == [
        ("deposit", "USD", 50, 0),
        ("withdrawal", "USD", -20, 1),
        ("staking", "ETH.F", Decimal("0.01"), 0),
        ("earn", "USD", -100, 0),
        ("earn", "USD.F", 100, 0),
    ]
    exchange.allocate("ann", "USD", Decimal(-40), now_ns=START)
    rows = {each.asset: each.balance for each in exchange.wallets("ann")}
    assert rows == {"USD": 69, "USD.F": 60, "ETH.F": Decimal("0.01")}


def test_what_is_not_free_cannot_leave() -> None:
    ann = Desk(quiet(rich("ann", USD="100")), "ann")
    ann.add("buy", qty="0.5")
    exchange = ann.exchange
    with pytest.raises(Refusal, match="Insufficient funds"):
        exchange.withdraw("ann", "USD", Decimal(60), now_ns=START)
    with pytest.raises(Refusal, match="Insufficient funds"):
        exchange.allocate("ann", "USD", Decimal(-1), now_ns=START)
    for amount in ("0", "-5", "NaN"):
        with pytest.raises(Refusal, match="amount"):
            exchange.deposit("ann", "USD", Decimal(amount), now_ns=START)


@pytest.mark.parametrize(("in_base", "owned"), [(False, "100.4166"), (True, "100.0165")])
def test_roundings_of_many_parts_never_overspend(in_base: bool, owned: str) -> None:
    # Cost and fee of each part round up by half a unit; together they pass what was reserved.
    ann, bob = pair_of({"USD": owned}, {"BTC": "5"})
    for _ in range(7):
        bob.add("sell", qty="0.00014288", price="100000.4")
    order = ann.order(ann.add("buy", qty="0.00100016", price="100000.4", fee_in_base=in_base))
    assert order.status == "closed"
    assert ann.free("USD") == 0
    posted = [each for each in ann.exchange.ledger("ann") if each.asset == "USD"][1:]
    assert len(posted) == 7
    for each in posted:
        assert abs(each.amount + Decimal("14.2881")) <= Decimal("0.0002")
        assert abs(each.fee - (0 if in_base else Decimal("0.0572"))) <= Decimal("0.0005")
        assert each.balance >= 0


def test_a_market_buy_is_refused_unless_the_whole_sweep_is_paid_for() -> None:
    ann, bob = pair_of({"USD": "301"}, {"BTC": "5"})
    bob.add("sell", qty="1", price="100.0")
    bob.add("sell", qty="1", price="200.0")
    with pytest.raises(Refusal, match="Insufficient funds"):
        ann.add("buy", qty="2", price=None, no_mpp=True)
    ann.exchange.deposit("ann", "USD", Decimal("0.2"), now_ns=START)
    assert ann.order(ann.add("buy", qty="2", price=None, no_mpp=True)).status == "closed"
    assert ann.free("USD") == 0


def test_a_stop_that_fires_above_its_reserve_buys_what_it_can_pay() -> None:
    ann, bob = pair_of({"USD": "100.4"}, {"BTC": "5"})
    bob.add("sell", qty="1", price="125.0")
    order_id = ann.add("buy", price=None, order_type="stop-loss", trigger_price=Decimal("100.0"))
    ann.exchange.print_trade(PAIR, Decimal(101), Decimal(1), now_ns=START)
    order = ann.order(order_id)
    assert (order.status, order.reason) == ("canceled", "Insufficient funds")
    assert order.filled_qty == Decimal("0.80000000")
    assert ann.free("USD") == 0


@pytest.mark.parametrize(
    ("exact", "cost", "fee"), [(False, "33.33333", "0.13333"), (True, "33.3333", "0.1333")]
)
def test_the_ledger_rounds_and_fills_agree_with_it_if_asked(
    exact: bool, cost: str, fee: str
) -> None:
    ann, bob = pair_of({"USD": "1000"}, {"BTC": "5"}, exact_ledger=exact)
    bob.add("sell", qty="0.33333333")
    ann.add("buy", qty="0.33333333")
    fill = ann.exchange.fills("ann")[0]
    posted = next(each for each in ann.exchange.ledger("ann") if each.ref_id == fill.exec_id)
    assert (fill.cost, fill.fee) == (Decimal(cost), Decimal(fee))
    assert (posted.amount, posted.fee) == (Decimal("-33.3333"), Decimal("0.1333"))


@pytest.mark.parametrize(
    ("volume", "taker", "maker"),
    [
        ("0", "0.40", "0.25"),
        ("9999.99", "0.40", "0.25"),
        ("10000", "0.35", "0.20"),
        ("250000", "0.20", "0.10"),
        ("10000000", "0.10", "0.00"),
        ("9000000000", "0.05", "0.00"),
    ],
)
def test_the_fee_falls_with_the_volume(volume: str, taker: str, maker: str) -> None:
    rates = rates_at(Decimal(volume))
    assert (rates.taker, rates.maker) == (Decimal(taker), Decimal(maker))
    assert rate_at(Decimal(volume), is_maker=False) == Decimal(taker) / 100
    assert rates.tier_volume <= Decimal(volume)
    assert rates.next_volume is None or rates.next_volume > Decimal(volume)


def test_the_schedule_falls_and_the_last_tier_has_no_next() -> None:
    assert list(SCHEDULE) == sorted(SCHEDULE)
    assert [row[1] for row in SCHEDULE] == sorted((row[1] for row in SCHEDULE), reverse=True)
    assert rates_at(Decimal(10) ** 10).next_taker is None


def test_trading_moves_an_account_into_the_next_tier() -> None:
    spec = AccountSpec(account="ann", balances={"USD": Decimal(10**7)}, volume_usd=Decimal(9_950))
    exchange = quiet(spec, rich("bob"))
    ann, bob = Desk(exchange, "ann"), Desk(exchange, "bob")
    bob.add("sell", qty="5")
    ann.add("buy", qty="1")
    assert exchange.fee_rate("ann", PAIR).taker == Decimal("0.35")
    ann.add("buy", qty="1")
    assert [each.fee for each in exchange.fills("ann")] == [Decimal("0.4"), Decimal("0.35")]
    # Never more than was reserved: this order was reserved at the lower tier.
    assert ann.order(ann.add("buy", price="90.0")).fee_reserve == Decimal("0.0035")


def test_volume_is_forgotten_after_thirty_days() -> None:
    volume = Volume(Decimal(10), START)
    volume.add(Decimal(5), START + DAY_NS)
    assert volume.total(START + 29 * DAY_NS) == 15
    assert volume.total(START + 30 * DAY_NS) == 5
    assert volume.total(START + 31 * DAY_NS) == 0


def test_a_quote_without_a_dollar_price_counts_as_it_is() -> None:
    exchange = quiet(rich("ann", BTC="9"), rich("bob", ETH="9"), symbols=("ETH/BTC",))
    for account, side in (("bob", "sell"), ("ann", "buy")):
        request = asked(side, price="0.5", symbol="ETH/BTC")
        exchange.add_order(account, request, now_ns=START)
    assert exchange.fee_rate("ann", "ETH/BTC").volume_usd == Decimal("0.5")


def test_cost_in_another_quote_counts_in_dollars() -> None:
    exchange = quiet(
        rich("ann", EUR="1000"), rich("bob", BTC="1"), symbols=("BTC/EUR", "EUR/USD", "USD/CAD")
    )
    exchange.print_trade("EUR/USD", Decimal("1.1"), Decimal(1), now_ns=START)
    for account, side in (("bob", "sell"), ("ann", "buy")):
        request = asked(side, symbol="BTC/EUR")
        assert isinstance(request, AddOrder)
        exchange.add_order(account, request, now_ns=START)
    assert exchange.fee_rate("ann", "BTC/EUR").volume_usd == Decimal("110.0")
    assert exchange.fills("ann")[0].fee_usd == Decimal("0.44000")
