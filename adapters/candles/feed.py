"""Recorded candles as a feed: one CandleSlice per open time, received at the candle's close.

A slice holds the symbols that have a candle then, in index order; what is missing stays missing.
All slices are views of two sealed matrices built up front, so delivering one costs about a
microsecond.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from actors.dataset import Dataset
from actors.messages.arrays import sealed, sealed_ints
from actors.messages.market import CandleSlice
from actors.ports import FeedItem
from adapters.candles.series import CandleFileError, CandleSeries, joined

ALL_WARM_UP: Final = 2**63 - 1
"""As `warm_up_until_ts`: every slice is warm-up."""


class CandleFeed:
    """Candles of several symbols merged by open time. Implements the Feed port.

    symbols: the run's universe in index order; by default the series' symbols in given order.
    Slices that close at or before `warm_up_until_ts` are marked as warm-up. Raises CandleFileError
    for mixed intervals, a symbol outside the universe, or files of one symbol that contradict each
    other.
    """

    kind: str = "candles"
    datasets: tuple[Dataset, ...] = ()
    """The files, set by whoever read them."""

    def __init__(
        self,
        series: Sequence[CandleSeries],
        *,
        symbols: tuple[str, ...] = (),
        warm_up_until_ts: int = 0,
    ) -> None:
        self.symbols = symbols or tuple(dict.fromkeys(part.symbol for part in series))
        merged = _by_symbol(series, self.symbols)
        self.interval_ns = series[0].interval_ns
        self.duplicates = sum(part.duplicates for part in merged)
        self._warm_up_until_ts = warm_up_until_ts
        counts = [len(part.open_ts) for part in merged]
        places = np.repeat([self.symbols.index(part.symbol) for part in merged], counts)
        stamps = np.concatenate([part.open_ts for part in merged])
        # The parts come in index order, which a stable sort by time keeps.
        order = np.argsort(stamps, kind="stable")
        self._rows = sealed(np.concatenate([part.rows for part in merged])[order])
        self._places = sealed_ints(places[order])
        open_ts, starts = np.unique(stamps[order], return_index=True)
        self._open_ts = open_ts.tolist()
        self._bounds = [*starts.tolist(), len(order)]
        self._whole = sealed_ints(np.arange(len(self.symbols)))
        self.digest = self._digest()

    def __len__(self) -> int:
        return len(self._open_ts)

    @property
    def first_ts(self) -> int:
        """Open time (ns UTC) of the first candle."""
        return int(self._open_ts[0])

    @property
    def last_ts(self) -> int:
        """Close time (ns UTC) of the last candle."""
        return int(self._open_ts[-1]) + self.interval_ns

    def items(self, after: int = 0) -> Iterator[FeedItem]:
        """The slices that close after `after` (ns UTC), in order."""
        interval_ns, until_ts = self.interval_ns, self._warm_up_until_ts
        rows, places, whole, width = self._rows, self._places, self._whole, len(self.symbols)
        stamps, bounds = self._open_ts, self._bounds
        first = int(np.searchsorted(np.asarray(stamps), after - interval_ns, side="right"))
        for index in range(first, len(stamps)):
            start, end = bounds[index], bounds[index + 1]
            which = whole if end - start == width else places[start:end]
            open_ts = stamps[index]
            at = open_ts + interval_ns
            body = CandleSlice(open_ts, interval_ns, which, rows[start:end], at <= until_ts)
            yield FeedItem(at, body)

    def _digest(self) -> str:
        head = ("candles/1", *self.symbols, str(self.interval_ns), str(self._warm_up_until_ts))
        content = hashlib.sha256("\n".join(head).encode())
        content.update(np.asarray(self._open_ts, dtype="<i8").tobytes())
        content.update(np.asarray(self._bounds, dtype="<i8").tobytes())
        content.update(self._places.tobytes())
        content.update(self._rows.tobytes())
        return content.hexdigest()


def _by_symbol(series: Sequence[CandleSeries], symbols: tuple[str, ...]) -> list[CandleSeries]:
    if not series:
        raise CandleFileError("no candle file was given; name at least one")
    for part in series:
        if part.interval_ns != series[0].interval_ns:
            pair = f"{series[0].source} and {part.source}"
            raise CandleFileError(f"{pair} have different intervals; run them one at a time")
        if part.symbol not in symbols:
            what = f"{part.source} holds {part.symbol}, which is not in the universe"
            raise CandleFileError(f"{what}; leave it out or add the symbol")
    return [
        joined([part for part in series if part.symbol == symbol])
        for symbol in symbols
        if any(part.symbol == symbol for part in series)
    ]
