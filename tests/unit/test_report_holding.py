"""Holding as the yardstick: equal weights, the taker fee, and only what was listed then."""

from __future__ import annotations

import numpy as np
import pytest

from actors.instant import HOUR_NS
from service.report.holding import Holding, hold
from service.report.prices import data_rows, price_paths
from tests.report_run import START_TS, candles, hour_ts

FEE = 0.004
NAN = float("nan")


def held(
    prices: dict[str, list[float]], first: int, last: int, **first_hours: int
) -> Holding | None:
    """Holding from one hour to another; symbols are given by their base."""
    feed = candles(
        {f"{base}/USD": path for base, path in prices.items()},
        first_hours={f"{base}/USD": at for base, at in first_hours.items()},
    )
    at = START_TS + np.arange(first, last + 1, dtype=np.int64) * HOUR_NS
    paths = price_paths(feed, before_ts=hour_ts(last))
    return hold(paths, at, dict.fromkeys(feed.symbols, FEE))


def test_one_symbol_is_bought_at_the_first_open_with_the_taker_fee() -> None:
    found = held({"BTC": [90.0, 100.0, 110.0, 120.0, 130.0, 140.0]}, 1, 4)
    assert found is not None
    # Bought at 100; at hour 4 the candle that closed at hour 3 is the last one known.
    assert found.growth.tolist() == pytest.approx([1.0, 1 / 1.004, 1.1 / 1.004, 1.2 / 1.004])


def test_several_symbols_have_equal_weights() -> None:
    rising, flat = [100.0, 200.0, 400.0, 400.0], [5.0, 5.0, 5.0, 5.0]
    found = held({"BTC": rising, "ETH": flat}, 0, 3)
    assert found is not None
    assert found.growth[-1] == pytest.approx((4.0 + 1.0) / 2 / 1.004)
    assert found.symbols == ("BTC/USD", "ETH/USD")


def test_a_symbol_listed_later_or_gone_before_is_named_and_not_held() -> None:
    path = [100.0] * 12
    found = held({"BTC": path, "ETH": path, "ADA": path[:4]}, 5, 10, ETH=6)
    assert found is not None
    assert found.symbols == ("BTC/USD",)
    assert found.not_listed == ("ETH/USD", "ADA/USD")


def test_a_hole_at_the_start_delays_the_purchase_to_the_next_open() -> None:
    found = held({"BTC": [90.0, 95.0, NAN, NAN, 50.0, 100.0, 100.0]}, 2, 6)
    assert found is not None
    assert found.growth.tolist() == pytest.approx([1.0, 1.0, 1.0, 1 / 1.004, 2 / 1.004])


def test_a_symbol_that_ends_early_keeps_its_last_close_and_is_named() -> None:
    found = held({"BTC": [100.0] * 80, "ETH": [100.0, 100.0, 100.0, 300.0]}, 0, 70)
    assert found is not None
    assert found.ended_early == ("ETH/USD",)
    assert found.growth[-1] == pytest.approx((1.0 + 3.0) / 2 / 1.004)


def test_without_any_listed_symbol_nothing_is_held() -> None:
    assert held({"BTC": [100.0] * 5}, 2, 20, BTC=10) is None


def test_missing_candles_are_counted_between_the_ends_of_each_symbol() -> None:
    feed = candles(
        {"BTC/USD": [100.0, 100.0, NAN, NAN, 100.0, 100.0], "ETH/USD": [1.0, 1.0, 1.0]},
        first_hours={"ETH/USD": 2},
    )
    rows = data_rows(price_paths(feed, before_ts=hour_ts(100)))
    assert [(row.symbol, row.bars, row.missing) for row in rows] == [
        ("BTC/USD", 2, 3),
        ("ETH/USD", 2, 0),
    ]


def test_candles_after_the_run_are_not_counted() -> None:
    feed = candles({"BTC/USD": [100.0] * 20})
    assert data_rows(price_paths(feed, before_ts=hour_ts(5)))[0].bars == 5
