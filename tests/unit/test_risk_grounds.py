"""What a refusal tells: the figure that was seen and the one that was demanded, one row a case."""

from __future__ import annotations

import pytest

from actors.messages.decision import OrderIntent
from actors.messages.market import MarketFlag
from actors.messages.risk import Refusal
from actors.money import run_exact
from actors.risk.ladder import first_amend_refusal, first_refusal
from actors.risk.profile import RiskProfile
from actors.risk.rules import has_price
from actors.risk.view import RiskView
from tests.spoken_model import UNSIZED
from tests.unit.test_risk_ladder import (
    ENTRY,
    EXIT,
    FLOORED,
    INSTRUMENT,
    NO_MARGIN,
    NOW,
    TWO_HOURS_NS,
    Changes,
    D,
    changed,
    refusal,
    seen,
)

R = Refusal
NAN = float("nan")
SLOW = RiskProfile(entries_per_minute_max_count=5, **UNSIZED)
LARGE = changed(INSTRUMENT, {"quantity_min": D("0.200")})
LARGEST = "0.200 and worth 5.00"
RESERVED = RiskProfile(**UNSIZED | {"sale_reserve_micros": 250_000})
Told = tuple[Refusal, str, str]

ENTRY_GROUNDS: list[tuple[Changes, Changes, Told]] = [
    ({"halt_reason": "fill_side"}, {}, (R.HALTED, "fill_side", "reactivation")),
    ({"kill_level": 1}, {}, (R.KILL_SWITCH, "1", "0")),
    ({"kill_level": 3}, {}, (R.KILL_SWITCH, "3", "0")),
    ({"reducing": True}, {}, (R.REDUCING_ONLY, "reducing", "reactivation")),
    ({"reconciling": "reading"}, {}, (R.RECONCILING, "reading", "the venue and we agree")),
    ({"order_unknown": True}, {}, (R.UNKNOWN_ORDER, "ABCUSD", "no unknown order")),
    ({"instrument": None}, {}, (R.UNKNOWN_SYMBOL, "ABCUSD", "a symbol of the run")),
    ({"unmarked_micros": None}, {}, (R.NO_PORTFOLIO, "none", "a portfolio with equity")),
    ({"unmarked_micros": 90_000}, {}, (R.NO_PORTFOLIO, "90000", "10000")),
    ({"mark_age_ns": None}, {}, (R.STALE_PRICE, "none", "a bid and an ask")),
    ({"bid": 1e14}, {}, (R.STALE_PRICE, "none", "a bid and an ask")),
    ({"ask": 1e14}, {}, (R.STALE_PRICE, "none", "a bid and an ask")),
    ({"bid": NAN}, {}, (R.STALE_PRICE, "none", "a bid and an ask")),
    ({"flags": int(MarketFlag.STALE)}, {}, (R.STALE_PRICE, "stale", "fresh")),
    ({"flags": 255}, {}, (R.STALE_PRICE, "stale", "fresh")),
    ({"mark_age_ns": 9 * 10**9}, {}, (R.STALE_PRICE, str(9 * 10**9), str(5 * 10**9))),
    ({"flags": int(MarketFlag.NOT_LISTED)}, {}, (R.MARKET_UNSOUND, "1", "0")),
    ({"flags": int(MarketFlag.GAP | MarketFlag.CLOCK_SKEW)}, {}, (R.MARKET_UNSOUND, "132", "0")),
    ({"blocked_until": NOW}, {}, (R.ACTOR_RESTARTING, str(NOW), f"after {NOW}")),
    ({"blocked_until": NOW + 7}, {}, (R.ACTOR_RESTARTING, str(NOW), f"after {NOW + 7}")),
    ({"bundle_id": ""}, {}, (R.NO_ACTIVE_MODEL, "none", "an activated model")),
    ({"predicted_by": ""}, {}, (R.NO_ACTIVE_MODEL, "none", "bundle")),
    ({"predicted_by": "zeta"}, {}, (R.NO_ACTIVE_MODEL, "zeta", "bundle")),
    ({"predicted_by": "alpha"}, {}, (R.NO_ACTIVE_MODEL, "alpha", "bundle")),
    ({"p_up": None}, {}, (R.PREDICTION_TOO_OLD, "none", str(TWO_HOURS_NS))),
    (
        {"prediction_age_ns": 2 * TWO_HOURS_NS},
        {},
        (R.PREDICTION_TOO_OLD, str(2 * TWO_HOURS_NS), str(TWO_HOURS_NS)),
    ),
    ({"volatility_micros": None}, {}, (R.VOLATILITY_UNKNOWN, "none", str(TWO_HOURS_NS))),
    (
        {"volatility_age_ns": 2 * TWO_HOURS_NS},
        {},
        (R.VOLATILITY_UNKNOWN, str(2 * TWO_HOURS_NS), str(TWO_HOURS_NS)),
    ),
    ({}, {"decided_at": NOW - 3 * 10**9}, (R.DECISION_TOO_OLD, str(3 * 10**9), str(2 * 10**9))),
    ({}, {"decided_at": NOW + 2}, (R.DECISION_TOO_OLD, "-2", str(2 * 10**9))),
    ({"drawdown_micros": 200_000}, {}, (R.DRAWDOWN_HALT, "200000", "200000")),
    ({"drawdown_micros": 300_000}, {}, (R.DRAWDOWN_HALT, "300000", "200000")),
    (
        {"profile": FLOORED, "equity": D("4000.00")},
        {},
        (R.CAPITAL_FLOOR, "4000.00", "above 4000"),
    ),
    ({"profile": FLOORED, "equity": D("9.00")}, {}, (R.CAPITAL_FLOOR, "9.00", "above 4000")),
    (
        {"day_loss_latched": True, "day_loss_micros": 31_000},
        {},
        (R.DAILY_LOSS_LIMIT, "31000", "below 30000"),
    ),
    # A limit that was lowered beneath the loss holds before the next portfolio tells.
    (
        {"day_loss_micros": 30_000},
        {},
        (R.DAILY_LOSS_LIMIT, "30000", "below 30000"),
    ),
    ({"last_intent_no": 7}, {}, (R.DUPLICATE_INTENT, "7", "above 7")),
    ({"last_intent_no": 99}, {}, (R.DUPLICATE_INTENT, "7", "above 99")),
    ({}, {"notional": D(0)}, (R.INVALID_QUANTITY, "0", "a positive notional")),
    ({}, {"notional": D("-0.5")}, (R.INVALID_QUANTITY, "-0.5", "a positive notional")),
    ({}, {"quantity": D(1)}, (R.INVALID_QUANTITY, "1", "0: risk sizes an entry")),
    ({}, {"quantity": D(-1)}, (R.INVALID_QUANTITY, "-1", "0: risk sizes an entry")),
    ({}, {"limit_price": D("100.31")}, (R.PRICE_OFF_TICK, "100.31", "a positive multiple of 0.1")),
    ({}, {"limit_price": D("101.2")}, (R.PRICE_COLLAR, "101.2", "101.1010000")),
    ({"spread": 0.003}, {}, (R.SPREAD_TOO_WIDE, "3000.0", "2000")),
    ({"depth": 9_999.5}, {}, (R.DEPTH_TOO_THIN, "9999.5", "10000")),
    ({"depth": 0.0}, {}, (R.DEPTH_TOO_THIN, "0.0", "10000")),
    ({}, {"expected_move": 9_999}, (R.EDGE_BELOW_COST, "499", "500")),
    ({}, {"expected_move": -4_000}, (R.EDGE_BELOW_COST, "-13500", "500")),
    ({}, {"expected_move": 8_100, "cost": 0}, (R.EDGE_BELOW_COST, "100", "500")),
    ({"profile": NO_MARGIN}, {"expected_move": 9_500}, (R.EDGE_BELOW_COST, "0", "1")),
    ({"since_loss_ns": 0}, {}, (R.COOLING_AFTER_LOSS, "0", "above 900000000000")),
    ({"since_loss_ns": 5}, {}, (R.COOLING_AFTER_LOSS, "5", "above 900000000000")),
    ({"recent_entries_count": 20}, {}, (R.ORDER_RATE, "21", "20")),
    ({"recent_entries_count": 40}, {}, (R.ORDER_RATE, "41", "20")),
    ({"recent_entries_count": 5, "profile": SLOW}, {}, (R.ORDER_RATE, "6", "5")),
    ({"rooms.positions_count": 10}, {}, (R.MAX_POSITIONS, "11", "10")),
    ({"rooms.positions_count": 30}, {}, (R.MAX_POSITIONS, "31", "10")),
    (
        {"rooms.positions_count": 9, "rooms.positions_max_count": 9},
        {},
        (R.MAX_POSITIONS, "10", "9"),
    ),
    ({"rooms.symbol_worth": D("9996.00")}, {}, (R.POSITION_RISK, "200.00", "4.00")),
    ({"rooms.position": D("4.00")}, {}, (R.POSITION_CAP, "200.00", "4.00")),
    ({"rooms.exposure": D("-3.00")}, {}, (R.EXPOSURE_CAP, "200.00", "-3.00")),
    ({"rooms.cluster": D("0.00")}, {}, (R.CLUSTER_CAP, "200.00", "0.00")),
    ({"rooms.quote": D("0.50")}, {}, (R.QUOTE_CAP, "200.00", "0.50")),
    ({"rooms.cash": D("0.00")}, {}, (R.INSUFFICIENT_CASH, "200.00", "0.00")),
    ({}, {"notional": D("5.01")}, (R.BELOW_MINIMUM, "0.049", "0.01 and worth 5.00")),
    # A room that leaves all that is asked is not the reason.
    (
        {"rooms.position": D("5.01"), "rooms.cash": D("5.01")},
        {"notional": D("5.01")},
        (R.BELOW_MINIMUM, "0.049", "0.01 and worth 5.00"),
    ),
    (
        {"rooms.position": D("4.50"), "rooms.cash": D("4.50")},
        {"notional": D("4.00")},
        (R.BELOW_MINIMUM, "0.039", "0.01 and worth 5.00"),
    ),
    ({"instrument": LARGE}, {"notional": D("20.00")}, (R.BELOW_MINIMUM, "0.199", LARGEST)),
    (
        {"profile": RESERVED},
        {"notional": D("6.00")},
        (R.BELOW_MINIMUM, "0.059", "0.01 and worth 6.25"),
    ),
]


