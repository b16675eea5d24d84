"""Skill and calibration of P(up) against rises that happened, and how sure one may be of it.

Resampling is by whole blocks of time (at least two horizons), because neighbouring labels share
almost all of their future. Log-loss is measured against always saying the base rate, the share
of rises among all labels known by then.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

RESAMPLES = 1000
BINS = 10


class Scored(msgspec.Struct, frozen=True):
    """Predictions beside outcomes, in time order; all arrays are [m]."""

    bar: IntArray
    p: FloatArray
    rose: FloatArray
    """1.0 where the price was higher at the exit, no cost taken off."""
    base_rate: FloatArray
    """Probability that a model without features would have given each row."""
    fold: IntArray

    def part(self, mask: npt.NDArray[np.bool_]) -> Scored:
        """The rows under the mask."""
        return Scored(*(getattr(self, name)[mask] for name in self.__struct_fields__))


def losses(p: FloatArray, rose: FloatArray) -> FloatArray:
    """Log-loss of each row in nats, probabilities kept 1e-6 away from certainty."""
    safe = np.clip(p, 1e-6, 1.0 - 1e-6)
    return np.asarray(-np.where(rose > 0.0, np.log(safe), np.log(1.0 - safe)))


def auc(p: FloatArray, rose: FloatArray) -> float:
    """Area under the ROC curve by ranks, ties shared; NaN when one class is absent."""
    _, inverse, counts = np.unique(p, return_inverse=True, return_counts=True)
    upper = np.cumsum(counts)
    ranks = (upper - (counts - 1) / 2.0)[inverse]
    yes = float(rose.sum())
    no = rose.size - yes
    if yes == 0.0 or no == 0.0:
        return math.nan
    return float((ranks[rose > 0.0].sum() - yes * (yes + 1.0) / 2.0) / (yes * no))


def calibration_error(p: FloatArray, rose: FloatArray) -> float:
    """Expected calibration error over ten equal-count bins of p."""
    order = np.argsort(p, kind="stable")
    parts = [part for part in np.array_split(order, BINS) if part.size]
    gaps = [abs(float(p[x].mean() - rose[x].mean())) * x.size for x in parts]
    return sum(gaps) / p.size


def accuracy(p: FloatArray, rose: FloatArray) -> float:
    """Directional accuracy: share of rows whose likelier direction happened."""
    return float(((p >= 0.5) == (rose > 0.0)).mean())


def brier_skill(scored: Scored) -> float:
    """Share of the base rate's mean squared error that the predictions save."""
    base = float(((scored.base_rate - scored.rose) ** 2).mean())
    return 1.0 - float(((scored.p - scored.rose) ** 2).mean()) / base


def summary(scored: Scored, horizon_bars: int) -> dict[str, float | None]:
    """Every metric of the card, rounded to six digits so that no CPU changes a byte."""
    p, rose = scored.p, scored.rose
    values = {
        "rows": float(p.size),
        "independent_labels": p.size / horizon_bars,
        "share_up": float(rose.mean()),
        "accuracy": accuracy(p, rose),
        "accuracy_of_base_rate": accuracy(scored.base_rate, rose),
        "brier": float(((p - rose) ** 2).mean()),
        "brier_of_base_rate": float(((scored.base_rate - rose) ** 2).mean()),
        "brier_skill": brier_skill(scored),
        "log_loss": float(losses(p, rose).mean()),
        "log_loss_of_base_rate": float(losses(scored.base_rate, rose).mean()),
        "calibration_error": calibration_error(p, rose),
        "auc": auc(p, rose),
    }
    return {name: tidy(value) for name, value in values.items()}


def tidy(value: float) -> float | None:
    """Six digits after the point; None for what is not a number."""
    return round(value, 6) if math.isfinite(value) else None


def block_index(bar: IntArray, horizon_bars: int) -> IntArray:
    """Number of the time block of each row, blocks of two horizons, counted from zero."""
    _, index = np.unique(bar // (2 * horizon_bars), return_inverse=True)
    return index.astype(np.int64)


def gain_p_value(scored: Scored, horizon_bars: int, seed: int) -> float:
    """One-sided p of "no better than the base rate" in log-loss, by block bootstrap."""
    gain = losses(scored.base_rate, scored.rose) - losses(scored.p, scored.rose)
    totals = np.bincount(block_index(scored.bar, horizon_bars), weights=gain)
    generator = np.random.Generator(np.random.Philox(key=seed))
    picks = generator.integers(0, totals.size, (RESAMPLES, totals.size))
    return float((totals[picks].sum(axis=1) <= 0.0).mean())


def auc_lower_bound(scored: Scored, horizon_bars: int, seed: int) -> float:
    """5 % bound of the AUC by block bootstrap (200 resamples)."""
    blocks = block_index(scored.bar, horizon_bars)
    order = np.argsort(blocks, kind="stable")
    parts = np.split(order, np.cumsum(np.bincount(blocks))[:-1])
    generator = np.random.Generator(np.random.Philox(key=seed))
    values = []
    for _ in range(200):
        rows = np.concatenate([parts[i] for i in generator.integers(0, len(parts), len(parts))])
        values.append(auc(scored.p[rows], scored.rose[rows]))
    return float(np.nanquantile(values, 0.05))


def share_of_better_folds(scored: Scored) -> float:
    """Share of folds whose log-loss beats the base rate's."""
    gain = losses(scored.base_rate, scored.rose) - losses(scored.p, scored.rose)
    _, index = np.unique(scored.fold, return_inverse=True)
    return float((np.bincount(index, weights=gain) > 0.0).mean())
