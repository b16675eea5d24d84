"""Room to compute one bar's features in: arrays and ready views of them, by number of symbols.

Nothing here is state and nothing of it leaves: every value is written before it is read, within
one update. It is borrowed and given back, so that two borrowers never meet in one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.features.catalogue import (
    FEATURE_NAMES,
    VOLATILITY_FLOOR,
    VOLUME_SPREAD_FLOOR,
    WINDOWS_BARS,
    valid_bars_min,
)
from models.features.grid import SQUARE_SCALE, SQUARE_STEP, VOLUME_SCALE, VOLUME_STEP

FloatArray = npt.NDArray[np.float64]

# Channels of a bar. First moments, second moments and counts are neighbours so that the return and
# the volume statistics come out of the same calls.
RETURN, VOLUME, RETURN_SQUARE, VOLUME_SQUARE, RETURN_VALID, BAR_VALID, PATH, UP = range(8)
CHANNELS = 8
_WINDOWS = len(WINDOWS_BARS)


class Workspace:
    """Making a view costs as much as half of the arithmetic on thirty symbols; these are made once.

    `table` is [F, n] in catalogue order; the names below are rows of it, or of the other arrays.
    """

    def __init__(self, n_symbols: int) -> None:
        n, windows = n_symbols, _WINDOWS
        self.columns = np.empty((5, n))
        self.bits = self.columns.view(np.uint64)
        self.extremes = self.columns[1:3]
        self.close = self.columns[3]
        self.volume = self.columns[4]
        self.entered = np.empty((CHANNELS, n))
        self.channels = tuple(self.entered)
        self.volume_and_square = self.entered[VOLUME : RETURN_SQUARE + 1]
        self.moving = np.empty((CHANNELS, windows, n))
        self.mean = np.empty((2, windows, n))
        self.spread = np.empty((2, windows, n))
        self.floored = np.empty((2, windows, n))
        self.divisors = np.empty((2, windows, n))
        self.scale, self.path = self.divisors
        self.row = np.empty((2, n))
        tops = np.empty((2, 2, n))
        self.tops_short, self.tops_long = tops
        self.highest, self.lowest_negated = tops[:, 0], tops[:, 1]
        self.width = np.empty((2, n))
        self._name_rows(n)
        # Written out in full: numpy takes twice as long where it has to stretch an operand.
        self.grid_up = _in_full([[VOLUME_SCALE], [SQUARE_SCALE]], (2, n))
        self.grid_down = _in_full([[VOLUME_STEP], [SQUARE_STEP]], (2, n))
        self.signs = _in_full([[1.0], [-1.0]], (2, n))
        self.needed = _in_full([[valid_bars_min(w)] for w in WINDOWS_BARS], (2, windows, n))
        self.floors = _in_full([[[VOLATILITY_FLOOR]], [[VOLUME_SPREAD_FLOOR]]], (2, windows, n))
        # Windows 24 and 168 are rows 2 and 4 of a channel.
        self.volume_mean = self.mean[1, 2::2]
        self.volume_floored = self.floored[1, 2::2]
        self.ratio_floored = self.floored[0, 3:5]

    def _name_rows(self, n: int) -> None:
        table = np.empty((len(FEATURE_NAMES), n))
        blocks = table[: 5 * _WINDOWS].reshape(5, _WINDOWS, n)
        self.table = table
        self.momentum_24 = blocks[0, 2]
        # Deviations of returns are a feature, those of volume lie for a moment in the row after it.
        self.deviations = blocks[1:3]
        self.momentum_twice = blocks[0:3:2]
        self.moved = blocks[3]
        self.per_divisor = blocks[2:4]
        self.up_share = blocks[4]
        self.volatility_short = blocks[1, 0:2]
        self.volatility_ratio = table[25:27]
        self.range_position = table[27:29]
        self.volume_z = table[29:31]
        self.whole_market = table[31:]
        self.breadth, self.hour, self.weekday = self.whole_market


def _in_full(values: npt.ArrayLike, shape: tuple[int, ...]) -> FloatArray:
    return np.broadcast_to(np.array(values, dtype=np.float64), shape).copy()


_FREE: dict[int, Workspace] = {}


def borrowed(n_symbols: int) -> Workspace:
    """A workspace that nobody else has until it is given back."""
    return _FREE.pop(n_symbols, None) or Workspace(n_symbols)


def give_back(workspace: Workspace) -> None:
    """The next borrower may have it."""
    _FREE[workspace.table.shape[1]] = workspace
