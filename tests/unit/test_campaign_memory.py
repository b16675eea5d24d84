"""What a class and a wait for a dip remember of predictions before: shown by mutants."""

from __future__ import annotations

import pytest

from actors.messages.decision import VERDICT_COLUMNS, Reason, VerdictSlice
from tests.strategy_desk import Desk, spoken, verdict

STATE = VERDICT_COLUMNS.index("state")


def states(*odds: int) -> list[int]:
    """The classes after predictions in a row."""
    desk, found = Desk(), []
    for p_up in odds:
        told = [e for e in desk.predict(spoken(p_up, 30_000)) if isinstance(e, VerdictSlice)]
        found.append(told[0].rows[0, STATE].item())
    return found


@pytest.mark.parametrize(
    ("odds", "classes"),
    [
        ((620_000, 550_000), [2, 1]),  # from strong, the weaker class has its slack too
        ((620_000, 549_999), [2, 0]),
        ((380_000, 450_000), [-2, -1]),
        ((380_000, 450_001), [-2, 0]),
        ((560_000, 550_000), [1, 1]),
        ((440_000, 450_000), [-1, -1]),
        ((500_000, 559_999), [0, 0]),
        ((620_000, 610_000), [2, 2]),
        ((620_000, 609_999), [2, 1]),
        ((380_000, 390_000), [-2, -2]),
        ((380_000, 390_001), [-2, -1]),
    ],
)
def test_a_class_is_left_by_the_slack_of_each_threshold_below_it(
    odds: tuple[int, ...], classes: list[int]
) -> None:
    assert states(*odds) == classes


@pytest.mark.parametrize("often", [1, 2, 3, 4])
def test_a_drop_that_is_told_again_and_again_is_still_waited_for_afterwards(often: int) -> None:
    desk = Desk()
    drop = spoken(700_000, 30_000, downside=600_000)
    for _ in range(often):
        assert verdict(desk.predict(drop))[1] is Reason.DROP_AHEAD
    over = spoken(700_000, 30_000, rebound=400_000)
    assert verdict(desk.predict(over))[1] is Reason.AWAITING_REBOUND
    assert verdict(desk.predict(over))[1] is Reason.AWAITING_REBOUND
