"""Trades that the venue tells without a trade id: none is taken for another, and none is booked.

A table has trades that differ in one thing each.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from actors.ids import unnamed_trade_id
from actors.ledger.balance import faults_of
from actors.ledger.strays import IMPOSSIBLE, UNNAMED
from actors.messages.codec import encode
from actors.messages.control import ConstraintViolated, Note
from actors.messages.decision import Side
from actors.messages.execution import ExecutionReport, TradeUnexplained
from actors.messages.ledger import TransfersPosted
from actors.messages.order import SubmitOrder
from tests.books import START, Books, approved, of, trade

D = Decimal
changed = msgspec.structs.replace


pytestmark = pytest.mark.usefixtures("exact_money")


@pytest.fixture
def books() -> Books:
    made = Books()
    made.start()
    made.fund()
    return made


ONE = changed(trade("foreign", "", "0.1", cost="5000.00", fee="0"), symbol="XBT/USD", side=Side.BUY)
# trade, why it is not booked
TRADES: list[tuple[ExecutionReport, str]] = [
    (ONE, UNNAMED),
    (changed(ONE, side=Side.SELL), UNNAMED),
    (changed(ONE, side=None), UNNAMED),
    (changed(ONE, last_quantity=D("0.7"), cost=D("35000.00")), UNNAMED),
    (changed(ONE, fee=D("0.01")), UNNAMED),
    (changed(ONE, ts=START + 1), UNNAMED),
    (changed(ONE, cl_ord_id="another"), UNNAMED),
    (changed(ONE, cl_ord_id=""), UNNAMED),
    (changed(ONE, last_quantity=D("-0.1")), IMPOSSIBLE),
    (changed(ONE, last_quantity=D("-0.2")), IMPOSSIBLE),
]


def test_trades_without_a_trade_id_are_never_taken_for_one_another(books: Books) -> None:
    """Each is recorded under an id of ours and halts, once; the same report again is nothing."""
    found = []
    for report, reason in TRADES:
        sent = books.send(report)
        (record,) = of(TradeUnexplained, sent)
        assert (record.booked, record.reason) == (False, reason)
        assert [each.name for each in of(ConstraintViolated, sent)] == ["unexplained_trade"]
        assert record.exec_id == unnamed_trade_id(encode(report))
        found.append(record.exec_id)
    assert list(books.ledger.state.aside) == found
    assert len(set(found)) == len(TRADES)
    rows = [row for each in of(TransfersPosted, books.sent) for row in each.transfers]
    assert len({row.source for row in rows}) == len(rows)
    assert books.balance("suspense-trades:?XBT/USD") == D("1.4")
    assert books.balance("available:USD") == 10000
    books.cut()
    for report, _ in TRADES:
        sent = books.send(report)
        assert [note.event for note in of(Note, sent)] == ["ledger.fill_repeated"]
        assert not of(ConstraintViolated, sent)
    assert faults_of(books.ledger.state) == ()


def test_fills_of_a_known_order_without_a_trade_id_are_kept_aside_each(books: Books) -> None:
    """The order is not filled by what may be told again under an id; every one halts once."""
    (order,) = of(SubmitOrder, books.send(approved(0, quantity="0.1", at=books.at)))
    one = order.cl_ord_id
    for quantity, cost in (("0.04", "2000.00"), ("0.05", "2500.00")):
        told = changed(trade(one, "", quantity, cost=cost, fee="8.00"), symbol="XBT/USD")
        for expected in (1, 0):
            sent = books.send(told)
            assert len(of(TradeUnexplained, sent)) == expected
            assert len(of(ConstraintViolated, sent)) == expected
            assert of(Note, sent)[0].event == "order.fill_without_trade_id"
    assert books.balance("suspense-trades:?XBT/USD") == D("0.09")
    assert books.balance("available:XBT") == 0
    assert books.orders.state.live[one].filled == 0
    books.send(trade(one, "a", "0.04", cost="2000.00", fee="8.00"))
    assert books.balance("available:XBT") == D("0.04"), "told under its id it is booked"
    assert faults_of(books.ledger.state) == ()
