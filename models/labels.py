"""What a model is asked: is the price higher when a purchase decided now would be sold?

Decided at the close of bar t, bought at the open of bar t+1, sold at the open of bar t+1+H. No cost
is in the answer: it is spent by whoever holds already. Costs are charged where trades are judged.
A label whose entry or exit bar is missing is unknown (NaN), never filled. Two more questions are of
the way, not of its end: does any of the next opens lie so much above, or below, the entry's? What
is much is told by the volatility known when deciding. Not here: which rows are used for fitting.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

BARS_OF_A_DAY = 24
REBOUND_SIGMAS = 1.0
DOWNSIDE_SIGMAS = 0.5


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


def daily_sigma(volatility_24: FloatArray) -> FloatArray:
    """A day's standard deviation (fraction) from that of an hour's return, feature `volatility_24`.

    NaN where it is unknown or zero: without any movement nothing is far.
    """
    sigma: FloatArray = volatility_24 * math.sqrt(BARS_OF_A_DAY)
    return np.where(sigma > 0.0, sigma, np.nan)


def rebounds(opens: FloatArray, sigma: FloatArray, bars: int) -> FloatArray:
    """1.0 where the highest of `bars` opens after the entry's is a daily sigma or more above it.

    Opens and sigma are [T, n]; NaN where any of these opens or sigma is unknown.
    """
    far = _extreme(opens, bars, np.maximum) / _entries(opens) - 1.0
    return _answers(far - REBOUND_SIGMAS * sigma)


def falls(opens: FloatArray, sigma: FloatArray, bars: int) -> FloatArray:
    """1.0 where the lowest of `bars` opens after the entry's is half a sigma or more below it.

    Opens and sigma are [T, n]; NaN where any of these opens or sigma is unknown.
    """
    far = 1.0 - _extreme(opens, bars, np.minimum) / _entries(opens)
    return _answers(far - DOWNSIDE_SIGMAS * sigma)


def _answers(beyond: FloatArray) -> FloatArray:
    return np.where(np.isnan(beyond), np.nan, (beyond >= 0.0).astype(np.float64))


def _entries(opens: FloatArray) -> FloatArray:
    """[T, n] open[t+1]; NaN in the last row."""
    result = np.full(opens.shape, np.nan)
    result[:-1] = opens[1:]
    return result


def _extreme(opens: FloatArray, bars: int, choose: np.ufunc) -> FloatArray:
    """[T, n] the chosen one of open[t+2] to open[t+1+bars]; NaN where any of them is unknown."""
    assert bars > 0, "a way needs a length"
    result = np.full(opens.shape, np.nan)
    count = len(opens) - bars - 1
    if count > 0:
        found = opens[2 : 2 + count]
        for ahead in range(3, bars + 2):
            found = choose(found, opens[ahead : ahead + count])
        result[:count] = found
    return result
