"""Recorded trades: files, refusals, and the feed that adds them up by the second without loss."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather as pa_feather
import pytest

from actors.messages.market import TradeSlice
from actors.ports import Feed, FeedItem
from adapters.candles.reader import read_candles
from adapters.trades.feed import TradeFeed
from adapters.trades.reader import market_of, read_trades
from adapters.trades.series import TradeFileError, TradeSeries

SECOND_NS = 1_000_000_000
GOOD = b"1672531436,90.54,1.5\n1672531436,90.50,0.5\n1672531438.25,90.60,1.0\n"
FEATHER = "kraken/freqtrade/Kblack0610__BTC_USDT-trades.feather"


def trades(item: FeedItem) -> TradeSlice:
    assert isinstance(item.body, TradeSlice)
    return item.body


@pytest.fixture
def sales(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes a time-and-sales file and returns its path."""

    def write(data: bytes, name: str = "BCHUSD.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(gzip.compress(data) if name.endswith("gz") else data)
        return path

    return write


def feather(folder: Path, **columns: list[object]) -> Path:
    """A freqtrade trade file of three trades, with some columns replaced."""
    rows: dict[str, list[object]] = {
        "timestamp": [1_000_000_000_000, 1_000_000_000_500, 1_000_000_001_000],
        "id": ["7", "8", "9"],
        "side": ["buy", "sell", "buy"],
        "price": [2.0, 3.0, 4.0],
        "amount": [1.0, 2.0, 3.0],
    }
    path = folder / "BTC_USDT-trades.feather"
    pa_feather.write_feather(pa.table(rows | columns), str(path))
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("XBTUSD.csv", "XBTUSD"),
        ("someone__BCHEUR.csv.gz", "BCHEUR"),
        ("someone__BTC_USDT-trades.feather", "BTC_USDT"),
        ("notes.txt", ""),
    ],
)
def test_the_name_of_a_file_states_the_symbol(name: str, text: str) -> None:
    assert market_of(Path(name)) == text


@pytest.mark.parametrize("name", ["BCHUSD.csv", "BCHUSD.csv.gz"])
def test_time_and_sales_are_added_up_by_the_second(sales: Callable[..., Path], name: str) -> None:
    feed: Feed = TradeFeed([read_trades(sales(GOOD, name))])
    items = list(feed.items())
    assert [item.at for item in items] == [1_672_531_436 * SECOND_NS, 1_672_531_438_250_000_000]
    first = trades(items[0])
    assert first.rows.tolist() == [
        [90.54, 90.54, 90.5, 90.5, 2.0, 1.5 * 90.54 + 0.5 * 90.5, 2.0, 1.0]
    ]
    assert (first.ts, first.first_trade_ids) == (items[0].at, ())
    assert first.first_ts == 1_672_531_436 * SECOND_NS
    assert (feed.kind, feed.symbols) == ("trades", ("BCHUSD",))


def test_sides_and_ids_are_kept_where_the_file_has_them(tmp_path: Path) -> None:
    items = list(TradeFeed([read_trades(feather(tmp_path))]).items())
    assert [trades(item).rows[0, 7] for item in items] == [1.0, 3.0]
    assert [trades(item).first_trade_ids for item in items] == [(7,), (9,)]
    assert [trades(item).last_trade_ids for item in items] == [(8,), (9,)]


def test_a_repeated_id_is_dropped_and_a_jump_is_counted(tmp_path: Path) -> None:
    again = feather(tmp_path, id=["7", "8", "8"])
    with pytest.raises(TradeFileError, match="row 3, contradicts the row before it"):
        read_trades(again)
    same: dict[str, list[object]] = {
        "timestamp": [1_000_000_000_000] * 3,
        "side": ["buy"] * 3,
        "price": [2.0] * 3,
        "amount": [1.0] * 3,
        "id": ["7", "7", "9"],
    }
    series = read_trades(feather(tmp_path, **same))
    assert (len(series.ts), series.duplicates, series.id_gaps) == (2, 1, 1)


