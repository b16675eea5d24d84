"""Marks: top of book, age and flags of every symbol at one logical instant.

Where no book was ever seen, quotes stand half a spread off the last price, and depth is the last
bar's volume times its close. Age counts from the last confirmation (from the epoch when there was
none), and older than `stale_after_ns` is STALE.
"""

from __future__ import annotations

import functools

import numpy as np

from actors.market_data.bars import TORN_FLAGS
from actors.market_data.prices import confirmed_ts
from actors.market_data.state import FloatArray, MarketDataConfig, MarketDataState
from actors.messages.arrays import sealed, sealed_ints
from actors.messages.market import MarketFlag, MarkSlice

_SECOND_NS, _TWO = np.array(1e9), np.array(2.0)
_STALE = np.int32(int(MarketFlag.STALE))


@functools.cache
def _quote_factors(half_spread_ratio: float) -> FloatArray:
    """Bid, ask and last as multiples of the last price."""
    return np.array([[1.0 - half_spread_ratio], [1.0 + half_spread_ratio], [1.0]])


@functools.cache
def _blank(n: int, half_spread_ratio: float) -> FloatArray:
    """Columns of marks confirmed now, with the assumed spread; copied, never changed."""
    columns = np.zeros((6, n))
    columns[4] = 2.0 * half_spread_ratio
    columns.flags.writeable = False
    return columns


def marks(
    config: MarketDataConfig,
    state: MarketDataState,
    at: int,
    *,
    warm_up: bool = False,
    heartbeat: bool = False,
) -> MarkSlice:
    """The MarkSlice of logical time `at` (ns UTC); its arrays are new and read-only."""
    half = config.candle_half_spread_ratio
    columns = _blank(len(state.last), half).copy()
    np.multiply(state.last, _quote_factors(half), out=columns[:3])
    columns[5] = state.bar_depth
    if state.booked_symbols:
        _quote(state, columns)
    if state.unlisted:
        np.copyto(columns[4], np.nan, where=np.isnan(columns[0]))
    flags = state.faults
    if state.run_faults:
        flags = flags | np.int32(state.run_faults)
    if state.torn_symbols:
        flags = flags | TORN_FLAGS.take(state.torn)
    if state.all_confirmed_ts != at:
        age_ns = at - confirmed_ts(state)
        np.divide(age_ns, _SECOND_NS, out=columns[3])
        stale = age_ns > config.stale_after_ns
        if 1 in stale.tobytes():
            flags = np.where(stale, flags | _STALE, flags)
    return MarkSlice(at, sealed(columns.T.copy()), sealed_ints(flags), warm_up, heartbeat)


def _quote(state: MarketDataState, columns: FloatArray) -> None:
    """Replace assumed quotes by those of the books that were seen."""
    bid, ask, depth = state.book
    if state.booked_symbols == len(bid):
        columns[:2] = state.book[:2]
        columns[4] = (ask - bid) / ((ask + bid) / _TWO)
        columns[5] = depth
        return
    quoted = bid > 0.0
    np.copyto(columns[0], bid, where=quoted)
    np.copyto(columns[1], ask, where=quoted)
    np.copyto(columns[4], (ask - bid) / ((ask + bid) / _TWO), where=quoted)
    np.copyto(columns[5], depth, where=quoted)
