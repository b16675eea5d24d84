"""What the deciding rung asked and what it was held against: one row a reason, as recorded."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from hashlib import sha256
from typing import Any

import msgspec
import numpy as np
import pytest

from actors.instant import HOUR_NS, MINUTE_NS, SECOND_NS
from actors.messages.codec import encode
from actors.messages.decision import VERDICT_COLUMNS, Reason, VerdictSlice
from actors.messages.market import MarketFlag, MarkSlice
from actors.messages.prediction import COLUMNS, MISSING, RegimeSlice
from actors.messages.risk import TradingState, TradingStateChanged
from actors.strategy import gates
from actors.strategy.config import StrategyConfig
from actors.strategy.profile import StrategyProfile
from models.features.regimes import Regime
from tests.strategy_desk import CALM, CONFIG, NOW, Desk, spoken

D = Decimal
SYMBOL = "ABCUSD"
GOOD = spoken(700_000, 30_000)
VALUE, THRESHOLD = VERDICT_COLUMNS.index("value"), VERDICT_COLUMNS.index("threshold")
Setup = Callable[[Desk], object]


def verdicts(desk: Desk, said: tuple[int, ...] = GOOD, at: int = NOW) -> VerdictSlice:
    (found,) = [each for each in desk.predict(said, at=at) if isinstance(each, VerdictSlice)]
    return found


def marked(column: int, value: float) -> Setup:
    def change(desk: Desk) -> None:
        desk.marks[0, column] = value

    return change


def flagged(flag: MarketFlag) -> Setup:
    def change(desk: Desk) -> None:
        desk.flags[0] = flag

    return change


def without_portfolio(desk: Desk) -> None:
    desk.portfolio = None


def without_model(desk: Desk) -> None:
    desk.bundle_id = ""


def cooled(desk: Desk) -> None:
    desk.actor.state.entry_cool_until[0] = desk.actor.state.cooling_until = NOW + 90 * SECOND_NS


def stressed(desk: Desk) -> None:
    rows = np.full((3, 1), Regime.STRESS, dtype=np.int32)
    desk.tell(RegimeSlice(NOW, "bundle", rows))


def owns(**more: object) -> Setup:
    return lambda desk: desk.owns(SYMBOL, "2", **more)  # type: ignore[arg-type]


def nothing(desk: Desk) -> None:
    del desk


DIP = spoken(700_000, 30_000, downside=600_000)
BAD = spoken(400_000, -1_000, rebound=500_000)
ROWS: list[tuple[Reason, Setup, tuple[int, ...], int, int]] = [
    (Reason.NOT_LISTED, flagged(MarketFlag.NOT_LISTED), GOOD, MarketFlag.NOT_LISTED, 0),
    (Reason.NOT_WARM, flagged(MarketFlag.NOT_WARM), GOOD, MarketFlag.NOT_WARM, 0),
    (Reason.NOT_WARM, nothing, (MISSING,) * COLUMNS, 0, 0),
    (Reason.STALE, flagged(MarketFlag.STALE), GOOD, MarketFlag.STALE, 0),
    (Reason.MARKET_UNSOUND, flagged(MarketFlag.GAP), GOOD, MarketFlag.GAP, 0),
    (Reason.NO_MODEL, without_model, GOOD, 0, 7_200),
    (Reason.SPREAD_TOO_WIDE, marked(4, 0.0025), GOOD, 2_500, 2_000),
    (Reason.SPREAD_TOO_WIDE, marked(4, np.nan), GOOD, MISSING, 2_000),
    (Reason.DEPTH_TOO_THIN, marked(5, 9_999.5), GOOD, 9_999, 10_000),
    (Reason.NO_PORTFOLIO, without_portfolio, GOOD, 0, 1),
    (Reason.COOLING_DOWN, cooled, GOOD, 90, 0),
    (Reason.PROBABILITY_TOO_LOW, nothing, spoken(559_999, 30_000), 559_999, 560_000),
    (Reason.REGIME_STRESS, stressed, GOOD, Regime.STRESS, Regime.STRESS),
    (Reason.DROP_AHEAD, nothing, DIP, 600_000, 550_000),
    (Reason.EDGE_BELOW_COST, nothing, spoken(700_000, 9_999), 499, 500),
    (Reason.EDGE_ABOVE_COST, nothing, GOOD, 20_500, 500),
    (Reason.THESIS_BROKEN, owns(), spoken(500_000, -4_000), -4_000, -4_000),
    (Reason.THESIS_BROKEN, owns(), spoken(370_000, 0), 370_000, 380_000),
    (Reason.REBOUND_CREDIBLE, owns(), spoken(400_000, 0, rebound=600_000), 600_000, 600_000),
    (Reason.THESIS_MIXED, owns(), BAD, 400_000, 440_000),
    (Reason.REDUCED_LATELY, owns(reduced_at=NOW - HOUR_NS), BAD, 3_600, 86_400),
    (Reason.EDGE_FADED, owns(), spoken(500_000, 5_000, move_h1=-7), -7, 0),
    (Reason.THESIS_HOLDS, owns(cost="200"), spoken(500_000, 5_000), 500_000, 440_000),
]
LOST = {"cost": "300", "recovering_since": NOW - 1}
ROWS += [
    (Reason.RECOVERY_HOPELESS, owns(**LOST), spoken(500_000, 0, p_h24=350_000), 350_000, 350_000),
    (
        Reason.RECOVERY_HOPELESS,
        owns(**LOST),
        spoken(500_000, 0, p_h24=500_000, move_h24=-5_001),
        -5_001,
        -5_000,
    ),
    (Reason.RECOVERY_HELD, owns(**LOST), spoken(500_000, 0, p_h24=600_000), 600_000, 600_000),
    (Reason.RECOVERY_REDUCED, owns(**LOST), spoken(500_000, 0, p_h24=599_999), 599_999, 600_000),
]


@pytest.mark.parametrize(("reason", "setup", "said", "value", "threshold"), ROWS)
def test_a_verdict_tells_what_its_rung_asked(
    reason: Reason, setup: Setup, said: tuple[int, ...], value: int, threshold: int
) -> None:
    desk = Desk()
    setup(desk)
    row = verdicts(desk, said).rows[0].tolist()
    assert (Reason(row[1]).name, row[VALUE], row[THRESHOLD]) == (reason.name, value, threshold)


def test_an_order_that_is_open_and_the_wait_for_a_rebound_are_counted() -> None:
    desk = Desk()
    assert verdicts(desk, DIP).rows[0, 1] == Reason.DROP_AHEAD
    later = verdicts(desk, spoken(700_000, 30_000, rebound=499_999)).rows[0].tolist()
    assert later[1] == Reason.AWAITING_REBOUND
    assert (later[VALUE], later[THRESHOLD]) == (499_999, 500_000)
    assert verdicts(desk, spoken(700_000, 30_000, rebound=500_000)).rows[0, 0] == 1
    busy = verdicts(desk).rows[0].tolist()
    assert (busy[1], busy[VALUE], busy[THRESHOLD]) == (Reason.ORDER_OPEN, 1, 0)


def test_persistence_is_counted_in_predictions() -> None:
    desk = Desk(StrategyConfig(CONFIG.instruments, StrategyProfile(entry_persistence_count=3)))
    told = [verdicts(desk, at=NOW + n * MINUTE_NS).rows[0].tolist() for n in range(3)]
    assert [(row[1], row[VALUE]) for row in told] == [
        (Reason.NOT_PERSISTENT, 1),
        (Reason.NOT_PERSISTENT, 2),
        (Reason.EDGE_ABOVE_COST, 20_500),
    ]


def test_a_stop_is_told_by_the_loss_it_stopped_at() -> None:
    profile = StrategyProfile(entry_persistence_count=1, catastrophe_stop_micros=300_000)
    desk = Desk(StrategyConfig(CONFIG.instruments, profile))
    desk.owns(SYMBOL, "2", cost="400")
    row = verdicts(desk).rows[0].tolist()
    assert (row[1], row[VALUE], row[THRESHOLD]) == (Reason.CATASTROPHE_STOP, -500_000, -300_000)


def test_a_flatten_names_its_level_and_a_prediction_of_long_ago_its_age() -> None:
    desk = Desk()
    desk.owns(SYMBOL, "2")
    verdicts(desk)
    stale = desk.beat(NOW + 3 * HOUR_NS)
    (found,) = [each for each in stale if isinstance(each, VerdictSlice)]
    assert found.rows[0, [1, VALUE, THRESHOLD]].tolist() == [Reason.NO_MODEL, 10_800, 7_200]
    desk.tell(TradingStateChanged(TradingState.HALTED, 3, "operator"))
    assert desk.actor.state.working[0] == 1
    desk.actor.state.unknown[0] = 1
    (found,) = [e for e in desk.beat(NOW + 3 * HOUR_NS) if isinstance(e, VerdictSlice)]
    assert found.rows[0, [1, VALUE, THRESHOLD]].tolist() == [Reason.FLATTEN, 3, 3]


def test_what_a_verdict_was_made_from_can_be_hashed_again() -> None:
    desk = Desk()
    found = verdicts(desk)
    profile = msgspec.json.encode(CONFIG.profile, order="deterministic")
    assert found.profile_hash == sha256(profile).hexdigest()
    said = np.array([GOOD, spoken(500_000, 5_000), spoken(500_000, 5_000)], dtype="<i4")
    assert found.prediction_hash == sha256(b"bundle\0" + said.tobytes()).hexdigest()
    portfolio = sha256(encode(desk.portfolio)).hexdigest()
    assert found.capital_hash == sha256(f"{portfolio}:0".encode()).hexdigest()
    assert verdicts(desk, DIP).prediction_hash != found.prediction_hash
    desk.owns(SYMBOL, "2")
    assert verdicts(desk).capital_hash != found.capital_hash
    marks = MarkSlice(NOW, desk.marks, desk.flags)
    before = Desk()
    before.portfolio = None
    before.tell(marks)
    assert verdicts(before).capital_hash == ""


def told(desk: Desk, *said: tuple[int, ...], at: int = NOW) -> list[tuple[str, int, int]]:
    """Reason, figure and limit of every symbol."""
    (found,) = [each for each in desk.predict(*said, at=at) if isinstance(each, VerdictSlice)]
    return [(Reason(row[1]).name, row[VALUE], row[THRESHOLD]) for row in found.rows.tolist()]


def test_every_symbol_is_told_by_its_own_rung() -> None:
    desk = Desk()
    desk.marks[0, 4], desk.marks[1, 5] = 0.003, 7_000.0
    desk.owns("GHIUSD", "2")
    assert told(desk, GOOD, GOOD, spoken(370_000, -9_000)) == [
        ("SPREAD_TOO_WIDE", 3_000, 2_000),
        ("DEPTH_TOO_THIN", 7_000, 10_000),
        ("THESIS_BROKEN", 370_000, 380_000),
    ]
    desk = Desk()
    campaigns: list[tuple[str, Any]] = [("ABCUSD", LOST), ("DEFUSD", {}), ("GHIUSD", LOST)]
    for symbol, more in campaigns:
        desk.owns(symbol, "2", **more)
    by_odds = spoken(500_000, 0, p_h24=300_000, move_h24=-9_000)
    by_move = spoken(500_000, 0, p_h24=350_001, move_h24=-9_000)
    assert told(desk, by_odds, spoken(500_000, -4_001), by_move) == [
        ("RECOVERY_HOPELESS", 300_000, 350_000),
        ("THESIS_BROKEN", -4_001, -4_000),
        ("RECOVERY_HOPELESS", -9_000, -5_000),
    ]


def test_a_class_that_stays_by_its_slack_is_told_by_its_odds() -> None:
    desk = Desk()
    desk.owns(SYMBOL, "2")
    desk.flags[0] = MarketFlag.STALE
    desk.predict(spoken(380_000, 0))
    desk.flags[0] = 0
    assert told(desk, spoken(390_000, 0))[0] == ("THESIS_BROKEN", 390_000, 380_000)


@pytest.mark.parametrize(
    ("entry_ns", "exit_ns", "held", "seconds"),
    [
        (90 * SECOND_NS, 0, False, 90),
        (90 * SECOND_NS + 1, 0, False, 90),
        (SECOND_NS // 2, 0, False, 0),
        (90 * SECOND_NS, 45 * SECOND_NS, False, 90),
        (90 * SECOND_NS, 45 * SECOND_NS, True, 45),
        (0, 45 * SECOND_NS + 1, True, 45),
    ],
)
def test_a_pause_is_told_in_whole_seconds_of_its_own_side(
    entry_ns: int, exit_ns: int, seconds: int, *, held: bool
) -> None:
    desk = Desk()
    if held:
        desk.owns(SYMBOL, "2")
    state = desk.actor.state
    state.entry_cool_until[0], state.exit_cool_until[0] = NOW + entry_ns, NOW + exit_ns
    state.cooling_until = NOW + max(entry_ns, exit_ns)
    assert told(desk, GOOD)[0] == ("COOLING_DOWN", seconds, 0)


def test_who_does_not_cool_is_told_nothing_of_it() -> None:
    desk = Desk()
    desk.owns(SYMBOL, "2")
    state = desk.actor.state
    state.exit_cool_until[2] = state.cooling_until = NOW + 90 * SECOND_NS
    assert told(desk, spoken(500_000, -4_000))[0] == ("THESIS_BROKEN", -4_000, -4_000)


def test_a_reentry_is_told_by_the_edge_of_an_hour() -> None:
    desk = Desk()
    desk.owns(SYMBOL, "1", faded=True)
    again = spoken(700_000, 30_000, move_h1=1_234)
    assert told(desk, again)[0] == ("REENTRY", 1_234, 0)


@pytest.mark.parametrize(
    ("reduced_ns", "seconds"), [(1, 0), (SECOND_NS, 1), (90 * SECOND_NS + 5, 90)]
)
def test_a_reduction_is_told_by_the_seconds_since(reduced_ns: int, seconds: int) -> None:
    desk = Desk()
    desk.owns(SYMBOL, "2", reduced_at=NOW - reduced_ns)
    assert told(desk, BAD)[0] == ("REDUCED_LATELY", seconds, 86_400)


@pytest.mark.parametrize(("bid", "gain"), [(100.0, -500_000), (0.02, -999_900), (140.0, -300_000)])
def test_a_stop_tells_its_loss_in_micros(bid: float, gain: int) -> None:
    profile = StrategyProfile(entry_persistence_count=1, catastrophe_stop_micros=300_000)
    desk = Desk(StrategyConfig(CONFIG.instruments, profile))
    desk.marks[0, :3] = bid, bid + 0.1, bid
    desk.owns(SYMBOL, "2000", cost="400000")
    desk.owns("GHIUSD", "2", cost="200")
    assert told(desk, GOOD)[0] == ("CATASTROPHE_STOP", gain, -300_000)


def test_the_age_of_a_prediction_is_told_in_whole_seconds() -> None:
    desk = Desk()
    (found,) = [
        each
        for each in desk.predict(GOOD, ts=NOW - 2 * HOUR_NS - SECOND_NS // 2)
        if isinstance(each, VerdictSlice)
    ]
    assert found.rows[0, [1, VALUE, THRESHOLD]].tolist() == [Reason.NO_MODEL, 7_200, 7_200]


def test_every_figure_has_a_place_of_its_own_behind_the_models() -> None:
    market = (gates.FLAGS, gates.AGE, gates.SPREAD, gates.DEPTH, gates.PORTFOLIOS)
    ours = (gates.WORKING, gates.COOLING, gates.PERSISTED, gates.REGIME, gates.EDGE)
    of_campaigns = (gates.REDUCED, gates.GAIN)
    places = [*range(COLUMNS), *market, *ours, *of_campaigns]
    assert places == list(range(COLUMNS + 12)) == list(range(gates.SOURCES))


def test_figures_are_taken_from_where_they_are_known() -> None:
    desk = Desk()
    desk.owns("DEFUSD", "2")
    desk.predict(GOOD, CALM, ts=30 * HOUR_NS)
    state = desk.actor.state
    state.flags = np.array([1, 2, 4], dtype=np.int32)
    state.working = np.array([3, 0, 5], dtype=np.int32)
    state.regimes = np.array([0, 1, 2], dtype=np.int32)
    state.scores.persisted = np.array([7, 8, 9], dtype=np.int32)
    state.entry_cool_until[1] = state.cooling_until = NOW + 8 * SECOND_NS
    model = np.arange(COLUMNS * 3, dtype=np.float64).reshape(COLUMNS, 3) + 1_000
    spread, depth = np.array([11.0, 12.0, 13.0]), np.array([21.0, 22.0, 23.0])
    found = gates.figures(state, NOW, model=model, spread=spread, depth=depth)
    assert found[:COLUMNS].tolist() == model.tolist()
    assert found[gates.FLAGS].tolist() == [1, 2, 4]
    assert found[gates.AGE].tolist() == [70 * 3_600] * 3
    assert found[gates.SPREAD].tolist() == [11.0, 12.0, 13.0]
    assert found[gates.DEPTH].tolist() == [21.0, 22.0, 23.0]
    assert found[gates.PORTFOLIOS].tolist() == [1, 1, 1]
    assert found[gates.WORKING].tolist() == [3, 0, 5]
    assert found[gates.COOLING, 1] == 8
    assert found[gates.PERSISTED].tolist() == [7, 8, 9]
    assert found[gates.REGIME].tolist() == [0, 1, 2]


def test_a_figure_is_told_up_to_the_largest_that_a_column_holds() -> None:
    large = spoken(700_000, 2_000_000_000)
    assert told(Desk(), large)[0] == ("EDGE_ABOVE_COST", 1_999_990_500, 500)
    desk = Desk()
    desk.portfolio = None
    desk.marks[0, 4] = 1e4
    assert told(desk, GOOD)[0] == ("SPREAD_TOO_WIDE", 2**31 - 1, 2_000)
