"""Small pictures made of characters: a sparkline and a bar, in Unicode or plain ASCII."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_SPARKS: Final = "▁▂▃▄▅▆▇█"
_SPARKS_ASCII: Final = "_.-=+*#@"


def sparkline(values: Sequence[float], width: int, *, ascii_only: bool = False) -> str:
    """The newest `width` values, each at its height between the least and the greatest of them."""
    shown = list(values)[-width:] if width > 0 else []
    if not shown:
        return ""
    sparks = _SPARKS_ASCII if ascii_only else _SPARKS
    low, span = min(shown), max(shown) - min(shown)
    if span <= 0:
        return sparks[len(sparks) // 2] * len(shown)
    top = len(sparks) - 1
    return "".join(sparks[round((value - low) / span * top)] for value in shown)


def meter(ratio: float, width: int, *, ascii_only: bool = False) -> str:
    """A bar that is full at 1; anything above nothing shows at least one mark."""
    full, empty = ("#", ".") if ascii_only else ("█", "░")
    share = min(max(ratio, 0.0), 1.0)
    marks = max(round(share * width), 1 if share > 0 else 0)
    return full * marks + empty * (width - marks)
