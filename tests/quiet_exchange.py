"""A simulated exchange for tests: one or two pairs whose others stand still, on an empty book.

Accounts trade with each other only, so that every fill is known beforehand.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from adapters.kraken_simulator.conduct import Conduct
from adapters.kraken_simulator.events import Event, Execution
from adapters.kraken_simulator.exchange import Exchange
from adapters.kraken_simulator.orders import AddOrder, Order
from adapters.kraken_simulator.views import AccountSpec, Tier

SECOND = 1_000_000_000
START = 1_790_000_000 * SECOND
PAIR = "BTC/USD"
RICH = {"USD": Decimal(1_000_000), "BTC": Decimal(50), "ETH": Decimal(500)}


def rich(
    name: str, tier: Tier = "pro", *, owned: dict[str, str] | None = None, **balances: str
) -> AccountSpec:
    """An account that can afford everything, or exactly the balances given."""
    given = {**(owned or {}), **balances}
    kept = {asset: Decimal(amount) for asset, amount in given.items()} or dict(RICH)
    return AccountSpec(account=name, balances=kept, tier=tier)


def quiet(
    *accounts: AccountSpec,
    symbols: tuple[str, ...] = (PAIR, "ETH/USD"),
    levels: int = 0,
    **conduct: Any,
) -> Exchange:
    """An exchange whose market stands still; its books are empty unless `levels` is given."""
    exchange = Exchange(
        seed=7,
        started_ns=START,
        symbols=symbols,
        accounts=accounts or (rich("ann"), rich("bob"), rich("cyd")),
        conduct=Conduct(book_levels=levels, **conduct),
    )
    exchange.halt_market()
    return exchange


def asked(
    side: str = "buy", qty: str = "1", price: str | None = "100.0", **fields: Any
) -> AddOrder:
    """An order: a limit of one bitcoin at 100 unless told otherwise; no price is a market order."""
    kind = "limit" if price is not None else "market"
    base: dict[str, Any] = {
        "symbol": PAIR,
        "side": side,
        "order_type": kind,
        "qty": Decimal(qty),
        "limit_price": None if price is None else Decimal(price),
    }
    return AddOrder(**{**base, **fields})


class Desk:
    """One account at an exchange whose clock stands still unless it is moved."""

    def __init__(self, exchange: Exchange, account: str) -> None:
        self.exchange = exchange
        self.account = account

    def add(self, side: str = "buy", qty: str = "1", price: str | None = "100.0", **f: Any) -> str:
        """Place an order now; returns its id."""
        placed = self.exchange.add_order(
            self.account, asked(side, qty, price, **f), now_ns=self.exchange.now_ns
        )
        assert placed.order_id is not None
        return placed.order_id

    def order(self, order_id: str) -> Order:
        """The order as it is now."""
        found = self.exchange.order(self.account, order_id)
        assert found is not None
        return found

    def cancel(self, name: str | int) -> int:
        """Cancel now."""
        return self.exchange.cancel_order(self.account, name, now_ns=self.exchange.now_ns)

    def free(self, asset: str) -> Decimal:
        """Balance less hold, `.F` included."""
        rows = self.exchange.wallets(self.account)
        named = [each for each in rows if each.asset.removesuffix(".F") == asset]
        return sum((each.balance - each.hold for each in named), Decimal(0))

    def held(self, asset: str) -> Decimal:
        """What is held of an asset."""
        rows = self.exchange.wallets(self.account)
        named = [each for each in rows if each.asset.removesuffix(".F") == asset]
        return sum((each.hold for each in named), Decimal(0))


def desks(*names: str, **conduct: Any) -> list[Desk]:
    """Desks of rich accounts at one quiet exchange."""
    exchange = quiet(*(rich(name) for name in names), **conduct)
    return [Desk(exchange, name) for name in names]


def told(events: Sequence[Event], account: str) -> list[str]:
    """The kinds of the reports that an account got, in order."""
    return [
        event.exec_type
        for event in events
        if isinstance(event, Execution) and event.account == account
    ]
