"""One verdict per symbol at one instant, vectorised: the ladders for entering and for leaving.

A ladder is a boolean matrix, one column a rung, and the first rung that holds decides. A loss or
the time held appears in no rung: neither is ever a reason. Turning a verdict into an order is in
`intents`.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from actors.messages.arrays import F64
from actors.messages.decision import VERDICT_COLUMNS, Action, Reason
from actors.messages.market import MARK_COLUMNS, MarketFlag
from actors.messages.prediction import EXPECTED_MOVE, MISSING, OWN_COLUMNS, P_UP
from actors.strategy.config import StrategyConfig, Thresholds
from actors.strategy.profile import MICROS
from actors.strategy.state import StrategyState

# The first rung that holds decides; the last one always holds.
ENTRY_LADDER: Final = (
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
    Reason.PROBABILITY_TOO_LOW,
    Reason.EDGE_BELOW_COST,
    Reason.EDGE_ABOVE_COST,
)
EXIT_LADDER: Final = (
    Reason.NOT_LISTED,
    Reason.NOT_WARM,
    Reason.NO_MODEL,
    Reason.STALE,
    Reason.MARKET_UNSOUND,
    Reason.ORDER_OPEN,
    Reason.COOLING_DOWN,
    Reason.THESIS_BROKEN,
    Reason.EDGE_FADED,
    Reason.THESIS_HOLDS,
)
ACTIONS: Final = {
    Reason.EDGE_ABOVE_COST: Action.ENTER,
    Reason.THESIS_BROKEN: Action.EXIT,
    Reason.EDGE_FADED: Action.PARTIAL_EXIT,
}
_ALWAYS_UNSOUND: Final = MarketFlag.CROSSED | MarketFlag.CHECKSUM
# A gap, a venue status or a skewed clock closes entries; only a bid that lies closes exits.
_ENTRY_UNSOUND: Final = (
    _ALWAYS_UNSOUND | MarketFlag.GAP | MarketFlag.VENUE_STATUS | MarketFlag.CLOCK_SKEW
)
PRICE_LIMIT: Final = 1e14
# A Python number costs numpy a conversion a call; a 0-d array does not.
_NOTHING, _ONE_MICROS = np.array(0.0), np.array(float(MICROS))
_MISSING, _LEAST = np.array(float(MISSING)), np.array(-float(2**31 - 1))
_PRICE_LIMIT: Final = np.array(PRICE_LIMIT)
# Who is not warm, whether the model is silent, which symbols have no price; None stands for nobody.
Common = tuple[np.ndarray | None, bool, np.ndarray | None]
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
    """int32[2, rungs]: the action and the reason of every rung, those of exits after the others."""
    codes = [(ACTIONS.get(reason, Action.NO_ENTRY), reason) for reason in ENTRY_LADDER]
    codes += [(ACTIONS.get(reason, Action.HOLD), reason) for reason in EXIT_LADDER]
    return np.array(codes, dtype=np.int32).T.copy()


_ENTRY_FLAGS: Final = _flag_rungs(ENTRY_LADDER, _ENTRY_UNSOUND)
_EXIT_FLAGS: Final = _flag_rungs(EXIT_LADDER, _ALWAYS_UNSOUND)
_CODES: Final = _codes()
_EXIT_RUNGS: Final = np.array(len(ENTRY_LADDER))


def evaluate(config: StrategyConfig, state: StrategyState, at: int) -> np.ndarray:
    """int32[N, 6] (VERDICT_COLUMNS), writable, for the state as it stands at `at` (ns UTC).

    cost = both taker fees + spread + slippage; edge = expected move - cost; all in micros. A spread
    that is unknown costs everything; where the model is silent, its columns and the edge are
    MISSING.
    """
    limits = config.thresholds
    assert limits is not None  # derived when the config was made
    marks = state.marks.T.copy()
    model = state.predictions.T[:OWN_COLUMNS].astype(np.float64)
    p_up, move = model[P_UP], model[EXPECTED_MOVE]
    missing = np.minimum(p_up, move) == _MISSING
    spread = np.ceil(marks[_SPREAD] * _ONE_MICROS)
    fixed_cost = limits.fixed_cost if state.fixed_cost is None else state.fixed_cost
    cost = np.fmax(np.fmin(spread, _ONE_MICROS), _NOTHING) + fixed_cost
    edge = np.maximum(move - cost, _LEAST)
    priced = (marks[_BID] > _NOTHING) & (marks[_ASK] < _PRICE_LIMIT)
    # Mostly everything is known and priced, and two searches of bytes cost less than five masks.
    known = 1 not in missing.tobytes()
    if not known:
        np.putmask(edge, missing, _MISSING)
    # Before the first prediction everything is missing; without a model that says nothing.
    awaited = state.bundle_id != "" or not state.predicted
    aged = at - state.prediction_ts > config.profile.prediction_max_age_ns
    common = (
        missing if awaited and not known else None,
        state.bundle_id == "" or aged,
        None if 0 not in priced.tobytes() else ~priced,
    )

    columns = np.empty((len(VERDICT_COLUMNS), len(missing)), dtype=np.int32)
    failing = (
        # Negated comparisons, so that an unknown spread or depth is too wide or too thin.
        ~(spread <= limits.spread_max),
        ~(marks[_DEPTH] >= limits.depth_min_quote),
        p_up < limits.entry_p_up,
        edge < limits.edge_margin,
    )
    rung = _entry_rungs(state, at, common, failing)
    if state.held_count:
        exit_rung = _exit_rungs(limits, state, at, common, model) + _EXIT_RUNGS
        rung = np.where(state.held.view(np.bool_), exit_rung, rung)
    _CODES.take(rung, 1, columns[:2], "clip")  # clips nothing, and need not look
    columns[2] = p_up
    columns[3] = move
    columns[4] = cost
    columns[5] = edge
    return columns.T


def _entry_rungs(
    state: StrategyState, at: int, common: Common, failing: tuple[np.ndarray, ...]
) -> np.ndarray:
    """The deciding rung of ENTRY_LADDER for every symbol, as if none were held.

    `failing` is bool[N] four times: spread too wide, depth too thin, improbable, not worth it.
    """
    ladder = _begin(_ENTRY_FLAGS, state, common)
    ladder[:, 5], ladder[:, 6], ladder[:, 10], ladder[:, 11] = failing
    if state.portfolio is None:
        ladder[:, 7] = True
    if state.open_intents:
        ladder[:, 8] = state.working
    if state.cooling_until > at:
        ladder[:, 9] = state.entry_cool_until > at
    rungs: np.ndarray = ladder.argmax(axis=1)
    return rungs


def _exit_rungs(
    limits: Thresholds, state: StrategyState, at: int, common: Common, model: F64
) -> np.ndarray:
    """The deciding rung of EXIT_LADDER for every symbol, as if all were held."""
    p_up, move = model[P_UP], model[EXPECTED_MOVE]
    ladder = _begin(_EXIT_FLAGS, state, common)
    if state.open_intents:
        # An order of unknown outcome does not lock what is proven free.
        ladder[:, 5] = state.working > state.unknown
    if state.cooling_until > at:
        ladder[:, 6] = state.exit_cool_until > at
    # No cost here: the entry's is spent, and the exit's is paid whenever one leaves.
    ladder[:, 7] = (p_up <= limits.exit_p_up) | (move <= limits.exit_move)
    ladder[:, 8] = (move <= limits.fade_move) > state.partial_done.view(np.bool_)
    rungs: np.ndarray = ladder.argmax(axis=1)
    return rungs


def _begin(flag_rungs: np.ndarray, state: StrategyState, common: Common) -> np.ndarray:
    """A ladder as the flags leave it, with what both ladders ask first: warmth, model, price."""
    not_warm, silent, unpriced = common
    ladder = flag_rungs.take(state.flags, axis=0, mode="clip")
    if not_warm is not None:
        ladder[:, 1] |= not_warm
    if silent:
        ladder[:, 2] = True
    if unpriced is not None:
        ladder[:, 3] |= unpriced
    return ladder
