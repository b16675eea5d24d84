"""What the venue's ledger tells besides trades, entry by entry, and corrections of bookings."""

from __future__ import annotations

from decimal import Decimal

import pytest

from actors.ledger.balance import faults_of
from actors.ledger.entries import flow, place_of
from actors.ledger.transfers import Posting
from actors.messages.base import Message
from actors.messages.control import ConstraintViolated, Correction, LedgerEntry, Note
from actors.messages.ledger import EntryBooked, LotConsumed, LotOpened, PortfolioState
from tests.books import Books, of

D = Decimal


@pytest.fixture
def books() -> Books:
    """An account with 100,000.00 USD."""
    books = Books()
    books.start()
    books.fund("100000")
    return books


def entry(kind: str, asset: str, amount: str, fee: str = "0", refid: str = "") -> LedgerEntry:
    return LedgerEntry(refid or f"{kind}-{asset}-{amount}", kind, asset, D(amount), D(fee), 1)


def balance(books: Books, account: str) -> Decimal:
    return books.ledger.state.balance(account)


def last(sent: list[Message]) -> PortfolioState:
    return of(PortfolioState, sent)[-1]


@pytest.mark.parametrize(
    ("told", "place"),
    [
        ("SOL", ("SOL", "available")),
        ("SOL.S", ("SOL", "staked")),
        ("USD.M", ("USD", "staked")),
        ("XBT.B", ("XBT", "staked")),
        ("DOT28.S", ("DOT28", "staked")),
        ("ETH.F", ("ETH", "available")),
        ("USD.HOLD", ("USD.HOLD", "available")),
        (".S", (".S", "available")),
    ],
)
def test_a_suffix_of_the_venue_says_that_an_asset_lies_staked(
    told: str, place: tuple[str, str]
) -> None:
    assert place_of(told) == place


def test_a_withdrawal_leaves_equity_lower_and_drawdown_where_it_was(books: Books) -> None:
    start = books.ledger.state.equity
    books.send(entry("adjustment", "USD", "-20000.00"))
    before = books.ledger.state.drawdown
    state = last(books.send(entry("withdrawal", "USD", "-40000.00")))
    assert state.equity == start - 60_000
    assert state.drawdown == before > 0
    assert state.peak == D("50000.00")
    assert state.realised == -20_000
    assert balance(books, "external:USD") == -60_000


def test_everything_can_be_withdrawn_and_a_new_deposit_begins_anew(books: Books) -> None:
    state = last(books.send(entry("withdrawal", "USD", "-100000.00")))
    assert (state.equity, state.peak, state.drawdown) == (D(0), D(0), 0)
    state = last(books.send(entry("deposit", "USD", "500.00")))
    assert (state.equity, state.peak, state.drawdown) == (D(500), D(500), 0)


def test_a_withdrawal_beyond_what_is_there_is_booked_and_halts(books: Books) -> None:
    sent = books.send(entry("withdrawal", "USD", "-100000.50", "1.00"))
    assert balance(books, "available:USD") == 0
    assert balance(books, "suspense:USD") == D("-1.50")
    assert [each.name for each in of(ConstraintViolated, sent)] == ["suspense:USD"] * 2
    assert faults_of(books.ledger.state) == ()
    books.send(entry("deposit", "USD", "1.50"))
    assert balance(books, "suspense:USD") == 0


def test_the_fee_of_an_entry_is_a_loss(books: Books) -> None:
    state = last(books.send(entry("withdrawal", "USD", "-100.00", "5.00")))
    assert (state.realised, state.fees) == (D(-5), D(5))
    assert balance(books, "fees:USD") == 5


def test_staked_assets_are_valued_and_not_for_sale(books: Books) -> None:
    books.send(entry("deposit", "XBT", "2"))
    before = books.ledger.state.equity
    books.send(entry("staking", "XBT", "-0.5", refid="S1"))
    sent = books.send(entry("staking", "XBT.S", "0.5", refid="S1"))
    (view,) = last(sent).positions
    assert (view.quantity, view.free) == (D(2), D("1.5"))
    assert last(sent).equity == before
    assert balance(books, "staked:XBT") == D("0.5")
    assert balance(books, "transit:XBT") == 0
    books.send(entry("staking", "XBT.S", "-0.5", refid="S2"))
    (view,) = last(books.send(entry("staking", "XBT", "0.5", refid="S2"))).positions
    assert (view.quantity, view.free) == (D(2), D(2))


def test_cash_that_earns_elsewhere_stays_in_equity(books: Books) -> None:
    start = books.ledger.state.equity
    assert last(books.send(entry("transfer", "USD", "-60.00"))).equity == start
    state = last(books.send(entry("transfer", "USD.M", "60.00")))
    assert (state.equity, state.cash_free) == (start, start - 60)


def test_a_reward_is_income_at_its_value_and_a_lot_at_that_cost(books: Books) -> None:
    sent = books.send(entry("reward", "USD", "1.25"))
    assert last(sent).realised == D("1.25")
    assert balance(books, "income:USD") == D("-1.25")
    books.mark(XBT=50_000.0)
    sent = books.send(entry("reward", "XBT.S", "0.001", "0.0001"))
    state = last(sent)
    (lot,), (taken,) = of(LotOpened, sent), of(LotConsumed, sent)
    assert (lot.quantity, taken.quantity, taken.cause) == (D("0.001"), D("0.0001"), "fee")
    assert state.realised == D("1.25") + lot.cost - taken.cost
    assert of(EntryBooked, sent)[0].worth == lot.cost


