"""One fit: a small deterministic LightGBM on rises, then its curves on the bars that follow.

Features are cast to float32 before fitting, because the runtime sees float32. The trees learn
whether the price rises, not whether a round trip pays: that predicts both the rise and the size of
the move better (docs/models.md). Not here: how the curves are fitted.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from models.calibration import MICROS, Curve
from models.training.curves import Level, fitted_curve

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]


class FitConfig(msgspec.Struct, frozen=True):
    """Every choice of the fit; target and size were compared on walk-forward folds only."""

    trees: int = 16
    leaves: int = 8
    leaf_rows_min: int = 200
    learning_rate: float = 0.2
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
    rose: FloatArray
    """[m] 1.0 where the price was higher at the exit."""
    forward: FloatArray
    """[m] gross forward returns."""

    def between(self, span: tuple[int, int]) -> Rows:
        """Rows decided in a half-open range of bars."""
        low, high = (int(np.searchsorted(self.bar, edge)) for edge in span)
        return Rows(*(getattr(self, name)[low:high] for name in self.__struct_fields__))


class Fitted(msgspec.Struct, frozen=True):
    """A booster and the curves that make its margins usable."""

    booster: Any
    curve: Curve
    base_rate: float
    """Share of rises among all labels of the fit and the calibration."""

    def margins(self, rows: Rows) -> FloatArray:
        """Raw scores [m] in float64, as LightGBM itself computes them."""
        raw = self.booster.predict(rows.features, raw_score=True, num_threads=1)
        return np.asarray(raw, dtype=np.float64)

    def probabilities(self, rows: Rows) -> tuple[FloatArray, FloatArray]:
        """P(up) and expected gross moves [m] as fractions."""
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
    data = lightgbm.Dataset(fitting.features, label=fitting.rose, params=parameters)
    booster = lightgbm.train(parameters, data, num_boost_round=config.trees)
    level = Level(
        float(np.concatenate([fitting.rose, calibrating.rose]).mean()),
        float(np.concatenate([fitting.forward, calibrating.forward]).mean()),
    )
    bare = Fitted(booster, Curve((0.0,), (0,), (0,), (0,)), level.rise_rate)
    curve = fitted_curve(bare.margins(calibrating), calibrating.forward, level, horizon)
    return Fitted(booster, curve, level.rise_rate)
