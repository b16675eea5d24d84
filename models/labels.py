"""What a model is asked: is the price higher when a purchase decided now would be sold?

Decided at the close of bar t, bought at the open of bar t+1, sold at the open of bar t+1+H. No cost
is in the answer: it is spent by whoever holds already. Costs are charged where trades are judged.
A label whose entry or exit bar is missing is unknown (NaN), never filled. Not here: which rows are
used for fitting.
"""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


class Costs(msgspec.Struct, frozen=True):
    """Costs of one side of a trade in basis points of its value."""

    fee_bps: float = 40.0
    half_spread_bps: float = 2.0

    @property
    def side(self) -> float:
        """Fraction of the value lost on one side."""
        return (self.fee_bps + self.half_spread_bps) / 10_000.0

    def net(self, gross: FloatArray) -> FloatArray:
        """Net returns of round trips from gross returns (fractions)."""
        result: FloatArray = (1.0 + gross) * (1.0 - self.side) / (1.0 + self.side) - 1.0
        return result

    @property
    def break_even(self) -> float:
        """Smallest gross return (fraction) that a round trip needs."""
        return (1.0 + self.side) / (1.0 - self.side) - 1.0


def forward_returns(opens: FloatArray, horizon_bars: int) -> FloatArray:
    """Gross forward returns [T, n] from opens [T, n]: open[t+1+H] / open[t+1] - 1.

    NaN where either open is missing and for the last H+1 bars.
    """
    assert horizon_bars > 0, "a label needs a horizon"
    result = np.full(opens.shape, np.nan)
    reach = horizon_bars + 1
    if len(opens) > reach:
        result[:-reach] = opens[reach:] / opens[1:-horizon_bars] - 1.0
    return result


def rises(forward: FloatArray) -> FloatArray:
    """1.0 where the price is higher at the exit, 0.0 where not, NaN where unknown."""
    return np.where(np.isnan(forward), np.nan, (forward > 0.0).astype(np.float64))
