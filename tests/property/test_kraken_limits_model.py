"""The counters against a naive model in fractions: equal to the last unit, whatever happens."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from actors.instant import SECOND_NS
from adapters.kraken.limits import (
    INTERMEDIATE,
    PRO,
    STARTER,
    UNIT,
    CallCost,
    CallLimits,
    OrderLimits,
    Tier,
)

START = 1_790_000_000_000_000_000
PAIRS = ("BTC/USD", "ETH/USD")
CANCELS = [(5, 8), (10, 6), (15, 5), (45, 4), (90, 2), (300, 1)]
AMENDS = [(5, 3), (10, 2), (15, 1)]
tiers = st.sampled_from([STARTER, INTERMEDIATE, PRO])
pauses = st.one_of(
    st.just(0), st.integers(0, 100), st.integers(0, 20 * SECOND_NS), st.integers(0, 400 * SECOND_NS)
)
steps = st.lists(
    st.tuples(
        pauses,
        st.sampled_from(["add", "add", "add", "amend", "cancel", "told", "ended"]),
        st.sampled_from(PAIRS),
        st.integers(0, 9),
    ),
    max_size=80,
)


class Venue:
    """The documented rule, in exact fractions of a call."""

    def __init__(self, tier: Tier) -> None:
        self.decay = Fraction(tier.orders_decay, 100)
        self.counts = dict.fromkeys(PAIRS, Fraction(0))
        self.ages: dict[str, int] = {}
        self.now = START

    def wait(self, nanoseconds: int) -> None:
        self.now += nanoseconds
        lost = self.decay * Fraction(nanoseconds, SECOND_NS)
        self.counts = {pair: max(Fraction(0), each - lost) for pair, each in self.counts.items()}

    def penalty(self, table: list[tuple[int, int]], order: str) -> int:
        age = Fraction(self.now - self.ages[order], SECOND_NS)
        return next((cost for limit, cost in table if age < limit), 0)


@given(tier=tiers, reserve=st.integers(0, 40), planned=steps)
def test_counters_are_the_documented_ones_whatever_happens(
    tier: Tier, reserve: int, planned: list[tuple[int, str, str, int]]
) -> None:
    limits, venue = OrderLimits(tier, reserve=reserve), Venue(tier)
    most = Fraction(tier.orders_most - reserve)
    for pause, step, pair, number in planned:
        venue.wait(pause)
        order, now = f"{pair} {number}", venue.now
        known = order in venue.ages
        if step == "add" and not known:
            fits = venue.counts[pair] + 1 <= most
            assert limits.try_add(pair, now, order) == fits
            if fits:
                venue.counts[pair] += 1
                venue.ages[order] = now
        elif step == "amend" and known:
            cost = 1 + venue.penalty(AMENDS, order)
            fits = venue.counts[pair] + cost <= most
            assert limits.try_amend(pair, now, order) == fits
            if fits:
                venue.counts[pair] += cost
                venue.ages[order] = now
        elif step == "cancel" and known:
            venue.counts[pair] += venue.penalty(CANCELS, order)
            del venue.ages[order]
            limits.cancelled(pair, order, now)
        elif step == "told":
            venue.counts[pair] = max(venue.counts[pair], Fraction(number))
            limits.told(pair, number, now)
        elif step == "ended" and known:
            del venue.ages[order]
            limits.ended(order)
        for each in PAIRS:
            assert Fraction(limits._counter(each).let_decay(now), UNIT) == venue.counts[each]


@given(tier=tiers, planned=st.lists(st.tuples(pauses, st.sampled_from(list(CallCost)))))
def test_calls_never_exceed_the_keys_maximum_less_the_reserve(
    tier: Tier, planned: list[tuple[int, CallCost]]
) -> None:
    limits, now, count = CallLimits(tier, reserve=3), START, Fraction(0)
    for pause, cost in planned:
        now += pause
        lost = Fraction(tier.calls_decay, 100) * Fraction(pause, SECOND_NS)
        count = max(Fraction(0), count - lost)
        fits = count + cost <= tier.calls_most - 3
        wait = limits.seconds_until(cost, now)
        assert (wait == 0.0) == fits
        assert limits.try_take(cost, now) == fits
        count += cost if fits else 0
        assert count <= tier.calls_most - 3


@given(tier=tiers, cost=st.sampled_from(list(CallCost)), filled=st.integers(0, 200))
def test_after_the_told_wait_there_is_room(tier: Tier, cost: CallCost, filled: int) -> None:
    limits = CallLimits(tier, reserve=3)
    for _ in range(filled):
        limits.take(CallCost.PLAIN, START)
    # A float of seconds is not exact to the nanosecond.
    later = START + int(limits.seconds_until(cost, START) * SECOND_NS) + 1000
    assert limits.try_take(cost, later)
