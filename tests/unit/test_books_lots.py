"""Lots, results and profit made again from stored fills, against tables computed by hand."""

from __future__ import annotations

import decimal
from collections.abc import Iterator
from decimal import Decimal

import msgspec
import pytest

from actors.messages.decision import Side
from actors.messages.order import SubmitOrder
from actors.money import EXACT
from service.books.lots import LotBook, UnbookableError, in_order, parted, slippage_of
from service.books.profit import Tie, grouped, summed, ties, totals, within
from service.books.rows import AccountBalance, BookedFill
from tests.books import START, Books, approved, of, trade
from tests.stored_books import CONFIGS, HOUR, fill, stored, transfer

D = Decimal
STEP = D("0.01")
BUY, SELL = Side.BUY, Side.SELL
OPENING = transfer(0, "external:USD", "available:USD", "10000.00", source="deposit:opening:in")


@pytest.fixture(autouse=True)
def exact() -> Iterator[None]:
    with decimal.localcontext(EXACT):
        yield


def booked(*fills: BookedFill) -> LotBook:
    book = LotBook(CONFIGS)
    for each in in_order(fills, [], [OPENING]):
        book.feed(each)
    return book


# What was filled, then the lots that remain: quantity, cost, order.
LOTS: tuple[tuple[tuple[BookedFill, ...], list[tuple[str, str, str]]], ...] = (
    ((fill(1, BUY, "0.2", "100.0", cost="20.00", fee="0.08"),), [("0.2", "20.08", "o1")]),
    (
        (
            fill(1, BUY, "0.2", "100.0", cost="20.00", fee="0.08"),
            fill(2, BUY, "0.1", "110.0", cost="11.00", fee="0.04"),
        ),
        [("0.2", "20.08", "o1"), ("0.1", "11.04", "o2")],
    ),
    (  # the older lot whole, a third of the younger: 3.68 of 11.04
        (
            fill(1, BUY, "0.2", "100.0", cost="20.00", fee="0.08"),
            fill(2, BUY, "0.3", "110.0", cost="33.00", fee="0.13"),
            fill(3, SELL, "0.3", "120.0", cost="36.00", fee="0.14"),
        ),
        [("0.2", "22.09", "o2")],  # 33.13 less a third rounded down, 11.04
    ),
    (  # a fee in base takes units and leaves the cost
        (fill(1, BUY, "0.2", "100.0", cost="20.00", fee="0.001", fee_asset="XBT"),),
        [("0.199", "20.00", "o1")],
    ),
    (  # sold out, bought anew: the first purchase is forgotten
        (
            fill(1, BUY, "0.2", "100.0", cost="20.00"),
            fill(2, SELL, "0.2", "100.0", cost="20.00"),
            fill(3, BUY, "0.1", "90.0", cost="9.00"),
        ),
        [("0.1", "9.00", "o3")],
    ),
    ((fill(1, SELL, "0.2", "100.0", cost="20.00"),), []),
)


@pytest.mark.parametrize(("fills", "lots"), LOTS)
def test_lots_are_first_in_first_out_with_the_buy_fee_in_their_cost(
    fills: tuple[BookedFill, ...], lots: list[tuple[str, str, str]]
) -> None:
    found = booked(*fills).open_lots()
    assert [(each.quantity, each.cost, each.cl_ord_id) for each in found] == [
        (D(quantity), D(cost), order) for quantity, cost, order in lots
    ]


def test_a_lot_tells_when_it_was_bought_and_its_unit_cost_rounded_down() -> None:
    (lot,) = booked(fill(1, BUY, "0.3", "100.0", cost="30.00", fee="0.01")).open_lots()
    assert lot.bought_at == START + HOUR
    assert lot.exec_id == "x1"
    assert lot.unit_cost == D("100.033333333333")


