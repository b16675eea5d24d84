"""What a trade does to accounts: cost, fee, ledger entries, holds, history, reports.

Cost is price times quantity at the pair's cost decimals (half up), the fee that cost times the
account's rate at the moment, never above the rate its hold was made with. Where rounding would take
more than is there, the fee gives way, then the cost: no balance ever turns negative by dust.
"""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Final

from adapters.kraken_simulator.accounts import Account
from adapters.kraken_simulator.events import Execution, Trade
from adapters.kraken_simulator.fees import rate_at, rounded
from adapters.kraken_simulator.holds import hold_for
from adapters.kraken_simulator.instruments import ASSETS, Instrument
from adapters.kraken_simulator.ledger import Ledger
from adapters.kraken_simulator.orders import ZERO, Fill, Order
from adapters.kraken_simulator.venue import Venue

_DUST: Final = Decimal("0.001")
"""More than roundings of one order can add up to; a larger shortfall is a bug."""


class Settlement:
    """Books trades of one venue."""

    def __init__(self, venue: Venue, ledger: Ledger) -> None:
        self._venue = venue
        self._ledger = ledger

    def cost_of(self, row: Instrument, price: Decimal, qty: Decimal) -> Decimal:
        """The cost of a fill at the venue's rounding."""
        return rounded(price * qty, self._cost_decimals(row))

    def _cost_decimals(self, row: Instrument) -> int:
        if self._venue.conduct.exact_ledger:
            return min(row.cost_decimals, ASSETS[row.quote].decimals)
        return row.cost_decimals

    def book(self, trade: Trade, maker: Order | None, taker: Order | None) -> None:
        """Settle one trade between two parties; None is one of the others."""
        row = self._venue.instruments[trade.symbol]
        cost = self.cost_of(row, trade.price, trade.qty)
        moved = self._ledger.amount(row.quote, cost)
        base = self._ledger.quantity(row.base, trade.qty)
        buyer, seller = (taker, maker) if trade.side == "buy" else (maker, taker)
        if buyer is not None:
            account = self._venue.accounts[buyer.account]
            limit = self._may_spend(account, buyer, row, trade.qty)
            assert moved - limit <= _DUST, f"{buyer.order_id} would overspend by {moved - limit}"
            moved = min(moved, limit)
        for order in (maker, taker):
            if order is not None:
                self._book_side(order, trade, cost, moved, is_maker=order is maker)
        others = self._venue.pool.others
        for party, sign in ((buyer, 1), (seller, -1)):
            if party is None:
                others[row.base] = others.get(row.base, ZERO) + sign * base
                others[row.quote] = others.get(row.quote, ZERO) - sign * moved

    def _may_spend(self, account: Account, order: Order, row: Instrument, qty: Decimal) -> Decimal:
        """What a fill may take of the hold asset: the hold it frees, and what is free anyway."""
        left = hold_for(order, row, qty=order.remaining_qty - qty) if order.hold else ZERO
        return account.spendable(order.hold_asset) + order.hold - left

    def _book_side(
        self, order: Order, trade: Trade, cost: Decimal, moved: Decimal, *, is_maker: bool
    ) -> None:
        venue, ledger = self._venue, self._ledger
        account, row = venue.accounts[order.account], venue.instruments[order.symbol]
        base = ledger.quantity(row.base, trade.qty)
        spent = moved if order.side == "buy" else base
        limit = self._may_spend(account, order, row, trade.qty)
        fee, asset = self._fee_of(order, cost, base, limit, is_maker=is_maker)
        booked = ledger.amount(asset, fee)
        if asset == order.hold_asset and spent + booked > limit:
            booked = max(ZERO, limit - spent)
            fee = min(fee, booked)
        exec_id = venue.ids.trade()
        if order.hold:
            account.set_hold(order, hold_for(order, row, qty=order.remaining_qty - trade.qty))
        legs = [(row.quote, -moved), (row.base, base)]
        if order.side == "sell":
            legs = [(row.base, -base), (row.quote, moved)]
        posted = [
            ledger.post(
                account,
                name,
                amount,
                kind="trade",
                ref_id=exec_id,
                fee=booked if name == asset else ZERO,
            ).ledger_id
            for name, amount in legs
        ]
        usd = venue.usd(row.quote, fee * trade.price if asset == row.base else fee)
        fill = Fill(
            exec_id=exec_id,
            order_id=order.order_id,
            account=order.account,
            symbol=order.symbol,
            side=order.side,
            order_type=order.order_type,
            price=trade.price,
            qty=trade.qty,
            cost=cost,
            fee=fee,
            fee_asset=asset,
            fee_usd=rounded(usd, 5),
            is_maker=is_maker,
            trade_id=trade.trade_id,
            ts=trade.ts,
            ledger_ids=tuple(posted),
        )
        account.fills.append(fill)
        account.volume.add(venue.usd(row.quote, cost), venue.now_ns)
        self._count(order, fill)

    def _fee_of(
        self, order: Order, cost: Decimal, base: Decimal, limit: Decimal, *, is_maker: bool
    ) -> tuple[Decimal, str]:
        """The fee and its asset; a fee forced into base needs base to be there."""
        account, row = self._venue.accounts[order.account], self._venue.instruments[order.symbol]
        volume = account.volume.total(self._venue.now_ns)
        rate = min(rate_at(volume, is_maker=is_maker), order.fee_reserve)
        in_base = order.fee_in_base
        if account.fees_in_base:
            in_base = order.side == "buy" or limit >= base + base * rate
        if in_base:
            return rounded(base * rate, ASSETS[row.base].decimals), row.base
        return rounded(cost * rate, self._cost_decimals(row)), row.quote

    def _count(self, order: Order, fill: Fill) -> None:
        order.filled_qty += fill.qty
        order.cost += fill.cost
        order.fee += fill.fee
        order.fee_asset = fill.fee_asset
        order.exec_ids += (fill.exec_id,)
        self._venue.tell_execution(
            Execution(
                account=order.account,
                exec_type="trade",
                order=copy.copy(order),
                ts=fill.ts,
                exec_id=fill.exec_id,
                trade_id=fill.trade_id,
                last_qty=fill.qty,
                last_price=fill.price,
                liquidity="m" if fill.is_maker else "t",
                cost=fill.cost,
                fee=fill.fee,
                fee_asset=fill.fee_asset,
                fee_usd=fill.fee_usd,
            )
        )
