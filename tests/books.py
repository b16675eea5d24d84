"""A small graph of orders, ledger and (optionally) the paper venue, for tests of the books.

It routes by the product's own table, delivers first in, first out, keeps timers, and can cut:
encode every state, decode it, and go on.
"""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from typing import Any, TypeVar

import numpy as np

from actors.instruments import Instrument
from actors.kernel.actor import Actor
from actors.ledger.actor import LedgerActor
from actors.ledger.state import LedgerConfig
from actors.ledger.state import initial_state as ledger_state
from actors.messages.arrays import sealed, sealed_ints
from actors.messages.base import Message
from actors.messages.codec import encode, state_decoder
from actors.messages.control import CancelTimer, Deposit, RunStarted, SetTimer, TimerFired
from actors.messages.decision import Action, OrderIntent, Reason, Side
from actors.messages.execution import ExecKind, ExecutionReport
from actors.messages.market import MarkSlice
from actors.messages.risk import IntentApproved
from actors.model_statement import ModelStatement
from actors.orders.actor import OrdersActor
from actors.orders.actor import initial_state as orders_state
from actors.orders.state import OrdersConfig
from actors.paper_venue.actor import PaperVenueActor
from actors.paper_venue.state import PaperVenueConfig
from actors.paper_venue.state import initial_state as venue_state
from actors.routes import routes

D = Decimal
M = TypeVar("M", bound=Message)
START = 1_700_000_000_000_000_000
SECOND = 1_000_000_000

XBT = Instrument(
    "XBT/USD",
    "XBT",
    "USD",
    D("0.1"),
    D("0.00000001"),
    D("0.0001"),
    D("0.5"),
    2,
    D("0.0025"),
    D("0.0040"),
)
ETH = Instrument(
    "ETH/USD",
    "ETH",
    "USD",
    D("0.01"),
    D("0.00000001"),
    D("0.002"),
    D("0.5"),
    2,
    D("0.0025"),
    D("0.0040"),
)
INSTRUMENTS = {each.symbol: each for each in (XBT, ETH)}


class Books:
    """Orders and ledger (and a venue) around one queue; `sent` is everything that was emitted."""

    def __init__(
        self,
        *,
        orders: OrdersConfig | None = None,
        ledger: LedgerConfig | None = None,
        venue: PaperVenueConfig | None = None,
    ) -> None:
        orders = orders or OrdersConfig(INSTRUMENTS)
        ledger = ledger or LedgerConfig(INSTRUMENTS)
        self.orders = OrdersActor(orders, orders_state(orders))
        self.ledger = LedgerActor(ledger, ledger_state(ledger))
        self.actors: dict[str, Actor[Any, Any]] = {"orders": self.orders, "ledger": self.ledger}
        if venue is not None:
            self.venue = PaperVenueActor(venue, venue_state(venue))
            self.actors["paper_venue"] = self.venue
        self.table = routes(venue_in_graph=True)
        self.sent: list[Message] = []
        self.timers: dict[tuple[str, str], int] = {}
        self.at = START

    def start(
        self, run_id: str = "run", epoch: int = 1, model: ModelStatement | None = None
    ) -> None:
        """The run starts."""
        symbols = tuple(self.orders.config.instruments)
        bundle = "" if model is None else model.bundle_id
        told = ("", "", "", "", bundle, "", "")
        self.send(RunStarted(run_id, "account", "PAPER", epoch, symbols, *told, model=model))

    def send(self, message: Message, at: int | None = None) -> list[Message]:
        """Deliver to whom it is routed, and on until nothing waits; what was emitted on the way."""
        if at is not None:
            self._pass_to(at)
        first = len(self.sent)
        self._run(message)
        return self.sent[first:]

    def _pass_to(self, at: int) -> None:
        assert at >= self.at
        while self.timers:
            due, owner, name = min((due, *key) for key, due in self.timers.items())
            if due > at:
                break
            del self.timers[owner, name]
            self.at = max(self.at, due)
            self._drain(deque([(owner, TimerFired(name, due))]))
        self.at = at

    def pass_to(self, at: int) -> list[Message]:
        """Let time pass; timers fire at their due time."""
        first = len(self.sent)
        self._pass_to(at)
        return self.sent[first:]

    def _run(self, message: Message) -> None:
        queue = deque((name, message) for name in self.table[type(message)])
        self._drain(queue)

    def _drain(self, queue: deque[tuple[str, Message]]) -> None:
        while queue:
            name, message = queue.popleft()
            actor = self.actors.get(name)
            if actor is None:
                continue
            for effect in actor.handle(message, self.at):
                assert type(effect) in actor.emits
                self.sent.append(effect)
                if isinstance(effect, SetTimer):
                    self.timers[name, effect.name] = effect.due
                elif isinstance(effect, CancelTimer):
                    self.timers.pop((name, effect.name), None)
                queue.extend((to, effect) for to in self.table.get(type(effect), ()))

    def cut(self) -> None:
        """Encode and decode every state; nothing may behave differently afterwards."""
        for actor in self.actors.values():
            data = encode(actor.state)
            actor.state = state_decoder(actor.state_type).decode(data)
            assert encode(actor.state) == data

    def fund(self, amount: str = "10000", asset: str = "USD", source: str = "opening") -> None:
        """Funds from outside."""
        self.send(Deposit(asset, D(amount), source, self.at))

    def mark(self, **bids: float) -> list[Message]:
        """New marks, by base asset; what is not named has none."""
        symbols = tuple(self.ledger.config.instruments)
        rows = np.full((len(symbols), 6), np.nan)
        for base, bid in bids.items():
            rows[symbols.index(f"{base}/USD"), :3] = bid
        flags = sealed_ints(np.zeros(len(symbols)))
        return self.send(MarkSlice(self.at, sealed(rows), flags))

    def balance(self, account: str) -> Decimal:
        """A balance of the ledger."""
        return self.ledger.state.balance(account)


def of(kind: type[M], messages: list[Message]) -> list[M]:
    """The messages of one type."""
    return [each for each in messages if isinstance(each, kind)]


def approved(
    number: int,
    side: Side = Side.BUY,
    quantity: str = "0.1",
    price: str = "50000.0",
    *,
    symbol: str = "XBT/USD",
    at: int = START,
) -> IntentApproved:
    """An approval by risk; the decision saw a price one below the limit."""
    action = Action.ENTER if side is Side.BUY else Action.EXIT
    intent = OrderIntent(
        number,
        symbol,
        side,
        D(0),
        D(quantity),
        D(price),
        at,
        action,
        Reason.EDGE_ABOVE_COST,
        0,
        0,
        0,
        D(price) - 1,
    )
    return IntentApproved(intent, D(quantity))


def trade(
    cl_ord_id: str,
    exec_id: str,
    quantity: str,
    price: str = "50000.0",
    *,
    cost: str,
    fee: str,
    fee_asset: str = "USD",
) -> ExecutionReport:
    """A trade as the venue reports it."""
    return ExecutionReport(
        cl_ord_id, exec_id, ExecKind.TRADE, START, D(quantity), D(price), D(cost), D(fee), fee_asset
    )


def word(cl_ord_id: str, kind: ExecKind, exec_id: str = "w") -> ExecutionReport:
    """A report that is only a status word."""
    return ExecutionReport(cl_ord_id, exec_id, kind, START)
