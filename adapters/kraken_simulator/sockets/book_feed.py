"""One pair's book at one depth: what its readers have been shown, and the update that follows.

An update has every level that came into view or changed, and qty 0 for what left the book while it
was in view; a level that only fell out of view is not told: a reader cuts to its depth by itself.
"""

from __future__ import annotations

import zlib
from decimal import Decimal
from typing import Final

from msgspec import Raw

from adapters.kraken_simulator.instruments import Instrument
from adapters.kraken_simulator.views import Book, Level
from adapters.kraken_simulator.wire import encode, number, rfc3339

CHECKED: Final = 10


class BookFeed:
    """The book that all readers of one pair and depth have."""

    def __init__(self, depth: int, book: Book) -> None:
        self.depth = depth
        self._shown = book
        self._steps: tuple[int, int] | None = None

    def snapshot(self, row: Instrument, now_ns: int) -> bytes:
        """The whole book as shown."""
        book, self._steps = self._shown, _steps(row)
        changes = (_levels(row, book.bids), _levels(row, book.asks))
        return _frame("snapshot", row, changes, book, now_ns)

    def update(self, row: Instrument, book: Book, now_ns: int) -> bytes | None:
        """What makes the shown book this one; None when it is this one already."""
        old, self._shown = self._shown, book
        steps, self._steps = self._steps, _steps(row)
        # On a new grid the same quantity has other digits: every level is told again.
        is_new = steps is not None and steps != self._steps
        sides = ((old.bids, book.bids, True), (old.asks, book.asks, False))
        bids, asks = (
            _changed(row, (before, after), self.depth, is_bid=is_bid, is_new=is_new)
            for before, after, is_bid in sides
        )
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
    row: Instrument,
    sides: tuple[tuple[Level, ...], tuple[Level, ...]],
    depth: int,
    *,
    is_bid: bool,
    is_new: bool,
) -> list[dict[str, Raw]]:
    """What makes one side's old levels its new ones."""
    old, new = sides
    before = {each.price: each.qty for each in old}
    after = {each.price: each.qty for each in new}
    worst = new[-1].price if len(new) >= depth else None

    def is_in_view(price: Decimal) -> bool:
        return worst is None or (price > worst if is_bid else price < worst)

    zero = number(Decimal(0), row.lot_decimals)
    gone = [
        # Its own digits: they are the ones it was told with.
        {"price": number(price), "qty": zero}
        for price in before
        if price not in after and is_in_view(price)
    ]
    come = [_level(row, p, qty) for p, qty in after.items() if is_new or before.get(p) != qty]
    return gone + come


def _steps(row: Instrument) -> tuple[int, int]:
    return row.price_decimals, row.lot_decimals


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
