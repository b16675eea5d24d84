"""The stream: conflation, gaps, faults and repairs, as messages in order."""

from __future__ import annotations

import itertools
import json
import zlib

import numpy as np
import pytest

from actors.messages.market import BookSlice, FeedEvent, FeedStatus, TradeSlice
from actors.ports import FeedItem
from adapters.kraken.stream import MarketStream

SYMBOLS = ("A/USD", "B/USD")
SECOND_NS = 1_000_000_000
WINDOW_NS = SECOND_NS // 10
NOON = 1_783_425_600 * SECOND_NS


def stamp(ms: int) -> str:
    return f"2026-07-07T12:{ms // 60_000:02d}:{ms % 60_000 / 1000:06.3f}Z"


def checksum(bids: list[tuple[str, str]], asks: list[tuple[str, str]]) -> int:
    best = sorted(asks, key=lambda level: float(level[0]))[:10]
    best += sorted(bids, key=lambda level: -float(level[0]))[:10]
    text = "".join(part.replace(".", "").lstrip("0") for level in best for part in level)
    return zlib.crc32(text.encode())


def book_frame(
    kind: str,
    ms: int,
    bids: list[tuple[str, str]],
    asks: list[tuple[str, str]],
    check: int | None = None,
    *,
    symbol: str = "A/USD",
) -> bytes:
    def side(levels: list[tuple[str, str]]) -> str:
        return ",".join(f'{{"price":{price},"qty":{size}}}' for price, size in levels)

    check = checksum(bids, asks) if check is None else check
    return (
        f'{{"channel":"book","type":"{kind}","data":[{{"symbol":"{symbol}","bids":[{side(bids)}],'
        f'"asks":[{side(asks)}],"checksum":{check},"timestamp":"{stamp(ms)}"}}]}}'
    ).encode()


def trade_frame(
    ms: int, trade_id: int, *, price: str = "2.5", size: str = "1.0", side: str = "buy",
    kind: str = "update", symbol: str = "A/USD",
) -> bytes:  # fmt: skip
    return (
        f'{{"channel":"trade","type":"{kind}","data":[{{"symbol":"{symbol}","side":"{side}",'
        f'"price":{price},"qty":{size},"ord_type":"limit","trade_id":{trade_id},'
        f'"timestamp":"{stamp(ms)}"}}]}}'
    ).encode()


BIDS, ASKS = [("2.0", "1.0")], [("3.0", "0.5")]
SNAPSHOT = book_frame("snapshot", 0, BIDS, ASKS)


def run(*frames: bytes, stream: MarketStream | None = None) -> list[FeedItem]:
    stream = stream or MarketStream(SYMBOLS, conflate_ns=WINDOW_NS, began_ts=NOON)
    items = [item for frame in frames for item in stream.feed(frame)]
    return items + stream.flush()


def statuses(items: list[FeedItem]) -> list[tuple[str, FeedEvent, int]]:
    found = [item.body for item in items if isinstance(item.body, FeedStatus)]
    return [(status.stream, status.event, status.symbol) for status in found]


def books(items: list[FeedItem]) -> list[BookSlice]:
    return [item.body for item in items if isinstance(item.body, BookSlice)]


def trades(items: list[FeedItem]) -> list[TradeSlice]:
    return [item.body for item in items if isinstance(item.body, TradeSlice)]


def test_the_latest_book_of_a_window_wins_and_is_received_at_its_last_frame() -> None:
    better = [("2.1", "7.0")]
    items = run(
        SNAPSHOT,
        book_frame("update", 40, better, [], checksum(BIDS + better, ASKS)),
        book_frame("update", 120, [("2.1", "0.0")], [], checksum(BIDS, ASKS)),
    )
    assert [slice_.levels[0, 0] for slice_ in books(items)] == [2.1, 2.0]
    assert [item.at - NOON for item in items] == [40_000_000, 120_000_000]
    assert not statuses(items)


def test_symbols_that_changed_in_one_window_share_a_slice_in_index_order() -> None:
    items = run(
        book_frame("snapshot", 10, BIDS, ASKS, symbol="B/USD"),
        book_frame("snapshot", 20, BIDS, ASKS),
    )
    (only,) = books(items)
    assert only.symbols.tolist() == [0, 1]
    assert (only.first_ts - NOON, only.ts - NOON) == (10_000_000, 20_000_000)


