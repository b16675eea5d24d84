"""Messages about the profiles: what a person wants changed, what came of it, and what decides now.

Profiles travel as canonical JSON, by whose SHA-256 they are known; a field is named by its profile
and its name (risk.position_cap_micros).
"""

from __future__ import annotations

import enum

from actors.messages.base import Message


class ChangeState(enum.StrEnum):
    """What became of a change. The values are recorded."""

    WAITING = "waiting"
    IN_FORCE = "in_force"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    REPLACED = "replaced"


class ProfileChange(Message, frozen=True):
    """Input: a person wants fields of the profiles changed, from `not_before` (ns UTC) at the
    earliest.

    `base` is the standing (see ProfileChangeRecorded) that the person saw; against any other the
    change is refused.
    """

    changes: tuple[tuple[str, int], ...]
    actor: str
    reason: str
    base: str
    not_before: int = 0


class ProfileChangeWithdrawn(Message, frozen=True):
    """Input: a person takes back the change that waits."""

    actor: str
    reason: str


class ProfileInForce(Message, frozen=True):
    """From now on these profiles decide, whatever the configuration says.

    `version` counts the changes that came into force. The other two are canonical JSON.
    """

    version: int
    risk: str
    strategy: str


class ProfileChangeRecorded(Message, frozen=True):
    """What became of a change, and who asked for that.

    `changes` is JSON: field, before, after; `riskier` the fields whose risk it raises; `due` when
    it comes into force (ns UTC, 0: never). `told` says why. `version` and `standing` are those
    after it: a standing names the profiles in force, and the change that waits.
    """

    change_no: int
    state: ChangeState
    actor: str
    reason: str
    changes: str
    riskier: str
    due: int
    told: str
    version: int
    standing: str
