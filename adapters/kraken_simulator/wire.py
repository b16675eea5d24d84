"""Exact text of numbers and times: every digit that the venue would send, trailing zeros kept.

A `Raw` is a JSON number by its own characters; no number passes through a binary float.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

import msgspec
from msgspec import Raw

SECOND_NS: Final = 1_000_000_000
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_STAMP: Final = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|\+00:00)", re.ASCII
)
_ENCODER: Final = msgspec.json.Encoder()


def encode(document: Any) -> bytes:
    """The document as JSON."""
    return _ENCODER.encode(document)


def text(value: Decimal, decimals: int) -> str:
    """A decimal with exactly so many decimals, half up."""
    step = Decimal((0, (1,), -decimals))
    return format(value.quantize(step, rounding=ROUND_HALF_UP), "f")


def number(value: Decimal, decimals: int | None = None) -> Raw:
    """A JSON number with these decimals, or with the digits that the value has."""
    written = format(value, "f") if decimals is None else text(value, decimals)
    return Raw(written.encode("ascii"))


def seconds(ns: int, digits: int = 9) -> Raw:
    """Seconds since 1970 as a JSON number with at most so many decimals."""
    whole, rest = divmod(ns, SECOND_NS)
    fraction = f"{rest:09d}"[:digits].rstrip("0")
    return Raw(f"{whole}.{fraction}".encode("ascii") if fraction else str(whole).encode("ascii"))


def rfc3339(ns: int, digits: int = 6) -> str:
    """A time as RFC 3339 in UTC with so many decimals of the second (0 to 9)."""
    whole, rest = divmod(ns, SECOND_NS)
    moment = _EPOCH + dt.timedelta(seconds=whole)
    fraction = f".{rest:09d}"[: digits + 1] if digits else ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def rfc1123(ns: int) -> str:
    """A time as Kraken's Time method words it: "Thu, 06 Jul 23 18:50:48 +0000"."""
    return f"{_EPOCH + dt.timedelta(seconds=ns // SECOND_NS):%a, %d %b %y %H:%M:%S} +0000"


def instant(stamp: str) -> int | None:
    """An RFC 3339 time in UTC as ns; None when it is none."""
    found = _STAMP.fullmatch(stamp)
    if found is None:
        return None
    try:
        moment = dt.datetime.fromisoformat(found[1]).replace(tzinfo=dt.UTC)
    except ValueError:
        return None
    fraction = int((found[2] or "").ljust(9, "0"))
    return int((moment - _EPOCH).total_seconds()) * SECOND_NS + fraction


def decimal_of(value: object) -> Decimal | None:
    """A finite decimal from a request's text or number; None when it is none."""
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
        return None
    try:
        found = Decimal(value)
    except ArithmeticError:
        return None
    return found if found.is_finite() else None
