"""Trades that no order of ours explains: booked as the venue says, once, against suspense.

A table says what each leaves in our accounts and what it leaves to be explained.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from actors.ledger.balance import faults_of
from actors.ledger.state import LedgerConfig
from actors.ledger.strays import IMPOSSIBLE, NAMELESS, NO_ORDER, TOO_OLD, UNNAMED
from actors.messages.control import ConstraintViolated, Note, Reactivate
from actors.messages.decision import Side
from actors.messages.execution import (
    ExecutionReport,
    Fill,
    Liquidity,
    TradeUnexplained,
    TradeUnmatched,
)
from actors.messages.ledger import (
    HoldReleased,
    PortfolioState,
    TradeClosed,
    TransfersPosted,
)
from actors.messages.order import PlaceHold, SubmitOrder
from tests.books import INSTRUMENTS, START, Books, approved, of, trade

D = Decimal
changed = msgspec.structs.replace


pytestmark = pytest.mark.usefixtures("exact_money")


@pytest.fixture
def books() -> Books:
    made = Books()
    made.start()
    made.fund()
    made.mark(XBT=50000.0, ETH=3000.0)
    return made


def stray(
    exec_id: str,
    side: Side | None,
    quantity: str,
    cost: str,
    fee: str = "0",
    *,
    symbol: str = "XBT/USD",
    fee_asset: str = "",
    cl_ord_id: str = "foreign",
) -> ExecutionReport:
    """A trade of an order that nobody remembers."""
    told = trade(cl_ord_id, exec_id, quantity, cost=cost, fee=fee, fee_asset=fee_asset)
    return changed(told, symbol=symbol, side=side)


def last(books: Books) -> PortfolioState:
    return of(PortfolioState, books.sent)[-1]


def shown(books: Books, kind: str) -> dict[str, Decimal]:
    """Every balance of a kind that is not zero, by asset."""
    return {
        name.split(":", 1)[1]: account.balance
        for name, account in books.ledger.state.accounts.items()
        if name.startswith(f"{kind}:") and account.balance
    }


BUY = stray("a", Side.BUY, "0.1", "5000.00", "20.00")
BOOKED = [
    # the trade, what is free after it, what is short, what suspense has to explain
    (
        BUY,
        {"USD": "4980.00", "XBT": "0.1"},
        {},
        {"USD": "5000.00", "XBT": "-0.1"},
    ),
    (
        stray("a", Side.BUY, "0.3", "15000.00", "60.00"),
        {"XBT": "0.3"},
        {"USD": "-5060.00"},
        {"USD": "15000.00", "XBT": "-0.3"},
    ),
    (
        stray("a", Side.SELL, "0.1", "5000.00", "20.00"),
        {"USD": "14980.00"},
        {"XBT": "-0.1"},
        {"USD": "-5000.00", "XBT": "0.1"},
    ),
    (
        stray("a", Side.BUY, "100", "30.00", "0.5", symbol="DOGE/USD", fee_asset="DOGE"),
        {"USD": "9970.00", "DOGE": "99.5"},
        {},
        {"USD": "30.00", "DOGE": "-100"},
    ),
    (
        stray("a", Side.SELL, "100", "30.00", "0.12", symbol="DOGE/USD"),
        {"USD": "10029.88"},
        {"DOGE": "-100"},
        {"USD": "-30.00", "DOGE": "100"},
    ),
    (
        stray("a", Side.SELL, "1", "0.06", symbol="ETH/XBT", fee="0.001"),
        {"USD": "10000", "XBT": "0.059"},
        {"ETH": "-1"},
        {"XBT": "-0.06", "ETH": "1"},
    ),
]


@pytest.mark.parametrize(("report", "free", "short", "unexplained"), BOOKED)
def test_our_accounts_show_what_the_venue_says_and_suspense_the_other_side(
    books: Books,
    report: ExecutionReport,
    free: dict[str, str],
    short: dict[str, str],
    unexplained: dict[str, str],
) -> None:
    sent = books.send(report)
    for kind, expected in (
        ("available", free),
        ("suspense", short),
        ("suspense-trades", unexplained),
    ):
        assert shown(books, kind) == {asset: D(value) for asset, value in expected.items()}
    assert faults_of(books.ledger.state) == ()
    (record,) = of(TradeUnexplained, sent)
    assert (record.exec_id, record.booked, record.reason) == ("a", True, NO_ORDER)
    halts = [each.name for each in of(ConstraintViolated, sent)]
    assert halts[-1] == "unexplained_trade"
    assert set(halts[:-1]) == {f"suspense:{asset}" for asset in short}


ASIDE = [
    (stray("a", Side.BUY, "0.1", "5000.00", symbol=""), NAMELESS, {"?": D("0.1")}),
    (stray("a", None, "0.1", "5000.00"), NAMELESS, {"?XBT/USD": D("0.1")}),
    (stray("a", Side.BUY, "0.1", "5000.00", symbol="XBTUSD"), NAMELESS, {"?XBTUSD": D("0.1")}),
    (stray("a", Side.BUY, "0.1", "5000.00", symbol="/USD"), NAMELESS, {"?/USD": D("0.1")}),
    (stray("", Side.BUY, "0.1", "5000.00"), UNNAMED, {"?XBT/USD": D("0.1")}),
    (stray("", Side.BUY, "-0.1", "5000.00"), IMPOSSIBLE, {}),
    (stray("a", Side.BUY, "-0.1", "5000.00"), IMPOSSIBLE, {}),
]


@pytest.mark.parametrize(("report", "reason", "kept"), ASIDE)
def test_a_trade_that_cannot_be_booked_is_kept_aside_and_halts(
    books: Books, report: ExecutionReport, reason: str, kept: dict[str, Decimal]
) -> None:
    sent = books.send(report)
    assert shown(books, "available") == {"USD": D(10000)}
    assert shown(books, "suspense-trades") == kept
    (record,) = of(TradeUnexplained, sent)
    assert (record.booked, record.reason, record.quantity) == (False, reason, report.last_quantity)
    assert [each.name for each in of(ConstraintViolated, sent)] == ["unexplained_trade"]
    assert faults_of(books.ledger.state) == ()


@pytest.mark.parametrize("report", [BUY, *(row[0] for row in ASIDE)])
def test_the_same_report_again_changes_nothing_also_after_a_restart(
    books: Books, report: ExecutionReport
) -> None:
    books.send(report)
    before = msgspec.msgpack.encode(books.ledger.state.accounts)
    books.cut()
    books.start("next", 2)
    sent = books.send(report)
    assert {type(each) for each in sent} == {TradeUnmatched, Note}
    assert [note.event for note in of(Note, sent)] == ["ledger.fill_repeated"]
    assert msgspec.msgpack.encode(books.ledger.state.accounts) == before


@pytest.mark.parametrize("aside", [row[0] for row in ASIDE])
def test_a_trade_that_was_kept_aside_is_booked_once_what_was_missing_is_told(
    books: Books, aside: ExecutionReport
) -> None:
    """A symbol, a side, sound numbers; and never twice, in whichever words it is told again."""
    books.send(aside)
    (record,) = of(TradeUnexplained, books.send(BUY))
    assert record.booked
    free = shown(books, "available")
    assert free == {"USD": D("4980.00"), "XBT": D("0.1")}
    for again in (aside, BUY, changed(BUY, cl_ord_id="")):
        sent = books.send(again)
        assert [note.event for note in of(Note, sent)] == ["ledger.fill_repeated"]
    assert shown(books, "available") == free


def test_a_trade_that_was_kept_aside_is_booked_once_its_order_is_known(books: Books) -> None:
    one = sent_order(books)
    told = trade(one, "a", "0.04", cost="2000.00", fee="8.00")
    books.send(changed(told, cl_ord_id=""))
    assert books.balance("available:XBT") == 0
    for _ in range(2):
        books.send(told)
        assert books.balance("available:XBT") == D("0.04")
    assert books.balance("held:USD") == D("3012.00")


def test_trade_ids_that_end_alike_are_different_trades(books: Books) -> None:
    one = sent_order(books)
    books.send(trade(one, "T1:a", "0.04", cost="2000.00", fee="8.00"))
    books.send(stray("a", Side.BUY, "0.1", "5000.00", "20.00"))
    assert books.balance("available:XBT") == D("0.14")


def sent_order(books: Books) -> str:
    (order,) = of(SubmitOrder, books.send(approved(0, quantity="0.1", at=books.at)))
    return order.cl_ord_id


def test_a_trade_without_its_order_and_then_with_it_is_one_trade(books: Books) -> None:
    """The books move once, and the order's hold is brought to what its rest needs."""
    one = sent_order(books)
    first = stray("a", Side.BUY, "0.04", "2000.00", "8.00", cl_ord_id="")
    books.send(first)
    assert books.balance("held:USD") == D("5020.00")
    sent = books.send(changed(first, cl_ord_id=one))
    assert [note.event for note in of(Note, sent)] == ["ledger.fill_repeated"]
    assert of(PortfolioState, sent)[-1].cash_held == D("3012.00") == books.balance("held:USD")
    assert books.balance("available:XBT") == D("0.04")
    assert books.balance("available:USD") == D("4980.00")
    assert faults_of(books.ledger.state) == ()


