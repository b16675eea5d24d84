"""An honest fill that comes after our cancel, when another order holds what it spent.

The other order's hold is never taken: it stands behind an order that lives at the venue. What is
missing is short in suspense and halts; it is covered by whatever comes in, first of all by that
hold when its order ends.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from actors.ledger.balance import faults_of
from actors.messages.base import Message
from actors.messages.control import ConstraintViolated
from actors.messages.decision import Side
from actors.messages.execution import ExecKind
from actors.messages.ledger import PortfolioState
from actors.messages.order import CancelOrder, OrderState, SubmitOrder
from actors.messages.risk import TradingState, TradingStateChanged
from tests.books import Books, approved, of, trade, word

D = Decimal


pytestmark = pytest.mark.usefixtures("exact_money")


@pytest.fixture
def books() -> Books:
    made = Books()
    made.start()
    made.fund("10000.00")
    made.fund("0.1", "XBT", "in kind")
    made.mark(XBT=50000.0, ETH=3000.0)
    return made


def ordered(books: Books, number: int, side: Side, quantity: str, symbol: str = "XBT/USD") -> str:
    price = "50000.0" if symbol == "XBT/USD" else "3000.00"
    message = approved(number, side, quantity, price, symbol=symbol, at=books.at)
    (order,) = of(SubmitOrder, books.send(message))
    return order.cl_ord_id


def raced(books: Books, side: Side) -> tuple[str, list[Message]]:
    """The first order is cancelled, a second one holds its funds, and then the first one fills.

    Returns the second order, and what came of the fill.
    """
    if side is Side.BUY:
        one = ordered(books, 0, side, "0.15")
        late = trade(one, "a", "0.15", cost="7500.00", fee="30.00")
    else:
        one = ordered(books, 0, side, "0.1")
        late = trade(one, "a", "0.1", cost="5000.00", fee="20.00")
    books.send(word(one, ExecKind.CANCELLED))
    if side is Side.BUY:
        two = ordered(books, 1, side, "2.5", "ETH/USD")
    else:
        two = ordered(books, 1, side, "0.1")
    return two, books.send(late)


# side, asset, what the second order holds, free and short after the late fill, free once it is over
RACES = [
    (Side.BUY, "USD", "7530.00", "0", "-5060.00", "2470.00"),
    (Side.SELL, "XBT", "0.1", "0", "-0.1", "0"),
]


@pytest.mark.parametrize(("side", "asset", "held", "free", "short", "after"), RACES)
def test_another_orders_hold_is_not_taken_and_covers_the_shortfall_when_its_order_ends(
    books: Books, side: Side, asset: str, held: str, free: str, short: str, after: str
) -> None:
    two, sent = raced(books, side)
    assert books.balance(f"held:{asset}") == D(held)
    assert books.balance(f"available:{asset}") == D(free)
    assert books.balance(f"suspense:{asset}") == D(short)
    assert {each.name for each in of(ConstraintViolated, sent)} == {f"suspense:{asset}"}
    assert faults_of(books.ledger.state) == ()
    books.send(word(two, ExecKind.CANCELLED))
    assert books.balance(f"available:{asset}") == D(after)
    assert books.balance(f"suspense:{asset}") == books.balance(f"held:{asset}") == 0
    assert faults_of(books.ledger.state) == ()


@pytest.mark.parametrize("side", list(Side))
def test_nothing_is_lost_while_it_is_short(books: Books, side: Side) -> None:
    """Equity has moved by the fee alone: what is short is counted, and the lots are the venue's."""
    before = of(PortfolioState, books.sent)[-1].equity
    _, sent = raced(books, side)
    books.mark(XBT=50000.0, ETH=3000.0)
    shown = of(PortfolioState, books.sent)[-1]
    fee = D("30.00") if side is Side.BUY else D("20.00")
    assert (shown.equity, shown.fees) == (before - fee, fee)
    quantity = sum((each.quantity for each in shown.positions), D(0))
    assert quantity == (D("0.25") if side is Side.BUY else 0)
    assert of(PortfolioState, sent)[-1].cash_free == books.balance("available:USD")


def test_the_halt_calls_the_other_purchase_back_so_that_it_settles_by_itself(books: Books) -> None:
    two, _ = raced(books, Side.BUY)
    sent = books.send(TradingStateChanged(TradingState.HALTED, 0, "suspense:USD"))
    assert [each.cl_ord_id for each in of(CancelOrder, sent)] == [two]
    books.send(word(two, ExecKind.CANCELLED))
    assert books.balance("suspense:USD") == 0


def test_when_the_other_order_fills_too_the_account_was_short_indeed(books: Books) -> None:
    """Its own hold pays for it; the rest is missing until a deposit or a sale brings it."""
    two, _ = raced(books, Side.BUY)
    books.send(trade(two, "b", "2.5", cost="7500.00", fee="30.00"))
    order = books.orders.state.find(two)
    assert order is not None
    assert order.state is OrderState.FILLED
    assert books.balance("suspense:USD") == D("-5060.00")
    assert books.balance("available:USD") == books.balance("held:USD") == 0
    books.fund("6000.00", source="missing")
    assert books.balance("suspense:USD") == 0
    assert books.balance("available:USD") == D("940.00")
    assert faults_of(books.ledger.state) == ()
