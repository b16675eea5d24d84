"""The curves that are drawn, thinned to at most 2,000 points each without losing an extreme."""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from actors.instant import SECOND_NS
from service.report.holding import Holding
from service.report.ratios import drawdowns
from service.report.track import F64, I64, Track

POINTS_MAX: Final = 2000
_DIGITS: Final = 6


class Curve(msgspec.Struct, frozen=True):
    """Points of one line: `times` in seconds UTC, `values` in the panel's unit."""

    times: tuple[int, ...] = ()
    values: tuple[float, ...] = ()


class Curves(msgspec.Struct, frozen=True):
    """Everything that is drawn. The grey curves lie before `cut`, all others after it.

    Equity is in the account's currency; drawdown and exposure are ratios. `cut` is seconds UTC, 0
    when nothing is grey.
    """

    cut: int
    equity_grey: Curve
    equity: Curve
    hold: Curve
    nothing: Curve
    drawdown: Curve
    hold_drawdown: Curve
    exposure_grey: Curve
    exposure: Curve


def curves_of(grey: Track, window: Track, held: Holding | None, cut_ns: int) -> Curves:
    """Thinned curves. Holding and doing nothing start at the window's first equity."""
    first = float(window.equity[0]) if len(window) else 0.0
    ends = window.hour_ts[[0, -1]] if len(window) else window.hour_ts
    return Curves(
        cut=cut_ns // SECOND_NS if len(grey) else 0,
        equity_grey=thin(grey.hour_ts, grey.equity),
        equity=thin(window.hour_ts, window.equity),
        hold=thin(window.hour_ts, held.growth * first) if held else Curve(),
        nothing=thin(ends, np.full(len(ends), first)),
        drawdown=thin(window.hour_ts, -drawdowns(window.equity)) if len(window) else Curve(),
        hold_drawdown=thin(window.hour_ts, -drawdowns(held.growth)) if held else Curve(),
        exposure_grey=thin(grey.hour_ts, grey.exposure),
        exposure=thin(window.hour_ts, window.exposure),
    )


def thin(hour_ts: I64, values: F64) -> Curve:
    """First, last, and the lowest and highest point of each of equal buckets, in time order."""
    count = len(values)
    chosen = np.arange(count)
    if count > POINTS_MAX:
        edges = np.linspace(0, count, POINTS_MAX // 2, dtype=np.int64)
        picks = {0, count - 1}
        for start, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            bucket = values[start:end]
            picks.update((start + int(bucket.argmin()), start + int(bucket.argmax())))
        chosen = np.array(sorted(picks))
    seconds = hour_ts[chosen] // SECOND_NS
    return Curve(tuple(seconds.tolist()), tuple(_short(v) for v in values[chosen].tolist()))


def _short(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}") + 0.0
