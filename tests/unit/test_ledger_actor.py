"""The ledger as a specification: deposits, holds, fills in every asset, lots, marks and
drawdown.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec
import numpy as np
import pytest

from actors.instant import DAY_NS, HOUR_NS
from actors.ledger.state import LedgerConfig
from actors.messages.arrays import sealed, sealed_ints
from actors.messages.control import ConstraintViolated, Deposit, Note, SetTimer
from actors.messages.decision import Side
from actors.messages.execution import Fill, Liquidity
from actors.messages.ledger import (
    HoldPlaced,
    HoldRefused,
    HoldReleased,
    PortfolioHour,
    PortfolioState,
    TradeClosed,
    TransfersPosted,
)
from actors.messages.market import MarketFlag, MarkSlice
from actors.messages.order import PlaceHold
from actors.messages.profile import ProfileInForce
from actors.risk.profile import RiskProfile
from actors.strategy.profile import StrategyProfile
from tests.books import INSTRUMENTS, START, Books, of

D = Decimal


pytestmark = pytest.mark.usefixtures("exact_money")


@pytest.fixture
def books() -> Books:
    made = Books()
    made.actors.pop("orders")
    made.fund()
    return made


def fill(
    side: Side,
    quantity: str,
    cost: str,
    fee: str,
    *,
    cl_ord_id: str = "one",
    exec_id: str = "a",
    fee_asset: str = "USD",
    hold_after: str = "0",
) -> Fill:
    return Fill(
        cl_ord_id,
        exec_id,
        "XBT/USD",
        side,
        D(quantity),
        D("50000.0"),
        D(cost),
        D(fee),
        fee_asset,
        Liquidity.TAKER,
        START,
        D(hold_after),
        D("50000.0"),
    )


def bought(books: Books, quantity: str, cost: str, fee: str, name: str) -> None:
    books.send(PlaceHold(name, "USD", D(cost) + D(fee)))
    books.send(fill(Side.BUY, quantity, cost, fee, cl_ord_id=name))
    books.send(HoldReleased(name))


def sold(books: Books, quantity: str, cost: str, fee: str, name: str) -> TradeClosed:
    books.send(PlaceHold(name, "XBT", D(quantity)))
    sent = books.send(fill(Side.SELL, quantity, cost, fee, cl_ord_id=name))
    books.send(HoldReleased(name))
    (closed,) = of(TradeClosed, sent)
    return closed


def last(books: Books) -> PortfolioState:
    return of(PortfolioState, books.sent)[-1]


def test_a_deposit_is_one_row_from_outside_and_is_booked_once(books: Books) -> None:
    """The same source again is noted and changes nothing."""
    (row,) = of(TransfersPosted, books.sent)[0].transfers
    assert (row.debit, row.credit, row.amount) == ("external:USD", "available:USD", D("10000"))
    assert (row.debit_balance, row.credit_balance) == (D("-10000"), D("10000"))
    sent = books.send(Deposit("USD", D("10000"), "opening", START))
    assert [note.event for note in of(Note, sent)] == ["ledger.deposit_repeated"]
    assert books.balance("available:USD") == 10000


@pytest.mark.parametrize("amount", ["0", "-1", "NaN", "Infinity", "-0"])
def test_a_deposit_that_is_no_amount_is_noted_and_left(books: Books, amount: str) -> None:
    """Nothing is booked."""
    sent = books.send(Deposit("USD", D(amount), "odd", START))
    assert [note.event for note in of(Note, sent)] == ["ledger.impossible_deposit"]
    assert books.balance("available:USD") == 10000


def test_a_hold_is_told_before_the_portfolio_that_shows_it(books: Books) -> None:
    """Risk keeps its claim until it has seen the hold in a portfolio."""
    sent = books.send(PlaceHold("one", "USD", D("4000")))
    assert [type(each) for each in sent] == [TransfersPosted, HoldPlaced, PortfolioState]
    assert (last(books).cash_free, last(books).cash_held) == (D("6000"), D("4000"))


@pytest.mark.parametrize("amount", ["10000.01", "0", "-5", "NaN"])
def test_a_hold_beyond_free_funds_or_of_nothing_is_refused(books: Books, amount: str) -> None:
    """Our decisions never make a balance negative."""
    (refused,) = books.send(PlaceHold("one", "USD", D(amount)))
    assert isinstance(refused, HoldRefused)
    assert refused.free == 10000


def test_a_hold_is_let_go_once_and_an_unknown_one_is_nothing(books: Books) -> None:
    """Releases are idempotent."""
    books.send(PlaceHold("one", "USD", D("4000")))
    assert len(books.send(HoldReleased("one"))) == 2
    assert not books.send(HoldReleased("one"))
    assert books.balance("available:USD") == 10000


def test_a_buy_posts_cost_fee_and_quantity_and_frees_the_surplus(books: Books) -> None:
    """Linked rows of one record; what the rest does not need becomes free."""
    books.send(PlaceHold("one", "USD", D("5020")))
    sent = books.send(fill(Side.BUY, "0.04", "1990.00", "7.96", hold_after="3012.00"))
    rows = of(TransfersPosted, sent)[0].transfers
    assert [(r.debit, r.credit, r.amount) for r in rows] == [
        ("held:USD", "market:USD", D("1990.00")),
        ("market:XBT", "available:XBT", D("0.04")),
        ("held:USD", "fees:USD", D("7.96")),
        ("held:USD", "available:USD", D("10.04")),
    ]
    assert books.balance("held:USD") == D("3012.00")
    assert len({row.source for row in rows}) == 4


def test_a_repeated_fill_is_noted_and_changes_nothing(books: Books) -> None:
    """The source is the key here too."""
    bought(books, "0.1", "5000.00", "20.00", "one")
    sent = books.send(fill(Side.BUY, "0.1", "5000.00", "20.00"))
    assert [note.event for note in of(Note, sent)] == ["ledger.fill_repeated"]


def test_lots_are_sold_first_in_first_out_with_the_buy_fee_in_their_cost(books: Books) -> None:
    """Realised profit is net of both fees; the last part takes the rest of the cost."""
    bought(books, "0.03", "1500.00", "6.00", "b1")
    bought(books, "0.03", "1800.00", "7.20", "b2")
    first = sold(books, "0.01", "600.00", "2.40", "s1")
    assert (first.cost, first.realised) == (D("502.00"), D("95.60"))
    second = sold(books, "0.035", "2100.00", "8.40", "s2")
    # 0.02 of the first lot (1004.00) and half of the second (903.60)
    assert (second.cost, second.realised) == (D("1907.60"), D("184.00"))
    third = sold(books, "0.015", "900.00", "3.60", "s3")
    assert third.cost == D("903.60")
    assert not books.ledger.state.positions
    assert last(books).realised == D("272.40") == books.balance("available:USD") - 10000


def test_a_share_of_a_lot_is_rounded_down_and_the_rest_stays(books: Books) -> None:
    """A third of 100.00 is 33.33, and 66.67 stays: totals tie exactly."""
    bought(books, "0.003", "100.00", "0", "b")
    costs = [sold(books, "0.001", "40.00", "0", f"s{n}").cost for n in range(3)]
    assert costs == [D("33.33"), D("33.33"), D("33.34")]


def test_a_fee_in_base_leaves_the_quantity(books: Books) -> None:
    """Bought less, paid the cost alone; the fee's worth is shown in quote."""
    books.send(PlaceHold("one", "USD", D("5000")))
    books.send(fill(Side.BUY, "0.1", "5000.00", "0.0004", fee_asset="XBT"))
    (position,) = last(books).positions
    assert (position.quantity, position.cost) == (D("0.0996"), D("5000.00"))
    assert books.balance("available:XBT") == D("0.0996")
    assert last(books).fees == D("20.00")


