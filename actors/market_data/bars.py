"""The bar rules. A bar covers [open_ts, open_ts + interval), aligned to multiples of the interval.

An interval without a trade is a NaN row, never a filled one. A trade belongs to the bar of its
venue time; one whose bar has closed is late: counted, noted, never merged. A bar that may miss
trades (started, lost or reactivated inside it) is torn and closes as a NaN row.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from actors.market_data.checks import Rows
from actors.market_data.state import FloatArray, MarketDataConfig, MarketDataState
from actors.messages.arrays import sealed
from actors.messages.market import BarSlice, MarketFlag
from models.features.catalogue import WARM_UP_BARS

# Values of `torn`: whole; whole again but GAP shows until a full bar closes; torn with GAP shown;
# torn because listening began inside the bar, which is no fault of the feed.
WHOLE, MENDING, TORN, STARTED_INSIDE = range(4)
_AFTER_CLOSE = np.array([WHOLE, WHOLE, MENDING, WHOLE], dtype=np.uint8)
TORN_FLAGS = np.array([0, int(MarketFlag.GAP), int(MarketFlag.GAP), 0], dtype=np.int32)
_BAR_FROM_TRADE = np.array([0, 1, 2, 3, 4, 6])


def bar_columns(trades: FloatArray) -> FloatArray:
    """The bar columns of trade aggregates: f64[8, n] to f64[6, n]."""
    return trades.take(_BAR_FROM_TRADE, axis=0)


def merged(target: FloatArray, present: int, columns: FloatArray, index: Rows) -> int:
    """Merge later `columns` into `target` in place; return how many symbols now hold data."""
    n: int = target.shape[1]
    if index is None:
        if present == 0:
            target[:] = columns
            return n
        if present == n:
            _merge_all(target, columns)
            return n
        index = np.arange(n)
    if present == 0:
        target[:, index] = columns
        return len(index)
    before = target[:, index]
    empty = np.isnan(before[0])
    after = columns.copy()
    np.copyto(after[0], before[0], where=~empty)
    np.fmax(after[1], before[1], out=after[1])
    np.fmin(after[2], before[2], out=after[2])
    np.add(after[4:], before[4:], out=after[4:], where=~empty)
    target[:, index] = after
    return present + int(empty.sum())


def _merge_all(target: FloatArray, columns: FloatArray) -> None:
    high, low = target[1], target[2]
    np.fmax(high, columns[1], out=high)
    np.fmin(low, columns[2], out=low)
    target[3] = columns[3]
    sums = target[4:]
    np.add(sums, columns[4:], out=sums)


def tear(state: MarketDataState, where: npt.NDArray[np.intp] | slice, kind: int) -> None:
    """Mark forming bars as torn; a feed's fault is never softened to a late start."""
    before = state.torn[where]
    worst = (before == TORN) | (before == MENDING)
    state.torn[where] = np.where(worst, TORN, kind)
    state.torn_symbols = int(np.count_nonzero(state.torn))


def drop_forming(state: MarketDataState) -> None:
    """Forget the forming bar of every symbol and flag GAP until a full bar has closed."""
    state.forming.fill(np.nan)
    state.following.fill(np.nan)
    state.forming_symbols = state.following_symbols = 0
    tear(state, slice(None), TORN)


def closed_bar(config: MarketDataConfig, state: MarketDataState, *, warm_up: bool) -> BarSlice:
    """Close the forming bar, complete or not, and open the one after it."""
    columns = state.forming
    present = state.forming_symbols
    if state.torn_symbols:
        columns[:, (state.torn == TORN) | (state.torn == STARTED_INSIDE)] = np.nan
        present = int(np.count_nonzero(columns[0] > 0.0))
        mend(state)
    open_ts = state.bar_open_ts
    close_ts = open_ts + config.bar_interval_ns
    np.multiply(columns[3], columns[4], out=state.bar_depth)
    if present != len(state.bar_depth):
        np.copyto(state.bar_depth, 0.0, where=np.isnan(state.bar_depth))
    bar = BarSlice(open_ts, close_ts, sealed(columns.T.copy()), warm_up)
    state.bar_open_ts = close_ts
    state.forming, state.following = state.following, columns
    state.forming_symbols, state.following_symbols = state.following_symbols, 0
    columns.fill(np.nan)
    return bar


def mend(state: MarketDataState) -> None:
    """One bar has closed: what was torn starts to mend, what was mending is whole."""
    state.torn = _AFTER_CLOSE.take(state.torn)
    state.torn_symbols = int(np.count_nonzero(state.torn))


def closed_until(
    config: MarketDataConfig, state: MarketDataState, target_open_ts: int, *, warm_up: bool
) -> list[BarSlice]:
    """Close every bar that opens before `target_open_ts`; empty ones are explicit NaN bars.

    After a silence longer than WARM_UP_BARS only that many empty bars are made: no feature looks
    back further.
    """
    step = config.bar_interval_ns
    closed: list[BarSlice] = []
    while state.bar_open_ts < target_open_ts:
        earliest = target_open_ts - WARM_UP_BARS * step
        if state.forming_symbols == 0 and state.bar_open_ts < earliest:
            state.bar_open_ts = earliest
        closed.append(closed_bar(config, state, warm_up=warm_up))
    return closed
