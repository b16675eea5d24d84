"""Schedules: the oldest emission first, or any causally legal choice by seed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

from actors.kernel.mailbox import Mailbox
from actors.kernel.schedule import Schedule, SeededOrder, StampOrder
from tests.kernel_bank import NAMES, bank


def boxes() -> list[Mailbox]:
    kernel = bank()
    return [Mailbox(kernel.actor(name), 8) for name in NAMES]


def drawn(schedule: Schedule, seq: int, waiting: Sequence[Mailbox]) -> list[str]:
    """The owners in the order that the schedule serves them."""
    schedule.begin(seq)
    for box in waiting:
        schedule.ready(box)
    served = []
    while (box_next := schedule.next()) is not None:
        served.append(box_next.owner)
    return served


def test_stamp_order_serves_in_the_order_of_emission() -> None:
    """The same mailbox may wait several times."""
    a, b, c, _ = boxes()
    waiting = [b, a, b, c, a]
    assert drawn(StampOrder(), 1, waiting) == [box.owner for box in waiting]


def test_stamp_order_starts_at_quiescence() -> None:
    """What still waits when an input starts is a bug, unless it was cleared away."""
    order, (a, *_) = StampOrder(), boxes()
    order.ready(a)
    with pytest.raises(AssertionError, match="input 2 starts at quiescence"):
        order.begin(2)
    order.clear()
    order.begin(2)
    assert order.next() is None


def test_seeded_order_serves_everything_once() -> None:
    """Another order, the same deliveries."""
    waiting = [box for box in boxes() for _ in range(3)]
    for seed in range(50):
        assert Counter(drawn(SeededOrder(seed), 1, waiting)) == dict.fromkeys(NAMES, 3)


def test_the_same_seed_and_input_make_the_same_choices() -> None:
    """Choices depend on nothing earlier: a rolled back step repeats its own."""
    waiting, order = boxes() * 3, SeededOrder(7)
    first = drawn(order, 5, waiting)
    drawn(order, 6, waiting[:5])
    assert drawn(order, 5, waiting) == first == drawn(SeededOrder(7), 5, waiting)


def test_seeds_and_inputs_differ_in_their_choices() -> None:
    """Four mailboxes can be served in twenty-four ways; two hundred draws find them all."""
    waiting = boxes()
    by_seed = {tuple(drawn(SeededOrder(seed), 1, waiting)) for seed in range(200)}
    by_input = {tuple(drawn(SeededOrder(1), seq, waiting)) for seq in range(200)}
    assert len(by_seed) == len(by_input) == 24


def test_the_choice_is_about_even() -> None:
    """No mailbox starves: each of four goes first in a quarter of draws, give or take a third."""
    waiting = boxes()
    first = Counter(drawn(SeededOrder(seed), 3, waiting)[0] for seed in range(1_200))
    assert all(200 <= first[name] <= 400 for name in NAMES)


def test_a_cleared_seeded_order_has_nothing_waiting() -> None:
    """A rolled back step leaves nothing behind."""
    order, (a, b, *_) = SeededOrder(1), boxes()
    order.begin(1)
    order.ready(a)
    order.ready(b)
    order.clear()
    assert order.next() is None