def test_a_book_is_as_old_as_its_last_change_in_the_window() -> None:
    items = run(
        book_frame("snapshot", 10, BIDS, ASKS),
        book_frame("snapshot", 15, BIDS, ASKS, symbol="B/USD"),
        book_frame("update", 30, [("2.1", "7.0")], [], checksum([("2.1", "7.0"), *BIDS], ASKS)),
    )
    (only,) = books(items)
    assert (only.first_ts - NOON, only.ts - NOON) == (15_000_000, 30_000_000)


def test_trades_of_a_window_are_added_up_and_none_is_lost() -> None:
    items = run(
        trade_frame(10, 5, price="2.5", size="1.0", side="buy"),
        trade_frame(20, 6, price="2.7", size="2.0", side="sell"),
        trade_frame(30, 7, price="2.4", size="0.5", side="buy"),
    )
    (only,) = trades(items)
    assert only.rows.tolist() == [[2.5, 2.7, 2.4, 2.4, 3.5, 2.5 + 5.4 + 1.2, 3.0, 1.5]]
    assert (only.first_trade_ids, only.last_trade_ids) == ((5,), (7,))
    assert (only.first_ts - NOON, only.ts - NOON) == (10_000_000, 30_000_000)


@pytest.mark.parametrize(("first", "second"), [(10, 40), (40, 10)])
def test_a_slice_is_as_old_as_the_oldest_trade_of_any_symbol(first: int, second: int) -> None:
    items = run(trade_frame(first, 5), trade_frame(second, 6, symbol="B/USD"))
    (only,) = trades(items)
    assert only.symbols.tolist() == [0, 1]
    assert (only.first_ts - NOON, only.ts - NOON) == (10_000_000, 40_000_000)


def test_a_trade_that_arrives_after_its_window_keeps_its_own_time() -> None:
    items = run(book_frame("snapshot", 205, BIDS, ASKS), trade_frame(190, 5), trade_frame(210, 6))
    assert [slice_.ts - NOON for slice_ in trades(items)] == [190_000_000, 210_000_000]
    assert [item.at - NOON for item in items] == [210_000_000, 210_000_001, 210_000_002]


def test_receive_time_never_goes_back_and_no_two_items_share_an_instant() -> None:
    items = run(SNAPSHOT, trade_frame(500, 1), trade_frame(100, 2), trade_frame(700, 3))
    times = [item.at for item in items]
    assert times == sorted(set(times))


def test_a_given_receive_time_wins_over_the_venue_time() -> None:
    stream = MarketStream(SYMBOLS, conflate_ns=WINDOW_NS)
    items = stream.feed(SNAPSHOT, NOON + SECOND_NS) + stream.flush()
    assert [item.at for item in items] == [NOON + SECOND_NS]


def test_a_failed_checksum_drops_the_book_until_the_next_snapshot() -> None:
    stream = MarketStream(SYMBOLS, conflate_ns=WINDOW_NS, began_ts=NOON)
    items = run(
        SNAPSHOT,
        book_frame("update", 200, [("2.1", "1.0")], [], 1),
        book_frame("update", 400, [("2.2", "1.0")], []),
        book_frame("snapshot", 600, BIDS, ASKS),
        stream=stream,
    )
    assert statuses(items) == [("book", FeedEvent.CHECKSUM, 0), ("book", FeedEvent.RESYNCED, 0)]
    assert [slice_.ts - NOON for slice_ in books(items)] == [0, 600_000_000]
    assert stream.counts.checksums_failed == 1
    assert stream.counts.updates_without_book == 1
    assert stream.counts.checksums_verified == 2


def test_what_was_sound_before_the_trouble_is_delivered_before_it() -> None:
    items = run(trade_frame(10, 5), book_frame("snapshot", 20, BIDS, ASKS, 1))
    assert [type(item.body) for item in items] == [TradeSlice, FeedStatus]


@pytest.mark.parametrize(
    ("bids", "asks", "event"),
    [
        ([("3.5", "1.0")], ASKS, FeedEvent.CROSSED),
        ([("2.0", "-1.0")], ASKS, FeedEvent.GAP),
        ([("2.0", "-0.00")], ASKS, FeedEvent.GAP),
        ([('"2.0"', "1.0")], ASKS, FeedEvent.GAP),
    ],
)
def test_a_crossed_book_and_an_unsound_number_are_refused(
    bids: list[tuple[str, str]], asks: list[tuple[str, str]], event: FeedEvent
) -> None:
    check = checksum(bids, asks) if event is FeedEvent.CROSSED else 0
    items = run(book_frame("snapshot", 10, bids, asks, check))
    assert statuses(items) == [("book", event, 0)]
    assert not books(items)


