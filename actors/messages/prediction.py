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
# Further columns, of bundles that answer more questions: the same two 1, 4 and 24 hours ahead; then
# that an open of the next 24 hours lies a daily sigma above the entry's, and that one of the
# next 4 hours lies half of it below. MISSING for what the bundle does not answer.
P_UP_H1: Final = 3
MOVE_H1: Final = 4
P_UP_H4: Final = 5
MOVE_H4: Final = 6
P_UP_H24: Final = 7
MOVE_H24: Final = 8
REBOUND: Final = 9
DOWNSIDE: Final = 10
OWN_COLUMNS: Final = 3
COLUMNS: Final = 11
ODDS: Final = (P_UP, P_UP_H1, P_UP_H4, P_UP_H24, REBOUND, DOWNSIDE)


class PredictionSlice(Message, frozen=True):
    """Calibrated output of one bundle for every symbol. `rows` is int32[N, 3] or [N, 11] in micros.

    The narrow form is that of bundles with one answer, and of runs before there were others; `wide`
    reads both. `in_sample` says that the model may have seen this instant when it was trained.
    """

    close_ts: int
    bundle_id: str
    rows: np.ndarray
    warm_up: bool = False
    in_sample: bool = False


def wide(rows: np.ndarray) -> np.ndarray:
    """Rows of a prediction as int32[N, 11], MISSING in the columns that they do not have."""
    if rows.shape[1] == COLUMNS:
        return rows
    found = np.full((len(rows), COLUMNS), MISSING, dtype=np.int32)
    found[:, : rows.shape[1]] = rows
    return found


class RegimeSlice(Message, frozen=True):
    """The regime of every symbol at a bar's close, by the cuts of a bundle. `rows` is int32[N, 1].

    Numbers of models.features.regimes.Regime; MISSING where a feature that decides is not known.
    """

    close_ts: int
    bundle_id: str
    rows: np.ndarray
