"""Candle files: what is read from each format, and the one sentence for each wrong file."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather as pa_feather
import pytest

from adapters.candles.reader import market_of, read_all, read_candles
from adapters.candles.series import CandleFileError

HOUR_NS = 3_600_000_000_000
GOOD = "3600,2.0,3.0,1.0,2.5,10.5,4\n7200,2.5,2.5,2.5,2.5,0.1,1\n"


@pytest.fixture
def dump(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes a candle file and returns its path."""

    def write(text: str, name: str = "XBTUSD_60.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
        return path

    return write


@pytest.mark.parametrize(
    ("name", "symbol", "minutes"),
    [
        ("XBTUSD_60.csv", "XBTUSD", 60),
        ("someone__XBTUSD_1440.csv.gz", "XBTUSD", 1_440),
        ("converted_ADAUSD_1440.csv.gz", "ADAUSD", 1_440),
        ("BTC_USDT-1h.feather", "BTC_USDT", 60),
        ("some-one__ADA_USDT-5m.feather", "ADA_USDT", 5),
        ("notes.csv", "", 0),
    ],
)
def test_the_name_of_a_file_states_symbol_and_interval(
    name: str, symbol: str, minutes: int
) -> None:
    assert market_of(Path(name)) == (symbol, minutes * 60_000_000_000)


@pytest.mark.parametrize("name", ["XBTUSD_60.csv", "XBTUSD_60.csv.gz"])
def test_a_dump_is_read_plain_or_gzipped(dump: Callable[..., Path], name: str) -> None:
    series = read_candles(dump(GOOD, name))
    assert series.symbol == "XBTUSD"
    assert series.open_ts.tolist() == [HOUR_NS, 2 * HOUR_NS]
    assert series.rows.tolist() == [[2.0, 3.0, 1.0, 2.5, 10.5, 4.0], [2.5] * 4 + [0.1, 1.0]]


def test_a_given_symbol_and_interval_win_over_the_name(dump: Callable[..., Path]) -> None:
    series = read_candles(dump(GOOD, "notes.csv"), symbol="ETH/USD", interval_ns=HOUR_NS)
    assert (series.symbol, series.interval_ns) == ("ETH/USD", HOUR_NS)


def test_eight_columns_are_dump_rows_or_rest_rows_by_what_is_empty(
    dump: Callable[..., Path],
) -> None:
    text = "3600,2.0,3.0,1.0,2.5,10.5,4.0,\n7200,2.5,2.5,2.5,2.5,2.4,0.1,1.0\n"
    series = read_candles(dump(text))
    assert series.rows[:, 4:].tolist() == [[10.5, 4.0], [0.1, 1.0]]


def test_a_header_names_columns_and_allows_iso_times(dump: Callable[..., Path]) -> None:
    text = "time,open,high,low,close,volume,trades\n1970-01-01T01:00:00.000Z,2,3,1,2.5,10.5,4\n"
    series = read_candles(dump(text))
    assert series.open_ts.tolist() == [HOUR_NS]
    assert series.rows.tolist() == [[2.0, 3.0, 1.0, 2.5, 10.5, 4.0]]


def test_an_exact_repeat_is_dropped_and_counted(dump: Callable[..., Path]) -> None:
    series = read_candles(dump(GOOD + "7200,2.5,2.5,2.5,2.5,0.1,1\n"))
    assert (len(series.open_ts), series.duplicates) == (2, 1)


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("3600,2.5,2.5,2.5,2.5,0.1,1", "row 3, is older than the row before it"),
        ("7200,2.5,2.5,2.5,2.5,0.2,1", "row 3, contradicts the row before it"),
        ("10800,2.5,2.0,3.0,2.5,0.1,1", "row 3, has a high below its low"),
        ("10800,9.0,3.0,2.0,2.5,0.1,1", "row 3, opens or closes outside its high and low"),
        ("10800,0,2.5,0,2.5,0.1,1", "row 3, holds a price that is not positive"),
        ("10800,-2.5,2.5,-2.5,2.5,0.1,1", "row 3, holds a price that is not positive"),
        ("10800,nan,2.5,2.5,2.5,0.1,1", "row 3, holds a number that is not finite"),
        ("10800,2.5,inf,2.5,2.5,0.1,1", "row 3, holds a number that is not finite"),
        ("10800,2.5,2.5,2.5,2.5,-0.1,1", "row 3, holds a negative volume or count"),
        ("10801,2.5,2.5,2.5,2.5,0.1,1", "row 3, does not open on the grid of 3600 s"),
        ("10800,2.5,2.5,2.5,two,0.1,1", "row 3, holds 'two' where a number belongs"),
        ("10800,2.5,2.5,2.5,2.5,0.1", "row 3, has 6 columns where the first has 7"),
        ("10800000000000,2.5,2.5,2.5,2.5,0.1,1", "row 3, has a time that is not in unix seconds"),
    ],
)
def test_a_wrong_row_refuses_the_file_in_one_sentence(
    dump: Callable[..., Path], row: str, what: str
) -> None:
    with pytest.raises(CandleFileError, match=what) as caught:
        read_candles(dump(GOOD + row + "\n"))
    assert "XBTUSD_60.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "data", "what"),
    [
        ("XBTUSD_60.csv", b"", "holds no candles"),
        ("XBTUSD_60.csv", b"hello world\n1\n", "neither a candle nor a header"),
        ("XBTUSD_60.csv", b"1,2,3\n", "has 3 columns where a candle dump has 7"),
        ("XBTUSD_60.csv.gz", b"\x1f\x8b broken", "is not whole gzip data"),
        ("BTC_USDT-1h.feather", b"not arrow", "is not a whole feather file"),
        ("notes.csv", GOOD.encode(), "states no symbol; give it with --symbol"),
    ],
)
def test_a_file_of_another_kind_is_refused_in_one_sentence(
    tmp_path: Path, name: str, data: bytes, what: str
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(CandleFileError, match=what):
        read_candles(path)


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CandleFileError, match="there is no file"):
        read_candles(tmp_path / "XBTUSD_60.csv")


