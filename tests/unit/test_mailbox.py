"""A mailbox is a bounded queue that never drops: beyond its bound it raises."""

from __future__ import annotations

import pytest

from actors.kernel.envelope import Envelope
from actors.kernel.mailbox import Mailbox, MailboxOverflowError
from actors.kernel.stamp import INPUT, Stamp
from actors.kernel.supervisor import RunawayError
from actors.messages.control import Tick
from tests.kernel_bank import bank


def envelope(number: int) -> Envelope:
    stamp = Stamp(number, INPUT, number)
    return Envelope(stamp, stamp, "vault", number, Tick(number))


def mailbox(capacity: int) -> Mailbox:
    return Mailbox(bank().actor("vault"), capacity)


def test_first_in_is_first_out() -> None:
    """The queue keeps the order of putting."""
    box = mailbox(10)
    sent = [envelope(number) for number in range(10)]
    for each in sent:
        box.put(each)
    assert [box.queue.popleft() for _ in range(10)] == sent


def test_it_holds_exactly_its_capacity() -> None:
    """One more is a runaway loop in the rules, and nothing is dropped in silence."""
    box = mailbox(3)
    for number in range(3):
        box.put(envelope(number))
    with pytest.raises(MailboxOverflowError, match="the mailbox of vault exceeds 3"):
        box.put(envelope(3))
    assert issubclass(MailboxOverflowError, RunawayError)


@pytest.mark.parametrize("capacity", [0, -1])
def test_a_mailbox_without_room_is_refused(capacity: int) -> None:
    """A capacity is at least one."""
    with pytest.raises(AssertionError):
        mailbox(capacity)


def test_its_statistics_remember_the_deepest() -> None:
    """High water does not fall when the queue does."""
    box = mailbox(5)
    for number in range(4):
        box.put(envelope(number))
    box.queue.clear()
    box.put(envelope(4))
    found = box.statistics()
    assert (found.depth, found.high_water, found.delivered, found.capacity) == (1, 4, 0, 5)
