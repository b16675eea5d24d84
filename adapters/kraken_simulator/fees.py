"""The fee schedule by thirty-day volume in USD, in percent of cost; which tier an account is in.

The table is the pair list recorded in July 2026. Pairs of stable and fiat currencies have a lower
one at the venue that is in no recording at hand; here they share this one.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from adapters.kraken_simulator.views import FeeRate

DAY_NS: Final = 86_400_000_000_000
VOLUME_DAYS: Final = 30

SCHEDULE: Final = tuple(
    (Decimal(volume), Decimal(taker), Decimal(maker))
    for volume, taker, maker in (
        (0, "0.40", "0.25"),
        (10_000, "0.35", "0.20"),
        (50_000, "0.24", "0.14"),
        (100_000, "0.22", "0.12"),
        (250_000, "0.20", "0.10"),
        (500_000, "0.18", "0.08"),
        (1_000_000, "0.16", "0.06"),
        (2_500_000, "0.14", "0.04"),
        (5_000_000, "0.12", "0.02"),
        (10_000_000, "0.10", "0.00"),
        (100_000_000, "0.08", "0.00"),
        (500_000_000, "0.05", "0.00"),
    )
)
_HUNDRED: Final = Decimal(100)


def tier_of(volume_usd: Decimal) -> int:
    """The row of the schedule that a volume has reached."""
    row = 0
    while row + 1 < len(SCHEDULE) and volume_usd >= SCHEDULE[row + 1][0]:
        row += 1
    return row


def rate_at(volume_usd: Decimal, *, is_maker: bool) -> Decimal:
    """The fee as a ratio of cost."""
    _, taker, maker = SCHEDULE[tier_of(volume_usd)]
    return (maker if is_maker else taker) / _HUNDRED


def rates_at(volume_usd: Decimal) -> FeeRate:
    """Both rates in percent, with where the tier begins and the next one starts."""
    row = tier_of(volume_usd)
    volume, taker, maker = SCHEDULE[row]
    following = SCHEDULE[row + 1] if row + 1 < len(SCHEDULE) else None
    return FeeRate(
        taker=taker,
        maker=maker,
        volume_usd=volume_usd,
        tier_volume=volume,
        next_volume=following[0] if following else None,
        next_taker=following[1] if following else None,
        next_maker=following[2] if following else None,
        taker_range=(SCHEDULE[-1][1], SCHEDULE[0][1]),
        maker_range=(SCHEDULE[-1][2], SCHEDULE[0][2]),
    )


def rounded(value: Decimal, decimals: int) -> Decimal:
    """A cost or fee at so many decimals, half up (what the venue books)."""
    return value.quantize(Decimal((0, (1,), -decimals)), rounding=ROUND_HALF_UP)


class Volume:
    """An account's traded USD by UTC day; a day counts until thirty days are over."""

    def __init__(self, before_usd: Decimal, started_ns: int) -> None:
        # What was traded before the start counts as one lump on the first day.
        self._days: dict[int, Decimal] = {started_ns // DAY_NS: before_usd}

    @property
    def days(self) -> dict[int, Decimal]:
        """What was traded on each day that may still count."""
        return dict(self._days)

    def go_on(self, days: dict[int, Decimal]) -> None:
        """Count what was traded before."""
        self._days = dict(days)

    def add(self, usd: Decimal, now_ns: int) -> None:
        """Count a trade."""
        day = now_ns // DAY_NS
        self._days[day] = self._days.get(day, Decimal(0)) + usd

    def total(self, now_ns: int) -> Decimal:
        """The USD of the last thirty days."""
        oldest = now_ns // DAY_NS - VOLUME_DAYS
        while self._days and min(self._days) <= oldest:
            del self._days[min(self._days)]
        return sum(self._days.values(), Decimal(0))
