"""Conflation at the edge: the latest book wins, trades are added up and none is lost.

Aggregates are kept per symbol and per window of the trade's own venue time, so none crosses a bar
boundary that the window divides. When to hand over is the caller's rule, not this module's.
"""

from __future__ import annotations

import msgspec
import numpy as np

from actors.messages.arrays import sealed, sealed_ints
from actors.messages.market import BookSlice, TradeSlice
from adapters.kraken.book import Book


class _Aggregate(msgspec.Struct, gc=False):
    """One TradeSlice row in the making; the fields are TRADE_COLUMNS, then ids and times."""

    opening: float
    high: float
    low: float
    closing: float
    volume: float
    quote_volume: float
    count: float
    buy_volume: float
    first_id: int
    last_id: int
    first_ts: int
    ts: int

    def add(self, price: float, quantity: float, bought: float, trade_id: int, ts: int) -> None:
        self.high = max(self.high, price)
        self.low = min(self.low, price)
        self.closing = price
        self.volume += quantity
        self.quote_volume += quantity * price
        self.count += 1.0
        self.buy_volume += bought
        self.last_id = trade_id
        self.first_ts = min(self.first_ts, ts)
        self.ts = max(self.ts, ts)


class Trade(msgspec.Struct, frozen=True, gc=False):
    """One checked trade: symbol index, price, quantity, taker side, id, venue time (ns UTC)."""

    symbol: int
    price: float
    quantity: float
    is_buy: bool
    trade_id: int
    ts: int


class Conflation:
    """What changed since the last hand-over. Windows are `window_ns` of venue time."""

    def __init__(self, window_ns: int) -> None:
        assert window_ns > 0
        self._window_ns = window_ns
        self._trades: dict[int, dict[int, _Aggregate]] = {}
        self._books: dict[int, tuple[Book, int]] = {}

    @property
    def holds_back(self) -> bool:
        """Whether anything waits for its window's end."""
        return bool(self._trades or self._books)

    def add_trade(self, trade: Trade) -> None:
        """Add one trade to its window's aggregate."""
        rows = self._trades.setdefault(trade.ts // self._window_ns, {})
        bought = trade.quantity if trade.is_buy else 0.0
        known = rows.get(trade.symbol)
        if known is not None:
            known.add(trade.price, trade.quantity, bought, trade.trade_id, trade.ts)
            return
        price, quantity, trade_id = trade.price, trade.quantity, trade.trade_id
        rows[trade.symbol] = _Aggregate(
            price, price, price, price, quantity, quantity * price, 1.0, bought,
            trade_id, trade_id, trade.ts, trade.ts,
        )  # fmt: skip

    def set_book(self, symbol: int, book: Book, ts: int) -> None:
        """The book of `symbol` changed at `ts`; the latest state wins."""
        self._books[symbol] = (book, ts)

    def forget_book(self, symbol: int) -> None:
        """The book of `symbol` is no longer sound."""
        self._books.pop(symbol, None)

    def take(self) -> list[TradeSlice | BookSlice]:
        """Hand over and start anew: trades by window, oldest first, then one slice of books."""
        slices: list[TradeSlice | BookSlice] = []
        if self._trades:
            slices += [_trade_slice(self._trades[window]) for window in sorted(self._trades)]
            self._trades = {}
        if self._books:
            slices.append(_book_slice(self._books))
            self._books = {}
        return slices


def _trade_slice(rows: dict[int, _Aggregate]) -> TradeSlice:
    symbols = sorted(rows)
    found = [rows[symbol] for symbol in symbols]
    values = np.array([msgspec.structs.astuple(row)[:8] for row in found], dtype=np.float64)
    return TradeSlice(
        ts=max(row.ts for row in found),
        symbols=sealed_ints(symbols),
        rows=sealed(values),
        first_trade_ids=tuple(row.first_id for row in found),
        last_trade_ids=tuple(row.last_id for row in found),
        first_ts=min(row.first_ts for row in found),
    )


def _book_slice(books: dict[int, tuple[Book, int]]) -> BookSlice:
    symbols = sorted(books)
    # Four blocks a row, in the order of BID_PRICE, BID_QUANTITY, ASK_PRICE, ASK_QUANTITY.
    levels = np.array([books[symbol][0].row() for symbol in symbols], dtype=np.float64)
    stamps = [ts for _, ts in books.values()]
    return BookSlice(max(stamps), sealed_ints(symbols), sealed(levels), first_ts=min(stamps))
