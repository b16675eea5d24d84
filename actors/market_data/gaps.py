"""Holes as records: what soundness, torn bars and closed bars already say, told when it changes.

A gap is told when it opens and when it closes. One that comes back within the hour (UTC) in which
it was told first is told once more, then held open: its return and its end wait for the hour's end,
and the closing says how often it came. So a symbol that flaps costs four records an hour and kind.
Age alone (a price nobody confirmed) is no gap: every mark tells it. Not here: what is a fault.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from actors.instant import HOUR_NS, floor_to
from actors.market_data.bars import MENDING, TORN
from actors.market_data.state import Gap, IntArray, MarketDataConfig, MarketDataState
from actors.messages.base import Message
from actors.messages.ingestion import GapClosed, GapOpened
from actors.messages.market import BarSlice, MarketFlag

LOST_TRADES: Final = "lost_trades"
MISSING_BAR: Final = "missing_bar"
BAR_STREAM: Final = "bar"
WHOLE_RUN: Final = -1
_LOST: Final = 1 << 16
"""Beside the flags: bars of the symbol miss trades."""
_KINDS: Final = (
    (int(MarketFlag.GAP), "gap"),
    (int(MarketFlag.STALE), "stale"),
    (int(MarketFlag.CROSSED), "crossed"),
    (int(MarketFlag.CHECKSUM), "checksum"),
    (int(MarketFlag.VENUE_STATUS), "venue_status"),
    (int(MarketFlag.CLOCK_SKEW), "clock_skew"),
    (_LOST, LOST_TRADES),
)
GAP_KINDS: Final = (*(kind for _, kind in _KINDS), MISSING_BAR)
_FLAGS: Final = np.int32(sum(bit for bit, _ in _KINDS) & ~_LOST)


class Cause(msgspec.Struct, frozen=True, gc=False):
    """What told of a change, of which stream, and the instant (ns UTC) that it speaks of.

    `mended_by` is what tells of a repair, where that is something else.
    """

    stream: str
    told_by: str
    ts: int
    mended_by: str = ""


def changed_gaps(
    config: MarketDataConfig, state: MarketDataState, cause: Cause, at: int
) -> list[Message]:
    """What has become unsound or sound again since this was last asked, by symbol and kind."""
    told: list[Message] = []
    before, after = state.run_holes, state.run_faults & int(_FLAGS)
    if before != after:
        state.run_holes = after
        told += _told(config, state, (WHOLE_RUN, before, after), cause, at)
    holes = _holes(state)
    seen = holes.tobytes()
    if seen == state.holes:
        return told
    known = np.frombuffer(state.holes or bytes(len(seen)), dtype=np.int32)
    state.holes = seen
    for place in np.flatnonzero(known != holes).tolist():
        change = (place, int(known[place]), int(holes[place]))
        told += _told(config, state, change, cause, at)
    return told


def _holes(state: MarketDataState) -> IntArray:
    holes = state.faults & _FLAGS
    if state.torn_symbols:
        lost = (state.torn == TORN) | (state.torn == MENDING)
        holes = holes | np.where(lost, np.int32(_LOST), np.int32(0))
    return holes


def missing_bars(
    config: MarketDataConfig, state: MarketDataState, effects: list[Message], at: int
) -> list[Message]:
    """Of the bars among `effects`: which symbols have none, and which have one again.

    A closed bar is also what makes a torn one whole.
    """
    told: list[Message] = []
    for bar in effects:
        if type(bar) is not BarSlice:
            continue
        absent = np.isnan(bar.rows[:, 0])
        seen = absent.tobytes()
        cause = Cause(BAR_STREAM, "bar_closed", bar.open_ts)
        if seen != (state.missing or bytes(len(seen))):
            known = np.frombuffer(state.missing or bytes(len(seen)), dtype=np.bool_)
            for place in np.flatnonzero(known != absent).tolist():
                turn = _opened if absent[place] else _closed
                told += turn(config, state, (place, MISSING_BAR), cause, at)
        state.missing = seen
        told += changed_gaps(config, state, cause, at)
    return told


def settled_gaps(config: MarketDataConfig, state: MarketDataState) -> list[Message]:
    """At a full hour: the gaps that were held open and are over; the hour begins anew for all."""
    told: list[Message] = []
    for key, gap in list(state.gaps.items()):
        if not gap.over:
            continue
        if not gap.told:
            told.append(_closing(config, gap))
        del state.gaps[key]
    return told


def _told(
    config: MarketDataConfig,
    state: MarketDataState,
    change: tuple[int, int, int],
    cause: Cause,
    at: int,
) -> list[Message]:
    told: list[Message] = []
    place, before, after = change
    for bit, kind in _KINDS:
        if (before ^ after) & bit:
            turn = _opened if after & bit else _closed
            told += turn(config, state, (place, kind), cause, at)
    return told


def _opened(
    config: MarketDataConfig,
    state: MarketDataState,
    what: tuple[int, str],
    cause: Cause,
    at: int,
) -> list[Message]:
    place, kind = what
    key = f"{place}:{kind}"
    told: list[Message] = []
    before = state.gaps.get(key)
    again = before is not None and _same_hour(before, at)
    if before is not None and not before.told:
        if again:
            before.over = False
            before.times += 1
            return told
        told.append(_closing(config, before))
    state.gaps_count += 1
    gap = Gap(
        number=state.gaps_count,
        stream=cause.stream,
        place=place,
        kind=kind,
        begins=max(0, min(cause.ts, at)),
        opened_at=at,
        held=again,
    )
    state.gaps[key] = gap
    symbol = _symbol(config, place)
    told.append(GapOpened(gap.number, gap.stream, place, symbol, kind, cause.told_by, gap.begins))
    return told


def _closed(
    config: MarketDataConfig,
    state: MarketDataState,
    what: tuple[int, str],
    cause: Cause,
    at: int,
) -> list[Message]:
    place, kind = what
    gap = state.gaps[f"{place}:{kind}"]
    gap.ends = max(min(cause.ts, at), gap.begins)
    gap.over = True
    gap.closed_by = cause.mended_by or cause.told_by
    if gap.held and _same_hour(gap, at):
        return []
    gap.told = True
    return [_closing(config, gap)]


def _same_hour(gap: Gap, at: int) -> bool:
    return floor_to(gap.opened_at, HOUR_NS) == floor_to(at, HOUR_NS)


def _closing(config: MarketDataConfig, gap: Gap) -> GapClosed:
    return GapClosed(
        number=gap.number,
        stream=gap.stream,
        place=gap.place,
        symbol=_symbol(config, gap.place),
        kind=gap.kind,
        told_by=gap.closed_by,
        begins=gap.begins,
        ends=gap.ends,
        times=gap.times,
    )


def _symbol(config: MarketDataConfig, place: int) -> str:
    return "" if place < 0 else config.symbols[place]
