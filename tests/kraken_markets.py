"""Seeded and recorded markets as Kraken's public socket tells them, with books that check.

Written from Kraken's documentation, without the adapter's code.
"""

from __future__ import annotations

import gzip
import json
import time
import zlib
from datetime import UTC, datetime
from pathlib import Path
from random import Random


def crc(bids: dict[str, str], asks: dict[str, str]) -> int:
    """The book checksum as the documentation has it."""

    def digits(prices: list[str], side: dict[str, str]) -> str:
        texts = [text for price in prices[:10] for text in (price, side[price])]
        return "".join(text.replace(".", "").lstrip("0") for text in texts)

    low = digits(sorted(asks, key=float), asks)
    high = digits(sorted(bids, key=float, reverse=True), bids)
    return zlib.crc32((low + high).encode())


def stamp(at: float | None = None) -> str:
    """Now, as the venue writes it."""
    moment = datetime.fromtimestamp(time.time() if at is None else at, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def levels(side: dict[str, str]) -> str:
    """Levels as JSON with their numbers as written."""
    return ",".join(f'{{"price":{price},"qty":{quantity}}}' for price, quantity in side.items())


class Market:
    """One symbol: a book of ten levels a side, and trades whose ids run by one."""

    def __init__(self, symbol: str, seed: int = 1, price: float = 50_000.0) -> None:
        self.symbol = symbol
        self.random = Random(f"{symbol} {seed}")
        self.bids = {f"{price - 0.5 * n:.1f}": "1.00000000" for n in range(10)}
        self.asks = {f"{price + 1 + 0.5 * n:.1f}": "2.00000000" for n in range(10)}
        self.trades: list[tuple[int, str, str, float, str]] = []
        self.next_id = 1000

    def snapshot(self) -> str:
        """The whole book as one entry."""
        return self._entry(self.bids, self.asks, crc(self.bids, self.asks))

    def change(self) -> tuple[dict[str, str], dict[str, str]]:
        """What changes next; the book has changed already."""
        bids: dict[str, str] = {}
        asks: dict[str, str] = {}
        side, told = self.random.choice(((self.bids, bids), (self.asks, asks)))
        price = self.random.choice(sorted(side))
        side[price] = told[price] = f"{self.random.uniform(0.1, 9):.8f}"
        return bids, asks

    def update(self, *, spoilt: bool = False) -> str:
        """One update entry; a spoilt one carries another book's checksum."""
        bids, asks = self.change()
        return self._entry(bids, asks, crc(self.bids, self.asks) ^ (1 if spoilt else 0))

    def trade(self) -> str:
        """One trade at the touch, as an entry."""
        price = min(self.asks, key=float)
        self.trades.append((self.next_id, price, "0.10000000", time.time(), "buy"))
        self.next_id += 1
        return self.told(self.trades[-1])

    def told(self, trade: tuple[int, str, str, float, str]) -> str:
        """A trade as an entry of the trade channel."""
        number, price, quantity, at, side = trade
        return (
            f'{{"symbol":"{self.symbol}","side":"{side}","price":{price},"qty":{quantity},'
            f'"ord_type":"market","trade_id":{number},"timestamp":"{stamp(at)}"}}'
        )

    def _entry(self, bids: dict[str, str], asks: dict[str, str], checksum: int) -> str:
        return (
            f'{{"symbol":"{self.symbol}","bids":[{levels(bids)}],"asks":[{levels(asks)}],'
            f'"checksum":{checksum},"timestamp":"{stamp()}"}}'
        )


class RecordedMarket(Market):
    """The updates of a capture, in order; the checksums are computed, not repeated."""

    def __init__(self, path: Path) -> None:
        with gzip.open(path, "rt") as lines:
            frames = [json.loads(line, parse_float=str, parse_int=str) for line in lines]
        books = [frame["data"][0] for frame in frames if frame.get("channel") == "book"]
        super().__init__(books[0]["symbol"])
        self.bids, self.asks = _side(books[0]["bids"]), _side(books[0]["asks"])
        self.recorded = [int(book["checksum"]) for book in books[1:]]
        self._updates = books[1:]
        self._next = 0

    def change(self) -> tuple[dict[str, str], dict[str, str]]:
        book = self._updates[self._next]
        self._next += 1
        told = []
        for side, entries, is_bid in (
            (self.bids, book["bids"], True),
            (self.asks, book["asks"], False),
        ):
            for level in entries:
                if float(level["qty"]):
                    side[level["price"]] = level["qty"]
                else:
                    side.pop(level["price"], None)
            for price in sorted(side, key=float, reverse=is_bid)[10:]:
                del side[price]
            told.append({level["price"]: level["qty"] for level in entries})
        assert crc(self.bids, self.asks) == self.recorded[self._next - 1]
        return told[0], told[1]

    @property
    def is_over(self) -> bool:
        """Whether every recorded update was told."""
        return self._next == len(self._updates)


def _side(entries: list[dict[str, str]]) -> dict[str, str]:
    return {level["price"]: level["qty"] for level in entries}
