"""A run whose settings nobody checked: the core itself refuses what is beyond the bounds."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from actors.kernel.kernel import Kernel
from actors.messages.control import Reactivate
from actors.messages.risk import TradingState
from actors.risk.profile import RiskProfile
from service.failures import ExitCode, UserError
from service.settings import Settings, decode_decision_settings, load_settings
from tests.recorded_days import RecordedDays

ITEMS = 1500
WILD = RiskProfile(position_cap_micros=400_000, normal_cap_micros=400_000)


async def traded(days: RecordedDays, risk: RiskProfile, *, door: bool) -> Kernel:
    """A run by values that never went through `load_settings`."""
    settings = msgspec.structs.replace(days.settings(), risk=risk, beyond_bounds=door)
    await days.open_by(settings)
    await days.run(ITEMS)
    return days.segment.graph.kernel


def fills(kernel: Kernel) -> int:
    return len(kernel.actor("risk").state.portfolio.positions)


def test_it_trades_nothing_until_it_starts_again_within_bounds(tmp_path: Path) -> None:
    days = RecordedDays(tmp_path)
    again = Reactivate("Anna", "it looks fine")

    async def run() -> None:
        kernel = await traded(days, WILD, door=False)
        standing = kernel.actor("risk").state.standing
        assert standing.state is TradingState.HALTED
        assert standing.reason.startswith("profile_bounds: The setting risk.position_cap_micros is")
        assert "its most is 10 % (100000)" in standing.reason
        assert fills(kernel) == 0
        await days.open()
        kernel = days.segment.graph.kernel
        assert kernel.actor("risk").state.standing.state is TradingState.HALTED, "it is latched"
        await days.run(again, ITEMS)
        assert kernel.actor("risk").state.standing.state is TradingState.ACTIVE

    asyncio.run(run())


def test_a_reactivation_lifts_nothing_while_the_values_stand(tmp_path: Path) -> None:
    days = RecordedDays(tmp_path)

    async def run() -> None:
        settings = msgspec.structs.replace(days.settings(), risk=WILD)
        await days.open_by(settings)
        await days.run(Reactivate("Anna", "it looks fine"), ITEMS)
        kernel = days.segment.graph.kernel
        assert kernel.actor("risk").state.standing.state is TradingState.HALTED
        assert fills(kernel) == 0

    asyncio.run(run())


def test_a_rehearsal_goes_beyond_and_its_run_says_so(tmp_path: Path) -> None:
    days = RecordedDays(tmp_path)

    async def run() -> None:
        kernel = await traded(days, WILD, door=True)
        assert kernel.actor("risk").state.standing.state is TradingState.ACTIVE
        assert fills(kernel) > 2
        begun = await days.begun()
        assert decode_decision_settings(begun.settings).beyond_bounds
        assert '"beyond_bounds":true' in begun.settings

    asyncio.run(run())


@pytest.mark.parametrize("where", ["file", "environment"])
def test_no_person_can_open_that_door(tmp_path: Path, where: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("beyond_bounds = true\n")

    def load() -> Settings:
        if where == "file":
            return load_settings(file, environment={})
        return load_settings(environment={"BALLAST__BEYOND_BOUNDS": "true"})

    with pytest.raises(UserError) as refused:
        load()
    assert refused.value.code is ExitCode.USAGE
    assert "beyond_bounds" in refused.value.sentence
