"""How an order enters and leaves an account: holds, the book, the reports. It decides nothing."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Literal

from adapters.kraken_simulator.book import Rest, to_units
from adapters.kraken_simulator.events import ExecType, Execution
from adapters.kraken_simulator.holds import hold_for
from adapters.kraken_simulator.orders import ZERO, Order
from adapters.kraken_simulator.venue import Venue

USER: Literal["User requested"] = "User requested"
SELF_TRADE = "Self trade prevention"
UNFILLED = "Immediate or cancel"
NOT_WHOLE = "Fill or kill"
NO_LIQUIDITY = "Insufficient liquidity"
NO_FUNDS = "Insufficient funds"
PROTECTED = "Market price protection"
POST_ONLY = "Post only order"
EXPIRED = "Order expired"
TIMER = "Cancel all orders after"
REPLACED = "Order replaced"
OFF_GRID = "Instrument steps changed"
SHRUNK = "Quantity below filled"


class Registry:
    """The open and ended orders of one venue's accounts."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue

    def report(
        self,
        order: Order,
        exec_type: ExecType,
        *,
        reason: str | None = None,
        amend_id: str | None = None,
        rate_count: Decimal | None = None,
    ) -> None:
        """Tell the order as it is now."""
        self._venue.tell_execution(
            Execution(
                account=order.account,
                exec_type=exec_type,
                order=copy.copy(order),
                ts=self._venue.now_ns,
                reason=reason,
                amend_id=amend_id,
                rate_count=rate_count,
            )
        )

    def enter(self, order: Order) -> None:
        """Take an accepted order in: pending, then new."""
        venue = self._venue
        account = venue.accounts[order.account]
        account.orders[order.order_id] = order
        account.open[order.order_id] = order
        count = None if order.by_hand else account.counter(order.symbol).value(venue.now_ns)
        self.report(order, "pending_new", rate_count=count)
        order.status = "open"
        self.report(order, "new")
        if order.expire_ns is not None:
            venue.plan(order.expire_ns, "expire", order.account, order.order_id)

    def reserve(self, order: Order) -> None:
        """Make the order's hold what its rest needs."""
        venue = self._venue
        amount = hold_for(order, venue.instruments[order.symbol])
        venue.accounts[order.account].set_hold(order, amount)

    def rest(self, order: Order) -> None:
        """Put the rest of a limit order at the end of its price's queue."""
        venue = self._venue
        assert order.limit_price is not None
        qty = to_units(order.remaining_qty)
        shown = qty if order.display_qty is None else min(qty, to_units(order.display_qty))
        price = to_units(order.limit_price)
        entry = Rest(order.account, order.order_id, price, shown, qty - shown)
        if order.display_qty is not None:
            entry.shown = to_units(order.display_qty)
        book = venue.books[order.symbol]
        book.rest(book.side_of(order.side), entry, venue.now_ns)

    def unrest(self, order: Order) -> None:
        """Take an order out of the book, if it is there."""
        book = self._venue.books[order.symbol]
        entry = book.resting(order.order_id)
        if entry is not None:
            book.remove(book.side_of(order.side), entry, self._venue.now_ns)

    def finish(self, order: Order) -> None:
        """The order is completely filled."""
        self._leave(order)
        order.status = "closed"
        self.report(order, "filled")

    def cancel(self, order: Order, reason: str, *, rate_count: Decimal | None = None) -> None:
        """The rest of the order is cancelled."""
        self._leave(order)
        order.status, order.reason = "canceled", reason
        self.report(order, "canceled", reason=reason, rate_count=rate_count)

    def expire(self, order: Order) -> None:
        """The order's time is over."""
        self._leave(order)
        order.status, order.reason = "expired", EXPIRED
        self.report(order, "expired", reason=EXPIRED)

    def _leave(self, order: Order) -> None:
        venue = self._venue
        account = venue.accounts[order.account]
        self.unrest(order)
        venue.waiting[order.symbol].pop(order.order_id, None)
        account.set_hold(order, ZERO)
        del account.open[order.order_id]
        account.closed.append(order.order_id)
        order.closed_ns = venue.now_ns
