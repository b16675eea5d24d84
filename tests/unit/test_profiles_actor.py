"""Changes of the profiles: at once when nothing gets riskier, else after the delay, or refused."""

from __future__ import annotations

import msgspec
import pytest

from actors.instant import MINUTE_NS
from actors.kernel.actor import Effects
from actors.messages.base import Message
from actors.messages.codec import encode, state_decoder
from actors.messages.control import (
    CancelTimer,
    ConstraintViolated,
    Note,
    Reactivate,
    RunStarted,
    SetTimer,
    TimerFired,
)
from actors.messages.profile import (
    ChangeState,
    ProfileChange,
    ProfileChangeRecorded,
    ProfileChangeWithdrawn,
    ProfileInForce,
)
from actors.profiles.actor import TIMER, ProfilesActor, initial_state
from actors.profiles.catalogue import RISK
from actors.profiles.state import Profiles, ProfilesConfig, ProfilesState
from actors.risk.profile import RiskProfile
from actors.strategy.profile import StrategyProfile

CAP, DELAY = "risk.position_cap_micros", "risk.change_delay_ns"
NOW, DUE = 1_000 * MINUTE_NS, 1_010 * MINUTE_NS


def desk(
    profiles: Profiles = Profiles(),  # noqa: B008  (frozen)
    *,
    beyond_bounds: bool = False,
) -> ProfilesActor:
    config = ProfilesConfig(profiles, beyond_bounds)
    return ProfilesActor(config, initial_state(config))


def asked(actor: ProfilesActor, *changes: tuple[str, int], by: str = "ann") -> ProfileChange:
    return ProfileChange(changes, by, "a calmer week", actor.standing())


def record(found: object) -> ProfileChangeRecorded:
    assert isinstance(found, (list, tuple))
    return next(each for each in reversed(found) if isinstance(each, ProfileChangeRecorded))


def kinds(found: object) -> list[type[Message]]:
    assert isinstance(found, (list, tuple))
    return [type(each) for each in found]


def cap(actor: ProfilesActor) -> int:
    return actor.in_force.risk.position_cap_micros


def restarted(actor: ProfilesActor, config: Profiles | None = None) -> ProfilesActor:
    """Another service with what was remembered; the run's start is still to come."""
    state = state_decoder(ProfilesState).decode(encode(actor.state))
    assert encode(state) == encode(actor.state)
    return ProfilesActor(ProfilesConfig(config) if config else actor.config, state)


def begun(actor: ProfilesActor) -> Effects:
    started = RunStarted("r", "a", "PAPER", 1, (), "", "", "", "", "", "", "")
    return actor.handle(started, NOW)


def test_what_lowers_risk_is_in_force_in_the_same_step() -> None:
    actor = desk()
    found = actor.handle(asked(actor, (CAP, 20_000)), NOW)
    assert kinds(found) == [ProfileInForce, ProfileChangeRecorded]
    assert cap(actor) == 20_000
    told = record(found)
    assert (told.state, told.version, told.riskier) == (ChangeState.IN_FORCE, 1, "")
    assert told.changes == f'[["{CAP}",30000,20000]]'
    assert (told.actor, told.reason) == ("ann", "a calmer week")


@pytest.mark.parametrize(("late", "after"), [(-1, 30_000), (0, 40_000), (1, 40_000)])
def test_what_raises_risk_waits_for_the_delay(late: int, after: int) -> None:
    actor = desk()
    found = actor.handle(asked(actor, (CAP, 40_000)), NOW)
    assert kinds(found) == [SetTimer, ProfileChangeRecorded]
    assert record(found).due == DUE
    assert (record(found).state, record(found).riskier) == (ChangeState.WAITING, CAP)
    actor.handle(TimerFired(TIMER, DUE), DUE + late)
    assert cap(actor) == after


REFUSED = (
    (((CAP, 40_000), (CAP, 20_000)), "a field is named twice"),
    ((("risk.luck", 1),), "there is no field risk.luck"),
    (((CAP, 30_000),), "it changes nothing"),
    (((CAP, 1_000_001),), "of position_cap_micros (at most 1,000,000)"),
    (((CAP, 900_000),), "The setting risk.position_cap_micros is 90 % (900000); its most is"),
    ((("risk.halt_drawdown_micros", 100_000),), "drawdown tiers must rise"),
    (((DELAY, 0),), "a minute to seven days"),
)


@pytest.mark.parametrize(("changes", "told"), REFUSED)
def test_what_breaks_a_bound_is_refused_and_recorded(
    changes: tuple[tuple[str, int], ...], told: str
) -> None:
    actor = desk()
    found = actor.handle(asked(actor, *changes), NOW)
    assert kinds(found) == [ProfileChangeRecorded]
    assert record(found).state is ChangeState.REFUSED
    assert told in record(found).told
    assert actor.in_force == Profiles()


def test_a_change_without_a_reason_is_none() -> None:
    actor = desk()
    change = msgspec.structs.replace(asked(actor, (CAP, 20_000)), reason=" ")
    assert record(actor.handle(change, NOW)).state is ChangeState.REFUSED


