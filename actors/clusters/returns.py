"""Hourly returns of every symbol over a window, as whole numbers, so that every sum is exact.

A bar shorter than an hour only moves the close of its hour; a longer one is a step of its own. A
return needs the closes of two steps that follow each other: over a gap there is none.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from actors.instant import HOUR_NS, ceil_to
from actors.messages.arrays import F64, I32

MISSING: Final = -(2**31)
"""Where a symbol has no return."""
_GRID: Final = 1e6  # not money: a return is counted in millionths
_LIMIT: Final = 1e7  # not money: a price that grows elevenfold in an hour is no more than that


class Returns(msgspec.Struct):
    """What was sampled: `rows` (int32[H, N], millionths or MISSING) for the steps that end at
    `ends` (int64[H], ns UTC).

    `closes` (f64[N]) are of the last full step, which ended at `closed_end`; `latest` is the newest
    close in the step under way, which ends at `step_end`. Both ends are -1 where there is none.
    """

    symbols: tuple[str, ...]
    step_ns: int
    rows: np.ndarray
    ends: np.ndarray
    closes: np.ndarray
    latest: np.ndarray
    closed_end: int = -1
    step_end: int = -1


def no_returns(symbols: tuple[str, ...], bar_interval_ns: int) -> Returns:
    """Nothing sampled yet; a step is an hour, or a bar where that is longer."""
    count = len(symbols)
    return Returns(
        symbols,
        max(HOUR_NS, bar_interval_ns),
        np.zeros((0, count), dtype=np.int32),
        np.zeros(0, dtype=np.int64),
        np.full(count, np.nan),
        np.full(count, np.nan),
    )


def sample(state: Returns, close_ts: int, closes: F64, window_ns: int) -> bool:
    """Take the closes of one bar (NaN for a gap); whether a step became full by it.

    What ended a window or longer ago is forgotten.
    """
    end, full = ceil_to(close_ts, state.step_ns), False
    if 0 <= state.step_end < end:  # the bar that should have ended it never came
        _end_step(state, state.step_end)
        full = True
    known = np.isfinite(closes) & (closes > 0)
    state.latest = np.where(known, closes, state.latest)
    state.step_end = end
    if close_ts == end:
        _end_step(state, end)
        full = True
    if full:
        forget(state, window_ns)
    return full


def forget(state: Returns, window_ns: int) -> None:
    """Keep what ended within the window before the last full step."""
    kept = state.ends > state.closed_end - window_ns
    state.rows, state.ends = state.rows[kept], state.ends[kept]


def _end_step(state: Returns, end: int) -> None:
    if state.closed_end + state.step_ns == end:  # ends are multiples of a step, and -1 is none
        state.rows = np.vstack((state.rows, _returns(state.closes, state.latest)))
        state.ends = np.append(state.ends, np.int64(end))
    state.closes, state.closed_end = state.latest, end
    state.latest, state.step_end = np.full(len(state.symbols), np.nan), -1


def _returns(before: F64, after: F64) -> I32:
    grown = np.clip(np.rint((after / before - 1.0) * _GRID), -_LIMIT, _LIMIT)
    missing = np.isnan(grown)
    row: I32 = np.where(missing, 0.0, grown).astype(np.int32)
    row[missing] = MISSING
    return row
