"""How far each stream has come: counted at every slice, told at every full hour and at a start.

The hour's timer is armed by whatever is heard and rests in a silence, so an hour without anything
costs nothing. Warm-up candles count, but arm nothing. A start tells what the account had taken
before it; so every slice stands in one watermark, and none moves back.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from actors.instant import HOUR_NS, floor_to
from actors.market_data.checks import Rows
from actors.market_data.gaps import settled_gaps
from actors.market_data.state import HOUR_TIMER, MarketDataConfig, MarketDataState, Taken
from actors.messages.arrays import any_set
from actors.messages.base import Message
from actors.messages.control import SetTimer
from actors.messages.ingestion import Watermark

TRADES: Final = "trade"
BOOKS: Final = "book"
CANDLES: Final = "candle"


def take(state: MarketDataState, stream: str, index: Rows, ts: int) -> None:
    """A slice of instant `ts` told these symbols; None is all of them."""
    taken = state.taken.get(stream)
    if taken is None:
        n = len(state.last)
        taken = Taken(np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64))
        state.taken[stream] = taken
    if index is None:
        taken.whole_slices += 1
        taken.whole_ts = max(taken.whole_ts, ts)
        return
    taken.slices[index] += 1
    taken.newest_ts[index] = np.maximum(taken.newest_ts[index], ts)


def hour_awaited(state: MarketDataState, at: int) -> tuple[Message, ...]:
    """Arm the hour's timer, if it rests."""
    if state.hour_due:
        return ()
    state.hour_due = floor_to(at, HOUR_NS) + HOUR_NS
    return (SetTimer(HOUR_TIMER, state.hour_due),)


def hour_told(config: MarketDataConfig, state: MarketDataState) -> list[Message]:
    """The hour's timer fired: how far every stream has come, and the gaps that were held open."""
    due, state.hour_due = state.hour_due, 0
    return [*watermarks(state, due, resumed=False), *settled_gaps(config, state)]


def watermarks(state: MarketDataState, ts: int, *, resumed: bool) -> list[Message]:
    """One of every stream that ever told anything; counting begins anew."""
    told: list[Message] = []
    for stream, taken in state.taken.items():
        newest = np.maximum(taken.newest_ts, taken.whole_ts)
        slices = taken.slices + taken.whole_slices
        known = stream == TRADES and any_set(state.last_trade_id)
        ids = tuple(state.last_trade_id.tolist()) if known else ()
        counts = tuple(slices.tolist())
        told.append(Watermark(ts, stream, resumed, tuple(newest.tolist()), counts, ids))
        taken.slices.fill(0)
        taken.whole_slices = 0
    return told
