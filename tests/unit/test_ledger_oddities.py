"""The ledger where facts are odd: repeated holds, fees that eat a purchase, books that are broken.

The standing check of the books is itself tested here: each way to break them is named.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from actors.ledger.balance import books_balanced, faults_of
from actors.ledger.state import Account, Hold, LedgerConfig
from actors.ledger.transfers import Posting
from actors.messages.control import Note, RunStarted
from actors.messages.decision import Side
from actors.messages.execution import Fill, Liquidity
from actors.messages.ledger import HoldReleased, PortfolioState, TransfersPosted
from actors.messages.order import PlaceHold
from tests.books import START, Books, of

D = Decimal


pytestmark = pytest.mark.usefixtures("exact_money")


@pytest.fixture
def books() -> Books:
    made = Books()
    made.actors.pop("orders")
    made.fund()
    return made


def bought(
    books: Books, quantity: str, cost: str, fee: str, fee_asset: str
) -> list[PortfolioState]:
    books.send(PlaceHold("one", "USD", D("1000.00")))
    fill = Fill(
        "one",
        quantity + cost + fee,
        "XBT/USD",
        Side.BUY,
        D(quantity),
        D("50000.0"),
        D(cost),
        D(fee),
        fee_asset,
        Liquidity.TAKER,
        START,
        D(0),
        D("50000.0"),
    )
    return of(PortfolioState, books.send(fill))


def test_a_hold_that_is_asked_for_twice_is_placed_once(books: Books) -> None:
    books.send(PlaceHold("one", "USD", D("4000")))
    (note,) = books.send(PlaceHold("one", "USD", D("4000")))
    assert isinstance(note, Note)
    assert note.event == "ledger.hold_repeated"
    assert (books.balance("held:USD"), books.balance("available:USD")) == (D(4000), D(6000))


def test_a_hold_that_fills_have_used_up_is_let_go_without_a_row(books: Books) -> None:
    bought(books, "0.001", "50.00", "0.20", "USD")
    assert not of(TransfersPosted, books.send(HoldReleased("one")))
    assert books_balanced(books.ledger.state)


def test_an_event_that_moves_nothing_leaves_no_record(books: Books) -> None:
    before = books.ledger.state.transfer_no
    posting = Posting(books.ledger.state, "source", "cause")
    posting.move("USD", D(0), "available", "held", leg="none")
    posting.draw("USD", D(0), "market", hold=None, leg="none")
    assert posting.record(START) == ()
    assert books.ledger.state.transfer_no == before


@pytest.mark.parametrize(
    ("fee", "realised", "quantity", "short"),
    [
        ("0.0009", "0.00", "0.0101", "0"),  # the fee leaves a little of what was bought
        ("0.001", "-50.00", "0.01", "0"),  # all of it: what was paid is lost
        ("0.003", "-150.00", "0.008", "0"),  # more: the position pays the rest at its cost
        ("0.012", "-550.00", "0", "-0.001"),  # beyond the position: the rest is in suspense
    ],
)
def test_a_fee_in_base_beyond_what_was_bought_is_paid_by_the_position(
    books: Books, fee: str, realised: str, quantity: str, short: str
) -> None:
    bought(books, "0.01", "500.00", "0", "USD")
    books.send(HoldReleased("one"))
    shown = bought(books, "0.001", "50.00", fee, "XBT")[-1]
    assert shown.realised == D(realised)
    assert sum((each.quantity for each in shown.positions), D(0)) == D(quantity)
    assert books.balance("suspense:XBT") == D(short)
    assert books.balance("available:USD") + books.balance("held:USD") == D("9450.00")
    assert books_balanced(books.ledger.state)


def test_an_account_without_symbols_is_still_shown() -> None:
    books = Books(ledger=LedgerConfig({}))
    del books.actors["orders"]
    books.fund("10000.005")
    (shown,) = of(PortfolioState, books.sent)
    assert (shown.equity, shown.peak) == (D("10000.005"), D("10000.01"))


def test_a_run_with_other_symbols_than_the_books_is_a_bug(books: Books) -> None:
    started = RunStarted("run", "a", "PAPER", 1, ("XBT/USD",), "", "", "", "", "", "", "")
    with pytest.raises(AssertionError, match="other symbols"):
        books.ledger.handle(started, START)


def test_a_run_that_goes_on_shows_what_the_account_has_and_a_new_account_shows_nothing() -> None:
    books = Books()
    books.start()
    assert not of(PortfolioState, books.sent)
    books.fund()
    books.start("next", 2)
    assert of(PortfolioState, books.sent)[-1].cash_free == 10000


BROKEN = [
    ("available:USD", D("-1.00"), None, ["available:USD is", "postings of USD"]),
    ("fees:USD", D("-1.00"), None, ["fees:USD is", "postings of USD"]),
    ("market:USD", D("1.00"), None, ["postings of USD"]),
    ("market:USD", D(0), Hold("USD", D("1.00")), ["holds of USD"]),
    ("held:XBT", D("0.1"), None, ["postings of XBT", "holds of XBT"]),
]


@pytest.mark.parametrize(("account", "balance", "hold", "named"), BROKEN)
def test_books_that_do_not_balance_are_told_in_sentences(
    account: str, balance: Decimal, hold: Hold | None, named: list[str]
) -> None:
    state = Books().ledger.state
    state.accounts[account] = Account(balance)
    if hold is not None:
        state.holds["one"] = hold
    faults = faults_of(state)
    assert all(name in fault for fault, name in zip(faults, named, strict=True))
    assert not books_balanced(state)


def test_a_suspense_account_may_be_below_zero_and_books_still_balance() -> None:
    state = Books().ledger.state
    state.accounts["suspense:USD"] = Account(D("-5.00"))
    state.accounts["market:USD"] = Account(D("5.00"))
    assert faults_of(state) == ()
    assert books_balanced(state)
