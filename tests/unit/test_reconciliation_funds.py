"""What reconciliation makes of funds: rounding, what the venue does not call free, the opening."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from actors.ledger.balance import faults_of
from actors.messages.decision import Side
from actors.messages.ledger import EntryBooked, HoldRefused, PortfolioState, TransfersPosted
from actors.messages.market import FeedEvent, FeedStatus
from actors.messages.order import OrderState
from actors.messages.reconciliation import (
    ReconciliationEnded,
    VenueBalance,
)
from tests.books import SECOND, START, of
from tests.outside_books import OutsideBooks, agreed, confirmed, next_reading

D = Decimal


pytestmark = pytest.mark.usefixtures("exact_money")


@pytest.fixture
def books() -> OutsideBooks:
    """An account that agrees with its venue."""
    return agreed()


def test_rounding_by_the_venue_is_booked_up_to_a_step_a_trade(books: OutsideBooks) -> None:
    """A cent for each trade since they agreed; a cent more is a difference."""
    order = books.order()
    assert order is not None
    books.deliver(books.model.take(order))
    there = books.model.of(order.cl_ord_id)
    assert there is not None
    for _ in range(2):
        books.deliver(books.model.fill(there, D("0.01")))
    books.model.balances["USD"] -= D("0.02")
    ended = next_reading(books)
    assert (ended.differences, ended.booked) == ((), 1)
    (entry,) = of(EntryBooked, books.sent)[2:]
    assert (entry.kind, entry.amount, entry.told) == ("rounding", D("-0.02"), "reading 2")
    books.model.balances["USD"] -= D("0.01")
    assert next_reading(books).differences


def test_an_asset_that_nothing_trades_is_compared_to_the_last_digit(books: OutsideBooks) -> None:
    books.model.book("deposit", "DOGE", "5")
    next_reading(books)
    books.model.balances["DOGE"] += D("0.00000001")
    (difference,) = confirmed(books).differences
    assert difference.name == "DOGE"


def test_what_the_venue_does_not_call_free_is_not_free(books: OutsideBooks) -> None:
    """A foreign order holds 8,000 there: our books show it free, and may not spend it."""
    books.model.open("", "XBT/USD", Side.BUY, D("796.81200000"))
    next_reading(books)
    shown = of(PortfolioState, books.sent)[-1]
    assert books.balance("available:USD") == D("10000.00")
    assert shown.cash_free == D("2000.00")
    assert books.order(quantity="0.10000000") is None
    (refused,) = of(HoldRefused, books.sent)
    assert refused.free == D("2000.00")
    assert books.order(quantity="0.03000000") is not None


def test_our_own_holds_are_not_counted_twice(books: OutsideBooks) -> None:
    """Seen at the venue or not yet: what is left is free either way."""
    seen, unseen = books.order(quantity="0.05000000"), books.order(quantity="0.05000000")
    assert seen is not None
    assert unseen is not None
    books.deliver(books.model.take(seen))
    free = books.balance("available:USD")
    books.pass_on(4)
    books.send(FeedStatus(books.at, "executions", FeedEvent.RESYNCED))
    books.read()
    assert books.ledger.state.encumbered == {}
    assert of(PortfolioState, books.sent)[-1].cash_free == free


def test_a_sale_may_use_only_what_the_venue_calls_free(books: OutsideBooks) -> None:
    books.model.open("", "XBT/USD", Side.SELL, D("0.95000000"))
    books.mark(XBT=50_000.0)
    next_reading(books)
    (position,) = of(PortfolioState, books.sent)[-1].positions
    assert (position.quantity, position.free) == (D("1.00000000"), D("0.05000000"))
    assert books.order(Side.SELL) is None


def test_a_balance_that_is_no_amount_is_a_difference_and_moves_nothing(
    books: OutsideBooks,
) -> None:
    books.pass_on(300)
    snapshot = books.model.lists(books.reconciliation.state.request(), books.at)
    odd = VenueBalance("USD", D("NaN"), D(0))
    (ended,) = of(
        ReconciliationEnded, books.send(msgspec.structs.replace(snapshot, balances=(odd,)))
    )
    assert [(each.name, each.ours) for each in ended.differences] == [("USD", "an amount")]


def test_an_order_younger_than_the_lists_is_not_missed_on_them(books: OutsideBooks) -> None:
    """The lists tell what had settled; they lag behind what the venue told us itself."""
    order = books.order()
    assert order is not None
    accepted = books.model.take(order)
    books.model.orders.clear()
    books.deliver(accepted)
    books.send(FeedStatus(books.at, "executions", FeedEvent.RESYNCED))
    books.pass_on(6)
    snapshot = books.model.lists(books.reconciliation.state.request(), books.at)
    books.send(msgspec.structs.replace(snapshot, settled_to=order.deadline))
    assert books.known()[order.cl_ord_id].state is OrderState.OPEN
    books.pass_on(300)
    books.read()
    assert books.known()[order.cl_ord_id].state is OrderState.UNKNOWN
    assert books.at > START + SECOND


def test_the_opening_takes_over_what_the_first_lists_tell_besides() -> None:
    """Entries of before are part of the balances; what we have and the venue has not differs."""
    books = OutsideBooks(USD="10000.00")
    books.model.book("deposit", "USD", "500.00")
    books.model.open("", "XBT/USD", Side.SELL, D("0.01"))
    (hand,) = books.model.orders.values()
    books.model.fill(hand, D("0.01"))
    books.part = 1
    books.read()
    books.pass_on(300)
    books.read()
    assert faults_of(books.ledger.state) == ()
    ours = sum((books.balance(f"{kind}:USD") for kind in ("available", "suspense")), D(0))
    assert ours == books.model.balances["USD"]


def test_an_opening_never_takes_away_what_our_books_have() -> None:
    """That the venue has less than it told us is a difference."""
    books = OutsideBooks(USD="10000.00")
    books.model.open("", "XBT/USD", Side.BUY, D("0.01"))
    (hand,) = books.model.orders.values()
    books.model.fill(hand, D("0.01"))
    books.model.balances["XBT"] -= D("0.005")
    ended = books.read()
    assert ended is not None
    assert [(each.name, each.ours, each.venues) for each in ended.differences] == [
        ("XBT", "0.01", "0.005")
    ]


def test_a_long_reading_books_entries_and_foreign_trades_once(books: OutsideBooks) -> None:
    """In parts of one, and told twice."""
    books.model.open("", "XBT/USD", Side.BUY, D("0.01"))
    (hand,) = books.model.orders.values()
    for _ in range(3):
        books.model.fill(hand, D("0.001"))
        books.model.book("reward", "USD", "1.00")
    books.part = 1
    next_reading(books)
    posted = len(of(TransfersPosted, books.sent))
    next_reading(books)
    assert len(of(TransfersPosted, books.sent)) == posted
    books.check_agreement()
