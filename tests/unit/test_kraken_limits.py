"""The two rate limits as the venue documents them, and a reserve for cancels."""

from __future__ import annotations

import pytest

from actors.instant import MILLISECOND_NS, SECOND_NS
from adapters.kraken.limits import (
    INTERMEDIATE,
    PRO,
    STARTER,
    TIERS,
    CallCost,
    CallLimits,
    OrderLimits,
    Tier,
)

NOW = 1_790_000_000_000_000_000
BTC, ETH = "BTC/USD", "ETH/USD"


def seconds(count: float) -> int:
    return int(count * SECOND_NS)


@pytest.mark.parametrize(
    ("tier", "calls", "calls_decay", "orders", "orders_decay"),
    [
        (STARTER, 15, 0.33, 60, 1.0),
        (INTERMEDIATE, 20, 0.5, 125, 2.34),
        (PRO, 20, 1.0, 180, 3.75),
    ],
)
def test_tiers_are_the_documented_ones(
    tier: Tier, calls: int, calls_decay: float, orders: int, orders_decay: float
) -> None:
    assert (tier.calls_most, tier.calls_decay / 100) == (calls, calls_decay)
    assert (tier.orders_most, tier.orders_decay / 100) == (orders, orders_decay)
    assert TIERS[tier.name] is tier


@pytest.mark.parametrize(
    ("age", "cancel", "amend"),
    [
        (0.0, 8, 4),
        (4.999, 8, 4),
        (5.0, 6, 3),
        (9.999, 6, 3),
        (10.0, 5, 2),
        (14.999, 5, 2),
        (15.0, 4, 1),
        (44.999, 4, 1),
        (45.0, 2, 1),
        (89.999, 2, 1),
        (90.0, 1, 1),
        (299.999, 1, 1),
        (300.0, 0, 1),
        (9999.0, 0, 1),
    ],
)
def test_ending_or_changing_an_order_costs_more_the_younger_it_is(
    age: float, cancel: int, amend: int
) -> None:
    limits = OrderLimits(PRO)
    assert limits.try_add(BTC, NOW, "one")
    now = NOW + round(age * 1000) * MILLISECOND_NS
    assert limits.cancel_cost(BTC, now, "one") == cancel
    assert limits.amend_cost(BTC, now, "one") == amend


def test_an_amend_makes_an_order_young_again() -> None:
    limits = OrderLimits(PRO)
    assert limits.try_add(BTC, NOW, "one")
    assert limits.try_amend(BTC, NOW + seconds(100), "one")
    assert limits.cancel_cost(BTC, NOW + seconds(101), "one") == 8


def test_adds_leave_the_reserve_to_cancels() -> None:
    limits = OrderLimits(STARTER, reserve=16)
    taken = sum(limits.try_add(BTC, NOW, str(number)) for number in range(100))
    assert taken == 60 - 16
    assert not limits.try_amend(BTC, NOW, "0")
    limits.cancelled(BTC, "0", NOW)
    limits.cancelled(BTC, "1", NOW)
    assert limits.used(BTC, NOW) == 60


def test_every_pair_has_a_counter_of_its_own() -> None:
    limits = OrderLimits(STARTER, reserve=0)
    assert all(limits.try_add(BTC, NOW, str(number)) for number in range(60))
    assert not limits.try_add(BTC, NOW, "more")
    assert limits.try_add(ETH, NOW, "other")


def test_a_refused_add_costs_nothing_and_says_when() -> None:
    limits = OrderLimits(INTERMEDIATE, reserve=0)
    while limits.try_add(BTC, NOW):
        pass
    assert limits.used(BTC, NOW) == 125
    wait = limits.seconds_until(BTC, NOW)
    assert wait == pytest.approx(1 / 2.34)
    assert not limits.try_add(BTC, NOW + seconds(wait) - 1)
    assert limits.try_add(BTC, NOW + seconds(wait) + 1)
    assert limits.seconds_until(ETH, NOW) == 0.0


def test_an_order_that_was_never_told_is_as_old_as_the_model() -> None:
    limits = OrderLimits(PRO)
    assert limits.cancel_cost(BTC, NOW, "before us") == 8
    assert limits.try_add(BTC, NOW, "ours")
    assert limits.cancel_cost(BTC, NOW + seconds(100), "before us") == 1
    assert limits.try_add(BTC, NOW + seconds(100))
    assert limits.cancel_cost(BTC, NOW + seconds(101), "without an id") == 8
    assert limits.cancel_cost(ETH, NOW + seconds(101), "elsewhere") == 1


def test_orders_whose_age_costs_nothing_are_forgotten() -> None:
    limits = OrderLimits(PRO, reserve=0)
    for number in range(1000):
        now = NOW + number * SECOND_NS
        assert limits.try_add(BTC, now, str(number))
        limits.ended(str(number)) if number % 2 else None
    assert len(limits._touched) == 150
    assert limits.cancel_cost(BTC, NOW + seconds(1000), "0") == 0


def test_the_venues_own_count_counts_where_it_is_larger() -> None:
    limits = OrderLimits(PRO, reserve=0)
    assert limits.try_add(BTC, NOW)
    limits.told(BTC, 170, NOW)
    assert limits.used(BTC, NOW) == 170
    limits.told(BTC, 3, NOW)
    assert limits.used(BTC, NOW) == 170
    limits.exceeded(BTC, NOW)
    assert limits.used(BTC, NOW) == 180
    assert not limits.try_add(BTC, NOW)


def test_a_clock_that_steps_back_lets_nothing_decay() -> None:
    limits = OrderLimits(STARTER, reserve=0)
    assert all(limits.try_add(BTC, NOW, str(number)) for number in range(60))
    assert not limits.try_add(BTC, NOW - seconds(3600))
    assert not limits.try_add(BTC, NOW)
    assert limits.try_add(BTC, NOW + seconds(1))


def test_calls_leave_a_reserve_for_what_must_not_wait() -> None:
    limits = CallLimits(STARTER, reserve=3)
    assert sum(limits.try_take(CallCost.HISTORY, NOW) for _ in range(20)) == 6
    assert not limits.try_take(CallCost.PLAIN, NOW)
    wait = limits.seconds_until(CallCost.PLAIN, NOW)
    assert wait == pytest.approx(1 / 0.33)
    for _ in range(3):
        limits.take(CallCost.PLAIN, NOW)
    assert limits.seconds_until(CallCost.PLAIN, NOW) == pytest.approx(4 / 0.33)
    assert limits.try_take(CallCost.PLAIN, NOW + seconds(4 / 0.33) + 1)


def test_a_full_counter_at_the_venue_is_full_here() -> None:
    limits = CallLimits(PRO, reserve=3)
    limits.exceeded(NOW)
    assert limits.seconds_until(CallCost.HISTORY, NOW) == pytest.approx(5.0)


def test_orders_cost_no_call() -> None:
    limits = CallLimits(PRO, reserve=3)
    for _ in range(100):
        limits.take(CallCost.ORDER, NOW)
    assert limits.seconds_until(CallCost.HISTORY, NOW) == 0.0
