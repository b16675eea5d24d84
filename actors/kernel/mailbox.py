"""A bounded mailbox with statistics. In the core an overflow is a bug and halts; it never drops."""

from __future__ import annotations

from collections import deque
from typing import Any

import msgspec

from actors.kernel.actor import Actor
from actors.kernel.envelope import Envelope
from actors.kernel.supervisor import RunawayError


class MailboxOverflowError(RunawayError):
    """A core mailbox outgrew its bound within one step: a loop in the rules, not load."""


class MailboxStatistics(msgspec.Struct, frozen=True):
    """What a mailbox has seen: depth now, deepest ever, delivered in all."""

    depth: int
    high_water: int
    delivered: int
    capacity: int


class Mailbox:
    """One actor's queue of envelopes, first in first out, with what the kernel needs to serve it.

    `put` states the rule; the kernel's loop repeats its few lines in place, because a call per hop
    costs a fifth of the hop.
    """

    __slots__ = ("actor", "capacity", "delivered", "high_water", "owner", "queue", "rules", "sent")

    def __init__(self, actor: Actor[Any, Any], capacity: int) -> None:
        assert capacity > 0
        self.actor = actor
        self.owner = actor.name
        self.rules = actor.rules
        self.capacity = capacity
        self.queue: deque[Envelope] = deque()
        self.high_water = 0
        self.delivered = 0
        self.sent = 0

    def put(self, envelope: Envelope) -> None:
        """Append; raises MailboxOverflowError beyond the capacity."""
        self.queue.append(envelope)
        if len(self.queue) > self.high_water:
            self.grew()

    def grew(self) -> None:
        """Note a new high-water mark; raises MailboxOverflowError beyond the capacity."""
        depth = len(self.queue)
        if depth > self.capacity:
            raise MailboxOverflowError(f"the mailbox of {self.owner} exceeds {self.capacity}")
        self.high_water = depth

    def statistics(self) -> MailboxStatistics:
        """A reading for metrics and the terminal view."""
        return MailboxStatistics(len(self.queue), self.high_water, self.delivered, self.capacity)
