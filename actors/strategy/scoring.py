"""State classes: how a symbol's calibrated probability is read, with hysteresis and persistence.

A class is entered at its threshold and left only once the probability is back beyond it by the
hysteresis; persistence counts the predictions in a row on one side of neutral. A model that is
silent leaves no class: neutral, and nothing persists.
"""

from __future__ import annotations

import enum

import msgspec
import numpy as np
import numpy.typing as npt

from actors.messages.prediction import MISSING
from actors.strategy.profile import StrategyProfile

Classes = npt.NDArray[np.int32]
Counts = npt.NDArray[np.int32]


class ScoreState(enum.IntEnum):
    """How good a symbol looks; the numbers are recorded and never change their meaning."""

    STRONG_NEGATIVE = -2
    NEGATIVE = -1
    NEUTRAL = 0
    POSITIVE = 1
    STRONG_POSITIVE = 2


class Scores(msgspec.Struct):
    """The class of every symbol and how many predictions it stayed on its side; both int32[N].

    A class that only grows stronger or weaker on one side goes on counting.
    """

    classes: Classes
    persisted: Counts


def unscored(count: int) -> Scores:
    """Nothing was predicted yet."""
    return Scores(np.zeros(count, dtype=np.int32), np.zeros(count, dtype=np.int32))


def scored(before: Scores, p_up: Counts, profile: StrategyProfile) -> Scores:
    """The classes after one more prediction `p_up`, int32[N] micros or MISSING."""
    slack, was = profile.hysteresis_micros, before.classes
    rises = [
        p_up >= edge - slack * (was >= level)
        for edge, level in (
            (profile.entry_p_up_micros, ScoreState.POSITIVE),
            (profile.strong_p_up_micros, ScoreState.STRONG_POSITIVE),
        )
    ]
    falls = [
        p_up <= edge + slack * (was <= level)
        for edge, level in (
            (profile.exit_p_up_micros, ScoreState.NEGATIVE),
            (profile.strong_exit_p_up_micros, ScoreState.STRONG_NEGATIVE),
        )
    ]
    classes = (rises[0].astype(np.int32) + rises[1]) - (falls[0].astype(np.int32) + falls[1])
    silent = p_up == MISSING
    classes[silent] = ScoreState.NEUTRAL
    stays = np.sign(classes) == np.sign(was)
    persisted = np.where(stays, before.persisted + 1, 1).astype(np.int32)
    persisted[silent] = 0
    return Scores(classes, persisted)
