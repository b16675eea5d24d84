"""Hourly returns from closed bars: which bars make an hour, and over what there is none."""

from __future__ import annotations

import numpy as np
import pytest

from actors.clusters.returns import MISSING, Returns, no_returns, sample
from actors.instant import DAY_NS, HOUR_NS, MINUTE_NS

NAN = float("nan")
SYMBOLS = ("A", "B")


def sampled(
    bars: list[tuple[int, float, float]], interval: int = HOUR_NS, window: int = 30 * DAY_NS
) -> Returns:
    """After bars of close time and two closes."""
    state = no_returns(SYMBOLS, interval)
    for close_ts, *closes in bars:
        sample(state, close_ts, np.array(closes), window)
    return state


@pytest.mark.parametrize(
    ("closes", "expected"),
    [
        ((100.0, 110.0), 100_000),
        ((100.0, 99.0), -10_000),
        ((100.0, 100.0), 0),
        ((100.0, 100.00004), 0),
        ((100.0, 100.00006), 1),
        ((1.0, 1e9), 10_000_000),
        ((100.0, NAN), MISSING),
        ((NAN, 100.0), MISSING),
        ((100.0, 0.0), MISSING),
        ((0.0, 100.0), MISSING),
        ((100.0, -1.0), MISSING),
        ((float("inf"), 100.0), MISSING),
    ],
)
def test_a_return_is_the_growth_of_an_hour_in_millionths(
    closes: tuple[float, float], expected: int
) -> None:
    state = sampled([(HOUR_NS, closes[0], 7.0), (2 * HOUR_NS, closes[1], 7.0)])
    assert state.rows.tolist() == [[expected, 0]]
    assert state.ends.tolist() == [2 * HOUR_NS]


def test_the_last_close_of_an_hour_is_that_of_the_hour() -> None:
    bars = [(HOUR_NS, 100.0, 100.0)]
    bars += [(HOUR_NS + n * MINUTE_NS, 200.0 + n, NAN) for n in range(1, 59)]
    bars += [(2 * HOUR_NS - MINUTE_NS, 110.0, NAN), (2 * HOUR_NS, NAN, 120.0)]
    state = sampled(bars, MINUTE_NS)
    assert state.rows.tolist() == [[100_000, 200_000]]


def test_over_an_hour_without_bars_there_is_no_return() -> None:
    hours = [(1, 100.0), (2, 110.0), (4, 120.0), (5, 132.0)]
    state = sampled([(hour * HOUR_NS, close, close) for hour, close in hours])
    assert state.ends.tolist() == [2 * HOUR_NS, 5 * HOUR_NS]
    assert state.rows[:, 0].tolist() == [100_000, 100_000]


def test_an_hour_whose_last_bar_never_came_ends_with_the_next_ones_first() -> None:
    state = sampled(
        [
            (HOUR_NS, 100.0, 100.0),
            (2 * HOUR_NS - MINUTE_NS, 110.0, 110.0),
            (2 * HOUR_NS + MINUTE_NS, 500.0, 500.0),
            (3 * HOUR_NS, 121.0, 121.0),
        ],
        MINUTE_NS,
    )
    assert state.rows[:, 0].tolist() == [100_000, 100_000]


def test_a_bar_longer_than_an_hour_is_a_step_of_its_own() -> None:
    state = sampled([(4 * HOUR_NS, 100.0, 1.0), (8 * HOUR_NS, 110.0, 1.0)], 4 * HOUR_NS)
    assert state.rows.tolist() == [[100_000, 0]]


def test_what_is_older_than_the_window_is_forgotten() -> None:
    bars = [(hour * HOUR_NS, 100.0 + hour, 1.0) for hour in range(1, 40)]
    state = sampled(bars, window=24 * HOUR_NS)
    assert state.ends.tolist() == [hour * HOUR_NS for hour in range(16, 40)]
    assert len(state.rows) == 24


def test_an_hour_is_full_with_its_last_bar_or_with_one_after_it() -> None:
    state = no_returns(SYMBOLS, MINUTE_NS)
    closes = np.array([1.0, 1.0])
    told = [
        sample(state, at, closes, DAY_NS)
        for at in (HOUR_NS - MINUTE_NS, HOUR_NS, HOUR_NS + MINUTE_NS, 2 * HOUR_NS + MINUTE_NS)
    ]
    assert told == [False, True, False, True]