def test_a_trade_of_an_order_and_then_without_it_is_one_trade(books: Books) -> None:
    one = sent_order(books)
    told = trade(one, "a", "0.04", cost="2000.00", fee="8.00")
    books.send(told)
    sent = books.send(changed(told, cl_ord_id="", symbol="XBT/USD", side=Side.BUY))
    assert [note.event for note in of(Note, sent)] == ["ledger.fill_repeated"]
    assert books.balance("available:XBT") == D("0.04")


def test_a_trade_older_than_what_is_remembered_may_be_booked_already_and_is_kept_aside() -> None:
    books = Books(ledger=LedgerConfig(INSTRUMENTS, fills_kept=2))
    books.fund()
    for number in range(3):
        told = stray(str(number), Side.BUY, "0.001", "50.00")
        books.send(changed(told, ts=START + number))
    assert books.ledger.state.fills_until == START
    sent = books.send(changed(stray("0", Side.BUY, "0.001", "50.00"), ts=START))
    assert of(TradeUnexplained, sent)[0].reason == TOO_OLD
    assert shown(books, "available") == {"USD": D("9850.00"), "XBT": D("0.003")}
    again = books.send(changed(stray("0", Side.BUY, "0.001", "50.00"), ts=START))
    assert [note.event for note in of(Note, again)] == ["ledger.fill_repeated"]


