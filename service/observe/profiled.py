"""Which version of the profiles decides in a running graph, and which change waits."""

from __future__ import annotations

import msgspec

from actors.kernel.kernel import Kernel
from actors.profiles.actor import ProfilesActor


class WaitingReading(msgspec.Struct, frozen=True):
    """A change that comes into force at `due` (ns UTC); `changes` are field and new value."""

    change_no: int
    actor: str
    reason: str
    due: int
    changes: tuple[tuple[str, int], ...]


class ProfilesReading(msgspec.Struct, frozen=True):
    """`version` counts the changes that came into force: 0 is the configuration's own profiles.

    `standing` names what is in force and what waits, as `ballast risk history` shows it.
    """

    version: int
    standing: str
    waiting: WaitingReading | None = None


def read_profiles(kernel: Kernel) -> ProfilesReading:
    """How the profiles stand."""
    actor = kernel.actor("profiles")
    assert isinstance(actor, ProfilesActor)
    waiting = actor.state.waiting
    return ProfilesReading(
        actor.state.version,
        actor.standing(),
        None
        if waiting is None
        else WaitingReading(
            waiting.change_no, waiting.actor, waiting.reason, waiting.due, waiting.changes
        ),
    )
