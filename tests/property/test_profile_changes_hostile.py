"""Whatever is asked in whatever order, profiles stay within bounds and no risk rises too early."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from actors.instant import MINUTE_NS
from actors.messages.base import Message
from actors.messages.control import SetTimer, TimerFired
from actors.messages.profile import ProfileChange, ProfileChangeWithdrawn
from actors.profiles.actor import TIMER, ProfilesActor, initial_state
from actors.profiles.judging import breaches, riskier
from actors.profiles.state import ProfilesConfig

FIELDS = ("risk.position_cap_micros", "risk.daily_loss_max_micros", "risk.change_delay_ns")
VALUES = (-1, 0, 1, 20_000, 40_000, 10**6, MINUTE_NS, 20 * MINUTE_NS)
CHANGES = st.lists(st.tuples(st.sampled_from(FIELDS), st.sampled_from(VALUES)), max_size=3)
EVENTS = st.lists(
    st.tuples(st.sampled_from(("change", "late", "withdraw", "time")), CHANGES), max_size=30
)


@given(EVENTS)
def test_no_sequence_breaks_a_bound_or_raises_risk_before_its_delay(
    events: list[tuple[str, list[tuple[str, int]]]],
) -> None:
    actor = ProfilesActor(ProfilesConfig(), initial_state(ProfilesConfig()))
    at, asked_at, due, delay = 0, 0, 0, 0
    for kind, changes in events:
        at += 4 * MINUTE_NS
        before = actor.in_force
        message: Message = ProfileChangeWithdrawn("bob", "no")
        if kind == "time":
            message = TimerFired(TIMER, due)
        elif kind != "withdraw":
            base = actor.standing() if kind == "change" else "of before"
            message = ProfileChange(tuple(changes), "ann", "why", base)
        found = actor.handle(message, at)
        if any(type(each) is SetTimer for each in found):
            asked_at, delay = at, before.risk.change_delay_ns
            due = next(each.due for each in found if isinstance(each, SetTimer))
        assert breaches(actor.in_force) == ()
        if riskier(before, actor.in_force):
            assert kind == "time"
            assert at - asked_at >= delay
