"""How figures are written for people: instants, ratios, amounts, names. Display only."""

from __future__ import annotations

import decimal
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from actors.instant import SECOND_NS

NONE: Final = "–"
_CENT: Final = Decimal("0.01")
_DISPLAY: Final = decimal.Context(prec=60, rounding=decimal.ROUND_HALF_EVEN)


def instant(ts: int) -> str:
    """ISO 8601 UTC to the minute; empty for 0."""
    if ts == 0:
        return ""
    return datetime.fromtimestamp(ts // SECOND_NS, UTC).strftime("%Y-%m-%dT%H:%MZ")


def day(text: str) -> str:
    """The date of an instant's text."""
    return text.split("T", maxsplit=1)[0]


def percent(ratio: float | None, *, signed: bool = False) -> str:
    """A ratio in percent with one decimal, two below one percent."""
    if ratio is None:
        return NONE
    places = 2 if abs(ratio) < 0.01 else 1
    if abs(ratio) < 0.00005:
        return "0 %"
    text = f"{100 * ratio:{'+' if signed else ''},.{places}f}".replace("-", "−")
    return f"{text} %"


def number(value: float | None, places: int = 2) -> str:
    """A plain number, a dash for None."""
    return NONE if value is None else f"{value:,.{places}f}".replace("-", "−")


def amount(value: Decimal, currency: str) -> str:
    """An amount to the cent for the eye; `report.json` has every digit."""
    rounded = value.quantize(_CENT, context=_DISPLAY)
    return f"{rounded:,}".replace("-", "−") + f" {currency}"


def words(name: str) -> str:
    """A recorded name as words."""
    return name.replace("_", " ")
