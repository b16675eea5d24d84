"""A recorded market in the place of the seeded one, pair by pair: candles, or frames of the stream.

Candles give the fair price around which others quote: open, the two extremes, close, on straight
lines. Frames give others' very book and trades; account orders stand in the same queues, are taken
by recorded trades in their turn, and never change what is told of the others.
"""

from __future__ import annotations

from bisect import bisect_right
from decimal import Decimal

import msgspec

from adapters.kraken_simulator.book import OrderBook, Side, to_units
from adapters.kraken_simulator.instruments import Instrument
from adapters.kraken_simulator.liquidity import Take
from adapters.kraken_simulator.orders import Side as OrderSide
from adapters.kraken_simulator.venue import Venue


class RecordedCandle(msgspec.Struct, frozen=True):
    """One candle; `open_ns` is when it began (ns UTC)."""

    open_ns: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal


class RecordedCandles(msgspec.Struct, frozen=True):
    """Candles of one pair in the order of time; where one is missing the last close stands."""

    symbol: str
    interval_ns: int
    rows: tuple[RecordedCandle, ...]

    @property
    def first_ns(self) -> int:
        """When the recording begins."""
        return self.rows[0].open_ns


class RecordedTrade(msgspec.Struct, frozen=True):
    """One public trade."""

    side: OrderSide
    price: Decimal
    qty: Decimal


class RecordedFrame(msgspec.Struct, frozen=True):
    """One frame of the book or trade channel, received at `ts` (ns UTC). Quantity zero removes."""

    ts: int
    bids: tuple[tuple[Decimal, Decimal], ...] = ()
    asks: tuple[tuple[Decimal, Decimal], ...] = ()
    trades: tuple[RecordedTrade, ...] = ()
    is_snapshot: bool = False


class RecordedFrames(msgspec.Struct, frozen=True):
    """Frames of one pair in the order of time, of a book subscribed at `depth` levels."""

    symbol: str
    depth: int
    rows: tuple[RecordedFrame, ...]

    @property
    def first_ns(self) -> int:
        """When the recording begins."""
        return self.rows[0].ts


Recording = RecordedCandles | RecordedFrames


def moved_to(recording: Recording, first_ns: int) -> Recording:
    """The recording as if it began at `first_ns`."""
    shift = first_ns - recording.first_ns
    if isinstance(recording, RecordedCandles):
        candles = tuple(
            msgspec.structs.replace(row, open_ns=row.open_ns + shift) for row in recording.rows
        )
        return msgspec.structs.replace(recording, rows=candles)
    frames = tuple(msgspec.structs.replace(row, ts=row.ts + shift) for row in recording.rows)
    return msgspec.structs.replace(recording, rows=frames)


class CandlePath:
    """The fair price of a pair from its recorded candles."""

    def __init__(self, candles: RecordedCandles) -> None:
        self._interval = candles.interval_ns
        self._opens = [row.open_ns for row in candles.rows]
        self._corners = [_corners(row) for row in candles.rows]

    def at(self, now_ns: int) -> float:
        """The price at a time; before the recording its first open, after it its last close."""
        index = bisect_right(self._opens, now_ns) - 1
        if index < 0:
            return self._corners[0][0]
        corners = self._corners[index]
        part = 3.0 * (now_ns - self._opens[index]) / self._interval
        if part >= 3.0:
            return corners[3]
        leg = int(part)
        return corners[leg] + (part - leg) * (corners[leg + 1] - corners[leg])


