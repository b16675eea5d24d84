"""Ending orders: by name, all at once, by the dead man's switch, by their own time.

Cancelling works in every mode but maintenance. A timer that runs out in maintenance fires when the
engine returns; after firing it stays off until it is armed again.
"""

from __future__ import annotations

from typing import Final

from adapters.kraken_simulator import errors, registry
from adapters.kraken_simulator.accounts import Account
from adapters.kraken_simulator.counters import penalty
from adapters.kraken_simulator.errors import Refusal, argument
from adapters.kraken_simulator.events import TimerFired
from adapters.kraken_simulator.orders import CancelTimer, Order
from adapters.kraken_simulator.registry import Registry
from adapters.kraken_simulator.trading import Trading
from adapters.kraken_simulator.venue import Due, Venue

SECOND_NS: Final = 1_000_000_000
TIMEOUT_MAX_S: Final = 86_400


class Cancelling:
    """Cancels orders of one venue."""

    def __init__(self, venue: Venue, registry: Registry, trading: Trading) -> None:
        self._venue = venue
        self._registry = registry
        self._trading = trading

    def cancel(self, account: Account, name: str | int) -> int:
        """Cancel the orders of that id, client id or userref: all of them, or none."""
        self._trading.require_service()
        found = self._named(account, name)
        if not found:
            raise Refusal(errors.UNKNOWN_ORDER)
        for order in found:
            age = self._venue.now_ns - order.counted_ns
            self._trading.charge(account, order.symbol, penalty("cancel", age))
        for order in found:
            self._end(account, order)
        return len(found)

    def cancel_all(self, account: Account) -> int:
        """Cancel every open order; the counters do not hinder it."""
        self._trading.require_service()
        found = list(account.open.values())
        for order in found:
            self._end(account, order)
        return len(found)

    def cancel_by_hand(self, account: Account, order_id: str) -> None:
        """Somebody cancels an order on the web site; no counter counts it."""
        order = account.open.get(order_id)
        if order is None:
            raise Refusal(errors.UNKNOWN_ORDER)
        self._registry.cancel(order, registry.USER)

    def arm(self, account: Account, timeout_s: int) -> CancelTimer:
        """Arm, renew or disarm the dead man's switch."""
        self._trading.require_service()
        if not 0 <= timeout_s <= TIMEOUT_MAX_S:
            raise Refusal(argument("timeout"))
        now_ns = self._venue.now_ns
        account.trigger_ns = now_ns + timeout_s * SECOND_NS if timeout_s else None
        if account.trigger_ns is not None:
            self._venue.plan(account.trigger_ns, "timer", account.name)
        return CancelTimer(now_ns=now_ns, trigger_ns=account.trigger_ns)

    def come_due(self, at_ns: int, what: Due, account: Account, order_id: str) -> None:
        """Something planned is due: an order's end, or a timer that was not renewed since."""
        if what == "expire":
            order = account.open.get(order_id)
            if order is not None:
                self._registry.expire(order)
        elif account.trigger_ns == at_ns:
            account.trigger_ns = None
            found = list(account.open.values())
            for order in found:
                self._registry.cancel(order, registry.TIMER)
            self._venue.tell(TimerFired(account.name, len(found), self._venue.now_ns))

    def _end(self, account: Account, order: Order) -> None:
        count = account.counter(order.symbol).value(self._venue.now_ns)
        self._registry.cancel(order, registry.USER, rate_count=count)

    def _named(self, account: Account, name: str | int) -> list[Order]:
        if isinstance(name, int):
            return [order for order in account.open.values() if order.userref == name]
        order = account.open.get(name) or account.open_named(name)
        return [] if order is None else [order]
