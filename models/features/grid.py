"""The binary grid on which float64 sums are exact, so that no order of adding changes a bit.

A multiple of 2**-40 below 1 needs 40 bits; fewer than 8192 of them sum in 53. A product has no such
grid, so it is put on 2**-46 before it is added; its sums stay exact below 2**7. Not here: which
sums exist.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

RETURN_BITS = 40
SQUARE_BITS = 46
VOLUME_BITS = 16
RETURN_LIMIT = 1.0
"""Exclusive bound of a gridded return in absolute value."""
WINDOW_LIMIT_BARS = 8192
"""Exclusive bound of a window of gridded returns: 2**13 terms below 1 at 2**-40 fill 53 bits."""
SQUARE_SUM_LIMIT = 128.0
"""Exclusive bound of a sum of gridded squares: 2**7 at 2**-46 fills 53 bits."""

RETURN_SCALE = float(2**RETURN_BITS)
RETURN_STEP = 1.0 / RETURN_SCALE
SQUARE_SCALE = float(2**SQUARE_BITS)
SQUARE_STEP = 1.0 / SQUARE_SCALE
VOLUME_SCALE = float(2**VOLUME_BITS)
VOLUME_STEP = 1.0 / VOLUME_SCALE


class GridRefused(ValueError):  # noqa: N818 - a refusal is an answer
    """A value or a window leaves the range in which sums on the grid are exact."""


def gridded(values: FloatArray, bits: int) -> FloatArray:
    """Nearest multiples of 2**-bits, ties to even. Same shape; NaN stays NaN."""
    scale = float(2**bits)
    result: FloatArray = np.rint(values * scale) / scale
    return result


def gridded_returns(close: FloatArray, close_prev: FloatArray) -> FloatArray:
    """Simple returns `close / close_prev - 1` on the 2**-40 grid (fractions, not percent)."""
    return gridded(close / close_prev - 1.0, RETURN_BITS)


def gridded_products(left: FloatArray, right: FloatArray) -> FloatArray:
    """Products of gridded returns on the 2**-46 grid, ready to be summed."""
    return gridded(left * right, SQUARE_BITS)


def exact_sum(returns: FloatArray) -> float:
    """Exact sum of gridded returns.

    Raises GridRefused when a value reaches 1 or the window reaches 8192 bars.
    """
    if returns.size >= WINDOW_LIMIT_BARS:
        raise GridRefused(f"a window of {returns.size} bars is not below {WINDOW_LIMIT_BARS}")
    if not bool(np.all(np.abs(returns) < RETURN_LIMIT)):
        raise GridRefused("a return is not below 1 in absolute value")
    return float(np.add.reduce(returns))


def exact_square_sum(squares: FloatArray) -> float:
    """Exact sum of gridded squares (each >= 0). Raises GridRefused when it reaches 2**7."""
    total = float(np.add.reduce(squares))
    # An inexact sum of non-negative terms cannot fall below the bound that it has passed.
    if not total < SQUARE_SUM_LIMIT:
        raise GridRefused(f"a sum of squares of {total} is not below {SQUARE_SUM_LIMIT}")
    return total
