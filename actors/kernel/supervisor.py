"""Supervision as data: who restarts, how often within logical time, and what a failure leaves behind.

market_data, features, inference and strategy lose the poison message and go on; risk, orders, ledger and
the venue halt the core. Outcomes are recorded, so a replay obeys them instead of waiting for a handler to
raise again.
"""

from __future__ import annotations

import enum
import hashlib
import traceback

import msgspec

from actors.instant import MINUTE_NS
from actors.kernel.stamp import Stamp


class Policy(enum.StrEnum):
    """What a failed delivery does to its actor."""

    RESTART = "restart"
    HALT = "halt"


class ChildSpec(msgspec.Struct, frozen=True):
    """How one actor is supervised: at most `intensity` restarts within `period_ns` of logical time."""

    name: str
    policy: Policy
    intensity: int = 3
    period_ns: int = 10 * MINUTE_NS
    mailbox_capacity: int = 4096


class Failure(msgspec.Struct, frozen=True, array_like=True):
    """One delivery that raised: who, on which envelope, and a digest of the error."""

    actor: str
    stamp: Stamp
    error: str
    digest: str
    halted: bool


class Halt(msgspec.Struct, frozen=True, array_like=True):
    """Why the core stopped. It survives restarts until a person reactivates."""

    actor: str
    at: int
    seq: int
    error: str


class Outcome(msgspec.Struct, frozen=True, array_like=True):
    """What a step came to; part of the root. `predictions` are int32 micros, recorded in order.

    `status` is "ok", "failed" (somebody raised, see `failures`) or "held" (the core stands halted).
    """

    status: str
    failures: tuple[Failure, ...] = ()
    predictions: tuple[bytes, ...] = ()


OK = Outcome("ok")
HELD = Outcome("held")


def error_digest(error: BaseException) -> str:
    """A hash of the error's type and where it was raised, free of addresses and paths."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].name}:{frames[-1].lineno}" if frames else ""
    return hashlib.sha256(f"{type(error).__qualname__}@{place}".encode()).hexdigest()


def error_sentence(error: BaseException) -> str:
    """The error's type and text on one line, for people."""
    text = " ".join(str(error).split())[:200]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
