"""Kraken frames, numbers and the book: what is read and refused, and the published checksum."""

from __future__ import annotations

import zlib

import msgspec
import numpy as np
import pytest

from adapters.kraken.book import Book, BookFault, depth_for
from adapters.kraken.frames import (
    AckFrame,
    BookFrame,
    CorruptFrameError,
    InstrumentFrame,
    Level,
    MisshapenFrameError,
    OtherFrame,
    StatusFrame,
    TradeFrame,
    decode,
)
from adapters.kraken.tokens import TokenError, instant_of, plain_number

# The worked example of the venue's checksum guide for WebSocket v2.
ASKS = """45285.2 0.00100000, 45286.4 1.54571953, 45286.6 1.54571109, 45289.6 1.54560911,
45290.2 0.15890660, 45291.8 1.54553491, 45294.7 0.04454749, 45296.1 0.35380000,
45297.5 0.09945542, 45299.5 0.18772827"""
BIDS = """45283.5 0.10000000, 45283.4 1.54582015, 45282.1 0.10000000, 45281.0 0.10000000,
45280.3 1.54592586, 45279.0 0.07990000, 45277.6 0.03310103, 45277.5 0.30000000,
45277.3 1.54602737, 45276.6 0.15445238"""
PUBLISHED = 3310070434


def levels(text: str) -> list[Level]:
    pairs = [pair.split() for pair in text.split(",") if pair.strip()]
    return [Level(msgspec.Raw(price.encode()), msgspec.Raw(size.encode())) for price, size in pairs]


def loaded(depth: int = 10) -> Book:
    book = Book(depth)
    assert book.load(levels(BIDS), levels(ASKS), PUBLISHED) is None
    return book


def check_of(bids: str, asks: str) -> int:
    """The checksum rule, written out plainly a second time."""
    book = Book()
    book.bids.apply(levels(bids), 10)
    book.asks.apply(levels(asks), 10)
    return book.checksum()


def test_the_published_checksum_is_reproduced() -> None:
    assert loaded().checksum() == PUBLISHED


def test_the_order_in_which_levels_arrive_does_not_matter() -> None:
    book = Book()
    assert book.load(levels(BIDS)[::-1], levels(ASKS)[::-1], PUBLISHED) is None


def test_a_book_of_fewer_levels_is_checked_over_what_it_has() -> None:
    book = Book()
    bids, asks = levels("2.0 1.0"), levels("3.0 0.5")
    # "30" + "5" and then "20" + "10", by hand.
    assert book.load(bids, asks, zlib.crc32(b"3052010")) is None
    assert Book().load([], [], 0) is None


def test_quantity_zero_removes_and_a_new_level_pushes_the_last_one_out() -> None:
    book = loaded()
    asks = ASKS.replace("45285.2 0.00100000, ", "") + ", 45299.9 1.00000000"
    change = levels("45285.2 0.00000000, 45299.9 1.00000000")
    assert book.update([], change, check_of(BIDS, asks)) is None
    assert len(book.asks.keys) == 10
    better = levels("45284.0 2.00000000")
    assert book.update([], better, check_of(BIDS, "45284.0 2.00000000, " + asks)) is None
    assert len(book.asks.keys) == 10
    assert book.asks.keys[-1] == 45299.5


def test_several_changes_of_one_price_apply_in_order() -> None:
    book = loaded()
    change = levels("45285.2 9.00000000, 45285.2 0.00000000, 45285.2 0.00100000")
    assert book.update([], change, PUBLISHED) is None


def test_removing_an_unknown_level_changes_nothing() -> None:
    book = loaded()
    assert book.update(levels("1.0 0.00000000"), [], PUBLISHED) is None


def test_a_wrong_checksum_drops_the_book() -> None:
    book = loaded()
    assert book.update([], levels("45285.2 0.00200000"), PUBLISHED) is BookFault.CHECKSUM
    assert not book.is_sound
    assert book.asks.keys == []


def test_a_crossed_book_is_refused_though_its_checksum_is_right() -> None:
    assert Book().load(levels("3.0 1.0"), levels("2.0 1.0"), check_of("3.0 1.0", "2.0 1.0")) is (
        BookFault.CROSSED
    )
    assert Book().load(levels("2.0 1.0"), levels("2.0 1.0"), check_of("2.0 1.0", "2.0 1.0")) is (
        BookFault.CROSSED
    )


@pytest.mark.parametrize("bad", ["-1.0", "-0.00", "null", '"1.0"', "01.5", "1.", "1e99", "{}"])
def test_a_wrong_number_drops_the_book(bad: str) -> None:
    book = loaded()
    wrong = [Level(msgspec.Raw(b"45280.0"), msgspec.Raw(bad.encode()))]
    assert book.update(wrong, [], PUBLISHED) is BookFault.NUMBER
    assert not book.is_sound


def test_a_price_of_zero_is_no_price() -> None:
    assert loaded().update(levels("0.0 1.0"), [], PUBLISHED) is BookFault.NUMBER


def test_a_row_of_a_slice_holds_the_best_level_first_and_nan_where_none_is() -> None:
    book = Book()
    book.load(
        levels("2.0 1.0, 1.5 4.0"), levels("3.0 0.5"), check_of("2.0 1.0, 1.5 4.0", "3.0 0.5")
    )
    row = np.array(book.row())
    assert len(row) == 40
    assert row[[0, 1, 10, 11, 20, 30]].tolist() == [2.0, 1.5, 1.0, 4.0, 3.0, 0.5]
    assert np.isnan(row[[2, 12, 21, 31]]).all()


