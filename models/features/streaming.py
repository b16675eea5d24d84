"""Features one closed bar at a time, for all symbols at once, in constant time and memory.

Every window sum is kept by adding the bar that enters and subtracting the one that leaves: exact on
the grid, so it never drifts and equals a sum from scratch bit for bit. The count of numpy calls is
the cost, so channels, windows and symbols travel in one array. Readable formulas are in `batch`.
"""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from models.features.catalogue import (
    FEATURE_NAMES,
    PATH_FLOOR,
    RANGE_FLOOR,
    RANGE_WINDOWS_BARS,
    RETURN_BOUND,
    VOLATILITY_FLOOR,
    VOLUME_BOUND,
    VOLUME_SPREAD_FLOOR,
    WARM_UP_BARS,
    WINDOWS_BARS,
    valid_bars_min,
)
from models.features.grid import (
    RETURN_SCALE,
    RETURN_STEP,
    SQUARE_SCALE,
    SQUARE_STEP,
    VOLUME_SCALE,
    VOLUME_STEP,
)
from models.features.portable import ln_trusted

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

# Channels of a bar. First moments, second moments and counts are neighbours so that the return and
# the volume statistics come out of the same calls.
_RETURN, _VOLUME, _RETURN_SQUARE, _VOLUME_SQUARE, _RETURN_VALID, _BAR_VALID, _PATH, _UP = range(8)
_CHANNELS = 8
_LONGEST = max(WINDOWS_BARS)
_RANGE_SHORT = min(RANGE_WINDOWS_BARS)
_WINDOWS = len(WINDOWS_BARS)
_FEATURES = len(FEATURE_NAMES)
_HOUR_NS = 3_600_000_000_000

# Row p: the ring rows that leave each window when row p is about to be written.
_LEAVING = np.array(
    [[(p - w) % _LONGEST for w in WINDOWS_BARS] for p in range(_LONGEST)], dtype=np.intp
)
_NEEDED = np.array([valid_bars_min(w) for w in WINDOWS_BARS], dtype=np.float64).reshape(-1, 1)
_WARM_AT = np.array([w + 1 for w in WINDOWS_BARS], dtype=np.float64).reshape(-1, 1)

# A Python float costs numpy a conversion a call; a 0-d array does not.
_ZERO, _ONE = np.array(0.0), np.array(1.0)
_RETURN_UP, _RETURN_DOWN = np.array(RETURN_SCALE), np.array(RETURN_STEP)
_SQUARE_UP, _SQUARE_DOWN = np.array(SQUARE_SCALE), np.array(SQUARE_STEP)
_VOLUME_UP, _VOLUME_DOWN = np.array(VOLUME_SCALE), np.array(VOLUME_STEP)
_RETURN_BOUND = np.array(RETURN_BOUND)
_VOLATILITY_FLOOR = np.array(VOLATILITY_FLOOR)
_VOLUME_SPREAD_FLOOR = np.array(VOLUME_SPREAD_FLOOR)
_PATH_FLOOR, _RANGE_FLOOR = np.array(PATH_FLOOR), np.array(RANGE_FLOOR)
# Positive floats order like their bits, and zero minus one, a sign bit, NaN and infinity all lie
# above: one unsigned comparison refuses every kind of unusable number.
_BITS_ONE = np.array(1, dtype=np.uint64)
_BITS_BOUND = np.array(VOLUME_BOUND).view(np.uint64) - _BITS_ONE


class FeatureState(msgspec.Struct):
    """Rings and running sums of n symbols, in the fixed order of the rows given to `update`.

    Everything mutable of the feature path; copy it with `copied`. Arrays are float64 and
    C-contiguous.
    """

    n_symbols: int
    bars_seen: int
    """Bars given so far, missing ones included."""
    close_prev: FloatArray
    """[n] closes of the last bar in quote units; NaN where that bar was missing."""
    ring: FloatArray
    """[8, 168, n] channels of the last 168 bars; row `bars_seen % 168` is the oldest."""
    sums: FloatArray
    """[8, 5, n] exact window sums of the channels."""
    extremes: FloatArray
    """[168, 2, n] highs and negated lows (-inf when missing) for `_rolling_top`."""
    extremes_top: FloatArray
    """[2, n] their maximum since the ring's row 0."""
    extremes_short: FloatArray
    """[24, 2, n] the same for the shorter range window."""
    extremes_short_top: FloatArray
    """[2, n]"""


