"""Which fault sets which flag, and what repairs it. An unsound symbol may not be entered.

Data faults (GAP, STALE, CROSSED, CHECKSUM) are kept per symbol and repaired by RESYNCED or by a
sound book that is not older. Venue states are repaired by ONLINE of the same scope: the system
coming back does not lift what the venue said of one symbol. An offset of 0 repairs our clock.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from actors.market_data.bars import TORN, tear
from actors.market_data.prices import BoolArray, IndexArray
from actors.market_data.state import MarketDataState
from actors.messages.market import FeedEvent, FeedStatus, MarketFlag

_DATA: Final = MarketFlag.GAP | MarketFlag.STALE | MarketFlag.CROSSED | MarketFlag.CHECKSUM
_SETS: Final[dict[FeedEvent, MarketFlag]] = {
    FeedEvent.GAP: MarketFlag.GAP,
    FeedEvent.STALE: MarketFlag.STALE,
    FeedEvent.CROSSED: MarketFlag.CROSSED,
    FeedEvent.CHECKSUM: MarketFlag.CHECKSUM,
    FeedEvent.CORRUPT: MarketFlag.CHECKSUM,
    FeedEvent.MAINTENANCE: MarketFlag.VENUE_STATUS,
    FeedEvent.CANCEL_ONLY: MarketFlag.VENUE_STATUS,
    FeedEvent.POST_ONLY: MarketFlag.VENUE_STATUS,
    FeedEvent.LIMIT_ONLY: MarketFlag.VENUE_STATUS,
    FeedEvent.REDUCE_ONLY: MarketFlag.VENUE_STATUS,
    FeedEvent.NOT_LISTED: MarketFlag.VENUE_STATUS,
}
_CLEARS: Final[dict[FeedEvent, MarketFlag]] = {
    FeedEvent.ONLINE: MarketFlag.VENUE_STATUS | MarketFlag.STALE,
    FeedEvent.RESYNCED: _DATA,
}
_LOSES_TRADES: Final = frozenset({FeedEvent.GAP, FeedEvent.CORRUPT})
# Streams that carry no trades; a hole in any other one may have swallowed some.
_WITHOUT_TRADES: Final = frozenset({"book", "instrument", "status"})


def take_status(state: MarketDataState, message: FeedStatus) -> bool:
    """Apply a feed's news; True when the soundness of any symbol changed.

    Raises ValueError when it names a symbol outside the run.
    """
    n = len(state.faults)
    if not -1 <= message.symbol < n:
        raise ValueError(f"FeedStatus.symbol {message.symbol} is outside -1..{n - 1}")
    everyone = message.symbol < 0
    where = slice(None) if everyone else slice(message.symbol, message.symbol + 1)
    before = (state.faults.tobytes(), state.run_faults, state.torn.tobytes())
    sets, clears = int(_SETS.get(message.event, 0)), int(_CLEARS.get(message.event, 0))
    venue = int(MarketFlag.VENUE_STATUS)
    if everyone:
        state.run_faults = (state.run_faults | (sets & venue)) & ~(clears & venue)
        sets, clears = sets & ~venue, clears & ~venue
    state.faults[where] |= np.int32(sets)
    state.faults[where] &= np.int32(~clears)
    if sets:
        state.fault_ts[where] = message.ts
    if message.event in _LOSES_TRADES and message.stream not in _WITHOUT_TRADES:
        tear(state, where, TORN)
    return before != (state.faults.tobytes(), state.run_faults, state.torn.tobytes())


def take_clock_skew(state: MarketDataState, offset_ns: int) -> bool:
    """Our clock is off (or right again, 0); True when that is news."""
    before = state.run_faults
    skew = int(MarketFlag.CLOCK_SKEW)
    state.run_faults = before | skew if offset_ns else before & ~skew
    return state.run_faults != before


def judge_books(state: MarketDataState, index: IndexArray, sound: BoolArray, ts: int) -> bool:
    """Flag unsound books, repair what sound ones prove; True when soundness changed."""
    before = state.faults[index]
    unsound = np.int32(int(MarketFlag.CROSSED))
    repaired = np.int32(~int(_DATA))
    fresh = sound & (state.fault_ts[index] <= ts)
    after = np.where(fresh, before & repaired, before)
    after = np.where(sound, after, before | unsound)
    state.faults[index] = after
    state.fault_ts[index[~sound]] = ts
    return bool(np.count_nonzero(after != before))
