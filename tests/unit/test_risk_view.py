"""The picture that the rules look at: which figure of the account and market each field is."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
import pytest

from actors.instant import DAY_NS, MINUTE_NS, SECOND_NS
from actors.messages.decision import Side
from actors.messages.ledger import PortfolioState, PositionView
from actors.messages.market import MarketFlag, MarkSlice
from actors.messages.prediction import MISSING
from actors.money import run_exact
from actors.risk.profile import RiskConfig
from actors.risk.reservations import Reservation
from actors.risk.rooms import Rooms
from actors.risk.state import RiskState, initial_state
from actors.risk.view import RiskView, is_amount, sound_portfolio, view_beside, view_of
from tests.unit.test_risk_state import CONFIG, NOW, SYMBOLS, D, Desk, portfolio, position

changed = msgspec.structs.replace
BUY, SELL = Side.BUY, Side.SELL


def view(state: RiskState, symbol: str = "BBBUSD", side: Side = BUY, at: int = NOW) -> RiskView:
    return run_exact(lambda: view_of(CONFIG, state, symbol, side, at))


def known() -> RiskState:
    """The second symbol's marks differ from the others', so that no index is another's."""
    desk = Desk()
    rows = np.tile(np.array([100.0, 100.1, 100.05, 0.0, 0.001, 1e6]), (len(SYMBOLS), 1))
    rows[1] = 50.0, 50.5, 50.25, 0.0, 0.01, 2_000.0
    flags = np.zeros(len(SYMBOLS), dtype=np.int32)
    flags[1] = int(MarketFlag.GAP)
    desk.tell(MarkSlice(NOW, rows, flags))
    return desk.actor.state


def test_before_anything_is_heard_nothing_is_known() -> None:
    found = view(initial_state(CONFIG))
    ages = (found.mark_age_ns, found.prediction_age_ns, found.volatility_age_ns)
    assert ages == (None, None, None)
    assert (found.unmarked_micros, found.p_up, found.volatility_micros) == (None, None, None)
    assert (found.since_loss_ns, found.recent_entries_count) == (None, 0)
    assert (found.equity, found.rooms, found.sellable) == (D(0), Rooms(), D(0))
    assert (found.order_unknown, found.reducing, found.reconciling) == (False, False, "")
    assert found.flags == MarketFlag.STALE
    assert math.isnan(found.bid)


@pytest.mark.parametrize("side", [BUY, SELL])
def test_a_stranger_has_no_marks_and_no_rooms(side: Side) -> None:
    found = view(known(), "ODDUSD", side)
    assert found.instrument is None
    assert all(math.isnan(each) for each in (found.bid, found.ask, found.spread, found.depth))
    assert (found.flags, found.p_up, found.volatility_micros) == (0, None, None)
    assert (found.rooms, found.sellable) == (Rooms(), D(0))


def test_marks_are_those_of_the_symbol() -> None:
    state = known()
    found, first = view(state), view(state, "AAAUSD")
    assert (found.bid, found.ask, found.spread, found.depth) == (50.0, 50.5, 0.01, 2_000.0)
    assert (found.flags, first.flags) == (MarketFlag.GAP, 0)
    assert (first.bid, first.ask, first.spread, first.depth) == (100.0, 100.1, 0.001, 1e6)
    assert found.instrument is CONFIG.instruments[1]


def test_ages_are_counted_from_the_instant_that_each_was_told_of() -> None:
    state = known()
    state.predicted_at, state.volatility_at = NOW - 7, NOW - 70
    state.lost_at = {"BBBUSD": NOW - 700}
    found = view(state, at=NOW + SECOND_NS)
    assert found.mark_age_ns == SECOND_NS
    assert found.prediction_age_ns == SECOND_NS + 7
    assert found.volatility_age_ns == SECOND_NS + 70
    assert found.since_loss_ns == SECOND_NS + 700
    assert view(state, "AAAUSD").since_loss_ns is None
    state.marked_at = state.predicted_at = state.volatility_at = 0
    found = view(state, at=5)
    assert (found.mark_age_ns, found.prediction_age_ns, found.volatility_age_ns) == (5, 5, 5)


def test_entries_of_the_last_minute_count_the_one_at_its_very_beginning_too() -> None:
    state = known()
    state.entries_at = [NOW - MINUTE_NS - 1, NOW - MINUTE_NS, NOW - 5, NOW]
    assert view(state).recent_entries_count == 3