def new_state(n_symbols: int) -> FeatureState:
    """An empty state: nothing is warm, no bar was seen."""
    assert n_symbols > 0, "a feature state needs at least one symbol"
    return FeatureState(
        n_symbols=n_symbols,
        bars_seen=0,
        close_prev=np.full(n_symbols, np.nan),
        ring=np.zeros((_CHANNELS, _LONGEST, n_symbols)),
        sums=np.zeros((_CHANNELS, _WINDOWS, n_symbols)),
        extremes=np.full((_LONGEST, 2, n_symbols), -np.inf),
        extremes_top=np.full((2, n_symbols), -np.inf),
        extremes_short=np.full((_RANGE_SHORT, 2, n_symbols), -np.inf),
        extremes_short_top=np.full((2, n_symbols), -np.inf),
    )


def copied(state: FeatureState) -> FeatureState:
    """A state that shares no memory with the given one (about 420 kB for 30 symbols)."""
    return FeatureState(
        n_symbols=state.n_symbols,
        bars_seen=state.bars_seen,
        close_prev=state.close_prev.copy(),
        ring=state.ring.copy(),
        sums=state.sums.copy(),
        extremes=state.extremes.copy(),
        extremes_top=state.extremes_top.copy(),
        extremes_short=state.extremes_short.copy(),
        extremes_short_top=state.extremes_short_top.copy(),
    )


def update(state: FeatureState, close_ts_ns: int, bars: FloatArray) -> FloatArray:
    """Take one closed bar of every symbol and return its features.

    close_ts_ns: UTC nanoseconds of the bar's end (hour and weekday come from it).
    bars: float64 [n, 5], columns open, high, low, close, volume; a NaN row is a missing bar. A gap
    is one call a missing bar, never a jump.
    Returns a new C-contiguous float64 [n, F]; NaN where the window is not warm or holds under 3/4
    valid bars, and a whole NaN row where the bar itself is missing.
    """
    n = state.n_symbols
    assert bars.shape == (n, 5), "bars must be [n_symbols, 5]"
    columns = bars.T.copy()
    columns[4] += _ONE
    usable = (columns.view(np.uint64) - _BITS_ONE) < _BITS_BOUND
    valid: BoolArray | None = None
    if np.count_nonzero(usable) != 5 * n:
        valid = np.logical_and.reduce(usable, axis=0)
        columns[:4, ~valid] = np.nan
        columns[4, ~valid] = 1.0
    entered = np.empty((_CHANNELS, n))
    _take_in(columns, state.close_prev, valid, entered)
    position = state.bars_seen % _LONGEST
    sums = state.sums
    np.subtract(sums, state.ring.take(_LEAVING[position], axis=1), out=sums)
    np.add(sums, entered[:, np.newaxis], out=sums)
    state.ring[:, position] = entered
    state.close_prev = columns[3]
    state.bars_seen += 1
    return _features(state, close_ts_ns, columns, entered, valid)


def _take_in(
    columns: FloatArray, close_prev: FloatArray, valid: BoolArray | None, entered: FloatArray
) -> None:
    """Fill the channels of the entering bar; `valid` is None when every bar is."""
    returns = entered[_RETURN]
    np.divide(columns[3], close_prev, out=returns)
    returns -= _ONE
    returns *= _RETURN_UP
    np.rint(returns, out=returns)
    returns *= _RETURN_DOWN
    path = np.abs(returns, out=entered[_PATH])
    bounded = path < _RETURN_BOUND
    entered[_RETURN_VALID] = bounded
    if np.count_nonzero(bounded) != bounded.size:
        np.copyto(returns, _ZERO, where=~bounded)
        np.copyto(path, _ZERO, where=~bounded)
    entered[_UP] = returns > _ZERO
    squares = np.multiply(returns, returns, out=entered[_RETURN_SQUARE])
    squares *= _SQUARE_UP
    np.rint(squares, out=squares)
    squares *= _SQUARE_DOWN
    volume = np.multiply(ln_trusted(columns[4]), _VOLUME_UP, out=entered[_VOLUME])
    np.rint(volume, out=volume)
    volume *= _VOLUME_DOWN
    np.multiply(volume, volume, out=entered[_VOLUME_SQUARE])
    entered[_BAR_VALID] = _ONE if valid is None else valid


