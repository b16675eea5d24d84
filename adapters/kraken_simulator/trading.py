"""Placing orders: in which order a request is checked, and what then happens.

Precedence of refusals: mode maintenance, unknown pair, counter, deadline range, arguments, mode,
permission, grid, minimums, client id taken, open orders limit, deadline elapsed, funds, post-only.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, cast

from adapters.kraken_simulator import errors, registry, rules
from adapters.kraken_simulator.accounts import Account
from adapters.kraken_simulator.book import from_units, to_units
from adapters.kraken_simulator.counters import OPEN_ORDERS, batch_cost, fixed_cost
from adapters.kraken_simulator.errors import Refusal, argument
from adapters.kraken_simulator.fees import rate_at
from adapters.kraken_simulator.holds import hold_asset, hold_for
from adapters.kraken_simulator.instruments import Instrument
from adapters.kraken_simulator.matching import Matching
from adapters.kraken_simulator.orders import (
    LIMIT_TYPES,
    TRIGGERED_TYPES,
    ZERO,
    AddOrder,
    BatchLeg,
    Order,
    OrderType,
    Placed,
    SelfTrade,
    Side,
    TimeInForce,
)
from adapters.kraken_simulator.registry import Registry
from adapters.kraken_simulator.triggers import Triggers
from adapters.kraken_simulator.venue import Venue

BATCH: Final = (2, 15)


class Trading:
    """Takes orders into one venue."""

    def __init__(
        self, venue: Venue, registry: Registry, matching: Matching, triggers: Triggers
    ) -> None:
        self._venue = venue
        self._registry = registry
        self._matching = matching
        self._triggers = triggers

    def add(
        self, account: Account, request: AddOrder, *, received_ns: int, by_hand: bool = False
    ) -> Placed:
        """Place one order, or only check it."""
        self.require_service()
        self._venue.instrument(request.symbol)
        if not by_hand:
            self.charge(account, request.symbol, fixed_cost("add"))
        self.check(account, request, received_ns)
        if request.validate:
            return placed(request, self._row(request), None)
        return self._place(account, request, by_hand=by_hand)

    def add_batch(
        self, account: Account, requests: tuple[AddOrder, ...], *, received_ns: int
    ) -> tuple[BatchLeg, ...]:
        """Place several orders of one pair; only funds and the like fail one leg alone."""
        self.require_service()
        if not BATCH[0] <= len(requests) <= BATCH[1]:
            raise Refusal(argument("orders"))
        symbol = requests[0].symbol
        if any(each.symbol != symbol for each in requests):
            raise Refusal(argument("pair"))
        self._venue.instrument(symbol)
        self.charge(account, symbol, batch_cost(len(requests)))
        for each in requests:
            self.check(account, each, received_ns)
        named = [each.cl_ord_id for each in requests if each.cl_ord_id is not None]
        if len(set(named)) != len(named):
            raise Refusal(errors.CLIENT_ID_TAKEN)
        return tuple(self._leg(account, each) for each in requests)

    def require_service(self) -> None:
        """Raise the refusal of everything while the venue is in maintenance."""
        if self._venue.status == "maintenance":
            raise Refusal(errors.UNAVAILABLE)

    def charge(self, account: Account, symbol: str, cost: Decimal) -> None:
        """Charge the pair's counter, or raise the refusal."""
        if not account.counter(symbol).charge(cost, self._venue.now_ns):
            raise Refusal(errors.RATE_LIMIT)

    def check(self, account: Account, request: AddOrder, received_ns: int) -> None:
        """Everything about a request that needs neither funds nor the book."""
        row, now_ns = self._row(request), self._venue.now_ns
        rules.check_deadline(request.deadline_ns, received_ns)
        rules.check_order(request, row, now_ns)
        rules.check_mode(
            row,
            self._venue.status,
            is_post_only=request.post_only,
            is_limit=request.order_type in LIMIT_TYPES,
        )
        for asset in (row.base, row.quote):
            if asset in account.restricted:
                raise Refusal(errors.restricted(asset))
        prices = (request.limit_price, request.trigger_price)
        rules.check_grid(row, qty=request.qty, prices=prices, cash=request.cash)
        price = request.limit_price or request.trigger_price or self._last_price(row)
        rules.check_minimums(row, request.qty, price, cash=request.cash)
        if request.cl_ord_id is not None and account.open_named(request.cl_ord_id):
            raise Refusal(errors.CLIENT_ID_TAKEN)

    def replace(self, account: Account, old: Order, request: AddOrder) -> Order:
        """Cancel `old` and place `request` instead; refused before anything is cancelled."""
        new = self._made(account, request, by_hand=False)
        self._check_funds(account, new, freed=old.hold)
        if request.post_only and request.limit_price is not None:
            self._matching.refuse_crossing(old.side, old.symbol, request.limit_price)
        self._registry.cancel(old, registry.REPLACED)
        new.replaced_id = old.order_id
        self._start(new)
        return new

    def _leg(self, account: Account, request: AddOrder) -> BatchLeg:
        if request.validate:
            return BatchLeg(placed=placed(request, self._row(request), None))
        try:
            return BatchLeg(placed=self._place(account, request, by_hand=False))
        except Refusal as refusal:
            return BatchLeg(placed=None, error=refusal.error)

    def _place(self, account: Account, request: AddOrder, *, by_hand: bool) -> Placed:
        """The engine's part: limits, deadline, funds, post-only; then the order is in."""
        if account.open_of(request.symbol) >= OPEN_ORDERS[account.tier]:
            raise Refusal(errors.ORDERS_LIMIT)
        rules.check_elapsed(request.deadline_ns, self._venue.now_ns)
        order = self._made(account, request, by_hand=by_hand)
        self._check_funds(account, order)
        crosses = (
            request.post_only
            and request.limit_price is not None
            and self._matching.would_cross(order.side, order.symbol, request.limit_price)
        )
        if crosses and not self._venue.conduct.post_only_cancels:
            raise Refusal(errors.POST_ONLY)
        order.order_id = self._venue.ids.order()
        if crosses:
            self._registry.enter(order)
            self._registry.cancel(order, registry.POST_ONLY)
        else:
            self._start(order)
        return placed(request, self._row(request), order.order_id)

    def _start(self, order: Order) -> None:
        if not order.order_id:
            order.order_id = self._venue.ids.order()
        self._registry.enter(order)
        if order.order_type != "market":
            self._registry.reserve(order)
        if order.is_untriggered:
            self._triggers.wait(order)
        else:
            self._matching.execute(order)
        self._triggers.run(order.symbol)

    def _made(self, account: Account, request: AddOrder, *, by_hand: bool) -> Order:
        row, now_ns = self._row(request), self._venue.now_ns
        qty = request.qty
        if request.cash:
            qty = self._bought_for(row, request)
        side = cast("Side", request.side)
        in_base = bool(request.fee_in_base)
        return Order(
            order_id="",
            account=account.name,
            symbol=request.symbol,
            side=side,
            order_type=cast("OrderType", request.order_type),
            qty=qty,
            opened_ns=now_ns,
            counted_ns=now_ns,
            fee_asset=row.base if in_base else row.quote,
            fee_reserve=rate_at(account.volume.total(now_ns), is_maker=False),
            limit_price=request.limit_price,
            trigger_price=request.trigger_price,
            trigger_reference=request.trigger_reference,
            time_in_force=cast("TimeInForce", request.time_in_force or "GTC"),
            expire_ns=request.expire_ns,
            post_only=request.post_only,
            fee_in_base=in_base,
            no_mpp=request.no_mpp,
            cash_qty=request.qty if request.cash else None,
            display_qty=request.display_qty,
            stp=cast("SelfTrade", request.stp),
            cl_ord_id=request.cl_ord_id,
            userref=request.userref,
            by_hand=by_hand,
            hold_asset=hold_asset(side, row),
        )

    def _check_funds(self, account: Account, order: Order, *, freed: Decimal = ZERO) -> None:
        row = self._row(order)
        needed = hold_for(order, row)
        if order.order_type == "market" and order.side == "buy":
            needed = self._market_cost(order, row)
        if needed > account.spendable(order.hold_asset) + freed:
            raise Refusal(errors.INSUFFICIENT_FUNDS)

    def _market_cost(self, order: Order, row: Instrument) -> Decimal:
        """What a market buy would pay for the levels it would take, with the fee."""
        left, total = to_units(order.qty), ZERO
        for level in self._venue.books[order.symbol].asks.best_first():
            part = min(left, level.qty)
            price = from_units(level.price, row.price_decimals)
            total += price * from_units(part, row.lot_decimals)
            left -= part
            if not left:
                break
        return hold_for(order, row, qty=Decimal(1), price=total) if total else ZERO

    def _bought_for(self, row: Instrument, request: AddOrder) -> Decimal:
        """How much base a quote amount buys in the present book, cut to the lot."""
        cash, total = request.qty, ZERO
        for level in self._venue.books[row.symbol].asks.best_first():
            price = from_units(level.price, row.price_decimals)
            whole = from_units(level.qty, row.lot_decimals)
            if price * whole >= cash:
                part = (cash / price).quantize(row.lot, rounding="ROUND_DOWN")
                return total + part
            total += whole
            cash -= price * whole
        return total

    def _last_price(self, row: Instrument) -> Decimal:
        """The price by which a market order's size is judged: the last, else the best ask."""
        last = self._venue.tapes[row.symbol].last_price
        best = self._venue.books[row.symbol].asks.best
        if last is None:
            return from_units(best, row.price_decimals) if best else row.tick
        return last

    def _row(self, request: AddOrder | Order) -> Instrument:
        return self._venue.instrument(request.symbol)


def placed(request: AddOrder, row: Instrument, order_id: str | None) -> Placed:
    """The answer to a request, with the order in Kraken's words."""
    return Placed(
        order_id=order_id,
        description=described(request, row),
        cl_ord_id=request.cl_ord_id,
        userref=request.userref,
    )


def described(request: AddOrder, row: Instrument) -> str:
    """The order as REST describes it: "buy 1.25000000 XBTUSD @ limit 30010.0"."""
    qty = f"{request.qty:.{row.lot_decimals}f}"
    kind = request.order_type
    head = f"{request.side} {qty} {row.altname} @ {kind}"
    prices = [
        f"{price:.{row.price_decimals}f}"
        for price in (request.trigger_price, request.limit_price)
        if price is not None
    ]
    if kind in TRIGGERED_TYPES and len(prices) == 2:
        return f"{head} {prices[0]} -> limit {prices[1]}"
    return " ".join([head, *prices])
