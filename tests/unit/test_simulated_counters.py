"""The order rate counter of the simulated exchange: costs, age penalties, decay, thresholds."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.kraken_simulator.counters import RateCounter, Work, batch_cost, fixed_cost, penalty
from adapters.kraken_simulator.errors import Refusal
from adapters.kraken_simulator.orders import AmendOrder, EditOrder
from adapters.kraken_simulator.views import Tier
from tests.quiet_exchange import PAIR, SECOND, START, Desk, asked, desks, quiet, rich

AGES: list[tuple[Work, tuple[int, ...]]] = [
    ("add", (0, 0, 0, 0, 0, 0, 0)),
    ("amend", (3, 2, 1, 0, 0, 0, 0)),
    ("edit", (6, 5, 4, 2, 1, 0, 0)),
    ("cancel", (8, 6, 5, 4, 2, 1, 0)),
]
EDGES = (0, 5, 10, 15, 45, 90, 300)


@pytest.mark.parametrize(("work", "costs"), AGES)
def test_a_young_order_costs_more_to_touch(work: Work, costs: tuple[int, ...]) -> None:
    for edge, cost in zip(EDGES, costs, strict=True):
        assert penalty(work, edge * SECOND) == cost
    for edge, cost in zip(EDGES[1:], costs, strict=False):
        assert penalty(work, edge * SECOND - 1) == cost


def test_fixed_parts_are_those_of_the_table() -> None:
    assert [fixed_cost(work) for work, _ in AGES] == [1, 1, 1, 0]
    assert [batch_cost(count) for count in (2, 3, 15)] == [2, Decimal("2.5"), Decimal("8.5")]


TIERS: list[tuple[Tier, str, str]] = [
    ("starter", "60", "1"),
    ("intermediate", "125", "2.34"),
    ("pro", "180", "3.75"),
]


@pytest.mark.parametrize(("tier", "threshold", "decay"), TIERS)
def test_a_counter_stops_at_its_threshold_and_decays(
    tier: Tier, threshold: str, decay: str
) -> None:
    counter = RateCounter(tier)
    assert counter.charge(Decimal(threshold), START)
    assert not counter.charge(Decimal("0.1"), START)
    assert counter.value(START + SECOND) == Decimal(threshold) - Decimal(decay)
    assert counter.value(START + 3_600 * SECOND) == 0
    assert counter.charge(Decimal(1), START + SECOND)


@given(
    st.sampled_from(TIERS),
    st.lists(st.tuples(st.integers(0, 20 * SECOND), st.integers(0, 9)), max_size=60),
)
def test_the_counter_agrees_with_a_plain_account_of_every_charge(
    tier: tuple[Tier, str, str], plan: list[tuple[int, int]]
) -> None:
    name, threshold, decay = tier
    counter, level, now_ns = RateCounter(name), Fraction(0), START
    for wait_ns, cost in plan:
        now_ns += wait_ns
        level = max(Fraction(0), level - Fraction(decay) * wait_ns / SECOND)
        fits = level + cost <= Fraction(threshold)
        assert counter.charge(Decimal(cost), now_ns) is fits
        level += cost if fits else 0
        assert Fraction(counter.value(now_ns)) == level


def test_requests_charge_the_pairs_own_counter_even_when_refused() -> None:
    ann, bob = desks("ann", "bob")
    exchange = ann.exchange
    with pytest.raises(Refusal):
        ann.add(qty="0.00001")
    assert exchange.rate_count("ann", PAIR) == 1
    order_id = ann.add()
    exchange.amend_order("ann", AmendOrder(order_id=order_id, qty=Decimal(2)), now_ns=START)
    assert exchange.rate_count("ann", PAIR) == 2 + 1 + 3
    exchange.edit_order("ann", EditOrder(order_id=order_id, symbol=PAIR), now_ns=START)
    assert exchange.rate_count("ann", PAIR) == 6 + 1 + 6
    ann.cancel(exchange.open_orders("ann")[0].order_id)
    assert exchange.rate_count("ann", PAIR) == 13 + 8
    exchange.add_batch("ann", (asked(), asked()), now_ns=START)
    assert exchange.rate_count("ann", PAIR) == 21 + 2
    assert exchange.rate_count("ann", "ETH/USD") == exchange.rate_count("bob", PAIR) == 0
    assert (exchange.rate_limit("ann"), bob.account) == (Decimal(180), "bob")


def test_an_amended_order_is_young_again() -> None:
    [ann] = desks("ann")
    order_id = ann.add()
    later = START + 400 * SECOND
    request = AmendOrder(order_id=order_id, qty=Decimal(2))
    ann.exchange.amend_order("ann", request, now_ns=later)
    assert ann.exchange.rate_count("ann", PAIR) == 1
    ann.cancel(order_id)
    assert ann.exchange.rate_count("ann", PAIR) == 9


def test_a_full_counter_refuses_cancels_but_never_cancel_all() -> None:
    ann = Desk(quiet(rich("ann", "starter")), "ann")
    order_id = ann.add()
    for _ in range(55):
        with pytest.raises(Refusal):
            ann.add(qty="0.00001")
    with pytest.raises(Refusal, match="EOrder:Rate limit exceeded"):
        ann.cancel(order_id)
    assert ann.exchange.cancel_all("ann", now_ns=START) == 1


def test_a_counter_that_has_room_for_one_cancel_cancels_none_of_two() -> None:
    ann = Desk(quiet(rich("ann", "starter")), "ann")
    for price in ("90.0", "91.0"):
        ann.add(price=price, userref=7)
    for _ in range(45):
        with pytest.raises(Refusal):
            ann.add(qty="0.00001")
    with pytest.raises(Refusal, match="EOrder:Rate limit exceeded"):
        ann.cancel(7)
    assert len(ann.exchange.open_orders("ann")) == 2


def test_orders_by_hand_are_no_requests() -> None:
    [ann] = desks("ann")
    placed = ann.exchange.place_by_hand("ann", asked(), now_ns=START)
    assert placed.order_id is not None
    ann.exchange.cancel_by_hand("ann", placed.order_id, now_ns=START)
    assert ann.exchange.rate_count("ann", PAIR) == 0
    assert ann.order(placed.order_id).by_hand
    with pytest.raises(Refusal, match="EOrder:Unknown order"):
        ann.exchange.cancel_by_hand("ann", placed.order_id, now_ns=START)
