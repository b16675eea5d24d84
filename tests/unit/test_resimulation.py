"""Recorded days stepped again: the same values change nothing, others change what they say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from actors.instant import DAY_NS
from actors.messages.control import KillSwitch
from actors.messages.profile import ProfileChange
from actors.profiles.actor import ProfilesActor
from actors.profiles.state import Profiles
from service.failures import ExitCode, UserError
from service.resimulation.running import Resimulation, resimulated
from service.resimulation.stretch import Asked
from tests.recorded_days import RecordedDays

ITEMS = 1500
WEEKS = Asked(60)


def unchanged(before: Profiles) -> Profiles:
    return before


def setting(**fields: int) -> Callable[[Profiles], Profiles]:
    """Fields like risk__position_cap_micros set on what was in force."""
    changes = tuple((name.replace("__", "."), value) for name, value in fields.items())
    return lambda before: before.changed(changes)


async def simulated(
    days: RecordedDays, propose: Callable[[Profiles], Profiles], asked: Asked = WEEKS
) -> Resimulation:
    return await resimulated(days.journal, asked, propose, stop=asyncio.Event())


def refusal(days: RecordedDays, asked: Asked = WEEKS, *, stopped: bool = False) -> UserError:
    async def run() -> None:
        stop = asyncio.Event()
        if stopped:
            stop.set()
        await resimulated(days.journal, asked, unchanged, stop=stop)

    with pytest.raises(UserError) as refused:
        asyncio.run(run())
    return refused.value


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> RecordedDays:
    """A run that entered and was refused; nobody writes to it any more."""
    found = RecordedDays(tmp_path_factory.mktemp("day"))
    asyncio.run(found.run(ITEMS))
    return found


def test_nothing_changed_is_no_difference_and_the_recorded_root(day: RecordedDays) -> None:
    found = asyncio.run(simulated(day, unchanged))
    assert found.proposed == found.recorded == found.current
    assert found.recorded.entries > 2
    assert found.recorded.fills > 2
    assert found.recorded.equity_before == 0, "the account was opened within the days"
    assert found.changes == ()
    assert found.root == day.segment.pump.kernel.root.hex()
    assert (found.inputs, found.ended) == (day.segment.pump.kernel.seq, "")
    assert (found.account, found.quote, len(found.runs)) == ("paper", "USD", 1)


@pytest.mark.parametrize("days", [1, 2, 3, 5])
def test_days_that_begin_within_a_run_come_out_the_same_too(day: RecordedDays, days: int) -> None:
    """The days begin with the first input that is younger; the point before it is the run's own."""
    found = asyncio.run(simulated(day, unchanged, Asked(days)))
    assert found.proposed == found.recorded
    assert 0 <= found.to_at - days * DAY_NS <= found.from_at
    assert found.inputs < day.segment.pump.kernel.seq


UNLIKELY = {"strategy__entry_p_up_micros": 900_000, "strategy__strong_p_up_micros": 950_000}
# What is set, and the figure that must fall or rise by it.
STRICTER = (
    (UNLIKELY, "entries", -1),
    (UNLIKELY, "fills", -1),
    (UNLIKELY, "orders", -1),
    (UNLIKELY, "exposure", -1),
    ({"risk__normal_positions_max_count": 1}, "entries", -1),
    ({"risk__normal_positions_max_count": 1}, "refusals", 1),
    ({"risk__position_cap_micros": 5_000}, "fees", -1),
    ({"risk__position_cap_micros": 5_000}, "exposure", -1),
    ({"risk__base_risk_micros": 40_000, "risk__position_cap_micros": 60_000}, "fees", 1),
)


@pytest.mark.parametrize(("fields", "name", "sign"), STRICTER)
def test_other_values_change_the_figure_that_they_are_about(
    day: RecordedDays, fields: dict[str, int], name: str, sign: int
) -> None:
    found = asyncio.run(simulated(day, setting(**fields)))
    before, after = getattr(found.recorded, name), getattr(found.proposed, name)
    assert (after - before) * sign > 0
    assert [field for field, _, _ in found.changes] == [
        each.replace("__", ".") for each in sorted(fields)
    ]


def test_other_values_stand_from_the_first_of_days_within_a_run(day: RecordedDays) -> None:
    found = asyncio.run(simulated(day, setting(risk__normal_positions_max_count=1), Asked(1)))
    assert found.proposed.entries == 1 < found.recorded.entries


