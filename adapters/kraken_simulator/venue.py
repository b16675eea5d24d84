"""The venue's state: books, accounts, status, what is to be told, and what is due at which time.

The parts that trade (`matching`, `trading`, `liquidity`) work on this; it knows no rule of its own.
"""

from __future__ import annotations

import heapq
from decimal import Decimal
from typing import Final, Literal

import msgspec

from adapters.kraken_simulator.accounts import Account
from adapters.kraken_simulator.book import OrderBook, Side, from_units
from adapters.kraken_simulator.conduct import Conduct
from adapters.kraken_simulator.errors import UNKNOWN_PAIR, Refusal
from adapters.kraken_simulator.events import (
    BookChange,
    Event,
    Execution,
    LevelChange,
    StatusChange,
    SystemStatus,
    Trade,
)
from adapters.kraken_simulator.identifiers import Identifiers
from adapters.kraken_simulator.instruments import Instrument
from adapters.kraken_simulator.orders import ZERO, Order, OrderType
from adapters.kraken_simulator.orders import Side as OrderSide
from adapters.kraken_simulator.tape import Tape
from adapters.kraken_simulator.views import Book, Level

Due = Literal["expire", "timer"]
FIRST_TRADE: Final = 40_000_000
"""Public trade numbers of every pair begin above this, as old pairs' do."""


class Pool(msgspec.Struct):
    """Amounts by asset outside the accounts: other traders, fees taken, the world beyond."""

    others: dict[str, Decimal]
    fees: dict[str, Decimal]
    outside: dict[str, Decimal]


class Venue:
    """All state of one exchange."""

    def __init__(
        self,
        *,
        seed: int,
        started_ns: int,
        instruments: dict[str, Instrument],
        accounts: dict[str, Account],
        status: SystemStatus,
        conduct: Conduct,
    ) -> None:
        self.now_ns = started_ns
        self.conduct = conduct
        self.instruments = instruments
        self.accounts = accounts
        self.status: SystemStatus = status
        self.ids = Identifiers(seed)
        self.books = {symbol: OrderBook() for symbol in instruments}
        self.tapes = {symbol: Tape(symbol, FIRST_TRADE) for symbol in instruments}
        self.waiting: dict[str, dict[str, Order]] = {symbol: {} for symbol in instruments}
        self.halted: set[str] = set()
        self.pool = Pool({}, {}, {})
        self._outbox: list[Event] = []
        self._due: list[tuple[int, int, Due, str, str]] = []
        self._dues = 0

    def instrument(self, symbol: str) -> Instrument:
        """The pair's row. Raises Refusal."""
        found = self.instruments.get(symbol)
        if found is None:
            raise Refusal(UNKNOWN_PAIR)
        return found

    def matches(self, symbol: str) -> bool:
        """Whether orders of the pair are matched now."""
        stopped = {"cancel_only", "post_only", "maintenance", "delisted", "work_in_progress"}
        return self.status == "online" and self.instruments[symbol].status not in stopped

    def tell(self, event: Event) -> None:
        """Something happened."""
        self._outbox.append(event)

    def tell_execution(self, report: Execution) -> None:
        """A report about an order, unless the account's reports are withheld."""
        account = self.accounts[report.account]
        if account.withhold:
            account.withhold -= 1
            account.withheld.append(report)
        else:
            self._outbox.append(report)

    def taken(self) -> tuple[Event, ...]:
        """Everything told since the last time, book changes included."""
        for symbol in self.books:
            self.tell_book(symbol)
        events = tuple(self._outbox)
        self._outbox.clear()
        return events

    def tell_book(self, symbol: str) -> None:
        """Tell the levels of a book that changed since it was last told."""
        book = self.books[symbol]
        if not book.changed:
            return
        row = self.instruments[symbol]
        changes = []
        for name, price in book.changed:
            side = book.bids if name == "bid" else book.asks
            level = side.levels.get(price)
            qty = ZERO if level is None else from_units(level.qty, row.lot_decimals)
            changes.append(LevelChange(name, from_units(price, row.price_decimals), qty))
        book.changed.clear()
        self._outbox.append(BookChange(symbol, tuple(changes), self.now_ns))

    def print_trade(
        self, symbol: str, side: OrderSide, price: int, qty: int, order_type: OrderType
    ) -> Trade:
        """Put a trade on the public tape."""
        row = self.instruments[symbol]
        kind: Literal["market", "limit"] = "limit"
        if order_type in {"market", "stop-loss", "take-profit"}:
            kind = "market"
        told_price = from_units(price, row.price_decimals)
        told_qty = from_units(qty, row.lot_decimals)
        number = self.tapes[symbol].next_id
        trade = Trade(symbol, side, told_price, told_qty, kind, number, self.now_ns)
        self.tapes[symbol].add(trade, price, qty)
        self._outbox.append(trade)
        return trade

    def usd(self, quote: str, amount: Decimal) -> Decimal:
        """An amount of a quote asset in USD, at the last price; one to one where none is known."""
        if quote == "USD":
            return amount
        for symbol, invert in ((f"{quote}/USD", False), (f"USD/{quote}", True)):
            tape = self.tapes.get(symbol)
            if tape is not None and tape.last_price is not None:
                return amount / tape.last_price if invert else amount * tape.last_price
        return amount

    def change_status(self, status: SystemStatus) -> None:
        """Set the whole system's mode and tell it."""
        self.status = status
        self.tell(StatusChange(status, self.now_ns))

    def plan(self, at_ns: int, what: Due, account: str, order_id: str = "") -> None:
        """Something is due at a time."""
        self._dues += 1
        heapq.heappush(self._due, (at_ns, self._dues, what, account, order_id))

    def next_due_ns(self) -> int | None:
        """When the next thing is due; None during maintenance, when nothing moves."""
        return self._due[0][0] if self._due and self.status != "maintenance" else None

    def take_due(self) -> tuple[int, Due, str, str]:
        """The next due thing: time, what, account, order id."""
        at_ns, _, what, account, order_id = heapq.heappop(self._due)
        return at_ns, what, account, order_id

    def shown(self, symbol: str, depth: int) -> Book:
        """The best `depth` levels of both sides."""
        self.instrument(symbol)
        book = self.books[symbol]
        bids, asks = (self._levels(symbol, side, depth) for side in (book.bids, book.asks))
        return Book(symbol, bids, asks)

    def _levels(self, symbol: str, side: Side, depth: int) -> tuple[Level, ...]:
        row = self.instruments[symbol]
        prices = side.prices[-depth:][::-1] if side.is_bid else side.prices[:depth]
        return tuple(
            Level(
                from_units(price, row.price_decimals),
                from_units(side.levels[price].qty, row.lot_decimals),
                side.levels[price].ts,
            )
            for price in prices
        )
