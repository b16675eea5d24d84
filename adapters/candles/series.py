"""One symbol's recorded candles, checked: sorted, on the grid, positive, consistent, no conflicts.

A missing candle stays missing. Rows that repeat another exactly are dropped and counted; anything
else that is wrong refuses the file with its name and row. Nothing here reads files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


class CandleFileError(ValueError):
    """A candle file that cannot be used; the text is one sentence with the file and the row."""


@dataclass(frozen=True)
class CandleSeries:
    """Checked candles of one symbol.

    `open_ts` is int64[n] ns UTC, strictly increasing; `rows` is f64[n, 6] in BAR_COLUMNS order (the
    trade count is 0 where the file has none); `source` names the file for messages.
    """

    symbol: str
    interval_ns: int
    open_ts: I64
    rows: F64
    source: str
    duplicates: int = 0


@dataclass(frozen=True)
class RawCandles:
    """Rows as read: nothing checked yet. `first_row` is the file's number of the first data row."""

    source: str
    open_ts: I64
    rows: F64
    first_row: int = 1


def checked(raw: RawCandles, symbol: str, interval_ns: int) -> CandleSeries:
    """The series of `raw`. Raises CandleFileError at the first row that is wrong."""
    if len(raw.open_ts) == 0:
        raise CandleFileError(f"{raw.source} holds no candles; name a file that does")
    _refuse_values(raw)
    _refuse_times(raw, interval_ns)
    open_ts, rows, dropped = _without_repeats(raw)
    return CandleSeries(symbol, interval_ns, open_ts, rows, raw.source, dropped)


def joined(parts: Sequence[CandleSeries]) -> CandleSeries:
    """Files of one symbol and interval as one series; overlaps must agree row for row.

    Raises CandleFileError when two files tell the same candle differently.
    """
    if len(parts) == 1:
        return parts[0]
    source = " and ".join(part.source for part in parts)
    open_ts = np.concatenate([part.open_ts for part in parts])
    order = np.argsort(open_ts, kind="stable")
    rows = np.concatenate([part.rows for part in parts])[order]
    raw = RawCandles(source, open_ts[order], rows)
    merged_ts, merged, dropped = _without_repeats(raw)
    before = sum(part.duplicates for part in parts)
    return CandleSeries(
        parts[0].symbol, parts[0].interval_ns, merged_ts, merged, source, before + dropped
    )


def shift_to(parts: Sequence[CandleSeries], end_ts: int) -> list[CandleSeries]:
    """Move candles so that the last of them closes at or just before `end_ts` (a research option).

    All parts move by the same whole number of intervals, so they stay aligned with each other.
    """
    if not parts:
        return []
    interval_ns = parts[0].interval_ns
    last_close = max(int(part.open_ts[-1]) + interval_ns for part in parts)
    offset = (end_ts - last_close) // interval_ns * interval_ns
    return [
        CandleSeries(
            part.symbol,
            part.interval_ns,
            part.open_ts + offset,
            part.rows,
            part.source,
            part.duplicates,
        )
        for part in parts
    ]


def _refuse_values(raw: RawCandles) -> None:
    prices, low, high = raw.rows[:, :4], raw.rows[:, 2], raw.rows[:, 1]
    body_low = np.minimum(raw.rows[:, 0], raw.rows[:, 3])
    body_high = np.maximum(raw.rows[:, 0], raw.rows[:, 3])
    faults = (
        (~np.isfinite(raw.rows).all(axis=1), "holds a number that is not finite"),
        ((prices <= 0.0).any(axis=1), "holds a price that is not positive"),
        ((raw.rows[:, 4:] < 0.0).any(axis=1), "holds a negative volume or count"),
        (high < low, "has a high below its low"),
        ((body_low < low) | (body_high > high), "opens or closes outside its high and low"),
    )
    for wrong, what in faults:
        if wrong.any():
            raise _refusal(raw, int(np.argmax(wrong)), what)


def _refuse_times(raw: RawCandles, interval_ns: int) -> None:
    off = raw.open_ts % interval_ns != 0
    if off.any():
        seconds = interval_ns // 1_000_000_000
        raise _refusal(raw, int(np.argmax(off)), f"does not open on the grid of {seconds} s")
    backwards = np.diff(raw.open_ts) < 0
    if backwards.any():
        raise _refusal(raw, int(np.argmax(backwards)) + 1, "is older than the row before it")


def _without_repeats(raw: RawCandles) -> tuple[I64, F64, int]:
    repeats = np.diff(raw.open_ts) == 0
    if not repeats.any():
        return raw.open_ts, raw.rows, 0
    differs = (raw.rows[1:] != raw.rows[:-1]).any(axis=1) & repeats
    if differs.any():
        what = "contradicts the row before it, which has the same time"
        raise _refusal(raw, int(np.argmax(differs)) + 1, what)
    keep = np.concatenate([[True], ~repeats])
    return raw.open_ts[keep], raw.rows[keep], int(np.count_nonzero(repeats))


def _refusal(raw: RawCandles, index: int, what: str) -> CandleFileError:
    row = raw.first_row + index
    return CandleFileError(f"{raw.source}, row {row}, {what}; repair or remove that row")
