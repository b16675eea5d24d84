"""Whether our clock can be believed: against the wall, and against the venue's own stamps.

News takes time to arrive, so only the least delay of the last half minute says anything of clocks:
if even that one is long, either our clock is ahead or the feed lags, and neither may be traded on.
"""

from __future__ import annotations

from typing import Final

from actors.instant import SECOND_NS

BUCKET_NS: Final = 20 * SECOND_NS


class Skew:
    """The offset that counts, and whether it is too large; it must halve before it is not."""

    def __init__(self, most_ns: int) -> None:
        self.is_skewed = False
        self.offset_ns = 0
        self.lag_ns = 0
        self._most_ns = most_ns
        self._bucket = 0
        self._least: int | None = None
        self._least_before: int | None = None

    def heard(self, venue_ts: int, now: int) -> None:
        """Something that the venue stamped came now."""
        self.lag_ns = lag = now - venue_ts
        bucket = now // BUCKET_NS  # not money: time
        if bucket != self._bucket:
            self._least_before = self._least if bucket == self._bucket + 1 else None
            self._bucket, self._least = bucket, None
        self._least = lag if self._least is None else min(self._least, lag)

    def judged(self, wall_offset_ns: int) -> int | None:
        """The offset to tell of (0: repaired), None when there is no news."""
        seen = [each for each in (self._least, self._least_before) if each is not None]
        venue_offset_ns = -min(seen) if seen else 0
        self.offset_ns = max(wall_offset_ns, venue_offset_ns, key=abs)
        if not self.is_skewed and abs(self.offset_ns) > self._most_ns:
            self.is_skewed = True
            return self.offset_ns
        if self.is_skewed and abs(self.offset_ns) * 2 <= self._most_ns:
            self.is_skewed = False
            return 0
        return None