@pytest.mark.parametrize(("view", "intent", "told"), ENTRY_GROUNDS)
def test_a_refused_entry_is_told_what_was_seen_and_what_was_demanded(
    view: Changes, intent: Changes, told: Told
) -> None:
    assert run_exact(lambda: first_refusal(changed(ENTRY, intent), seen(view))) == told


EXIT_GROUNDS: list[tuple[Changes, Changes, Told]] = [
    ({}, {"quantity": D("1.0005")}, (R.INVALID_QUANTITY, "1.0005", "a positive multiple of 0.001")),
    ({}, {"limit_price": D("99.85")}, (R.PRICE_OFF_TICK, "99.85", "a positive multiple of 0.1")),
    ({}, {"limit_price": D("98.9")}, (R.PRICE_COLLAR, "98.9", "99.0000000")),
    ({}, {"quantity": D("0.050")}, (R.BELOW_MINIMUM, "0.050", "0.01 and worth 5")),
    (
        {"profile": RESERVED},
        {"quantity": D("0.050")},
        (R.BELOW_MINIMUM, "0.050", "0.01 and worth 5"),
    ),
    ({}, {"quantity": D("2.001")}, (R.NOT_HELD, "2.001", "2.000")),
    ({"sellable": D("-1.000")}, {}, (R.NOT_HELD, "2.000", "-1.000")),
]


