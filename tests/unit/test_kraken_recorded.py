"""Recorded captures as a feed: the real one whole, and what is said of files that are none."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from actors.messages.market import BookSlice, FeedEvent, FeedStatus, TradeSlice
from actors.ports import Feed
from adapters.kraken.recorded import CaptureError, RecordedFrames

CAPTURE = "kraken/protocol/flashbook__ws2_live_ETHUSD.ndjson.gz"
SECOND_NS = 1_000_000_000
TRADE = (
    b'{"channel":"trade","type":"update","data":[{"symbol":"%b","side":"buy","price":2.5,"qty":1,'
    b'"ord_type":"limit","trade_id":%d,"timestamp":"2026-07-07T12:00:%02d.5Z"}]}\n'
)


def trade(number: int, second: int, symbol: bytes = b"A/USD") -> bytes:
    return TRADE % (symbol, number, second)


@pytest.fixture
def capture(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes a capture and returns its path."""

    def write(data: bytes, name: str = "capture.ndjson") -> Path:
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


def test_the_recorded_capture_verifies_every_checksum_and_delivers_every_trade(
    recorded: Callable[[str], Path],
) -> None:
    feed = RecordedFrames(recorded(CAPTURE))
    assert feed.symbols == ("ETH/USD",)
    items = list(feed.items())
    counts = feed.counts
    assert (counts.frames, counts.checksums_verified, counts.checksums_failed) == (2_430, 2_400, 0)
    assert (counts.book_snapshots, counts.book_updates, counts.trades) == (1, 2_399, 5)
    assert counts.corrupt_frames == counts.misshapen_frames == counts.unknown_fields == 0
    slices = [item.body for item in items if isinstance(item.body, TradeSlice)]
    assert sum(slice_.rows[:, 6].sum() for slice_ in slices) == 5.0
    assert slices[0].first_trade_ids == (64_175_815,)
    assert slices[-1].last_trade_ids == (64_175_819,)
    statuses = [item.body.event for item in items if isinstance(item.body, FeedStatus)]
    assert statuses == [FeedEvent.ONLINE]
    books = [item.body for item in items if isinstance(item.body, BookSlice)]
    assert len(books) == 45  # one for each window of half a second, and one cut off by the status
    assert all((book.levels[:, 0] < book.levels[:, 20]).all() for book in books)
    assert 21 * SECOND_NS < items[-1].at - items[0].at < 23 * SECOND_NS


def test_one_flipped_digit_in_the_capture_is_a_failed_checksum(
    recorded: Callable[[str], Path], capture: Callable[..., Path]
) -> None:
    lines = gzip.decompress(recorded(CAPTURE).read_bytes()).splitlines(keepends=True)
    place = next(n for n, line in enumerate(lines) if n > 500 and b'"qty":2.' in line)
    lines[place] = lines[place].replace(b'"qty":2.', b'"qty":3.', 1)
    feed = RecordedFrames(capture(b"".join(lines)))
    items = list(feed.items())
    statuses = [item.body.event for item in items if isinstance(item.body, FeedStatus)]
    assert statuses == [FeedEvent.ONLINE, FeedEvent.CHECKSUM]
    assert feed.counts.checksums_failed == 1
    assert feed.counts.updates_without_book > 1_000


@pytest.mark.parametrize("after_ns", [0, 1, 3 * SECOND_NS, 60 * SECOND_NS])
def test_items_after_a_time_are_the_rest_of_all_items(
    recorded: Callable[[str], Path], after_ns: int
) -> None:
    feed: Feed = RecordedFrames(recorded(CAPTURE))
    whole = [item.at for item in feed.items()]
    after = whole[0] + after_ns
    assert [item.at for item in feed.items(after)] == [at for at in whole if at > after]


def test_symbols_are_found_by_scanning_in_order_of_appearance(
    capture: Callable[..., Path],
) -> None:
    path = capture(trade(1, 1, b"B/USD") + trade(1, 2) + trade(2, 3, b"B/USD"))
    assert RecordedFrames(path).symbols == ("B/USD", "A/USD")
    assert RecordedFrames(path, symbols=("A/USD",)).symbols == ("A/USD",)


