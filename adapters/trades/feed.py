"""Recorded trades as a feed: one lossless TradeSlice for each second in which anything traded.

A slice is received at its newest trade, so it never crosses a bar boundary that whole seconds
divide. Sums run in the order of the trades, so they are equal on every machine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from actors.dataset import Dataset
from actors.instant import SECOND_NS
from actors.messages.arrays import sealed, sealed_ints
from actors.messages.market import TRADE_COLUMNS, TradeSlice
from actors.ports import FeedItem
from adapters.trades.series import F64, TradeFileError, TradeSeries

FORMAT: Final = "trades/2"


class TradeFeed:
    """Trades of several symbols, merged by second. Implements the Feed port.

    symbols: the run's universe in index order; by default the series' symbols in given order.
    Trade ids are passed on where every series has them. Raises TradeFileError.
    """

    kind: str = "trades"
    datasets: tuple[Dataset, ...] = ()
    """The files, set by whoever read them."""

    def __init__(
        self,
        series: Sequence[TradeSeries],
        *,
        symbols: tuple[str, ...] = (),
        slice_ns: int = SECOND_NS,
    ) -> None:
        if not series:
            raise TradeFileError("no trade file was given; name at least one")
        self.symbols = symbols or tuple(dict.fromkeys(part.symbol for part in series))
        named = [part.symbol for part in series]
        for part in series:
            if part.symbol not in self.symbols or named.count(part.symbol) > 1:
                what = f"{part.source} holds {part.symbol}, which is twice or not in the universe"
                raise TradeFileError(f"{what}; leave it out")
        self.trades = sum(len(part.ts) for part in series)
        self.duplicates = sum(part.duplicates for part in series)
        self.id_gaps = sum(part.id_gaps for part in series)
        self.first_ts = min(int(part.ts[0]) for part in series)
        self.last_ts = max(int(part.ts[-1]) for part in series)
        self._build(series, slice_ns)
        self.digest = self._digest(slice_ns)

    def items(self, after: int = 0) -> Iterator[FeedItem]:
        """The slices received after `after` (ns UTC), in order."""
        first = int(np.searchsorted(np.asarray(self._times), after, side="right"))
        for index in range(first, len(self._times)):
            start, end = self._bounds[index], self._bounds[index + 1]
            first_ids: tuple[int, ...] = ()
            last_ids: tuple[int, ...] = ()
            if self._ids is not None:
                first_ids = tuple(self._ids[0][start:end])
                last_ids = tuple(self._ids[1][start:end])
            at, places, rows = self._times[index], self._places[start:end], self._rows[start:end]
            body = TradeSlice(at, places, rows, first_ids, last_ids, self._oldest[index])
            yield FeedItem(at, body)

    def _build(self, series: Sequence[TradeSeries], slice_ns: int) -> None:
        """Aggregate every symbol by window, then order the rows by window and symbol."""
        parts = [_aggregated(part, slice_ns) for part in series]
        windows = np.concatenate([part[0] for part in parts])
        places = np.repeat(
            [self.symbols.index(part.symbol) for part in series], [len(part[0]) for part in parts]
        )
        order = np.lexsort((places, windows))
        self._rows = sealed(np.concatenate([part[1] for part in parts])[order])
        self._places = sealed_ints(places[order])
        oldest, newest = np.concatenate([part[2] for part in parts])[order].T
        _, starts = np.unique(windows[order], return_index=True)
        self._times: list[int] = np.maximum.reduceat(newest, starts).tolist()
        self._oldest: list[int] = np.minimum.reduceat(oldest, starts).tolist()
        self._bounds: list[int] = [*starts.tolist(), len(order)]
        self._ids: tuple[list[int], list[int]] | None = None
        if all(part.ids is not None for part in series):
            ids = np.concatenate([part[3] for part in parts])[order]
            self._ids = (ids[:, 0].tolist(), ids[:, 1].tolist())

    def _digest(self, slice_ns: int) -> str:
        content = hashlib.sha256("\n".join((FORMAT, str(slice_ns), *self.symbols)).encode())
        content.update(np.asarray(self._times, dtype="<i8").tobytes())
        content.update(np.asarray(self._oldest, dtype="<i8").tobytes())
        content.update(np.asarray(self._bounds, dtype="<i8").tobytes())
        content.update(self._places.tobytes())
        content.update(self._rows.tobytes())
        content.update(np.asarray(self._ids or (), dtype="<i8").tobytes())
        return content.hexdigest()


def _aggregated(
    series: TradeSeries, slice_ns: int
) -> tuple[NDArray[np.int64], F64, NDArray[np.int64], NDArray[np.int64]]:
    """Windows, rows f64[w, 8] in TRADE_COLUMNS order; of the first and last trade times and ids.

    Both are [w, 2].
    """
    windows, starts, group = np.unique(
        series.ts // slice_ns, return_index=True, return_inverse=True
    )
    ends = np.append(starts[1:], len(series.ts)) - 1
    rows = np.zeros((len(windows), len(TRADE_COLUMNS)))
    rows[:, 0] = series.prices[starts]
    rows[:, 1] = np.maximum.reduceat(series.prices, starts)
    rows[:, 2] = np.minimum.reduceat(series.prices, starts)
    rows[:, 3] = series.prices[ends]
    # add.at adds one by one in order; a reduction's order would be numpy's own business.
    np.add.at(rows[:, 4], group, series.quantities)
    np.add.at(rows[:, 5], group, series.quantities * series.prices)
    rows[:, 6] = ends - starts + 1
    np.add.at(rows[:, 7], group, series.bought)
    ids = np.zeros((len(windows), 2), dtype=np.int64)
    if series.ids is not None:
        ids = np.column_stack([series.ids[starts], series.ids[ends]])
    return windows, rows, np.column_stack([series.ts[starts], series.ts[ends]]), ids
