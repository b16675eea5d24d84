"""Envelopes and inputs: a message with the stamp, cause and logical time it travels under."""

from __future__ import annotations

import msgspec

from actors.kernel.stamp import Stamp
from actors.messages.base import Message
from actors.messages.codec import AnyMessage


class Envelope(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One message on its way. `cause` is the stamp of the envelope (or input) that led to it."""

    stamp: Stamp
    cause: Stamp
    to: str
    at: int
    body: Message


class Input(msgspec.Struct, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True):
    """One entry of a trading day: gapless `seq`, logical time `at` (ns UTC, never decreasing)."""

    seq: int
    at: int
    body: AnyMessage
