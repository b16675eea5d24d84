"""What happens to a venue and an account from outside: modes, new steps, deposits, odd fills.

Faults are made of these. No counter and no mode hinders them; balances stay sound all the same.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from adapters.kraken_simulator import errors, registry
from adapters.kraken_simulator.accounts import Account
from adapters.kraken_simulator.book import DECIMALS, to_units
from adapters.kraken_simulator.errors import INSUFFICIENT_FUNDS, Refusal, argument
from adapters.kraken_simulator.events import InstrumentChange, SystemStatus, Trade
from adapters.kraken_simulator.instruments import Instrument, PairStatus
from adapters.kraken_simulator.ledger import Ledger
from adapters.kraken_simulator.market import Market
from adapters.kraken_simulator.orders import ZERO, Fill, Order, Side
from adapters.kraken_simulator.registry import Registry
from adapters.kraken_simulator.settlement import Settlement
from adapters.kraken_simulator.triggers import Triggers
from adapters.kraken_simulator.venue import Venue

GRID: Final = (Decimal("1E-10"), Decimal(1_000))
"""The finest step, which is the book's own, and the coarsest."""
MINIMUM_MOST: Final = Decimal(10) ** 12
DIGITS_MOST: Final = 12
"""Before the point, of any amount: no market comes near, and answers could not be written."""


class Interventions:
    """Acts on one venue from outside."""

    def __init__(
        self,
        venue: Venue,
        registry: Registry,
        ledger: Ledger,
        settlement: Settlement,
        *,
        triggers: Triggers,
        market: Market,
    ) -> None:
        self._venue = venue
        self._registry = registry
        self._ledger = ledger
        self._settlement = settlement
        self._triggers = triggers
        self._market = market

    def set_status(self, status: SystemStatus) -> None:
        """Change the system's mode and tell it, once."""
        if status != self._venue.status:
            self._venue.change_status(status)

    def set_pair_status(self, symbol: str, status: PairStatus) -> None:
        """Change a pair's status and tell its row."""
        row = self._venue.instrument(symbol)
        self._change(msgspec.structs.replace(row, status=status))

    def change_steps(
        self,
        symbol: str,
        *,
        price_decimals: int | None,
        lot_decimals: int | None,
        tick: Decimal | None,
        order_min: Decimal | None,
        cost_min: Decimal | None,
    ) -> Instrument:
        """Give a pair new grids or minimums; what does not fit them leaves the book."""
        old = self._venue.instrument(symbol)
        prices = old.price_decimals if price_decimals is None else price_decimals
        lots = old.lot_decimals if lot_decimals is None else lot_decimals
        for name, decimals in (("price_decimals", prices), ("lot_decimals", lots)):
            if not 0 <= decimals <= DECIMALS:
                raise Refusal(argument(name))
        if tick is None:
            tick = old.tick if prices == old.price_decimals else Decimal((0, (1,), -prices))
        row = msgspec.structs.replace(
            old,
            price_decimals=prices,
            lot_decimals=lots,
            tick=tick,
            lot=Decimal((0, (1,), -lots)),
            order_min=old.order_min if order_min is None else order_min,
            cost_min=old.cost_min if cost_min is None else cost_min,
        )
        _refuse_grid(row)
        for order in self._open_of(symbol):
            if not _fits(order, row):
                self._registry.cancel(order, registry.OFF_GRID)
        # Levels that go are told at the old precision, which is the one they were told with.
        is_regridded = (row.tick, row.lot) != (old.tick, old.lot)
        self._change(row)
        if is_regridded:
            self._market.regrid(row)
        return row

    def deposit(self, account: Account, asset: str, amount: Decimal) -> str:
        """Credit a deposit."""
        return self._ledger.bring(account, asset, _positive(amount), kind="deposit")

    def reward(self, account: Account, asset: str, amount: Decimal) -> str:
        """Credit a staking reward."""
        return self._ledger.bring(account, asset, _positive(amount), kind="staking")

    def withdraw(self, account: Account, asset: str, amount: Decimal, fee: Decimal) -> str:
        """Debit a withdrawal and its fee."""
        if _positive(amount) + fee > account.spendable(asset):
            raise Refusal(INSUFFICIENT_FUNDS)
        return self._ledger.bring(account, asset, -amount, kind="withdrawal", fee=fee)

    def fill_now(self, account: Account, order_id: str, qty: Decimal | None) -> Fill:
        """Somebody takes (part of) an open order at its limit; a waiting stop at the last price."""
        venue = self._venue
        order = account.open.get(order_id)
        if order is None:
            raise Refusal(errors.UNKNOWN_ORDER)
        part = order.remaining_qty if qty is None else min(qty, order.remaining_qty)
        if _positive(part) % venue.instruments[order.symbol].lot:
            raise Refusal(argument("volume"))
        price = order.limit_price or venue.tapes[order.symbol].last_price or order.trigger_price
        assert price is not None
        self._registry.unrest(order)
        side: Side = "sell" if order.side == "buy" else "buy"
        trade = venue.print_trade(order.symbol, side, to_units(price), to_units(part), "market")
        self._settlement.book(trade, order, None)
        if order.remaining_qty <= 0:
            self._registry.finish(order)
        elif not order.is_untriggered:
            self._registry.rest(order)
        self._triggers.run(order.symbol)
        return account.fills[-1]

    def print_trade(self, symbol: str, price: Decimal, qty: Decimal) -> Trade:
        """A print that touches no book and no account; stops see it."""
        self._venue.instrument(symbol)
        units = to_units(_positive(price)), to_units(_positive(qty))
        trade = self._venue.print_trade(symbol, "sell", *units, "market")
        self._triggers.run(symbol)
        return trade

    def halt(self, symbol: str | None, *, on: bool) -> None:
        """Others stand still, or go on."""
        named = set(self._venue.instruments) if symbol is None else {symbol}
        if symbol is not None:
            self._venue.instrument(symbol)
        self._venue.halted = self._venue.halted | named if on else self._venue.halted - named

    def release(self, account: Account) -> None:
        """Tell what was withheld, and withhold no more."""
        account.withhold = 0
        withheld, account.withheld = account.withheld, []
        for report in withheld:
            self._venue.tell(report)

    def _change(self, row: Instrument) -> None:
        venue = self._venue
        venue.tell_book(row.symbol)
        venue.instruments[row.symbol] = row
        venue.tell(InstrumentChange(row, venue.now_ns))

    def _open_of(self, symbol: str) -> list[Order]:
        return [
            order
            for account in self._venue.accounts.values()
            for order in list(account.open.values())
            if order.symbol == symbol
        ]


def _refuse_grid(row: Instrument) -> None:
    """Raise the refusal of steps that no price or size can be counted in, or of odd minimums."""
    for name, step in (("tick", row.tick), ("lot_decimals", row.lot)):
        if not GRID[0] <= step <= GRID[1] or step % GRID[0]:
            raise Refusal(argument(name))
    for name, least in (("order_min", row.order_min), ("cost_min", row.cost_min)):
        if not ZERO <= least < MINIMUM_MOST:
            raise Refusal(argument(name))


def _fits(order: Order, row: Instrument) -> bool:
    prices = (order.limit_price, order.trigger_price)
    on_tick = all(price is None or price % row.tick == 0 for price in prices)
    return on_tick and order.remaining_qty % row.lot == ZERO


def _positive(amount: Decimal) -> Decimal:
    exponent = amount.as_tuple().exponent
    sane = isinstance(exponent, int) and exponent >= -DECIMALS and amount.adjusted() < DIGITS_MOST
    if not sane or amount <= 0:
        raise Refusal(argument("amount"))
    return amount
