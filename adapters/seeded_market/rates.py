"""Rates of currencies beside a seeded market: each pair's, told again at every step.

A function of seed, pair and hour alone, so any hour is reached at once. They are inventions of a
plausible size, move from hour to hour only, and say nothing of any market.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from actors.instant import HOUR_NS, MILLISECOND_NS
from actors.messages.market import CurrencyRate
from actors.money import EXACT, ZERO, round_even
from actors.ports import FeedItem

_TICK: Final = Decimal("0.0001")
# Pair, middle, most ticks off it, ticks from there to bid and ask.
_PAIRS: Final = (
    ("USD/CAD", Decimal("1.3700"), 100, 1),
    ("USDC/USD", Decimal("1.0000"), 5, 1),
)
_CROSS: Final = "USDC/CAD"
_CROSS_HALF_TICKS: Final = 3
RATE_PAIRS: Final = ("USD/CAD", "USDC/USD", "USDC/CAD")
# Before the trades and the book of a step, one instant each.
_LEAD_NS: Final = 4 * MILLISECOND_NS


def rate_items(seed: int, end_ts: int) -> Iterator[FeedItem]:
    """The rates of the step that ends at `end_ts` (ns UTC), just before its trades."""
    hour = (end_ts - 1) // HOUR_NS
    at = end_ts - _LEAD_NS
    for pair, bid, ask in rates_of(seed, hour):
        yield FeedItem(at, CurrencyRate(pair, bid, ask, at))
        at += MILLISECOND_NS


def rates_of(seed: int, hour: int) -> tuple[tuple[str, Decimal, Decimal], ...]:
    """Pair, bid and ask of every pair in an hour since 1970, in the order of RATE_PAIRS."""
    found = []
    middle_of_both = Decimal(1)
    for pair, usual, most, half in _PAIRS:
        middle = EXACT.add(usual, _ticks(_drawn(seed, pair, hour, most)))
        middle_of_both = EXACT.multiply(middle_of_both, middle)
        found.append(_around(pair, middle, half))
    found.append(_around(_CROSS, round_even(middle_of_both, _TICK), _CROSS_HALF_TICKS))
    return tuple(found)


def _around(pair: str, middle: Decimal, half: int) -> tuple[str, Decimal, Decimal]:
    return pair, EXACT.subtract(middle, _ticks(half)), EXACT.add(middle, _ticks(half))


def _drawn(seed: int, pair: str, hour: int, most: int) -> int:
    """A whole number between -most and most."""
    drawn = hashlib.sha256(f"{seed}:{pair}:{hour}".encode()).digest()[:8]
    return int.from_bytes(drawn, "big") % (2 * most + 1) - most


def _ticks(count: int) -> Decimal:
    return EXACT.multiply(_TICK, Decimal(count)) if count else ZERO
