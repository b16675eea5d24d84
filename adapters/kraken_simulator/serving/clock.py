"""The exchange's time: its start plus `speed` times what has passed here, never backwards.

A backwards step of the clock makes it stand still until it has been caught up.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction


class ExchangeClock:
    """Tells the exchange's time in ns UTC."""

    def __init__(
        self,
        started_ns: int,
        speed: Fraction = Fraction(1),
        *,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._started_ns = started_ns
        self._speed = speed
        self._monotonic_ns = monotonic_ns
        self._zero_ns = monotonic_ns()
        self._last_ns = started_ns

    def now_ns(self) -> int:
        """The time now; never less than any time told before."""
        passed = self._monotonic_ns() - self._zero_ns
        told = self._started_ns + passed * self._speed.numerator // self._speed.denominator
        self._last_ns = max(self._last_ns, told)
        return self._last_ns

    def hold(self, ns: int) -> None:
        """Go on from a time that lies behind: what was beyond it was told to nobody."""
        self._started_ns -= self.now_ns() - ns
        self._last_ns = ns

    def shift(self, ns: int) -> None:
        """Move the clock; forward at once, backward by standing still."""
        self.now_ns()
        self._started_ns += ns
