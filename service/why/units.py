"""How the figures of a decision are written: millionths as per cent or basis points, nanoseconds as
times and durations, flags by name. Nothing is rounded but a duration, to the second.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Final

from actors.instant import SECOND_NS
from actors.messages.market import MarketFlag
from actors.messages.prediction import MISSING
from service.books.instants import shown
from service.books.wording import exact, printable

UNKNOWN: Final = "unknown"
Unit = Callable[[str], str]


def percent(micros: int) -> str:
    """A ratio in millionths as per cent."""
    return UNKNOWN if micros == MISSING else f"{_plain(Decimal(micros).scaleb(-4))} %"


def basis_points(micros: int) -> str:
    """A ratio in millionths as basis points."""
    return UNKNOWN if micros == MISSING else f"{_plain(Decimal(micros).scaleb(-2))} bps"


def lasting(duration_ns: int) -> str:
    """A duration by its two largest parts; whole seconds, milliseconds below one."""
    if abs(duration_ns) < SECOND_NS:
        return f"{_plain(Decimal(duration_ns).scaleb(-6))} ms"
    sign = "-" if duration_ns < 0 else ""
    seconds = abs(duration_ns) // SECOND_NS  # not money: time
    parts = []
    for name, length in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, length)  # not money: time
        if count:
            parts.append(f"{count} {name}")
    return sign + " ".join(parts[:2])


def flags(bits: int) -> str:
    """The names of what a symbol's flags say."""
    names = [each.name for each in MarketFlag if each & bits and each.name]
    return ", ".join(name.lower().replace("_", " ") for name in names) or "none"


def number(value: float) -> str:
    """A mark or a depth with every digit of the binary number, as short as it can be read back."""
    return UNKNOWN if math.isnan(value) else exact(Decimal(repr(value)))


def whole(value: float) -> str:
    """An amount without its fraction: what is below a bound is never shown as the bound."""
    return f"{math.floor(value):,}" if math.isfinite(value) else UNKNOWN


def as_text(text: str) -> str:
    """A word that needs no unit."""
    return printable(text)


def as_percent(text: str) -> str:
    """Millionths as per cent, also behind a word; words stay."""
    return _behind_a_word(text, percent)


def as_bps(text: str) -> str:
    """Millionths as basis points, also behind a word and with decimals; words stay."""
    return _behind_a_word(text.partition(".")[0], basis_points)


def as_duration(text: str) -> str:
    """Nanoseconds as a duration, also behind a word; words stay."""
    return _behind_a_word(text, lasting)


def as_instant(text: str) -> str:
    """Nanoseconds since 1970 as a time, also behind a word; words stay."""
    return _behind_a_word(text, shown)


def _behind_a_word(text: str, told: Callable[[int], str]) -> str:
    word, _, last = text.rpartition(" ")
    return f"{word} {told(int(last))}".strip() if _is_whole(last) else printable(text)


def as_flags(text: str) -> str:
    """The bits of market flags by name; a word stays."""
    return flags(int(text)) if _is_whole(text) else printable(text)


def _is_whole(text: str) -> bool:
    return text.isascii() and text.removeprefix("-").isdigit()


def _plain(value: Decimal) -> str:
    shortest = exact(value)
    return shortest.rstrip("0").rstrip(".") if "." in shortest else shortest
