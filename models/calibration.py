"""From a model's raw margin to what a decision may use: three curves over the same knots.

P(up) is the probability that the price is higher at the exit, no cost taken off; the expected move
is the mean gross return until then. They are fitted apart: neither follows from the other. Knots
and straight lines, not a sigmoid: exp differs between CPUs, a line does not. Outside the knots the
curves stay flat, so nothing is claimed beyond what the calibration data showed.
Not here: how knots are fitted (training).
"""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

MICROS = 1_000_000
MISSING = -(2**31)
"""In every prediction column of a row whose features are not all known."""


class Curve(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Knots: strictly increasing margins and, at each, three integers in millionths."""

    margin: tuple[float, ...]
    p_micros: tuple[int, ...]
    """P(up); never falls as the margin rises."""
    expected_move_micros: tuple[int, ...]
    """Expected gross return, signed; never falls as the margin rises."""
    uncertainty_micros: tuple[int, ...]
    """Half-width of the 90 % interval of P(up)."""

    def fault(self) -> str:
        """Why the curve cannot be used, or an empty string."""
        columns = (self.p_micros, self.expected_move_micros, self.uncertainty_micros)
        if not self.margin or any(len(column) != len(self.margin) for column in columns):
            return "its columns have unlike lengths"
        if not np.all(np.isfinite(self.margin)) or np.any(np.diff(self.margin) <= 0.0):
            return "its margins do not increase"
        if not all(0 <= value <= MICROS for value in self.p_micros):
            return "a probability lies outside 0 to 1"
        if any(abs(value) > 100 * MICROS for column in columns for value in column):
            return "a value is absurdly large"
        if any(np.any(np.diff(column) < 0) for column in columns[:2]):
            return "a higher margin promises less"
        return ""

    def arrays(self) -> tuple[FloatArray, tuple[FloatArray, ...]]:
        """Margins and the three columns as float64, for `np.interp`."""
        columns = (self.p_micros, self.expected_move_micros, self.uncertainty_micros)
        return np.array(self.margin), tuple(np.array(c, dtype=np.float64) for c in columns)
