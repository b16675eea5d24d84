"""What one step came to, and the two ways it can go wrong."""

from __future__ import annotations

import msgspec

from actors.kernel.envelope import Envelope
from actors.kernel.stamp import Stamp
from actors.kernel.supervisor import Outcome


class StepResult(msgspec.Struct):
    """What one input came to: bytes for the journal, effects for the outbox, records, notes."""

    seq: int
    input_bytes: bytes
    outcome: Outcome
    outcome_bytes: bytes
    digest: bytes
    root: bytes
    effects: list[Envelope]
    records: list[Envelope]
    notes: list[Envelope]
    messages: int


class OutcomeDivergedError(Exception):
    """A replayed step raised although its record says that it did not."""

    def __init__(self, seq: int, actor: str, error: str) -> None:
        super().__init__(f"input {seq} was recorded without this failure of {actor}: {error}")
        self.seq = seq
        self.actor = actor


class DeliveryFailedError(Exception):
    """A rule raised; carries who, on what, and the error itself."""

    def __init__(self, owner: str, stamp: Stamp, error: Exception) -> None:
        super().__init__(owner)
        self.owner = owner
        self.stamp = stamp
        self.error = error
