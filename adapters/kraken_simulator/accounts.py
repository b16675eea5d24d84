"""One account: wallets, holds, orders, history. It keeps the books; it decides nothing.

`.F` balances count as their base asset when spending; a hold lies on the plain asset's name.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from adapters.kraken_simulator.counters import RateCounter
from adapters.kraken_simulator.events import Execution, LedgerEntry
from adapters.kraken_simulator.fees import Volume
from adapters.kraken_simulator.orders import ZERO, Fill, Order
from adapters.kraken_simulator.views import AccountSpec, Wallet

EARNING: Final = ".F"


class Account:
    """The venue's record of one account."""

    def __init__(self, spec: AccountSpec, started_ns: int) -> None:
        self.name = spec.account
        self.tier = spec.tier
        self.restricted = frozenset(spec.restricted)
        self.balances: dict[str, Decimal] = {}
        self.holds: dict[str, Decimal] = {}
        self.orders: dict[str, Order] = {}
        self.open: dict[str, Order] = {}
        self.closed: list[str] = []
        self.fills: list[Fill] = []
        self.ledger: list[LedgerEntry] = []
        self.volume = Volume(spec.volume_usd, started_ns)
        self.trigger_ns: int | None = None
        self.fees_in_base = False
        self.withhold = 0
        self.withheld: list[Execution] = []
        self._counters: dict[str, RateCounter] = {}

    def counter(self, symbol: str) -> RateCounter:
        """The account's order rate counter of a pair."""
        found = self._counters.get(symbol)
        if found is None:
            found = self._counters[symbol] = RateCounter(self.tier)
        return found

    def balance(self, asset: str) -> Decimal:
        """The balance under exactly this name, holds included."""
        return self.balances.get(asset, ZERO)

    def spendable(self, asset: str) -> Decimal:
        """What a new order may use: plain and `.F` balance less holds."""
        owned = self.balance(asset) + self.balance(asset + EARNING)
        return owned - self.holds.get(asset, ZERO)

    def set_hold(self, order: Order, amount: Decimal) -> None:
        """Make the order's hold `amount` of its hold asset."""
        asset = order.hold_asset
        self.holds[asset] = self.holds.get(asset, ZERO) + amount - order.hold
        order.hold = amount

    def open_named(self, cl_ord_id: str) -> Order | None:
        """The open order with this client id."""
        for order in self.open.values():
            if order.cl_ord_id == cl_ord_id:
                return order
        return None

    def open_of(self, symbol: str) -> int:
        """How many orders of a pair are open."""
        return sum(1 for order in self.open.values() if order.symbol == symbol)

    def wallets(self) -> tuple[Wallet, ...]:
        """Every asset ever held, by name; a hold lies on plain balance first, then on `.F`."""
        rows = []
        for asset in sorted(self.balances):
            plain = asset.removesuffix(EARNING)
            hold = self.holds.get(plain, ZERO)
            on_plain = min(hold, self.balance(plain))
            held = on_plain if asset == plain else hold - on_plain
            rows.append(Wallet(asset=asset, balance=self.balances[asset], hold=held))
        return tuple(rows)