def test_the_oldest_bookings_are_forgotten_and_the_newest_time_among_them_is_remembered() -> None:
    """History pages come newest first: what is forgotten first is then the newest."""
    books = Books(ledger=LedgerConfig(INSTRUMENTS, fills_kept=1))
    books.fund()
    until = []
    for number, age in enumerate((1, 3, 2, 0)):
        told = stray(str(number), Side.BUY, "0.001", "50.00")
        books.send(changed(told, ts=START + 10 - age))
        until.append(books.ledger.state.fills_until - START)
    assert until == [-START, 9, 9, 9]
    assert books.balance("available:XBT") == D("0.003"), "the third may be one of those"


def test_a_position_bought_by_a_stray_is_a_lot_and_sold_by_one_closes_it(books: Books) -> None:
    books.send(BUY)
    (position,) = last(books).positions
    assert (position.quantity, position.cost) == (D("0.1"), D("5020.00"))
    sent = books.send(stray("b", Side.SELL, "0.1", "5100.00", "20.40"))
    (closed,) = of(TradeClosed, sent)
    assert closed.realised == D("59.60") == last(books).realised
    assert not last(books).positions


def test_what_came_in_from_another_base_asset_costs_what_went_out_cost(books: Books) -> None:
    """Bought 0.1 XBT for 5020.00; half of it becomes ETH, and the fee is a loss of its cost."""
    books.send(BUY)
    books.send(stray("b", Side.BUY, "0.8", "0.05", "0.01", symbol="ETH/XBT"))
    xbt, eth = last(books).positions
    assert (xbt.quantity, xbt.cost) == (D("0.04"), D("2008.00"))
    assert (eth.quantity, eth.cost) == (D("0.8"), D("2510.00"))
    assert last(books).realised == D("-502.00")