def test_a_feather_without_a_column_is_named(tmp_path: Path) -> None:
    path = tmp_path / "BTC_USDT-1h.feather"
    pa_feather.write_feather(pa.table({"date": [1], "open": [1.0]}), str(path))
    with pytest.raises(CandleFileError, match="has no column high"):
        read_candles(path)


def test_progress_is_told_after_each_file(dump: Callable[..., Path]) -> None:
    told: list[tuple[str, int]] = []
    paths = [dump(GOOD), dump(GOOD, "ETHUSD_60.csv")]
    read_all(paths, progress=lambda name, count: told.append((name, count)))
    assert told == [("XBTUSD_60.csv", 2), ("ETHUSD_60.csv", 2)]


@pytest.mark.parametrize(
    ("name", "count", "minutes"),
    [
        ("kraken/ohlcvt/avkhimen__XBTUSD_60.csv.gz", 70_253, 60),
        ("kraken/ohlcvt/chlohs__XBTUSD_1440.csv.gz", 3_807, 1_440),
        ("kraken/ohlcvt/Templar-Protocol__converted_SOLUSD_1440.csv.gz", 1_019, 1_440),
        ("kraken/ohlcvt/sanderkollerie__ETHUSD_240.csv.gz", 4_383, 240),
        ("kraken/freqtrade/hyptocrypto__BTC_USDT-15m.feather", 35_071, 15),
        ("binance/1h/Mounik__SHIB_USDT-1h.feather", 25_992, 60),
    ],
)
def test_recorded_files_are_read_whole(
    recorded: Callable[[str], Path], name: str, count: int, minutes: int
) -> None:
    series = read_candles(recorded(name))
    assert len(series.open_ts) == count
    assert series.interval_ns == minutes * 60_000_000_000
    assert np.all(np.diff(series.open_ts) >= series.interval_ns)


def test_the_hourly_record_keeps_its_missing_hours(recorded: Callable[[str], Path]) -> None:
    series = read_candles(recorded("kraken/ohlcvt/avkhimen__XBTUSD_60.csv.gz"))
    span = (int(series.open_ts[-1]) - int(series.open_ts[0])) // HOUR_NS + 1
    assert span - len(series.open_ts) == 10_856
