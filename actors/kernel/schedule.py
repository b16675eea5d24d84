"""Which mailbox is served next: by least stamp, or by a seed among all causally legal choices.

The Lamport clock makes stamp order emission order and each mailbox a FIFO, so the least head stamp
is the oldest emission: `StampOrder` keeps one ready line and never compares. `SeededOrder` is the
race detector: any non-empty mailbox may go next, and every invariant must hold under every seed.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

from actors.kernel.mailbox import Mailbox

_MULTIPLIER = 6364136223846793005
_INCREMENT = 1442695040888963407
_MASK = (1 << 64) - 1


def _mixed(word: int) -> int:
    """Every bit of `word` into every bit of the result (the finaliser of SplitMix64).

    Without it nearby seeds reach only some of the orders.
    """
    word = (word + 0x9E3779B97F4A7C15) & _MASK
    word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & _MASK
    return word ^ (word >> 31)


class Schedule(Protocol):
    """The order in which mailboxes are served."""

    def begin(self, seq: int) -> None:
        """Input `seq` starts (again): choices depend on it and on nothing earlier."""

    def ready(self, mailbox: Mailbox) -> None:
        """An envelope was put into `mailbox`."""

    def next(self) -> Mailbox | None:
        """The mailbox to serve now, None at quiescence."""

    def clear(self) -> None:
        """Forget everything (a step was rolled back)."""


class StampOrder:
    """Least stamp first."""

    __slots__ = ("clear", "line", "ready")

    def __init__(self) -> None:
        self.line: deque[Mailbox] = deque()
        self.ready = self.line.append
        self.clear = self.line.clear

    def begin(self, seq: int) -> None:
        """The line is empty between inputs."""
        assert not self.line, f"input {seq} starts at quiescence"

    def next(self) -> Mailbox | None:
        """The mailbox whose head was emitted first."""
        return self.line.popleft() if self.line else None


class SeededOrder:
    """Any legal mailbox, chosen by a 64-bit linear congruential sequence from `seed`."""

    def __init__(self, seed: int) -> None:
        self._seed = _mixed(seed)
        self._word = 0
        self._waiting: list[Mailbox] = []

    def begin(self, seq: int) -> None:
        """Restart the sequence from the seed and the input's number, so a rollback repeats
        choices.
        """
        self._word = _mixed(self._seed + seq)

    def ready(self, mailbox: Mailbox) -> None:
        """One more envelope waits in `mailbox`."""
        self._waiting.append(mailbox)

    def next(self) -> Mailbox | None:
        """A waiting mailbox; the choice weighs mailboxes by how much waits in them."""
        waiting = self._waiting
        if not waiting:
            return None
        self._word = (self._word * _MULTIPLIER + _INCREMENT) & _MASK
        index = (self._word >> 33) % len(waiting)
        waiting[index], waiting[-1] = waiting[-1], waiting[index]
        return waiting.pop()

    def clear(self) -> None:
        """Nothing waits any more."""
        self._waiting.clear()