@pytest.mark.parametrize(
    ("count", "depth"), [(0, 10), (10, 10), (11, 25), (100, 100), (999, 1000), (5000, 1000)]
)
def test_the_depth_is_the_smallest_offered_that_fits(count: int, depth: int) -> None:
    assert depth_for(count) == depth


@pytest.mark.parametrize(
    ("token", "plain"),
    [
        ("0.00100000", "0.00100000"),
        ("45285", "45285"),
        ("5.1e-05", "0.000051"),
        ("1E3", "1000"),
        ("0", "0"),
    ],
)
def test_a_number_keeps_its_text_and_exponents_are_written_out(token: str, plain: str) -> None:
    assert plain_number(token.encode()).decode() == plain


@pytest.mark.parametrize(
    "token",
    ["NaN", "Infinity", "-Infinity", "-0.00", "-1", "+1", "", "1e", "1e99", "9" * 40, "0x1"],
)
def test_what_is_not_an_unsigned_number_is_refused(token: str) -> None:
    with pytest.raises(TokenError):
        plain_number(token.encode())


@pytest.mark.parametrize(
    ("stamp", "ns"),
    [
        ("2026-07-07T23:00:03.977459Z", 1_783_465_203_977_459_000),
        ("2026-07-07T23:00:03Z", 1_783_465_203_000_000_000),
        ("2026-07-07T23:00:03.000000001Z", 1_783_465_203_000_000_001),
        ("2026-07-07T23:00:03.5+00:00", 1_783_465_203_500_000_000),
    ],
)
def test_times_are_read_to_the_nanosecond(stamp: str, ns: int) -> None:
    assert instant_of(stamp) == ns


@pytest.mark.parametrize(
    "stamp",
    [
        "",
        "yesterday",
        "2026-07-07",
        "2026-13-07T00:00:00Z",
        "2026-07-07T23:00:03",
        "1970-01-01T00:00:00Z",
    ],
)
def test_a_time_that_is_none_is_refused(stamp: str) -> None:
    with pytest.raises(TokenError):
        instant_of(stamp)


BOOK = (
    b'{"channel":"book","type":"update","data":[{"symbol":"A/USD","bids":[],"asks":'
    b'[{"price":1.50,"qty":2.00}],"checksum":7,"timestamp":"2026-07-07T23:00:03.977459Z"}]}'
)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (BOOK, BookFrame),
        (b'{"type":"update","data":[],"channel":"book"}', BookFrame),
        (b'{"channel":"trade","type":"update","data":[]}', TradeFrame),
        (b'{"channel":"status","type":"update","data":[{"system":"online"}]}', StatusFrame),
        (b'{"channel":"instrument","type":"update","data":{"pairs":[]}}', InstrumentFrame),
        (b'{"channel":"heartbeat"}', OtherFrame),
        (b'{"method":"subscribe","success":true,"result":{"channel":"book"}}', AckFrame),
        (b'{"method":"pong","req_id":1}', AckFrame),
        (b"{}", OtherFrame),
    ],
)
def test_every_frame_has_its_kind(data: bytes, kind: type) -> None:
    frame, has_unknown_fields = decode(data)
    assert type(frame) is kind
    assert not has_unknown_fields


def test_a_level_keeps_its_very_text() -> None:
    frame, _ = decode(BOOK)
    assert isinstance(frame, BookFrame)
    level = frame.data[0].asks[0]
    assert (bytes(level.price), bytes(level.qty)) == (b"1.50", b"2.00")


@pytest.mark.parametrize(
    "data",
    [
        BOOK.replace(b'"channel"', b'"fresh":1,"channel"'),
        BOOK.replace(b'"symbol"', b'"fresh":[1],"symbol"'),
        BOOK.replace(b'"price"', b'"fresh":{},"price"'),
        (
            b'{"channel":"trade","type":"update","fresh":0,"data":[{"symbol":"A/USD","side":"buy",'
            b'"price":1,"qty":1,"trade_id":1,"timestamp":"","fresh":1}]}'
        ),
    ],
)
def test_an_unknown_field_is_tolerated_and_reported(data: bytes) -> None:
    frame, has_unknown_fields = decode(data)
    assert has_unknown_fields
    assert isinstance(frame, (BookFrame, TradeFrame))
    assert frame.data[0].symbol == "A/USD"


@pytest.mark.parametrize(
    ("data", "symbols"),
    [
        (BOOK.replace(b'"checksum":7,', b""), ("A/USD",)),
        (BOOK.replace(b'"checksum":7', b'"checksum":"7"'), ("A/USD",)),
        (BOOK.replace(b'"bids":[]', b'"bids":null'), ("A/USD",)),
        (BOOK.replace(b'"symbol":"A/USD",', b""), ()),
        (BOOK.replace(b'"data":[', b'"data":7,"old":['), ()),
    ],
)
def test_a_missing_field_or_a_wrong_type_is_misshapen(
    data: bytes, symbols: tuple[str, ...]
) -> None:
    with pytest.raises(MisshapenFrameError) as caught:
        decode(data)
    assert (caught.value.channel, caught.value.symbols) == ("book", symbols)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[1,2]",
        b"null",
        b"\xff\xfe",
        BOOK[:-3],
        b"CloudFlare WebSocket proxy restarting",
        b"NaN",
    ],
)
def test_what_is_no_object_is_corrupt(data: bytes) -> None:
    with pytest.raises(CorruptFrameError):
        decode(data)
