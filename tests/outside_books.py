"""Orders, ledger and reconciliation with a model venue outside, and what must always hold."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from actors.ledger.balance import faults_of
from actors.messages.base import Message
from actors.messages.decision import Side
from actors.messages.execution import ExecutionReport
from actors.messages.order import OrderState, SubmitOrder
from actors.messages.reconciliation import ReconcileRequested, ReconciliationEnded
from actors.orders.lifecycle import TERMINAL
from actors.orders.state import Order, OrdersConfig
from actors.reconciliation.actor import ReconciliationActor
from actors.reconciliation.actor import initial_state as reconciliation_state
from actors.reconciliation.state import ReconciliationConfig
from actors.routes import routes
from service.outside_venue import PART, parts_of
from tests.books import INSTRUMENTS, SECOND, Books, approved, of
from tests.model_venue import ModelVenue

D = Decimal


class OutsideBooks(Books):
    """The books of an account at a model venue; nothing arrives that a test does not deliver."""

    def __init__(self, *, orders: OrdersConfig | None = None, **opening: str) -> None:
        super().__init__(orders=orders or OrdersConfig(INSTRUMENTS, venue_in_graph=False))
        config = ReconciliationConfig()
        self.reconciliation = ReconciliationActor(config, reconciliation_state(config))
        self.actors["reconciliation"] = self.reconciliation
        self.table = routes(venue_in_graph=False)
        self.model = ModelVenue(INSTRUMENTS, **opening)
        self.model.at = self.at
        self.intents = 0
        self.part = PART
        self.start()

    def pass_on(self, seconds: int = 1) -> list[Message]:
        """Let time pass, here and at the venue."""
        sent = self.pass_to(self.at + seconds * SECOND)
        self.model.at = self.at
        return sent

    def order(
        self, side: Side = Side.BUY, quantity: str = "0.1", price: str = "50000.0"
    ) -> SubmitOrder | None:
        """Decide an order; None when it was refused. It has not arrived yet."""
        self.intents += 1
        told = self.send(approved(self.intents, side, quantity, price, at=self.at))
        return next(iter(of(SubmitOrder, told)), None)

    def deliver(self, facts: Iterable[ExecutionReport]) -> list[Message]:
        """Facts arrive."""
        return [each for fact in facts for each in self.send(fact)]

    def read(self, *, complete: bool = True) -> ReconciliationEnded | None:
        """Answer the newest request, if one is open; what it came to."""
        state = self.reconciliation.state
        if not state.awaits:
            return None
        snapshot = self.model.lists(state.request(), self.at, complete=complete)
        told = [each for part in parts_of(snapshot, self.part) for each in self.send(part)]
        (ended,) = of(ReconciliationEnded, told)
        return ended

    def look_up(self) -> None:
        """Evidence for every order of unknown outcome."""
        for order in tuple(self.orders.state.live.values()):
            if order.state is OrderState.UNKNOWN:
                self.send(self.model.evidence(order.cl_ord_id, self.at))

    def settle(self) -> None:
        """Faults are over: look up and read until nothing is asked any more."""
        self.pass_on(301)
        for _ in range(12):
            self.look_up()
            self.read()
            if not self.reconciliation.state.reason:
                return
            self.pass_on(60)
        raise AssertionError(f"never settled: {self.reconciliation.state}")

    def known(self) -> dict[str, Order]:
        """Every order that is remembered."""
        return {**self.orders.state.closed, **self.orders.state.live}

    def check(self) -> None:
        """I1, I3 and I7: one order an intent at most, books that balance, holds as they must be."""
        assert len(set(self.model.received)) == len(self.model.received)
        assert faults_of(self.ledger.state) == ()
        holds = {name: hold.amount for name, hold in self.ledger.state.holds.items()}
        assert set(holds) == set(self.orders.state.live)
        for name, order in self.orders.state.live.items():
            rest, rules = order.quantity - order.filled, INSTRUMENTS[order.symbol]
            buys = order.side is Side.BUY
            assert holds[name] == (rules.hold_of(rest, order.limit_price) if buys else rest)

    def check_agreement(self) -> None:
        """I6: orders, fills and balances are those of the venue."""
        for order in self.known().values():
            seen = self.model.of(order.cl_ord_id)
            filled = D(0) if seen is None else seen.filled
            assert order.filled == filled, f"{order.cl_ord_id}: {order.filled}, venue {filled}"
            is_open = seen is not None and seen.end is None
            assert (order.state not in TERMINAL) is is_open, f"{order.state} and open {is_open}"
            assert order.state is not OrderState.UNKNOWN
        there = self.model.balances
        for asset in ("USD", "XBT", "ETH"):
            kinds = ("available", "held", "suspense")
            ours = sum((self.balance(f"{kind}:{asset}") for kind in kinds), D(0))
            spendable = there.get(asset, D(0)) + there.get(f"{asset}.F", D(0))
            assert ours == spendable, f"{asset}: {ours}, venue {spendable}"
            assert self.balance(f"staked:{asset}") == there.get(f"{asset}.S", D(0))
        assert not self.orders.state.blocked


def sparse(fact: ExecutionReport) -> ExecutionReport:
    """The same fact as a venue repeats it: by its own order id, with nothing that was told."""
    return msgspec.structs.replace(fact, cl_ord_id="", symbol="", side=None, filled=None)


def agreed() -> OutsideBooks:
    """An account that agrees with its venue."""
    found = OutsideBooks(USD="10000.00", XBT="1.00000000")
    found.read()
    return found


def next_reading(books: OutsideBooks) -> ReconciliationEnded:
    """The reading on schedule."""
    books.pass_on(300)
    ended = books.read()
    assert ended is not None
    return ended


def confirmed(books: OutsideBooks) -> ReconciliationEnded:
    """The reading that confirms a difference."""
    ended = next_reading(books)
    for _ in range(2):
        books.pass_on(5)
        ended = books.read() or ended
    assert books.reconciliation.state.differs
    return ended


def requests(books: OutsideBooks) -> list[ReconcileRequested]:
    """Every reading that was asked for."""
    return of(ReconcileRequested, books.sent)
