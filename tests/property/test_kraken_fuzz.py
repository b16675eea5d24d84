"""Whatever the bytes are, the stream goes on: no exception, ordered items, sound slices only."""

from __future__ import annotations

import itertools
import json
import zlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from actors.messages.market import BookSlice, TradeSlice
from actors.ports import FeedItem
from adapters.kraken.stream import MarketStream

SYMBOLS = ("A/USD", "B/USD")
SNAPSHOT = (
    b'{"channel":"book","type":"snapshot","data":[{"symbol":"A/USD","bids":[{"price":2.0,"qty":1.0}'
    b'],"asks":[{"price":3.0,"qty":0.5}],"checksum":%d,"timestamp":"2026-07-07T23:00:03.977459Z"}]}'
) % zlib.crc32(b"3052010")
TRADE = (
    b'{"channel":"trade","type":"update","data":[{"symbol":"A/USD","side":"buy","price":2.5,'
    b'"qty":1.0,"ord_type":"limit","trade_id":7,"timestamp":"2026-07-07T23:00:04.1Z"}]}'
)
STATUS = b'{"channel":"status","type":"update","data":[{"system":"online"}]}'
ACK = (
    b'{"method":"subscribe","success":true,"result":{"channel":"book","symbol":"A/USD","depth":10}}'
)
ODDITIES = (b"-1", b"-0.00", b"1e400", b"NaN", b"null", b"0", b'"', b"9" * 30, b"[" * 9)
SEEDS = (SNAPSHOT, TRADE, STATUS, ACK)

KEYS = st.sampled_from(
    "channel type data symbol bids asks price qty checksum timestamp side trade_id system pairs"
    " status method success result depth time_out error".split()
)
WORDS = st.sampled_from(
    [*SYMBOLS, *"book trade snapshot update status instrument online buy NaN".split(), ""]
) | st.just("2026-07-07T23:00:05Z")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=20,
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A real frame with a piece cut out, doubled or replaced."""
    frame = draw(st.sampled_from(SEEDS))
    start = draw(st.integers(0, len(frame)))
    end = draw(st.integers(start, min(len(frame), start + 12)))
    middle = draw(
        st.binary(max_size=6)
        | st.sampled_from(
            [b"-1", b"-0.00", b"1e400", b"NaN", b"null", b"0", b'"', b"9" * 30, b"[" * 9]
        )
    )
    return frame[:start] + middle + frame[end:]


FRAMES = st.lists(
    st.sampled_from(SEEDS)
    | mutated()
    | st.binary(max_size=60)
    | VALUES.map(lambda value: json.dumps(value).encode()),
    max_size=8,
)


def check(items: list[FeedItem]) -> None:
    for earlier, later in itertools.pairwise(items):
        assert earlier.at < later.at
    for item in items:
        if isinstance(item.body, BookSlice):
            levels = item.body.levels
            assert not (levels[:, 0] >= levels[:, 20]).any()
            assert not (levels <= 0.0).any()
            assert not np.isinf(levels).any()
        elif isinstance(item.body, TradeSlice):
            assert (item.body.rows[:, :7] > 0.0).all()
            assert np.isfinite(item.body.rows).all()


@given(FRAMES)
def test_no_bytes_stop_the_stream_or_reach_the_core_unsound(frames: list[bytes]) -> None:
    stream = MarketStream(SYMBOLS, began_ts=1)
    items = [item for frame in frames for item in stream.feed(frame)]
    check(items + stream.flush())
    assert stream.counts.frames == len(frames)


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(0, 3), st.booleans()), max_size=30))
def test_a_book_fed_honest_updates_always_checks(changes: list[tuple[int, int, bool]]) -> None:
    """Against a second, slow book: a sorted dictionary cut to ten levels."""
    stream = MarketStream(SYMBOLS, began_ts=1)
    sides: dict[bool, dict[int, str]] = {True: {1: "1"}, False: {100: "1"}}

    def frame(kind: str, bids: dict[int, str], asks: dict[int, str]) -> bytes:
        best = sorted(sides[False].items())[:10] + sorted(sides[True].items(), reverse=True)[:10]
        text = "".join(f"{price}{size}" for price, size in best)
        entry = {
            "symbol": "A/USD",
            "bids": [{"price": price, "qty": int(size)} for price, size in bids.items()],
            "asks": [{"price": price, "qty": int(size)} for price, size in asks.items()],
            "checksum": zlib.crc32(text.encode()),
        }
        return json.dumps({"channel": "book", "type": kind, "data": [entry]}).encode()

    stream.feed(frame("snapshot", sides[True], sides[False]))
    for price, size, is_bid in changes:
        level = price if is_bid else 200 - price
        side = sides[is_bid]
        if size:
            side[level] = str(size)
        else:
            side.pop(level, None)
        for gone in sorted(side, reverse=is_bid)[10:]:
            del side[gone]
        change = {level: str(size)}
        stream.feed(frame("update", change if is_bid else {}, {} if is_bid else change))
    assert stream.counts.checksums_verified == len(changes) + 1
