"""The ladder of an entry as the model sees it: state, persistence, the drop ahead, the edge.

Dip-aware: where a drop is likely, a symbol that is good enough otherwise waits for it, and then for
favourable odds of a rebound. Who waits is remembered, so that the drop's end alone is no reason to
buy; waiting ends with the state that made it.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from actors.messages.arrays import F64
from actors.messages.decision import Reason
from actors.messages.prediction import DOWNSIDE, REBOUND
from actors.strategy.profile import StrategyProfile
from actors.strategy.scoring import Scores, ScoreState

Mask = npt.NDArray[np.bool_]
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
) -> tuple[npt.NDArray[np.bool_], Mask]:
    """bool[N, len(LADDER)]: which rung holds; and who waits for a dip from now on.

    `model` is f64[columns, N] and `edge` f64[N] in micros, `stressed` whose regime is stress.
    """
    low = scores.classes < ScoreState.POSITIVE
    brief = scores.persisted < profile.entry_persistence_count
    drop = model[DOWNSIDE] >= profile.dip_downside_micros
    waits = ~low & (waiting | (~brief & drop))
    unlikely = waits & (model[REBOUND] < profile.rebound_entry_micros)
    columns = (
        low,
        brief,
        stressed,
        drop,
        unlikely,
        edge < profile.edge_margin_micros,
        np.ones_like(low),
    )
    return np.stack(columns, axis=1), waits
