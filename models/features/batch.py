"""Features of a whole history as plain definitions: `streaming` must equal them bit for bit.

Independent on purpose: window sums are differences of 64-bit integer cumulative sums (exact modulo
2**64, so exact where the true sum fits) and extremes are taken over each window from scratch.
Training uses this. Not here: anything incremental.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.features.catalogue import (
    BREADTH_WINDOW_BARS,
    FEATURE_NAMES,
    PATH_FLOOR,
    RANGE_FLOOR,
    RANGE_WINDOWS_BARS,
    RATIO_WINDOWS_BARS,
    RETURN_BOUND,
    VOLATILITY_FLOOR,
    VOLUME_BOUND,
    VOLUME_SPREAD_FLOOR,
    VOLUME_WINDOWS_BARS,
    WINDOWS_BARS,
    valid_bars_min,
)
from models.features.grid import (
    RETURN_BITS,
    SQUARE_BITS,
    VOLUME_BITS,
    gridded,
    gridded_products,
    gridded_returns,
)
from models.features.portable import ln

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def features(close_ts_ns: IntArray, bars: FloatArray) -> FloatArray:
    """Features of every bar and symbol.

    close_ts_ns: int64 [T], one base step apart, gaps included as rows.
    bars: float64 [T, n, 5] (open, high, low, close, volume; a NaN row is a missing bar).
    Returns float64 [T, n, F] in the order of FEATURE_NAMES; row t uses bars up to t only.
    """
    assert bars.shape[2:] == (5,), "bars must be [T, n, 5]"
    assert close_ts_ns.shape == bars.shape[:1], "one close time a row of bars"
    length, n, _ = bars.shape
    result = np.empty((length, n, len(FEATURE_NAMES)))
    for symbol in range(n):
        columns = _symbol_columns(bars[:, symbol])
        for index, name in enumerate(FEATURE_NAMES):
            result[:, symbol, index] = columns.get(name, np.nan)
    missing = ~_valid(bars)
    _add_calendar(close_ts_ns, result, missing)
    _add_breadth(result, missing)
    return result


def _valid(bars: FloatArray) -> npt.NDArray[np.bool_]:
    prices, volume = bars[..., :4], bars[..., 4]
    priced = np.all((prices >= 2.0**-1074) & (prices < VOLUME_BOUND), axis=-1)
    traded = (volume + 1.0 > 0.0) & (volume + 1.0 < VOLUME_BOUND)
    return np.asarray(priced & traded)


def _symbol_columns(bars: FloatArray) -> dict[str, FloatArray]:
    """Every column of one symbol that needs nothing but its own bars [T, 5]."""
    valid = _valid(bars)
    close = np.where(valid, bars[:, 3], np.nan)
    returns = np.full(len(close), np.nan)
    returns[1:] = gridded_returns(close[1:], close[:-1])
    usable = np.abs(returns) < RETURN_BOUND
    returns = np.where(usable, returns, 0.0)
    volume = gridded(ln(np.where(valid, bars[:, 4], 0.0) + 1.0), VOLUME_BITS)
    columns: dict[str, FloatArray] = {}
    for window in WINDOWS_BARS:
        count = _warm_count(usable, valid, window)
        total = _window_sum(returns, RETURN_BITS, window)
        squares = _window_sum(gridded_products(returns, returns), SQUARE_BITS, window)
        path = _window_sum(np.abs(returns), RETURN_BITS, window)
        ups = _window_sum((returns > 0.0).astype(np.float64), 0, window)
        mean = total / count
        volatility = np.sqrt(np.maximum(squares / count - mean * mean, 0.0))
        momentum = np.where(np.isnan(count), np.nan, total)
        scale = np.maximum(volatility, VOLATILITY_FLOOR) * np.sqrt(count)
        columns[f"momentum_{window}"] = momentum
        columns[f"volatility_{window}"] = volatility
        columns[f"z_momentum_{window}"] = momentum / scale
        columns[f"efficiency_{window}"] = np.abs(momentum) / np.maximum(path, PATH_FLOOR)
        columns[f"up_share_{window}"] = ups / count
    for short, long in RATIO_WINDOWS_BARS:
        floored = np.maximum(columns[f"volatility_{long}"], VOLATILITY_FLOOR)
        columns[f"volatility_ratio_{short}_{long}"] = columns[f"volatility_{short}"] / floored
    for window in RANGE_WINDOWS_BARS:
        columns[f"range_position_{window}"] = _range_position(bars, valid, window)
    for window in VOLUME_WINDOWS_BARS:
        count = _warm_count(valid, valid, window)
        mean = _window_sum(volume, VOLUME_BITS, window) / count
        second = _window_sum(volume * volume, 2 * VOLUME_BITS, window) / count
        spread = np.sqrt(np.maximum(second - mean * mean, 0.0))
        columns[f"volume_z_{window}"] = (volume - mean) / np.maximum(spread, VOLUME_SPREAD_FLOOR)
    return columns


def _warm_count(
    usable: npt.NDArray[np.bool_], valid: npt.NDArray[np.bool_], window: int
) -> FloatArray:
    """Usable bars of each window; NaN before warm-up, under three quarters, or on a missing bar."""
    count = _window_sum(usable.astype(np.float64), 0, window)
    warm = (np.arange(len(usable)) >= window) & (count >= valid_bars_min(window)) & valid
    return np.where(warm, count, np.nan)


def _window_sum(values: FloatArray, bits: int, window: int) -> FloatArray:
    """Exact sums of the last `window` values, all multiples of 2**-bits; shorter at the start."""
    steps = (values * float(2**bits)).astype(np.int64)
    running = np.cumsum(steps)
    running[window:] = running[window:] - np.cumsum(steps)[:-window]
    result: FloatArray = running.astype(np.float64) / float(2**bits)
    return result


def _range_position(bars: FloatArray, valid: npt.NDArray[np.bool_], window: int) -> FloatArray:
    pad = np.full(window - 1, -np.inf)
    high = np.concatenate([pad, np.where(valid, bars[:, 1], -np.inf)])
    low = np.concatenate([-pad, np.where(valid, bars[:, 2], np.inf)])
    view = np.lib.stride_tricks.sliding_window_view
    top, bottom = view(high, window).max(axis=1), view(low, window).min(axis=1)
    warm = ~np.isnan(_warm_count(valid, valid, window))
    result = np.full(len(bars), np.nan)
    width = np.maximum(top[warm] - bottom[warm], RANGE_FLOOR)
    result[warm] = (top[warm] - bars[warm, 3]) / width
    return result


def _add_calendar(
    close_ts_ns: IntArray, result: FloatArray, missing: npt.NDArray[np.bool_]
) -> None:
    hours = close_ts_ns // 3_600_000_000_000
    for name, values in (("hour", hours % 24), ("weekday", (hours // 24 + 3) % 7)):
        spread = np.broadcast_to(values[:, np.newaxis].astype(np.float64), missing.shape)
        result[:, :, FEATURE_NAMES.index(name)] = np.where(missing, np.nan, spread)


def _add_breadth(result: FloatArray, missing: npt.NDArray[np.bool_]) -> None:
    momentum = result[:, :, FEATURE_NAMES.index(f"momentum_{BREADTH_WINDOW_BARS}")]
    warm = np.count_nonzero(~np.isnan(momentum), axis=1)
    rising = np.count_nonzero(momentum > 0.0, axis=1)
    share = np.where(warm > 0, rising / np.maximum(warm, 1), np.nan)
    column = np.where(missing, np.nan, share[:, np.newaxis])
    result[:, :, FEATURE_NAMES.index("breadth_24")] = column
