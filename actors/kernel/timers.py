"""Logical timers: fired by the kernel in (due, owner, name) order before the input that reaches
them.

Only inputs move time, so timers fire alike live, in backtest and in replay. The state is a sorted
list; every open order has a timer, so one is found by its name and taken out by its place.
"""

from __future__ import annotations

import bisect

import msgspec

from actors.kernel.stamp import Stamp


class Timer(msgspec.Struct, frozen=True, array_like=True, order=True, forbid_unknown_fields=True):
    """A timer that waits. `cause` is the stamp of the envelope that set it."""

    due: int
    owner: str
    name: str
    cause: Stamp


class Timers:
    """The waiting timers in firing order; one per (owner, name)."""

    __slots__ = ("_named", "waiting")

    def __init__(self, waiting: list[Timer] | None = None) -> None:
        self.waiting: list[Timer] = list(waiting or ())
        self._named = {(timer.owner, timer.name): timer for timer in self.waiting}

    def set(self, timer: Timer) -> None:
        """Add `timer`, replacing the owner's timer of that name."""
        self.cancel(timer.owner, timer.name)
        self._named[timer.owner, timer.name] = timer
        bisect.insort(self.waiting, timer)

    def cancel(self, owner: str, name: str) -> None:
        """Forget the timer if it waits."""
        timer = self._named.pop((owner, name), None)
        if timer is not None:
            del self.waiting[bisect.bisect_left(self.waiting, timer)]

    def due(self, at: int) -> Timer | None:
        """Remove and return the first timer that is due at or before `at`."""
        if self.waiting and self.waiting[0].due <= at:
            timer = self.waiting.pop(0)
            del self._named[timer.owner, timer.name]
            return timer
        return None