def test_frames_are_received_at_the_last_venue_time_seen(capture: Callable[..., Path]) -> None:
    status = b'{"channel":"status","type":"update","data":[{"system":"online"}]}\n'
    feed = RecordedFrames(capture(status + trade(1, 3) + status + trade(2, 2) + trade(3, 5)))
    noon = 1_783_425_600 * SECOND_NS
    seconds = [(item.at - noon) / SECOND_NS for item in feed.items()]
    assert seconds == pytest.approx([3.5, 3.5, 3.5, 3.5, 5.5], abs=1e-6)
    assert (feed.first_ts, feed.last_ts) == (noon + 3_500_000_000, noon + 5_500_000_000)


def test_receive_times_before_frames_are_used_and_sent_lines_passed_over(
    capture: Callable[..., Path],
) -> None:
    lines = b"wss://somewhere <-> 1783425600.5\nwss://somewhere <- 1783425600.6: {}\n"
    lines += b"1783425601.25: " + trade(1, 1) + b"1783425609.123456: " + trade(2, 2)
    feed = RecordedFrames(capture(lines))
    times = [item.at for item in feed.items()]
    assert times == [1_783_425_601_250_000_000, 1_783_425_609_123_456_000]
    assert feed.counts.frames == 2


def test_a_corrupt_line_is_counted_told_and_passed(capture: Callable[..., Path]) -> None:
    feed = RecordedFrames(capture(trade(1, 1) + b"{broken\n" + trade(2, 2)))
    bodies = [item.body for item in feed.items()]
    assert [type(body) for body in bodies] == [TradeSlice, FeedStatus, TradeSlice]
    assert isinstance(bodies[1], FeedStatus)
    assert bodies[1].event is FeedEvent.CORRUPT
    assert feed.counts.corrupt_frames == 1


def test_the_digest_names_the_content_however_it_is_packed(capture: Callable[..., Path]) -> None:
    data = trade(1, 1) + trade(2, 2)
    plain = RecordedFrames(capture(data, "a.ndjson"))
    packed = RecordedFrames(capture(gzip.compress(data), "b.ndjson.gz"))
    assert plain.digest == packed.digest
    others = [
        RecordedFrames(capture(data + trade(3, 3), "c.ndjson")),
        RecordedFrames(plain.path, conflate_ns=SECOND_NS),
        RecordedFrames(plain.path, symbols=("A/USD", "B/USD")),
    ]
    assert len({plain.digest, *(feed.digest for feed in others)}) == 4


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "holds no book or trade frame"),
        (b"hello\nworld\n", "holds no book or trade frame"),
        (b'[345,[["1.0","2.0","3.0","b","l",""]],"trade","XBT/USD"]\n', "v1 captures are not read"),
        (b'{"channel":"heartbeat"}\n', "holds no book or trade frame"),
        (b"\x1f\x8bnot gzip", "cannot be read to its end"),
        (gzip.compress(trade(1, 1) * 500)[:-20], "cannot be read to its end"),
    ],
)
def test_a_file_that_is_no_capture_is_one_sentence(
    capture: Callable[..., Path], data: bytes, what: str
) -> None:
    with pytest.raises(CaptureError, match=what) as caught:
        RecordedFrames(capture(data))
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_senseless_window_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="there is no file"):
        RecordedFrames(tmp_path / "none.ndjson")
    with pytest.raises(CaptureError, match="must be positive"):
        RecordedFrames(tmp_path / "none.ndjson", conflate_ns=0)


def test_old_protocol_captures_are_refused(recorded: Callable[[str], Path]) -> None:
    with pytest.raises(CaptureError, match="v1 captures are not read"):
        RecordedFrames(recorded("kraken/protocol/cryptofeed__KRAKEN.ws.48.0.gz"))
