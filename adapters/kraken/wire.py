"""How bytes of the REST API become facts: the envelope, exact numbers, and nothing but our errors.

JSON numbers are read from their text, never by way of a float. What is no JSON was cut short or
came from a proxy; what is JSON of another shape breaks the protocol.
"""

from __future__ import annotations

import decimal
from collections.abc import Hashable
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, TypeVar, cast

import msgspec

from adapters.kraken.records import Instant, Stamp
from adapters.kraken.tokens import TokenError, instant_of

T = TypeVar("T")
_TEXT_MOST: Final = 300
_SECONDS: Final = decimal.Context(
    prec=60,
    rounding=decimal.ROUND_FLOOR,
    traps=[decimal.InvalidOperation, decimal.Overflow, decimal.FloatOperation],
)
_SECONDS_MOST: Final = 10**11


class CutShortError(ValueError):
    """The bytes are not one JSON value."""


class MisshapenError(ValueError):
    """The JSON is not what was asked for; the text says where."""


class Envelope(msgspec.Struct, frozen=True):
    """What every answer is: errors and warnings, and perhaps a result."""

    error: tuple[str, ...]
    result: msgspec.Raw = msgspec.Raw(b"null")


def decoded(body: bytes | msgspec.Raw, kind: type[T]) -> T:
    """The body as `kind`. Raises CutShortError or MisshapenError."""
    try:
        decoder: msgspec.json.Decoder[T] = _decoder(cast("Hashable", kind))
        return decoder.decode(body)
    except (msgspec.ValidationError, decimal.DecimalException, RecursionError) as error:
        raise MisshapenError(str(error)[:_TEXT_MOST]) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CutShortError(str(error)[:_TEXT_MOST]) from error


@lru_cache(maxsize=64)
def _decoder(kind: Hashable) -> Any:
    return msgspec.json.Decoder(cast("type[Any]", kind), dec_hook=_instant, float_hook=_number)


def _number(text: str) -> Decimal:
    return Decimal(text)


def _instant(kind: type, told: Any) -> Any:
    """Our two kinds of time, as the venue writes them."""
    if kind is Instant and isinstance(told, (int, str, Decimal)) and not isinstance(told, bool):
        return Instant(nanoseconds(told))
    if kind is Stamp and isinstance(told, str):
        if told == "0":
            return Stamp(0)
        try:
            return Stamp(instant_of(told))
        except TokenError as error:
            raise ValueError(str(error)) from error
    raise ValueError(f"{str(told)[:40]!r} is no time")


def nanoseconds(seconds: int | str | Decimal) -> int:
    """Seconds since 1970 as ns; digits beyond the ninth are cut off. Raises ValueError."""
    try:
        value = _SECONDS.create_decimal(seconds)
        if not value.is_finite() or not 0 <= value < _SECONDS_MOST:
            raise ValueError(f"{str(seconds)[:40]!r} is no time")
        return int(_SECONDS.to_integral_value(_SECONDS.scaleb(value, 9)))
    except decimal.DecimalException as error:
        raise ValueError(f"{str(seconds)[:40]!r} is no time") from error
