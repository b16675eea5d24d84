"""A graph that is stepped with recorded inputs, but decides for itself.

The model is not asked: its recorded predictions are played, they depend on the market alone. The
venue is always the paper venue. What a venue outside said of orders is left out, because orders
that were never sent have no answers; so are recorded changes of the profiles, where one choice
stands throughout.
"""

from __future__ import annotations

from typing import Final

import msgspec

from actors.kernel.envelope import Input
from actors.kernel.kernel import Kernel
from actors.kernel.snapshot import Snapshot, fitted
from actors.kernel.step import StepResult
from actors.kernel.supervisor import Outcome
from actors.messages.base import Message
from actors.messages.codec import ENCODER
from actors.messages.control import ReadingAsked, RunStarted, Tick
from actors.messages.execution import (
    AmendAnswered,
    CancelAnswered,
    ExecutionReport,
    NotSent,
    SafeStopAttempted,
    SubmitAnswered,
    VenueEvidence,
)
from actors.messages.profile import ProfileChange, ProfileChangeWithdrawn, ProfileInForce
from actors.messages.reconciliation import VenueSnapshot
from actors.profiles.state import Profiles, ProfilesState
from service.rebuilding import graph_of
from service.resimulation.figure import Figure, Watch
from service.settings import canonical_json, decode_decision_settings

PROFILES: Final = "profiles"
_OF_PEOPLE: Final = (ProfileChange, ProfileChangeWithdrawn)
_OF_THE_VENUE: Final = (
    ExecutionReport,
    VenueEvidence,
    VenueSnapshot,
    SubmitAnswered,
    CancelAnswered,
    AmendAnswered,
    NotSent,
    SafeStopAttempted,
    ReadingAsked,
)


class Resimulated:
    """One graph from a resting point on; with `profiles` they decide throughout.

    The point must be one where nothing rests at a venue outside.
    """

    def __init__(self, start: Snapshot, begun: RunStarted, profiles: Profiles | None) -> None:
        self._profiles = profiles
        self._configured = _configured(begun)
        outside = decode_decision_settings(begun.settings).venue.outside
        self._left_out: tuple[type[Message], ...] = _OF_THE_VENUE if outside else ()
        if profiles is not None:
            self._left_out += _OF_PEOPLE
        self.kernel = self._graph(begun)
        if outside:
            start = fitted(start, self.kernel.snapshot())
        if profiles is not None:
            start = _deciding(start, profiles, self._configured)
        self.kernel.restore(start)
        self.watch = Watch(self.kernel)

    def begin(self, begun: RunStarted) -> None:
        """A further run of the account."""
        before = self.kernel.snapshot()
        self.kernel = self._graph(begun)
        self.kernel.restore(before)

    def announce(self) -> None:
        """Tell everybody of the profiles, in the middle of a run."""
        if self._profiles is not None:
            self._step(ProfileInForce(0, *self._profiles.texts()), self.kernel.at, ())

    def step(self, entry: Input, was: Outcome) -> None:
        """A recorded input. Raises OutcomeDivergedError when an actor fails at it."""
        body = entry.body
        if isinstance(body, self._left_out):
            self._step(Tick(entry.at), entry.at, ())
        else:
            self._step(body, entry.at, was.predictions)

    def figure(self) -> Figure:
        """What it came to so far."""
        return self.watch.figure()

    def _step(self, body: Message, at: int, predictions: tuple[bytes, ...]) -> StepResult:
        kernel = self.kernel
        result = kernel.step(Input(kernel.seq + 1, at, body), Outcome("ok", (), predictions))
        self.watch.see(kernel, result)
        return result

    def _graph(self, begun: RunStarted) -> Kernel:
        """The run's graph, the venue inside; with one choice, no later file changes it."""
        decision = decode_decision_settings(begun.settings)
        inside = msgspec.structs.replace(decision.venue, outside=False)
        decision = msgspec.structs.replace(decision, venue=inside)
        if self._profiles is not None:
            decision = msgspec.structs.replace(
                decision, risk=self._configured.risk, strategy=self._configured.strategy
            )
        told = msgspec.structs.replace(begun, settings=canonical_json(decision))
        return graph_of(told, verify=False).kernel


def _configured(begun: RunStarted) -> Profiles:
    decision = decode_decision_settings(begun.settings)
    return Profiles(decision.risk, decision.strategy)


def _deciding(start: Snapshot, profiles: Profiles, configured: Profiles) -> Snapshot:
    """The point with `profiles` in force and no change that waits."""
    state = ProfilesState(in_force=profiles, configured=configured)
    timers = tuple(each for each in start.kernel.timers if each.owner != PROFILES)
    actors = tuple(
        (name, ENCODER.encode(state) if name == PROFILES else data) for name, data in start.actors
    )
    kernel = msgspec.structs.replace(start.kernel, timers=timers)
    return msgspec.structs.replace(start, kernel=kernel, actors=actors)