def test_a_corrupt_frame_is_told_and_the_next_checksum_proves_the_book() -> None:
    stream = MarketStream(SYMBOLS, conflate_ns=WINDOW_NS, began_ts=NOON)
    more = [("2.1", "1.0")]
    after = book_frame("update", 300, more, [], checksum(BIDS + more, ASKS))
    items = run(SNAPSHOT, b"{broken", after, stream=stream)
    assert statuses(items) == [("frames", FeedEvent.CORRUPT, -1)]
    assert [slice_.ts - NOON for slice_ in books(items)] == [0, 300_000_000]
    assert stream.counts.corrupt_frames == 1


def test_a_corrupt_frame_that_was_an_update_is_found_by_the_next_checksum() -> None:
    lost, more = [("2.05", "1.0")], [("2.1", "1.0")]
    after = book_frame("update", 300, more, [], checksum(BIDS + lost + more, ASKS))
    items = run(SNAPSHOT, b"{broken", after)
    assert [event for _, event, _ in statuses(items)] == [FeedEvent.CORRUPT, FeedEvent.CHECKSUM]
    assert len(books(items)) == 1


def test_a_misshapen_book_frame_is_a_gap_of_the_symbols_it_names() -> None:
    named = SNAPSHOT.replace(b'"checksum"', b'"sum"')
    assert statuses(run(SNAPSHOT, named)) == [("book", FeedEvent.GAP, 0)]
    nameless = named.replace(b'"symbol"', b'"name"')
    stream = MarketStream(SYMBOLS, conflate_ns=WINDOW_NS, began_ts=NOON)
    assert statuses(run(SNAPSHOT, nameless, stream=stream)) == [("book", FeedEvent.GAP, -1)]
    assert stream.counts.misshapen_frames == 1
    stranger = named.replace(b"A/USD", b"Z/USD")
    assert statuses(run(SNAPSHOT, stranger)) == []


def test_a_book_that_fails_within_its_window_is_not_delivered_at_all() -> None:
    items = run(trade_frame(5, 1), SNAPSHOT, book_frame("update", 10, [("2.1", "1.0")], [], 1))
    assert [type(item.body) for item in items] == [TradeSlice, FeedStatus]


def test_a_book_frame_that_names_nobody_drops_every_book() -> None:
    nameless = SNAPSHOT.replace(b'"symbol"', b'"name"')
    more = [("2.1", "1.0")]
    after = book_frame("update", 300, more, [], checksum(BIDS + more, ASKS))
    last = book_frame("snapshot", 500, BIDS, ASKS)
    items = run(SNAPSHOT, trade_frame(200, 1), nameless, after, last)
    assert [slice_.ts - NOON for slice_ in books(items)] == [0, 500_000_000]
    assert statuses(items) == [("book", FeedEvent.GAP, -1), ("book", FeedEvent.RESYNCED, 0)]


def test_after_an_unsound_trade_the_next_one_in_sequence_repairs_the_gap() -> None:
    items = run(trade_frame(10, 5), trade_frame(20, 6, side="both"), trade_frame(30, 6))
    assert statuses(items) == [("trade", FeedEvent.GAP, 0), ("trade", FeedEvent.RESYNCED, 0)]
    assert sum(slice_.rows[0, 6] for slice_ in trades(items)) == 2.0


def test_unknown_fields_are_counted_and_tolerated() -> None:
    stream = MarketStream(SYMBOLS, conflate_ns=WINDOW_NS, began_ts=NOON)
    items = run(SNAPSHOT.replace(b'"symbol"', b'"fresh":1,"symbol"'), stream=stream)
    assert len(books(items)) == 1
    assert stream.counts.unknown_fields == 1


def test_missing_trades_are_a_gap_until_two_follow_each_other() -> None:
    items = run(trade_frame(10, 5), trade_frame(20, 9), trade_frame(30, 10))
    assert statuses(items) == [("trade", FeedEvent.GAP, 0), ("trade", FeedEvent.RESYNCED, 0)]
    assert sum(slice_.rows[0, 6] for slice_ in trades(items)) == 3.0


def test_repeated_trades_are_counted_once_and_older_ones_not_at_all() -> None:
    stream = MarketStream(SYMBOLS, conflate_ns=WINDOW_NS, began_ts=NOON)
    items = run(
        trade_frame(0, 4, kind="snapshot"),
        trade_frame(10, 5),
        trade_frame(10, 5),
        trade_frame(20, 6, kind="snapshot"),
        stream=stream,
    )
    (only,) = trades(items)
    assert (only.first_trade_ids, only.last_trade_ids) == ((5,), (6,))
    counts = stream.counts
    assert (counts.trades, counts.trades_repeated, counts.trades_before_start) == (2, 1, 1)
    assert not statuses(items)


