"""The figure that the deciding rung of each symbol was asked of, and the limit it was held against.

Micros, but flags, counts, seconds and whole units of quote for depth; MISSING where nothing is
known. A rung that asks two things is told by the one that decided, or by the first.
"""

from __future__ import annotations

import functools
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from actors.instant import SECOND_NS
from actors.messages.arrays import F64
from actors.messages.decision import Reason
from actors.messages.prediction import (
    COLUMNS,
    DOWNSIDE,
    EXPECTED_MOVE,
    MISSING,
    MOVE_H1,
    MOVE_H24,
    P_UP,
    P_UP_H24,
    REBOUND,
)
from actors.strategy.leaving import OpenView
from actors.strategy.profile import MICROS, StrategyProfile
from actors.strategy.scoring import ScoreState
from actors.strategy.state import StrategyState
from models.features.regimes import Regime

# Behind the model's columns stand the market's and ours.
FLAGS: Final = COLUMNS
AGE: Final = COLUMNS + 1
SPREAD: Final = COLUMNS + 2
DEPTH: Final = COLUMNS + 3
PORTFOLIOS: Final = COLUMNS + 4
WORKING: Final = COLUMNS + 5
COOLING: Final = COLUMNS + 6
PERSISTED: Final = COLUMNS + 7
REGIME: Final = COLUMNS + 8
EDGE: Final = COLUMNS + 9
REDUCED: Final = COLUMNS + 10
GAIN: Final = COLUMNS + 11
SOURCES: Final = COLUMNS + 12
_BROKEN, _HOPELESS = Reason.THESIS_BROKEN.value, Reason.RECOVERY_HOPELESS.value
_OF_TWO: Final = (_BROKEN, _HOPELESS)
_STRONG_NEGATIVE: Final = ScoreState.STRONG_NEGATIVE.value
_MISSING, _MOST = np.array(float(MISSING)), np.array(float(2**31 - 1))


class Gates(NamedTuple):
    """Of every rung: which figure it asks, int64[rungs], and the limit, f64[rungs]."""

    sources: npt.NDArray[np.int64]
    limits: F64


