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
SHRINKAGE_ROWS = 20.0
"""Independent labels that a bucket's mean must outweigh to move away from the overall mean."""


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
    """The curve of these margins and outcomes. Uncertainty counts one label per horizon."""
    slope, intercept = _platt(margins, rows.positive)
    order = np.argsort(margins, kind="stable")
    buckets = [part for part in np.array_split(order, KNOTS) if part.size]
    centres = [float(margins[part].mean()) for part in buckets]
    independent = [max(1.0, part.size / horizon_bars) for part in buckets]
    moves = _pooled([float(rows.forward[part].mean()) for part in buckets], independent)
    overall = float(rows.forward.mean())
    knots: dict[float, tuple[int, int, int]] = {}
    for centre, count, move in zip(centres, independent, moves, strict=True):
        p = 1.0 / (1.0 + math.exp(-(slope * centre + intercept)))
        weight = count / (count + SHRINKAGE_ROWS) if slope > 0.0 else 0.0
        expected = overall + weight * (move - overall)
        spread = Z_90 * math.sqrt(p * (1.0 - p) / count)
        knots[centre] = (round(p * MICROS), round(expected * MICROS), round(spread * MICROS))
    p_column, move_column, spread_column = zip(*knots.values(), strict=True)
    return Curve(tuple(knots), p_column, move_column, spread_column)


def _platt(margins: FloatArray, positive: FloatArray) -> tuple[float, float]:
    """Slope >= 0 and intercept of logit p = slope * margin + intercept, by Newton's method."""
    yes = float(positive.sum())
    no = positive.size - yes
    target = np.where(positive > 0.0, (yes + 1.0) / (yes + 2.0), 1.0 / (no + 2.0))
    slope, intercept = 1.0, 0.0
    for _ in range(50):
        p = 1.0 / (1.0 + np.exp(-(slope * margins + intercept)))
        error, weight = p - target, np.maximum(p * (1.0 - p), 1e-12)
        g_slope, g_intercept = float((error * margins).sum()), float(error.sum())
        h_ss = float((weight * margins * margins).sum()) + 1e-9
        h_si, h_ii = float((weight * margins).sum()), float(weight.sum()) + 1e-9
        determinant = h_ss * h_ii - h_si * h_si
        step_slope = (h_ii * g_slope - h_si * g_intercept) / determinant
        step_intercept = (h_ss * g_intercept - h_si * g_slope) / determinant
        slope, intercept = slope - step_slope, intercept - step_intercept
        if abs(step_slope) + abs(step_intercept) < 1e-10:
            break
    if slope > 0.0:
        return slope, intercept
    rate = float(target.mean())
    return 0.0, math.log(rate / (1.0 - rate))


def _pooled(values: list[float], weights: list[float]) -> list[float]:
    """Closest non-decreasing sequence in weighted squares (pool adjacent violators)."""
    blocks: list[tuple[float, float, int]] = []
    for value, weight in zip(values, weights, strict=True):
        blocks.append((value, weight, 1))
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            (a, wa, na), (b, wb, nb) = blocks[-2:]
            blocks[-2:] = [((a * wa + b * wb) / (wa + wb), wa + wb, na + nb)]
    return [value for value, _, count in blocks for _ in range(count)]
