"""Changing open orders: amend in place, or edit (cancel and place anew).

An amended order keeps its place when its price stays and its quantity does not grow; else it goes
to the end of the queue, or trades. A quantity at or below what is filled cancels the rest.
"""

from __future__ import annotations

from decimal import Decimal

from adapters.kraken_simulator import errors, registry, rules
from adapters.kraken_simulator.accounts import Account
from adapters.kraken_simulator.book import to_units
from adapters.kraken_simulator.counters import fixed_cost, penalty
from adapters.kraken_simulator.errors import Refusal, argument
from adapters.kraken_simulator.holds import hold_for
from adapters.kraken_simulator.matching import Matching
from adapters.kraken_simulator.orders import (
    AddOrder,
    Amended,
    AmendOrder,
    Edited,
    EditOrder,
    Order,
)
from adapters.kraken_simulator.registry import Registry
from adapters.kraken_simulator.trading import Trading, described
from adapters.kraken_simulator.triggers import Triggers
from adapters.kraken_simulator.venue import Venue


class Amending:
    """Amends and edits orders of one venue."""

    def __init__(
        self,
        venue: Venue,
        registry: Registry,
        matching: Matching,
        triggers: Triggers,
        trading: Trading,
    ) -> None:
        self._venue = venue
        self._registry = registry
        self._matching = matching
        self._triggers = triggers
        self._trading = trading

    def amend(self, account: Account, request: AmendOrder, *, received_ns: int) -> Amended:
        """Change an order in place."""
        venue = self._venue
        self._trading.require_service()
        order = self._named(account, request)
        self._trading.charge(account, order.symbol, fixed_cost("amend"))
        age = venue.now_ns - order.counted_ns
        rules.check_deadline(request.deadline_ns, received_ns)
        self._check(order, request)
        self._trading.charge(account, order.symbol, penalty("amend", age))
        rules.check_elapsed(request.deadline_ns, venue.now_ns)
        qty = order.qty if request.qty is None else request.qty
        amend_id = venue.ids.amend()
        answer = Amended(amend_id=amend_id, order_id=order.order_id, cl_ord_id=order.cl_ord_id)
        if qty <= order.filled_qty:
            self._registry.cancel(order, registry.SHRUNK)
            return answer
        self._check_funds(account, order, request, qty)
        self._apply(account, order, request, qty, amend_id)
        return answer

    def edit(self, account: Account, request: EditOrder, *, received_ns: int) -> Edited:
        """Cancel an order and place a changed copy."""
        venue = self._venue
        self._trading.require_service()
        venue.instrument(request.symbol)
        self._trading.charge(account, request.symbol, fixed_cost("edit"))
        old = account.open.get(request.order_id)
        if old is None or old.symbol != request.symbol:
            raise Refusal(errors.UNKNOWN_ORDER)
        wanted = _edited(old, request)
        self._trading.check(account, wanted, received_ns)
        row = venue.instrument(request.symbol)
        new_id = None
        if not request.validate:
            cost = penalty("edit", venue.now_ns - old.counted_ns)
            self._trading.charge(account, request.symbol, cost)
            rules.check_elapsed(request.deadline_ns, venue.now_ns)
            new_id = self._trading.replace(account, old, wanted).order_id
        return Edited(
            order_id=new_id,
            original_order_id=old.order_id,
            description=described(wanted, row),
        )

    def _named(self, account: Account, request: AmendOrder) -> Order:
        if (request.order_id is None) == (request.cl_ord_id is None):
            raise Refusal(argument("txid"))
        found = (
            account.open.get(request.order_id)
            if request.order_id is not None
            else account.open_named(request.cl_ord_id or "")
        )
        if found is None:
            raise Refusal(errors.UNKNOWN_ORDER)
        return found

    def _check(self, order: Order, request: AmendOrder) -> None:
        venue = self._venue
        row = venue.instrument(order.symbol)
        is_post_only = order.post_only or request.post_only
        rules.check_mode(row, venue.status, is_post_only=is_post_only, is_limit=True)
        if request.qty is not None and (not request.qty.is_finite() or request.qty <= 0):
            raise Refusal(argument("order_qty"))
        if request.limit_price is not None and not order.rests_as_limit:
            raise Refusal(argument("limit_price"))
        if request.trigger_price is not None and not order.is_untriggered:
            raise Refusal(argument("trigger_price"))
        if request.display_qty is not None and order.order_type != "iceberg":
            raise Refusal(argument("display_qty"))
        prices = (request.limit_price, request.trigger_price)
        if any(price is not None and not 0 < price < rules.NUMBER_BOUND for price in prices):
            raise Refusal(errors.INVALID_PRICE)
        rules.check_grid(row, qty=request.qty, prices=prices)
        qty = order.qty if request.qty is None else request.qty
        price = request.limit_price or order.limit_price or request.trigger_price
        if qty > order.filled_qty:
            rules.check_minimums(row, qty, price or order.trigger_price or row.tick)
        if is_post_only and request.limit_price is not None and not order.is_untriggered:
            self._matching.refuse_crossing(order.side, order.symbol, request.limit_price)

    def _check_funds(
        self, account: Account, order: Order, request: AmendOrder, qty: Decimal
    ) -> None:
        row = self._venue.instrument(order.symbol)
        price = request.limit_price or order.limit_price
        if price is None:
            price = request.trigger_price or order.trigger_price
        needed = hold_for(order, row, qty=qty - order.filled_qty, price=price)
        if needed - order.hold > account.spendable(order.hold_asset):
            raise Refusal(errors.INSUFFICIENT_FUNDS)

    def _apply(
        self,
        account: Account,
        order: Order,
        request: AmendOrder,
        qty: Decimal,
        amend_id: str,
    ) -> None:
        venue = self._venue
        book = venue.books[order.symbol]
        entry = book.resting(order.order_id)
        new_price = order.limit_price if request.limit_price is None else request.limit_price
        stays = new_price == order.limit_price and qty <= order.qty and request.display_qty is None
        if entry is not None and stays:
            book.shrink(book.side_of(order.side), entry, to_units(order.qty - qty), venue.now_ns)
        elif entry is not None:
            self._registry.unrest(order)
        order.qty = qty
        order.limit_price = new_price
        order.trigger_price = request.trigger_price or order.trigger_price
        order.display_qty = request.display_qty or order.display_qty
        order.post_only = order.post_only or request.post_only
        order.amended_ns = order.counted_ns = venue.now_ns
        self._registry.reserve(order)
        count = account.counter(order.symbol).value(venue.now_ns)
        self._registry.report(
            order, "amended", reason=registry.USER, amend_id=amend_id, rate_count=count
        )
        if entry is not None and not stays:
            self._matching.execute(order)
        self._triggers.run(order.symbol)


def _edited(old: Order, request: EditOrder) -> AddOrder:
    """The order that takes an edited one's place: without its client id."""
    return AddOrder(
        symbol=old.symbol,
        side=old.side,
        order_type=old.order_type,
        qty=old.remaining_qty if request.qty is None else request.qty,
        limit_price=old.limit_price if request.limit_price is None else request.limit_price,
        trigger_price=old.trigger_price if request.trigger_price is None else request.trigger_price,
        trigger_reference=old.trigger_reference,
        time_in_force="GTD" if old.expire_ns is not None else None,
        expire_ns=old.expire_ns,
        deadline_ns=request.deadline_ns,
        post_only=old.post_only if request.post_only is None else request.post_only,
        fee_in_base=old.fee_in_base,
        display_qty=old.display_qty,
        stp=old.stp,
        userref=old.userref if request.userref is None else request.userref,
    )
