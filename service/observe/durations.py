"""Histograms for the metrics: how often a figure fell below each bound. Display only."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

STEP_BOUNDS: Final = (
    10e-6, 20e-6, 50e-6, 100e-6, 200e-6, 500e-6, 1e-3, 2e-3, 5e-3, 10e-3, 50e-3, 0.25, 1.0,
)  # fmt: skip
APPEND_BOUNDS: Final = (
    0.1e-3, 0.25e-3, 0.5e-3, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 0.1, 0.25, 1.0, 5.0,
)  # fmt: skip
SLIPPAGE_BOUNDS: Final = (-0.005, -0.002, -0.001, 0.0, 0.0005, 0.001, 0.002, 0.005, 0.01)


class Histogram:
    """Counts by upper bound (ascending), the count of all, and their sum."""

    __slots__ = ("_bounds", "_counts", "sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Count one value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self.sum += value

    def buckets(self) -> list[tuple[str, float]]:
        """Upper bound as text and how many values were at or below it, the last one +Inf."""
        found, below = [], 0
        for bound, count in zip((*self._bounds, None), self._counts, strict=True):
            below += count
            found.append(("+Inf" if bound is None else repr(bound), float(below)))
        return found
