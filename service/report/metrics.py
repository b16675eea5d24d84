"""The metrics of a window, put together: the result, nothing and holding on the same hours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np

from actors.messages.ledger import PortfolioHour
from actors.money import ZERO
from service.report.holding import Holding, hold
from service.report.prices import PricePath
from service.report.ratios import (
    comparison,
    days_between,
    max_drawdown,
    net_return,
    years_of,
)
from service.report.report import Comparison, Counts, Metrics, YearRow
from service.report.track import F64, HOURS_MIN, Track
from service.report.trades import by_year, exits_of, trade_figures
from service.report.wording import instant
from service.tally import Tally

RESULT = "Ballast"
NOTHING = "doing nothing"
HOLD = "holding"


def holding_of(
    window: Track, paths: Sequence[PricePath], taker_fees: Mapping[str, float]
) -> Holding | None:
    """Holding on the window's hours; None when the window is empty or nothing was listed."""
    if len(window) < HOURS_MIN:
        return None
    return hold(paths, window.hour_ts, taker_fees)


def metrics_of(window: Track, held: Holding | None, tally: Tally, counts: Counts | None) -> Metrics:
    """All figures of the window, which has at least two hours."""
    assert len(window) >= HOURS_MIN, "a window of no hours has no metrics"
    exits, carried_over = exits_of(tally.closed, tally.fill_rows, window.start_ts)
    inside = [hour for hour in tally.hours if window.start_ts <= hour.hour_ts <= window.end_ts]
    trades = trade_figures(
        exits,
        carried_over,
        tally.fill_rows,
        start_ts=window.start_ts,
        equity_mean=float(window.equity.mean()),
    )
    return Metrics(
        start=instant(window.start_ts),
        end=instant(window.end_ts),
        days=days_between(window.start_ts, window.end_ts),
        equity_start=inside[0].state.equity,
        equity_end=inside[-1].state.equity,
        comparisons=_comparisons(window, held),
        held_symbols=held.symbols if held else (),
        not_listed=held.not_listed if held else (),
        ended_early=held.ended_early if held else (),
        hours_with_position=_share_with_position(inside),
        invested_mean=float(window.exposure.mean()),
        trades=trades,
        counts=counts,
        years=_years(window, held, by_year(exits)),
    )


def _share_with_position(hours: Sequence[PortfolioHour]) -> float:
    return sum(1 for hour in hours if hour.state.positions) / len(hours)


def _comparisons(window: Track, held: Holding | None) -> tuple[Comparison, ...]:
    hour_ts = window.hour_ts
    return (
        comparison(RESULT, hour_ts, window.equity),
        comparison(NOTHING, hour_ts, np.ones(len(window))),
        comparison(HOLD, hour_ts, held.growth)
        if held
        else Comparison(HOLD, None, None, None, None),
    )


def _years(
    window: Track, held: Holding | None, realised: Mapping[int, Sequence[Decimal]]
) -> tuple[YearRow, ...]:
    found = []
    for year, first, last in years_of(window.hour_ts):
        equity: F64 = window.equity[first : last + 1]
        results = realised.get(year, ())
        found.append(
            YearRow(
                year=year,
                days=days_between(int(window.hour_ts[first]), int(window.hour_ts[last])),
                net_return=net_return(equity),
                hold_return=net_return(held.growth[first : last + 1]) if held else None,
                max_drawdown=max_drawdown(equity),
                trades_closed=len(results),
                realised=sum(results, ZERO),
            )
        )
    return tuple(found)
