"""The exchange under a running clock: every call moves it to now, and what happened is told once.

One thread, one event loop. Listeners are told in the order in which they were added.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, Protocol, TypeVar

import msgspec

from adapters.kraken_simulator.events import BookChange, Event, Trade
from adapters.kraken_simulator.exchange import Exchange
from adapters.kraken_simulator.serving.clock import ExchangeClock

SPREADS_KEPT: Final = 200
STEP_SECONDS: Final = 0.5
FIRST_STEP_NS: Final = 10_000_000_000
LEAST_STEP_NS: Final = 100_000_000
T = TypeVar("T")
Listener = Callable[[tuple[Event, ...]], None]


class Spread(msgspec.Struct, frozen=True):
    """The best prices of a pair from an instant on."""

    ts: int
    bid: Decimal
    ask: Decimal


class Keeping(Protocol):
    """Whoever writes down what happens before it is told."""

    def keep(self) -> None:
        """Write down what has changed."""

    def promise(self, ns: int) -> None:
        """Write down that this time is told."""


class LiveExchange:
    """Runs one exchange on a clock. `announced` is what its status tells of things to come.

    With a `keeper` nothing is told or answered before it is written down.
    """

    def __init__(self, exchange: Exchange, clock: ExchangeClock) -> None:
        self.exchange = exchange
        self.clock = clock
        self.keeper: Keeping | None = None
        self.listeners: list[Listener] = []
        self.announced: dict[str, list[Any]] = {"upcoming_maintenance": [], "emergency": []}
        self.spreads: dict[str, deque[Spread]] = {
            symbol: deque(maxlen=SPREADS_KEPT) for symbol in exchange.symbols
        }
        self.asked: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        """Requests by place (`rest:AddOrder`, `ws:add_order`); refusals by place and error."""
        self._untold: list[Event] = []
        self._step_ns = FIRST_STEP_NS
        # What passed while the exchange was made is made up for at once.
        self._jump_ns = max(0, clock.now_ns() - exchange.now_ns)

    def now_ns(self) -> int:
        """The exchange's time; the exchange itself may stand a little before it.

        A machine that cannot keep up slows the clock: the exchange is never asked for more at once
        than it does in STEP_SECONDS, else each step would take longer than the one before.
        """
        told, most = self.clock.now_ns(), self.exchange.now_ns + self._step_ns + self._jump_ns
        if told > most:
            self.clock.hold(most)
        found = max(min(told, most), self.exchange.now_ns)
        if self.keeper is not None:
            self.keeper.promise(found)
        return found

    def refuse(self, place: str, error: str) -> None:
        """Count a refusal, by the part of its text that does not vary."""
        self.refused[f"{place} {':'.join(error.split(':', 2)[:2])}"] += 1

    def shift(self, ns: int) -> None:
        """Move the clock; forward at once, however long that takes."""
        self.clock.shift(ns)
        self._jump_ns += max(0, ns)

    def advance(self) -> None:
        """Move the exchange to now and tell what happened."""
        self._move()
        self.tell()

    def _move(self) -> int:
        """Move the exchange to now; returns the time."""
        before_ns, now_ns, began = self.exchange.now_ns, self.now_ns(), time.perf_counter()
        self._note(self.exchange.advance(now_ns))
        self._keep()
        self._jump_ns = 0
        moved_ns, took = now_ns - before_ns, time.perf_counter() - began
        if moved_ns >= LEAST_STEP_NS:
            self._step_ns = max(LEAST_STEP_NS, int(moved_ns / max(took, 1e-6) * STEP_SECONDS))
        return now_ns

    def call(self, work: Callable[[Exchange, int], T]) -> T:
        """Do one piece of work at the exchange's now; what it caused waits for `tell`.

        What happened before it is told first.
        """
        now_ns = self._move()
        self.tell()
        try:
            return work(self.exchange, now_ns)
        finally:
            self._note(self.exchange.events())
            self._keep()

    def _keep(self) -> None:
        if self.keeper is not None:
            self.keeper.keep()

    def tell(self) -> None:
        """Tell all listeners what happened since the last time."""
        events, self._untold = tuple(self._untold), []
        if events:
            for listener in self.listeners:
                listener(events)

    def _note(self, events: tuple[Event, ...]) -> None:
        self._untold.extend(events)
        changed = {each.symbol: each.ts for each in events if isinstance(each, BookChange)}
        for symbol, ts in changed.items():
            book = self.exchange.book(symbol, 1)
            if not book.bids or not book.asks:
                continue
            rows = self.spreads[symbol]
            found = Spread(ts, book.bids[0].price, book.asks[0].price)
            if not rows or (rows[-1].bid, rows[-1].ask) != (found.bid, found.ask):
                rows.append(found)


def traded(events: tuple[Event, ...]) -> dict[str, list[Trade]]:
    """The trades among events, by pair, in order."""
    found: dict[str, list[Trade]] = {}
    for each in events:
        if isinstance(each, Trade):
            found.setdefault(each.symbol, []).append(each)
    return found
