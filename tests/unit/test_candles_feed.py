"""The candle feed: merging symbols, gaps, warm-up, shifting, digests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from actors.messages.market import CandleSlice
from actors.ports import Feed, FeedItem
from adapters.candles.feed import ALL_WARM_UP, CandleFeed
from adapters.candles.reader import read_all
from adapters.candles.series import CandleFileError, CandleSeries, shift_to

HOUR_NS = 3_600_000_000_000


def series(
    symbol: str, *hours: int, price: float = 2.0, interval_ns: int = HOUR_NS
) -> CandleSeries:
    rows = np.array([[price, price, price, price, float(hour), 1.0] for hour in hours])
    stamps = np.array([hour * interval_ns for hour in hours], dtype=np.int64)
    return CandleSeries(symbol, interval_ns, stamps, rows, f"{symbol} file")


def candles(item: FeedItem) -> CandleSlice:
    assert isinstance(item.body, CandleSlice)
    return item.body


def test_candles_of_one_open_time_share_a_slice_received_at_the_close() -> None:
    feed: Feed = CandleFeed([series("A", 1, 2, 4), series("B", 2, 3)])
    seen = [(i.at, candles(i).open_ts, candles(i).symbols.tolist()) for i in feed.items()]
    expected = [(1, [0]), (2, [0, 1]), (3, [1]), (4, [0])]
    assert seen == [((h + 1) * HOUR_NS, h * HOUR_NS, which) for h, which in expected]
    assert (feed.kind, feed.symbols) == ("candles", ("A", "B"))


def test_the_universe_fixes_the_index_order() -> None:
    feed = CandleFeed([series("A", 1), series("B", 1, price=7.0)], symbols=("X", "B", "A"))
    (item,) = feed.items()
    assert candles(item).symbols.tolist() == [1, 2]
    assert candles(item).rows[:, 3].tolist() == [7.0, 2.0]


def test_slices_are_sealed_against_writing() -> None:
    (item,) = CandleFeed([series("A", 1)]).items()
    assert not candles(item).rows.flags.writeable
    assert not candles(item).symbols.flags.writeable
    assert candles(item).rows.flags.c_contiguous


@pytest.mark.parametrize("after_hours", [0, 2, 3, 5, 9])
def test_items_after_a_time_are_the_rest_of_all_items(after_hours: int) -> None:
    feed = CandleFeed([series("A", 1, 2, 4), series("B", 2, 3)])
    after = after_hours * HOUR_NS
    whole = [item.at for item in feed.items() if item.at > after]
    assert [item.at for item in feed.items(after)] == whole


def test_slices_up_to_a_time_are_warm_up() -> None:
    feed = CandleFeed([series("A", 1, 2, 3)], warm_up_until_ts=3 * HOUR_NS)
    assert [candles(item).warm_up for item in feed.items()] == [True, True, False]
    feed = CandleFeed([series("A", 1, 2, 3)], warm_up_until_ts=ALL_WARM_UP)
    assert all(candles(item).warm_up for item in feed.items())


def test_shifted_candles_end_just_before_the_capture_and_stay_aligned() -> None:
    end_ts = 100 * HOUR_NS + 7
    moved = shift_to([series("A", 1, 2, 4), series("B", 2, 3)], end_ts)
    assert (moved[0].open_ts // HOUR_NS).tolist() == [96, 97, 99]
    assert (moved[1].open_ts // HOUR_NS).tolist() == [97, 98]
    assert CandleFeed(moved).last_ts == 100 * HOUR_NS
    assert shift_to([], end_ts) == []


def test_overlapping_files_of_one_symbol_are_joined_when_they_agree() -> None:
    first, second = series("A", 1, 2, 3), series("A", 2, 3, 4)
    feed = CandleFeed([second, first])
    assert (len(feed), feed.duplicates) == (4, 2)


def test_overlapping_files_that_differ_are_refused() -> None:
    with pytest.raises(CandleFileError, match="A file and A file, row 3, contradicts"):
        CandleFeed([series("A", 1, 2), series("A", 2, price=3.0)])


def test_mixed_intervals_strangers_and_nothing_are_refused() -> None:
    with pytest.raises(CandleFileError, match="have different intervals"):
        CandleFeed([series("A", 1), series("B", 1, interval_ns=HOUR_NS // 4)])
    with pytest.raises(CandleFileError, match="B, which is not in the universe"):
        CandleFeed([series("B", 1)], symbols=("A",))
    with pytest.raises(CandleFileError, match="no candle file was given"):
        CandleFeed([])


def test_the_digest_names_the_content_and_not_the_files() -> None:
    first, again = series("A", 1, 2), series("A", 1, 2)
    renamed = CandleSeries("A", HOUR_NS, again.open_ts, again.rows, "another name")
    assert CandleFeed([first]).digest == CandleFeed([renamed]).digest
    others = [
        CandleFeed([series("B", 1, 2)]),
        CandleFeed([series("A", 1, 3)]),
        CandleFeed([series("A", 1, 2, price=3.0)]),
        CandleFeed([first], symbols=("A", "B")),
        CandleFeed([first], warm_up_until_ts=ALL_WARM_UP),
    ]
    assert len({CandleFeed([first]).digest, *(feed.digest for feed in others)}) == 6


def test_the_sixteen_recorded_symbols_merge_without_losing_a_candle(
    shared_data: Path, recorded: Callable[[str], Path]
) -> None:
    recorded("binance/1h/Mounik__BTC_USDT-1h.feather")
    parts = read_all(sorted((shared_data / "binance" / "1h").iterdir()))
    feed = CandleFeed(parts)
    assert len(feed.symbols) == 16
    count = sum(len(candles(item).rows) for item in feed.items())
    assert count == sum(len(part.open_ts) for part in parts)
