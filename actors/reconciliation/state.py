"""What the reconciliation actor keeps: which reading is open, and what the last ones came to."""

from __future__ import annotations

import msgspec

from actors.instant import HOUR_NS, MINUTE_NS, SECOND_NS
from actors.messages.market import PRIVATE_STREAMS
from actors.messages.reconciliation import (
    ReconcileRequested,
    ReconciliationDifference,
    ReconciliationState,
)


class ReconciliationConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Decision settings of reconciliation; durations in ns.

    The lists are read every `schedule_ns` and again after `answer_ns` without an answer. Each
    reading reaches back `overlap_ns` before the last clean one. A difference is read again after
    `again_ns`, and confirmed once `confirmations` readings in a row have shown one; confirmed, it
    is read at `stuck_ns`. `streams` are those whose return means that facts may have been missed.
    """

    schedule_ns: int = 5 * MINUTE_NS
    answer_ns: int = 30 * SECOND_NS
    overlap_ns: int = HOUR_NS
    again_ns: int = 5 * SECOND_NS
    stuck_ns: int = MINUTE_NS
    confirmations: int = 3
    streams: tuple[str, ...] = PRIVATE_STREAMS


class ReconciliationActorState(msgspec.Struct):
    """The whole state. `number` counts readings of the account and never repeats.

    `opened_at` is when the account first ran: what was before it is none of ours. `cursor` is up
    to when the venue and we agreed (ns UTC, 0: never). `reason` is why the open reading is wanted
    (empty: none is open); `wanted` is why one more must follow it. `awaits` tells that the lists of
    `number` have not come, after `unanswered` others that never did. `away` says of each private
    stream that is not there what befell it. `complete_at` is when a whole reading last came (0:
    never), and `seen_since` tells of each difference when it was first read.
    """

    number: int = 0
    opened_at: int = 0
    cursor: int = 0
    reason: str = ""
    wanted: str = ""
    readings: int = 0
    differences: tuple[ReconciliationDifference, ...] = ()
    differs: bool = False
    told: ReconciliationState = ReconciliationState("", differs=False)
    since: int = 0
    awaits: bool = False
    unanswered: int = 0
    away: dict[str, str] = {}
    complete_at: int = 0
    complete_count: int = 0
    incomplete_count: int = 0
    seen_since: dict[str, int] = {}

    def request(self) -> ReconcileRequested:
        """What is asked of the venue by the newest reading."""
        return ReconcileRequested(self.number, self.since, self.reason)