@pytest.mark.parametrize(
    ("side", "price", "decided", "slippage"),
    [
        (BUY, "101.0", "100.0", "0.20"),
        (BUY, "99.0", "100.0", "-0.20"),
        (SELL, "99.0", "100.0", "0.20"),
        (SELL, "101.0", "100.0", "-0.20"),
        (BUY, "101.0", "0", "0"),
    ],
)
def test_slippage_is_what_the_price_cost_us_against_the_decision(
    side: Side, price: str, decided: str, slippage: str
) -> None:
    found = fill(1, side, "0.2", price, cost="20.00", decided=decided)
    assert slippage_of(found.fill, STEP) == D(slippage)


def test_a_sale_carries_its_share_of_what_the_purchases_cost_in_fees_and_slippage() -> None:
    """Bought 0.2 at 101 (decided 100) and 0.2 at 110; a half and a quarter are sold at 120."""
    book = booked(
        fill(1, BUY, "0.2", "101.0", cost="20.20", fee="0.09", decided="100.0"),
        fill(2, BUY, "0.2", "110.0", cost="22.00", fee="0.08", decided="110.0"),
        fill(3, SELL, "0.1", "120.0", cost="12.00", fee="0.05", decided="120.5"),
        fill(4, SELL, "0.15", "120.0", cost="18.00", fee="0.07", decided="120.0"),
    )
    first, second = book.results
    # 20.29 / 2 rounded down = 10.14 of cost, 0.04 of fee, 0.10 of slippage go with the first sale.
    assert (first.cost, first.realised) == (D("10.14"), D("1.81"))
    assert (first.fee, first.slippage) == (D("0.09"), D("0.15"))
    assert first.price == D("2.05")
    assert first.held_since == START + HOUR
    # The rest of the first lot (10.15; 0.05; 0.10) and a quarter of the second (5.52; 0.02; 0).
    assert (second.cost, second.realised) == (D("15.67"), D("2.26"))
    assert (second.fee, second.slippage) == (D("0.14"), D("0.10"))
    assert second.price == second.realised + second.fee + second.slippage == D("2.50")


def test_a_lot_that_is_sold_in_equal_parts_gives_equal_shares_of_its_costs() -> None:
    sales = [fill(n, SELL, "0.1", "100.0", cost="10.00") for n in (2, 3, 4)]
    book = booked(fill(1, BUY, "0.3", "100.0", cost="30.00", fee="0.30", decided="99.0"), *sales)
    assert [(each.fee, each.slippage) for each in book.results] == [(D("0.10"), D("0.10"))] * 3


def test_a_sale_of_what_was_never_bought_is_all_profit_of_that_moment() -> None:
    (result,) = booked(fill(1, SELL, "0.2", "100.0", cost="20.00", fee="0.08")).results
    assert (result.cost, result.realised) == (D(0), D("19.92"))
    assert result.held_since == result.at


def test_a_fee_that_eats_the_whole_purchase_is_a_loss_without_a_trade() -> None:
    (result,) = booked(
        fill(1, BUY, "0.1", "100.0", cost="10.00", fee="0.1", fee_asset="XBT")
    ).results
    assert result.trade is None
    assert result.realised == D("-10.00")
    assert (result.proceeds, result.cost, result.fee) == (D(0), D("10.00"), D("10.00"))


def test_profit_is_grouped_by_symbol_day_and_month_and_adds_up() -> None:
    day = 24 * HOUR
    fills = [
        fill(1, BUY, "0.3", "100.0", cost="30.00", fee="0.03"),
        fill(2, SELL, "0.1", "110.0", cost="11.00", fee="0.01", at=START + day),
        fill(3, SELL, "0.1", "90.0", cost="9.00", fee="0.01", at=START + 2 * day),
        fill(4, SELL, "0.1", "120.0", cost="12.00", fee="0.01", at=START + 30 * day),
    ]
    results = booked(*fills).results
    assert [(each.key, each.sales) for each in grouped(results, "symbol")] == [("XBT/USD", 3)]
    by_day = grouped(results, "day")
    assert [each.key for each in by_day] == ["2023-11-15", "2023-11-16", "2023-12-14"]
    assert [each.realised for each in by_day] == [D("0.98"), D("-1.02"), D("1.98")]
    by_month = grouped(results, "month")
    assert [(each.key, each.realised) for each in by_month] == [
        ("2023-11", D("-0.04")),
        ("2023-12", D("1.98")),
    ]
    total = summed("total", results)
    assert total.price + total.fee + total.slippage == total.realised == D("1.94")
    assert [each.seq for each in within(results, START + 2 * day, START + 30 * day)] == [3]


