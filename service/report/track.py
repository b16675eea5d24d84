"""The run's hourly equity as arrays, cut at the training end: grey before it, measured after it.

The cut is strict: no hour before the training end reaches a metric, not even as a starting level or
as the peak of a drawdown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from actors.messages.ledger import PortfolioHour

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
HOURS_MIN: Final = 2


@dataclass(frozen=True)
class Track:
    """Hours in order: `hour_ts` int64 ns UTC, `equity` and `invested` (value of positions)."""

    hour_ts: I64
    equity: F64
    invested: F64

    def __len__(self) -> int:
        return len(self.hour_ts)

    @property
    def start_ts(self) -> int:
        """The first hour (ns UTC)."""
        return int(self.hour_ts[0])

    @property
    def end_ts(self) -> int:
        """The last hour (ns UTC)."""
        return int(self.hour_ts[-1])

    @property
    def exposure(self) -> F64:
        """Value of positions over equity; 0 where the equity is not positive."""
        positive = np.where(self.equity > 0.0, self.equity, 1.0)
        return np.where(self.equity > 0.0, self.invested / positive, 0.0)

    def part(self, start: int, end: int) -> Track:
        """Hours by index, `end` excluded."""
        return Track(self.hour_ts[start:end], self.equity[start:end], self.invested[start:end])


def track_of(hours: Sequence[PortfolioHour]) -> Track:
    """The recorded hours as one track."""
    return Track(
        np.array([hour.hour_ts for hour in hours], dtype=np.int64),
        np.array([float(hour.state.equity) for hour in hours], dtype=np.float64),
        np.array(
            [sum(float(view.value) for view in hour.state.positions) for hour in hours],
            dtype=np.float64,
        ),
    )


def cut(track: Track, training_end_ns: int) -> tuple[Track, Track]:
    """What lies before the training end, and what may be measured."""
    first = int(np.searchsorted(track.hour_ts, training_end_ns, side="left"))
    return track.part(0, first), track.part(first, len(track))
