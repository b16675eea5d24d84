"""Prices that marks may use: the last trade, the best sound quotes, and when they were confirmed.

A print further than `outlier_ratio` from both the last price and the mid moves nothing until a
second print or a sound book lies near it; it is counted and noted once. Bars keep every trade as it
was made. A book that is crossed, or lacks a side, is not used. Not here: candles, which are taken.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from actors.market_data.checks import Rows
from actors.market_data.state import FloatArray, LongArray, MarketDataConfig, MarketDataState
from actors.messages.control import Note
from actors.messages.market import (
    ASK_PRICE,
    ASK_QUANTITY,
    BID_PRICE,
    BID_QUANTITY,
    BOOK_LEVELS,
    MarketFlag,
)

BoolArray = npt.NDArray[np.bool_]
IndexArray = npt.NDArray[np.intp]
_LISTED = np.int32(~int(MarketFlag.NOT_LISTED))


def list_symbols(state: MarketDataState, index: Rows) -> None:
    """These symbols have data: they are listed."""
    if state.unlisted:
        where = slice(None) if index is None else index
        state.faults[where] &= _LISTED
        state.unlisted = int(np.count_nonzero(state.faults & int(MarketFlag.NOT_LISTED)))


def confirm(state: MarketDataState, index: Rows, ts: int) -> None:
    """The prices of these symbols were right at `ts` (never moves back)."""
    if index is None:
        state.all_confirmed_ts = max(state.all_confirmed_ts, ts)
        return
    state.confirmed_ts[index] = np.maximum(state.confirmed_ts[index], ts)


def confirmed_ts(state: MarketDataState) -> LongArray:
    """[N] when each price was last confirmed (ns UTC), 0 for never."""
    return np.maximum(state.confirmed_ts, state.all_confirmed_ts)


def take_trades(
    config: MarketDataConfig, state: MarketDataState, index: IndexArray, trades: FloatArray, ts: int
) -> tuple[Note, ...]:
    """Move the last prices to the closes of trade aggregates (f64[8, n]), outliers held back."""
    close = trades[3]
    held = _outliers(config, state, index, trades)
    notes: tuple[Note, ...] = ()
    if np.count_nonzero(held):
        first = held & np.isnan(state.suspect[index])
        state.outliers += int(np.count_nonzero(held))
        notes = tuple(
            _outlier_note(config, state, int(symbol), float(price))
            for symbol, price in zip(index[first], close[first], strict=True)
        )
    state.suspect[index] = np.where(held, close, np.nan)
    moved = ~held
    state.last[index[moved]] = close[moved]
    # A quoted symbol is as old as its quotes: a trade does not vouch for a silent book.
    vouched = index[moved & np.isnan(state.book[0, index])]
    if len(vouched):
        confirm(state, vouched, ts)
    return notes


def _far(price: FloatArray, reference: FloatArray, ratio: float) -> BoolArray:
    """Whether a price lies further than `ratio` from a reference; far from an unknown one."""
    far: BoolArray = ~(np.abs(price - reference) <= ratio * reference)
    return far


def _outliers(
    config: MarketDataConfig, state: MarketDataState, index: IndexArray, trades: FloatArray
) -> BoolArray:
    ratio = config.outlier_ratio
    close, last = trades[3], state.last[index]
    mid = (state.book[0, index] + state.book[1, index]) / 2.0
    known = ~(np.isnan(last) & np.isnan(mid))
    off = known & _far(close, last, ratio) & _far(close, mid, ratio)
    if not np.count_nonzero(off):
        return np.asarray(off)
    second = ~_far(close, state.suspect[index], ratio)
    # Two prints of one aggregate confirm each other when the first is as far off as the last.
    pair = (trades[6] >= 2.0) & ~_far(trades[0], close, ratio)
    return np.asarray(off & ~second & ~pair)


def _outlier_note(
    config: MarketDataConfig, state: MarketDataState, symbol: int, price: float
) -> Note:
    fields = (
        ("symbol", config.symbols[symbol]),
        ("price", repr(price)),
        ("last", repr(float(state.last[symbol]))),
    )
    return Note("warning", "outlier_print", fields)


def sound_books(levels: FloatArray) -> BoolArray:
    """Which books have both sides and a bid below the ask."""
    bid, ask = levels[:, BID_PRICE], levels[:, ASK_PRICE]
    quantities = (levels[:, BID_QUANTITY] > 0.0) & (levels[:, ASK_QUANTITY] > 0.0)
    return np.asarray((bid > 0.0) & (bid < ask) & quantities)


def take_books(
    config: MarketDataConfig, state: MarketDataState, index: IndexArray, levels: FloatArray
) -> None:
    """Adopt sound books (f64[n, 40]): quotes, the thinner side's depth, and what they confirm."""
    blocks = levels.reshape(len(levels), 4, BOOK_LEVELS)
    value = blocks[:, 0::2] * blocks[:, 1::2]
    absent = np.isnan(value)
    if 1 in absent.tobytes():
        value[absent] = 0.0
    # accumulate adds strictly in level order, so the sum has the same bits everywhere.
    depth = np.add.accumulate(value, axis=2)[:, :, -1]
    bid, ask = levels[:, BID_PRICE], levels[:, ASK_PRICE]
    state.book[0, index] = bid
    state.book[1, index] = ask
    state.book[2, index] = np.minimum(depth[:, 0], depth[:, 1])
    state.booked_symbols = (state.book[0] > 0.0).tobytes().count(1)
    mid = (bid + ask) / 2.0
    suspect, last = state.suspect[index], state.last[index]
    agrees = ~_far(suspect, mid, config.outlier_ratio)
    last = np.where(agrees, suspect, last)
    state.last[index] = np.where(np.isnan(last), mid, last)
    state.suspect[index] = np.where(agrees, np.nan, suspect)
