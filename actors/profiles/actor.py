"""The profiles actor: which risk and strategy profiles decide, and how that changes while running.

A change that raises no field's risk is in force in the step that brought it. One that raises any
waits for the delay of the profile in force, by logical time. What is out of bounds, or was made
against another standing, is refused and recorded. A newer change replaces the one that waits.

A run that starts by values out of bounds is halted with the bound named, whoever made its settings;
a reactivation does not lift that while they decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

import msgspec

from actors.kernel.actor import NOTHING, Actor, Effects, Rule
from actors.messages.base import Message
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
from actors.profiles.judging import breaches, riskier
from actors.profiles.state import Profiles, ProfilesConfig, ProfilesState, Waiting, standing

TIMER: Final = "change"
BOUNDS: Final = "profile_bounds"
CONFIGURATION: Final = "configuration"
NO_WORD: Final = "somebody must say who and why"
Changes = tuple[tuple[str, int], ...]


def initial_state(config: ProfilesConfig) -> ProfilesState:
    """No change yet: the profiles of the configuration decide."""
    del config
    return ProfilesState()


class ProfilesActor(Actor[ProfilesConfig, ProfilesState]):
    """Judges changes of the profiles, and those that a run starts by."""

    name: ClassVar[str] = "profiles"
    emits: ClassVar[tuple[type[Message], ...]] = (
        ProfileInForce,
        ProfileChangeRecorded,
        ConstraintViolated,
        SetTimer,
        CancelTimer,
        Note,
    )
    state_type: ClassVar[type[msgspec.Struct]] = ProfilesState

    @property
    def in_force(self) -> Profiles:
        """What decides now."""
        return self.state.in_force or self.config.profiles

    def standing(self) -> str:
        """The name of what is in force and what waits."""
        waiting = self.state.waiting
        return standing(self.in_force, 0 if waiting is None else waiting.change_no)

    def on_run_started(self, message: RunStarted, at: int) -> Effects:
        """The newest change wins over the configuration, of which only what is safer is taken."""
        del message
        state, before = self.state, self.state.configured
        state.configured = self.config.profiles
        if state.in_force is None:
            return self._within_bounds()
        changes: Changes = () if before is None else self._by_hand(before)
        found: list[Message] = []
        if changes:
            found += self._end_waiting(ChangeState.REPLACED, "the configuration was changed")
            state.change_no += 1
            told = Waiting(state.change_no, changes, (), CONFIGURATION, "changed by hand", at)
            found += self._enforce(told, announce=False)
        # The configuration's profiles were stated by the run's start: these stand instead.
        found.append(self._announcement())
        told_of = (("version", str(state.version)), ("standing", self.standing()))
        found.append(Note("warning", "profiles.recorded_change_in_force", told_of))
        return [*found, *self._within_bounds()]

    def on_reactivate(self, message: Reactivate, at: int) -> Effects:
        """A halt for values out of bounds is not lifted while they decide."""
        del message, at
        return self._within_bounds()

    def on_change(self, message: ProfileChange, at: int) -> Effects:
        """Refused, in force at once, or waiting."""
        state, before = self.state, self.in_force
        state.change_no += 1
        changes = tuple((field, value) for field, value in message.changes)
        told = self._refusal(message)
        if told:
            asked = Waiting(state.change_no, changes, (), message.actor, message.reason, 0)
            return (self._record(asked, ChangeState.REFUSED, told, before),)
        raised = riskier(before, before.changed(changes))
        delay = before.risk.change_delay_ns if raised else 0
        due = max(at + delay, message.not_before)
        asked = Waiting(state.change_no, changes, raised, message.actor, message.reason, due)
        replaced = self._end_waiting(
            ChangeState.REPLACED, f"by change {asked.change_no} of {asked.actor}"
        )
        if due > at:
            state.waiting = asked
            return (
                *replaced,
                SetTimer(TIMER, due),
                self._record(asked, ChangeState.WAITING, "", before),
            )
        return (*replaced, *self._enforce(asked))

    def on_withdrawn(self, message: ProfileChangeWithdrawn, at: int) -> Effects:
        """What waits is forgotten; who took it back is on record."""
        del at
        if self.state.waiting is None:
            fields = (("actor", message.actor), ("reason", message.reason))
            return (Note("warning", "profiles.nothing_waits", fields),)
        told = f"by {message.actor}: {message.reason}"
        return self._end_waiting(ChangeState.WITHDRAWN, told)

    def on_timer(self, message: TimerFired, at: int) -> Effects:
        """The delay of the change that waits is over."""
        waiting = self.state.waiting
        if message.name != TIMER or waiting is None or at < waiting.due:
            return NOTHING
        self.state.waiting = None
        return self._enforce(waiting)

    def _within_bounds(self) -> Effects:
        """A halt that names every bound that what decides is beyond, if it is."""
        broken = () if self.config.beyond_bounds else breaches(self.in_force)
        return (ConstraintViolated(BOUNDS, 0, " ".join(broken)),) if broken else NOTHING

    def _refusal(self, message: ProfileChange) -> str:
        """Why a change is none (empty: it is one)."""
        before = self.in_force
        if not message.actor.strip() or not message.reason.strip():
            return NO_WORD
        if message.base != self.standing():
            return self._missed()
        strange = [field for field, _ in message.changes if before.value(field) is None]
        if strange:
            return f"there is no field {strange[0]}"
        if len({field for field, _ in message.changes}) < len(message.changes):
            return "a field is named twice"
        if all(before.value(field) == value for field, value in message.changes):
            return "it changes nothing"
        try:
            after = before.changed(message.changes)
        except ValueError as error:
            return str(error)
        return " ".join(breaches(after))

    def _missed(self) -> str:
        waiting, state = self.state.waiting, self.state
        if waiting is not None:
            what = f"change {waiting.change_no} of {waiting.actor} waits: {_listed(waiting)}"
        else:
            what = state.last or "no change was made since the run started"
        return f"it was made against another standing of the profiles; {what}"

    def _by_hand(self, before: Profiles) -> Changes:
        """What the configuration says anew, of that only what raises no risk and fits together."""
        found: Changes = ()
        configured = self.config.profiles
        for field in configured.fields():
            wanted = configured.value(field)
            if wanted is None or wanted in (before.value(field), self.in_force.value(field)):
                continue
            tried = (*found, (field, wanted))
            try:
                after = self.in_force.changed(tried)
            except ValueError:
                continue
            if not riskier(self.in_force, after) and not breaches(after):
                found = tried
        return found

    def _enforce(self, asked: Waiting, *, announce: bool = True) -> Effects:
        state, before = self.state, self.in_force
        state.in_force = before.changed(asked.changes)
        state.version += 1
        state.last = f"change {asked.change_no} of {asked.actor} is in force: {_listed(asked)}"
        record = self._record(asked, ChangeState.IN_FORCE, "", before)
        return (self._announcement(), record) if announce else (record,)

    def _announcement(self) -> ProfileInForce:
        return ProfileInForce(self.state.version, *self.in_force.texts())

    def _end_waiting(self, ended: ChangeState, told: str) -> Effects:
        waiting, self.state.waiting = self.state.waiting, None
        if waiting is None:
            return NOTHING
        return CancelTimer(TIMER), self._record(waiting, ended, told, self.in_force)

    def _record(
        self, asked: Waiting, became: ChangeState, told: str, before: Profiles
    ) -> ProfileChangeRecorded:
        rows = [(field, before.value(field), value) for field, value in asked.changes]
        return ProfileChangeRecorded(
            change_no=asked.change_no,
            state=became,
            actor=asked.actor,
            reason=asked.reason,
            changes=msgspec.json.encode(rows).decode(),
            riskier=", ".join(asked.riskier),
            due=asked.due if became in (ChangeState.WAITING, ChangeState.IN_FORCE) else 0,
            told=told,
            version=self.state.version,
            standing=self.standing(),
        )

    rules: ClassVar[Mapping[type[Message], Rule]] = {
        RunStarted: on_run_started,
        Reactivate: on_reactivate,
        ProfileChange: on_change,
        ProfileChangeWithdrawn: on_withdrawn,
        TimerFired: on_timer,
    }


def _listed(asked: Waiting) -> str:
    return ", ".join(f"{field} = {value}" for field, value in asked.changes)