@pytest.mark.parametrize(("view", "intent", "told"), EXIT_GROUNDS)
def test_a_refused_exit_is_told_what_was_seen_and_what_was_demanded(
    view: Changes, intent: Changes, told: Told
) -> None:
    assert run_exact(lambda: first_refusal(changed(EXIT, intent), seen(view))) == told


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (0, None),
        (int(MarketFlag.GAP | MarketFlag.NOT_WARM), None),
        (int(MarketFlag.CROSSED), (R.MARKET_UNSOUND, "8", "0")),
        (int(MarketFlag.CHECKSUM | MarketFlag.GAP), (R.MARKET_UNSOUND, "16", "0")),
        (int(MarketFlag.CROSSED | MarketFlag.CHECKSUM), (R.MARKET_UNSOUND, "24", "0")),
    ],
)
def test_a_refused_change_is_told_which_flags_lie(flags: int, told: Told | None) -> None:
    assert run_exact(lambda: first_amend_refusal(EXIT, seen({"flags": flags}))) == told


FITTING: list[tuple[str, OrderIntent, Changes, Changes]] = [
    ("well below every limit", ENTRY, {"unmarked_micros": 5, "mark_age_ns": 5}, {}),
    ("a decision of a second ago", ENTRY, {}, {"decided_at": NOW - 10**9}),
    ("a narrow spread", ENTRY, {"spread": 0.000_5}, {}),
    ("a spread of nothing", ENTRY, {"spread": 0.0}, {}),
    ("a deep book", ENTRY, {"depth": 1e9}, {}),
    ("a limit far below the ask", ENTRY, {}, {"limit_price": D("50.0")}),
    ("a limit far above the bid", EXIT, {}, {"limit_price": D("150.0")}),
    ("a limit at the collar", EXIT, {}, {"limit_price": D("99.0")}),
    ("a purchase at the collar", ENTRY, {"ask": 100.0}, {"limit_price": D("101.0")}),
    ("a limit below the ask", ENTRY, {"ask": 100.0}, {"limit_price": D("99.9")}),
    ("the least quantity", EXIT, {"instrument": LARGE}, {"quantity": D("0.200")}),
    ("the least quantity bought", ENTRY, {"instrument": LARGE}, {"notional": D("20.06")}),
    ("a part of what is free", EXIT, {}, {"quantity": D("1.000")}),
    ("an edge far above the margin", ENTRY, {}, {"expected_move": 90_000}),
    ("no entry in this minute", ENTRY, {"recent_entries_count": 0}, {}),
    ("rested for long", ENTRY, {"since_loss_ns": 10**15}, {}),
    ("a number that leaps", ENTRY, {}, {"intent_no": 900}),
    ("a room as large as what is asked", ENTRY, {"rooms.position": D("200.00")}, {}),
    ("a room for the smallest order", ENTRY, {"rooms.exposure": D("5.02")}, {}),
    ("the reserve of a sale, exactly", ENTRY, {"profile": RESERVED}, {"notional": D("6.32")}),
    ("eighteen digits behind the point", ENTRY, {}, {"notional": D("2.00000000000000000E+2")}),
    ("a bid of next to nothing", EXIT, {"bid": 1e-3}, {}),
]


