"""The seeded process: the planted signal is there and fair, the rest resembles recorded hours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from adapters.instruments.table import UNIVERSE
from adapters.seeded_market.draws import bell_of, keys_of, uniforms, value_of
from adapters.seeded_market.dump import main, write_candles
from adapters.seeded_market.feed import SeededMarket
from adapters.seeded_market.hours import DRIFT_MAX, HISTORY_HOURS, HourlyWalk
from adapters.seeded_market.profiles import PROFILES

F64 = NDArray[np.float64]


@pytest.fixture(scope="module")
def prices() -> F64:
    """Close over open of 20,000 hours of all symbols, f64[hours, symbols]."""
    hours = HourlyWalk(7, UNIVERSE, tuple(PROFILES.values())).walk(20_000)
    change: F64 = hours.closes / hours.opens
    return change


def autocorrelation(values: F64, lag: int) -> float:
    centred = values - values.mean()
    return float((centred[lag:] * centred[:-lag]).mean() / (centred * centred).mean())


def test_draws_depend_on_the_counter_alone() -> None:
    keys = keys_of(1, ("A", "B"), "test")
    whole = uniforms(keys, 0, 50, 2)
    assert whole.shape == (50, 2, 8)
    assert (uniforms(keys, 20, 30, 2) == whole[20:]).all()
    assert (uniforms(keys[1:], 0, 50, 2)[:, 0] == whole[:, 1]).all()


def test_draws_are_even_and_bells_have_unit_variance() -> None:
    parts = uniforms(keys_of(1, ("A",), "test"), 0, 100_000, 1)
    values = value_of(parts)
    assert 0.0 < values.min() < values.max() < 1.0
    assert abs(values.mean() - 0.5) < 0.002
    bells = bell_of(parts)
    assert abs(bells.mean()) < 0.01
    assert abs(bells.std() - 1.0) < 0.01
    assert abs(autocorrelation(bells[:, 0], 1)) < 0.01


def test_walking_in_pieces_is_walking_at_once() -> None:
    profiles = (PROFILES["BTC"], PROFILES["ETH"])
    whole = HourlyWalk(1, UNIVERSE[:2], profiles).walk(400)
    pieces = HourlyWalk(1, UNIVERSE[:2], profiles)
    pieces.skip_to(-HISTORY_HOURS + 399)
    assert pieces.walk(1).closes[0].tolist() == whole.closes[399].tolist()


def test_past_momentum_predicts_the_next_hours(prices: F64) -> None:
    """The planted signal: a day's momentum against the following four hours."""
    total = np.cumsum(prices - 1.0, axis=0)
    momentum, following = total[24:-4] - total[:-28], total[28:] - total[24:-4]
    assert float(np.corrcoef(momentum.ravel(), following.ravel())[0, 1]) > 0.15
    assert float((np.sign(momentum) == np.sign(following)).mean()) > 0.55


def test_the_signal_favours_neither_side(prices: F64) -> None:
    assert abs(float((prices - 1.0).mean())) < DRIFT_MAX / 50


def test_hours_are_as_wild_as_recorded_ones(prices: F64) -> None:
    returns = prices - 1.0
    kurtosis = ((returns - returns.mean(axis=0)) ** 4).mean(axis=0) / returns.var(axis=0) ** 2
    assert 10.0 < float(np.median(kurtosis)) < 40.0
    sizes = np.abs(returns)
    for lag, low, high in ((1, 0.20, 0.40), (6, 0.12, 0.30), (24, 0.06, 0.25)):
        found = np.median([autocorrelation(sizes[:, place], lag) for place in range(30)])
        assert low < found < high, lag


def test_symbols_move_together_but_not_alike(prices: F64) -> None:
    correlation = np.asarray(np.corrcoef(prices.T))[0, 1:]
    assert 0.3 < correlation.min() < correlation.max() < 0.8


def test_prices_stay_within_reach_of_where_they_began() -> None:
    hours = HourlyWalk(7, UNIVERSE, tuple(PROFILES.values())).walk(26_280)
    ratio = hours.closes / np.array([profile.price for profile in PROFILES.values()])
    assert 0.03 < ratio.min() < ratio.max() < 30.0


def test_a_dump_is_a_candle_file_of_the_market(tmp_path: Path) -> None:
    market = SeededMarket(3, ("BTC/USD", "SHIB/USD"))
    paths = write_candles(market, 30, tmp_path)
    assert [path.name for path in paths] == ["BTCUSD_60.csv", "SHIBUSD_60.csv"]
    stamps, rows = market.candles(0, 30)
    for index, path in enumerate(paths):
        read = [line.split(",") for line in path.read_text(encoding="ascii").splitlines()]
        assert [int(row[0]) * 1_000_000_000 for row in read] == stamps.tolist()
        assert [[float(cell) for cell in row[1:]] for row in read] == rows[:, index].tolist()


def test_the_command_writes_files_or_says_why_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = ["--seed", "3", "--hours", "2", "--out", str(tmp_path), "--symbols"]
    assert main([*wanted, "ETH/USD"]) == 0
    assert (tmp_path / "ETHUSD_60.csv").is_file()
    assert "wrote 2 hours of 1 symbols" in capsys.readouterr().out
    assert main([*wanted, "DOGE/USD"]) == 2
    assert "has no symbol DOGE/USD" in capsys.readouterr().err
