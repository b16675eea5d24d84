"""Candle files become regular tables with honest gaps; labels start at the next open."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from models.datasets import CandlesRefused, read_candles
from models.labels import Costs, forward_returns, rises

GOOD = "3600,1,2,1,1.5,10,3\n7200,1.5,2,1,1.7,11,4\n14400,1.7,2,1,1.8,12,5\n"


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    content = text.encode()
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


@pytest.mark.parametrize("name", ["XBTUSD_60.csv", "XBTUSD_60.csv.gz", "owner__XBTUSD_60.csv.gz"])
def test_a_missing_hour_stays_a_row_of_nan(tmp_path: Path, name: str) -> None:
    table = read_candles([written(tmp_path, name, GOOD)])
    assert table.symbols == ("XBTUSD",)
    assert table.open_ts_ns.tolist() == [3600 * 10**9 * k for k in (1, 2, 3, 4)]
    assert np.isnan(table.bars[2, 0]).all()
    assert table.bars[3, 0].tolist() == [1.7, 2.0, 1.0, 1.8, 12.0]
    assert (table.sources[0].bars, table.sources[0].gaps) == (3, 1)


def test_several_files_share_one_time_axis_and_are_sorted_by_symbol(tmp_path: Path) -> None:
    late = "7200,5,6,4,5,1,1\n10800,5,6,4,5,1,1\n18000,5,6,4,5,1,1\n"
    paths = [written(tmp_path, "XBTUSD_60.csv", GOOD), written(tmp_path, "ADAUSD_60.csv", late)]
    table = read_candles(paths)
    assert table.symbols == ("ADAUSD", "XBTUSD")
    known = ~np.isnan(table.bars[:, :, 0])
    assert known[:, 0].tolist() == [False, True, True, False, True]
    assert known[:, 1].tolist() == [True, True, False, True, False]


def test_only_bars_that_have_closed_count_as_before_an_instant(tmp_path: Path) -> None:
    table = read_candles([written(tmp_path, "XBTUSD_60.csv", GOOD)])
    hour = 3600 * 10**9
    assert [table.rows_before(t) for t in (2 * hour - 1, 2 * hour, 5 * hour)] == [0, 1, 4]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("candles.csv", GOOD, "name the file"),
        ("XBTUSD_60.csv", "", "no candles"),
        ("XBTUSD_60.csv", "3600,1,2\n", "line 1"),
        ("XBTUSD_60.csv", GOOD + "x,1,2,3,4,5,6\n", "line 4"),
        ("XBTUSD_60.csv", "3600,1,2,nan,1,1,1\n", "finite"),
        ("XBTUSD_60.csv", "7200,1,2,1,1,1,1\n3600,1,2,1,1,1,1\n", "increase"),
        ("XBTUSD_60.csv", "3600,1,2,1,1,1,1\n3601,1,2,1,1,1,1\n", "steps of 3600 s"),
    ],
)
def test_an_unusable_file_is_refused_in_one_sentence(
    tmp_path: Path, name: str, text: str, says: str
) -> None:
    with pytest.raises(CandlesRefused, match=says):
        read_candles([written(tmp_path, name, text)])


def test_unlike_steps_damaged_archives_and_twins_are_refused(tmp_path: Path) -> None:
    hourly = written(tmp_path, "XBTUSD_60.csv", GOOD)
    quarter = written(tmp_path, "ETHUSD_15.csv", GOOD)
    twin = written(tmp_path, "a__XBTUSD_60.csv", GOOD)
    broken = tmp_path / "ADAUSD_60.csv.gz"
    broken.write_bytes(b"not a gzip file")
    for paths in ([hourly, quarter], [hourly, twin], [broken], [tmp_path / "no__Z_60.csv"], []):
        with pytest.raises(CandlesRefused):
            read_candles(paths)


def test_a_label_buys_at_the_next_open_and_sells_h_bars_later() -> None:
    opens = np.array([[100.0], [110.0], [120.0], [121.0], [np.nan], [150.0]])
    forward = forward_returns(opens, 2)
    assert forward[0, 0] == 121.0 / 110.0 - 1.0
    assert np.isnan(forward[1, 0])
    assert forward[2, 0] == 150.0 / 121.0 - 1.0
    assert np.isnan(forward[3:, 0]).all()


def test_an_unknown_label_stays_unknown() -> None:
    label = rises(np.array([np.nan, 0.1, -0.1]))
    assert np.isnan(label[0])
    assert label[1:].tolist() == [1.0, 0.0]


@pytest.mark.parametrize(("forward", "rose"), [(1e-9, 1.0), (0.0, 0.0), (-1e-9, 0.0)])
def test_a_rise_is_any_higher_price_and_no_cost_is_in_it(forward: float, rose: float) -> None:
    assert rises(np.array([forward]))[0] == rose


@pytest.mark.parametrize(("above", "gains"), [(1e-9, True), (-1e-9, False)])
def test_a_round_trip_gains_only_beyond_the_cost_of_both_sides(above: float, gains: bool) -> None:
    costs = Costs(fee_bps=40.0, half_spread_bps=2.0)
    assert costs.break_even == pytest.approx(0.00843542, abs=1e-8)
    assert (costs.net(np.array([costs.break_even + above]))[0] > 0.0) == gains


def test_labels_do_not_change_when_bars_beyond_their_horizon_do() -> None:
    rng = np.random.default_rng(0)
    opens = rng.uniform(90, 110, (50, 2))
    changed = opens.copy()
    changed[30:] = 1.0
    same = forward_returns(opens, 5)[: 30 - 6]
    assert np.array_equal(forward_returns(changed, 5)[: 30 - 6], same)
