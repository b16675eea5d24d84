"""The bar rules of market_data, one sentence each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from actors.instant import HOUR_NS, MINUTE_NS, SECOND_NS
from actors.messages.control import Tick
from actors.messages.market import BarSlice, MarkSlice
from models.features.catalogue import WARM_UP_BARS
from tests.market_data_run import (
    START,
    MarketDataRun,
    candles,
    config_of,
    flat,
    run_started,
    trades,
)

ALL = {0: flat(10.0), 1: flat(20.0), 2: flat(30.0)}


def live(**settings: Any) -> MarketDataRun:
    """A run that listens from START on."""
    run = MarketDataRun(config_of(**settings))
    run.send(run_started(), START)
    return run


def test_a_candle_as_long_as_a_bar_is_the_bar_at_once() -> None:
    run = MarketDataRun(config_of())
    mark, bar = run.send(candles(START, ALL), START + MINUTE_NS)
    assert isinstance(mark, MarkSlice)
    assert isinstance(bar, BarSlice)
    assert (bar.open_ts, bar.close_ts) == (START, START + MINUTE_NS)
    assert bar.rows[:, 3].tolist() == [10.0, 20.0, 30.0]
    assert not bar.rows.flags.writeable


def test_a_symbol_without_a_candle_is_a_row_of_nan() -> None:
    run = MarketDataRun(config_of())
    run.send(candles(START, {1: flat(20.0)}), START + MINUTE_NS)
    assert np.isnan(run.bars()[0].rows).all(axis=1).tolist() == [True, False, True]


def test_shorter_candles_merge_and_the_last_one_closes_the_bar() -> None:
    run = MarketDataRun(config_of(bar_interval_ns=3 * MINUTE_NS))
    parts = [(5.0, 9.0, 4.0, 8.0, 1.0, 2.0), (8.0, 8.0, 2.0, 3.0, 2.0, 3.0), flat(6.0, 4.0)]
    for minute, row in enumerate(parts):
        at = START + (minute + 1) * MINUTE_NS
        run.send(candles(START + minute * MINUTE_NS, {0: row, 1: row, 2: row}), at)
        assert len(run.bars()) == (1 if minute == 2 else 0)
    assert run.bars()[0].rows.tolist() == [[5.0, 9.0, 2.0, 6.0, 7.0, 6.0]] * 3


def test_a_bar_whose_last_candle_is_missing_closes_with_the_next_one() -> None:
    run = MarketDataRun(config_of(bar_interval_ns=2 * MINUTE_NS))
    run.send(candles(START, ALL), START + MINUTE_NS)
    sent = run.send(candles(START + 2 * MINUTE_NS, ALL), START + 3 * MINUTE_NS)
    assert [type(message) for message in sent] == [MarkSlice, BarSlice]
    assert run.bars()[0].rows[:, 4].tolist() == [1.0, 1.0, 1.0]


def test_missing_candles_are_explicit_nan_bars_that_share_one_mark() -> None:
    run = MarketDataRun(config_of())
    run.send(candles(START, ALL), START + MINUTE_NS)
    sent = run.send(candles(START + 4 * MINUTE_NS, ALL), START + 5 * MINUTE_NS)
    kinds = [type(message).__name__ for message in sent]
    assert kinds == ["MarkSlice", "BarSlice", "BarSlice", "BarSlice", "MarkSlice", "BarSlice"]
    assert [bar.open_ts for bar in run.bars()] == [START + k * MINUTE_NS for k in range(5)]
    assert [bool(np.isnan(bar.rows).all()) for bar in run.bars()] == [False, *[True] * 3, False]


def test_a_long_hole_yields_no_more_nan_bars_than_any_feature_looks_back() -> None:
    run = MarketDataRun(config_of())
    run.send(candles(START, ALL), START + MINUTE_NS)
    later = START + 100_000 * MINUTE_NS
    run.send(candles(later, ALL), later + MINUTE_NS)
    assert len(run.bars()) == 1 + WARM_UP_BARS + 1
    assert run.bars()[1].open_ts == later - WARM_UP_BARS * MINUTE_NS


def test_a_late_candle_is_counted_and_noted_but_rewrites_nothing() -> None:
    run = MarketDataRun(config_of())
    run.send(candles(START + MINUTE_NS, ALL), START + 2 * MINUTE_NS)
    assert run.send(candles(START, ALL), START + 2 * MINUTE_NS) == []
    assert run.notes() == ["late_candle"]


def test_a_candle_that_comes_twice_counts_once() -> None:
    run = MarketDataRun(config_of(bar_interval_ns=2 * MINUTE_NS))
    run.send(candles(START, {0: flat(1.0)}), START + MINUTE_NS)
    run.send(candles(START, {0: flat(1.0), 2: flat(3.0)}), START + MINUTE_NS)
    run.send(candles(START, {0: flat(1.0)}), START + MINUTE_NS)
    run.send(candles(START + MINUTE_NS, ALL), START + 2 * MINUTE_NS)
    assert run.bars()[0].rows[:, 4].tolist() == [2.0, 1.0, 2.0]
    assert run.notes() == ["repeated_candle"]


def test_a_bar_inside_which_candles_begin_is_a_gap_without_a_fault() -> None:
    run = MarketDataRun(config_of(bar_interval_ns=2 * MINUTE_NS))
    run.send(candles(START + MINUTE_NS, ALL), START + 2 * MINUTE_NS)
    assert np.isnan(run.bars()[0].rows).all()
    assert run.marks()[0].flags.tolist() == [0, 0, 0]


def test_warm_up_candles_mark_their_bars_as_warm_up() -> None:
    run = MarketDataRun(config_of())
    mark, bar = run.send(candles(START, ALL, warm_up=True), START + MINUTE_NS)
    assert isinstance(mark, MarkSlice)
    assert isinstance(bar, BarSlice)
    assert mark.warm_up
    assert bar.warm_up


@pytest.mark.parametrize("interval_ns", [7 * SECOND_NS, 2 * MINUTE_NS, 0, -MINUTE_NS])
def test_candles_that_do_not_divide_a_bar_are_refused(interval_ns: int) -> None:
    run = MarketDataRun(config_of())
    result = run.step(candles(START, ALL, interval_ns), START + MINUTE_NS)
    assert "does not divide the bars" in result.outcome.failures[0].error


def test_live_trades_form_a_bar_that_the_timer_closes_at_the_boundary() -> None:
    run = live()
    for second, price in ((1, 5.0), (2, 9.0), (3, 4.0)):
        at = START + second * SECOND_NS
        run.send(trades(at, {0: (price, 2.0)}), at)
    mark, bar = run.send(Tick(START + 90 * SECOND_NS), START + 90 * SECOND_NS)
    assert isinstance(mark, MarkSlice)
    assert isinstance(bar, BarSlice)
    assert mark.ts == bar.close_ts == START + MINUTE_NS
    assert bar.rows[0].tolist() == [5.0, 9.0, 4.0, 4.0, 6.0, 3.0]
    assert np.isnan(bar.rows[1:]).all()


def test_an_interval_without_a_trade_is_a_nan_bar() -> None:
    run = live()
    run.send(trades(START, {0: (5.0, 1.0)}), START)
    run.send(Tick(START + 3 * MINUTE_NS), START + 3 * MINUTE_NS)
    assert [bool(np.isnan(bar.rows[0, 0])) for bar in run.bars()] == [False, True, True]


def test_a_late_trade_is_counted_and_noted_but_rewrites_no_bar() -> None:
    run = live()
    run.send(trades(START, {0: (5.0, 1.0)}), START)
    run.send(trades(START + 59 * SECOND_NS, {0: (6.0, 1.0)}), START + 61 * SECOND_NS)
    run.send(Tick(START + 2 * MINUTE_NS), START + 2 * MINUTE_NS)
    assert run.bars()[0].rows[0].tolist() == [5.0, 5.0, 5.0, 5.0, 1.0, 1.0]
    assert np.isnan(run.bars()[1].rows).all()
    assert run.notes() == ["late_trade"]


def test_a_trade_stamped_after_the_boundary_waits_for_its_own_bar() -> None:
    run = live()
    run.send(trades(START + MINUTE_NS, {0: (5.0, 1.0)}), START + 59 * SECOND_NS)
    run.send(Tick(START + 2 * MINUTE_NS), START + 2 * MINUTE_NS)
    assert [bool(np.isnan(bar.rows[0, 0])) for bar in run.bars()] == [True, False]


def test_a_trade_from_further_ahead_than_a_bar_is_refused() -> None:
    run = live()
    result = run.step(trades(START + 2 * MINUTE_NS, {0: (5.0, 1.0)}), START)
    assert "more than a bar after the clock" in result.outcome.failures[0].error


def test_settling_lets_trades_under_way_reach_their_bar() -> None:
    run = live(settle_ns=2 * SECOND_NS)
    run.send(trades(START, {0: (5.0, 1.0)}), START)
    run.send(trades(START + 59 * SECOND_NS, {0: (6.0, 1.0)}), START + 61 * SECOND_NS)
    mark, bar = run.send(Tick(START + 2 * MINUTE_NS), START + 2 * MINUTE_NS)
    assert isinstance(mark, MarkSlice)
    assert isinstance(bar, BarSlice)
    assert (mark.ts, bar.close_ts) == (START + 62 * SECOND_NS, START + MINUTE_NS)
    assert bar.rows[0].tolist() == [5.0, 6.0, 5.0, 6.0, 2.0, 2.0]


def test_a_bar_inside_which_listening_began_is_a_gap() -> None:
    run = MarketDataRun(config_of())
    at = START + 10 * SECOND_NS
    run.send(run_started(), at)
    run.send(trades(at, {0: (5.0, 1.0)}), at)
    run.send(trades(START + MINUTE_NS, {0: (6.0, 1.0)}), START + MINUTE_NS)
    run.send(Tick(START + 2 * MINUTE_NS), START + 2 * MINUTE_NS)
    assert [bool(np.isnan(bar.rows[0, 0])) for bar in run.bars()] == [True, False]


def test_a_new_segment_in_the_middle_of_a_bar_leaves_a_gap_there() -> None:
    run = live()
    run.send(trades(START, {0: (5.0, 1.0)}), START)
    run.send(run_started(), START + 30 * SECOND_NS)
    run.send(trades(START + MINUTE_NS, {0: (6.0, 1.0)}), START + MINUTE_NS)
    run.send(Tick(START + 2 * MINUTE_NS), START + 2 * MINUTE_NS)
    assert [bool(np.isnan(bar.rows[0, 0])) for bar in run.bars()] == [True, False]


def test_live_data_that_follows_warm_up_at_once_opens_no_bar_twice() -> None:
    run = live(settle_ns=2 * SECOND_NS)
    run.send(candles(START, ALL, warm_up=True), START + MINUTE_NS)
    at = START + MINUTE_NS + SECOND_NS
    run.send(trades(at, {0: (10.0, 1.0)}), at)
    run.send(Tick(START + 3 * MINUTE_NS), START + 3 * MINUTE_NS)
    assert [bar.open_ts for bar in run.bars()] == [START, START + MINUTE_NS]


def test_bars_between_warm_up_candles_and_live_data_are_gaps_of_history() -> None:
    run = MarketDataRun(config_of())
    run.send(run_started(), START)
    run.send(candles(START, ALL, warm_up=True), START + MINUTE_NS)
    run.send(trades(START + 200 * SECOND_NS, {0: (10.0, 1.0)}), START + 200 * SECOND_NS)
    run.send(Tick(START + 5 * MINUTE_NS), START + 5 * MINUTE_NS)
    assert [bar.warm_up for bar in run.bars()] == [True, True, True, False, False]
    assert [bool(np.isnan(bar.rows).all()) for bar in run.bars()] == [False, *[True] * 4]


def test_the_bar_timer_rests_in_a_long_silence_and_starts_with_the_next_trade() -> None:
    run = live()
    run.send(trades(START, {0: (5.0, 1.0)}), START)
    later = START + 50_000 * MINUTE_NS
    run.send(Tick(later), later)
    assert len(run.bars()) == 1 + WARM_UP_BARS
    run.send(trades(later, {0: (6.0, 1.0)}), later)
    run.send(Tick(later + MINUTE_NS), later + MINUTE_NS)
    assert run.bars()[-1].open_ts == later
    assert run.bars()[-1].rows[0, 3] == 6.0


def test_a_trade_id_that_was_counted_is_not_counted_again() -> None:
    run = live()
    run.send(trades(START, {0: (5.0, 1.0), 1: (7.0, 1.0)}, {0: 8, 1: 3}), START)
    run.send(trades(START, {0: (5.0, 1.0), 1: (7.0, 1.0)}, {0: 8, 1: 4}), START)
    run.send(Tick(START + MINUTE_NS), START + MINUTE_NS)
    assert run.bars()[0].rows[:2, 4].tolist() == [1.0, 2.0]


def test_hourly_bars_align_with_the_hour() -> None:
    run = MarketDataRun(config_of(bar_interval_ns=HOUR_NS))
    run.send(candles(START + HOUR_NS, ALL, HOUR_NS), START + 2 * HOUR_NS)
    assert run.bars()[0].open_ts == START + HOUR_NS
