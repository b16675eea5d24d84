"""One pair's book at one depth: what its readers have been shown, and the update that follows.

An update has every level that came into view or changed, and qty 0 for what left the book while it
was in view; a level that only fell out of view is not told: a reader cuts to its depth by itself.
"""

from __future__ import annotations

import zlib
from decimal import Decimal
from typing import Any

from msgspec import Raw

from adapters.kraken_simulator.instruments import Instrument
from adapters.kraken_simulator.views import Book, Level
from adapters.kraken_simulator.wire import encode, number, rfc3339

CHECKED = 10


class BookFeed:
    """The book that all readers of one pair and depth have."""

    def __init__(self, depth: int, book: Book) -> None:
        self.depth = depth
        self._shown = book

    def snapshot(self, row: Instrument, now_ns: int) -> bytes:
        """The whole book as shown."""
        book = self._shown
        changes = (_levels(row, book.bids), _levels(row, book.asks))
        return _frame("snapshot", row, changes, book, now_ns)

    def update(self, row: Instrument, book: Book, now_ns: int) -> bytes | None:
        """What makes the shown book this one; None when it is this one already."""
        old, self._shown = self._shown, book
        bids = _changed(row, old.bids, book.bids, self.depth, worse=lambda a, b: a < b)
        asks = _changed(row, old.asks, book.asks, self.depth, worse=lambda a, b: a > b)
        if not bids and not asks:
            return None
        return _frame("update", row, (bids, asks), book, now_ns)


def checksum(row: Instrument, book: Book) -> int:
    """CRC32 over the ten best asks and bids: digits of price and quantity, no leading zeros."""
    parts = []
    for level in (*book.asks[:CHECKED], *book.bids[:CHECKED]):
        for value, decimals in ((level.price, row.price_decimals), (level.qty, row.lot_decimals)):
            parts.append(_digits(value, decimals))
    return zlib.crc32("".join(parts).encode("ascii"))


def _digits(value: Decimal, decimals: int) -> str:
    return f"{value:.{decimals}f}".replace(".", "").lstrip("0")


def _levels(row: Instrument, side: tuple[Level, ...]) -> list[dict[str, Raw]]:
    return [_level(row, each.price, each.qty) for each in side]


def _level(row: Instrument, price: Decimal, qty: Decimal) -> dict[str, Raw]:
    return {"price": number(price, row.price_decimals), "qty": number(qty, row.lot_decimals)}


def _changed(
    row: Instrument, old: tuple[Level, ...], new: tuple[Level, ...], depth: int, *, worse: Any
) -> list[dict[str, Raw]]:
    before = {each.price: each.qty for each in old}
    after = {each.price: each.qty for each in new}
    worst = new[-1].price if len(new) >= depth else None
    gone = [
        _level(row, price, Decimal(0))
        for price in before
        if price not in after and (worst is None or not worse(price, worst))
    ]
    come = [_level(row, p, qty) for p, qty in after.items() if before.get(p) != qty]
    return gone + come


def _frame(
    kind: str,
    row: Instrument,
    changes: tuple[list[dict[str, Raw]], list[dict[str, Raw]]],
    book: Book,
    now_ns: int,
) -> bytes:
    data = {
        "symbol": row.symbol,
        "bids": changes[0],
        "asks": changes[1],
        "checksum": checksum(row, book),
        "timestamp": rfc3339(now_ns),
    }
    return encode({"channel": "book", "type": kind, "data": [data]})
