"""One symbol's recorded trades, checked: sorted by time, positive, ids increasing if there are any.

Trades may share a time. A repeated id with the same trade is dropped and counted; anything else
that is wrong refuses the file with its name and row. Nothing here reads files.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


class TradeFileError(ValueError):
    """A trade file that cannot be used; the text is one sentence with the file and the row."""


@dataclass(frozen=True)
class TradeSeries:
    """Trades of one symbol, oldest first.

    `ts` is int64[n] ns UTC; prices and quantities are f64[n]; `bought` is the quantity of taker
    buys, half of the quantity where the file does not tell the side; `ids` is int64[n] or None.
    `id_gaps` counts places where ids jump: trades that the recording lost.
    """

    symbol: str
    ts: I64
    prices: F64
    quantities: F64
    bought: F64
    ids: I64 | None
    source: str
    duplicates: int = 0
    id_gaps: int = 0


def checked(series: TradeSeries, first_row: int) -> TradeSeries:
    """The series without repeats. Raises TradeFileError at the first row that is wrong."""
    if len(series.ts) == 0:
        raise TradeFileError(f"{series.source} holds no trades; name a file that does")
    _refuse(series, first_row, ~(series.ts > 0), "has no time")
    good = np.isfinite(series.prices) & (series.prices > 0.0)
    _refuse(series, first_row, ~good, "holds a price that is not positive")
    good = np.isfinite(series.quantities) & (series.quantities > 0.0)
    _refuse(series, first_row, ~good, "holds a quantity that is not positive")
    later = np.concatenate([[False], np.diff(series.ts) < 0])
    _refuse(series, first_row, later, "is older than the row before it")
    if series.ids is None:
        return series
    return _without_repeats(series, series.ids, first_row)


def _without_repeats(series: TradeSeries, ids: I64, first_row: int) -> TradeSeries:
    step = np.concatenate([[1], np.diff(ids)])
    _refuse(series, first_row, step < 0, "has a smaller trade id than the row before it")
    repeats = step == 0
    columns = np.column_stack([series.prices, series.quantities, series.bought, series.ts])
    differs = np.concatenate([[False], (columns[1:] != columns[:-1]).any(axis=1)]) & repeats
    _refuse(series, first_row, differs, "contradicts the row before it, which has the same id")
    keep = ~repeats
    return TradeSeries(
        symbol=series.symbol,
        ts=series.ts[keep],
        prices=series.prices[keep],
        quantities=series.quantities[keep],
        bought=series.bought[keep],
        ids=ids[keep],
        source=series.source,
        duplicates=int(np.count_nonzero(repeats)),
        id_gaps=int(np.count_nonzero(step > 1)),
    )


def _refuse(series: TradeSeries, first_row: int, wrong: NDArray[np.bool_], what: str) -> None:
    if wrong.any():
        row = first_row + int(np.argmax(wrong))
        raise TradeFileError(f"{series.source}, row {row}, {what}; repair or remove that row")
