"""Lots are told as they open and as they are taken; the results of a sale's lots add up to it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from actors.messages.decision import Side
from actors.messages.ledger import LotConsumed, LotOpened, TradeClosed
from actors.messages.order import SubmitOrder
from tests.books import Books, approved, of, trade

D = Decimal


def bought(books: Books, *amounts: tuple[str, str]) -> None:
    for number, (quantity, cost) in enumerate(amounts, 50):
        (order,) = of(SubmitOrder, books.send(approved(number, Side.BUY, quantity, at=books.at)))
        books.send(trade(order.cl_ord_id, f"b{number}", quantity, cost=cost, fee="0.07"))


@pytest.fixture
def books() -> Books:
    books = Books()
    books.start()
    books.fund()
    bought(books, ("0.03", "1500.01"), ("0.03", "1499.99"), ("0.03", "1500.00"))
    return books


def test_a_purchase_opens_a_lot_with_its_whole_cost(books: Books) -> None:
    opened = of(LotOpened, books.sent)
    assert [(each.number, each.quantity, each.cost) for each in opened] == [
        (1, D("0.03"), D("1500.08")),
        (2, D("0.03"), D("1500.06")),
        (3, D("0.03"), D("1500.07")),
    ]
    assert opened[0].source.startswith("fill:")
    assert books.ledger.state.moves == []


@pytest.mark.parametrize("fee_asset", ["USD", "XBT"])
def test_what_the_lots_of_a_sale_realised_is_what_the_sale_did(
    books: Books, fee_asset: str
) -> None:
    (order,) = of(SubmitOrder, books.send(approved(90, Side.SELL, "0.07", at=books.at)))
    fee = "1.01" if fee_asset == "USD" else "0.00001"
    report = trade(order.cl_ord_id, "s1", "0.07", cost="3700.03", fee=fee, fee_asset=fee_asset)
    sent = books.send(report)
    (closed,) = of(TradeClosed, sent)
    taken = of(LotConsumed, sent)
    assert [(each.number, each.cause) for each in taken] == [(n, "sale") for n in (1, 2, 3)]
    assert [each.remaining for each in taken[:2]] == [0, 0]
    assert taken[2].remaining == (D("0.02") if fee_asset == "USD" else D("0.01999"))
    assert sum(each.proceeds for each in taken) == closed.proceeds
    assert sum(each.cost for each in taken) == closed.cost
    assert sum(each.realised for each in taken) == closed.realised
    assert all(each.realised == each.proceeds - each.fee - each.cost for each in taken)


def test_a_lot_from_before_lots_were_counted_is_taken_in_silence(books: Books) -> None:
    for lot in books.ledger.state.positions["XBT/USD"].lots:
        lot.number = 0
    (order,) = of(SubmitOrder, books.send(approved(90, Side.SELL, "0.05", at=books.at)))
    sent = books.send(trade(order.cl_ord_id, "s1", "0.05", cost="2500.00", fee="0"))
    assert len(of(TradeClosed, sent)) == 1
    assert of(LotConsumed, sent) == []
