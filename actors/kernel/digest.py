"""The frame-independent root hash.

root_n = SHA-256(root_{n-1} | canonical(input_n) | outcome_n | step_digest_n), per input. A step
digest is one SHA-256 fed with every envelope of the step in emission order. Frame boundaries do
not enter.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from actors.kernel.envelope import Envelope
from actors.kernel.step import DeliveryFailedError
from actors.messages.codec import ENCODER

NO_STEP = bytes(32)
_LENGTHS: Final = struct.Struct("<2I").pack
# What the encoder raises for a value that has no canonical bytes (an integer over 64 bits, say).
ENCODING_ERRORS: Final = (TypeError, ValueError, OverflowError)


def step_digest(envelopes: Sequence[Envelope]) -> bytes:
    """SHA-256 over the canonical bytes of the envelopes; NO_STEP when there is none."""
    if not envelopes:
        return NO_STEP
    return sha256(ENCODER.encode(envelopes)).digest()


def is_encodable(envelope: Envelope) -> bool:
    """Whether the envelope has canonical bytes."""
    try:
        ENCODER.encode(envelope)
    except ENCODING_ERRORS:
        return False
    return True


def digest_or_blame(envelopes: Sequence[Envelope]) -> bytes:
    """The step's digest; a message without canonical bytes is a failure of its sender.

    Raises DeliveryFailedError.
    """
    try:
        return step_digest(envelopes)
    except ENCODING_ERRORS as error:
        child = next(each for each in envelopes if not is_encodable(each))
        raise DeliveryFailedError(child.stamp.actor, child.cause, error) from error


def next_root(root: bytes, input_bytes: bytes, outcome_bytes: bytes, digest: bytes) -> bytes:
    """The root after one input; lengths are prefixed so that no two histories share a preimage."""
    head = _LENGTHS(len(input_bytes), len(outcome_bytes))
    return sha256(b"".join((root, head, input_bytes, outcome_bytes, digest))).digest()
