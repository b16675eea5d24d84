"""What can be read off an exchange at an instant. Nothing here moves the market."""

from __future__ import annotations

import copy
from collections import deque
from decimal import Decimal
from itertools import islice

from adapters.kraken_simulator.counters import THRESHOLDS
from adapters.kraken_simulator.events import LedgerEntry, Trade
from adapters.kraken_simulator.fees import rates_at
from adapters.kraken_simulator.history import History
from adapters.kraken_simulator.instruments import ASSETS, Asset, Instrument
from adapters.kraken_simulator.orders import Fill, Order
from adapters.kraken_simulator.venue import Venue
from adapters.kraken_simulator.views import Book, Candle, FeeRate, Ticker, Wallet


class Reading:
    """The readable side of an exchange."""

    _venue: Venue
    _history: History

    def instrument(self, symbol: str) -> Instrument:
        """The pair's row as it is now. Raises Refusal (unknown asset pair)."""
        return self._venue.instrument(symbol)

    def instruments(self) -> tuple[Instrument, ...]:
        """Every pair of this exchange."""
        return tuple(self._venue.instruments.values())

    def assets(self) -> tuple[Asset, ...]:
        """Every asset that a pair of this exchange has."""
        named = dict.fromkeys(
            asset for row in self._venue.instruments.values() for asset in (row.base, row.quote)
        )
        return tuple(ASSETS[name] for name in named)

    def book(self, symbol: str, depth: int) -> Book:
        """The best `depth` levels a side, account orders included."""
        return self._venue.shown(symbol, depth)

    def ticker(self, symbol: str) -> Ticker:
        """Best prices, last trade and the figures of today and of 24 hours."""
        return self._history.ticker(symbol)

    def trades(self, symbol: str, *, after_ns: int, count: int) -> tuple[Trade, ...]:
        """The first `count` trades later than `after_ns`, oldest first."""
        rows = self._rows(symbol)
        return tuple(islice((row for row in rows if row.ts > after_ns), count))

    def last_trades(self, symbol: str, count: int) -> tuple[Trade, ...]:
        """The newest `count` trades, oldest first."""
        rows = self._rows(symbol)
        return tuple(islice(rows, max(0, len(rows) - count), None))

    def candles(self, symbol: str, minutes: int, count: int) -> tuple[Candle, ...]:
        """The newest `count` candles of an interval, oldest first; the last is unfinished.

        Candles before the start come from the same process. Raises Refusal for a strange interval.
        """
        return self._history.candles(symbol, minutes, count)

    # Reading an account. Raises KeyError for an unknown account.

    def wallets(self, account: str) -> tuple[Wallet, ...]:
        """Every asset with a balance or a past one, `.F` apart; holds lie on plain first."""
        return self._venue.accounts[account].wallets()

    def open_orders(self, account: str) -> tuple[Order, ...]:
        """Orders that can still be filled, oldest first."""
        return tuple(map(copy.copy, self._venue.accounts[account].open.values()))

    def closed_orders(self, account: str) -> tuple[Order, ...]:
        """Orders that ended (closed, canceled, expired), in the order in which they ended."""
        kept = self._venue.accounts[account]
        return tuple(copy.copy(kept.orders[order_id]) for order_id in kept.closed)

    def order(self, account: str, order_id: str) -> Order | None:
        """One order of the account, open or ended; None when it has none of that id."""
        found = self._venue.accounts[account].orders.get(order_id)
        return None if found is None else copy.copy(found)

    def fills(self, account: str) -> tuple[Fill, ...]:
        """The account's trade history, oldest first."""
        return tuple(self._venue.accounts[account].fills)

    def ledger(self, account: str) -> tuple[LedgerEntry, ...]:
        """The account's ledger, oldest first."""
        return tuple(self._venue.accounts[account].ledger)

    def fee_rate(self, account: str, symbol: str) -> FeeRate:
        """The account's present rates on a pair."""
        self._venue.instrument(symbol)
        return rates_at(self._venue.accounts[account].volume.total(self._venue.now_ns))

    def rate_count(self, account: str, symbol: str) -> Decimal:
        """The pair's order rate counter of the account, decayed to now."""
        return self._venue.accounts[account].counter(symbol).value(self._venue.now_ns)

    def rate_limit(self, account: str) -> Decimal:
        """The threshold that the counter may not pass (60, 125 or 180)."""
        return THRESHOLDS[self._venue.accounts[account].tier]

    def _rows(self, symbol: str) -> deque[Trade]:
        self._venue.instrument(symbol)
        return self._venue.tapes[symbol].rows
