"""A bounded mailbox with statistics. In the core an overflow is a bug and halts; it never drops."""

from __future__ import annotations

from collections import deque

import msgspec

from actors.kernel.envelope import Envelope


class MailboxOverflowError(AssertionError):
    """A core mailbox outgrew its bound within one step: a loop in the rules, not load."""


class MailboxStatistics(msgspec.Struct, frozen=True):
    """What a mailbox has seen: depth now, deepest ever, delivered in all."""

    depth: int
    high_water: int
    delivered: int
    capacity: int


class Mailbox:
    """One actor's queue of envelopes, first in first out."""

    __slots__ = ("capacity", "delivered", "high_water", "owner", "queue")

    def __init__(self, owner: str, capacity: int) -> None:
        assert capacity > 0
        self.owner = owner
        self.capacity = capacity
        self.queue: deque[Envelope] = deque()
        self.high_water = 0
        self.delivered = 0

    def put(self, envelope: Envelope) -> None:
        """Append; raises MailboxOverflowError beyond the capacity."""
        queue = self.queue
        queue.append(envelope)
        depth = len(queue)
        if depth > self.high_water:
            if depth > self.capacity:
                raise MailboxOverflowError(f"the mailbox of {self.owner} exceeds {self.capacity}")
            self.high_water = depth

    def statistics(self) -> MailboxStatistics:
        """A reading for metrics and the terminal view."""
        return MailboxStatistics(len(self.queue), self.high_water, self.delivered, self.capacity)
