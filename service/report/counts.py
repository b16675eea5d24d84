"""Decisions and refusals of the window. None when the run did not count the window apart."""

from __future__ import annotations

from collections import Counter

from service.report.report import Count, Counts
from service.tally import Tally


def counts_of(tally: Tally, measured_from_ns: int) -> Counts | None:
    """The counts from that instant on; None when the tally was cut elsewhere."""
    if tally.measured_from_ns != measured_from_ns:
        return None
    decisions = Counter(
        {
            f"{action}: {reason}": times
            for (action, reason), times in tally.measured_verdicts.items()
        }
    )
    return Counts(_ranked(decisions), _ranked(tally.measured_refusals))


def _ranked(counter: Counter[str]) -> tuple[Count, ...]:
    ranked = sorted(counter.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Count(name, times) for name, times in ranked)
