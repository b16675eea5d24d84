"""The rungs of an open campaign: far beyond each threshold, exactly at it, and one symbol each."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from actors.instant import HOUR_NS
from actors.messages.decision import Action, Reason
from actors.messages.order import OrderState
from actors.strategy.campaigns import Campaign
from actors.strategy.config import StrategyConfig
from actors.strategy.profile import StrategyProfile
from tests.strategy_desk import CALM, CONFIG, NOW, STRONG, D, Desk, intents, order, spoken, verdict

SAID = tuple[int, ...]
MIXED = spoken(400_000, 5_000, rebound=500_000, move_h1=5_000)
FALLEN = spoken(500_000, 5_000, p_h24=500_000, move_h24=0)


def negative(p_up: int, rebound: int, move: int = 5_000) -> SAID:
    return spoken(p_up, move, rebound=rebound, move_h1=5_000)


def day(p_up: int, move: int) -> SAID:
    return spoken(500_000, 5_000, p_h24=p_up, move_h24=move)


FAR = [
    ("worse than strongly negative", negative(100_000, 0), "EXIT", "THESIS_BROKEN"),
    ("a fall far below the limit", negative(700_000, 0, -90_000), "EXIT", "THESIS_BROKEN"),
    ("odds and a fall at once", negative(100_000, 0, -90_000), "EXIT", "THESIS_BROKEN"),
    ("worse than negative", negative(400_000, 0), "PARTIAL_EXIT", "THESIS_MIXED"),
    ("a way back that is sure", negative(400_000, 990_000), "HOLD", "REBOUND_CREDIBLE"),
    ("an hour that falls", spoken(500_000, 5_000, move_h1=-9_000), "PARTIAL_EXIT", "EDGE_FADED"),
]


@pytest.mark.parametrize(("name", "said", "action", "reason"), FAR)
def test_what_is_far_beyond_a_threshold_decides_as_the_threshold_does(
    name: str, said: SAID, action: str, reason: str
) -> None:
    desk = Desk()
    desk.owns("ABCUSD", "2")
    assert verdict(desk.predict(said)) == (Action[action], Reason[reason])


FAR_RECOVERY = [
    ("no odds at all", day(10_000, 0), "EXIT", "RECOVERY_HOPELESS"),
    ("a fall far below the limit", day(700_000, -90_000), "EXIT", "RECOVERY_HOPELESS"),
    ("both at once", day(10_000, -90_000), "EXIT", "RECOVERY_HOPELESS"),
    ("odds that are sure", day(990_000, 0), "HOLD", "RECOVERY_HELD"),
]


@pytest.mark.parametrize(("name", "said", "action", "reason"), FAR_RECOVERY)
def test_a_recovery_far_beyond_a_threshold_goes_by_it(
    name: str, said: SAID, action: str, reason: str
) -> None:
    desk = Desk()
    desk.owns("ABCUSD", "2", cost="400")
    assert verdict(desk.predict(said)) == (Action[action], Reason[reason])


@pytest.mark.parametrize(
    ("quantity", "cost", "bid", "stopped"),
    [
        ("2", "250", 100.0, True),  # a fifth is lost, exactly
        ("2", "249.98", 100.0, False),
        ("2", "300", 100.0, True),
        ("200", "250", 1.0, True),
        ("200", "249.98", 1.0, False),
    ],
)
def test_a_catastrophe_stop_sells_from_its_loss_on(
    quantity: str, cost: str, bid: float, *, stopped: bool
) -> None:
    profile = StrategyProfile(entry_persistence_count=1, catastrophe_stop_micros=200_000)
    desk = Desk(StrategyConfig(CONFIG.instruments, profile))
    desk.marks[0, :3] = bid, bid + 0.1, bid
    desk.owns("ABCUSD", quantity, cost=cost)
    reason = verdict(desk.predict(day(600_000, 0)))[1]
    assert (reason is Reason.CATASTROPHE_STOP) is stopped


@pytest.mark.parametrize(
    ("reduced_at", "reason"),
    [
        (0, Reason.THESIS_MIXED),  # never
        (3 * HOUR_NS, Reason.THESIS_MIXED),
        (NOW - 24 * HOUR_NS, Reason.THESIS_MIXED),
        (NOW - 24 * HOUR_NS + 1, Reason.REDUCED_LATELY),
        (NOW - 1, Reason.REDUCED_LATELY),
    ],
)
def test_a_reduction_is_late_for_a_day(reduced_at: int, reason: Reason) -> None:
    desk = Desk()
    desk.owns("ABCUSD", "2", reduced_at=reduced_at)
    assert verdict(desk.predict(MIXED))[1] is reason


@pytest.mark.parametrize(("said", "cost"), [(MIXED, "180"), (FALLEN, "400")])
def test_an_order_of_unknown_outcome_and_a_late_reduction_are_no_reason_to_reduce(
    said: SAID, cost: str
) -> None:
    """Both together hold as each of them does; how many are unknown makes no difference."""
    for count, reduced_at in ((1, NOW - 1), (2, NOW - 1), (2, 0)):
        desk = Desk()
        desk.owns("ABCUSD", "2", cost=cost, reduced_at=reduced_at)
        for number in range(count):
            desk.tell(order(90 + number, OrderState.UNKNOWN))
        assert verdict(desk.predict(said)) == (Action.HOLD, Reason.REDUCED_LATELY)


@pytest.mark.parametrize(("bid", "reason"), [(101.0, "EDGE_FADED"), (100.99, "THESIS_HOLDS")])
def test_a_gain_that_is_exactly_enough_is_taken(bid: float, reason: str) -> None:
    desk = Desk()
    desk.marks[0, :3] = bid, bid + 0.1, bid
    desk.owns("ABCUSD", "2", cost="200")
    assert verdict(desk.predict(spoken(500_000, 5_000, move_h1=0)))[1] is Reason[reason]


AGAIN: dict[str, Any] = {"faded": True, "tactical_count": 1}


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"budget": D("200.00")}, Reason.REENTRY),
        ({"budget": D("90.50")}, Reason.REENTRY),  # half a unit of room is room
        ({"budget": D("90.00")}, Reason.THESIS_HOLDS),
        ({"budget": D("80.00")}, Reason.THESIS_HOLDS),
        ({"reentries_count": 2}, Reason.REENTRY),
        ({"reentries_count": 3}, Reason.THESIS_HOLDS),
        ({"reentries_count": 4}, Reason.THESIS_HOLDS),  # the profile allowed more before
        ({"faded": False}, Reason.THESIS_HOLDS),
    ],
)
def test_a_campaign_enters_again_within_its_budget_and_its_count(
    more: dict[str, Any], reason: Reason
) -> None:
    desk = Desk()
    desk.owns("ABCUSD", "1", **AGAIN | more)
    assert verdict(desk.predict(STRONG))[1] is reason


def test_campaigns_of_every_symbol_are_judged_by_what_they_are() -> None:
    """The first recovers, the second took its profit, the third is new: none is another's."""
    desk = Desk()
    desk.owns("ABCUSD", "2", cost="400")
    desk.owns("DEFUSD", "1", **AGAIN)
    desk.owns("GHIUSD", "2")
    fades = spoken(500_000, 5_000, move_h1=0)
    effects = desk.predict(FALLEN, STRONG, fades)
    assert [verdict(effects, index)[1] for index in range(3)] == [
        Reason.RECOVERY_REDUCED,
        Reason.REENTRY,
        Reason.EDGE_FADED,
    ]
    assert [each.symbol for each in intents(effects)] == ["ABCUSD", "GHIUSD", "DEFUSD"]


def test_a_campaign_of_a_symbol_that_left_the_run_is_nobody_elses() -> None:
    """It is remembered, and neither stops the others nor stands for the last of them."""
    left = Campaign(9, "OLDUSD", NOW, D(200), D(1), D(1), faded=True, recovering_since=NOW)
    desk = Desk()
    desk.actor.state.campaigns["OLDUSD"] = msgspec.structs.replace(left)
    desk.owns("ABCUSD", "2", cost="400")
    desk.owns("GHIUSD", "2", cost="200")
    desk.actor.state.campaigns["ODDUSD"] = msgspec.structs.replace(left, symbol="ODDUSD")
    fades = spoken(500_000, 5_000, move_h1=0)
    effects = desk.predict(FALLEN, CALM, fades)
    assert verdict(effects, 0)[1] is Reason.RECOVERY_REDUCED
    assert verdict(effects, 2)[1] is Reason.THESIS_HOLDS, "no gain, whatever the stranger gained"