@pytest.mark.parametrize(
    "frame",
    [
        trade_frame(10, 5, price="-2.5"),
        trade_frame(10, 5, size="0.0"),
        trade_frame(10, 5, side="both"),
        trade_frame(10, 5, size='"1.0"'),
        trade_frame(10, 5).replace(b"2026-07-07", b"2026-77-07"),
    ],
)
def test_an_unsound_trade_is_set_aside_as_a_gap(frame: bytes) -> None:
    stream = MarketStream(SYMBOLS, conflate_ns=WINDOW_NS, began_ts=NOON)
    items = run(frame, stream=stream)
    assert statuses(items) == [("trade", FeedEvent.GAP, 0)]
    assert not trades(items)
    assert stream.counts.misshapen_frames == 1


@pytest.mark.parametrize(
    ("word", "event"),
    [
        ("online", FeedEvent.ONLINE),
        ("cancel_only", FeedEvent.CANCEL_ONLY),
        ("post_only", FeedEvent.POST_ONLY),
        ("maintenance", FeedEvent.MAINTENANCE),
        ("a word of tomorrow", FeedEvent.MAINTENANCE),
    ],
)
def test_the_venue_state_is_told_and_an_unknown_one_closes_the_gate(
    word: str, event: FeedEvent
) -> None:
    frame = json.dumps({"channel": "status", "type": "update", "data": [{"system": word}]})
    assert statuses(run(frame.encode())) == [("status", event, -1)]


def test_a_pair_state_is_told_when_it_changes() -> None:
    def frame(status: str) -> bytes:
        pairs = [{"symbol": "B/USD", "status": status}, {"symbol": "Z/USD", "status": "delisted"}]
        return json.dumps(
            {"channel": "instrument", "data": {"assets": [], "pairs": pairs}}
        ).encode()

    items = run(*map(frame, ("online", "reduce_only", "reduce_only", "online")))
    told = [("instrument", FeedEvent.REDUCE_ONLY, 1), ("instrument", FeedEvent.ONLINE, 1)]
    assert statuses(items) == told


def test_a_refused_subscription_means_not_listed() -> None:
    frame = {"method": "subscribe", "success": False, "symbol": "B/USD", "error": "not supported"}
    items = run(json.dumps(frame).encode())
    assert statuses(items) == [("instrument", FeedEvent.NOT_LISTED, 1)]


def test_the_granted_depth_is_kept_even_when_the_snapshot_is_thin() -> None:
    stream = MarketStream(SYMBOLS, conflate_ns=WINDOW_NS, began_ts=NOON)
    result = {"channel": "book", "symbol": "A/USD", "depth": 25}
    ack = json.dumps({"method": "subscribe", "success": True, "result": result})
    bids = [(f"{price}.0", "1.0") for price in range(10, 30)]
    asks = [("50.0", "1.0")]
    first = book_frame("snapshot", 0, bids[:5], asks)
    more = book_frame("update", 10, bids[5:], [], checksum(bids, asks))
    run(ack.encode(), first, more, stream=stream)
    # Ten levels leave again: only a book that kept more than ten still checks.
    gone = [(price, "0.0") for price, _ in bids[10:]]
    check = checksum(bids[:10], asks)
    items = run(book_frame("update", 20, gone, [], check), stream=stream)
    assert not statuses(items)
    assert stream.counts.checksums_verified == 3


def test_frames_of_strangers_are_counted_and_passed_over() -> None:
    stream = MarketStream(SYMBOLS, conflate_ns=WINDOW_NS, began_ts=NOON)
    items = run(
        book_frame("snapshot", 0, BIDS, ASKS, symbol="Z/USD"),
        trade_frame(10, 1, symbol="Z/USD"),
        b'{"channel":"heartbeat"}',
        stream=stream,
    )
    assert items == []
    assert (stream.counts.unknown_symbols, stream.counts.other_frames) == (2, 1)


def test_slices_are_sealed_against_writing() -> None:
    items = run(SNAPSHOT, trade_frame(10, 1))
    arrays = itertools.chain(
        (slice_.levels for slice_ in books(items)), (slice_.rows for slice_ in trades(items))
    )
    for array in arrays:
        assert isinstance(array, np.ndarray)
        assert not array.flags.writeable
