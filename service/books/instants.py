"""Times as people write them, always UTC: a date, a date with a time, or nanoseconds.

A date alone means the whole day, so as an end it includes that day.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from actors.instant import DAY_NS, MICROSECOND_NS, SECOND_NS

EVER: Final = 2**63 - 1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_NANOSECONDS: Final = re.compile(r"\d{12,19}")
_MICROSECOND: Final = timedelta(microseconds=1)


def start_of(text: str) -> int:
    """The first instant that the text means. Raises ValueError when it is no time."""
    if _NANOSECONDS.fullmatch(text):
        return min(int(text), EVER)  # not money: nanoseconds
    try:
        told = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no time") from error
    told = told.replace(tzinfo=UTC) if told.tzinfo is None else told
    return (told - _EPOCH) // _MICROSECOND * MICROSECOND_NS  # not money: nanoseconds


def end_of(text: str) -> int:
    """The first instant after what the text means: the day after a date, the time itself else."""
    start = start_of(text)
    return start + DAY_NS if _DATE.fullmatch(text) else start


def moment_of(text: str) -> int:
    """The first instant after a moment: a date's end, or just after a time."""
    return end_of(text) if _DATE.fullmatch(text) else min(start_of(text) + 1, EVER)


def day_of(text: str) -> int:
    """The first instant of a day written YYYY-MM-DD. Raises ValueError."""
    if not _DATE.fullmatch(text):
        raise ValueError(f"{text!r} is no day")
    return start_of(text)


def shown(at: int) -> str:
    """An instant to the second, for the eye; --json has every nanosecond."""
    return told_at(at).strftime("%Y-%m-%d %H:%M:%S")


def date_of(at: int) -> str:
    """The day of an instant, YYYY-MM-DD."""
    return told_at(at).strftime("%Y-%m-%d")


def told_at(at: int) -> datetime:
    """The second in which an instant lies."""
    return _EPOCH + timedelta(seconds=at // SECOND_NS)  # not money: seconds


def lasting(duration_ns: int) -> str:
    """A duration in days, hours and minutes."""
    minutes = duration_ns // (60 * SECOND_NS)  # not money: minutes
    days, hours = minutes // 1440, minutes // 60 % 24  # not money: days and hours
    return f"{days}d {hours:02}:{minutes % 60:02}"  # not money: minutes
