"""Risk, orders and ledger as they are wired, whose words may slip once on their way out.

For the tests of the third gate: an actor decides rightly and says something wrong, as a bug would
have it, and the database is the last to notice. The rest of the graph is real, the venue a street.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec
import numpy as np

from actors.instant import SECOND_NS
from actors.journal_chain import open_frame
from actors.kernel.actor import Actor, Effects, Rule
from actors.kernel.kernel import Kernel
from actors.kernel.stamp import SINKS
from actors.kernel.supervisor import ChildSpec, Policy
from actors.ledger.actor import LedgerActor
from actors.ledger.state import LedgerConfig
from actors.ledger.state import initial_state as ledger_state
from actors.messages.arrays import sealed, sealed_ints
from actors.messages.base import Message
from actors.messages.control import Deposit, RunStarted
from actors.messages.decision import Action, OrderIntent, Reason, Side
from actors.messages.execution import ExecKind, ExecutionReport
from actors.messages.ledger import TransfersPosted
from actors.messages.market import MarkSlice
from actors.messages.order import SubmitOrder
from actors.messages.risk import IntentApproved, RiskLimits, TradingState, TradingStateChanged
from actors.orders.actor import OrdersActor
from actors.orders.actor import initial_state as orders_state
from actors.orders.state import OrdersConfig
from actors.ports import FeedItem
from actors.risk.actor import RiskActor
from actors.risk.profile import RiskConfig, RiskProfile
from actors.risk.state import initial_state as risk_state
from actors.routes import routes
from adapters.postgres.journal import PostgresJournal
from service.fail_points import FailPoints
from service.outbox import Outbox
from service.pump import Pump
from service.recovery import decode_record
from tests.books import ETH, INSTRUMENTS, XBT
from tests.journal_samples import ACCOUNT, START_NS, run_row
from tests.pump_desk import Street
from tests.spoken_model import BUNDLE, UNSIZED, activated, speaks

D = Decimal
NAMES: Final = ("risk", "orders", "ledger")
Change = Callable[[Message], Sequence[Message]]
changed = msgspec.structs.replace


class Slip:
    """What `actor` says instead of a message of `kind`, once, from when it is armed."""

    def __init__(self, actor: str, kind: type[Message], change: Change) -> None:
        self.actor = actor
        self.kind = kind
        self.change = change
        self.armed = False

    def of(self, actor: str, effects: Effects) -> Effects:
        """The effects as they leave."""
        said: list[Message] = []
        for each in effects:
            if self.armed and actor == self.actor and isinstance(each, self.kind):
                self.armed = False
                said += self.change(each)
            else:
                said.append(each)
        return said


def wrong(actor: str, kind: type[Message], **fields: Any) -> Slip:
    """A message of `kind` leaves with other fields."""
    return Slip(actor, kind, lambda said: (changed(said, **fields),))


def twice(actor: str, kind: type[Message]) -> Slip:
    return Slip(actor, kind, lambda said: (said, said))


def after(actor: str, kind: type[Message], first: Message) -> Slip:
    """Something else is said before a message of `kind`."""
    return Slip(actor, kind, lambda said: (first, said))


def approves(quantity: str = "", /, **fields: Any) -> Slip:
    """Risk approves another quantity, or an intent that differs."""

    def change(said: Message) -> Sequence[Message]:
        assert isinstance(said, IntentApproved)
        taken = D(quantity) if quantity else said.quantity
        return (changed(said, intent=changed(said.intent, **fields), quantity=taken),)

    return Slip("risk", IntentApproved, change)


def sees(**fields: Any) -> Slip:
    """Risk saw another account when it approved."""

    def change(said: Message) -> Sequence[Message]:
        assert isinstance(said, IntentApproved)
        return (changed(said, admission=changed(said.admission, **fields)),)

    return Slip("risk", IntentApproved, change)


def posts(**fields: Any) -> Slip:
    """The ledger posts another transfer than it made."""

    def change(said: Message) -> Sequence[Message]:
        assert isinstance(said, TransfersPosted)
        first, *others = said.transfers
        return (changed(said, transfers=(changed(first, **fields), *others)),)

    return Slip("ledger", TransfersPosted, change)


def _slipping(kind: type[Actor[Any, Any]], slip: Slip) -> type[Actor[Any, Any]]:
    def slipped(rule: Rule) -> Rule:
        return lambda actor, message, at: slip.of(kind.name, rule(actor, message, at))

    class Slipping(kind):  # type: ignore[misc, valid-type]
        __slots__ = ()
        emits = tuple(dict.fromkeys((*kind.emits, TradingStateChanged, RiskLimits)))
        rules = {each: slipped(rule) for each, rule in kind.rules.items()}  # noqa: RUF012

    return Slipping


def graph(slip: Slip) -> Kernel:
    """The three, routed by the product's own table; the venue is outside."""
    instruments = tuple(INSTRUMENTS.values())
    risk = RiskConfig(instruments, RiskProfile(**UNSIZED))
    orders = OrdersConfig(INSTRUMENTS, venue_in_graph=False)
    ledger = LedgerConfig(INSTRUMENTS)
    knowing = risk_state(risk)
    speaks(knowing, START_NS)
    actors = [
        _slipping(RiskActor, slip)(risk, knowing),
        _slipping(OrdersActor, slip)(orders, orders_state(orders)),
        _slipping(LedgerActor, slip)(ledger, ledger_state(ledger)),
    ]
    table = {
        kind: tuple(name for name in names if name in NAMES or name in SINKS)
        for kind, names in routes(venue_in_graph=False).items()
    }
    return Kernel(actors, {name: ChildSpec(name, Policy.HALT) for name in NAMES}, table)


