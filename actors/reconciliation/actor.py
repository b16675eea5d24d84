"""The reconciliation actor: asks for the venue's lists, and keeps entries out until they agree.

A reading is asked for when a run, an epoch or a private stream begins, on a schedule, and when only
the lists explain a fact. The edge answers with a `VenueSnapshot`; orders fold it, the ledger
compares. Lists read one after the other may disagree for a moment, so a difference is read again;
one that stays is confirmed: shown, nobody can resume, and read again until something explains it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

import msgspec

from actors.kernel.actor import NOTHING, Actor, Effects, Rule
from actors.messages.base import Message
from actors.messages.control import (
    EpochOpened,
    Note,
    ReadingAsked,
    RunStarted,
    SetTimer,
    TimerFired,
)
from actors.messages.market import FeedEvent, FeedStatus
from actors.messages.reconciliation import (
    ReconcileRequested,
    ReconciliationDifference,
    ReconciliationEnded,
    ReconciliationState,
    ReconciliationWanted,
)
from actors.reconciliation.state import ReconciliationActorState, ReconciliationConfig

READ_TIMER: Final = "read"
_BACK: Final = (FeedEvent.ONLINE, FeedEvent.RESYNCED)
_SHOWN: Final = 3
_DOUBLINGS: Final = 16


def initial_state(config: ReconciliationConfig) -> ReconciliationActorState:
    """Nothing was ever read. AssertionError when a duration makes no sense."""
    assert min(config.schedule_ns, config.answer_ns, config.again_ns, config.stuck_ns) > 0
    assert config.overlap_ns >= 0
    assert config.confirmations > 0
    return ReconciliationActorState()


class ReconciliationActor(Actor[ReconciliationConfig, ReconciliationActorState]):
    """Owns when the lists are read; see the module for the rules."""

    __slots__ = ()
    name: ClassVar[str] = "reconciliation"
    emits: ClassVar[tuple[type[Message], ...]] = (
        ReconcileRequested,
        ReconciliationState,
        SetTimer,
        Note,
    )
    state_type: ClassVar[type[msgspec.Struct]] = ReconciliationActorState

    def start_run(self, _message: RunStarted, at: int) -> Effects:
        """The account comes back from somewhere: nothing is known of what happened meanwhile."""
        self.state.opened_at = self.state.opened_at or at
        return self._ask("a run started", at)

    def begin_epoch(self, message: EpochOpened, at: int) -> Effects:
        """A new leader writes."""
        return self._ask(message.reason, at)

    def stream(self, message: FeedStatus, at: int) -> Effects:
        """A private stream that was away may have missed facts; while one is, nothing is entered.

        The lists are read once the last one is back: calls are counted by the venue.
        """
        state = self.state
        if message.stream not in self.config.streams:
            return NOTHING
        if message.event in _BACK:
            state.away.pop(message.stream, None)
            if state.away:
                # They were lost together and come back together: one reading explains both.
                return self._say(state.told.foreign)
            return self._ask(f"the stream {message.stream} is back", at)
        state.away[message.stream] = message.detail or message.event.value
        return self._say(state.told.foreign)

    def wanted(self, message: ReconciliationWanted, at: int) -> Effects:
        """Orders cannot explain a fact. A reading that is open may be older than it."""
        if not self.state.reason:
            return self._ask(message.reason, at)
        self.state.wanted = message.reason
        return NOTHING

    def asked(self, message: ReadingAsked, at: int) -> Effects:
        """A person wants to know now; a reading that is under way is followed by one more."""
        reason = f"{message.reason} ({message.actor})"
        if not self.state.awaits:
            return self._ask(reason, at)
        self.state.wanted = reason
        return NOTHING

    def timer(self, _message: TimerFired, at: int) -> Effects:
        """It is time, or nobody answered: then after pauses that double up to the schedule."""
        state = self.state
        state.unanswered += 1 if state.awaits else 0
        return self._ask(state.reason or "on schedule", at)

    def ended(self, message: ReconciliationEnded, at: int) -> Effects:
        """One reading is compared; only the newest one counts."""
        state, config = self.state, self.config
        if message.number != state.number or not state.awaits:
            return NOTHING
        state.awaits, state.unanswered = False, 0
        foreign = message.foreign
        if not message.complete:
            state.incomplete_count += 1
            return (*self._say(foreign), SetTimer(READ_TIMER, at + config.again_ns))
        state.complete_count, state.complete_at = state.complete_count + 1, at
        if message.differences:
            return self._differing(message, at)
        notes = self._resolved()
        state.seen_since = {}
        state.cursor = max(state.cursor, message.ts)
        state.reason, state.readings, state.differences = "", 0, ()
        state.differs = False
        if state.wanted:
            return (*notes, *self._ask(state.wanted, at))
        return (*notes, *self._say(foreign), SetTimer(READ_TIMER, at + config.schedule_ns))

    def _resolved(self) -> tuple[Note, ...]:
        if not self.state.differs:
            return ()
        return (Note("warning", "reconciliation.agrees_again", _fields(self.state.differences)),)

    def _differing(self, message: ReconciliationEnded, at: int) -> Effects:
        """Read again; what stays, while no order could explain it, is confirmed."""
        state, config = self.state, self.config
        before, state.differences = state.differences, message.differences
        named = [f"{each.what} {each.name}" for each in message.differences]
        state.seen_since = {name: state.seen_since.get(name, at) for name in named}
        state.readings += 0 if message.unsettled else 1
        notes = []
        if state.readings >= config.confirmations:
            if not state.differs or before != state.differences:
                notes.append(Note("error", "reconciliation.differs", _fields(state.differences)))
            state.differs = True
        again = config.stuck_ns if state.differs else config.again_ns
        return (*notes, *self._say(message.foreign), SetTimer(READ_TIMER, at + again))

    def _ask(self, reason: str, at: int) -> Effects:
        state, config = self.state, self.config
        state.number += 1
        state.reason, state.wanted, state.awaits = reason, "", True
        state.since = max(state.opened_at, state.cursor - config.overlap_ns)
        return (
            *self._say(state.told.foreign),
            state.request(),
            SetTimer(READ_TIMER, at + self._patience_ns()),
        )

    def _patience_ns(self) -> int:
        doubled = self.config.answer_ns << min(self.state.unanswered, _DOUBLINGS)
        return min(doubled, max(self.config.schedule_ns, self.config.answer_ns))

    def _say(self, foreign: int) -> tuple[ReconciliationState, ...]:
        """The state for the others, when it is another than they know."""
        state = self.state
        blocked = f"the venue's lists are being read: {state.reason}" if state.reason else ""
        if state.away:
            stream, detail = next(iter(state.away.items()))
            blocked = f"the stream {stream} is away: {detail}"
        if state.differs:
            blocked = "; ".join(
                f"{each.what} {each.name}: {each.ours} here, {each.venues} at the venue"
                for each in state.differences[:_SHOWN]
            )
        now = ReconciliationState(blocked, state.differs, foreign)
        if now == state.told:
            return ()
        state.told = now
        return (now,)

    rules: ClassVar[Mapping[type[Message], Rule]] = {
        RunStarted: start_run,
        EpochOpened: begin_epoch,
        FeedStatus: stream,
        ReconciliationWanted: wanted,
        ReadingAsked: asked,
        ReconciliationEnded: ended,
        TimerFired: timer,
    }


def _fields(differences: tuple[ReconciliationDifference, ...]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (f"{each.what} {each.name}", f"{each.ours} here, {each.venues} at the venue")
        for each in differences
    )
