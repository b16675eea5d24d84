"""Live trades to bars, by venue time: the forming bar, the one after it, or too late.

A slice is a lossless aggregate that the edge never makes across a bar boundary; its `ts` is the
venue time of its newest trade. Trade ids, where given, count each trade once and show lost ones.
Not here: prices (`prices`) and the boundary timer (`clockwork`).
"""

from __future__ import annotations

import numpy as np

from actors.market_data.bars import TORN, bar_columns, merged, tear
from actors.market_data.checks import checked_trades, symbol_rows
from actors.market_data.clockwork import listen
from actors.market_data.intake import TRADES, take
from actors.market_data.prices import BoolArray, IndexArray, list_symbols, take_trades
from actors.market_data.state import FloatArray, MarketDataConfig, MarketDataState
from actors.messages.base import Message
from actors.messages.control import Note
from actors.messages.market import TradeSlice


def take_trade_slice(
    config: MarketDataConfig, state: MarketDataState, message: TradeSlice, at: int
) -> tuple[list[Message], bool]:
    """Merge one trade slice; the flag tells whether trades were found to be missing.

    Raises ValueError on an impossible slice, also when it lies more than a bar in the future.
    """
    n = len(config.symbols)
    full = symbol_rows("TradeSlice", message.symbols, n)
    index: IndexArray = np.arange(n) if full is None else full
    columns = checked_trades(message.rows, len(index))
    interval, ts = config.bar_interval_ns, message.ts
    _check_ids(message, len(index))
    effects = listen(config, state, at)
    if ts >= state.bar_open_ts + 2 * interval:
        raise ValueError(f"TradeSlice.ts {ts} is more than a bar after the clock at {at}")
    if ts < state.bar_open_ts:
        state.late_trades += len(index)
        return [*effects, Note("warning", "late_trade", (("ts", str(ts)),))], False
    missed = False
    if message.first_trade_ids:
        counted, lost = _by_trade_id(state, message, index, columns[6])
        missed = bool(np.count_nonzero(lost))
        if missed:
            state.trade_gaps += int(np.count_nonzero(lost))
            tear(state, index[lost], TORN)
            named = ",".join(config.symbols[int(symbol)] for symbol in index[lost])
            effects.append(Note("warning", "lost_trades", (("symbols", named),)))
        state.repeated_trades += int(np.count_nonzero(~counted))
        index, columns = index[counted], columns[:, counted]
        if not len(index):
            return effects, missed
    list_symbols(state, index)
    take(state, TRADES, None if full is None and len(index) == n else index, ts)
    effects += take_trades(config, state, index, columns, min(ts, at))
    bars = bar_columns(columns)
    if ts < state.bar_open_ts + interval:
        state.forming_symbols = merged(state.forming, state.forming_symbols, bars, index)
    else:
        state.following_symbols = merged(state.following, state.following_symbols, bars, index)
    return effects, missed


def _check_ids(message: TradeSlice, count: int) -> None:
    first, last = message.first_trade_ids, message.last_trade_ids
    if len(first) != len(last) or len(first) not in {0, count}:
        raise ValueError("TradeSlice: trade ids must come for every row or for none")
    for low, high in zip(first, last, strict=True):
        if not 0 <= low <= high:
            raise ValueError(f"TradeSlice: trade ids {low} to {high} are no range")


def _by_trade_id(
    state: MarketDataState, message: TradeSlice, index: IndexArray, counts: FloatArray
) -> tuple[BoolArray, BoolArray]:
    """Which rows are new, and for which symbols trades are missing.

    Ids run by one for each symbol. A row that overlaps what was counted cannot be split: it is left
    out, and what is new in it is missing.
    """
    first = np.array(message.first_trade_ids, dtype=np.int64)
    last = np.array(message.last_trade_ids, dtype=np.int64)
    known = state.last_trade_id[index]
    counted = first > known
    lost = (known > 0) & ((first > known + 1) | (~counted & (last > known)))
    lost |= counted & (counts != last - first + 1)
    state.last_trade_id[index] = np.maximum(known, last)
    return np.asarray(counted), np.asarray(lost)
