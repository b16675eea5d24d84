"""What a key may do how often: the REST call counter and the lockout after failed signatures.

All times are the exchange's. A refused call still counts, up to a bound: calling on prolongs.
"""

from __future__ import annotations

from typing import Final

from adapters.kraken_simulator.views import Tier

CALLS: Final[dict[Tier, tuple[float, float]]] = {
    "starter": (15.0, 0.33),
    "intermediate": (20.0, 0.5),
    "pro": (20.0, 1.0),
}
"""Most calls and how many are forgotten each second, by tier."""

OVERDRAWN_MAX: Final = 5.0
FAILURES_MAX: Final = 10
FAILURE_SPAN_NS: Final = 60_000_000_000
LOCKOUT_NS: Final = 900_000_000_000


class CallCounter:
    """The REST counter of one key."""

    def __init__(self, tier: Tier) -> None:
        self._most, self._decay = CALLS[tier]
        self._value = 0.0
        self._at_ns = 0

    def charge(self, cost: int, now_ns: int) -> bool:
        """Count a call; False when it is one too many."""
        passed = max(0, now_ns - self._at_ns) / 1e9
        self._value = max(0.0, self._value - passed * self._decay)
        self._at_ns = now_ns
        fits = not cost or self._value + cost <= self._most
        self._value = min(self._value + cost, self._most + OVERDRAWN_MAX)
        return fits


class Lockout:
    """Counts failed signatures and nonces of one key; too many in a minute lock it for a while."""

    def __init__(self) -> None:
        self._failures: list[int] = []
        self._until_ns = 0

    def is_locked(self, now_ns: int) -> bool:
        """Whether nothing is answered but the lockout."""
        return now_ns < self._until_ns

    def fail(self, now_ns: int) -> None:
        """One more failure."""
        recent = [at for at in self._failures if now_ns - at < FAILURE_SPAN_NS]
        self._failures = [*recent, now_ns]
        if len(self._failures) >= FAILURES_MAX:
            self._until_ns = now_ns + LOCKOUT_NS
            self._failures = []
