"""One verdict per symbol at one instant, vectorised: a ladder for entering, one for leaving.

A ladder is a boolean matrix, one column a rung, and the first rung that holds decides. What both
ask first is here; what the model says of an entry is in `entering`, of an open campaign in
`leaving`. A campaign that took a tactical profit enters again where its symbol would be entered
anew. Turning a verdict into an order is in `intents`.
"""

from __future__ import annotations

import functools
from typing import Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from actors.messages.arrays import F64
from actors.messages.decision import VERDICT_COLUMNS, Action, Reason
from actors.messages.market import MARK_COLUMNS, MarketFlag
from actors.messages.prediction import (
    DOWNSIDE,
    EXPECTED_MOVE,
    MISSING,
    MOVE_H1,
    P_UP,
    P_UP_H24,
    REBOUND,
)
from actors.strategy import entering, gates, leaving
from actors.strategy.config import StrategyConfig
from actors.strategy.profile import MICROS, StrategyProfile
from actors.strategy.state import StrategyState
from models.features.regimes import Regime

Mask = npt.NDArray[np.bool_]
_ENTRY_FIRST: Final = (
    Reason.NOT_LISTED,
    Reason.NOT_WARM,
    Reason.NO_MODEL,
    Reason.STALE,
    Reason.MARKET_UNSOUND,
    Reason.SPREAD_TOO_WIDE,
    Reason.DEPTH_TOO_THIN,
    Reason.NO_PORTFOLIO,
    Reason.ORDER_OPEN,
    Reason.COOLING_DOWN,
)
_EXIT_FIRST: Final = _ENTRY_FIRST[:5]
# The first rung that holds decides; the last one always holds.
ENTRY_LADDER: Final = _ENTRY_FIRST + entering.LADDER
EXIT_LADDER: Final = _EXIT_FIRST + tuple(reason for reason, _ in leaving.LADDER)
EXIT_UNSOUND: Final = MarketFlag.CROSSED | MarketFlag.CHECKSUM
# A gap, a venue status or a skewed clock closes entries; only a bid that lies closes exits.
ENTRY_UNSOUND: Final = (
    EXIT_UNSOUND | MarketFlag.GAP | MarketFlag.VENUE_STATUS | MarketFlag.CLOCK_SKEW
)
PRICE_LIMIT: Final = 1e14
_NOTHING, _ONE_MICROS = np.array(0.0), np.array(float(MICROS))
_MISSING, _LEAST = np.array(float(MISSING)), np.array(-float(2**31 - 1))
_PRICE_LIMIT: Final = np.array(PRICE_LIMIT)
_BID: Final = MARK_COLUMNS.index("bid")
_ASK: Final = MARK_COLUMNS.index("ask")
_SPREAD: Final = MARK_COLUMNS.index("spread_ratio")
_DEPTH: Final = MARK_COLUMNS.index("depth_quote")


def _flag_rungs(ladder: tuple[Reason, ...], unsound: MarketFlag) -> np.ndarray:
    """bool[256, rungs]: what each combination of flags says by itself; the last rung holds."""
    by_reason = {
        Reason.NOT_LISTED: MarketFlag.NOT_LISTED,
        Reason.NOT_WARM: MarketFlag.NOT_WARM,
        Reason.STALE: MarketFlag.STALE,
        Reason.MARKET_UNSOUND: unsound,
    }
    table = np.zeros((256, len(ladder)), dtype=np.bool_)
    table[:, -1] = True
    for rung, reason in enumerate(ladder):
        if reason in by_reason:
            table[:, rung] = np.arange(256) & int(by_reason[reason])
    return table


def _codes() -> np.ndarray:
    """int32[2, rungs]: the action and the reason of every rung, of a campaign after others."""
    entries = {Reason.EDGE_ABOVE_COST: Action.ENTER}
    codes = [(entries.get(reason, Action.NO_ENTRY), reason) for reason in ENTRY_LADDER]
    codes += [(Action.HOLD, reason) for reason in _EXIT_FIRST]
    codes += [(action, reason) for reason, action in leaving.LADDER]
    codes.append((Action.ENTER, Reason.REENTRY))
    return np.array(codes, dtype=np.int32).T.copy()


_ENTRY_FLAGS: Final = _flag_rungs(ENTRY_LADDER, ENTRY_UNSOUND)
_EXIT_FLAGS: Final = _flag_rungs(EXIT_LADDER, EXIT_UNSOUND)
_CODES: Final = _codes()
_EXIT_RUNGS: Final = len(ENTRY_LADDER)
_HOLDS: Final = len(ENTRY_LADDER) + len(EXIT_LADDER) - 1


class Evaluation(msgspec.Struct, frozen=True):
    """`rows` is int32[N, 14] (VERDICT_COLUMNS), writable; `waiting` uint8[N]: who awaits a dip."""

    rows: np.ndarray
    waiting: np.ndarray


def evaluate(config: StrategyConfig, state: StrategyState, at: int) -> Evaluation:
    """The verdicts for the state as it stands at `at` (ns UTC).

    cost = both taker fees + spread + slippage; edge = expected move - cost; all in micros. A spread
    that is unknown costs everything; where the model is silent, its columns and the edge are
    MISSING.
    """
    look = _look(config, state, at)
    entry = look.entries.argmax(axis=1)
    rung, model = entry, look.model
    found = gates.figures(state, at, model=model, spread=look.spread, depth=look.marks[_DEPTH])
    found[gates.EDGE] = look.edge
    if state.held_count:
        left, _, view = _exit_rungs(config, state, at, look)
        rung = entry.copy()
        np.copyto(rung, left, where=state.held.view(np.bool_))
        gates.of_campaigns(config.profile, found, state, view, at)
    rows = np.empty((len(VERDICT_COLUMNS), len(entry)), dtype=np.int32)
    _CODES.take(rung, 1, rows[:2], "clip")  # clips nothing, and need not look
    said = state.predictions
    rows[2], rows[3], rows[4], rows[5] = said[:, P_UP], said[:, EXPECTED_MOVE], look.cost, look.edge
    rows[6], rows[7] = state.scores.classes, state.scores.persisted
    rows[8], rows[9], rows[10] = said[:, REBOUND], said[:, DOWNSIDE], said[:, MOVE_H1]
    rows[11] = said[:, P_UP_H24]
    rows[12:] = gates.asked(_gates(config.profile), found, rung)
    if state.held_count:
        gates.second_questions(config.profile, state.scores.classes, found, rows)
    return Evaluation(rows.T, look.waiting.view(np.uint8))


