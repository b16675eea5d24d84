"""Scales and ticks of a chart: linear or logarithmic values, and calendar time (UTC)."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

WIDTH: Final = 1000.0
HEIGHT: Final = 300.0
_LOG_FROM: Final = 4.0
_TICKS_MAX: Final = 6
_DAY_SECONDS: Final = 86_400
_DAYS: Final = (1, 2, 7, 14)
_MONTHS: Final = (1, 3, 6, 12, 24, 60)


class Scale(msgspec.Struct, frozen=True):
    """From values `low`..`high` to 0..`size`; logarithmic when `log`."""

    low: float
    high: float
    size: float
    log: bool = False

    def share(self, value: float) -> float:
        """Where `value` lies between low (0) and high (1), clamped."""
        if self.log:
            value = max(value, self.low)
            part = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            part = (value - self.low) / (self.high - self.low)
        return min(max(part, 0.0), 1.0)

    def place(self, value: float) -> float:
        """The coordinate of `value`."""
        return self.share(value) * self.size


def value_scale(values: list[float], *, may_log: bool) -> Scale:
    """A scale around the values with a little room; logarithmic from a ratio of 4 upwards."""
    low, high = min(values), max(values)
    if may_log and low > 0.0 and high / low >= _LOG_FROM:
        return Scale(low / 1.08, high * 1.08, HEIGHT, log=True)
    room = (high - low) * 0.06 or abs(high) * 0.05 or 1.0
    return Scale(low - room, high + room, HEIGHT)


def value_ticks(scale: Scale) -> list[float]:
    """Round values inside the scale, at most about six."""
    return _log_ticks(scale) if scale.log else _linear_ticks(scale)


def _linear_ticks(scale: Scale) -> list[float]:
    raw = (scale.high - scale.low) / (_TICKS_MAX - 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw * 0.999)
    first = math.ceil(scale.low / step)
    last = math.floor(scale.high / step)
    return [index * step for index in range(first, last + 1)]


def _log_ticks(scale: Scale) -> list[float]:
    first, last = math.floor(math.log10(scale.low)), math.ceil(math.log10(scale.high))
    ticks: list[float] = []
    for factors in ((1, 2, 5), (1, 3), (1,)):
        ticks = [
            factor * 10.0**power
            for power in range(first, last + 1)
            for factor in factors
            if scale.low <= factor * 10.0**power <= scale.high
        ]
        if len(ticks) <= _TICKS_MAX:
            break
    return ticks


def time_ticks(low: float, high: float) -> list[tuple[int, str]]:
    """Calendar instants (seconds UTC) between two instants, with their labels."""
    days = (high - low) / _DAY_SECONDS
    if days <= 2.0:
        return _steps(
            low, high, 3600 * (1 if days < 0.25 else 3 if days < 0.75 else 12), "%d %H:%M"
        )
    if days <= 14.0 * _TICKS_MAX:
        step = next(step for step in _DAYS if days / step <= _TICKS_MAX)
        return _steps(low, high, step * _DAY_SECONDS, "%-d %b")
    months = next((step for step in _MONTHS if days / 30.4 / step <= 10), _MONTHS[-1])
    label = "%Y" if months >= 12 else "%b %Y"
    first, found = datetime.fromtimestamp(low, UTC), []
    year, month = first.year, 1
    while (instant := datetime(year, month, 1, tzinfo=UTC).timestamp()) <= high:
        if instant >= low:
            found.append((int(instant), f"{datetime.fromtimestamp(instant, UTC):{label}}"))
        year, month = year + (month - 1 + months) // 12, (month - 1 + months) % 12 + 1
    return found


def _steps(low: float, high: float, step_seconds: int, label: str) -> list[tuple[int, str]]:
    start = datetime(1970, 1, 1, tzinfo=UTC)
    first, last = math.ceil(low / step_seconds), math.floor(high / step_seconds)
    stamps = [index * step_seconds for index in range(first, last + 1)]
    return [(at, (start + timedelta(seconds=at)).strftime(label)) for at in stamps]
