"""The refusal ladder as a specification: one row a case, and one descent through all wrongs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from actors.instruments import Instrument
from actors.messages.decision import Action, OrderIntent, Reason, Side
from actors.messages.market import MarketFlag
from actors.messages.risk import Refusal
from actors.money import run_exact
from actors.risk.ladder import LADDER, Scope, first_refusal
from actors.risk.profile import RiskProfile
from actors.risk.rooms import Rooms
from actors.risk.sizing import sized
from actors.risk.view import RiskView
from tests.spoken_model import UNSIZED

D = Decimal
NOW = 10**18
TWO_HOURS_NS = 7_200_000_000_000
INSTRUMENT = Instrument(
    symbol="ABCUSD",
    base="ABC",
    quote="USD",
    tick=D("0.1"),
    lot=D("0.001"),
    quantity_min=D("0.01"),
    cost_min=D("5"),
    quote_decimals=2,
    maker_fee=D("0.0025"),
    taker_fee=D("0.0040"),
)
ROOMS = Rooms(D("300"), D("2000"), D("800"), D("2000"), D("9000"), positions_max_count=10)
LIMITS = RiskProfile(**UNSIZED)
VIEW = RiskView(
    at=NOW,
    profile=LIMITS,
    instrument=INSTRUMENT,
    halt_reason="",
    kill_level=0,
    reducing=False,
    drawdown_micros=0,
    halt_at_micros=200_000,
    equity=D("10000.00"),
    day_loss_micros=0,
    day_loss_latched=False,
    reconciling="",
    order_unknown=False,
    unmarked_micros=0,
    bid=100.0,
    ask=100.1,
    spread=0.001,
    depth=1e6,
    flags=0,
    mark_age_ns=0,
    blocked_until=-1,
    last_intent_no=6,
    recent_entries_count=0,
    since_loss_ns=None,
    rooms=ROOMS,
    sellable=D("2.000"),
    bundle_id="bundle",
    predicted_by="bundle",
    prediction_age_ns=0,
    p_up=700_000,
    volatility_micros=20_000,
    volatility_age_ns=0,
)
RESTLESS = RiskProfile(loss_cool_down_ns=0, **UNSIZED)
NO_MARGIN = RiskProfile(edge_margin_micros=0, **UNSIZED)
FLOORED = RiskProfile(capital_floor_amount=4000, **UNSIZED)
ENTRY = OrderIntent(
    intent_no=7,
    symbol="ABCUSD",
    side=Side.BUY,
    notional=D("200.00"),
    quantity=D(0),
    limit_price=D("100.3"),
    decided_at=NOW,
    action=Action.ENTER,
    reason=Reason.EDGE_ABOVE_COST,
    p_up=600_000,
    expected_move=20_000,
    cost=9_500,
)
EXIT = msgspec.structs.replace(
    ENTRY,
    side=Side.SELL,
    notional=D(0),
    quantity=D("2.000"),
    limit_price=D("99.8"),
    action=Action.EXIT,
    reason=Reason.THESIS_BROKEN,
    expected_move=-5_000,
)

Changes = dict[str, Any]


def refusal(intent: OrderIntent, view: RiskView) -> Refusal | None:
    found = run_exact(lambda: first_refusal(intent, view))
    return None if found is None else found[0]


def changed(base: Any, changes: Changes) -> Any:
    return msgspec.structs.replace(base, **changes)


def seen(changes: Changes) -> RiskView:
    """The view with changes; `rooms.x` changes one room."""
    parts = {key.removeprefix("rooms."): each for key, each in changes.items() if "." in key}
    whole = {key: each for key, each in changes.items() if "." not in key}
    found: RiskView = changed(VIEW, {"rooms": changed(ROOMS, parts)} | whole)
    return found


# Refusal, what is wrong with the view, what is wrong with the intent; in ladder order.
ENTRY_CASES: list[tuple[Refusal, Changes, Changes]] = [
    (Refusal.HALTED, {"halt_reason": "constraint x"}, {}),
    (Refusal.KILL_SWITCH, {"kill_level": 1}, {}),
    (Refusal.REDUCING_ONLY, {"reducing": True}, {}),
    (Refusal.RECONCILING, {"reconciling": "USD differs"}, {}),
    (Refusal.UNKNOWN_ORDER, {"order_unknown": True}, {}),
    (Refusal.UNKNOWN_SYMBOL, {"instrument": None}, {}),
    (Refusal.CURRENCY_RATE_STALE, {"rate_age_ns": None}, {}),
    (Refusal.CURRENCY_RATE_STALE, {"rate_age_ns": 300_000_000_001}, {}),
    (Refusal.DEPEGGED, {"off_par_micros": None}, {}),
    (Refusal.DEPEGGED, {"off_par_micros": 10_001}, {}),
    (Refusal.NO_PORTFOLIO, {"unmarked_micros": None}, {}),
    (Refusal.NO_PORTFOLIO, {"unmarked_micros": 10_001}, {}),
    (Refusal.STALE_PRICE, {"mark_age_ns": None}, {}),
    (Refusal.STALE_PRICE, {"bid": float("nan")}, {}),
    (Refusal.STALE_PRICE, {"ask": 0.0}, {}),
    (Refusal.STALE_PRICE, {"ask": float("inf")}, {}),
    (Refusal.STALE_PRICE, {"flags": int(MarketFlag.STALE)}, {}),
    (Refusal.STALE_PRICE, {"mark_age_ns": 5_000_000_001}, {}),
    (Refusal.MARKET_UNSOUND, {"flags": int(MarketFlag.CHECKSUM)}, {}),
    (Refusal.MARKET_UNSOUND, {"flags": int(MarketFlag.NOT_WARM)}, {}),
    (Refusal.ACTOR_RESTARTING, {"blocked_until": NOW}, {}),
    (Refusal.NO_ACTIVE_MODEL, {"bundle_id": "", "predicted_by": ""}, {}),
    (Refusal.NO_ACTIVE_MODEL, {"bundle_id": ""}, {}),
    (Refusal.NO_ACTIVE_MODEL, {"predicted_by": "another"}, {}),
    (Refusal.NO_ACTIVE_MODEL, {"predicted_by": "", "prediction_age_ns": None}, {}),
    (Refusal.PREDICTION_TOO_OLD, {"prediction_age_ns": TWO_HOURS_NS + 1}, {}),
    (Refusal.PREDICTION_TOO_OLD, {"prediction_age_ns": None}, {}),
    (Refusal.PREDICTION_TOO_OLD, {"p_up": None}, {}),
    (Refusal.VOLATILITY_UNKNOWN, {"volatility_age_ns": TWO_HOURS_NS + 1}, {}),
    (Refusal.VOLATILITY_UNKNOWN, {"volatility_age_ns": None}, {}),
    (Refusal.VOLATILITY_UNKNOWN, {"volatility_micros": None}, {}),
    (Refusal.DECISION_TOO_OLD, {}, {"decided_at": NOW - 2_000_000_001}),
    (Refusal.DECISION_TOO_OLD, {}, {"decided_at": NOW + 1}),
    (Refusal.DRAWDOWN_HALT, {"drawdown_micros": 200_000}, {}),
    (Refusal.CAPITAL_FLOOR, {"profile": FLOORED, "equity": D("4000.00")}, {}),
    (Refusal.DAILY_LOSS_LIMIT, {"day_loss_latched": True}, {}),
    (Refusal.DUPLICATE_INTENT, {"last_intent_no": 7}, {}),
    (Refusal.INVALID_QUANTITY, {}, {"notional": D(0)}),
    (Refusal.INVALID_QUANTITY, {}, {"notional": D("-1")}),
    (Refusal.INVALID_QUANTITY, {}, {"notional": D("NaN")}),
    (Refusal.INVALID_QUANTITY, {}, {"notional": D("sNaN")}),
    (Refusal.INVALID_QUANTITY, {}, {"notional": D("Infinity")}),
    (Refusal.INVALID_QUANTITY, {}, {"notional": D("1E+15")}),
    (Refusal.INVALID_QUANTITY, {}, {"notional": D("1.000000000000000001")}),
    (Refusal.INVALID_QUANTITY, {}, {"notional": D("200.0000000000000000")}),
    (Refusal.INVALID_QUANTITY, {}, {"quantity": D("1")}),
    (Refusal.INVALID_QUANTITY, {}, {"quantity": D("-0")}),
    (Refusal.PRICE_OFF_TICK, {}, {"limit_price": D("100.31")}),
    (Refusal.PRICE_OFF_TICK, {}, {"limit_price": D("-100.3")}),
    (Refusal.PRICE_OFF_TICK, {}, {"limit_price": D("NaN")}),
    (Refusal.PRICE_COLLAR, {}, {"limit_price": D("101.2")}),
    (Refusal.SPREAD_TOO_WIDE, {"spread": 0.002_000_1}, {}),
    (Refusal.SPREAD_TOO_WIDE, {"spread": float("nan")}, {}),
    (Refusal.SPREAD_TOO_WIDE, {"spread": float("inf")}, {}),
    (Refusal.DEPTH_TOO_THIN, {"depth": 9_999.99}, {}),
    (Refusal.DEPTH_TOO_THIN, {"depth": float("nan")}, {}),
    (Refusal.EDGE_BELOW_COST, {}, {"expected_move": 9_999}),
    (Refusal.EDGE_BELOW_COST, {}, {"expected_move": 8_499, "cost": 0}),
    (Refusal.EDGE_BELOW_COST, {"profile": NO_MARGIN}, {"expected_move": 9_500}),
    (Refusal.COOLING_AFTER_LOSS, {"since_loss_ns": 900_000_000_000}, {}),
    (Refusal.COOLING_AFTER_LOSS, {"since_loss_ns": 0}, {}),
    (Refusal.ORDER_RATE, {"recent_entries_count": 20}, {}),
    (Refusal.ORDER_RATE, {"recent_entries_count": 21}, {}),
    (Refusal.MAX_POSITIONS, {"rooms.positions_count": 10}, {}),
    (Refusal.POSITION_RISK, {"equity": D("5.00")}, {}),
    (Refusal.POSITION_RISK, {"rooms.symbol_worth": D("9995.00")}, {}),
    (Refusal.POSITION_CAP, {"rooms.position": D("5.00")}, {}),
    (Refusal.EXPOSURE_CAP, {"rooms.exposure": D("-1")}, {}),
    (Refusal.CLUSTER_CAP, {"rooms.cluster": D("5.00")}, {}),
    (Refusal.CLUSTER_CAP, {"rooms.cluster": D("5.01")}, {}),
    (Refusal.QUOTE_CAP, {"rooms.quote": D("5.00")}, {}),
    (Refusal.QUOTE_CAP, {"rooms.quote": D("5.01")}, {}),
    (Refusal.INSUFFICIENT_CASH, {"rooms.cash": D("0")}, {}),
    (Refusal.BELOW_MINIMUM, {}, {"notional": D("5.01")}),
]
EXIT_CASES: list[tuple[Refusal, Changes, Changes]] = [
    (Refusal.HALTED, {"halt_reason": "constraint x"}, {}),
    (Refusal.UNKNOWN_SYMBOL, {"instrument": None}, {}),
    (Refusal.DUPLICATE_INTENT, {"last_intent_no": 7}, {}),
    (Refusal.INVALID_QUANTITY, {}, {"quantity": D("1.0005")}),
    (Refusal.INVALID_QUANTITY, {}, {"quantity": D("0")}),
    (Refusal.INVALID_QUANTITY, {}, {"quantity": D("-1")}),
    (Refusal.INVALID_QUANTITY, {}, {"quantity": D("Infinity")}),
    (Refusal.PRICE_OFF_TICK, {}, {"limit_price": D("99.85")}),
    (Refusal.PRICE_COLLAR, {}, {"limit_price": D("98.9")}),
    (Refusal.BELOW_MINIMUM, {}, {"quantity": D("0.050")}),
    (Refusal.NOT_HELD, {}, {"quantity": D("2.001")}),
]


@pytest.mark.parametrize(("expected", "view", "intent"), ENTRY_CASES)
def test_an_entry_is_refused_by_the_one_rule_it_breaks(
    expected: Refusal, view: Changes, intent: Changes
) -> None:
    assert refusal(changed(ENTRY, intent), seen(view)) is expected


@pytest.mark.parametrize(("expected", "view", "intent"), EXIT_CASES)
def test_an_exit_is_refused_by_the_one_rule_it_breaks(
    expected: Refusal, view: Changes, intent: Changes
) -> None:
    assert refusal(changed(EXIT, intent), seen(view)) is expected


PASSING: list[tuple[str, Changes, Changes]] = [
    ("as it is", {}, {}),
    ("a rate at its oldest", {"rate_age_ns": 300_000_000_000}, {}),
    ("a peg off at the limit", {"off_par_micros": 10_000}, {}),
    ("unmarked at the limit", {"unmarked_micros": 10_000}, {}),
    ("a mark at its oldest", {"mark_age_ns": 5_000_000_000}, {}),
    ("past the hold-off", {"blocked_until": NOW - 1}, {}),
    ("a decision at its oldest", {}, {"decided_at": NOW - 2_000_000_000}),
    ("just above the halt", {"drawdown_micros": 199_999}, {}),
    ("just above the floor", {"profile": FLOORED, "equity": D("4000.01")}, {}),
    ("no floor", {"equity": D("200.00")}, {}),
    ("a loss that is not latched", {"day_loss_micros": 29_999}, {}),
    ("at the collar", {}, {"limit_price": D("101.1")}),
    ("the widest spread", {"spread": 0.002}, {}),
    ("the thinnest book", {"depth": 10_000.0}, {}),
    ("no rest at all", {"since_loss_ns": 0, "profile": RESTLESS}, {}),
    ("rested", {"since_loss_ns": 900_000_000_001}, {}),
    ("the last entry of the minute", {"recent_entries_count": 19}, {}),
    ("edge at the margin", {}, {"expected_move": 10_000}),
    ("edge above no margin", {"profile": NO_MARGIN}, {"expected_move": 9_501}),
    ("room for the smallest risk", {"equity": D("5.02")}, {}),
    ("a prediction at its oldest", {"prediction_age_ns": TWO_HOURS_NS}, {}),
    ("a volatility at its oldest", {"volatility_age_ns": TWO_HOURS_NS}, {}),
    ("the last place", {"rooms.positions_count": 9}, {}),
    ("room for the smallest order", {"rooms.position": D("5.02")}, {}),
    ("a cluster with room for it", {"rooms.cluster": D("5.02")}, {}),
    ("a currency with room for it", {"rooms.quote": D("5.02")}, {}),
    ("eighteen digits", {}, {"notional": D("200.000000000000000")}),
    ("the smallest order asked for", {"rooms.cash": D("5.02")}, {"notional": D("5.02")}),
]


@pytest.mark.parametrize(("name", "view", "intent"), PASSING)
def test_an_entry_at_a_boundary_passes(name: str, view: Changes, intent: Changes) -> None:
    assert refusal(changed(ENTRY, intent), seen(view)) is None


EXIT_ALLOWED: list[tuple[str, Changes]] = [
    ("kill level 3", {"kill_level": 3}),
    ("reducing", {"reducing": True}),
    ("drawdown halt", {"drawdown_micros": 900_000}),
    ("below the floor", {"profile": FLOORED, "equity": D("1.00")}),
    ("lost enough today", {"day_loss_latched": True}),
    ("wide and thin", {"spread": float("nan"), "depth": 0.0}),
    ("cooling", {"since_loss_ns": 0}),
    ("many entries", {"recent_entries_count": 99}),
    ("an unknown order", {"order_unknown": True}),
    ("no portfolio gate", {"unmarked_micros": 900_000}),
    ("no rate of its currency", {"rate_age_ns": None, "into_quote": None}),
    ("a depeg", {"off_par_micros": 900_000}),
    ("stale", {"flags": 255, "mark_age_ns": 10**18}),
    ("no bid at all", {"bid": float("nan"), "mark_age_ns": None}),
    ("no model", {"bundle_id": "", "predicted_by": "", "prediction_age_ns": None, "p_up": None}),
    ("no volatility", {"volatility_micros": None, "volatility_age_ns": None}),
    ("restart", {"blocked_until": NOW}),
    ("no rooms", {"rooms": Rooms()}),
]


@pytest.mark.parametrize(("name", "view"), EXIT_ALLOWED)
def test_an_exit_passes_what_closes_entries_alone(name: str, view: Changes) -> None:
    assert refusal(EXIT, seen(view)) is None


@pytest.mark.parametrize(("intent", "cases"), [(ENTRY, ENTRY_CASES), (EXIT, EXIT_CASES)])
def test_with_everything_wrong_refusals_appear_in_order_as_they_are_repaired(
    intent: OrderIntent, cases: list[tuple[Refusal, Changes, Changes]]
) -> None:
    wrong = {expected: (view, change) for expected, view, change in reversed(cases)}
    repaired = [expected for expected in Refusal if expected in wrong]
    for first, expected in enumerate(repaired):
        view_changes: Changes = {}
        intent_changes: Changes = {}
        for still in repaired[first:]:
            view_changes = wrong[still][0] | view_changes
            intent_changes = wrong[still][1] | intent_changes
        assert refusal(changed(intent, intent_changes), seen(view_changes)) is expected


OF_ORDERS_OR_CHANGES = (
    Refusal.UNGUARDED,
    Refusal.NOT_AMENDABLE,
    Refusal.AMENDED_LATELY,
    Refusal.NOTIONAL_RAISED,
)


def test_the_ladder_follows_the_order_of_the_vocabulary_and_leaves_nothing_out() -> None:
    order = list(Refusal)
    places = [order.index(rung.refusal) for rung in LADDER]
    assert places == sorted(places)
    # Whether the switch may be armed only orders know; the others are of changes alone.
    for elsewhere in OF_ORDERS_OR_CHANGES:
        order.remove(elsewhere)
    assert list(dict.fromkeys(rung.refusal for rung in LADDER)) == order


def test_every_rung_of_the_ladder_has_a_case() -> None:
    entries = {rung.refusal for rung in LADDER if rung.scope is not Scope.EXITS}
    exits = {rung.refusal for rung in LADDER if rung.scope is not Scope.ENTRIES}
    assert entries == {expected for expected, *_ in ENTRY_CASES}
    assert exits == {expected for expected, *_ in EXIT_CASES}


@pytest.mark.parametrize(
    ("name", "view", "intent", "quantity"),
    [
        ("as asked", {}, {}, "1.994"),
        ("by the position cap", {"rooms.position": D("100")}, {}, "0.997"),
        ("by the exposure cap", {"rooms.exposure": D("50")}, {}, "0.498"),
        ("by the cluster cap", {"rooms.cluster": D("60")}, {}, "0.598"),
        ("by the quote cap", {"rooms.quote": D("70")}, {}, "0.697"),
        ("by cash", {"rooms.cash": D("30")}, {}, "0.299"),
    ],
)
def test_an_entry_is_sized_by_its_tightest_room_and_rounded_down(
    name: str, view: Changes, intent: Changes, quantity: str
) -> None:
    found = run_exact(lambda: sized(changed(ENTRY, intent), seen(view)))
    assert found == D(quantity)


@pytest.mark.parametrize(
    ("drawdown", "tier", "cap", "places"),
    [
        (0, "normal", 30_000, 10),
        (99_999, "normal", 30_000, 10),
        (100_000, "caution", 15_000, 10),
        (149_999, "caution", 15_000, 10),
        (150_000, "defence", 10_000, 5),
        (199_999, "defence", 10_000, 5),
        (200_000, "defence", 10_000, 5),
    ],
)
def test_a_drawdown_boundary_belongs_to_the_stricter_tier(
    drawdown: int, tier: str, cap: int, places: int
) -> None:
    found = RiskProfile().tier(drawdown)
    assert (found.name, found.position_cap_micros, found.positions_max_count) == (tier, cap, places)


@pytest.mark.parametrize(
    "wrong",
    [
        {"caution_drawdown_micros": 150_000},
        {"halt_drawdown_micros": 1_000_000},
        {"caution_cap_micros": 30_001},
        {"exposure_cap_micros": 1_000_001},
        {"position_cap_micros": 0},
        {"price_collar_micros": 1_000_000},
        {"halt_again_step_micros": 0},
        {"spread_max_micros": 1_000_000},
        {"spread_max_micros": -1},
        {"depth_min_quote": -1},
        {"entries_per_minute_max_count": 0},
        {"loss_cool_down_ns": -1},
        {"capital_floor_amount": -1},
        {"daily_loss_max_micros": 0},
        {"daily_loss_max_micros": 1_000_001},
    ],
)
def test_a_profile_that_contradicts_itself_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must"):
        RiskProfile(**wrong)
