"""Regimes: one word for the market of a symbol at a bar's close, by rules over three features.

The cuts are a bundle's, fitted with it; here is only what they cut and how. At or above the cut of
volatility a market is volatile, and under stress where momentum is below its cut as well; else it
trends at or above the cut of efficiency, or ranges. Comparisons alone: the same on every machine.
"""

from __future__ import annotations

import enum
import functools
from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from models.features.catalogue import FEATURE_NAMES

MICROS = 1_000_000


class Regime(enum.IntEnum):
    """What a market is like; the numbers are recorded and never change their meaning."""

    RANGE = 0
    TREND = 1
    HIGH_VOLATILITY = 2
    STRESS = 3


class RegimeCut(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A cut through one feature, in millionths; `share_below` (millionths) is the quantile of the
    fitted data that it was placed at.
    """

    name: str
    feature: str
    share_below: int
    micros: int


# Name, feature and quantile of each cut, in millionths; docs/models.md says what they come to.
CUTS = (
    ("volatile", "volatility_ratio_12_168", 900_000),
    ("falling", "z_momentum_24", 100_000),
    ("trending", "efficiency_72", 650_000),
)
_COLUMNS = np.array([FEATURE_NAMES.index(feature) for _, feature, _ in CUTS])
# Place in _RULES: 4 at or above the first cut, 2 at or above the second one, 1 the third one.
_WEIGHTS = np.array([4, 2, 1], dtype=np.uint8)
_CALM = (Regime.RANGE, Regime.TREND)
_RULES = np.array(
    [*_CALM, *_CALM, *[Regime.STRESS] * 2, *[Regime.HIGH_VOLATILITY] * 2], dtype=np.int32
)


def fitted_cuts(features: npt.NDArray[np.floating]) -> tuple[RegimeCut, ...]:
    """The cuts of rows [m, F] without NaN: observed values at each quantile, to a millionth."""
    found = []
    for column, (name, feature, share) in zip(_COLUMNS, CUTS, strict=True):
        values = np.sort(features[:, column].astype(np.float64))
        value = values[min(len(values) * share // MICROS, len(values) - 1)]
        found.append(RegimeCut(name, feature, share, round(float(value) * MICROS)))
    return tuple(found)


def cuts_fault(cuts: Sequence[RegimeCut]) -> str:
    """Why these cuts are not the ones that the rules ask for; "" when they are."""
    if tuple((cut.name, cut.feature, cut.share_below) for cut in cuts) != CUTS:
        return "they are not cuts of " + ", ".join(f"{feature} at {s}" for _, feature, s in CUTS)
    return ""


def regimes(
    features: npt.NDArray[np.float64], cuts: tuple[int, ...], missing: int
) -> npt.NDArray[np.int32]:
    """The regime [n] of each row of features [n, F] by the cuts' micros, in the order of CUTS.

    `missing` stands where one of the three features is NaN.
    """
    cut = features.take(_COLUMNS, axis=1)
    found: npt.NDArray[np.int32] = _RULES.take((cut >= _limits(cuts)).view(np.uint8).dot(_WEIGHTS))
    unknown = np.isnan(cut)
    if 1 in unknown.tobytes():
        found[unknown.any(axis=1)] = missing
    return found


@functools.lru_cache(maxsize=16)
def _limits(cuts: tuple[int, ...]) -> npt.NDArray[np.float64]:
    return np.array(cuts) / MICROS