def ladders(config: StrategyConfig, state: StrategyState, at: int) -> tuple[np.ndarray, np.ndarray]:
    """What every rung says by itself: bool[N, rungs] of ENTRY_LADDER and of EXIT_LADDER.

    The first that holds is what `evaluate` decides by; it reads the second for what is held.
    """
    look = _look(config, state, at)
    return look.entries, _exit_rungs(config, state, at, look)[1]


@functools.lru_cache(maxsize=8)
def _gates(profile: StrategyProfile) -> gates.Gates:
    return gates.gates(profile, ENTRY_LADDER, EXIT_LADDER)


class _Look(NamedTuple):
    """What both ladders are made of: columns of the model (f64[columns, N]) and of the market;
    spread, cost and edge in micros, the rungs of entries (bool[N, rungs]), and who waits for a dip.
    """

    first: _First
    model: F64
    marks: F64
    spread: F64
    cost: F64
    edge: F64
    entries: np.ndarray
    waiting: Mask


def _look(config: StrategyConfig, state: StrategyState, at: int) -> _Look:
    limits = config.thresholds
    assert limits is not None  # derived when the config was made
    marks = state.marks.T.copy()
    model = state.predictions.T.astype(np.float64)
    move = model[EXPECTED_MOVE]
    spread = np.ceil(marks[_SPREAD] * _ONE_MICROS)
    fixed_cost = limits.fixed_cost if state.fixed_cost is None else state.fixed_cost
    cost = np.fmax(np.fmin(spread, _ONE_MICROS), _NOTHING) + fixed_cost
    edge = np.maximum(move - cost, _LEAST)
    first = _First(config, state, at, model=model, marks=marks)
    edge[first.unwarm] = _MISSING
    ladder = first.begin(_ENTRY_FLAGS)
    # Negated comparisons, so that an unknown spread or depth is too wide or too thin.
    ladder[:, 5] = ~(spread <= limits.spread_max)
    ladder[:, 6] = ~(marks[_DEPTH] >= limits.depth_min_quote)
    ladder[:, 7] |= state.portfolio is None
    ladder[:, 8] = state.working > 0
    ladder[:, 9] = state.entry_cool_until > at
    words, waiting = entering.rungs(
        config.profile,
        state.scores,
        model,
        edge,
        stressed=state.regimes == Regime.STRESS,
        waiting=state.waiting.view(np.bool_),
    )
    ladder[:, len(_ENTRY_FIRST) :] |= words
    return _Look(first, model, marks, spread, cost, edge, ladder, waiting)


class _First:
    """What both ladders ask first: warmth, the model, a price."""

    __slots__ = ("_flags", "_not_warm", "_silent", "_unpriced", "unwarm")

    def __init__(
        self, config: StrategyConfig, state: StrategyState, at: int, *, model: F64, marks: F64
    ) -> None:
        missing = model == _MISSING
        unwarm = self.unwarm = missing[P_UP] | missing[EXPECTED_MOVE]
        # Before the first prediction everything is missing; without a model that says nothing.
        awaited = state.bundle_id != "" or not state.predicted
        aged = at - state.prediction_ts > config.profile.prediction_max_age_ns
        # A model that leaves out what a campaign needs is none.
        lacking = np.logical_or.reduce(missing) & ~unwarm
        self._flags = state.flags
        self._not_warm = unwarm if awaited else np.False_
        self._silent = np.True_ if state.bundle_id == "" or aged else lacking
        self._unpriced = ~((marks[_BID] > _NOTHING) & (marks[_ASK] < _PRICE_LIMIT))

    def begin(self, flag_rungs: np.ndarray) -> np.ndarray:
        """A ladder as flags and these leave it."""
        ladder = flag_rungs.take(self._flags, axis=0, mode="clip")
        ladder[:, 1] |= self._not_warm
        ladder[:, 2] |= self._silent
        ladder[:, 3] |= self._unpriced
        return ladder


def _exit_rungs(
    config: StrategyConfig, state: StrategyState, at: int, look: _Look
) -> tuple[np.ndarray, np.ndarray, leaving.OpenView]:
    """As if all had a campaign: the deciding rung of every symbol, bool[N, rungs], and the view.

    One that holds after a tactical profit enters again where the edge of one hour is back and its
    symbol would be entered anew.
    """
    view = leaving.open_view(config, state, look.marks[_BID], at)
    ladder = look.first.begin(_EXIT_FLAGS)
    ladder[:, len(_EXIT_FIRST) :] |= leaving.rungs(config.profile, view, look.model)
    rung: np.ndarray = ladder.argmax(axis=1) + _EXIT_RUNGS
    again = view.again & (rung == _HOLDS) & (look.entries.argmax(axis=1) == _EXIT_RUNGS - 1)
    again &= look.model[MOVE_H1] > config.profile.fade_move_micros
    rung[again] = _HOLDS + 1
    return rung, ladder, view
