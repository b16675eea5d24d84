"""The logical stamp that orders everything.

Lamport time, then sender, then the sender's own sequence.
"""

from __future__ import annotations

from typing import Final

import msgspec


class Stamp(
    msgspec.Struct,
    frozen=True,
    gc=False,
    array_like=True,
    order=True,
    forbid_unknown_fields=True,
):
    """A total order. The kernel keeps one Lamport clock, so stamp order is emission order."""

    lamport: int
    actor: str
    seq: int


# Senders that are not actors.
INPUT: Final = "input"
KERNEL: Final = "kernel"
# Destinations that are not mailboxes.
OUTBOX: Final = "outbox"
RECORDS: Final = "records"
LOG: Final = "log"
TIMERS: Final = "timers"
SINKS: Final = (OUTBOX, RECORDS, LOG, TIMERS)
# The actor that the supervisor tells of restarts, where the graph has it.
RISK: Final = "risk"
