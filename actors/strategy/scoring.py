"""State classes: how a symbol's calibrated probability is read, with hysteresis and persistence.

A class is entered at its threshold and left only once the probability is back beyond it by the
hysteresis; persistence counts the predictions in a row on one side of neutral. A model that is
silent leaves no class: neutral, and nothing persists.
"""

from __future__ import annotations

import enum
import functools
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from actors.messages.arrays import any_set
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


# Rising adds to the class and falling takes from it.
_SIGNS: Final = np.array((1, 1, -1, -1), dtype=np.int64)
_SIGNS_OF_CLASSES: Final = _SIGNS.astype(np.int32)
_LOWEST: Final = np.array(-ScoreState.STRONG_NEGATIVE.value, dtype=np.int32)
_ONE, _SILENT = np.array(1, dtype=np.int32), np.array(MISSING, dtype=np.int32)


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
    was = before.classes
    levels = _levels(profile).take(was + _LOWEST, axis=0)
    classes = (p_up[:, None] * _SIGNS >= levels) @ _SIGNS_OF_CLASSES
    silent = p_up == _SILENT
    is_any_silent = any_set(silent)
    if is_any_silent:
        classes[silent] = ScoreState.NEUTRAL
    persisted = before.persisted * (np.sign(classes) == np.sign(was)) + _ONE
    if is_any_silent:
        persisted[silent] = 0
    return Scores(classes, persisted)


@functools.lru_cache(maxsize=8)
def _levels(profile: StrategyProfile) -> npt.NDArray[np.int64]:
    """int64[5, 4]: of a symbol of each class, what its probability must reach to rise, twice, and
    what its negative must reach to fall, twice.
    """
    slack = profile.hysteresis_micros
    rows = []
    for was in ScoreState:
        rises = (
            profile.entry_p_up_micros - slack * (was >= ScoreState.POSITIVE),
            profile.strong_p_up_micros - slack * (was >= ScoreState.STRONG_POSITIVE),
        )
        falls = (
            profile.exit_p_up_micros + slack * (was <= ScoreState.NEGATIVE),
            profile.strong_exit_p_up_micros + slack * (was <= ScoreState.STRONG_NEGATIVE),
        )
        rows.append((*rises, *(-each for each in falls)))
    return np.array(rows, dtype=np.int64)
