"""The order rate counter of one account on one pair: what requests cost, and how it decays.

Thresholds 60 / 125 / 180 and decay 1 / 2.34 / 3.75 a second by tier. A fixed part is charged even
when the request then fails validation; amending, editing or cancelling a young order costs more.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Literal

from adapters.kraken_simulator.views import Tier

Work = Literal["add", "amend", "edit", "cancel"]

THRESHOLDS: Final[dict[Tier, Decimal]] = {
    "starter": Decimal(60),
    "intermediate": Decimal(125),
    "pro": Decimal(180),
}
DECAYS: Final[dict[Tier, Decimal]] = {
    "starter": Decimal(1),
    "intermediate": Decimal("2.34"),
    "pro": Decimal("3.75"),
}
OPEN_ORDERS: Final[dict[Tier, int]] = {"starter": 60, "intermediate": 80, "pro": 225}
"""Open orders of one pair by tier."""

_FIXED: Final[dict[Work, int]] = {"add": 1, "amend": 1, "edit": 1, "cancel": 0}
_SECOND_NS: Final = 1_000_000_000
_AGES: Final = (5, 10, 15, 45, 90, 300)
_PENALTIES: Final[dict[Work, tuple[int, ...]]] = {
    "add": (0, 0, 0, 0, 0, 0),
    "amend": (3, 2, 1, 0, 0, 0),
    "edit": (6, 5, 4, 2, 1, 0),
    "cancel": (8, 6, 5, 4, 2, 1),
}


def fixed_cost(work: Work) -> Decimal:
    """What a request costs whatever becomes of it."""
    return Decimal(_FIXED[work])


def batch_cost(count: int) -> Decimal:
    """What a batch of `count` orders costs: one, and a half for each order."""
    return 1 + Decimal(count) / 2


def penalty(work: Work, age_ns: int) -> Decimal:
    """What it costs to touch an order that was made or amended `age_ns` ago."""
    for limit, cost in zip(_AGES, _PENALTIES[work], strict=True):
        if age_ns < limit * _SECOND_NS:
            return Decimal(cost)
    return Decimal(0)


class RateCounter:
    """One counter. It is charged at a time and decays to zero at its tier's speed."""

    def __init__(self, tier: Tier) -> None:
        self.threshold = THRESHOLDS[tier]
        self._decay = DECAYS[tier]
        self._value = Decimal(0)
        self._at_ns = 0

    def value(self, now_ns: int) -> Decimal:
        """The counter decayed to `now_ns`."""
        passed = Decimal(now_ns - self._at_ns) / _SECOND_NS
        return max(Decimal(0), self._value - passed * self._decay)

    def charge(self, cost: Decimal, now_ns: int) -> bool:
        """Add `cost`; False when the counter would pass its threshold, then nothing is added."""
        value = self.value(now_ns)
        if value + cost > self.threshold:
            return False
        self._value, self._at_ns = value + cost, now_ns
        return True