def test_a_deposit_in_kind_is_a_lot_without_a_known_cost() -> None:
    book = LotBook(CONFIGS)
    book.feed(transfer(1, "external:XBT", "available:XBT", "0.5", source="deposit:gift:in"))
    (lot,) = book.open_lots()
    assert (lot.quantity, lot.cost, lot.cl_ord_id) == (D("0.5"), D(0), "")
    assert book.in_kind == ["XBT/USD"]


@pytest.mark.parametrize(
    "changed",
    [
        {"symbol": "DOGE/USD"},
        {"cost": D("-20.00")},
        {"quantity": D("NaN")},
    ],
)
def test_a_fill_that_the_ledger_cannot_have_booked_is_named(changed: dict[str, object]) -> None:
    good = fill(7, BUY, "0.2", "100.0", cost="20.00")
    bad = msgspec.structs.replace(good, fill=msgspec.structs.replace(good.fill, **changed))
    with pytest.raises(UnbookableError, match="the fill of input 7 is not one"):
        booked(bad)


def test_a_row_of_an_unknown_run_is_named_too() -> None:
    deposit = transfer(3, "external:USD", "available:USD", "1", source="deposit:a:in")
    with pytest.raises(UnbookableError, match="the deposit of input 3"):
        LotBook(CONFIGS).feed(msgspec.structs.replace(deposit, run_id="another"))


def test_fills_and_deposits_are_met_in_the_journals_order() -> None:
    deposit = transfer(2, "external:USD", "available:USD", "1", source="deposit:a:in")
    fills = [fill(3, BUY, "0.1", "1.0", cost="0.10"), fill(1, BUY, "0.1", "1.0", cost="0.10")]
    assert [each.seq for each in in_order(fills, [], [deposit])] == [1, 2, 3]


def test_an_input_belongs_to_what_was_until_then() -> None:
    fills = [fill(seq, BUY, "0.1", "1.0", cost="0.10") for seq in (1, 2, 3)]
    until, later = parted(in_order(fills, [], []), 2)
    assert ([each.seq for each in until], [each.seq for each in later]) == ([1, 2], [3])


def traded() -> Books:
    books = Books()
    books.start()
    books.fund()
    (order,) = of(SubmitOrder, books.send(approved(0, quantity="0.1", price="50000.0")))
    books.send(trade(order.cl_ord_id, "t1", "0.1", "49990.0", cost="4999.00", fee="19.99"))
    books.mark(XBT=51000.0)
    (order,) = of(
        SubmitOrder, books.send(approved(1, SELL, quantity="0.04", price="50900.0", at=books.at))
    )
    books.send(trade(order.cl_ord_id, "t2", "0.04", "50950.0", cost="2038.00", fee="8.15"))
    return books


def test_a_portfolio_ties_to_the_fills_and_postings_behind_it() -> None:
    rows = stored(traded().sent)
    _, state = rows.portfolios[-1]
    balances = [
        AccountBalance(f"{kind}:USD", "USD", D(amount), D(amount), 1)
        for kind, amount in (
            ("available", state.cash_free), ("held", state.cash_held), ("external", "-10000"),
        )
    ]  # fmt: skip
    found = ties(state, totals(rows.book()), balances, "USD")
    assert [each.figure for each in found if not each.holds] == []
    assert len(found) == 9


def test_what_does_not_tie_is_told_with_both_figures() -> None:
    rows = stored(traded().sent)
    _, state = rows.portfolios[-1]
    found = ties(state, totals(booked(rows.fills[0])), [], "USD")
    assert {each.figure for each in found if not each.holds} == {
        "realised", "fees", "cash free", "equity", "deposits + profit", "XBT/USD quantity",
        "XBT/USD cost",
    }  # fmt: skip
    assert found[0] == Tie("realised", state.realised, D("0"))