def _features(
    state: FeatureState,
    close_ts_ns: int,
    columns: FloatArray,
    entered: FloatArray,
    valid: BoolArray | None,
) -> FloatArray:
    """All columns from the sums; laid out [F, n] while computing, returned [n, F]."""
    sums = state.sums
    table = np.empty((_FEATURES, state.n_symbols))
    block = table[: 5 * _WINDOWS].reshape(5, _WINDOWS, state.n_symbols)
    momentum, volatility = block[0], block[1]
    momentum[:] = sums[_RETURN]
    counts = sums[_RETURN_VALID:_PATH]
    enough = counts >= _NEEDED
    if valid is not None:
        enough &= valid
    if state.bars_seen < WARM_UP_BARS:
        enough &= state.bars_seen >= _WARM_AT
    all_warm = np.count_nonzero(enough) == enough.size
    if not all_warm:
        counts = np.where(enough, counts, np.nan)
        momentum[~enough[0]] = np.nan
    mean = sums[_RETURN:_RETURN_SQUARE] / counts
    spread = sums[_RETURN_SQUARE:_RETURN_VALID] / counts
    spread -= mean * mean
    np.maximum(spread, _ZERO, out=spread)
    np.sqrt(spread[0], out=volatility)
    floored = np.maximum(volatility, _VOLATILITY_FLOOR)
    np.divide(momentum, floored * np.sqrt(counts[0]), out=block[2])
    np.divide(np.abs(momentum), np.maximum(sums[_PATH], _PATH_FLOOR), out=block[3])
    np.divide(sums[_UP], counts[0], out=block[4])
    np.divide(volatility[0:2], floored[3:5], out=table[25:27])
    _range_position(state, columns, valid, table[27:29])
    # Windows 24 and 168 are rows 2 and 4.
    floored = np.maximum(np.sqrt(spread[1, 2::2]), _VOLUME_SPREAD_FLOOR)
    np.divide(entered[_VOLUME] - mean[1, 2::2], floored, out=table[29:31])
    # Breadth: the share of the warm symbols whose 24-bar momentum is positive.
    rising = np.count_nonzero(momentum[2] > _ZERO)
    warm = np.count_nonzero(enough[0, 2])
    table[31] = rising / warm if warm else np.nan
    hours = close_ts_ns // _HOUR_NS
    table[32] = hours % 24
    table[33] = (hours // 24 + 3) % 7
    if not all_warm:
        table[27:29][~enough[1, 2::2]] = np.nan
    if valid is not None:
        table[31:, ~valid] = np.nan
    return table.T.copy()


def _range_position(
    state: FeatureState, columns: FloatArray, valid: BoolArray | None, out: FloatArray
) -> None:
    """(highest high - close) / (highest high - lowest low) over 24 and 168 bars: 0 = at the top."""
    row = columns[1:3].copy()
    np.negative(row[1], out=row[1])
    if valid is not None:
        row[:, ~valid] = -np.inf
    tops = np.empty((2, 2, state.n_symbols))
    last = state.bars_seen - 1
    _rolling_top(state.extremes_short, state.extremes_short_top, last, row, tops[:, 0])
    _rolling_top(state.extremes, state.extremes_top, last, row, tops[:, 1])
    width = np.add(tops[0], tops[1], out=tops[1])
    np.maximum(width, _RANGE_FLOOR, out=width)
    np.subtract(tops[0], columns[3], out=out)
    out /= width


def _rolling_top(
    ring: FloatArray, top: FloatArray, bar: int, row: FloatArray, out: FloatArray
) -> None:
    """Maximum of the last len(ring) rows in three small calls (van Herk 1992, Gil and Werman 1993).

    Rows up to the current one are raw; rows after it hold, since the last turn, the maximum from
    there to the end of that turn. `top` is the maximum of the raw ones. At the end of a turn the
    ring is folded.
    """
    position = bar % len(ring)
    ring[position] = row
    if position + 1 < len(ring):
        np.maximum(top, row, out=top)
        np.maximum(top, ring[position + 1], out=out)
        return
    np.maximum(top, row, out=out)
    np.maximum.accumulate(ring[::-1], axis=0, out=ring[::-1])
    top.fill(-np.inf)