def test_a_slice_says_when_its_oldest_and_its_newest_trade_were_made() -> None:
    """Of all its symbols."""

    def series(symbol: str, *halves: int) -> TradeSeries:
        ts = np.array(halves, dtype=np.int64) * (SECOND_NS // 2)
        ones = np.ones(len(halves))
        return TradeSeries(symbol, ts, ones, ones, ones, None, symbol)

    first, second = TradeFeed([series("A", 3, 6), series("B", 2, 7)]).items()
    told = [(trades(item).first_ts, trades(item).ts) for item in (first, second)]
    assert told == [(SECOND_NS, 3 * SECOND_NS // 2), (3 * SECOND_NS, 7 * SECOND_NS // 2)]


def test_symbols_that_trade_in_one_second_share_a_slice() -> None:
    def series(symbol: str, *seconds: int) -> TradeSeries:
        ts = np.array(seconds, dtype=np.int64) * SECOND_NS
        ones = np.ones(len(seconds))
        return TradeSeries(symbol, ts, ones, ones, ones, None, symbol)

    feed = TradeFeed([series("A", 1, 3), series("B", 1, 2)], symbols=("B", "A"))
    seen = [(item.at // SECOND_NS, trades(item).symbols.tolist()) for item in feed.items()]
    assert seen == [(1, [0, 1]), (2, [0]), (3, [1])]
    assert [item.at // SECOND_NS for item in feed.items(2 * SECOND_NS)] == [3]
    with pytest.raises(TradeFileError, match="twice or not in the universe"):
        TradeFeed([series("A", 1), series("A", 2)])
    with pytest.raises(TradeFileError, match="no trade file was given"):
        TradeFeed([])
    other = TradeFeed([series("A", 1, 3), series("B", 1, 2)])
    assert feed.digest != other.digest


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "holds no trades"),
        (b"1672531436,90.5\n", "row 1, is not a time, a price and a quantity"),
        (GOOD + b"1672531439,x,1\n", "row 4, is not a time, a price and a quantity"),
        (GOOD + b"1672531437,90,1\n", "row 4, is older than the row before it"),
        (GOOD + b"1672531439,-90,1\n", "row 4, holds a price that is not positive"),
        (GOOD + b"1672531439,nan,1\n", "row 4, holds a price that is not positive"),
        (GOOD + b"1672531439,90,0\n", "row 4, holds a quantity that is not positive"),
        (GOOD + b"1672531439,90,inf\n", "row 4, holds a quantity that is not positive"),
        (GOOD + b"1672531439000,90,1\n", "row 4, has a time that is not in unix seconds"),
        (b"\x1f\x8bbroken", "is not whole gzip data"),
    ],
)
def test_a_wrong_file_is_refused_in_one_sentence(
    sales: Callable[..., Path], data: bytes, what: str
) -> None:
    with pytest.raises(TradeFileError, match=what) as caught:
        read_trades(sales(data))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("columns", "what"),
    [
        ({"side": ["buy", "both", "buy"]}, "row 2, has a side that is neither buy nor sell"),
        ({"id": ["7", "x", "9"]}, "holds values that are not times, ids, numbers and sides"),
        ({"id": ["9", "8", "7"]}, "row 2, has a smaller trade id"),
        ({"price": [2.0, None, 4.0]}, "row 2, holds a price that is not positive"),
    ],
)
def test_a_wrong_feather_is_refused_in_one_sentence(
    tmp_path: Path, columns: dict[str, list[object]], what: str
) -> None:
    with pytest.raises(TradeFileError, match=what):
        read_trades(feather(tmp_path, **columns))


def test_other_files_are_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(TradeFileError, match="there is no file"):
        read_trades(tmp_path / "XBTUSD.csv")
    with pytest.raises(TradeFileError, match="states no symbol"):
        read_trades(tmp_path / "notes.txt")
    bad = tmp_path / "BTC_USDT-trades.feather"
    bad.write_bytes(b"no arrow")
    with pytest.raises(TradeFileError, match="is not a whole feather file"):
        read_trades(bad)
    pa_feather.write_feather(pa.table({"id": ["1"]}), str(bad))
    with pytest.raises(TradeFileError, match="has no column timestamp"):
        read_trades(bad)


def test_no_recorded_trade_is_lost_and_minutes_agree_with_the_candles_beside_them(
    recorded: Callable[[str], Path],
) -> None:
    feed = TradeFeed([read_trades(recorded(FEATHER))])
    assert feed.trades == 26_921
    slices = [trades(item) for item in feed.items()]
    assert sum(slice_.rows[0, 6] for slice_ in slices) == 26_921
    candles = read_candles(recorded("kraken/freqtrade/Kblack0610__BTC_USDT-1m.feather"))
    minute_ns = 60 * SECOND_NS
    volumes: dict[int, float] = {}
    closes: dict[int, float] = {}
    for slice_ in slices:
        minute = slice_.ts // minute_ns * minute_ns
        volumes[minute] = volumes.get(minute, 0.0) + float(slice_.rows[0, 4])
        closes[minute] = float(slice_.rows[0, 3])
    assert list(closes) == candles.open_ts.tolist()
    assert list(closes.values()) == candles.rows[:, 3].tolist()
    assert np.allclose(list(volumes.values()), candles.rows[:, 4], rtol=1e-9, atol=1e-12)
