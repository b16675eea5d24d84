"""Changes of the profiles in a whole graph and in PostgreSQL: rows, verdicts, restart, replay."""

from __future__ import annotations

import msgspec
import pytest

from actors.instant import MINUTE_NS
from actors.kernel.envelope import Input
from actors.messages.control import Tick
from actors.messages.profile import ProfileChange, ProfileChangeRecorded
from actors.messages.risk import RiskLimits
from actors.profiles.actor import ProfilesActor
from actors.profiles.state import Profiles
from actors.strategy.state import StrategyState
from service.feeds import rules_of
from service.graph import Graph, build_graph
from service.settings import DecisionSettings

CHANGES = (("risk.position_cap_micros", 40_000), ("strategy.slippage_micros", 700))


def graph() -> Graph:
    return build_graph(DecisionSettings(), rules_of(("BTC/USD", "ETH/USD")), None)


def judge(wanted: Graph) -> ProfilesActor:
    found = wanted.kernel.actor("profiles")
    assert isinstance(found, ProfilesActor)
    return found


def inputs(wanted: Graph) -> tuple[Input, ...]:
    base = judge(wanted).standing()
    asked = ProfileChange(CHANGES, "ann", "a bolder week", base)
    ticks = [(MINUTE_NS, asked), *((n * MINUTE_NS, Tick(n * MINUTE_NS)) for n in (10, 11, 12))]
    return tuple(Input(no, at, body) for no, (at, body) in enumerate(ticks, 1))


def limits(wanted: Graph) -> tuple[int, int, int]:
    kernel = wanted.kernel
    return (
        kernel.actor("risk").config.profile.position_cap_micros,
        kernel.actor("strategy").config.profile.slippage_micros,
        judge(wanted).in_force.risk.position_cap_micros,
    )


def test_a_raise_reaches_risk_and_strategy_with_the_step_of_its_due_time() -> None:
    wanted, told = graph(), []
    for each in inputs(wanted):
        found = wanted.kernel.step(each)
        told.append((limits(wanted)[:2], [type(e.body) for e in found.records]))
    before, after = (30_000, 500), (40_000, 700)
    assert [values for values, _ in told] == [before, before, after, after]
    assert told[0][1] == [ProfileChangeRecorded]
    assert ProfileChangeRecorded in told[2][1]
    assert RiskLimits in told[2][1]


@pytest.mark.parametrize("at", [0, 1, 2, 3, 4])
def test_a_restart_at_any_input_ends_where_the_whole_ends(at: int) -> None:
    whole, first, second = graph(), graph(), graph()
    entries = inputs(whole)
    for each in entries:
        whole.kernel.step(each)
    for each in entries[:at]:
        first.kernel.step(each)
    second.kernel.restore(first.kernel.snapshot())
    assert limits(second) == limits(first)
    for each in entries[at:]:
        second.kernel.step(each)
    assert second.kernel.root == whole.kernel.root
    assert limits(second) == limits(whole)


def test_a_state_of_before_changes_has_the_configurations_profile() -> None:
    names = {field.name: field.default for field in msgspec.structs.fields(StrategyState)}
    assert names["profile"] is None
    assert Profiles().value("risk.luck") is None
