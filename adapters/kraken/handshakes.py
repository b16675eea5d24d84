"""How often to knock: at once after the first loss, then slower by chance, never too often.

The venue's proxy bans an address after about 150 handshakes in ten minutes, whoever makes them; the
public feed stays below half of that. A connection that lived for a while starts the pauses anew.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

import msgspec
from tenacity import RetryCallState
from tenacity.wait import wait_random_exponential


class Pauses(msgspec.Struct, frozen=True):
    """When to connect again; all in seconds of the monotonic clock."""

    first: float = 1.0
    longest: float = 10.0
    least_in_maintenance: float = 5.0
    longest_in_maintenance: float = 60.0
    calm_after: float = 30.0
    """A connection that lived so long is no part of a storm."""
    handshakes_most: int = 60
    window: float = 600.0


class Handshakes:
    """The handshakes made, and the pause before the next one."""

    def __init__(
        self,
        pauses: Pauses = Pauses(),  # noqa: B008  (frozen)
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.made = 0
        self.in_maintenance = False
        self._pauses = pauses
        self._now = now
        self._recent: deque[float] = deque()

    def begin(self) -> None:
        """A handshake is made now."""
        self.made += 1
        self._recent.append(self._now())

    def was_calm(self, began: float) -> bool:
        """Whether a connection that began then lived long enough."""
        return self._now() - began >= self._pauses.calm_after

    def pause(self, state: RetryCallState) -> float:
        """Seconds to wait after so many losses in a row; the first is followed at once."""
        pauses = self._pauses
        least, longest = 0.0, pauses.longest
        if self.in_maintenance:
            least, longest = pauses.least_in_maintenance, pauses.longest_in_maintenance
        wait = 0.0
        if state.attempt_number > 1:
            # Half of it is certain: many clients must not come back at one moment.
            drawn = wait_random_exponential(multiplier=pauses.first, max=longest)(state)
            wait = (min(pauses.first * 2.0 ** (state.attempt_number - 2), longest) + drawn) / 2.0
        return max(wait, least, self.until_allowed())

    def until_allowed(self) -> float:
        """How long the budget makes us wait."""
        now, pauses = self._now(), self._pauses
        while self._recent and now - self._recent[0] >= pauses.window:
            self._recent.popleft()
        if len(self._recent) < pauses.handshakes_most:
            return 0.0
        return self._recent[0] + pauses.window - now
