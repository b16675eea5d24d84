"""The ladder of an open campaign: hold, take a part, reduce, or leave; the first rung decides.

Reasons are what the model says of the future, never the loss or the age: a severe loss only brings
the campaign into recovery, where H24 is asked (exit before hold before de-risk). The optional
catastrophe stop contradicts that and is off unless the profile says otherwise.
"""

from __future__ import annotations

import functools
from typing import Final, NamedTuple

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
_WHOLE: Final = np.array(float(MICROS))
_NEGATIVE: Final = np.array(ScoreState.NEGATIVE.value, dtype=np.int32)
_STRONG_NEGATIVE: Final = np.array(ScoreState.STRONG_NEGATIVE.value, dtype=np.int32)
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
    limits, recovering, classes = _limits(profile), view.recovering, view.classes
    rebound, p24 = model[REBOUND], model[P_UP_H24]
    strongly = (classes <= _STRONG_NEGATIVE) | (model[EXPECTED_MOVE] <= limits.exit_move)
    negative = strongly | (classes <= _NEGATIVE)
    hopeless = (p24 <= limits.hopeless_p_up) | (model[MOVE_H24] <= limits.hopeless_move)
    lately = (view.reduced_ns < limits.reduce_interval_ns) | view.unsure
    found: Mask = np.empty((len(LADDER), len(classes)), dtype=np.bool_)
    found[0], found[1] = view.busy, view.cooling
    stop = profile.catastrophe_stop_micros
    found[2] = view.bids * MICROS <= view.prices * (MICROS - stop) if stop else False
    np.logical_and(recovering, hopeless, out=found[3])
    np.logical_and(recovering, p24 >= limits.held_p_up, out=found[4])
    np.logical_and(recovering, lately, out=found[5])
    found[6] = recovering
    np.logical_and(strongly, rebound <= limits.rebound_weak, out=found[7])
    np.logical_and(negative, rebound >= limits.rebound_credible, out=found[8])
    np.logical_and(negative, lately, out=found[9])
    found[10] = negative
    np.logical_and(model[MOVE_H1] <= limits.fade_move, ~view.faded, out=found[11])
    found[11] &= view.bids * _WHOLE >= view.prices * limits.gained
    found[12] = True
    return found.T


class _Limits(NamedTuple):
    """The profile's limits as arrays without a dimension: a Python number costs twice the time."""

    exit_move: F64
    rebound_weak: F64
    rebound_credible: F64
    hopeless_p_up: F64
    hopeless_move: F64
    held_p_up: F64
    fade_move: F64
    gained: F64
    reduce_interval_ns: npt.NDArray[np.int64]


@functools.lru_cache(maxsize=8)
def _limits(profile: StrategyProfile) -> _Limits:
    """Worth is told by products (`gained` and _WHOLE), so that a boundary is exact."""
    return _Limits(
        exit_move=_number(profile.exit_move_micros),
        rebound_weak=_number(profile.rebound_weak_micros),
        rebound_credible=_number(profile.rebound_credible_micros),
        hopeless_p_up=_number(profile.recovery_exit_p_up_micros),
        hopeless_move=_number(profile.recovery_exit_move_micros),
        held_p_up=_number(profile.recovery_hold_p_up_micros),
        fade_move=_number(profile.fade_move_micros),
        gained=_number(MICROS + profile.tactical_gain_micros),
        reduce_interval_ns=np.array(profile.reduce_interval_ns, dtype=np.int64),
    )


def _number(micros: int) -> F64:
    return np.array(float(micros))