def test_the_money_of_the_days_is_that_of_no_day_before(tmp_path: Path) -> None:
    days = RecordedDays(tmp_path)

    async def run() -> tuple[Resimulation, Resimulation]:
        await days.run(ITEMS)
        last = await days.run(20)
        return await simulated(days, unchanged), await simulated(days, unchanged, Asked(1, last))

    whole, last = asyncio.run(run())
    assert whole.recorded.fees > 0
    assert last.recorded.fees == 0
    assert (last.recorded.fills, last.recorded.orders) == (0, 0)
    assert last.recorded.equity_before > 0
    assert last.recorded.exposure > 0, "what was bought before is held"


def test_refusals_are_told_by_the_rung_that_refused_first(day: RecordedDays) -> None:
    found = asyncio.run(simulated(day, setting(risk__normal_positions_max_count=1)))
    assert found.proposed.refused["max_positions"] == found.proposed.refusals
    told = asyncio.run(simulated(day, setting(**UNLIKELY)))
    low = "probability_too_low"
    assert told.proposed.not_entered[low] > told.recorded.not_entered[low]


def test_over_runs_with_other_settings_one_choice_stands_throughout(tmp_path: Path) -> None:
    """A recorded change and another file are what happened; the proposal knows of neither."""
    days = RecordedDays(tmp_path)
    lower = (("risk.position_cap_micros", 2_500),)

    async def run() -> None:
        await days.run(300)
        await days.open()
        profiles = days.segment.graph.kernel.actor("profiles")
        assert isinstance(profiles, ProfilesActor)
        change = ProfileChange(lower, "Anna", "less", profiles.standing())
        await days.run(50, change, 200)
        await days.run(ITEMS, risk={"normal_positions_max_count": 3})
        found = await simulated(days, unchanged)
        assert len(found.runs) == 3
        assert found.changes == ()
        assert found.proposed.fees > found.recorded.fees > 0
        assert found.proposed.entries > found.recorded.entries == 3
        lowered = await simulated(days, setting(risk__position_cap_micros=2_500))
        assert lowered.proposed.exposure < found.proposed.exposure
        last = await simulated(days, unchanged, Asked(1, found.runs[-1]))
        assert last.runs == found.runs[-1:]
        assert last.proposed.entries > last.recorded.entries == 3, "the file came with that run"

    asyncio.run(run())


def test_what_people_did_is_done_again(tmp_path: Path) -> None:
    days = RecordedDays(tmp_path)
    kill = KillSwitch(1, "Anna", "no new risk")
    asyncio.run(days.run(250, kill, ITEMS))
    found = asyncio.run(simulated(days, setting(strategy__entry_p_up_micros=500_000)))
    assert found.recorded.fills == found.proposed.fills == 0
    assert found.proposed.refused.keys() <= {"kill_switch"}


def test_a_step_that_failed_ends_the_days(tmp_path: Path) -> None:
    """Another graph would not fail there, so that nothing after it may be compared."""
    days = RecordedDays(tmp_path)

    async def run() -> Resimulation:
        await days.run(ITEMS)
        await days.open()
        days.segment.graph.kernel.actor("strategy").config = None
        await days.run(ITEMS)
        return await simulated(days, unchanged)

    found = asyncio.run(run())
    assert found.ended.startswith("a step failed at input ")
    assert found.proposed == found.recorded


def test_what_cannot_be_simulated_is_said_with_its_remedy(
    day: RecordedDays, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = refusal(RecordedDays(tmp_path))
    assert (nothing.code, "`ballast run`" in nothing.remedy) == (ExitCode.MISSING, True)
    strange = refusal(day, Asked(1, "0123456789abcdef"))
    assert (strange.code, "0123456789abcdef" in strange.sentence) == (ExitCode.MISSING, True)
    stopped = refusal(day, stopped=True)
    assert (stopped.code, "--days" in stopped.remedy) == (ExitCode.INTERRUPTED, True)
    monkeypatch.setattr("service.resimulation.stretch.code_fingerprint", lambda: "f" * 64)
    other = refusal(day)
    assert (other.code, "ffffffffffff" in other.sentence) == (ExitCode.NOT_PROVEN, True)
