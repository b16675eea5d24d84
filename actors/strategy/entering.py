"""The ladder of an entry as the model sees it: state, persistence, the drop ahead, the edge.

Dip-aware: where a drop is likely, a symbol that is good enough otherwise waits for it, and then for
favourable odds of a rebound. Who waits is remembered, so that the drop's end alone is no reason to
buy; waiting ends with the state that made it.
"""

from __future__ import annotations

import functools
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from actors.messages.arrays import F64
from actors.messages.decision import Reason
from actors.messages.prediction import DOWNSIDE, REBOUND
from actors.strategy.profile import StrategyProfile
from actors.strategy.scoring import Scores, ScoreState

Mask = npt.NDArray[np.bool_]
_POSITIVE: Final = np.array(ScoreState.POSITIVE.value, dtype=np.int32)
LADDER: Final = (
    Reason.PROBABILITY_TOO_LOW,
    Reason.NOT_PERSISTENT,
    Reason.REGIME_STRESS,
    Reason.DROP_AHEAD,
    Reason.AWAITING_REBOUND,
    Reason.EDGE_BELOW_COST,
    Reason.EDGE_ABOVE_COST,
)


def rungs(
    profile: StrategyProfile,
    scores: Scores,
    model: F64,
    edge: F64,
    *,
    stressed: Mask,
    waiting: Mask,
) -> tuple[Mask, Mask]:
    """bool[N, len(LADDER)]: which rung holds; and who waits for a dip from now on.

    `model` is f64[columns, N] and `edge` f64[N] in micros, `stressed` whose regime is stress.
    """
    limits = _limits(profile)
    found: Mask = np.empty((len(LADDER), len(edge)), dtype=np.bool_)
    low = np.less(scores.classes, _POSITIVE, out=found[0])
    brief = np.less(scores.persisted, limits.persistence, out=found[1])
    found[2] = stressed
    drop = np.greater_equal(model[DOWNSIDE], limits.downside, out=found[3])
    waits = (waiting | (~brief & drop)) & ~low
    np.less(model[REBOUND], limits.rebound, out=found[4])
    found[4] &= waits
    np.less(edge, limits.edge, out=found[5])
    found[6] = True
    return found.T, waits


class _Limits(NamedTuple):
    """The profile's limits as arrays without a dimension: a Python number costs twice the time."""

    persistence: npt.NDArray[np.int32]
    downside: F64
    rebound: F64
    edge: F64


@functools.lru_cache(maxsize=8)
def _limits(profile: StrategyProfile) -> _Limits:
    return _Limits(
        np.array(profile.entry_persistence_count, dtype=np.int32),
        np.array(float(profile.dip_downside_micros)),
        np.array(float(profile.rebound_entry_micros)),
        np.array(float(profile.edge_margin_micros)),
    )
