"""One evaluation: every column of a verdict, what a market costs, what each flag closes."""

from __future__ import annotations

import numpy as np
import pytest

from actors.instant import SECOND_NS
from actors.messages.decision import VERDICT_COLUMNS, Action, Reason, VerdictSlice
from actors.messages.market import MarketFlag
from actors.messages.prediction import (
    COLUMNS,
    DOWNSIDE,
    EXPECTED_MOVE,
    MISSING,
    MOVE_H1,
    P_UP,
    P_UP_H24,
    REBOUND,
)
from actors.strategy.evaluation import ENTRY_LADDER, EXIT_LADDER, evaluate, ladders
from tests.strategy_desk import CALM, CONFIG, NOW, STRONG, Desk, spoken, verdict

NAN, INF = float("nan"), float("inf")
FEES_AND_SLIPPAGE = 8_500
A, R = Action, Reason


def rows(desk: Desk, *said: tuple[int, ...], at: int = NOW) -> np.ndarray:
    (found,) = [each for each in desk.predict(*said, at=at) if isinstance(each, VerdictSlice)]
    return found.rows


def test_a_verdict_tells_every_figure_in_its_column() -> None:
    said = list(range(100_001, 100_001 + COLUMNS))
    said[P_UP], said[EXPECTED_MOVE], said[DOWNSIDE] = 700_001, 30_002, 300_003
    said[REBOUND], said[MOVE_H1], said[P_UP_H24] = 400_004, 5_005, 600_006
    row = rows(Desk(), CALM, tuple(said))[1].tolist()
    assert dict(zip(VERDICT_COLUMNS, row, strict=True)) == {
        "action": Action.ENTER,
        "reason": Reason.EDGE_ABOVE_COST,
        "p_up": 700_001,
        "expected_move": 30_002,
        "cost": 9_500,
        "edge": 20_502,
        "state": 2,
        "persisted": 1,
        "rebound": 400_004,
        "downside": 300_003,
        "move_h1": 5_005,
        "p_up_h24": 600_006,
        "value": 20_502,
        "threshold": 500,
    }


@pytest.mark.parametrize(
    ("spread", "cost"),
    [
        (0.001, 1_000),
        (0.0, 0),
        (1e-9, 1),  # rounded up
        (0.0010001, 1_001),
        (1.0, 1_000_000),
        (2.0, 1_000_000),
        (-0.5, 0),
        (NAN, 1_000_000),
        (INF, 1_000_000),
    ],
)
def test_a_spread_costs_what_it_is_and_everything_where_it_is_unknown(
    spread: float, cost: int
) -> None:
    desk = Desk()
    desk.marks[0, 4] = spread
    found = rows(desk, STRONG)[0]
    assert found[VERDICT_COLUMNS.index("cost")] == cost + FEES_AND_SLIPPAGE
    assert found[VERDICT_COLUMNS.index("edge")] == 30_000 - cost - FEES_AND_SLIPPAGE


# What each flag by itself says of an entry and of a campaign that would be sold.
FLAGS = [
    (MarketFlag.NOT_LISTED, R.NOT_LISTED, R.NOT_LISTED),
    (MarketFlag.NOT_WARM, R.NOT_WARM, R.NOT_WARM),
    (MarketFlag.STALE, R.STALE, R.STALE),
    (MarketFlag.GAP, R.MARKET_UNSOUND, R.THESIS_BROKEN),
    (MarketFlag.CROSSED, R.MARKET_UNSOUND, R.MARKET_UNSOUND),
    (MarketFlag.CHECKSUM, R.MARKET_UNSOUND, R.MARKET_UNSOUND),
    (MarketFlag.VENUE_STATUS, R.MARKET_UNSOUND, R.THESIS_BROKEN),
    (MarketFlag.CLOCK_SKEW, R.MARKET_UNSOUND, R.THESIS_BROKEN),
    (MarketFlag.GAP | MarketFlag.CHECKSUM, R.MARKET_UNSOUND, R.MARKET_UNSOUND),
    (MarketFlag.STALE | MarketFlag.GAP, R.STALE, R.STALE),
    (MarketFlag.NOT_LISTED | MarketFlag.STALE, R.NOT_LISTED, R.NOT_LISTED),
    (MarketFlag(255), R.NOT_LISTED, R.NOT_LISTED),
]
BROKEN = (380_000, 5_000, 0)


@pytest.mark.parametrize(("flag", "entry", "leave"), FLAGS)
def test_a_flag_closes_entries_and_only_one_that_lies_closes_exits(
    flag: MarketFlag, entry: Reason, leave: Reason
) -> None:
    desk = Desk()
    desk.flags[:] = int(flag)
    desk.owns("GHIUSD", "2")
    found = rows(desk, STRONG, STRONG, BROKEN)
    told = [(Action(row[0]), Reason(row[1])) for row in found[:, :2].tolist()]
    leaves = Action.EXIT if leave is Reason.THESIS_BROKEN else Action.HOLD
    assert told == [(A.NO_ENTRY, entry), (A.NO_ENTRY, entry), (leaves, leave)]


