"""Supervision as data: who restarts, how often within logical time, and what a failure leaves
behind.

market_data, features, inference and strategy lose the poison message and go on; risk, orders,
ledger and the venue halt the core. Outcomes are recorded, so a replay obeys them instead of
waiting for a handler to raise again.
"""

from __future__ import annotations

import enum
import hashlib
import re
import traceback
from collections.abc import Sequence
from typing import Final

import msgspec

from actors.instant import MINUTE_NS
from actors.kernel.stamp import Stamp

_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]+")


class RunawayError(AssertionError):
    """A loop in the rules: the graph is at fault, not one message, so the core always halts."""


class Policy(enum.StrEnum):
    """What a failed delivery does to its actor."""

    RESTART = "restart"
    HALT = "halt"


class ChildSpec(msgspec.Struct, frozen=True):
    """How one actor is supervised.

    At most `intensity` restarts within `period_ns` of logical time.
    """

    name: str
    policy: Policy
    intensity: int = 3
    period_ns: int = 10 * MINUTE_NS
    mailbox_capacity: int = 4096


class Failure(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One delivery that raised: who, on which envelope, and a digest of the error."""

    actor: str
    stamp: Stamp
    error: str
    digest: str
    halted: bool


class Halt(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Why the core stopped. It survives restarts until a person reactivates."""

    actor: str
    at: int
    seq: int
    error: str


class Outcome(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What a step came to; part of the root. `predictions` are int32 micros, recorded in order.

    `status` is "ok", "failed" (somebody raised, see `failures`) or "held" (the core stands halted).
    `states` are the digests of everything that is remembered after the step, by name; they are
    taken at fixed inputs only, and name the one snapshot that may be trusted there.
    """

    status: str
    failures: tuple[Failure, ...] = ()
    predictions: tuple[bytes, ...] = ()
    states: tuple[tuple[str, bytes], ...] = ()

    def stating(self, states: tuple[tuple[str, bytes], ...]) -> Outcome:
        """This outcome with these states and no others, whatever a record said."""
        return self if self.states == states else msgspec.structs.replace(self, states=states)


OK = Outcome("ok")
HELD = Outcome("held")


def error_digest(error: BaseException) -> str:
    """A hash of the error's type and where it was raised, free of addresses and paths."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].name}:{frames[-1].lineno}" if frames else ""
    return hashlib.sha256(f"{type(error).__qualname__}@{place}".encode()).hexdigest()


def error_sentence(error: BaseException) -> str:
    """The error's type and text on one line, for people.

    It is part of the outcome, so memory addresses, which differ from run to run, are left out.
    """
    text = _ADDRESS.sub("0x", " ".join(str(error).split()))[:200]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


class Restarts:
    """Restarts of every actor within its period of logical time."""

    __slots__ = ("_times",)

    def __init__(self, times: dict[str, tuple[int, ...]] | None = None) -> None:
        self._times = dict(times or {})

    def judge(
        self, spec: ChildSpec, at: int, stamp: Stamp, error: Exception, earlier: Sequence[Failure]
    ) -> Failure:
        """What a failed delivery comes to: one more restart, or a halt.

        `earlier` are the failures of the running step, which count although it is not over.
        """
        restarts = len(self._recent(spec, at)) + sum(f.actor == spec.name for f in earlier)
        halted = (
            spec.policy is Policy.HALT
            or restarts >= spec.intensity
            or isinstance(error, RunawayError)
        )
        return Failure(spec.name, stamp, error_sentence(error), error_digest(error), halted)

    def count(self, spec: ChildSpec, at: int) -> None:
        """Note a restart at logical time `at`."""
        self._times[spec.name] = (*self._recent(spec, at), at)

    def as_tuple(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """Canonical form, for the snapshot."""
        return tuple(sorted(self._times.items()))

    def _recent(self, spec: ChildSpec, at: int) -> tuple[int, ...]:
        return tuple(t for t in self._times.get(spec.name, ()) if t > at - spec.period_ns)
