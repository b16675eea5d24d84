"""Return, drawdown, yearly rate, Sharpe, the years, and the trades that count."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.instant import HOUR_NS
from actors.messages.decision import Side
from service.report.curves import POINTS_MAX, thin
from service.report.ratios import annualised, comparison, drawdowns, max_drawdown, sharpe, years_of
from service.report.trades import exits_of, trade_figures
from tests.report_run import START_TS, closed, fill, hour_ts


def hours(days: float) -> np.ndarray:
    """Hourly instants over so many days."""
    return START_TS + np.arange(int(days * 24) + 1, dtype=np.int64) * HOUR_NS


@pytest.mark.parametrize(
    ("values", "deepest"),
    [
        ([100.0, 110.0, 120.0], 0.0),
        ([100.0, 120.0, 90.0, 130.0, 117.0], 0.25),
        ([100.0, 0.0], 1.0),
    ],
)
def test_the_drawdown_is_the_deepest_fall_from_a_peak(values: list[float], deepest: float) -> None:
    assert max_drawdown(np.array(values)) == pytest.approx(deepest)


@given(st.lists(st.floats(1e-3, 1e6), min_size=1, max_size=50))
def test_a_drawdown_lies_between_nothing_and_everything(values: list[float]) -> None:
    found = drawdowns(np.array(values))
    assert found[0] == 0.0
    assert bool(((found >= 0.0) & (found < 1.0)).all())


@pytest.mark.parametrize(
    ("ratio", "days", "rate"),
    [
        (0.21, 730.0, 0.1),
        (0.5, 89.9, None),
        (0.0, 90.0, 0.0),
        (-1.0, 365.0, None),
    ],
)
def test_nothing_is_annualised_under_ninety_days(
    ratio: float, days: float, rate: float | None
) -> None:
    found = annualised(ratio, days)
    assert found == (None if rate is None else pytest.approx(rate))


def test_sharpe_uses_the_returns_between_midnights() -> None:
    at = hours(100)
    daily = np.where(np.arange(101) % 2 == 0, 100.0, 101.0)
    values = np.interp(at, at[::24], daily)
    values[5::24] *= 3.0
    returns = daily[1:] / daily[:-1] - 1.0
    expected = returns.mean() / returns.std(ddof=1) * math.sqrt(365)
    assert sharpe(at, values) == pytest.approx(expected)


@pytest.mark.parametrize("days", [1.0, 89.0])
def test_sharpe_is_not_stated_under_ninety_days(days: float) -> None:
    at = hours(days)
    assert sharpe(at, 100.0 + np.arange(len(at), dtype=np.float64)) is None


def test_doing_nothing_earns_nothing_and_has_no_sharpe() -> None:
    at = hours(120)
    found = comparison("doing nothing", at, np.ones(len(at)))
    assert (found.net_return, found.max_drawdown, found.annualised_return) == (0.0, 0.0, 0.0)
    assert found.sharpe is None


def test_each_year_begins_where_the_one_before_ended() -> None:
    at = hours(366 + 365 + 10)
    rows = years_of(at)
    assert [year for year, _, _ in rows] == [2020, 2021, 2022]
    assert rows[0][1] == 0
    assert [first for _, first, _ in rows[1:]] == [last for _, _, last in rows[:-1]]
    assert rows[-1][2] == len(at) - 1


@given(st.integers(1, 30_000), st.integers(0, 2**32 - 1))
def test_a_thinned_curve_keeps_its_ends_and_its_extremes(count: int, seed: int) -> None:
    values = np.random.default_rng(seed).lognormal(size=count)
    found = thin(START_TS + np.arange(count, dtype=np.int64) * HOUR_NS, values)
    assert len(found.values) <= POINTS_MAX
    assert list(found.times) == sorted(set(found.times))
    for got, wanted in (
        (found.values[0], values[0]),
        (found.values[-1], values[-1]),
        (min(found.values), values.min()),
        (max(found.values), values.max()),
    ):
        assert got == pytest.approx(wanted, rel=1e-5)


def test_an_exit_with_several_fills_is_one_trade() -> None:
    exits, carried = exits_of(
        [closed("s", 10, "5"), closed("s", 10, "-2", part=2), closed("t", 12, "-1")],
        [
            fill("b", Side.BUY, 2, "100", quantity="3"),
            fill("s", Side.SELL, 10, "110", quantity="2"),
            fill("t", Side.SELL, 12, "90"),
        ],
        hour_ts(1),
    )
    assert carried == 0
    figures = trade_figures(exits, carried, [], start_ts=hour_ts(1), equity_mean=1000.0)
    assert (figures.closed, figures.realised) == (2, Decimal(2))
    assert figures.hit_rate == 0.5
    assert figures.profit_factor == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("bought_before", "sold", "carried_over"),
    [("0", "1", 0), ("1", "1", 1), ("0.5", "1", 1), ("2", "1", 1)],
)
def test_an_exit_that_sells_what_was_bought_before_the_window_is_left_out(
    bought_before: str, sold: str, carried_over: int
) -> None:
    fills = [fill("b", Side.BUY, 20, "100"), fill("s", Side.SELL, 30, "120", quantity=sold)]
    if Decimal(bought_before):
        fills.insert(0, fill("a", Side.BUY, 5, "50", quantity=bought_before))
    kept, carried = exits_of([closed("s", 30, "60")], fills, hour_ts(10))
    assert (len(kept), carried) == (1 - carried_over, carried_over)


def test_fees_and_turnover_are_those_of_the_window() -> None:
    fills = [fill("a", Side.BUY, 5, "50"), fill("b", Side.BUY, 20, "100")]
    figures = trade_figures({}, 0, fills, start_ts=hour_ts(10), equity_mean=400.0)
    assert (figures.fees, figures.traded, figures.turnover) == (Decimal(1), Decimal(100), 0.25)
    assert figures.hit_rate is None
    assert figures.profit_factor is None