@pytest.mark.parametrize(
    ("bid", "ask", "priced"),
    [
        (100.0, 100.1, True),
        (5e-324, 100.1, True),
        (0.5, 99_999_999_999_999.0, True),
        (0.0, 100.1, False),
        (-1.0, 100.1, False),
        (NAN, 100.1, False),
        (100.0, 1e14, False),
        (100.0, INF, False),
        (100.0, NAN, False),
    ],
)
def test_a_price_needs_a_bid_and_an_ask_that_can_be(
    bid: float, ask: float, *, priced: bool
) -> None:
    desk = Desk()
    desk.marks[:, 0], desk.marks[:, 1] = bid, ask
    desk.owns("DEFUSD", "2", cost="0.00")
    found = rows(desk, STRONG, CALM)
    assert (found[0, 1] != Reason.STALE) == priced
    assert (found[1, 1] != Reason.STALE) == priced


@pytest.mark.parametrize("column", range(COLUMNS))
def test_a_model_that_leaves_out_one_output_says_nothing(column: int) -> None:
    """Without odds or a move a symbol is not warm; without any other it has no model."""
    lacking = list(spoken(*STRONG))
    lacking[column] = MISSING
    expected = Reason.NOT_WARM if column in {P_UP, EXPECTED_MOVE} else Reason.NO_MODEL
    desk = Desk()
    assert verdict(desk.predict(tuple(lacking)))[1] is expected
    desk.owns("ABCUSD", "2")
    assert verdict(desk.predict(tuple(lacking))) == (Action.HOLD, expected)
    edge = rows(desk, tuple(lacking))[0, VERDICT_COLUMNS.index("edge")]
    assert (edge == MISSING) == (column in {P_UP, EXPECTED_MOVE})


@pytest.mark.parametrize(("older", "reason"), [(0, R.EDGE_ABOVE_COST), (1, R.NO_MODEL)])
def test_a_prediction_speaks_until_it_is_too_old(older: int, reason: Reason) -> None:
    desk = Desk()
    age = CONFIG.profile.prediction_max_age_ns
    assert verdict(desk.predict(STRONG, ts=NOW - age - older))[1] is reason


@pytest.mark.parametrize("bundle_id", ["", "bundle"])
def test_a_model_that_is_silent_for_two_reasons_is_silent(bundle_id: str) -> None:
    """It leaves an output out, and it is too old, or nobody's."""
    lacking = list(spoken(*STRONG))
    lacking[DOWNSIDE] = MISSING
    desk = Desk()
    desk.bundle_id = bundle_id
    desk.owns("DEFUSD", "2")
    age = CONFIG.profile.prediction_max_age_ns + 1 if bundle_id else 0
    effects = desk.predict(tuple(lacking), tuple(lacking), ts=NOW - age)
    assert verdict(effects, 0) == (Action.NO_ENTRY, Reason.NO_MODEL)
    assert verdict(effects, 1) == (Action.HOLD, Reason.NO_MODEL)


@pytest.mark.parametrize(("later", "reason"), [(-1, R.COOLING_DOWN), (0, R.EDGE_ABOVE_COST)])
def test_an_entry_cools_until_its_instant(later: int, reason: Reason) -> None:
    desk = Desk()
    until = NOW + SECOND_NS
    desk.actor.state.entry_cool_until[0] = desk.actor.state.cooling_until = until
    assert verdict(desk.predict(STRONG, at=until + later))[1] is reason


@pytest.mark.parametrize(("later", "reason"), [(-1, R.COOLING_DOWN), (0, R.THESIS_BROKEN)])
def test_an_exit_cools_until_its_instant(later: int, reason: Reason) -> None:
    desk = Desk()
    desk.owns("ABCUSD", "2")
    until = NOW + SECOND_NS
    desk.actor.state.exit_cool_until[0] = desk.actor.state.cooling_until = until
    assert verdict(desk.predict(BROKEN, at=until + later))[1] is reason


def test_the_ladders_say_what_every_rung_says_by_itself() -> None:
    """The decided reason is that of the first rung that holds, and the last one always does."""
    desk = Desk()
    desk.flags[1] = int(MarketFlag.STALE | MarketFlag.CROSSED)
    desk.marks[2, 4:] = 0.5, 0.0
    desk.owns("GHIUSD", "2")
    desk.predict(STRONG, (100_000, -9_000, 0), (440_000, 0, 0))
    state = desk.actor.state
    entries, exits = ladders(CONFIG, state, NOW)
    assert entries.shape == (3, len(ENTRY_LADDER))
    assert exits.shape == (3, len(EXIT_LADDER))

    def holding(ladder: tuple[Reason, ...], row: np.ndarray) -> list[Reason]:
        return [reason for reason, holds in zip(ladder, row, strict=True) if holds]

    assert holding(ENTRY_LADDER, entries[1]) == [
        R.STALE,
        R.MARKET_UNSOUND,
        R.PROBABILITY_TOO_LOW,
        R.EDGE_BELOW_COST,
        R.EDGE_ABOVE_COST,
    ]
    assert holding(ENTRY_LADDER, entries[2]) == [
        R.SPREAD_TOO_WIDE,
        R.DEPTH_TOO_THIN,
        R.ORDER_OPEN,
        R.PROBABILITY_TOO_LOW,
        R.EDGE_BELOW_COST,
        R.EDGE_ABOVE_COST,
    ]
    assert holding(EXIT_LADDER, exits[2]) == [
        R.ORDER_OPEN,
        R.THESIS_MIXED,
        R.EDGE_FADED,
        R.THESIS_HOLDS,
    ]
    assert holding(ENTRY_LADDER, entries[0])[-1] is R.EDGE_ABOVE_COST
    decided = evaluate(CONFIG, state, NOW).rows[:, 1].tolist()
    assert decided == [R.ORDER_OPEN, R.STALE, R.ORDER_OPEN]
