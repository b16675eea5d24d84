"""Recorded candles and frames in the place of the simulated exchange's seeded market."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.kraken_simulator.conduct import Conduct
from adapters.kraken_simulator.events import Trade
from adapters.kraken_simulator.exchange import Exchange
from adapters.kraken_simulator.recorded import (
    CandlePath,
    RecordedCandle,
    RecordedCandles,
    RecordedFrame,
    RecordedFrames,
    RecordedTrade,
    Recording,
    first_price,
    moved_to,
)
from adapters.kraken_simulator.recordings import RecordingError, read_candles, read_frames
from adapters.kraken_simulator.views import Book
from tests.quiet_exchange import PAIR, SECOND, START, Desk, rich

STEP = SECOND // 10
MINUTE = 60 * SECOND


def opened(
    *recorded: Recording, started_ns: int = START, symbols: tuple[str, ...] = (PAIR,)
) -> Exchange:
    return Exchange(
        seed=2,
        started_ns=started_ns,
        symbols=symbols,
        accounts=(rich("ann"),),
        conduct=Conduct(book_levels=40),
        recorded=recorded,
    )


def levels(*pairs: tuple[str, str]) -> tuple[tuple[Decimal, Decimal], ...]:
    return tuple((Decimal(price), Decimal(qty)) for price, qty in pairs)


def frames(*rows: RecordedFrame, depth: int = 3) -> RecordedFrames:
    return RecordedFrames(PAIR, depth, rows)


def shown(book: Book) -> tuple[list[str], list[str]]:
    bids, asks = (
        [f"{each.price} {each.qty.normalize()}" for each in side] for side in (book.bids, book.asks)
    )
    return bids, asks


SNAPSHOT = RecordedFrame(
    START,
    bids=levels(("100.0", "1"), ("99.0", "2"), ("98.0", "3")),
    asks=levels(("101.0", "1"), ("102.0", "2"), ("103.0", "3")),
    is_snapshot=True,
)


def candle(open_ns: int, *prices: int) -> RecordedCandle:
    return RecordedCandle(open_ns, *(Decimal(price) for price in prices))


def test_a_candle_is_walked_from_open_over_its_extremes_to_close() -> None:
    rose, fell = candle(0, 10, 16, 8, 14), candle(MINUTE, 14, 15, 9, 10)
    path = CandlePath(RecordedCandles(PAIR, MINUTE, (rose, fell)))
    thirds = [path.at(index * 20 * SECOND) for index in range(7)]
    assert thirds == [10.0, 8.0, 16.0, 14.0, 15.0, 9.0, 10.0]
    assert path.at(10 * SECOND) == 9.0
    # Before it begins and after it ends the price stands.
    assert path.at(-1) == 10.0
    assert path.at(9 * MINUTE) == 10.0


def test_others_quote_around_recorded_candles() -> None:
    rows = tuple(candle(START + index * MINUTE, 200, 240, 190, 230) for index in range(3))
    exchange = opened(RecordedCandles(PAIR, MINUTE, rows))
    for seconds, price in ((0, 200), (20, 190), (40, 240), (59, 231)):
        exchange.advance(START + seconds * SECOND)
        book = exchange.book(PAIR, 1)
        middle = (book.bids[0].price + book.asks[0].price) / 2
        assert abs(middle - price) < 2, seconds


def test_history_before_a_recording_ends_where_it_begins() -> None:
    exchange = opened(RecordedCandles(PAIR, MINUTE, (candle(START, 200, 200, 200, 200),)))
    last = exchange.candles(PAIR, 1, 5)[-2]
    assert abs(last.close - 200) < 2
    assert exchange.candles(PAIR, 1_440, 300)[0].close < 1_000


def test_frames_are_the_book_and_a_cut_keeps_their_depth() -> None:
    update = RecordedFrame(START + SECOND, bids=levels(("100.5", "4"), ("99.0", "0")))
    deeper = RecordedFrame(START + 2 * SECOND, bids=levels(("100.6", "1"), ("100.7", "1")))
    exchange = opened(frames(SNAPSHOT, update, deeper))
    assert shown(exchange.book(PAIR, 9)) == (
        ["100.0 1", "99.0 2", "98.0 3"],
        ["101.0 1", "102.0 2", "103.0 3"],
    )
    exchange.advance(START + SECOND)
    assert shown(exchange.book(PAIR, 9))[0] == ["100.5 4", "100.0 1", "98.0 3"]
    exchange.advance(START + 9 * SECOND)
    assert shown(exchange.book(PAIR, 9))[0] == ["100.7 1", "100.6 1", "100.5 4"]


def test_a_recorded_trade_reaches_an_account_order_in_its_turn() -> None:
    sold = tuple(
        RecordedFrame(
            START + number * SECOND,
            trades=(RecordedTrade("sell", Decimal("100.0"), Decimal("0.7")),),
        )
        for number in (1, 2, 3)
    )
    exchange = opened(frames(SNAPSHOT, *sold))
    ann = Desk(exchange, "ann")
    order_id = ann.add("buy", qty="0.5", price="100.0")
    filled = []
    for number in (1, 2, 3):
        exchange.advance(START + number * SECOND)
        filled.append(ann.order(order_id).filled_qty)
        assert exchange.book(PAIR, 1).bids[0].qty in {Decimal("1.5"), Decimal("1.1"), Decimal(1)}
    # One bitcoin stood ahead: the first trade and three tenths of the second.
    assert filled == [0, Decimal("0.4"), Decimal("0.5")]
    tape = exchange.last_trades(PAIR, 99)
    assert sum(trade.qty for trade in tape) == Decimal("2.1")
    assert shown(exchange.book(PAIR, 9))[0] == ["100.0 1", "99.0 2", "98.0 3"]


def test_a_recorded_quote_that_crosses_an_account_order_fills_it() -> None:
    crossing = RecordedFrame(START + SECOND, bids=levels(("101.5", "1")))
    exchange = opened(frames(SNAPSHOT, crossing))
    ann = Desk(exchange, "ann")
    order_id = ann.add("sell", qty="0.5", price="100.5")
    exchange.advance(START + SECOND)
    assert ann.order(order_id).status == "closed"
    # The recorded ask that was overtaken is gone, as its removal would have said.
    assert shown(exchange.book(PAIR, 9)) == (
        ["101.5 1", "100.0 1", "99.0 2"],
        ["102.0 2", "103.0 3"],
    )


def test_a_trade_of_what_no_book_showed_is_printed_all_the_same() -> None:
    far = RecordedTrade("buy", Decimal("90.0"), Decimal(1))
    exchange = opened(frames(SNAPSHOT, RecordedFrame(START + SECOND, trades=(far,))))
    events = exchange.advance(START + SECOND)
    assert [(each.price, each.qty) for each in events if isinstance(each, Trade)] == [
        (Decimal("90.0"), Decimal(1))
    ]


def test_a_second_snapshot_replaces_the_book() -> None:
    again = RecordedFrame(START + SECOND, bids=levels(("50.0", "1")), is_snapshot=True)
    exchange = opened(frames(SNAPSHOT, again))
    exchange.advance(START + SECOND)
    assert shown(exchange.book(PAIR, 9)) == (["50.0 1"], [])


def test_a_recording_can_be_moved_and_must_be_of_a_pair() -> None:
    moved = moved_to(frames(SNAPSHOT), START + 5)
    assert moved.first_ns == START + 5
    series = moved_to(RecordedCandles(PAIR, MINUTE, (candle(7, 1, 1, 1, 1),)), START)
    assert series.first_ns == START
    with pytest.raises(ValueError, match="no pair of this exchange"):
        opened(frames(SNAPSHOT), symbols=("ETH/USD",))
    only_trade = RecordedFrame(START, trades=(RecordedTrade("buy", Decimal(7), Decimal(1)),))
    assert first_price(frames(only_trade)) == 7.0
    with pytest.raises(ValueError, match="names no price"):
        first_price(frames(RecordedFrame(START)))


def test_steps_can_change_under_a_recording() -> None:
    exchange = opened(frames(SNAPSHOT))
    exchange.change_steps(PAIR, price_decimals=0, now_ns=START)
    assert exchange.instrument(PAIR).tick == 1


def checksum_of(book: Book) -> int:
    """The venue's CRC32 over ten asks and ten bids."""
    text = "".join(
        part
        for level in (*book.asks[:10], *book.bids[:10])
        for part in (
            f"{level.price:.2f}".replace(".", "").lstrip("0"),
            f"{level.qty:.8f}".replace(".", "").lstrip("0"),
        )
    )
    return zlib.crc32(text.encode())