def test_a_fee_in_another_symbols_base_leaves_that_position(books: Books) -> None:
    books.send(BUY)
    books.send(stray("b", Side.BUY, "1", "3000.00", "0.01", symbol="ETH/USD", fee_asset="XBT"))
    xbt, eth = last(books).positions
    assert (xbt.quantity, eth.quantity, eth.cost) == (D("0.09"), D(1), D("3000.00"))
    assert last(books).realised == D("-502.00")


def test_a_sale_before_its_purchase_ends_as_the_purchase_before_the_sale(books: Books) -> None:
    """History pages come newest first; what a fact took is covered by the next that brings it."""
    sale = stray("s", Side.SELL, "0.04", "2100.00")
    buy = stray("b", Side.BUY, "0.1", "5000.00")
    books.send(sale)
    assert books.balance("suspense:XBT") == D("-0.04")
    books.send(buy)
    assert shown(books, "suspense") == {}
    assert shown(books, "available") == {"USD": D("7100.00"), "XBT": D("0.06")}
    (position,) = last(books).positions
    assert (position.quantity, position.cost) == (D("0.06"), D("3000.00"))
    assert last(books).realised == D("100.00")


@pytest.mark.parametrize(
    ("quantity", "short", "free", "cost"),
    [("0.01", "-0.03", None, None), ("0.04", "0", None, None), ("0.1", "0", "0.06", "3000.00")],
)
def test_a_deposit_that_was_missing_covers_suspense_first(
    books: Books, quantity: str, short: str, free: str | None, cost: str | None
) -> None:
    books.send(stray("s", Side.SELL, "0.04", "2100.00"))
    books.fund(quantity, "XBT", "found")
    assert books.balance("suspense:XBT") == D(short)
    views = [(each.quantity, each.cost) for each in last(books).positions]
    assert views == ([] if free is None or cost is None else [(D(free), D(cost))])
    assert faults_of(books.ledger.state) == ()


def test_a_hold_that_is_let_go_covers_suspense_first(books: Books) -> None:
    """Nothing is called free that a fact has taken."""
    del books.actors["orders"]
    books.send(PlaceHold("one", "USD", D("9000.00")))
    books.send(TradeUnmatched(stray("a", Side.BUY, "0.1", "5000.00")))
    assert books.balance("suspense:USD") == D("-4000.00")
    books.send(HoldReleased("one"))
    assert (books.balance("suspense:USD"), books.balance("available:USD")) == (D(0), D("5000.00"))


def test_a_fill_of_a_live_order_without_a_hold_is_booked_and_halts(books: Books) -> None:
    fill = Fill(
        "one",
        "a",
        "XBT/USD",
        Side.BUY,
        D("0.04"),
        D("50000.0"),
        D("2000.00"),
        D("8.00"),
        "USD",
        Liquidity.TAKER,
        START,
        D("3012.00"),
        D("50000.0"),
    )
    sent = books.send(fill)
    assert [each.name for each in of(ConstraintViolated, sent)] == ["hold_missing"]
    assert books.balance("available:USD") == D("7992.00")


def test_a_reactivation_accepts_what_is_unexplained_and_leaves_a_shortfall(books: Books) -> None:
    books.send(stray("a", Side.BUY, "0.3", "15000.00", "60.00"))
    books.send(stray("b", None, "5", "1.00", symbol="?"))
    sent = books.send(Reactivate("ann", "my own trades"))
    assert shown(books, "suspense-trades") == {}
    assert shown(books, "suspense") == {"USD": D("-5060.00")}
    assert books.balance("available:XBT") == D("0.3")
    (posted,) = of(TransfersPosted, sent)
    assert {row.cause for row in posted.transfers} == {"reactivated by ann"}
    assert faults_of(books.ledger.state) == ()
    assert not books.send(Reactivate("ann", "again"))
