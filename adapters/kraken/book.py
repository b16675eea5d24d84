"""One symbol's book as Kraken keeps it: apply in order, cut to the depth, check the CRC32.

Prices and quantities are kept as the text that was sent, because the checksum is over that text:
top ten asks from low to high, then top ten bids from high to low, each price and quantity without
its point and leading zeros. Floats are made beside the text, for slices only.
"""

from __future__ import annotations

import enum
import zlib
from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

from actors.messages.market import BOOK_LEVELS
from adapters.kraken.frames import Level
from adapters.kraken.tokens import TokenError, is_plain, plain_number

CHECKED_LEVELS: Final = 10
DEPTHS: Final = (10, 25, 100, 500, 1000)
_ABSENT: Final = [float("nan")] * BOOK_LEVELS


class BookFault(enum.StrEnum):
    """Why a book cannot be used until the next snapshot."""

    NUMBER = "number"
    CHECKSUM = "checksum"
    CROSSED = "crossed"


class _Side:
    """Levels best first: sort keys (price, negated for bids), checksum texts, quantities."""

    __slots__ = ("keys", "sign", "sizes", "texts")

    def __init__(self, sign: float) -> None:
        self.sign = sign
        self.keys: list[float] = []
        self.texts: list[bytes] = []
        self.sizes: list[float] = []

    def apply(self, levels: Sequence[Level], depth: int) -> None:
        """Set, insert or remove each level in turn. Raises TokenError."""
        keys, texts, sizes, sign = self.keys, self.texts, self.sizes, self.sign
        for level in levels:
            price, quantity = bytes(level.price), bytes(level.qty)
            if not is_plain(price) or not is_plain(quantity):
                price, quantity = plain_number(price), plain_number(quantity)
            key, size = float(price) * sign, float(quantity)
            if key == 0.0:
                raise TokenError("a price of zero")
            place = bisect_left(keys, key)
            known = place < len(keys) and keys[place] == key
            if size == 0.0:
                if known:
                    del keys[place], texts[place], sizes[place]
                continue
            text = _digits(price) + _digits(quantity)
            if known:
                texts[place], sizes[place] = text, size
            else:
                keys.insert(place, key)
                texts.insert(place, text)
                sizes.insert(place, size)
        if len(keys) > depth:
            del keys[depth:], texts[depth:], sizes[depth:]

    def clear(self) -> None:
        self.keys.clear()
        self.texts.clear()
        self.sizes.clear()


class Book:
    """The levels of one symbol. Unusable (`is_sound` False) until a snapshot that checks."""

    __slots__ = ("asks", "bids", "depth", "is_sound")

    def __init__(self, depth: int = CHECKED_LEVELS) -> None:
        self.depth = depth
        self.bids = _Side(-1.0)
        self.asks = _Side(1.0)
        self.is_sound = False

    def load(self, bids: Sequence[Level], asks: Sequence[Level], checksum: int) -> BookFault | None:
        """Replace everything by a snapshot; the fault, or None when the book is sound again."""
        self.drop()
        self.is_sound = True
        return self.update(bids, asks, checksum)

    def update(
        self, bids: Sequence[Level], asks: Sequence[Level], checksum: int
    ) -> BookFault | None:
        """Apply one message whole, then check; on a fault the book is dropped."""
        assert self.is_sound, "an update needs a snapshot before it"
        try:
            self.bids.apply(bids, self.depth)
            self.asks.apply(asks, self.depth)
        except TokenError:
            self.drop()
            return BookFault.NUMBER
        if self.checksum() != checksum:
            self.drop()
            return BookFault.CHECKSUM
        if self.bids.keys and self.asks.keys and -self.bids.keys[0] >= self.asks.keys[0]:
            self.drop()
            return BookFault.CROSSED
        return None

    def checksum(self) -> int:
        """CRC32 (IEEE, unsigned) of the top ten levels; of fewer where there are fewer."""
        asks = b"".join(self.asks.texts[:CHECKED_LEVELS])
        return zlib.crc32(b"".join(self.bids.texts[:CHECKED_LEVELS]), zlib.crc32(asks))

    def drop(self) -> None:
        """Forget everything; only a snapshot makes the book usable again."""
        self.bids.clear()
        self.asks.clear()
        self.is_sound = False

    def row(self) -> list[float]:
        """The top levels as a row of BookSlice.levels, NaN where there is none."""
        bids, asks = self.bids, self.asks
        return [
            *_padded([-key for key in bids.keys[:BOOK_LEVELS]]),
            *_padded(bids.sizes[:BOOK_LEVELS]),
            *_padded(asks.keys[:BOOK_LEVELS]),
            *_padded(asks.sizes[:BOOK_LEVELS]),
        ]


def _padded(values: list[float]) -> list[float]:
    return values if len(values) == BOOK_LEVELS else values + _ABSENT[len(values) :]


def depth_for(levels: int) -> int:
    """The subscription depth that a snapshot of so many levels must have had."""
    return next((depth for depth in DEPTHS if levels <= depth), DEPTHS[-1])


def _digits(number: bytes) -> bytes:
    return number.replace(b".", b"").lstrip(b"0")
