"""The ladder of an open campaign: hold, take a part, reduce, or leave; the first rung decides.

Reasons are what the model says of the future, never the loss or the age: a severe loss only brings
the campaign into recovery, where H24 is asked (exit before hold before de-risk). The optional
catastrophe stop contradicts that and is off unless the profile says otherwise.
"""

from __future__ import annotations

from typing import Final

import msgspec
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
from actors.strategy.config import StrategyConfig
from actors.strategy.profile import MICROS, StrategyProfile
from actors.strategy.scoring import ScoreState
from actors.strategy.state import StrategyState

Mask = npt.NDArray[np.bool_]
NEVER_NS: Final = 2**62
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


class OpenView(msgspec.Struct, frozen=True):
    """What the ladder asks, arrays [N]; where there is no campaign they are never looked at.

    `bids` and `prices` are what a unit is worth and what was paid for it on average, `reduced_ns`
    how long ago the campaign was last reduced; `again` whether it
    sold a part in profit and may still re-enter.
    """

    classes: npt.NDArray[np.int32]
    bids: F64
    prices: F64
    recovering: Mask
    faded: Mask
    again: Mask
    reduced_ns: npt.NDArray[np.int64]
    busy: Mask
    unsure: Mask
    cooling: Mask


def open_view(config: StrategyConfig, state: StrategyState, bids: F64, at: int) -> OpenView:
    """The campaigns as arrays at `at` (ns UTC); `bids` is f64[N]."""
    count = len(bids)
    prices, reduced = np.zeros(count), np.full(count, NEVER_NS, dtype=np.int64)
    recovering, faded, again = np.zeros((3, count), dtype=np.bool_)
    for symbol, each in state.campaigns.items():
        index = config.index_of(symbol)
        if index < 0:
            continue
        prices[index], faded[index] = each.price, each.faded
        recovering[index] = each.recovering_since > 0
        left = each.reentries_count < config.profile.reentries_max_count
        again[index] = each.faded and left and each.room > 0
        if each.reduced_at:
            reduced[index] = at - each.reduced_at
    return OpenView(
        classes=state.scores.classes,
        bids=bids,
        prices=prices,
        recovering=recovering,
        faded=faded,
        again=again,
        reduced_ns=reduced,
        # An order of unknown outcome does not lock what is proven free.
        busy=state.working > state.unknown,
        unsure=state.unknown > 0,
        cooling=state.exit_cool_until > at,
    )


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
        view.bids * MICROS <= view.prices * (MICROS - stop) if stop else np.zeros_like(recovering),
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
        & _worth(view, profile.tactical_gain_micros),
        np.ones_like(recovering),
    )
    return np.stack(columns, axis=1)


def _worth(view: OpenView, gain_micros: int) -> Mask:
    """Whether a unit is worth what was paid and the gain; products, so that a boundary is exact."""
    worth: Mask = view.bids * MICROS >= view.prices * (MICROS + gain_micros)
    return worth