@pytest.mark.parametrize(
    ("latched", "drawdown", "reviewed", "reducing"),
    [
        (True, 199_999, 0, True),
        (True, 200_000, 0, False),
        (True, 250_000, 0, False),
        (False, 0, 0, False),
        (True, 240_000, 200_000, True),
        (True, 250_000, 200_000, False),
    ],
)
def test_an_account_is_reducing_while_it_is_halted_above_its_boundary(
    latched: bool,
    drawdown: int,
    reviewed: int,
    *,
    reducing: bool,
) -> None:
    state = known()
    state.standing.drawdown_latched, state.standing.drawdown_micros = latched, drawdown
    state.standing.reviewed_micros = reviewed
    found = view(state)
    assert found.reducing is reducing
    assert found.drawdown_micros == drawdown
    assert found.halt_at_micros == (reviewed + 50_000 if reviewed else 200_000)


@pytest.mark.parametrize(
    ("unmarked", "micros"), [("0.00", 0), ("0.01", 1), ("100.00", 10_000), ("100.01", 10_001)]
)
def test_what_is_unmarked_is_a_share_of_the_equity_rounded_up(unmarked: str, micros: int) -> None:
    desk = Desk()
    desk.tell(changed(portfolio(), unmarked=D(unmarked)))
    assert view(desk.actor.state).unmarked_micros == micros


@pytest.mark.parametrize(
    ("per_bar", "micros"),
    [
        (0.001, 4_899),  # x root 24, rounded up
        (1e-12, 1),
        (0.0, None),
        (-0.001, None),
        (float("nan"), None),
        (float("inf"), None),
        (1e3, None),
        (999.0, 4_894_080_507),
    ],
)
def test_a_volatility_is_that_of_a_day_rounded_up(per_bar: float, micros: int | None) -> None:
    state = known()
    state.volatility = np.full(len(SYMBOLS), 0.5)
    state.volatility[1] = per_bar
    assert view(state).volatility_micros == micros


def test_odds_are_the_symbols_own_and_none_where_the_model_is_silent() -> None:
    state = known()
    state.odds = np.arange(len(SYMBOLS), dtype=np.int32) * 1_000
    assert view(state).p_up == 1_000
    assert view(state, "AAAUSD").p_up == 0
    state.odds[1] = MISSING
    assert view(state).p_up is None


def claim(symbol: str, side: Side = SELL, **more: Any) -> Reservation:
    plain = Reservation(1, symbol, side, D("1.000"), D("100.0"), NOW)
    return changed(plain, **more)


@pytest.mark.parametrize(
    ("claims", "unknown"),
    [
        ([], False),
        ([claim("BBBUSD", unknown=True)], True),
        ([claim("AAAUSD", unknown=True)], False),
        ([claim("BBBUSD")], False),
        ([claim("BBBUSD"), claim("BBBUSD", unknown=True)], True),
        ([claim("AAAUSD", unknown=True), claim("BBBUSD")], False),
    ],
)
def test_an_unknown_order_is_one_of_the_symbol(claims: list[Reservation], *, unknown: bool) -> None:
    state = known()
    state.reservations = {str(number): each for number, each in enumerate(claims)}
    assert view(state).order_unknown is unknown


# What is held and free of the symbol; claims; what may be sold.
SELLABLE: list[tuple[str, str, list[Reservation], str]] = [
    ("3.000", "3.000", [], "3.000"),
    ("3.000", "2.000", [], "2.000"),
    ("2.000", "9.000", [], "2.000"),
    ("3.000", "3.000", [claim("BBBUSD")], "2.000"),
    ("3.000", "3.000", [claim("BBBUSD"), claim("BBBUSD")], "1.000"),
    ("3.000", "3.000", [claim("BBBUSD", covered=True)], "3.000"),
    ("3.000", "3.000", [claim("AAAUSD"), claim("CCCUSD")], "3.000"),
    ("3.000", "3.000", [claim("BBBUSD", BUY)], "3.000"),
    ("0.500", "0.500", [claim("BBBUSD")], "-0.500"),
]


@pytest.mark.parametrize(("held", "free", "claims", "sellable"), SELLABLE)
def test_what_may_be_sold_is_free_and_claimed_by_no_sale_yet(
    held: str, free: str, claims: list[Reservation], sellable: str
) -> None:
    state = known()
    others = position("AAAUSD", "7.000"), position("CCCUSD", "8.000")
    state.portfolio = portfolio(position("BBBUSD", held, free), *others)
    state.reservations = {str(number): each for number, each in enumerate(claims)}
    assert view(state, side=SELL).sellable == D(sellable)
    assert view(state, side=SELL).rooms == Rooms(), "a sale needs no room"
    assert view(state).sellable == D(0), "a purchase needs no stock"
    assert view(state).rooms != Rooms()