def test_an_adjustment_that_takes_loses_its_cost_and_a_withdrawal_does_not(books: Books) -> None:
    books.mark(XBT=50_000.0)
    cost = of(LotOpened, books.send(entry("deposit", "XBT", "2")))[0].cost
    sent = books.send(entry("withdrawal", "XBT", "-1"))
    assert of(LotConsumed, sent)[0].cause == "withdrawal"
    assert last(sent).realised == 0
    sent = books.send(entry("dust", "XBT", "-1"))
    assert of(LotConsumed, sent)[0].cause == "fee"
    assert last(sent).realised == -cost / 2
    assert last(sent).positions == ()


def test_what_no_symbol_trades_has_no_value_here(books: Books) -> None:
    start = books.ledger.state.equity
    for kind, amount in (("deposit", "5"), ("reward", "1"), ("withdrawal", "-2")):
        assert last(books.send(entry(kind, "DOGE", amount))).equity == start
    assert balance(books, "available:DOGE") == 4


def test_whoever_books_an_entry_again_without_marks_says_what_it_was_worth(books: Books) -> None:
    state = books.ledger.state
    posting = Posting(state, "entry:R1", "reward")
    worth = flow(books.ledger.config, posting, "XBT", D("0.1"), "income", worth=D("4000.00"))
    assert (worth, state.realised) == (D(4000), D(4000))
    assert state.positions["XBT/USD"].lots[0].cost == 4000


def test_an_entry_is_booked_once_by_its_reference_and_asset(books: Books) -> None:
    books.send(entry("reward", "USD", "1.00", refid="R1"))
    sent = books.send(entry("reward", "USD", "1.00", refid="R1"))
    assert [each.event for each in of(Note, sent)] == ["ledger.entry_repeated"]
    assert books.ledger.state.realised == 1


@pytest.mark.parametrize(
    "told",
    [
        entry("reward", "USD", "NaN"),
        entry("reward", "USD", "1", "-1"),
        entry("reward", "USD", "1", "Infinity"),
        entry("reward", "", "1"),
        LedgerEntry("", "reward", "USD", D(1), D(0), 1),
    ],
)
def test_what_cannot_be_an_entry_is_left_and_halts(books: Books, told: LedgerEntry) -> None:
    sent = books.send(told)
    assert [each.name for each in of(ConstraintViolated, sent)] == ["impossible_entry"]
    assert of(EntryBooked, sent) == []


def test_an_entry_of_an_unknown_kind_is_booked_as_adjustment_and_halts(books: Books) -> None:
    sent = books.send(entry("airdrop", "USD", "3.00"))
    assert [each.name for each in of(ConstraintViolated, sent)] == ["unknown_entry"]
    assert balance(books, "adjustment:USD") == -3


def test_an_entry_of_nothing_but_a_fee(books: Books) -> None:
    state = last(books.send(entry("adjustment", "USD", "0", "2.00")))
    assert (state.realised, state.fees) == (D(-2), D(2))


CORRECTION = Correction(2, "income", "available", "USD", D("1.00"), "ann", "told twice")


def test_a_correction_reverses_by_a_new_entry_that_names_what_it_corrects(books: Books) -> None:
    books.send(entry("reward", "USD", "1.00"))
    rows = books.ledger.state.transfer_no
    sent = books.send(CORRECTION)
    assert books.ledger.state.transfer_no == rows + 1
    assert (balance(books, "income:USD"), books.ledger.state.realised) == (D(0), D(0))
    (booked,) = of(EntryBooked, sent)
    assert (booked.corrects, booked.told) == (2, "ann: told twice")
    sent = books.send(CORRECTION)
    assert [each.event for each in of(Note, sent)] == ["ledger.correction_repeated"]


def test_a_correction_of_what_was_staked(books: Books) -> None:
    books.send(entry("reward", "XBT.S", "0.5"))
    books.send(Correction(2, "income", "staked", "XBT", D("0.5"), "ann", "not ours"))
    assert balance(books, "staked:XBT") == 0
    books.send(Correction(3, "staked", "income", "XBT", D("0.5"), "ann", "ours after all"))
    assert balance(books, "staked:XBT") == D("0.5")


@pytest.mark.parametrize(
    "told",
    [
        ("transfer_no", 0),
        ("transfer_no", 9),
        ("amount", D(0)),
        ("amount", D("NaN")),
        ("debit", "held"),
        ("debit", "available"),
        ("credit", "market"),
    ],
)
def test_a_correction_of_what_cannot_have_been_is_refused(
    books: Books, told: tuple[str, object]
) -> None:
    books.send(entry("reward", "USD", "1.00"))
    fields = {name: getattr(CORRECTION, name) for name in CORRECTION.__struct_fields__}
    sent = books.send(Correction(**{**fields, told[0]: told[1]}))
    assert [each.event for each in of(Note, sent)] == ["ledger.correction_refused"]
