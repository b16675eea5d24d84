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
    PATH_FLOOR,
    RANGE_FLOOR,
    RANGE_WINDOWS_BARS,
    RETURN_BOUND,
    VOLUME_BOUND,
    WARM_UP_BARS,
    WINDOWS_BARS,
)
from models.features.grid import RETURN_SCALE, RETURN_STEP
from models.features.portable import ln_trusted
from models.features.workspace import (
    CHANNELS,
    PATH,
    RETURN,
    RETURN_SQUARE,
    RETURN_VALID,
    UP,
    VOLUME,
    Workspace,
    borrowed,
    give_back,
)

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_LONGEST = max(WINDOWS_BARS)
_RANGE_SHORT = min(RANGE_WINDOWS_BARS)
_WINDOWS = len(WINDOWS_BARS)
_HOUR_NS = 3_600_000_000_000

# Row p: the ring rows that leave each window when row p is about to be written.
_LEAVING = np.array(
    [[(p - w) % _LONGEST for w in WINDOWS_BARS] for p in range(_LONGEST)], dtype=np.intp
)
# Row p: the row that was just written, once for each window.
_ENTERING = np.repeat(np.arange(_LONGEST), _WINDOWS).reshape(_LONGEST, _WINDOWS)
_WARM_AT = np.array([w + 1 for w in WINDOWS_BARS], dtype=np.float64).reshape(-1, 1)

# A Python float costs numpy a conversion a call; a 0-d array does not.
_ZERO, _ONE = np.array(0.0), np.array(1.0)
_RETURN_UP, _RETURN_DOWN = np.array(RETURN_SCALE), np.array(RETURN_STEP)
_RETURN_BOUND = np.array(RETURN_BOUND)
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
        ring=np.zeros((CHANNELS, _LONGEST, n_symbols)),
        sums=np.zeros((CHANNELS, _WINDOWS, n_symbols)),
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
    work = borrowed(n)
    columns = work.columns
    columns[:] = bars.T
    work.volume += _ONE
    usable = (work.bits - _BITS_ONE) < _BITS_BOUND
    valid: BoolArray | None = None
    if 0 in usable.tobytes():  # a fifth of what counting them costs
        valid = np.logical_and.reduce(usable, axis=0)
        columns[:4, ~valid] = np.nan
        columns[4, ~valid] = 1.0
    _take_in(state, work, valid)
    features = _features(state, close_ts_ns, work, valid)
    give_back(work)
    return features


def _take_in(state: FeatureState, work: Workspace, valid: BoolArray | None) -> None:
    """Move every window by the entering bar; `valid` is None when it is there for all symbols."""
    _fill_channels(state.close_prev, work, valid)
    state.close_prev = work.close.copy()
    position = state.bars_seen % _LONGEST
    state.bars_seen += 1
    ring, sums = state.ring, state.sums
    # "clip" only skips the search for a wrong index. The row that leaves the longest window is the
    # one that is written. Adding a repeated row costs half of adding one row five times.
    moving = work.moving
    ring.take(_LEAVING[position], 1, moving, "clip")
    sums -= moving
    ring[:, position] = work.entered
    ring.take(_ENTERING[position], 1, moving, "clip")
    sums += moving


def _fill_channels(close_prev: FloatArray, work: Workspace, valid: BoolArray | None) -> None:
    """The channels of the entering bar."""
    returns, volume, squares, volume_squares, bounded, there, path, up = work.channels
    np.divide(work.close, close_prev, returns)
    returns -= _ONE
    returns *= _RETURN_UP
    np.rint(returns, returns)
    returns *= _RETURN_DOWN
    np.abs(returns, path)
    within = path < _RETURN_BOUND
    bounded[:] = within
    if 0 in within.tobytes():
        np.copyto(returns, _ZERO, where=~within)
        np.copyto(path, _ZERO, where=~within)
    np.heaviside(returns, _ZERO, up)
    np.multiply(returns, returns, squares)
    volume[:] = ln_trusted(work.volume)
    gridded = work.volume_and_square
    gridded *= work.grid_up
    np.rint(gridded, gridded)
    gridded *= work.grid_down
    np.multiply(volume, volume, volume_squares)
    if valid is None:
        there.fill(1.0)
    else:
        there[:] = valid


def _features(
    state: FeatureState, close_ts_ns: int, work: Workspace, valid: BoolArray | None
) -> FloatArray:
    """All columns from the sums; laid out [F, n] while computing, returned [n, F]."""
    sums = state.sums
    momentum, counts = sums[RETURN], sums[RETURN_VALID:PATH]
    enough = counts >= work.needed
    if valid is not None:
        enough &= valid
    if state.bars_seen < WARM_UP_BARS:
        enough &= state.bars_seen >= _WARM_AT
    all_warm = 0 not in enough.tobytes()
    if not all_warm:
        counts = np.where(enough, counts, np.nan)
        momentum = np.where(enough[0], momentum, np.nan)
    # Returns and volume in the same calls: first moments, second moments, deviations.
    mean = np.divide(sums[:RETURN_SQUARE], counts, work.mean)
    spread = np.divide(sums[RETURN_SQUARE:RETURN_VALID], counts, work.spread)
    spread -= np.multiply(mean, mean, work.divisors)
    np.maximum(spread, _ZERO, out=spread)
    np.sqrt(spread, work.deviations)
    floored = np.maximum(work.deviations, work.floors, out=work.floored)
    work.momentum_twice[:] = momentum
    scale = np.sqrt(counts[0], work.scale)
    scale *= floored[0]
    np.abs(momentum, work.moved)
    np.maximum(sums[PATH], _PATH_FLOOR, out=work.path)
    work.per_divisor /= work.divisors
    np.divide(sums[UP], counts[0], work.up_share)
    np.divide(work.volatility_short, work.ratio_floored, work.volatility_ratio)
    _range_position(state, work, valid)
    np.subtract(work.channels[VOLUME], work.volume_mean, work.volume_z)
    work.volume_z /= work.volume_floored
    _whole_market(close_ts_ns, work, enough[0, 2].tobytes().count(1))
    if not all_warm:
        work.range_position[~enough[1, 2::2]] = np.nan
    if valid is not None:
        work.whole_market[:, ~valid] = np.nan
    return work.table.T.copy()


def _whole_market(close_ts_ns: int, work: Workspace, warm: int) -> None:
    """What all symbols share. Breadth: how many of the warm ones have a rising 24-bar momentum."""
    rising = (work.momentum_24 > _ZERO).tobytes().count(1)
    work.breadth.fill(rising / warm if warm else np.nan)
    hours = close_ts_ns // _HOUR_NS
    work.hour.fill(hours % 24)
    work.weekday.fill((hours // 24 + 3) % 7)


def _range_position(state: FeatureState, work: Workspace, valid: BoolArray | None) -> None:
    """(highest high - close) / (highest high - lowest low) over 24 and 168 bars: 0 = at the top."""
    row = np.multiply(work.extremes, work.signs, work.row)
    if valid is not None:
        row[:, ~valid] = -np.inf
    last = state.bars_seen - 1
    _rolling_top(state.extremes_short, state.extremes_short_top, last, row, work.tops_short)
    _rolling_top(state.extremes, state.extremes_top, last, row, work.tops_long)
    width = np.add(work.highest, work.lowest_negated, work.width)
    np.maximum(width, _RANGE_FLOOR, out=width)
    np.subtract(work.highest, work.close, work.range_position)
    work.range_position /= width


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
