"""Matching: a taker meets the other side of the book, best price first, then first come.

Account orders and others share the queue. Meeting one's own order is self-trade: by the taker's
choice the newest, the oldest or both are cancelled instead of traded.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from adapters.kraken_simulator import registry
from adapters.kraken_simulator.book import Level, Rest, from_units, to_units
from adapters.kraken_simulator.errors import POST_ONLY, Refusal
from adapters.kraken_simulator.fees import rate_at
from adapters.kraken_simulator.holds import hold_for
from adapters.kraken_simulator.orders import Order, OrderType
from adapters.kraken_simulator.orders import Side as OrderSide
from adapters.kraken_simulator.registry import Registry
from adapters.kraken_simulator.settlement import Settlement
from adapters.kraken_simulator.venue import Venue

_ONE: Final = Decimal(1)


class Matching:
    """Trades of one venue: between accounts, and between accounts and others."""

    def __init__(self, venue: Venue, registry: Registry, settlement: Settlement) -> None:
        self._venue = venue
        self._registry = registry
        self._settlement = settlement

    def take_for_others(
        self, symbol: str, side: OrderSide, qty: int, limit: int | None, kind: OrderType
    ) -> int:
        """Somebody else takes up to `qty` (units) down to `limit`; returns what was left."""
        book = self._venue.books[symbol]
        opposite = book.opposite(side)
        while qty > 0:
            price = opposite.best
            if price is None or not opposite.crosses(price, limit):
                break
            level = opposite.levels[price]
            if level.front:
                part = min(qty, level.front)
                level.front -= part
                self._venue.print_trade(symbol, side, price, part, kind)
                book.touch(opposite, level, self._venue.now_ns)
            else:
                part = min(qty, level.queue[0].qty)
                self._trade_rest(symbol, side, level, part, kind, taker=None)
            qty -= part
        return qty

    def execute(self, order: Order) -> None:
        """Match an open order that comes as a taker, then rest, end or keep its remainder."""
        protected = self._protection(order)
        reason = self._take(order, protected)
        self._after(order, reason, is_protected=protected is not None)

    def would_cross(self, order_side: OrderSide, symbol: str, price: Decimal) -> bool:
        """Whether a limit order at `price` would trade at once."""
        opposite = self._venue.books[symbol].opposite(order_side)
        best = opposite.best
        return best is not None and opposite.crosses(best, to_units(price))

    def refuse_crossing(self, side: OrderSide, symbol: str, price: Decimal | None) -> None:
        """Raise the refusal of a post-only price that would trade."""
        if price is not None and self.would_cross(side, symbol, price):
            raise Refusal(POST_ONLY)

    def available(self, order: Order) -> Decimal:
        """How much of the other side an order could take within its limit (its own excepted)."""
        opposite = self._venue.books[order.symbol].opposite(order.side)
        limit = None if order.limit_price is None else to_units(order.limit_price)
        total = 0
        for level in opposite.best_first():
            if not opposite.crosses(level.price, limit):
                break
            total += level.qty
            for rest in level.queue:
                total += rest.hidden
                total -= (rest.qty + rest.hidden) if rest.account == order.account else 0
        return from_units(total, 0)

    def _protection(self, order: Order) -> int | None:
        """The worst price at which a protected market order may trade."""
        if order.limit_price is not None or order.no_mpp:
            return None
        best = self._venue.books[order.symbol].opposite(order.side).best
        if best is None:
            return None
        share = self._venue.conduct.market_protection
        far = _ONE + share if order.side == "buy" else _ONE - share
        return int(best * far)

    def _take(self, order: Order, protected: int | None) -> str | None:
        """Trade until nothing crosses; a reason when the order must end early."""
        venue = self._venue
        book = venue.books[order.symbol]
        opposite = book.opposite(order.side)
        limit = protected if order.limit_price is None else to_units(order.limit_price)
        if order.time_in_force == "FOK" and self.available(order) < order.remaining_qty:
            return registry.NOT_WHOLE
        while order.remaining_qty > 0:
            price = opposite.best
            if price is None or not opposite.crosses(price, limit):
                return None
            level = opposite.levels[price]
            rest = None if level.front else level.queue[0]
            if rest is not None and rest.account == order.account:
                if self._prevent(order, rest):
                    return registry.SELF_TRADE
                continue
            part = min(to_units(order.remaining_qty), rest.qty if rest else level.front)
            part = self._affordable(order, price, part)
            if part == 0:
                return registry.NO_FUNDS
            if rest is None:
                level.front -= part
                trade = venue.print_trade(order.symbol, order.side, price, part, order.order_type)
                self._settlement.book(trade, None, order)
                book.touch(opposite, level, venue.now_ns)
            else:
                self._trade_rest(
                    order.symbol, order.side, level, part, order.order_type, taker=order
                )
        return None

    def _trade_rest(
        self,
        symbol: str,
        side: OrderSide,
        level: Level,
        part: int,
        kind: OrderType,
        *,
        taker: Order | None,
    ) -> None:
        """Trade `part` of the account order at the head of a level's queue."""
        venue = self._venue
        book = venue.books[symbol]
        resting = book.opposite(side)
        rest = level.queue[0]
        maker = venue.accounts[rest.account].open[rest.order_id]
        rest.qty -= part
        trade = venue.print_trade(symbol, side, level.price, part, kind)
        self._settlement.book(trade, maker, taker)
        if rest.qty:
            book.touch(resting, level, venue.now_ns)
        elif book.refill(resting, rest, venue.now_ns):
            self._registry.report(maker, "iceberg_refill")
        else:
            self._registry.finish(maker)

    def _prevent(self, taker: Order, rest: Rest) -> bool:
        """Keep an account from trading with itself; whether the taker must end."""
        resting = self._venue.accounts[rest.account].open[rest.order_id]
        if taker.stp != "cancel-newest":
            self._registry.cancel(resting, registry.SELF_TRADE)
        return taker.stp != "cancel-oldest"

    def _affordable(self, order: Order, price: int, part: int) -> int:
        """How much of `part` the account can pay for; only buys without a limit can run short."""
        if order.side == "sell" or order.limit_price is not None:
            return part
        venue = self._venue
        account, row = venue.accounts[order.account], venue.instruments[order.symbol]
        free = account.spendable(row.quote) + order.hold
        at = from_units(price, row.price_decimals)
        if hold_for(order, row, qty=from_units(part, row.lot_decimals), price=at) <= free:
            return part
        rate = rate_at(account.volume.total(venue.now_ns), is_maker=False)
        whole = to_units((free / (at * (_ONE + rate))).quantize(row.lot, rounding="ROUND_DOWN"))
        return max(0, min(part, whole))

    def _after(self, order: Order, reason: str | None, *, is_protected: bool) -> None:
        if order.remaining_qty <= 0:
            self._registry.finish(order)
        elif reason is not None:
            self._registry.cancel(order, reason)
        elif order.time_in_force == "IOC":
            self._registry.cancel(order, registry.UNFILLED)
        elif not order.rests_as_limit:
            best = self._venue.books[order.symbol].opposite(order.side).best
            is_cut = is_protected and best is not None
            self._registry.cancel(order, registry.PROTECTED if is_cut else registry.NO_LIQUIDITY)
        else:
            self._registry.reserve(order)
            self._registry.rest(order)
