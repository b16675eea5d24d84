"""The candles a run saw, by symbol: closes and opens for the holding curve, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from actors.messages.market import BAR_COLUMNS, CandleSlice
from actors.ports import Feed
from service.report.report import DataRow
from service.report.track import F64, I64
from service.report.wording import instant

_OPEN, _CLOSE = BAR_COLUMNS.index("open"), BAR_COLUMNS.index("close")


class Candles(Feed, Protocol):
    """A feed whose items are CandleSlices of one interval."""

    @property
    def interval_ns(self) -> int:
        """Nanoseconds of one candle."""


@dataclass(frozen=True)
class PricePath:
    """One symbol's candles in order: `open_ts` int64 ns UTC, open and close in quote currency."""

    symbol: str
    interval_ns: int
    open_ts: I64
    opens: F64
    closes: F64


def price_paths(feed: Candles, *, before_ts: int) -> tuple[PricePath, ...]:
    """The candles that opened before `before_ts` (ns UTC), for every symbol of the feed."""
    slices = [item.body for item in feed.items() if isinstance(item.body, CandleSlice)]
    slices = [body for body in slices if body.open_ts < before_ts]
    counts = [len(body.symbols) for body in slices]
    stamps = np.repeat(np.array([body.open_ts for body in slices], dtype=np.int64), counts)
    places = np.concatenate([body.symbols for body in slices]) if slices else np.empty(0)
    rows = np.concatenate([body.rows for body in slices]) if slices else np.empty((0, 6))
    found = []
    for index, symbol in enumerate(feed.symbols):
        mine = places == index
        found.append(
            PricePath(symbol, feed.interval_ns, stamps[mine], rows[mine, _OPEN], rows[mine, _CLOSE])
        )
    return tuple(found)


def data_rows(paths: Sequence[PricePath]) -> tuple[DataRow, ...]:
    """What each symbol's candles cover, and how many are missing between their ends."""
    found = []
    for path in paths:
        bars = len(path.open_ts)
        if bars == 0:
            found.append(DataRow(path.symbol, "", "", 0, 0))
            continue
        first, last = int(path.open_ts[0]), int(path.open_ts[-1])
        wanted = (last - first) // path.interval_ns + 1
        found.append(
            DataRow(
                path.symbol,
                instant(first),
                instant(last + path.interval_ns),
                bars,
                wanted - bars,
            )
        )
    return tuple(found)
