"""The trading state by itself: causes, levels, the two halts of a drawdown, the loss of a day."""

from __future__ import annotations

import pytest

from actors.instant import DAY_NS
from actors.messages.risk import TradingState
from actors.risk.profile import RiskProfile
from actors.risk.standing import NO_DAY, Standing

PROFILE = RiskProfile()
A, R, H = TradingState.ACTIVE, TradingState.REDUCING, TradingState.HALTED
MIDNIGHT = 20_000 * DAY_NS


def test_a_new_one_knows_of_nothing() -> None:
    assert Standing() == Standing(
        kill_level=0,
        kill_reason="",
        halt_reason="",
        drawdown_latched=False,
        drawdown_micros=0,
        reviewed_micros=0,
        day=-1,
        day_least_micros=0,
        day_loss_micros=0,
        day_loss_latched=False,
        floored=False,
    )
    assert NO_DAY == -1, "before the first portfolio"


@pytest.mark.parametrize(
    ("standing", "state", "reason"),
    [
        (Standing(), A, "active"),
        (Standing(kill_level=1, kill_reason="drill"), R, "kill level 1: drill"),
        (Standing(kill_level=3, kill_reason="flee"), R, "kill level 3: flee"),
        (Standing(drawdown_latched=True), R, "drawdown halt"),
        (Standing(kill_level=2, kill_reason="x", drawdown_latched=True), R, "kill level 2: x"),
        (Standing(halt_reason="fill_side"), H, "fill_side"),
        (Standing(halt_reason="fill_side", kill_level=2, drawdown_latched=True), H, "fill_side"),
        (Standing(kill_reason="an old drill"), A, "active"),
        (Standing(floored=True, day_loss_latched=True), A, "active"),
    ],
)
def test_the_weightiest_cause_is_the_state(
    standing: Standing, state: TradingState, reason: str
) -> None:
    assert (standing.state, standing.reason) == (state, reason)


@pytest.mark.parametrize(
    ("level", "stands", "reason"),
    [
        (0, 0, "new"),
        (1, 1, "new"),
        (2, 2, "new"),
        (3, 3, "new"),
        (4, 3, "new"),
        (99, 3, "new"),
        (-1, 2, "before"),
        (-9, 2, "before"),
    ],
)
def test_a_level_above_the_highest_is_the_highest_and_one_below_nothing_is_void(
    level: int, stands: int, reason: str
) -> None:
    found = Standing(kill_level=2, kill_reason="before")
    found.kill(level, "new")
    assert (found.kill_level, found.kill_reason) == (stands, reason)


def test_of_several_halts_the_first_cause_stays_until_a_person_lifts_all() -> None:
    found = Standing()
    found.halt("first")
    found.halt("second")
    assert found.reason == "first"
    found.reactivate(PROFILE)
    assert found.state is A


@pytest.mark.parametrize(
    ("reviewed", "halts_at"), [(0, 200_000), (1, 50_001), (200_000, 250_000), (310_000, 360_000)]
)
def test_a_second_halt_is_a_step_beyond_what_was_reviewed(reviewed: int, halts_at: int) -> None:
    assert Standing(reviewed_micros=reviewed).halt_at_micros(PROFILE) == halts_at


# Drawdowns in a row ("ok" is a person's reactivation), and whether it is latched after each.
HISTORIES: list[tuple[tuple[int | str, ...], list[bool], int]] = [
    ((0, 199_999), [False, False], 0),
    ((200_000,), [True], 0),
    ((900_000, 0), [True, True], 0),
    ((200_000, "ok"), [True, False], 200_000),
    ((200_000, "ok", 249_999), [True, False, False], 200_000),
    ((200_000, "ok", 250_000), [True, False, True], 200_000),
    ((200_000, "ok", 999_000), [True, False, True], 200_000),
    ((200_000, "ok", 200_000, 249_999), [True, False, False, False], 200_000),
    ((230_000, "ok", 279_999, 280_000, "ok"), [True, False, False, True, False], 280_000),
    # What recovered above the boundary begins anew.
    ((200_000, "ok", 199_999, 200_000), [True, False, False, True], 0),
    ((200_000, 100_000, "ok"), [True, True, False], 0),
    ((200_000, 199_999, "ok"), [True, True, False], 0),
    # Where nothing was latched, nobody has reviewed anything.
    ((100_000, "ok"), [False, False], 0),
    ((200_000, "ok", 240_000, "ok", 250_000), [True, False, False, False, True], 200_000),
]


@pytest.mark.parametrize(("told", "latched", "reviewed"), HISTORIES)
def test_a_drawdown_halts_at_its_boundary_and_again_a_step_beyond_a_review(
    told: tuple[int | str, ...], latched: list[bool], reviewed: int
) -> None:
    found, seen = Standing(), []
    for each in told:
        if isinstance(each, int):
            found.observe_drawdown(each, PROFILE)
            assert found.drawdown_micros == each
        else:
            found.reactivate(PROFILE)
        seen.append(found.drawdown_latched)
    assert (seen, found.reviewed_micros) == (latched, reviewed)


# Instants (from a midnight on) and drawdowns; then least, loss and latch of the day.
DAYS: list[tuple[list[tuple[int, int]], tuple[int, int, int, bool]]] = [
    ([(0, 0)], (0, 0, 0, False)),
    ([(0, 50_000)], (0, 50_000, 0, False)),
    ([(0, 0), (1, 29_999)], (0, 0, 29_999, False)),
    ([(0, 0), (1, 30_000)], (0, 0, 30_000, True)),
    ([(0, 0), (1, 80_000)], (0, 0, 80_000, True)),
    ([(0, 0), (1, 30_000), (2, 0)], (0, 0, 30_000, True)),
    ([(0, 60_000), (1, 10_000), (2, 20_000)], (0, 10_000, 10_102, False)),
    ([(0, 0), (DAY_NS - 1, 30_000)], (0, 0, 30_000, True)),
    ([(0, 0), (DAY_NS, 30_000)], (DAY_NS, 30_000, 0, False)),
    ([(0, 0), (1, 30_000), (DAY_NS, 30_000)], (DAY_NS, 30_000, 0, False)),
    ([(5, 10_000), (3 * DAY_NS + 5, 5_000)], (3 * DAY_NS, 5_000, 0, False)),
]


@pytest.mark.parametrize(("told", "day"), DAYS)
def test_the_loss_of_a_day_is_its_own_and_stays_for_the_day(
    told: list[tuple[int, int]], day: tuple[int, int, int, bool]
) -> None:
    found = Standing()
    for later, drawdown in told:
        found.observe_day(drawdown, MIDNIGHT + later, PROFILE)
    begins, least, loss, latched = day
    assert found.day == MIDNIGHT + begins
    assert (found.day_least_micros, found.day_loss_micros) == (least, loss)
    assert found.day_loss_latched is latched
