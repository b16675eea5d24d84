"""Decisions and refusals of the window. None when the run did not count the window apart."""

from __future__ import annotations

from collections import Counter

from service.report.report import Count, Counts
from service.tally import Tally


def counts_of(tally: Tally, *, whole_run: bool) -> Counts | None:
    """The counts; a tally of the whole run serves only when the whole run is measured."""
    if not whole_run:
        return None
    decisions = Counter(
        {f"{action}: {reason}": times for (action, reason), times in tally.verdicts.items()}
    )
    return Counts(_ranked(decisions), _ranked(tally.refusals))


def _ranked(counter: Counter[str]) -> tuple[Count, ...]:
    ranked = sorted(counter.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Count(name, times) for name, times in ranked)
