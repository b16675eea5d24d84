"""Predictions as integers: what a model said, in micros, recorded without rounding; and regimes."""

from __future__ import annotations

from typing import Final

import numpy as np

from actors.messages.base import Message

MISSING: Final = -(2**31)
# Columns of PredictionSlice.rows, in millionths; MISSING where the model may not speak. P_UP is the
# probability that the price is higher at the bundle's horizon, EXPECTED_MOVE the mean gross return
# until then, UNCERTAINTY the half-width of P_UP's 90 % interval: no cost is taken off anywhere.
P_UP: Final = 0
EXPECTED_MOVE: Final = 1
UNCERTAINTY: Final = 2
# Appended columns: the same two of one, four and 24 bars, the odds that the price rises by a daily
# sigma within 24 bars, and those that it falls by half of one within four.
P_UP_H1: Final = 3
MOVE_H1: Final = 4
P_UP_H4: Final = 5
MOVE_H4: Final = 6
P_UP_H24: Final = 7
MOVE_H24: Final = 8
REBOUND: Final = 9
DOWNSIDE: Final = 10
COLUMNS_COUNT: Final = 11


class PredictionSlice(Message, frozen=True):
    """Calibrated output of one bundle for every symbol. `rows` is int32[N, 3] in micros.

    `in_sample` says that the model may have seen this instant when it was trained.
    """

    close_ts: int
    bundle_id: str
    rows: np.ndarray
    warm_up: bool = False
    in_sample: bool = False


class RegimeSlice(Message, frozen=True):
    """The regime of every symbol at a bar's close, by the cuts of a bundle. `rows` is int32[N, 1].

    Numbers of models.features.regimes.Regime; MISSING where a feature that decides is not known.
    """

    close_ts: int
    bundle_id: str
    rows: np.ndarray