def test_a_fee_in_base_on_a_sale_takes_more_of_the_lots(books: Books) -> None:
    """Quantity sold and fee both leave the position."""
    bought(books, "0.1", "5000.00", "0", "b")
    books.send(PlaceHold("s", "XBT", D("0.05")))
    sent = books.send(fill(Side.SELL, "0.05", "2500.00", "0.0002", cl_ord_id="s", fee_asset="XBT"))
    assert of(TradeClosed, sent)[0].cost == D("2510.00")
    assert books.balance("available:XBT") == D("0.0498")
    assert [each.event for each in of(Note, sent)] == ["ledger.fee_differs"]


def test_a_fee_in_a_third_asset_comes_from_that_asset(books: Books) -> None:
    """Booked as told; it is no part of this symbol's profit."""
    books.fund("5", "KFEE", "credits")
    books.send(PlaceHold("one", "USD", D("5000")))
    books.send(fill(Side.BUY, "0.1", "5000.00", "3", fee_asset="KFEE"))
    assert books.balance("fees:KFEE") == 3
    assert books.balance("available:KFEE") == 2


def test_a_shortfall_from_a_fact_goes_to_suspense_and_halts(books: Books) -> None:
    """Never refused, never hidden: an error is noted and the account halts."""
    books.send(PlaceHold("one", "USD", D("10000")))
    sent = books.send(fill(Side.BUY, "0.3", "15000.00", "60.00"))
    assert books.balance("suspense:USD") == D("-5060.00")
    assert books.balance("available:USD") == books.balance("held:USD") == 0
    assert {note.event for note in of(Note, sent)} == {"ledger.shortfall"}
    (first, *_) = of(ConstraintViolated, sent)
    assert (first.name, first.detail) == ("suspense:USD", "5000.00 USD short for fill:one:a")