class Gate:
    """A pump over the graph and a journal in PostgreSQL; one second passes with every input."""

    def __init__(self, dsn: str, slip: Slip) -> None:
        self.slip = slip
        self.kernel = graph(slip)
        self.street = Street()
        self.journal = PostgresJournal(dsn, ACCOUNT)
        self.at = START_NS

    async def open(self) -> None:
        """Lead the account and begin a run; nothing is said yet."""
        epoch = await self.journal.open_epoch("gate")
        await self.journal.begin_run(run_row())
        outbox = Outbox(
            self.street,
            epoch=epoch,
            trading_state=lambda: self.state,
            now=lambda: self.kernel.at,
            fail_points=FailPoints(""),
        )
        self.pump = Pump(
            self.kernel,
            self.journal,
            run_id="run-1",
            epoch=epoch,
            outbox=outbox,
            fail_points=FailPoints(""),
        )

    @property
    def state(self) -> TradingState:
        """What risk says may be sent."""
        found: TradingState = self.kernel.actor("risk").state.standing.state
        return found

    async def say(self, body: Message) -> None:
        """One input in a frame of its own, and all that follows from it."""
        await self.pump.admit([FeedItem(self.at, body)])
        await self.pump.flush()
        self.at += SECOND_NS

    async def begin(self) -> None:
        """The run starts with cash, a little XBT, and marks."""
        symbols = tuple(INSTRUMENTS)
        told = ("", "", "", "", BUNDLE, "", "")
        await self.say(RunStarted("run-1", ACCOUNT, "paper", 1, symbols, *told, model=activated()))
        await self.say(self.marks())
        await self.say(Deposit("USD", D("100000.00"), "cash", self.at))
        await self.say(Deposit("XBT", D("0.05000000"), "coins", self.at))

    async def rest_a_buy(self) -> str:
        """A buy of ETH that is sent and rests at the venue; its id."""
        await self.say(self.marks())
        await self.say(self.entry(1, ETH.symbol, "1990.00"))
        (order,) = self.street.taken
        assert isinstance(order, SubmitOrder)
        await self.say(ExecutionReport(order.cl_ord_id, "", ExecKind.ACCEPTED, self.at))
        await self.say(self.marks())
        return order.cl_ord_id

    def marks(self) -> MarkSlice:
        """XBT at 50,000, ETH at 2,000, both with a book that an entry needs."""
        rows = np.full((len(INSTRUMENTS), 6), np.nan)
        for index, price in enumerate((50_000.0, 2_000.0)):
            rows[index] = (price, price, price, 0.0, 0.001, 1e6)
        return MarkSlice(self.at, sealed(rows), sealed_ints(np.zeros(len(rows))))

    def entry(
        self, number: int, symbol: str = XBT.symbol, price: str = "50000.0", notional: str = "500"
    ) -> OrderIntent:
        """A buy for 500, well above its cost."""
        return OrderIntent(
            number,
            symbol,
            Side.BUY,
            D(notional),
            D(0),
            D(price),
            self.at,
            Action.ENTER,
            Reason.EDGE_ABOVE_COST,
            600_000,
            20_000,
            9_500,
        )

    def sale(self, number: int) -> OrderIntent:
        """A sale of a fifth of the XBT."""
        return changed(
            self.entry(number),
            side=Side.SELL,
            notional=D(0),
            quantity=D("0.01000000"),
            action=Action.EXIT,
            reason=Reason.EDGE_FADED,
        )

    async def bodies(self) -> list[Message]:
        """The journalled inputs, from the database."""
        frames = self.journal.frames()
        return [
            decode_record(record)[0].body async for frame in frames for record in open_frame(frame)
        ]


def run_gate(dsn: str, slip: Slip, work: Callable[[Gate], Any]) -> None:
    """Open a gate, do `work` with it, and close its journal."""

    async def whole() -> None:
        gate = Gate(dsn, slip)
        try:
            await gate.open()
            await work(gate)
        finally:
            await gate.journal.close()

    asyncio.run(whole())
