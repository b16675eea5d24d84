"""Time cuts that do not leak: purged, embargoed, always fit, then calibrate, then test.

A label decided at bar t is known at bar t+1+H, so the H+1 bars before each cut belong to nobody.
Source: Lopez de Prado, Advances in Financial Machine Learning, chapter 7. Nothing is shuffled.
"""

from __future__ import annotations

import msgspec

FOLD_BARS = 90 * 24
FIRST_FIT_BARS = 365 * 24


class Fold(msgspec.Struct, frozen=True):
    """Half-open ranges of decision bars, in time order and at least H+1 bars apart."""

    fit: tuple[int, int]
    calibrate: tuple[int, int]
    test: tuple[int, int]

    def reaching(self, bars: int, instead_of: int) -> Fold:
        """The same cuts of time for labels that look another number of bars ahead."""
        spans = (self.fit, self.calibrate, self.test)
        return Fold(*((begins, ends + instead_of - bars) for begins, ends in spans))


def _cut(fit_end: int, calibrate_end: int, test_end: int, reach: int) -> Fold:
    """Ranges between three instants, each ending `reach` bars early."""
    return Fold(
        (0, fit_end - reach), (fit_end, calibrate_end - reach), (calibrate_end, test_end - reach)
    )


def walk_forward(bars: int, horizon_bars: int) -> tuple[Fold, ...]:
    """Expanding folds over `bars` bars: 90 days each after a first year; shorter on short data."""
    size = min(FOLD_BARS, bars // 10)
    first = min(FIRST_FIT_BARS, 3 * bars // 10)
    reach = horizon_bars + 1
    assert size > 2 * reach, "too few bars for folds at this horizon"
    ends = range(first, bars - 2 * size + 1, size)
    return tuple(_cut(end, end + size, end + 2 * size, reach) for end in ends)


def final(bars_until: int, bars: int, horizon_bars: int) -> Fold:
    """The shipped fit: calibrated on the last two fold lengths before `until`, tested after it."""
    size = min(FOLD_BARS, bars_until // 10)
    return _cut(bars_until - 2 * size, bars_until, bars, horizon_bars + 1)