@pytest.mark.parametrize("first", [20_000, 40_000])
def test_of_two_made_at_once_the_second_is_told_what_changed(first: int) -> None:
    actor = desk()
    one, two = asked(actor, (CAP, first)), asked(actor, (CAP, 25_000), by="bob")
    actor.handle(one, NOW)
    found = record(actor.handle(two, NOW))
    assert (found.state, found.actor) == (ChangeState.REFUSED, "bob")
    assert "change 1 of ann" in found.told
    assert f"{CAP} = {first}" in found.told


def test_a_newer_change_replaces_the_one_that_waits() -> None:
    actor = desk()
    actor.handle(asked(actor, (CAP, 40_000)), NOW)
    found = actor.handle(asked(actor, (CAP, 20_000)), NOW)
    assert kinds(found) == [
        CancelTimer, ProfileChangeRecorded, ProfileInForce, ProfileChangeRecorded,
    ]  # fmt: skip
    assert actor.state.waiting is None
    actor.handle(TimerFired(TIMER, DUE), DUE)
    assert cap(actor) == 20_000


def test_what_waits_is_withdrawn_by_name() -> None:
    actor = desk()
    actor.handle(asked(actor, (CAP, 40_000)), NOW)
    found = actor.handle(ProfileChangeWithdrawn("bob", "not this week"), NOW)
    assert record(found).state is ChangeState.WITHDRAWN
    assert record(found).told == "by bob: not this week"
    actor.handle(TimerFired(TIMER, DUE), DUE)
    assert cap(actor) == 30_000
    assert kinds(actor.handle(ProfileChangeWithdrawn("bob", "again"), NOW)) == [Note]


def test_shortening_the_delay_waits_for_the_delay_in_force() -> None:
    actor = desk()
    found = record(actor.handle(asked(actor, (DELAY, MINUTE_NS)), NOW))
    assert (found.state, found.due) == (ChangeState.WAITING, DUE)


def test_a_change_may_ask_for_a_later_time() -> None:
    actor = desk()
    later = msgspec.structs.replace(asked(actor, (CAP, 20_000)), not_before=NOW + 5)
    assert record(actor.handle(later, NOW)).due == NOW + 5
    actor.handle(TimerFired(TIMER, NOW + 5), NOW + 5)
    assert cap(actor) == 20_000


def test_a_restart_keeps_what_is_in_force_and_what_waits() -> None:
    actor = desk()
    begun(actor)
    actor.handle(asked(actor, (CAP, 20_000)), NOW)
    actor.handle(asked(actor, (CAP, 25_000)), NOW)
    actor = restarted(actor)
    assert kinds(begun(actor)) == [ProfileInForce, Note]
    assert cap(actor) == 20_000
    actor.handle(TimerFired(TIMER, DUE), DUE)
    assert cap(actor) == 25_000


@pytest.mark.parametrize(
    ("configured", "after"),
    [(30_000, 20_000), (25_000, 20_000), (10_000, 10_000), (40_000, 20_000)],
)
def test_of_a_configuration_changed_by_hand_only_what_is_safer_is_taken(
    configured: int, after: int
) -> None:
    actor = desk()
    begun(actor)
    actor.handle(asked(actor, (CAP, 20_000)), NOW)
    actor = restarted(actor, Profiles(RiskProfile(position_cap_micros=configured)))
    begun(actor)
    assert cap(actor) == after


def test_without_a_change_the_configuration_decides() -> None:
    actor = restarted(desk(), Profiles(RiskProfile(position_cap_micros=25_000)))
    assert begun(actor) == ()
    assert cap(actor) == 25_000


WILD = Profiles(RiskProfile(position_cap_micros=400_000, edge_margin_micros=-5))
NAMED = (
    "The setting risk.position_cap_micros is 40 % (400000); its most is 10 % (100000). "
    "The setting risk.edge_margin_micros is -0.0005 % (-5); its least is 0 % (0)."
)


@pytest.mark.parametrize(
    ("profiles", "door", "told"),
    [
        (WILD, False, (ConstraintViolated("profile_bounds", 0, NAMED),)),
        (WILD, True, ()),
        (Profiles(), False, ()),
        (Profiles(RiskProfile(position_cap_micros=100_000)), False, ()),
        (Profiles(strategy=StrategyProfile(collar_micros=30_000)), False, ()),
    ],
)
def test_a_run_that_starts_out_of_bounds_is_refused_with_every_bound_named(
    profiles: Profiles, door: bool, told: tuple[Message, ...]
) -> None:
    actor = desk(profiles, beyond_bounds=door)
    assert tuple(begun(actor)) == told
    again = Reactivate("ann", "it looks fine")
    assert tuple(actor.handle(again, NOW)) == told, "looking away does not make it sound"


def test_values_on_record_are_held_to_the_bounds_of_today(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A version with narrower bounds refuses what an older one let through, until it is lowered."""
    actor = desk()
    actor.handle(asked(actor, (CAP, 20_000)), NOW)
    narrower = msgspec.structs.replace(RISK["position_cap_micros"], most=15_000)
    monkeypatch.setitem(RISK, "position_cap_micros", narrower)
    actor = restarted(actor)
    assert kinds(begun(actor)) == [ProfileInForce, Note, ConstraintViolated]
    actor.handle(asked(actor, (CAP, 15_000)), NOW)
    assert kinds(actor.handle(Reactivate("ann", "it is lower now"), NOW)) == []
