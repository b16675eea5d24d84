"""What one walk-forward fold was shown and came to, as a bundle states it and a run repeats it.

Spans are UTC nanoseconds, the end not part of them; figures are millionths, so that a statement
holds no float. The folds themselves are cut and fitted in `models.training`.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import msgspec


class WalkForwardFold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One fold: fitted, then calibrated, then tested on what came after.

    `rows_count` labels were tested; losses are the mean log-loss in nats, the second that of always
    saying the base rate of what the fold had seen.
    """

    number: int
    fit_begins: int
    fit_ends: int
    calibrate_begins: int
    calibrate_ends: int
    test_begins: int
    test_ends: int
    rows_count: int
    log_loss: int
    log_loss_of_base_rate: int
    accuracy: int

    @property
    def spans(self) -> tuple[int, ...]:
        """The six instants in the order in which they must come."""
        fit = self.fit_begins, self.fit_ends
        calibrate = self.calibrate_begins, self.calibrate_ends
        return (*fit, *calibrate, self.test_begins, self.test_ends)


def folds_fault(folds: Sequence[WalkForwardFold], until_ns: int) -> str:
    """What is wrong with folds of a training that ended at `until_ns`; empty when nothing is."""
    if not folds:
        return "there are none"
    if [fold.number for fold in folds] != list(range(1, len(folds) + 1)):
        return "they are not numbered from 1"
    for fold in folds:
        begins, ends = fold.spans[::2], fold.spans[1::2]
        whole = all(begin < end for begin, end in zip(begins, ends, strict=True))
        apart = all(end < begin for end, begin in zip(ends, begins[1:], strict=False))
        if not (whole and apart):
            return f"fold {fold.number} does not fit, calibrate and test one after the other"
    for before, after in itertools.pairwise(folds):
        if before.test_ends > after.test_begins:
            return f"fold {after.number} is tested on what fold {before.number} was"
    if folds[-1].test_ends > until_ns:
        return "the last one is tested on what lies after the training"
    return ""