@pytest.mark.parametrize(
    ("free", "quantity", "filled", "sellable"),
    [
        ("0.000", "2.000", "0", "2.000"),
        ("0.000", "2.000", "0.500", "1.500"),
        ("1.000", "2.000", "0", "2.000"),  # what is free besides is not for the order
        ("0.000", "2.000", "2.000", "0.000"),
    ],
)
def test_a_change_may_sell_what_is_left_of_its_order(
    free: str, quantity: str, filled: str, sellable: str
) -> None:
    state = known()
    state.portfolio = portfolio(position("BBBUSD", "3.000", free))
    order = claim("BBBUSD", quantity=D(quantity), filled=D(filled), covered=True)
    state.reservations = {"1": order}
    found = run_exact(lambda: view_beside(CONFIG, state, order, "BBBUSD", NOW))
    assert found.sellable == D(sellable)


def test_a_change_of_no_order_sees_what_any_sale_does() -> None:
    state = known()
    state.portfolio = portfolio(position("BBBUSD", "3.000", "1.000"))
    found = run_exact(lambda: view_beside(CONFIG, state, None, "BBBUSD", NOW))
    assert found == view(state, side=SELL)


def test_a_change_may_not_sell_what_other_sales_claim() -> None:
    """One unit is free; another sale that no hold shows yet claims two: two are left of three."""
    state = known()
    state.portfolio = portfolio(position("BBBUSD", "4.000", "1.000"))
    order = claim("BBBUSD", quantity=D("3.000"), covered=True)
    state.reservations = {"1": order, "2": claim("BBBUSD", quantity=D("2.000"))}
    found = run_exact(lambda: view_beside(CONFIG, state, order, "".join("BBBUSD"), NOW))
    assert found.sellable == D("2.000")


WRONG = ["NaN", "sNaN", "Infinity", "-Infinity", "1E+15", "-1E+15", "1E+17"]
HELD = position("BBBUSD", "1.000")


def spoilt(name: str, wrong: str) -> PortfolioState:
    if name in {"equity", "cash_free", "unmarked"}:
        return changed(portfolio(HELD), **{name: D(wrong)})
    worse: PositionView = changed(HELD, **{name: D(wrong)})
    return portfolio(position("AAAUSD", "1.000"), worse)


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize(
    "name", ["equity", "cash_free", "unmarked", "quantity", "free", "cost", "value"]
)
def test_a_portfolio_with_one_figure_that_is_none_is_no_portfolio(name: str, wrong: str) -> None:
    assert sound_portfolio(spoilt(name, wrong)) is None


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("equity", "0.01"),
        ("equity", "999999999999999"),
        ("cash_free", "-5.00"),
        ("cash_free", "0"),
        ("value", "-0"),
    ],
)
def test_a_figure_that_an_account_can_hold_is_sound(name: str, right: str) -> None:
    found = spoilt(name, right)
    assert sound_portfolio(found) is found


@pytest.mark.parametrize("equity", ["0", "-0.01", "0.00"])
def test_an_account_without_equity_has_no_sound_portfolio(equity: str) -> None:
    assert sound_portfolio(spoilt("equity", equity)) is None
    assert sound_portfolio(None) is None


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("0", True),
        ("-1", True),
        ("1E-400", True),
        ("999999999999999.99", True),
        ("1E+15", False),
        ("-1E+15", False),
        ("1E+16", False),
        ("-0", False),
        ("NaN", False),
        ("sNaN", False),
        ("Infinity", False),
    ],
)
def test_an_amount_is_finite_canonical_and_below_a_thousand_billions(
    text: str, *, amount: bool
) -> None:
    assert is_amount(D(text)) is amount


def test_a_day_is_measured_in_bars_of_the_run() -> None:
    config = RiskConfig(CONFIG.instruments, CONFIG.profile, bar_interval_ns=DAY_NS)
    state = known()
    state.volatility = np.full(len(SYMBOLS), 0.25)
    found = run_exact(lambda: view_of(config, state, "BBBUSD", BUY, NOW))
    assert found.volatility_micros == 250_000
