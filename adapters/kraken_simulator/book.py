"""One pair's order book: price, then time. Others' quantity and account orders share each level.

Prices and quantities are integers at `UNIT` (10 decimals), so a pair's steps may change in session.
A level is a queue: others' quantity in front, then account orders, each with what joined behind it.
Others leave from the back of the queue, so they never improve an account order's place.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from decimal import Decimal
from typing import Final, Literal

DECIMALS: Final = 10
UNIT: Final = 10**DECIMALS

BookSide = Literal["bid", "ask"]


def to_units(value: Decimal) -> int:
    """A price or quantity in units; it must have at most ten decimals."""
    scaled = value.scaleb(DECIMALS)
    whole = int(scaled)
    assert whole == scaled, f"{value} has more than {DECIMALS} decimals"
    return whole


def from_units(units: int, decimals: int) -> Decimal:
    """Units as a Decimal with exactly so many decimals; more only if it would not be exact."""
    step: int = 10 ** (DECIMALS - decimals)
    whole, rest = divmod(units, step)
    if rest:
        return Decimal(units).scaleb(-DECIMALS)
    return Decimal(whole).scaleb(-decimals)


class Rest:
    """An account order in a level: what it shows, what it hides, and what joined behind it."""

    __slots__ = ("account", "behind", "hidden", "order_id", "price", "qty", "shown")

    def __init__(self, account: str, order_id: str, price: int, qty: int, hidden: int) -> None:
        self.account = account
        self.order_id = order_id
        self.price = price
        self.qty = qty
        self.hidden = hidden
        self.shown = qty
        self.behind = 0


class Level:
    """One price: `front` is others' quantity ahead of every account order."""

    __slots__ = ("front", "price", "queue", "ts")

    def __init__(self, price: int) -> None:
        self.price = price
        self.front = 0
        self.queue: list[Rest] = []
        self.ts = 0

    @property
    def qty(self) -> int:
        """All that shows at this price."""
        total = self.front
        for rest in self.queue:
            total += rest.qty + rest.behind
        return total

    @property
    def others(self) -> int:
        """Others' quantity at this price."""
        total = self.front
        for rest in self.queue:
            total += rest.behind
        return total

    def join(self, qty: int) -> None:
        """Others add quantity at the end of the queue."""
        if self.queue:
            self.queue[-1].behind += qty
        else:
            self.front += qty

    def leave(self, qty: int) -> None:
        """Others take back `qty`, the newest first; it must be there."""
        for rest in reversed(self.queue):
            gone = min(qty, rest.behind)
            rest.behind -= gone
            qty -= gone
        self.front -= qty
        assert self.front >= 0


class Side:
    """One side of a book: levels by price, and the prices in ascending order."""

    def __init__(self, name: BookSide) -> None:
        self.name: BookSide = name
        self.is_bid = name == "bid"
        self.prices: list[int] = []
        self.levels: dict[int, Level] = {}

    @property
    def best(self) -> int | None:
        """The best price, or None when the side is empty."""
        if not self.prices:
            return None
        return self.prices[-1] if self.is_bid else self.prices[0]

    def level(self, price: int) -> Level:
        """The level at `price`, made if it is not there."""
        found = self.levels.get(price)
        if found is None:
            found = self.levels[price] = Level(price)
            insort(self.prices, price)
        return found

    def drop_if_empty(self, level: Level) -> None:
        """Forget a level where nothing stands any more."""
        if level.front == 0 and not level.queue:
            del self.levels[level.price]
            del self.prices[bisect_left(self.prices, level.price)]

    def best_first(self) -> Iterator[Level]:
        """Levels from the best price outwards; the side must not change meanwhile."""
        for price in reversed(self.prices) if self.is_bid else self.prices:
            yield self.levels[price]

    def crosses(self, price: int, limit: int | None) -> bool:
        """Whether a taker with `limit` would trade at `price` of this side."""
        if limit is None:
            return True
        return price >= limit if self.is_bid else price <= limit


class OrderBook:
    """Both sides, and which levels have changed since they were last told."""

    def __init__(self) -> None:
        self.bids = Side("bid")
        self.asks = Side("ask")
        self.changed: dict[tuple[BookSide, int], None] = {}
        self._rests: dict[str, Rest] = {}

    def side_of(self, order_side: str) -> Side:
        """The side on which an order rests."""
        return self.bids if order_side == "buy" else self.asks

    def opposite(self, order_side: str) -> Side:
        """The side from which an order takes."""
        return self.asks if order_side == "buy" else self.bids

    def touch(self, side: Side, level: Level, now_ns: int) -> None:
        """Note that a level changed, and forget it when it is empty."""
        level.ts = now_ns
        self.changed[side.name, level.price] = None
        side.drop_if_empty(level)

    def set_others(self, side: Side, price: int, qty: int, now_ns: int) -> None:
        """Make others' quantity at `price` equal to `qty`."""
        level = side.level(price)
        more = qty - level.others
        if more > 0:
            level.join(more)
        elif more < 0:
            level.leave(-more)
        else:
            side.drop_if_empty(level)
            return
        self.touch(side, level, now_ns)

    def rest(self, side: Side, entry: Rest, now_ns: int) -> None:
        """Put an account order at the end of its price's queue."""
        level = side.level(entry.price)
        level.queue.append(entry)
        self._rests[entry.order_id] = entry
        self.touch(side, level, now_ns)

    def resting(self, order_id: str) -> Rest | None:
        """An order's place in the book."""
        return self._rests.get(order_id)

    def remove(self, side: Side, entry: Rest, now_ns: int) -> None:
        """Take an account order out; what stood behind it moves up."""
        level = side.levels[entry.price]
        index = level.queue.index(entry)
        self._close_gap(level, index)
        self._rests.pop(entry.order_id)
        self.touch(side, level, now_ns)

    def shrink(self, side: Side, entry: Rest, less: int, now_ns: int) -> None:
        """Make an account order smaller in its place, what it hides first."""
        hidden = min(less, entry.hidden)
        entry.hidden -= hidden
        entry.qty -= less - hidden
        assert entry.qty > 0
        self.touch(side, side.levels[entry.price], now_ns)

    def refill(self, side: Side, entry: Rest, now_ns: int) -> bool:
        """Show an iceberg's next part at the end of the queue; False when nothing is hidden."""
        if not entry.hidden:
            return False
        level = side.levels[entry.price]
        self._close_gap(level, level.queue.index(entry))
        entry.qty = min(entry.shown, entry.hidden)
        entry.hidden -= entry.qty
        entry.behind = 0
        level.queue.append(entry)
        self.touch(side, level, now_ns)
        return True

    @staticmethod
    def _close_gap(level: Level, index: int) -> None:
        entry = level.queue.pop(index)
        if index:
            level.queue[index - 1].behind += entry.behind
        else:
            level.front += entry.behind
        entry.behind = 0
