"""The ladder of an open campaign: hold, take a part, reduce, or leave; the first rung decides.

Reasons are what the model says of the future, never the loss or the age: a severe loss only brings
the campaign into recovery, where H24 is asked (exit before hold before de-risk). The optional
catastrophe stop contradicts that and is off unless the profile says otherwise.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from actors.messages.arrays import F64
from actors.messages.decision import Action, Reason
from actors.messages.prediction import (
    EXPECTED_MOVE,
    MOVE_H1,
    MOVE_H24,
    P_UP_H24,
    REBOUND,
)
from actors.strategy.profile import MICROS, StrategyProfile
from actors.strategy.scoring import ScoreState

Mask = npt.NDArray[np.bool_]
# After what both ladders ask first; the last one always holds.
LADDER: Final = (
    (Reason.ORDER_OPEN, Action.HOLD),
    (Reason.COOLING_DOWN, Action.HOLD),
    (Reason.CATASTROPHE_STOP, Action.EXIT),
    (Reason.RECOVERY_HOPELESS, Action.EXIT),
    (Reason.RECOVERY_HELD, Action.HOLD),
    (Reason.REDUCED_LATELY, Action.HOLD),
    (Reason.RECOVERY_REDUCED, Action.PARTIAL_EXIT),
    (Reason.THESIS_BROKEN, Action.EXIT),
    (Reason.REBOUND_CREDIBLE, Action.HOLD),
    (Reason.REDUCED_LATELY, Action.HOLD),
    (Reason.THESIS_MIXED, Action.PARTIAL_EXIT),
    (Reason.EDGE_FADED, Action.PARTIAL_EXIT),
    (Reason.THESIS_HOLDS, Action.HOLD),
)


class OpenView:
    """What the ladder asks of every symbol, as arrays [N]; rows of symbols without a campaign are
    never looked at.

    `gain` is the bid over the average price paid, less 1, in micros; `reduced_ns` how long ago the
    campaign was last reduced; `recovering` and `faded` are its own words; `classes` int8.
    """

    __slots__ = ("busy", "classes", "cooling", "faded", "gain", "recovering", "reduced_ns", "unsure")

    def __init__(
        self,
        *,
        classes: npt.NDArray[np.int8],
        gain: F64,
        recovering: Mask,
        faded: Mask,
        reduced_ns: npt.NDArray[np.int64],
        busy: Mask,
        unsure: Mask,
        cooling: Mask,
    ) -> None:
        self.classes, self.gain = classes, gain
        self.recovering, self.faded, self.reduced_ns = recovering, faded, reduced_ns
        self.busy, self.unsure, self.cooling = busy, unsure, cooling


def rungs(profile: StrategyProfile, view: OpenView, model: F64) -> Mask:
    """bool[N, len(LADDER)]: which rung holds for which symbol; `model` is f64[columns, N] micros.

    While an order of the campaign is of unknown outcome it is not reduced further: only a broken
    thesis sells what is proven free.
    """
    recovering, classes = view.recovering, view.classes
    rebound, move24, p24 = model[REBOUND], model[MOVE_H24], model[P_UP_H24]
    strongly = (classes <= ScoreState.STRONG_NEGATIVE) | (
        model[EXPECTED_MOVE] <= profile.exit_move_micros
    )
    negative = strongly | (classes <= ScoreState.NEGATIVE)
    weak = rebound <= profile.rebound_weak_micros
    hopeless = (p24 <= profile.recovery_exit_p_up_micros) | (
        move24 <= profile.recovery_exit_move_micros
    )
    lately = (view.reduced_ns < profile.reduce_interval_ns) | view.unsure
    stop = profile.catastrophe_stop_micros
    columns = (
        view.busy,
        view.cooling,
        view.gain <= -stop if stop else np.zeros_like(recovering),
        recovering & hopeless,
        recovering & (p24 >= profile.recovery_hold_p_up_micros),
        recovering & lately,
        recovering,
        strongly & weak,
        negative & (rebound >= profile.rebound_credible_micros),
        negative & lately,
        negative,
        (model[MOVE_H1] <= profile.fade_move_micros)
        & ~view.faded
        & (view.gain >= profile.tactical_gain_micros),
        np.ones_like(recovering),
    )
    return np.stack(columns, axis=1)


def gains(bids: F64, prices: F64) -> F64:
    """The bid over the average price paid, less 1, in micros; 0 where nothing was paid."""
    paid = prices > 0.0
    return np.where(paid, bids / np.where(paid, prices, 1.0) - 1.0, 0.0) * MICROS
