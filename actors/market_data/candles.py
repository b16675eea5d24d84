"""Recorded candles to bars. A feed gives one slice per open time, at the candle's close.

A candle as long as a bar is the bar; shorter ones are merged, and the bar closes when its last one
comes or, where that one is missing, when any later one does. A candle that is absent means that
nothing traded in it. One older than the newest is late; one given twice counts once.
"""

from __future__ import annotations

import numpy as np

from actors.instant import floor_to
from actors.market_data.bars import STARTED_INSIDE, closed_bar, closed_until, merged, tear
from actors.market_data.checks import Rows, checked_candles, symbol_rows
from actors.market_data.clockwork import beat
from actors.market_data.intake import CANDLES, take
from actors.market_data.marks import marks
from actors.market_data.prices import confirm, list_symbols
from actors.market_data.state import NEVER, FloatArray, MarketDataConfig, MarketDataState
from actors.messages.base import Message
from actors.messages.control import Note
from actors.messages.market import BarSlice, CandleSlice


def take_candles(
    config: MarketDataConfig, state: MarketDataState, message: CandleSlice, at: int
) -> list[Message]:
    """Merge one candle slice; emit what it closes. Raises ValueError on an impossible slice."""
    open_ts = message.open_ts
    index = symbol_rows("CandleSlice", message.symbols, len(config.symbols))
    columns = checked_candles(message.rows, len(message.symbols))
    step, interval = config.bar_interval_ns, message.interval_ns
    if interval <= 0 or step % interval or open_ts % interval:
        raise ValueError(f"CandleSlice: {interval} ns at {open_ts} does not divide the bars")
    if state.bar_open_ts == NEVER:
        state.bar_open_ts = floor_to(open_ts, step)
        if state.bar_open_ts < open_ts:
            tear(state, slice(None), STARTED_INSIDE)
    if open_ts < state.bar_open_ts or open_ts < state.candle_open_ts:
        state.late_candles += len(message.symbols)
        return [Note("warning", "late_candle", (("open_ts", str(open_ts)),))]
    effects: list[Message] = []
    if not message.warm_up:
        state.heard_at = at
        if config.heartbeat_ns:
            effects = beat(config, state, at)
    state.listening_since = NEVER
    if open_ts >= state.bar_open_ts + step:
        bars = closed_until(config, state, floor_to(open_ts, step), warm_up=message.warm_up)
        effects += [marks(config, state, at, warm_up=message.warm_up), *bars]
    index, columns = _unseen(state, open_ts, index, columns)
    if not columns.size:
        return [*effects, Note("warning", "repeated_candle", (("open_ts", str(open_ts)),))]
    take(state, CANDLES, index, open_ts)
    _take_prices(state, index, columns, min(open_ts + interval, at))
    if interval == step and index is None:
        bar = _whole_bar(config, state, message, columns)
    else:
        state.forming_symbols = merged(state.forming, state.forming_symbols, columns, index)
        if open_ts + interval < state.bar_open_ts + step:
            return effects
        bar = closed_bar(config, state, warm_up=message.warm_up)
    effects.append(marks(config, state, at, warm_up=message.warm_up))
    effects.append(bar)
    return effects


def _unseen(
    state: MarketDataState, open_ts: int, index: Rows, columns: FloatArray
) -> tuple[Rows, FloatArray]:
    """The columns of symbols that had no candle of this open time yet."""
    seen = state.candle_seen
    if open_ts > state.candle_open_ts:
        state.candle_open_ts = open_ts
        if index is not None:
            seen.fill(0)
    elif np.count_nonzero(seen):
        symbols = np.arange(len(seen)) if index is None else index
        fresh = seen[symbols] == 0
        index, columns = symbols[fresh], columns[:, fresh]
        state.late_candles += int(np.count_nonzero(~fresh))
    if index is None:
        seen.fill(1)
    else:
        seen[index] = 1
    return index, columns


def _take_prices(state: MarketDataState, index: Rows, columns: FloatArray, ts: int) -> None:
    list_symbols(state, index)
    if index is None:
        state.last[:] = columns[3]
    else:
        state.last[index] = columns[3]
    confirm(state, index, ts)


def _whole_bar(
    config: MarketDataConfig, state: MarketDataState, message: CandleSlice, columns: FloatArray
) -> BarSlice:
    """The candle slice is the closed bar of every symbol: its own sealed rows are passed on."""
    if state.torn_symbols or state.forming_symbols or message.rows.flags.writeable:
        state.forming_symbols = merged(state.forming, state.forming_symbols, columns, None)
        return closed_bar(config, state, warm_up=message.warm_up)
    np.multiply(columns[3], columns[4], out=state.bar_depth)
    close_ts = message.open_ts + config.bar_interval_ns
    state.bar_open_ts = close_ts
    return BarSlice(message.open_ts, close_ts, message.rows, message.warm_up)