@pytest.mark.parametrize(("name", "base", "view", "intent"), FITTING)
def test_what_keeps_within_every_limit_passes(
    name: str, base: OrderIntent, view: Changes, intent: Changes
) -> None:
    assert refusal(changed(base, intent), seen(view)) is None


@pytest.mark.parametrize(
    ("mark", "is_one"),
    [
        (0.0, False),
        (5e-324, True),
        (0.5, True),
        (1.0, True),
        (99_999_999_999_999.0, True),
        (1e14, False),
        (float("inf"), False),
        (NAN, False),
        (-1.0, False),
    ],
)
def test_a_price_is_above_nothing_and_below_what_no_market_asks(
    mark: float, *, is_one: bool
) -> None:
    assert has_price(mark) is is_one


def test_a_price_is_rounded_for_the_intent_before_the_collar_is_laid() -> None:
    """An ask between two ticks counts as the higher, a bid as the lower."""
    between: RiskView = seen({"ask": 100.15, "bid": 99.95})
    told = run_exact(lambda: first_refusal(changed(ENTRY, {"limit_price": D("101.3")}), between))
    assert told == (R.PRICE_COLLAR, "101.3", "101.2020000")
    told = run_exact(lambda: first_refusal(changed(EXIT, {"limit_price": D("98.9")}), between))
    assert told == (R.PRICE_COLLAR, "98.9", "98.9010000")
    assert refusal(changed(EXIT, {"limit_price": D("99.0")}), between) is None
