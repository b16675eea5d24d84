"""What a campaign itself keeps: quantity, cost, what it banked, and whether it recovers."""

from __future__ import annotations

from decimal import Decimal

import pytest

from actors.messages.decision import Side
from actors.messages.ledger import PositionView
from actors.money import run_exact
from actors.strategy.campaigns import Campaign, adopted
from actors.strategy.profile import StrategyProfile

D = Decimal
STEP = D("0.01")
PROFILE = StrategyProfile()


def campaign(quantity: str = "2", cost: str = "200") -> Campaign:
    return Campaign(1, "ABCUSD", 5, D(300), D(quantity), D(cost))


def test_a_new_one_has_done_nothing_yet() -> None:
    new = Campaign(7, "ABCUSD", 5, D(300))
    counts = new.tactical_count, new.reentries_count
    times = new.recovering_since, new.reduced_at, new.filled_at
    assert (new.quantity, new.cost, new.banked) == (D(0), D(0), D(0))
    assert (counts, times, new.faded) == ((0, 0), (0, 0, 0), False)
    assert (new.price, new.room) == (0.0, D(300))


@pytest.mark.parametrize(
    ("quantity", "cost", "price"),
    [("2", "200", 100.0), ("0.5", "100", 200.0), ("1", "3", 3.0), ("0", "0", 0.0), ("0", "5", 0.0)],
)
def test_its_price_is_what_a_unit_of_it_cost(quantity: str, cost: str, price: float) -> None:
    assert campaign(quantity, cost).price == price


@pytest.mark.parametrize(("cost", "room"), [("0", 300), ("299", 1), ("300", 0), ("301", 0)])
def test_its_room_is_what_the_budget_leaves_and_never_less_than_nothing(
    cost: str, room: int
) -> None:
    assert campaign("1", cost).room == room


@pytest.mark.parametrize(
    ("side", "quantity", "cost", "left"),
    [
        (Side.BUY, "1", "110", ("3", "310", "0")),
        (Side.SELL, "1", "120", ("1", "100", "20")),
        (Side.SELL, "2", "150", ("0", "0", "-50")),
        (Side.SELL, "3", "330", ("0", "0", "130")),  # more than it owns: what it owned is gone
        (Side.SELL, "0.3", "45", ("1.7", "170", "15")),
    ],
)
def test_a_fill_moves_quantity_cost_and_what_was_banked(
    side: Side, quantity: str, cost: str, left: tuple[str, str, str]
) -> None:
    found = campaign()
    run_exact(lambda: found.filled(side, D(quantity), D(cost), STEP))
    assert (found.quantity, found.cost, found.banked) == tuple(map(D, left))


def test_a_sale_takes_its_share_of_the_cost_rounded_down() -> None:
    found = campaign("3", "100")
    run_exact(lambda: found.filled(Side.SELL, D(1), D(40), STEP))
    assert (found.cost, found.banked) == (D("66.67"), D("6.67"))


def test_a_sale_of_what_it_does_not_own_is_all_gain() -> None:
    found = campaign("0", "0")
    run_exact(lambda: found.filled(Side.SELL, D(1), D(40), STEP))
    assert (found.quantity, found.cost, found.banked) == (D(0), D(0), D(40))


@pytest.mark.parametrize(("held", "left"), [("3", "2"), ("2", "2"), ("0.5", "0.5"), ("0", "0")])
def test_it_never_owns_more_than_the_account_holds(held: str, left: str) -> None:
    found = campaign()
    run_exact(lambda: found.shrink_to(D(held), STEP))
    assert (found.quantity, found.cost, found.banked) == (D(left), D(left) * 100, D(0))


@pytest.mark.parametrize(
    ("bids", "since"),
    [
        ((80.0,), [9]),  # the trigger, inclusive
        ((80.0001,), [0]),
        ((80.0, 84.99), [9, 9]),
        ((80.0, 85.0), [9, 0]),  # the leaving, inclusive
        ((80.0, 120.0), [9, 0]),
        ((80.0, 120.0, 80.0), [9, 0, 9]),
        ((70.0, 60.0), [9, 9]),
        ((0.0,), [0]),
        ((-1.0,), [0]),
        ((float("nan"),), [0]),
    ],
)
def test_a_severe_loss_begins_a_recovery_until_it_is_smaller(
    bids: tuple[float, ...], since: list[int]
) -> None:
    found, told = campaign(), []
    for bid in bids:
        found.marked(bid, PROFILE, 9)
        told.append(found.recovering_since)
    assert told == since


def test_a_recovery_keeps_the_time_at_which_it_began() -> None:
    found = campaign()
    found.marked(80.0, PROFILE, 9)
    found.marked(70.0, PROFILE, 10)
    assert found.recovering_since == 9


def test_prices_below_one_are_judged_like_others() -> None:
    found = campaign("1000", "500")
    found.marked(0.4, PROFILE, 9)
    assert found.recovering_since == 9
    found.marked(0.425, PROFILE, 10)
    assert found.recovering_since == 0


def test_what_owns_nothing_recovers_from_nothing() -> None:
    found = campaign("0", "0")
    found.marked(50.0, PROFILE, 9)
    assert found.recovering_since == 0


def test_positions_of_before_campaigns_become_campaigns_in_their_order() -> None:
    def held(symbol: str, quantity: str, cost: str) -> PositionView:
        return PositionView(symbol, D(quantity), D(quantity), D(cost), D(cost))

    found = adopted(
        (held("ABCUSD", "0.5", "50"), held("DEFUSD", "0", "0"), held("GHI", "3", "9")), 4
    )
    assert list(found) == ["ABCUSD", "GHI"]
    first, second = found.values()
    assert (first.number, first.opened_at, first.budget) == (1, 4, D(50))
    assert (first.quantity, first.cost) == (D("0.5"), D(50))
    assert (second.number, second.quantity, second.cost) == (3, D(3), D(9))
