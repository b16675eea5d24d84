"""Stops and take-profits: they wait outside the book until a price is reached.

A stop-loss buys at or above its trigger and sells at or below; a take-profit the other way round.
The price is the last trade's, or the index, which is the process's fair price.
"""

from __future__ import annotations

from decimal import Decimal

from adapters.kraken_simulator.matching import Matching
from adapters.kraken_simulator.orders import ZERO, Order
from adapters.kraken_simulator.registry import Registry
from adapters.kraken_simulator.venue import Venue


class Triggers:
    """Watches the waiting orders of one venue."""

    def __init__(self, venue: Venue, registry: Registry, matching: Matching) -> None:
        self._venue = venue
        self._registry = registry
        self._matching = matching
        self.index: dict[str, Decimal] = {}

    def wait(self, order: Order) -> None:
        """Put an order among the waiting; it may fire at once."""
        self._venue.waiting[order.symbol][order.order_id] = order
        self.run(order.symbol)

    def run(self, symbol: str) -> None:
        """Fire what the present price reaches, the oldest first, until nothing more is reached."""
        waiting = self._venue.waiting[symbol]
        while waiting and self._venue.matches(symbol):
            reached = next((each for each in waiting.values() if self._is_reached(each)), None)
            if reached is None:
                return
            del waiting[reached.order_id]
            reached.triggered_ns = self._venue.now_ns
            self._registry.report(reached, "status", reason="Triggered")
            if not reached.rests_as_limit:
                # As a market order it pays what the book asks, whatever was reserved.
                self._venue.accounts[reached.account].set_hold(reached, ZERO)
            self._matching.execute(reached)

    def _is_reached(self, order: Order) -> bool:
        price = self._venue.tapes[order.symbol].last_price
        if order.trigger_reference == "index":
            price = self.index.get(order.symbol)
        if price is None or order.trigger_price is None:
            return False
        rises = (order.side == "buy") == order.order_type.startswith("stop-loss")
        return price >= order.trigger_price if rises else price <= order.trigger_price