def test_an_oversold_position_goes_to_suspense_in_base(books: Books) -> None:
    """The position ends at zero, the missing base is to be explained."""
    bought(books, "0.01", "500.00", "0", "b")
    books.send(PlaceHold("s", "XBT", D("0.01")))
    books.send(fill(Side.SELL, "0.015", "750.00", "0", cl_ord_id="s"))
    assert books.balance("suspense:XBT") == D("-0.005")
    assert not books.ledger.state.positions


def test_a_hold_that_rounding_made_short_is_topped_up_from_free_funds(books: Books) -> None:
    """Pending holds equal what open orders still need."""
    books.send(PlaceHold("one", "USD", D("100")))
    books.send(fill(Side.BUY, "0.001", "50.00", "0.20", hold_after="50.00"))
    assert books.balance("held:USD") == D("50.00")


def test_positions_are_valued_at_the_bid_rounded_down(books: Books) -> None:
    """Unrealised profit is value less cost, buy fee included."""
    books.mark(XBT=50000.0)
    bought(books, "0.1", "5000.00", "20.00", "b")
    assert last(books).equity == D("9980.00")
    books.mark(XBT=51000.07)
    state = last(books)
    assert state.positions[0].value == D("5100.00")
    assert (state.equity, state.unrealised) == (D("10080.00"), D("80.00"))


def test_a_position_without_a_bid_keeps_the_last_good_one(books: Books) -> None:
    """A missing mark is no price of zero."""
    books.mark(XBT=50000.0)
    bought(books, "0.1", "5000.00", "0", "b")
    books.mark(ETH=3000.0)
    assert (last(books).equity, last(books).unmarked) == (D("10000.00"), D(0))


def stale(books: Books, after_ns: int) -> None:
    """The feed repeats the bid of 50,000 as a stale one, so much later."""
    books.at += after_ns
    rows = np.full((2, 6), np.nan)
    rows[0, 0] = 50000.0
    flags = sealed_ints(np.array([MarketFlag.STALE, MarketFlag.STALE]))
    books.send(MarkSlice(books.at, sealed(rows), flags))


@pytest.mark.parametrize(
    ("late_ns", "equity", "unmarked"),
    [(0, "10000.00", "0"), (1, "9750.00", "5000.00"), (DAY_NS, "9750.00", "5000.00")],
)
def test_an_old_bid_is_taken_with_a_haircut_and_counts_as_unmarked(
    books: Books, late_ns: int, equity: str, unmarked: str
) -> None:
    """A stale bid keeps its age, though the feed repeats it; at the age itself it is none yet."""
    books.mark(XBT=50000.0)
    bought(books, "0.1", "5000.00", "0", "b")
    stale(books, books.ledger.config.unmarked_age_ns + late_ns)
    assert (last(books).equity, last(books).unmarked) == (D(equity), D(unmarked))
    assert last(books).unrealised == D(equity) - 10_000
    books.mark(XBT=50000.0)
    assert (last(books).equity, last(books).unmarked) == (D("10000.00"), D(0))