class Playback:
    """Others on one pair as they were recorded. Has the same calls as `Liquidity`."""

    def __init__(
        self, row: Instrument, frames: RecordedFrames, book: OrderBook, venue: Venue, take: Take
    ) -> None:
        self.row = row
        self._frames = frames
        self._book = book
        self._venue = venue
        self._take = take
        self._next = 0
        self._held: dict[str, dict[int, int]] = {"bid": {}, "ask": {}}

    def learn(self, row: Instrument) -> None:
        """Take the pair's row, after it changed; the recording stays as it is."""
        self.row = row

    def open(self, fair: float, usd: float, now_ns: int) -> None:
        """Put up what was recorded until now."""
        self.step(fair, usd, 1.0, now_ns)

    def withdraw(self, now_ns: int) -> None:
        """Take back all quotes."""
        for side in (self._book.bids, self._book.asks):
            for price in list(side.prices):
                self._book.set_others(side, price, 0, now_ns)
        for held in self._held.values():
            held.clear()

    def step(self, fair: float, usd: float, activity: float, now_ns: int) -> None:
        """Play the frames up to `now_ns`; the other arguments belong to a seeded market."""
        del fair, usd, activity
        rows = self._frames.rows
        while self._next < len(rows) and rows[self._next].ts <= now_ns:
            self._play(rows[self._next], now_ns)
            self._next += 1

    def _play(self, frame: RecordedFrame, now_ns: int) -> None:
        if frame.is_snapshot:
            self.withdraw(now_ns)
        for trade in frame.trades:
            self._trade(trade, now_ns)
        sides = ((self._book.bids, frame.bids), (self._book.asks, frame.asks))
        for is_removal in (True, False):
            for side, levels in sides:
                for price, qty in levels:
                    if (qty == 0) == is_removal:
                        self._hold(side, to_units(price), to_units(qty), now_ns)
        for side, _ in sides:
            self._cut(side, now_ns)

    def _trade(self, trade: RecordedTrade, now_ns: int) -> None:
        """Account orders take part in their turn; then others stand as they were recorded."""
        symbol, price, qty = self.row.symbol, to_units(trade.price), to_units(trade.qty)
        left = self._take(symbol, trade.side, qty, price, "limit")
        if left:
            self._venue.print_trade(symbol, trade.side, price, left, "limit")
        side = self._book.opposite(trade.side)
        self._restore(side, price, now_ns)

    def _hold(self, side: Side, price: int, qty: int, now_ns: int) -> None:
        """Others show `qty` at a price; account orders in its way are taken first."""
        held = self._held[side.name]
        if qty:
            held[price] = qty
            self._meet(side, price, now_ns)
        else:
            held.pop(price, None)
        self._book.set_others(side, price, qty, now_ns)

    def _meet(self, side: Side, price: int, now_ns: int) -> None:
        """Account orders that a new quote crosses are filled by it."""
        taking: OrderSide = "buy" if side.is_bid else "sell"
        opposite = self._book.opposite(taking)
        while (best := opposite.best) is not None and opposite.crosses(best, price):
            # A recorded quote that this one has overtaken goes; its own removal follows.
            self._held[opposite.name].pop(best, None)
            self._book.set_others(opposite, best, 0, now_ns)
            level = opposite.levels.get(best)
            if level is not None:
                self._take(self.row.symbol, taking, level.qty, best, "limit")

    def _restore(self, side: Side, until: int, now_ns: int) -> None:
        for price, qty in list(self._held[side.name].items()):
            if side.crosses(price, until):
                self._book.set_others(side, price, qty, now_ns)

    def _cut(self, side: Side, now_ns: int) -> None:
        """Levels beyond the subscribed depth go; nobody tells their removal."""
        held = self._held[side.name]
        for price in sorted(held, reverse=side.is_bid)[self._frames.depth :]:
            del held[price]
            self._book.set_others(side, price, 0, now_ns)


def _corners(row: RecordedCandle) -> tuple[float, float, float, float]:
    """Open, the extreme that came first, the other one, close: down first when it rose."""
    first, second = (row.low, row.high) if row.close >= row.open else (row.high, row.low)
    return float(row.open), float(first), float(second), float(row.close)


def first_price(recording: Recording) -> float:
    """Where a recording begins: its first open, or the first price that a frame names."""
    if isinstance(recording, RecordedCandles):
        return float(recording.rows[0].open)
    for frame in recording.rows:
        if frame.bids and frame.asks:
            return float((frame.bids[0][0] + frame.asks[0][0]) / 2)
        if frame.trades:
            return float(frame.trades[0].price)
    raise ValueError(f"the recording of {recording.symbol} names no price")
