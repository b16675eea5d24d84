"""The edge's clock: the wall at the start of the process, then the monotonic clock, gently slewed.

A wall clock that is set forward or back never moves it; small drifts are followed by at most half a
millisecond a second. How far the wall is away is told, not followed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from actors.instant import SECOND_NS

SLEW_PARTS: Final = 2000
"""One part of so many of the time that passed is the most that the clock is corrected by."""
FOLLOWED_NS: Final = SECOND_NS
"""A wall clock that is further away than this was set, it did not drift."""


def since_boot() -> int:
    """The monotonic clock (ns) that goes on while the machine sleeps."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


class EdgeClock:
    """Nanoseconds UTC that never decrease."""

    def __init__(
        self,
        wall: Callable[[], int] = time.time_ns,
        steady: Callable[[], int] = since_boot,
    ) -> None:
        self._wall = wall
        self._steady = steady
        self._slewed_at = steady()
        self._ahead = wall() - self._slewed_at
        self._last = 0

    def now(self) -> int:
        """The time (ns UTC)."""
        self._last = max(self._last, self._steady() + self._ahead)
        return self._last

    def offset(self) -> int:
        """How far the wall clock is ahead of this one (ns)."""
        return self._wall() - (self._steady() + self._ahead)

    def slew(self) -> None:
        """Follow a drift of the wall clock a little; call it now and then."""
        steady, offset = self._steady(), self.offset()
        most = (steady - self._slewed_at) // SLEW_PARTS  # not money: nanoseconds
        self._slewed_at = steady
        if abs(offset) <= FOLLOWED_NS:
            self._ahead += max(-most, min(most, offset))
