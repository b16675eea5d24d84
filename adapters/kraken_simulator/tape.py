"""One pair's public trades: the newest rows, minute bars of the session, last price.

Bars are integers in `book.UNIT`; what lies before the session comes from `history`.
"""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from typing import Final

from adapters.kraken_simulator.events import Trade

MINUTE_NS: Final = 60_000_000_000
ROWS: Final = 20_000
MINUTES: Final = 43_200


class Bar:
    """One stretch of trades: prices and volume in units, `value` their product."""

    __slots__ = ("close", "count", "high", "low", "open", "value", "volume")

    def __init__(self, price: int) -> None:
        self.open = self.high = self.low = self.close = price
        self.volume = self.value = self.count = 0

    def add(self, price: int, qty: int) -> None:
        """Add one trade."""
        self.high = max(self.high, price)
        self.low = min(self.low, price)
        self.close = price
        self.volume += qty
        self.value += price * qty
        self.count += 1

    def merge(self, later: Bar) -> None:
        """Add a later stretch."""
        self.high = max(self.high, later.high)
        self.low = min(self.low, later.low)
        self.close = later.close
        self.volume += later.volume
        self.value += later.value
        self.count += later.count

    def copy(self) -> Bar:
        """An independent copy."""
        found = Bar(self.open)
        found.high, found.low, found.close = self.high, self.low, self.close
        found.volume, found.value, found.count = self.volume, self.value, self.count
        return found


class Tape:
    """The trades of one pair."""

    def __init__(self, symbol: str, first_id: int) -> None:
        self.symbol = symbol
        self.next_id = first_id
        self.rows: deque[Trade] = deque(maxlen=ROWS)
        self.bars: dict[int, Bar] = {}
        self.last_price: Decimal | None = None
        self.last_units = 0

    def add(self, trade: Trade, price: int, qty: int) -> None:
        """Put one trade on the tape."""
        self.next_id += 1
        self.rows.append(trade)
        self.last_price = trade.price
        self.last_units = price
        minute = trade.ts // MINUTE_NS
        bar = self.bars.get(minute)
        if bar is None:
            bar = self.bars[minute] = Bar(price)
            if len(self.bars) > MINUTES:
                del self.bars[next(iter(self.bars))]
        bar.add(price, qty)
