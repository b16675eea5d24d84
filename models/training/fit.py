"""One fit: a small deterministic LightGBM, then its calibration on the bars that follow.

Features are cast to float32 before fitting, because the runtime sees float32. Calibration is
Platt's line with a slope that may not be negative: a score that is upside down on later data
becomes a constant. Source: Platt 1999 (targets with his correction); expected moves by pooled
adjacent violators.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from models.calibration import MICROS, Curve

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]

KNOTS = 20
Z_90 = 1.645


class FitConfig(msgspec.Struct, frozen=True):
    """Every choice of the fit; one fixed configuration, nothing was searched."""

    trees: int = 64
    leaves: int = 15
    leaf_rows_min: int = 200
    learning_rate: float = 0.05
    l2: float = 10.0
    feature_share: float = 0.7
    row_share: float = 0.7


class Rows(msgspec.Struct, frozen=True):
    """Known labels and their features, in time order."""

    bar: npt.NDArray[np.int64]
    """[m] decision bar of each row."""
    symbol: npt.NDArray[np.int64]
    """[m] index of its symbol."""
    features: Float32Array
    """[m, F]"""
    positive: FloatArray
    """[m] 1.0 where the round trip earned more than its costs."""
    forward: FloatArray
    """[m] gross forward returns."""

    def between(self, span: tuple[int, int]) -> Rows:
        """Rows decided in a half-open range of bars."""
        low, high = (int(np.searchsorted(self.bar, edge)) for edge in span)
        return Rows(*(getattr(self, name)[low:high] for name in self.__struct_fields__))


class Fitted(msgspec.Struct, frozen=True):
    """A booster and the curve that makes its margins usable."""

    booster: Any
    curve: Curve
    base_rate: float
    """Share of positive labels among the rows of the fit."""

    def margins(self, rows: Rows) -> FloatArray:
        """Raw scores [m] in float64, as LightGBM itself computes them."""
        raw = self.booster.predict(rows.features, raw_score=True, num_threads=1)
        return np.asarray(raw, dtype=np.float64)

    def probabilities(self, rows: Rows) -> tuple[FloatArray, FloatArray]:
        """Calibrated probabilities and expected gross moves [m] as fractions."""
        margins, (p, move, _) = self.curve.arrays()
        scores = self.margins(rows)
        return np.interp(scores, margins, p) / MICROS, np.interp(scores, margins, move) / MICROS


def fit(fitting: Rows, calibrating: Rows, config: FitConfig, seed: int, horizon: int) -> Fitted:
    """Fit on one range and calibrate on a later one. Needs both kinds of label in each."""
    import lightgbm

    parameters = {
        "objective": "binary",
        "num_leaves": config.leaves,
        "min_data_in_leaf": config.leaf_rows_min,
        "learning_rate": config.learning_rate,
        "lambda_l2": config.l2,
        "feature_fraction": config.feature_share,
        "bagging_fraction": config.row_share,
        "bagging_freq": 1,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbosity": -1,
    }
    data = lightgbm.Dataset(fitting.features, label=fitting.positive, params=parameters)
    booster = lightgbm.train(parameters, data, num_boost_round=config.trees)
    base_rate = float(fitting.positive.mean())
    bare = Fitted(booster, Curve((0.0,), (0,), (0,), (0,)), base_rate)
    curve = calibrated(bare.margins(calibrating), calibrating, horizon)
    return Fitted(booster, curve, base_rate)


def calibrated(margins: FloatArray, rows: Rows, horizon_bars: int) -> Curve:
    """The curve of these margins and outcomes.

    The mean gross returns of positive and of other labels make the expected move; uncertainty is
    that of the line, counting one independent label a horizon.
    """
    line = _platt(margins, rows.positive)
    gain = float(rows.forward[rows.positive > 0.0].mean())
    damage = float(rows.forward[rows.positive == 0.0].mean())
    order = np.argsort(margins, kind="stable")
    parts = [part for part in np.array_split(order, KNOTS) if part.size]
    knots: dict[float, tuple[int, int, int]] = {}
    for centre in (float(margins[part].mean()) for part in parts):
        p = 1.0 / (1.0 + math.exp(-(line.slope * centre + line.intercept)))
        expected = p * gain + (1.0 - p) * damage
        spread = min(1.0, Z_90 * p * (1.0 - p) * math.sqrt(horizon_bars * line.variance(centre)))
        knots[centre] = (round(p * MICROS), round(expected * MICROS), round(spread * MICROS))
    p_column, move_column, spread_column = zip(*knots.values(), strict=True)
    return Curve(tuple(knots), p_column, move_column, spread_column)


class _Line(msgspec.Struct, frozen=True):
    """logit p = slope * margin + intercept, and the covariance of the two."""

    slope: float
    intercept: float
    slope_variance: float
    covariance: float
    intercept_variance: float

    def variance(self, margin: float) -> float:
        """Variance of the logit at a margin, were every label independent (delta method)."""
        cross = 2.0 * margin * self.covariance
        return margin * margin * self.slope_variance + cross + self.intercept_variance


def _platt(margins: FloatArray, positive: FloatArray) -> _Line:
    """The most likely line with slope >= 0, by Newton's method."""
    yes = float(positive.sum())
    no = positive.size - yes
    target = np.where(positive > 0.0, (yes + 1.0) / (yes + 2.0), 1.0 / (no + 2.0))
    line = _Line(1.0, 0.0, 0.0, 0.0, 0.0)
    for _ in range(50):
        line, change = _newton(line, margins, target)
        if change < 1e-10:
            break
    if line.slope > 0.0:
        return line
    rate = float(target.mean())
    variance = 1.0 / (positive.size * rate * (1.0 - rate))
    return _Line(0.0, math.log(rate / (1.0 - rate)), 0.0, 0.0, variance)


def _newton(line: _Line, margins: FloatArray, target: FloatArray) -> tuple[_Line, float]:
    """One step of Newton's method on the log-loss, and how far it moved."""
    p = 1.0 / (1.0 + np.exp(-(line.slope * margins + line.intercept)))
    error, weight = p - target, np.maximum(p * (1.0 - p), 1e-12)
    g_slope, g_intercept = float((error * margins).sum()), float(error.sum())
    h_ss = float((weight * margins * margins).sum()) + 1e-9
    h_si, h_ii = float((weight * margins).sum()), float(weight.sum()) + 1e-9
    determinant = h_ss * h_ii - h_si * h_si
    step_slope = (h_ii * g_slope - h_si * g_intercept) / determinant
    step_intercept = (h_ss * g_intercept - h_si * g_slope) / determinant
    moved = _Line(
        line.slope - step_slope,
        line.intercept - step_intercept,
        h_ii / determinant,
        -h_si / determinant,
        h_ss / determinant,
    )
    return moved, abs(step_slope) + abs(step_intercept)
