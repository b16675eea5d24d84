"""Figures of a return series that the calibration compares: tails, clustering, correlation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
LAGS: Final = (1, 6, 24, 72)


@dataclass(frozen=True)
class Series:
    """Times, closes and notional of consecutive candles."""

    stamps: NDArray[np.int64]
    close: F64
    notional: F64

    @property
    def returns(self) -> F64:
        """Simple returns from close to close."""
        found: F64 = self.close[1:] / self.close[:-1] - 1.0
        return found


@dataclass(frozen=True)
class Figures:
    """Deviation, kurtosis (normal: 3), autocorrelation at LAGS of a series and of its size."""

    deviation: float
    kurtosis: float
    lags: tuple[float, ...]
    size_lags: tuple[float, ...]


def figures_of(values: F64) -> Figures:
    """The figures of a series."""
    centred = values - values.mean()
    variance = float((centred * centred).mean())
    return Figures(
        deviation=variance**0.5,
        kurtosis=float((centred**4).mean()) / variance**2,
        lags=tuple(_correlation(values, lag) for lag in LAGS),
        size_lags=tuple(_correlation(np.abs(values), lag) for lag in LAGS),
    )


def joint(series: dict[str, Series]) -> tuple[list[str], F64, list[float]]:
    """Returns of the times that all share, and each one's loading on the first component."""
    names = list(series)
    common = series[names[0]].stamps[1:]
    for name in names[1:]:
        common = np.intersect1d(common, series[name].stamps[1:])
    rows = []
    for name in names:
        places = np.searchsorted(series[name].stamps[1:], common)
        rows.append(series[name].returns[places])
    matrix = np.array(rows)
    values, vectors = np.linalg.eigh(np.corrcoef(matrix))
    loadings = np.abs(vectors[:, -1]) * np.sqrt(values[-1])
    return names, matrix, [round(float(each), 2) for each in loadings]


def share_of(flags: NDArray[np.bool_]) -> float:
    """How many of the flags are set."""
    return float(flags.mean())


def shown(name: str, recorded: Sequence[Figures], simulated: Sequence[Figures]) -> Iterator[str]:
    """Rows of the table: medians, with the range of what was recorded and made."""
    both = (recorded, simulated)
    told = [_ranged([100 * each.deviation for each in rows]) for rows in both]
    yield f"| {name}: standard deviation, % | {told[0]} | {told[1]} |"
    told = [_ranged([each.kurtosis for each in rows]) for rows in both]
    yield f"| {name}: kurtosis (normal: 3) | {told[0]} | {told[1]} |"
    told = [
        " / ".join(f"{np.median([each.size_lags[lag] for each in rows]):.2f}" for lag in range(4))
        for rows in both
    ]
    yield f"| {name}: autocorrelation of size, lag 1 / 6 / 24 / 72 | {told[0]} | {told[1]} |"
    told = [f"{np.median([each.lags[0] for each in rows]):.2f}" for rows in both]
    yield f"| {name}: autocorrelation, lag 1 | {told[0]} | {told[1]} |"


def _ranged(values: Sequence[float]) -> str:
    return f"{np.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def _correlation(values: F64, lag: int) -> float:
    return float(np.corrcoef(values[:-lag], values[lag:])[0, 1])
