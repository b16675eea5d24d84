"""The simulated market's constants are those that the calibration finds in the recorded data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from adapters.kraken_simulator import profiles
from ops.calibration.kraken_market import comparison, constants, recorded_books
from ops.calibration.series import figures_of


@pytest.mark.slow
def test_the_recorded_constants_are_what_the_recordings_say(shared_data: Path) -> None:
    for name, found in constants(shared_data).items():
        assert getattr(profiles, name) == found, name


@pytest.mark.slow
def test_the_simulated_hours_are_like_the_recorded_ones(shared_data: Path) -> None:
    rows = dict[str, tuple[str, str]]()
    for line in comparison(shared_data, seed=1, days=0):
        title, recorded, simulated = (part.strip() for part in line.strip("| ").split("|"))
        rows[title] = (recorded, simulated)
    for title, (recorded, simulated) in rows.items():
        if "kurtosis" in title:
            assert float(simulated.split()[0]) > float(recorded.split()[0]) / 2
        if "autocorrelation of size" in title:
            apart = [
                abs(float(left) - float(right))
                for left, right in zip(recorded.split("/"), simulated.split("/"), strict=True)
            ]
            assert max(apart) < 0.2
        if title.startswith("correlation of the hourly"):
            assert abs(float(recorded.split()[0]) - float(simulated.split()[0])) < 0.1


def test_the_recorded_frames_make_ten_levels_a_side(shared_data: Path) -> None:
    bids, asks, shown = next(recorded_books(shared_data))
    assert (len(bids), len(asks), len(shown)) == (10, 10, 10)
    assert bids[0] < asks[0]


def test_figures_of_a_plain_bell_are_plain() -> None:
    found = figures_of(np.random.default_rng(1).normal(size=50_000))
    assert abs(found.kurtosis - 3.0) < 0.1
    assert max(map(abs, found.size_lags)) < 0.02
