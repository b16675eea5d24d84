"""What waits for the pump, bounded: when it is too slow, books and trades are conflated further.

Of each symbol the newest book stays, and those that were passed over are told as a gap; trades of
one bar are added up and none is lost. Whatever else waits (reports, the clock) is never dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from actors.instant import HOUR_NS
from actors.messages.arrays import sealed, sealed_ints
from actors.messages.market import BookSlice, FeedEvent, FeedStatus, TradeSlice
from actors.ports import FeedItem
from adapters.kraken.stream import BOOK, TRADE

CAPACITY: Final = 256
"""Items; at two a window of half a second, more than a minute."""
_VOIDS_BOOKS: Final = frozenset({FeedEvent.GAP, FeedEvent.CHECKSUM, FeedEvent.CROSSED})
_OPEN, _HIGH, _LOW, _CLOSE = range(4)


class _Traded(msgspec.Struct):
    """The trades of one symbol in one bar."""

    row: np.ndarray
    first_id: int
    last_id: int
    first_ts: int
    ts: int
    at: int


class Backlog:
    """A bounded line of items, in order of `at`."""

    def __init__(self, *, capacity: int = CAPACITY, bar_ns: int = HOUR_NS) -> None:
        assert capacity > 0
        self.conflated_books = 0
        self.conflations = 0
        self.high_water = 0
        self.newest_at = 0
        """When the last item that was put was received (ns UTC); 0 before any."""
        self._capacity = capacity
        self._bar_ns = bar_ns
        self._items: list[FeedItem] = []
        self._came = asyncio.Event()

    def __len__(self) -> int:
        return len(self._items)

    def put(self, items: Sequence[FeedItem]) -> None:
        """Append items; conflate when there is no room."""
        if not items:
            return
        self._items += items
        self.newest_at = items[-1].at
        self.high_water = max(self.high_water, len(self._items))
        if len(self._items) > self._capacity:
            self._conflate()
        self._came.set()

    def nudge(self) -> None:
        """Wake whoever waits here: something came by another way."""
        self._came.set()

    def take(self, most: int) -> list[FeedItem]:
        """Up to `most` items in order; empty when none waits."""
        taken, self._items = self._items[:most], self._items[most:]
        if not self._items:
            self._came.clear()
        return taken

    async def wait(self, seconds: float) -> bool:
        """Whether something waits, after that time at the latest."""
        try:
            async with asyncio.timeout(seconds):
                await self._came.wait()
        except TimeoutError:
            return False
        return True

    def _conflate(self) -> None:
        self.conflations += 1
        kept: list[FeedItem] = []
        told: dict[tuple[str, FeedEvent, int], FeedItem] = {}
        books = _Books()
        trades: dict[tuple[int, int], _Traded] = {}
        for item in self._items:
            match item.body:
                case BookSlice():
                    books.add(item.at, item.body)
                case TradeSlice():
                    _add_trades(trades, item.at, item.body, self._bar_ns)
                case FeedStatus():
                    key = (item.body.stream, item.body.event, item.body.symbol)
                    told.pop(key, None)
                    told[key] = item
                    if item.body.event in _VOIDS_BOOKS and item.body.stream == BOOK:
                        books.void(item.body.symbol)
                case _:
                    kept.append(item)
        self.conflated_books += books.passed_over
        slices = _trade_items(trades)
        most = max(1, self._capacity // 2)  # not money: items
        if len(slices) > most:
            slices = _newest_bars(slices, most)
        found = [*kept, *told.values(), *slices]
        found.sort(key=lambda item: item.at)
        # The books last: nothing that was told before them is younger.
        self._items = found + books.items(found[-1].at if found else 0)


class _Books:
    """The newest book of each symbol, and which ones were passed over for it."""

    def __init__(self) -> None:
        self.passed_over = 0
        self._rows: dict[int, tuple[int, np.ndarray]] = {}
        self._skipped: dict[int, int] = {}
        self._at = 0

    def add(self, at: int, body: BookSlice) -> None:
        self._at = max(self._at, at)
        first = body.first_ts or body.ts
        for place, row in zip(body.symbols.tolist(), body.levels, strict=True):
            before = self._rows.get(place)
            if before is not None:
                self.passed_over += 1
                self._skipped.setdefault(place, before[0])
            self._rows[place] = (first, row)

    def void(self, symbol: int) -> None:
        """The books before this moment cannot be used; -1 is all of them."""
        for place in tuple(self._rows) if symbol < 0 else (symbol,):
            self._rows.pop(place, None)

    def items(self, least_at: int) -> list[FeedItem]:
        """The gaps, then the books that mend them."""
        at = max(self._at, least_at)
        found = [
            FeedItem(at, FeedStatus(ts, BOOK, FeedEvent.GAP, place, "the consumer was slow"))
            for place, ts in sorted(self._skipped.items())
            if place in self._rows
        ]
        if self._rows:
            places = sorted(self._rows)
            stamps = [self._rows[place][0] for place in places]
            levels = np.array([self._rows[place][1] for place in places], dtype=np.float64)
            body = BookSlice(max(stamps), sealed_ints(places), sealed(levels), min(stamps))
            found.append(FeedItem(at, body))
        return found


def _add_trades(
    trades: dict[tuple[int, int], _Traded], at: int, body: TradeSlice, bar_ns: int
) -> None:
    bar = body.ts // bar_ns  # not money: bars
    first_ts = body.first_ts or body.ts
    ids = zip(body.first_trade_ids, body.last_trade_ids, strict=True)
    for place, row, (first_id, last_id) in zip(body.symbols.tolist(), body.rows, ids, strict=True):
        known = trades.get((bar, place))
        if known is None:
            trades[bar, place] = _Traded(row.copy(), first_id, last_id, first_ts, body.ts, at)
            continue
        summed = known.row + row
        summed[_OPEN], summed[_CLOSE] = known.row[_OPEN], row[_CLOSE]
        summed[_HIGH] = max(known.row[_HIGH], row[_HIGH])
        summed[_LOW] = min(known.row[_LOW], row[_LOW])
        known.row, known.last_id, known.at = summed, last_id, max(known.at, at)
        known.first_ts, known.ts = min(known.first_ts, first_ts), max(known.ts, body.ts)


def _trade_items(trades: dict[tuple[int, int], _Traded]) -> list[FeedItem]:
    """One slice a bar."""
    found: list[FeedItem] = []
    for bar in sorted({bar for bar, _ in trades}):
        places = sorted(place for known, place in trades if known == bar)
        rows = [trades[bar, place] for place in places]
        body = TradeSlice(
            ts=max(each.ts for each in rows),
            symbols=sealed_ints(places),
            rows=sealed(np.array([each.row for each in rows], dtype=np.float64)),
            first_trade_ids=tuple(each.first_id for each in rows),
            last_trade_ids=tuple(each.last_id for each in rows),
            first_ts=min(each.first_ts for each in rows),
        )
        found.append(FeedItem(max(each.at for each in rows), body))
    return found


def _newest_bars(slices: list[FeedItem], most: int) -> list[FeedItem]:
    """Even whole bars are too many: the oldest are let go, and everybody hears it."""
    dropped, kept = slices[:-most], slices[-most:]
    at = dropped[-1].at
    detail = f"{len(dropped)} bars of trades were let go"
    return [FeedItem(at, FeedStatus(at, TRADE, FeedEvent.GAP, -1, detail)), *kept]
