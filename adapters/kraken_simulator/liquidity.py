"""Other traders on one pair: they quote around the fair price and trade with whoever stands there.

Quotes follow the fair price at a spread that widens when the market moves; depth grows and spacing
widens away from the touch. Account orders that the fair price passes are taken first. Integer
prices and sizes; floats only decide how many, so books stay exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from adapters.kraken_simulator.book import UNIT, OrderBook, Side, to_units
from adapters.kraken_simulator.conduct import Conduct
from adapters.kraken_simulator.instruments import Instrument
from adapters.kraken_simulator.orders import OrderType
from adapters.kraken_simulator.orders import Side as OrderSide
from adapters.kraken_simulator.profiles import TICKET, TICKET_AT, Pair

Take = Callable[[str, OrderSide, int, int | None, OrderType], int]

STEPS_PER_DAY: Final = 864_000
_MEAN_TICKET_USD: Final = 2_331.0
_TICKET_LEVEL: Final = 10_000.0
"""USD at the first level at which takers are as large as the recorded ones of BTC/USDT."""
_TICKET_REACH: Final = 0.005
"""No taker pays more than this ratio beyond the fair price."""
_RUSH: Final = (0.12, 0.0012)
"""Takers come together: one and whole a / (u + b) more."""
_RUSH_MEAN: Final = 1.5
"""What `_RUSH` comes to on average."""
_REACH: Final = 0.40
"""The last of `book_levels` stands about this far from the touch, as a ratio of the price."""
_DEEPER: Final = 0.35
_DEEPEST: Final = 12.0
_SAME_SIDE: Final = 0.6
_TOWARDS: Final = 0.7
_MARKET_SHARE: Final = 0.31
_CHASE: Final = 0.008
_NEAR_LEVELS: Final = 40.0
_SLACK_LEVELS: Final = 60
_REPAIRS: Final = 8
_HOLE: Final = 4.0
_NEAR_GAP: Final = 0.30
"""The distance between the first levels, as a share of the usual spread."""
_ACTIVITY: Final = (0.3, 6.0)


class Liquidity:
    """Others on one pair. `take` lets them trade against the book, account orders included."""

    def __init__(
        self,
        row: Instrument,
        pair: Pair,
        book: OrderBook,
        draws: Iterator[float],
        take: Take,
        *,
        conduct: Conduct,
    ) -> None:
        self.row = row
        self._pair = pair
        self._book = book
        self._draw = draws.__next__
        self._take = take
        self._conduct = conduct
        self._last_side: OrderSide = "buy"
        self._scale = pair.level_usd / _TICKET_LEVEL
        takers = pair.daily_usd / (_MEAN_TICKET_USD * self._scale * _RUSH_MEAN)
        self._arrivals = takers / STEPS_PER_DAY * conduct.trade_rate
        self._changes = pair.changes / 10.0 * conduct.book_rate
        self.learn(row)

    def learn(self, row: Instrument) -> None:
        """Take the pair's grid, after it changed."""
        self.row = row
        self._tick = to_units(row.tick)
        self._lot = to_units(row.lot)
        self._minimum = to_units(row.order_min)

    def open(self, fair: float, usd: float, now_ns: int) -> None:
        """Quote a whole book around the fair price; `usd` is one unit of quote in USD."""
        half = self._half_spread(fair, 1.0)
        bid, ask = self._around(fair, half)
        self._extend(self._book.bids, bid, usd, now_ns)
        self._extend(self._book.asks, ask, usd, now_ns)

    def withdraw(self, now_ns: int) -> None:
        """Take back all quotes."""
        for side in (self._book.bids, self._book.asks):
            for price in list(side.prices):
                self._book.set_others(side, price, 0, now_ns)

    def step(self, fair: float, usd: float, activity: float, now_ns: int) -> None:
        """One step of 100 ms at a fair price; `activity` is how busy the hour and minute are."""
        low, high = _ACTIVITY
        busy = min(max(activity, low), high)
        half = self._half_spread(fair, busy) * (0.5 + 1.5 * self._draw())
        if self._draw() < self._arrivals * busy:
            self._arrive(fair, usd)
        self._follow(fair, half, usd, now_ns)
        count = int(self._changes * busy + self._draw())
        for _ in range(count):
            self._requote(usd, now_ns)
        self._keep_depth(fair, usd, now_ns)

    def _half_spread(self, fair: float, busy: float) -> float:
        """Half the usual spread in units: at least half a tick, wider when it is busy."""
        usual = 0.5 * self._pair.spread * fair * UNIT
        return max(0.55 * self._tick, usual * (0.7 + 0.3 * busy))

    def _around(self, fair: float, half: float) -> tuple[int, int]:
        tick = self._tick
        middle = fair * UNIT
        bid = int((middle - half) / tick) * tick
        ask = (int((middle + half) / tick) + 1) * tick
        bid = max(bid, tick)
        return bid, max(ask, bid + tick)

    def _arrive(self, fair: float, usd: float) -> None:
        """A taker comes: a side that tends to repeat, a size from the recorded quantiles."""
        draw, book = self._draw, self._book
        if draw() >= _SAME_SIDE:
            bid, ask = book.bids.best, book.asks.best
            rises = bid is not None and ask is not None and fair * UNIT * 2 > bid + ask
            towards = draw() < _TOWARDS
            self._last_side = "buy" if rises == towards else "sell"
        reach = _TICKET_REACH if self._last_side == "buy" else -_TICKET_REACH
        limit = int(fair * UNIT * (1.0 + reach))
        for _ in range(1 + int(_RUSH[0] / (draw() + _RUSH[1]))):
            kind: OrderType = "market" if draw() < _MARKET_SHARE else "limit"
            self._take(self.row.symbol, self._last_side, self._ticket(fair, usd), limit, kind)

    def _ticket(self, fair: float, usd: float) -> int:
        """How much one taker wants."""
        return self._lots(_ticket(self._draw()) * self._scale / usd / fair)

    def _follow(self, fair: float, half: float, usd: float, now_ns: int) -> None:
        """Quotes that the price has left behind go, and new ones appear nearer to it."""
        book, middle = self._book, fair * UNIT
        bid, ask = self._around(fair, half)
        best_bid, best_ask = book.bids.best, book.asks.best
        stale = 0.4 * half
        if best_ask is not None and best_ask < middle + stale:
            self._clear(book.asks, ask, fair, usd, now_ns)
        if best_bid is not None and best_bid > middle - stale:
            self._clear(book.bids, bid, fair, usd, now_ns)
        best_bid, best_ask = book.bids.best, book.asks.best
        far = 1.6 * half + self._tick
        if best_bid is None or best_bid < middle - far:
            self._lead(book.bids, bid, usd, now_ns)
        if best_ask is None or best_ask > middle + far:
            self._lead(book.asks, ask, usd, now_ns)

    def _clear(self, side: Side, until: int, fair: float, usd: float, now_ns: int) -> None:
        """What stands better than `until` goes; account orders and some quotes by trading."""
        order_side: OrderSide = "sell" if side.is_bid else "buy"
        while (best := side.best) is not None and (best > until if side.is_bid else best < until):
            level = side.levels[best]
            if level.queue or self._draw() < _CHASE:
                qty = level.qty if level.queue else min(level.qty, self._ticket(fair, usd))
                self._take(self.row.symbol, order_side, qty, best, "limit")
                if best in side.levels and not side.levels[best].queue:
                    self._book.set_others(side, best, 0, now_ns)
            else:
                self._book.set_others(side, best, 0, now_ns)

    def _add(self, side: Side, price: int, index: int, usd: float, now_ns: int) -> None:
        """Others quote a fresh size at a price, unless that would cross the book."""
        opposite = self._book.asks if side.is_bid else self._book.bids
        best = opposite.best
        crosses = best is not None and (price >= best if side.is_bid else price <= best)
        if price > 0 and not crosses:
            self._book.set_others(side, price, self._size(price, index, usd), now_ns)

    def _size(self, price: int, index: int, usd: float) -> int:
        """A level's size in units: USD by its distance, with a heavy tail, on the lot grid."""
        deeper = min(1.0 + _DEEPER * index, _DEEPEST)
        spread_out = 0.05 + 0.30 / (self._draw() + 0.05)
        return self._lots(self._pair.level_usd * deeper * spread_out / usd * UNIT / price)

    def _lots(self, qty: float) -> int:
        lot = self._lot
        return max(int(qty * UNIT / lot), 1) * lot

    def _gap(self, price: int, index: int) -> int:
        """The distance to the next level outwards, in units: a tick at least, wider further out."""
        ratio = self._usual_gap(index) * (0.4 + 1.2 * self._draw())
        return max(int(ratio * price / self._tick), 1) * self._tick

    def _usual_gap(self, index: int) -> float:
        """The usual distance between a level and the next outwards, as a ratio of the price."""
        levels = max(self._conduct.book_levels, 1)
        near = _NEAR_GAP * self._pair.spread
        slope = 2.0 * max(_REACH - near * levels, 0.0) / (levels * levels)
        return near + slope * index

    def _extend(self, side: Side, first: int, usd: float, now_ns: int) -> None:
        """Add levels at the far end until there are enough; `first` opens an empty side."""
        price = first
        if side.prices:
            price = self._outwards(side, side.prices[0] if side.is_bid else side.prices[-1])
        while len(side.prices) < self._conduct.book_levels and price > 0:
            self._book.set_others(side, price, self._size(price, len(side.prices), usd), now_ns)
            price = self._outwards(side, price)

    def _outwards(self, side: Side, price: int) -> int:
        gap = self._gap(price, len(side.prices))
        return price - gap if side.is_bid else price + gap

    def _requote(self, usd: float, now_ns: int) -> None:
        """Somebody changes, adds or takes back a quote near the touch."""
        draw = self._draw
        side = self._book.bids if draw() < 0.5 else self._book.asks
        count = len(side.prices)
        if not count:
            return
        near = draw()
        index = min(int(near * near * _NEAR_LEVELS), count - 1)
        price = side.prices[-1 - index] if side.is_bid else side.prices[index]
        choice = draw()
        if choice < 0.30 and index:
            self._book.set_others(side, price, 0, now_ns)
        elif choice < 0.62:
            self._add(side, self._beside(side, price, index), index, usd, now_ns)
        else:
            self._add(side, price, index, usd, now_ns)

    def _beside(self, side: Side, price: int, index: int) -> int:
        """A price between this level and the next one outwards (or one tick out)."""
        gap = self._gap(price, index)
        inner = max(int(gap / self._tick * self._draw()), 1) * self._tick
        return price - inner if side.is_bid else price + inner

    def _keep_depth(self, fair: float, usd: float, now_ns: int) -> None:
        """Fill the book up towards the touch, thin it out, and keep its far end in reach."""
        wanted, middle = self._conduct.book_levels, fair * UNIT
        for side in (self._book.bids, self._book.asks):
            far = self._far_end(side)
            if far is None:
                continue
            reach = abs(far - middle) / middle
            count = len(side.prices)
            if reach > _REACH * 1.3 or (count > wanted + _SLACK_LEVELS and reach > _REACH):
                self._book.set_others(side, far, 0, now_ns)
            elif count > wanted + _SLACK_LEVELS:
                self._book.set_others(side, side.prices[int(self._draw() * count)], 0, now_ns)
            self._mend(side, usd, now_ns)
            for _ in range(min(wanted - count, _REPAIRS)):
                self._fill_in(side, usd, now_ns)
            if reach < _REACH * 0.8 and count < wanted + _SLACK_LEVELS:
                self._add(side, self._outwards(side, far), count, usd, now_ns)

    @staticmethod
    def _far_end(side: Side) -> int | None:
        """The worst price at which others stand; account orders may lie beyond it."""
        for price in side.prices if side.is_bid else reversed(side.prices):
            if side.levels[price].others:
                return price
        return None

    def _mend(self, side: Side, usd: float, now_ns: int) -> None:
        """Close a hole near the touch, where a move of the price or a sweep left one."""
        index = int(self._draw() * _NEAR_LEVELS)
        if index + 1 >= len(side.prices):
            return
        place = len(side.prices) - 1 - index if side.is_bid else index
        price = side.prices[place]
        gap = abs(side.prices[place - 1 if side.is_bid else place + 1] - price)
        usual = self._usual_gap(index) * price
        if gap > max(_HOLE * usual, 2 * self._tick):
            # Near the inner edge, so that a wide hole closes from the touch outwards.
            inner = max(int(usual / self._tick), 1) * self._tick
            self._add(side, price - inner if side.is_bid else price + inner, index, usd, now_ns)

    def _fill_in(self, side: Side, usd: float, now_ns: int) -> None:
        """One more level between two that stand, more often near the touch."""
        count, draw = len(side.prices), self._draw()
        index = int(draw * draw * (count - 1))
        if index + 1 >= count:
            return
        place = count - 1 - index if side.is_bid else index
        price = side.prices[place]
        gap = abs(side.prices[place - 1 if side.is_bid else place + 1] - price)
        inner = int(gap / self._tick * self._draw()) * self._tick
        if inner:
            self._add(side, price - inner if side.is_bid else price + inner, index, usd, now_ns)

    def _lead(self, side: Side, best: int, usd: float, now_ns: int) -> None:
        """Quote from a better price outwards until the levels that stand are reached."""
        old, price, index = side.best, best, 0
        while index < _NEAR_LEVELS and price > 0:
            if old is not None and (price <= old if side.is_bid else price >= old):
                return
            self._add(side, price, index, usd, now_ns)
            gap = self._gap(price, index)
            price = price - gap if side.is_bid else price + gap
            index += 1


def _ticket(draw: float) -> float:
    """A taker's notional in USD: the recorded quantiles, straight lines between them."""
    for index in range(1, len(TICKET_AT)):
        if draw <= TICKET_AT[index]:
            low, high = TICKET_AT[index - 1], TICKET_AT[index]
            part = (draw - low) / (high - low)
            return TICKET[index - 1] + part * (TICKET[index] - TICKET[index - 1])
    return TICKET[-1]