def gates(
    profile: StrategyProfile, entries: tuple[Reason, ...], exits: tuple[Reason, ...]
) -> Gates:
    """The rungs of both ladders, one behind the other, and the re-entry's."""
    both = {
        Reason.NOT_LISTED: (FLAGS, 0),
        Reason.NOT_WARM: (FLAGS, 0),
        Reason.STALE: (FLAGS, 0),
        Reason.MARKET_UNSOUND: (FLAGS, 0),
        Reason.NO_MODEL: (AGE, profile.prediction_max_age_ns // SECOND_NS),
        Reason.ORDER_OPEN: (WORKING, 0),
        Reason.COOLING_DOWN: (COOLING, 0),
    }
    entering = {
        Reason.SPREAD_TOO_WIDE: (SPREAD, profile.spread_max_micros),
        Reason.DEPTH_TOO_THIN: (DEPTH, profile.depth_min_quote),
        Reason.NO_PORTFOLIO: (PORTFOLIOS, 1),
        Reason.PROBABILITY_TOO_LOW: (P_UP, profile.entry_p_up_micros),
        Reason.NOT_PERSISTENT: (PERSISTED, profile.entry_persistence_count),
        Reason.REGIME_STRESS: (REGIME, Regime.STRESS),
        Reason.DROP_AHEAD: (DOWNSIDE, profile.dip_downside_micros),
        Reason.AWAITING_REBOUND: (REBOUND, profile.rebound_entry_micros),
        Reason.EDGE_BELOW_COST: (EDGE, profile.edge_margin_micros),
        Reason.EDGE_ABOVE_COST: (EDGE, profile.edge_margin_micros),
    }
    leaving = {
        Reason.CATASTROPHE_STOP: (GAIN, -profile.catastrophe_stop_micros),
        Reason.RECOVERY_HOPELESS: (P_UP_H24, profile.recovery_exit_p_up_micros),
        Reason.RECOVERY_HELD: (P_UP_H24, profile.recovery_hold_p_up_micros),
        Reason.REDUCED_LATELY: (REDUCED, profile.reduce_interval_ns // SECOND_NS),
        Reason.RECOVERY_REDUCED: (P_UP_H24, profile.recovery_hold_p_up_micros),
        Reason.THESIS_BROKEN: (EXPECTED_MOVE, profile.exit_move_micros),
        Reason.REBOUND_CREDIBLE: (REBOUND, profile.rebound_credible_micros),
        Reason.THESIS_MIXED: (P_UP, profile.exit_p_up_micros),
        Reason.EDGE_FADED: (MOVE_H1, profile.fade_move_micros),
        Reason.THESIS_HOLDS: (P_UP, profile.exit_p_up_micros),
    }
    rows = [{**both, **entering}[reason] for reason in entries]
    rows += [{**both, **leaving}[reason] for reason in exits]
    rows.append((MOVE_H1, profile.fade_move_micros))
    sources, limits = zip(*rows, strict=True)
    return Gates(np.array(sources, dtype=np.int64), np.array(limits, dtype=np.float64))


def figures(state: StrategyState, at: int, *, model: F64, spread: F64, depth: F64) -> F64:
    """f64[SOURCES, N] at `at` (ns UTC), without what only an open campaign has.

    `model` is f64[columns, N]; `spread` in micros, `depth` in units of quote.
    """
    found = np.zeros((SOURCES, model.shape[1]))
    found[:COLUMNS] = model
    found[FLAGS] = state.flags
    found[AGE] = (at - state.prediction_ts) // SECOND_NS if state.predicted else MISSING
    found[SPREAD], found[DEPTH] = spread, depth
    found[PORTFOLIOS] = state.portfolio is not None
    found[WORKING] = state.working
    if state.cooling_until > at:
        found[COOLING] = (state.entry_cool_until - at) / SECOND_NS
    found[PERSISTED] = state.scores.persisted
    found[REGIME] = state.regimes
    return found


def asked(told: Gates, figures: F64, rung: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    """int32[2, N]: of the rung that decided each symbol, the figure and the limit."""
    count = len(rung)
    found = np.empty((2, count))
    places = told.sources.take(rung) * count + _counted(count)
    figures.take(places, out=found[0], mode="clip")
    told.limits.take(rung, out=found[1], mode="clip")
    # What is no number becomes MISSING, the smallest integer.
    np.fmin(np.fmax(found, _MISSING, out=found), _MOST, out=found)
    whole: npt.NDArray[np.int32] = np.floor(found, out=found).astype(np.int32)
    return whole


@functools.lru_cache(maxsize=4)
def _counted(count: int) -> npt.NDArray[np.int64]:
    return np.arange(count)


def of_campaigns(
    profile: StrategyProfile, found: F64, state: StrategyState, view: OpenView, at: int
) -> None:
    """Put into figures, in place, what only a campaign has: its pause, its last cut, its gain."""
    if state.cooling_until > at:
        held = state.held.view(np.bool_)
        found[COOLING, held] = np.maximum(state.exit_cool_until - at, 0)[held] / SECOND_NS
    found[REDUCED] = view.reduced_ns // SECOND_NS
    if profile.catastrophe_stop_micros:
        gained = np.full(len(view.prices), np.nan)
        np.divide(view.bids - view.prices, view.prices, out=gained, where=view.prices > 0.0)
        found[GAIN] = gained * MICROS


def second_questions(
    profile: StrategyProfile,
    classes: npt.NDArray[np.int32],
    found: F64,
    rows: npt.NDArray[np.int32],
) -> None:
    """Where a rung of two questions was decided by its second one, tell that; `rows` in place."""
    for index, reason in enumerate(rows[1].tolist()):
        if reason not in _OF_TWO:
            continue
        if reason == _BROKEN:
            if classes[index] <= _STRONG_NEGATIVE:
                rows[-2:, index] = found[P_UP, index], profile.strong_exit_p_up_micros
        elif found[P_UP_H24, index] > profile.recovery_exit_p_up_micros:
            rows[-2:, index] = found[MOVE_H24, index], profile.recovery_exit_move_micros