def test_recorded_frames_play_with_the_checksums_of_the_venue(
    recorded: Callable[[str], Path],
) -> None:
    path = recorded("kraken/protocol/flashbook__ws2_live_ETHUSD.ndjson.gz")
    played = read_frames(path, "ETH/USD")
    checksums: list[tuple[int, int]] = []
    rows = [row for row in played.rows if not row.trades]
    with gzip.open(path, "rt") as lines:
        told = [json.loads(line) for line in lines]
    books = [each["data"][0] for each in told if each.get("channel") == "book"]
    for row, book in zip(rows, books, strict=True):
        checksums.append((row.ts, book["checksum"]))
    exchange = opened(played, started_ns=played.first_ns, symbols=("ETH/USD",))
    checked = 0
    for now_ns in range(-(-played.first_ns // STEP) * STEP, checksums[-1][0] + STEP, STEP):
        exchange.advance(now_ns)
        wanted = [checksum for at_ns, checksum in checksums if at_ns <= now_ns][-1]
        assert checksum_of(exchange.book("ETH/USD", 10)) == wanted
        checked += 1
    assert checked > 200
    assert len(exchange.last_trades("ETH/USD", 99)) >= 5


def test_a_recorded_dump_becomes_candles(recorded: Callable[[str], Path]) -> None:
    path = recorded("kraken/ohlcvt/sanderkollerie__ETHUSD_240.csv.gz")
    series = read_candles(path, "ETH/USD", 240)
    assert len(series.rows) == 4_383
    assert series.first_ns == 1_704_067_200 * SECOND
    assert first_price(series) == float(series.rows[0].open)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "holds no candle"),
        ("1,2,3\n", "line 1 of .* is no candle"),
        ("1,2,3,4,5,6,7\nx,2,3,4,5,6,7\n", "line 2 of .* is no candle"),
        ("1,2,3,4,zz,6,7\n", "line 1 of .* is no candle"),
    ],
)
def test_a_bad_dump_is_named(tmp_path: Path, text: str, error: str) -> None:
    path = tmp_path / "dump.csv"
    path.write_text(text, encoding="ascii")
    with pytest.raises(RecordingError, match=error):
        read_candles(path, PAIR, 60)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "holds no frame of BTC/USD"),
        ("{\n", "line 1 of .* is no frame"),
        ('{"channel":"book","type":"update","data":7}\n', "line 1 of .* is no frame"),
        ('{"channel":"heartbeat"}\n', "holds no frame of BTC/USD"),
        (
            '{"channel":"trade","type":"update","data":[{"symbol":"A/B","qty":1,"price":2}]}\n',
            "holds no frame of BTC/USD",
        ),
    ],
)
def test_a_bad_stream_is_named(tmp_path: Path, text: str, error: str) -> None:
    path = tmp_path / "stream.ndjson"
    path.write_text(text, encoding="ascii")
    with pytest.raises(RecordingError, match=error):
        read_frames(path, PAIR)
    with pytest.raises(RecordingError, match="cannot be read"):
        read_frames(tmp_path / "absent", PAIR)