def test_what_is_bought_beside_an_old_bid_is_taken_with_the_haircut_too(books: Books) -> None:
    books.mark(XBT=50000.0)
    bought(books, "0.1", "5000.00", "0", "b")
    stale(books, DAY_NS)
    bought(books, "0.02", "1000.00", "0", "c")
    assert last(books).equity == D("9700.00"), "a twentieth of 6,000 less"


def test_limits_of_old_bids_that_change_hold_from_that_step_on(books: Books) -> None:
    books.mark(XBT=50000.0)
    bought(books, "0.1", "5000.00", "0", "b")
    stale(books, HOUR_NS)
    assert last(books).equity == D("10000.00")
    limits = RiskProfile(unmarked_age_ns=HOUR_NS - 1, mark_haircut_micros=200_000)
    profiles = (msgspec.json.encode(each).decode() for each in (limits, StrategyProfile()))
    books.send(ProfileInForce(1, *profiles))
    assert (last(books).equity, last(books).unmarked) == (D("9000.00"), D("5000.00"))
    books.ledger.config = books.ledger.configured
    books.cut()
    books.ledger.resume(books.ledger.state)
    books.mark(ETH=3000.0)
    assert last(books).equity == D("9000.00"), "remembered"


def test_a_position_never_marked_is_worth_nothing_and_its_cost_is_unmarked(books: Books) -> None:
    """In doubt no value."""
    bought(books, "0.1", "5000.00", "0", "b")
    assert (last(books).equity, last(books).unmarked) == (D("5000.00"), D("5000.00"))


def test_drawdown_is_measured_from_the_peak_and_rounded_up(books: Books) -> None:
    """In millionths of the peak; a new high resets it."""
    books.mark(XBT=50000.0)
    bought(books, "0.1", "5000.00", "0", "b")
    books.mark(XBT=60000.0)
    assert (last(books).peak, last(books).drawdown) == (D("11000.00"), 0)
    books.mark(XBT=55000.0)
    assert last(books).drawdown == 45455
    books.mark(XBT=70000.0)
    assert last(books).drawdown == 0


def test_a_deposit_changes_units_and_never_the_drawdown(books: Books) -> None:
    """Adding money does not heal a loss."""
    books.mark(XBT=50000.0)
    bought(books, "0.1", "5000.00", "0", "b")
    books.mark(XBT=40000.0)
    assert last(books).drawdown == 100000
    books.fund("7777.77", source="more")
    assert last(books).drawdown == 100000
    assert last(books).peak == D("18641.97")


def test_a_deposit_in_kind_is_a_lot_at_its_value_now(books: Books) -> None:
    """Neither a gain nor a loss."""
    books.mark(XBT=50000.0)
    books.fund("0.1", "XBT", "in kind")
    state = last(books)
    assert (state.equity, state.unrealised, state.drawdown) == (D("15000.00"), D(0), 0)


def test_marks_without_positions_say_nothing(books: Books) -> None:
    """Nothing has changed, so nothing is said (but the hour is armed once)."""
    (armed,) = books.mark(XBT=50000.0)
    assert isinstance(armed, SetTimer)
    assert not books.mark(XBT=50001.0)


def test_the_portfolio_is_recorded_at_every_full_hour(books: Books) -> None:
    """Hours are wall hours; a run of idle hours is recorded whole."""
    books.mark(XBT=50000.0)
    hours = of(PortfolioHour, books.pass_to(START + 3 * HOUR_NS))
    assert [each.hour_ts for each in hours] == [
        START - START % HOUR_NS + (n + 1) * HOUR_NS for n in range(3)
    ]
    assert hours[0].state.equity == 10000


def test_what_was_booked_is_remembered_for_a_bounded_number_of_bookings() -> None:
    """State stays small; and no number of fills makes the opening balance come twice."""
    books = Books(ledger=LedgerConfig(INSTRUMENTS, fills_kept=8, deposits_kept=8))
    del books.actors["orders"]
    books.fund()
    for number in range(20):
        books.send(fill(Side.BUY, "0.001", "50.00", "0.20", exec_id=str(number)))
    assert len(books.ledger.state.fills) == 8
    sent = books.send(Deposit("USD", D("10000"), "opening", START))
    assert [note.event for note in of(Note, sent)] == ["ledger.deposit_repeated"]
    for number in range(20):
        books.fund("1", source=str(number))
    assert len(books.ledger.state.deposits) == 8
