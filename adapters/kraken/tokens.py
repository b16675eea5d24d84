"""Numbers and times as Kraken writes them: exact text, no binary float on the way to a checksum.

A price or quantity is the JSON number's own characters. What is quoted, negative (-0.00 included),
not a number, or absurdly long is refused. Times are RFC 3339 in UTC with up to nine digits.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
from decimal import Decimal
from typing import Final

from actors.instant import SECOND_NS
from actors.money import is_sound

is_plain: Final = re.compile(rb"(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,18})?").fullmatch
"""Whether bytes are an unsigned decimal number without exponent (a match object or None)."""

_EXPONENT: Final = re.compile(rb"[0-9]{1,18}(?:\.[0-9]{1,18})?[eE][+-]?[0-9]{1,2}").fullmatch
_STAMP: Final = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|\+00:00)", re.ASCII
).fullmatch
_YEARS: Final = range(2011, 2200)
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class TokenError(ValueError):
    """A number or time that Kraken would not send; the text says what it is."""


def plain_number(token: bytes) -> bytes:
    """The token as an unsigned decimal without exponent. Raises TokenError.

    Exponents are written out exactly (5.1e-05 is 0.000051); Kraken sends none, re-encoders do.
    """
    if is_plain(token):
        return token
    if _EXPONENT(token) is None:
        raise TokenError(f"{token[:24]!r} is not an unsigned number")
    value = Decimal(token.decode("ascii"))
    if not is_sound(value):
        raise TokenError(f"{token[:24]!r} is not a sound number")
    written = format(value, "f").encode("ascii")
    if not is_plain(written):
        raise TokenError(f"{token[:24]!r} is too long a number")
    return written


def instant_of(stamp: str) -> int:
    """An RFC 3339 UTC time as ns. Raises TokenError."""
    found = _STAMP(stamp)
    if found is None:
        raise TokenError(f"{stamp[:40]!r} is not an RFC 3339 time in UTC")
    fraction = found[2]
    nanoseconds = int(fraction.ljust(9, "0")) if fraction else 0
    return _second_of(found[1]) + nanoseconds


@functools.lru_cache(maxsize=64)
def _second_of(text: str) -> int:
    try:
        moment = dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)
    except ValueError as error:
        raise TokenError(f"{text!r} is not a time") from error
    if moment.year not in _YEARS:
        raise TokenError(f"{text!r} lies outside the years of this venue")
    return int((moment - _EPOCH).total_seconds()) * SECOND_NS
