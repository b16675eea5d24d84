"""A reader that applies a book feed's messages as Kraken says has the book, to the checksum."""

from __future__ import annotations

import json
import zlib
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from adapters.kraken_simulator.instruments import INSTRUMENTS
from adapters.kraken_simulator.sockets.book_feed import BookFeed, checksum
from adapters.kraken_simulator.views import Book, Level

ROW = INSTRUMENTS["BTC/USD"]
DEPTH = 10
BIDS = st.dictionaries(st.integers(1, 40), st.integers(1, 9), max_size=30)
ASKS = st.dictionaries(st.integers(41, 80), st.integers(1, 9), max_size=30)


def book_of(bids: dict[int, int], asks: dict[int, int]) -> Book:
    def levels(side: dict[int, int], *, best_first: bool) -> tuple[Level, ...]:
        rows = sorted(side, reverse=best_first)[:DEPTH]
        return tuple(
            Level(Decimal(price).scaleb(-1), Decimal(side[price]).scaleb(-8), 0) for price in rows
        )

    return Book("BTC/USD", levels(bids, best_first=True), levels(asks, best_first=False))


class Reader:
    """Keeps a book from messages: apply in order, cut to the depth, then check."""

    def __init__(self) -> None:
        self.bids: dict[str, str] = {}
        self.asks: dict[str, str] = {}

    def take(self, frame: bytes) -> None:
        data = json.loads(frame, parse_float=str)["data"][0]
        for name, side, best_first in (("bids", self.bids, True), ("asks", self.asks, False)):
            for level in data[name]:
                side.pop(level["price"], None)
                if Decimal(level["qty"]):
                    side[level["price"]] = level["qty"]
            for price in sorted(side, key=Decimal, reverse=best_first)[DEPTH:]:
                del side[price]
        assert self.checksum() == data["checksum"]

    def checksum(self) -> int:
        levels = [(price, self.asks[price]) for price in sorted(self.asks, key=Decimal)[:10]]
        bids = sorted(self.bids, key=Decimal, reverse=True)[:10]
        levels += [(price, self.bids[price]) for price in bids]
        text = "".join(part.replace(".", "").lstrip("0") for level in levels for part in level)
        return zlib.crc32(text.encode())


@given(st.lists(st.tuples(BIDS, ASKS), min_size=1, max_size=8))
def test_every_message_leaves_the_reader_with_the_book(states: list[Any]) -> None:
    first, *rest = (book_of(*each) for each in states)
    feed, reader = BookFeed(DEPTH, first), Reader()
    reader.take(feed.snapshot(ROW, 0))
    for book in rest:
        before = {**reader.bids, **reader.asks}
        frame = feed.update(ROW, book, 0)
        if frame is not None:
            reader.take(frame)
        assert len(reader.bids) == len(book.bids)
        assert reader.checksum() == checksum(ROW, book)
        assert (frame is None) == (before == {**reader.bids, **reader.asks})


def test_krakens_own_example_has_its_checksum() -> None:
    asks = (
        ("45285.2", "0.00100000"), ("45286.4", "1.54571953"), ("45286.6", "1.54571109"),
        ("45289.6", "1.54560911"), ("45290.2", "0.15890660"), ("45291.8", "1.54553491"),
        ("45294.7", "0.04454749"), ("45296.1", "0.35380000"), ("45297.5", "0.09945542"),
        ("45299.5", "0.18772827"),
    )  # fmt: skip
    bids = (
        ("45283.5", "0.10000000"), ("45283.4", "1.54582015"), ("45282.1", "0.10000000"),
        ("45281.0", "0.10000000"), ("45280.3", "1.54592586"), ("45279.0", "0.07990000"),
        ("45277.6", "0.03310103"), ("45277.5", "0.30000000"), ("45277.3", "1.54602737"),
        ("45276.6", "0.15445238"),
    )  # fmt: skip
    sides = (tuple(Level(Decimal(p), Decimal(q), 0) for p, q in side) for side in (bids, asks))
    assert checksum(ROW, Book("BTC/USD", *sides)) == 3310070434


def test_a_level_that_falls_out_of_view_is_not_told() -> None:
    bids = dict.fromkeys(range(1, 11), 5)
    feed = BookFeed(DEPTH, book_of(bids, {}))
    frame = feed.update(ROW, book_of({**bids, 20: 7}, {}), 0)
    assert frame is not None
    (data,) = json.loads(frame, parse_float=str)["data"]
    assert data["bids"] == [{"price": "2.0", "qty": "0.00000007"}]


def test_a_new_grid_tells_every_level_again() -> None:
    feed = BookFeed(DEPTH, book_of({10: 5, 20: 5}, {50: 1}))
    reader = Reader()
    reader.take(feed.snapshot(ROW, 0))
    whole = msgspec.structs.replace(ROW, price_decimals=0, tick=Decimal(1))
    sides = tuple((Level(Decimal(p), Decimal("0.00000005"), 0),) for p in (2, 5))
    frame = feed.update(whole, Book("BTC/USD", *sides), 0)
    assert frame is not None
    (data,) = json.loads(frame, parse_float=str)["data"]
    assert {"price": "1.0", "qty": "0.00000000"} in data["bids"]
    assert {"price": 2, "qty": "0.00000005"} in data["bids"]
    assert {"price": 5, "qty": "0.00000005"} in data["asks"]
