"""A model of a venue: its orders, trades, balances and lists, and nothing of how we keep books.

It answers as a venue does, with facts that a test may lose, repeat or reorder, and with lists that
are true. Fees may be in either asset, orders may be placed and cancelled by hand, and what moves
besides trades stands in a ledger of its own.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from actors.instruments import Instrument
from actors.messages.control import LedgerEntry
from actors.messages.decision import Side
from actors.messages.execution import ExecKind, ExecutionReport, Liquidity, VenueEvidence
from actors.messages.order import AmendOrder, SubmitOrder
from actors.messages.reconciliation import (
    ReconcileRequested,
    VenueBalance,
    VenueOrderSeen,
    VenueSnapshot,
)
from actors.money import multiply_even

D = Decimal
ZERO = D(0)


class ModelOrder(msgspec.Struct):
    """One order at the venue; `end` is None while it rests."""

    venue_order_id: str
    cl_ord_id: str
    symbol: str
    side: Side
    quantity: Decimal
    limit_price: Decimal
    opened_at: int
    filled: Decimal = ZERO
    end: ExecKind | None = None
    trades: list[ExecutionReport] = []


class ModelVenue:
    """One account at a venue; amounts are exact and nothing is ever refused for want of funds."""

    def __init__(self, instruments: dict[str, Instrument], **opening: str) -> None:
        self.instruments = instruments
        self.orders: dict[str, ModelOrder] = {}
        self.balances: dict[str, Decimal] = {asset: D(each) for asset, each in opening.items()}
        self.entries: list[LedgerEntry] = []
        self.received: list[str] = []
        self.at = 0

    def take(self, order: SubmitOrder) -> list[ExecutionReport]:
        """An order of ours arrives."""
        self.received.append(order.cl_ord_id)
        return self.open(order.cl_ord_id, order.symbol, order.side, order.quantity, order)

    def open(
        self,
        cl_ord_id: str,
        symbol: str,
        side: Side,
        quantity: Decimal,
        order: SubmitOrder | None = None,
    ) -> list[ExecutionReport]:
        """An order rests; without `order` it was placed by hand, at ten."""
        name = f"O{len(self.orders) + 1:05d}-VENUE"
        price = D("10.00") if order is None else order.limit_price
        found = ModelOrder(name, cl_ord_id, symbol, side, quantity, price, self.at)
        self.orders[name] = found
        return [self._word(found, ExecKind.ACCEPTED)]

    def of(self, cl_ord_id: str) -> ModelOrder | None:
        """The order of a client id."""
        return next((each for each in self.orders.values() if each.cl_ord_id == cl_ord_id), None)

    def fill(
        self, order: ModelOrder, quantity: Decimal, *, fee_in_base: bool = False
    ) -> list[ExecutionReport]:
        """Trade up to `quantity` while it rests; the last one is followed by the word filled."""
        quantity = min(quantity, order.quantity - order.filled)
        if order.end is not None or quantity <= 0:
            return []
        rules = self.instruments[order.symbol]
        cost = multiply_even(quantity, order.limit_price, rules.quote_step)
        fee_asset, fee = rules.quote, multiply_even(cost, rules.taker_fee, rules.quote_step)
        if fee_in_base:
            fee_asset, fee = rules.base, multiply_even(quantity, rules.taker_fee, rules.lot)
        order.filled += quantity
        buys = order.side is Side.BUY
        self._move(rules.base, quantity if buys else -quantity)
        self._move(rules.quote, -cost if buys else cost)
        self._move(fee_asset, -fee)
        trade = ExecutionReport(
            order.cl_ord_id,
            f"T{order.venue_order_id[1:6]}-{len(order.trades)}",
            ExecKind.TRADE,
            self.at,
            quantity,
            order.limit_price,
            cost,
            fee,
            fee_asset,
            Liquidity.TAKER,
            order.venue_order_id,
            symbol=order.symbol,
            side=order.side,
            filled=order.filled,
        )
        order.trades.append(trade)
        if order.filled < order.quantity:
            return [trade]
        order.end = ExecKind.FILLED
        return [trade, self._word(order, ExecKind.FILLED)]

    def amend(self, change: AmendOrder) -> list[ExecutionReport]:
        """A change of an order of ours arrives; too late, or with nothing to change, it is void."""
        order = self.of(change.cl_ord_id)
        if order is None or order.end is not None or self.at > change.deadline:
            return []
        order.limit_price = change.limit_price
        return [self.shown(order)]

    def shown(self, order: ModelOrder) -> ExecutionReport:
        """What an amended order is now."""
        return msgspec.structs.replace(
            self._word(order, ExecKind.AMENDED),
            quantity=order.quantity,
            limit_price=order.limit_price,
        )

    def finish(self, order: ModelOrder, end: ExecKind) -> list[ExecutionReport]:
        """Cancelled or expired, by whomever; harmless when it is over."""
        if order.end is not None:
            return []
        order.end = end
        return [self._word(order, end)]

    def book(self, kind: str, asset: str, amount: str, fee: str = "0") -> LedgerEntry:
        """An entry of the venue's own ledger."""
        refid = f"L{len(self.entries) + 1:05d}"
        entry = LedgerEntry(refid, kind, asset, D(amount), D(fee), self.at)
        self.entries.append(entry)
        self._move(asset, D(amount) - D(fee))
        return entry

    def evidence(self, cl_ord_id: str, at: int, *, complete: bool = True) -> VenueEvidence:
        """What a look-up of one order reads."""
        order = self.of(cl_ord_id)
        if order is None:
            return VenueEvidence(cl_ord_id, at, found=False, complete=complete)
        return VenueEvidence(
            cl_ord_id,
            at,
            found=True,
            complete=complete,
            open=order.end is None,
            reports=tuple(order.trades) if complete else (),
            filled=order.filled,
            end=order.end,
            quantity=order.quantity,
            limit_price=order.limit_price,
        )

    def lists(self, asked: ReconcileRequested, at: int, *, complete: bool = True) -> VenueSnapshot:
        """What a reading of everything reads."""
        seen = [self._seen(each) for each in self.orders.values()]
        trades = [trade for each in self.orders.values() for trade in each.trades]
        return VenueSnapshot(
            asked.number,
            at,
            asked.since,
            complete,
            tuple(each for each in seen if each.end is None),
            tuple(each for each in seen if each.end is not None),
            tuple(each for each in trades if each.ts >= asked.since),
            tuple(
                VenueBalance(asset, amount, self.held(asset))
                for asset, amount in self.balances.items()
            ),
            tuple(each for each in self.entries if each.ts >= asked.since),
        )

    def held(self, asset: str) -> Decimal:
        """What stands behind the orders that rest."""
        total = ZERO
        for each in self.orders.values():
            rules, rest = self.instruments[each.symbol], each.quantity - each.filled
            if each.end is None and each.side is Side.BUY and asset == rules.quote:
                total += rules.hold_of(rest, each.limit_price)
            elif each.end is None and each.side is Side.SELL and asset == rules.base:
                total += rest
        return total

    def _seen(self, order: ModelOrder) -> VenueOrderSeen:
        return VenueOrderSeen(
            order.venue_order_id,
            order.cl_ord_id,
            order.symbol,
            order.side,
            order.quantity,
            order.filled,
            order.limit_price,
            order.opened_at,
            order.end,
        )

    def _word(self, order: ModelOrder, kind: ExecKind) -> ExecutionReport:
        name, ours = order.venue_order_id, order.cl_ord_id
        return ExecutionReport(
            ours, "", kind, self.at, venue_order_id=name, filled=order.filled, symbol=order.symbol
        )

    def _move(self, asset: str, amount: Decimal) -> None:
        self.balances[asset] = self.balances.get(asset, ZERO) + amount
