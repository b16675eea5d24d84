"""The formulas: return, drawdown, annualisation, Sharpe, and the table by year.

Conventions. A return is simple: last over first, minus one. A drawdown starts from the window's own
highest hour. Annualised = (1 + r)^(365 / days) - 1. Sharpe = mean over standard deviation (n - 1)
of simple returns between UTC midnights, times sqrt(365), against a riskless rate of 0. Under 90
days neither of the last two is stated.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from actors.instant import DAY_NS
from service.report.report import Comparison
from service.report.track import F64, I64

DAYS_MIN: Final = 90.0
DAYS_A_YEAR: Final = 365.0


def days_between(start_ts: int, end_ts: int) -> float:
    """Days of 24 hours between two instants (ns UTC)."""
    return (end_ts - start_ts) / DAY_NS


def net_return(values: F64) -> float:
    """Last over first, minus one; -1 when the first is not positive."""
    return float(values[-1] / values[0] - 1.0) if values[0] > 0.0 else -1.0


def drawdowns(values: F64) -> F64:
    """How far each value lies below the highest one up to it, as a positive ratio."""
    peaks = np.maximum.accumulate(values)
    return np.where(peaks > 0.0, 1.0 - values / np.where(peaks > 0.0, peaks, 1.0), 0.0)


def max_drawdown(values: F64) -> float:
    """The deepest drawdown."""
    return float(drawdowns(values).max(initial=0.0))


def annualised(ratio: float, days: float) -> float | None:
    """The yearly rate that makes `ratio` in `days`; None under 90 days or when all is lost."""
    if days < DAYS_MIN or ratio <= -1.0:
        return None
    return float((1.0 + ratio) ** (DAYS_A_YEAR / days) - 1.0)


def sharpe(hour_ts: I64, values: F64) -> float | None:
    """Sharpe ratio of daily returns; None under 90 days or without any variation."""
    if days_between(int(hour_ts[0]), int(hour_ts[-1])) < DAYS_MIN:
        return None
    daily = values[hour_ts % DAY_NS == 0]
    if len(daily) < 3 or bool((daily <= 0.0).any()):
        return None
    returns = daily[1:] / daily[:-1] - 1.0
    spread = float(returns.std(ddof=1))
    return float(returns.mean()) / spread * math.sqrt(DAYS_A_YEAR) if spread > 0.0 else None


def comparison(name: str, hour_ts: I64, values: F64) -> Comparison:
    """All figures of one curve over the window."""
    ratio = net_return(values)
    days = days_between(int(hour_ts[0]), int(hour_ts[-1]))
    return Comparison(
        name, ratio, max_drawdown(values), annualised(ratio, days), sharpe(hour_ts, values)
    )


def years_of(hour_ts: I64) -> list[tuple[int, int, int]]:
    """(year, first, last) by index: each year begins where the one before it ended."""
    years = hour_ts.astype("datetime64[ns]").astype("datetime64[Y]").astype(np.int64) + 1970
    found = []
    for year in np.unique(years).tolist():
        inside = np.nonzero(years == year)[0]
        first, last = int(inside[0]), int(inside[-1])
        found.append((int(year), max(first - 1, 0), last))
    return found
