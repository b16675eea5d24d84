"""What must hold after every fault, read from the durable journal and from the sink's log.

The journal is stepped again from its first input with nothing recorded obeyed, so every check
here is also a replay. Money is added up exactly, from the venue's own facts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal

import msgspec

from actors.ids import GENESIS_ROOT
from actors.instruments import Instrument
from actors.journal_chain import ChainVerifier
from actors.kernel.kernel import Kernel
from actors.ledger.balance import faults_of
from actors.ledger.state import LedgerState
from actors.messages.codec import decode_message
from actors.messages.control import RunStarted
from actors.messages.decision import Side
from actors.messages.execution import ExecKind, ExecutionReport
from actors.messages.order import OrderState, SubmitOrder
from actors.money import run_exact
from actors.orders.lifecycle import TERMINAL
from actors.orders.state import Order, OrdersState
from actors.ports import Journal, Record
from service.drivers.replay import replay_run
from service.rebuilding import builder, graph_of
from service.recovery import decode_record, repeat
from tests.simulation.venue_sink import Line

OPENING = Decimal(10_000)
_ENVELOPE = msgspec.msgpack.Decoder(tuple[msgspec.Raw, ...])


class Witness(msgspec.Struct):
    """A journal as it lies on the disk, stepped from its first input."""

    kernel: Kernel
    instruments: dict[str, Instrument]
    submits: dict[str, SubmitOrder]
    runs: int

    @property
    def orders(self) -> dict[str, Order]:
        """Every order that the account remembers."""
        state: OrdersState = self.kernel.actor("orders").state
        assert state.retired == 0, "the case is too long for what is checked here"
        return {**state.closed, **state.live}

    @property
    def ledger(self) -> LedgerState:
        """The books."""
        state: LedgerState = self.kernel.actor("ledger").state
        return state


def submits_of(record: Record) -> list[SubmitOrder]:
    """The orders that a record would send."""
    bodies = [decode_message(bytes(_ENVELOPE.decode(each)[4])) for each in record.effects]
    return [body for body in bodies if isinstance(body, SubmitOrder)]


async def witness(journal: Journal) -> Witness | None:
    """Verify the chain, step everything again, replay every run; None for an empty journal."""
    found: Witness | None = None
    chain = ChainVerifier(GENESIS_ROOT)
    async for frame in journal.frames():
        for record in chain.check(frame):
            entry, _ = decode_record(record)
            if isinstance(entry.body, RunStarted):
                graph = graph_of(entry.body, verify=True)
                if found is None:
                    rules = {each.symbol: each for each in graph.instruments}
                    found = Witness(graph.kernel, rules, {}, 0)
                else:
                    graph.kernel.restore(found.kernel.snapshot())
                    found.kernel = graph.kernel
            assert found is not None, "the journal does not begin with a start"
            repeat(found.kernel, record, audit=True)
            for order in submits_of(record):
                assert order.cl_ord_id not in found.submits, "an order was decided twice"
                assert order.epoch == frame.epoch, "an order of another epoch"
                found.submits[order.cl_ord_id] = order
    if found is None:
        return None
    head_seq, head_root = await journal.head()
    chain.finish(head_seq, head_root)
    assert found.kernel.root == head_root
    for run in await journal.runs():
        if run.last_seq:
            report = await replay_run(journal, run, builder(verify=True), verify=True)
            assert report.parity, f"{report.kind} at input {report.seq}: {report.detail}"
            found.runs += 1
    return found


def check_sink(found: Witness | None, lines: list[Line]) -> None:
    """Sent at most once, only what is durable, as decided, by the process of its own epoch."""
    submits = {} if found is None else found.submits
    sent: Counter[str] = Counter()
    epochs: dict[int, set[int]] = defaultdict(set)
    for line in lines:
        order = line.message
        if line.op != "submit":
            continue
        assert isinstance(order, SubmitOrder)
        sent[order.cl_ord_id] += 1
        assert order.cl_ord_id in submits, f"{order.cl_ord_id} left before it was durable"
        assert order == submits[order.cl_ord_id], "another order left than was decided"
        epochs[line.pid].add(order.epoch)
    assert all(count == 1 for count in sent.values()), f"sent twice: {sent.most_common(1)}"
    # A process that sends an order of an epoch that another one opened sends it late.
    assert all(len(each) == 1 for each in epochs.values()), "one process sent for two epochs"
    owners = Counter(epoch for each in epochs.values() for epoch in each)
    assert all(count == 1 for count in owners.values()), "two processes sent for one epoch"


def check_books(found: Witness) -> None:
    """Books balance; holds are the open remainders; positions are the fills; nothing oversold."""
    ledger = found.ledger
    assert run_exact(lambda: faults_of(ledger)) == ()
    held = {name: hold.amount for name, hold in ledger.holds.items()}
    assert held == run_exact(lambda: _open_remainders(found))
    bought: dict[str, Decimal] = defaultdict(Decimal)
    selling: dict[str, Decimal] = defaultdict(Decimal)
    for order in found.orders.values():
        sells = order.side is Side.SELL
        bought[order.symbol] += -order.filled if sells else order.filled
        if sells and order.state not in TERMINAL:
            selling[order.symbol] += order.quantity - order.filled
    positions = {name: each.quantity for name, each in ledger.positions.items() if each.quantity}
    assert positions == {name: quantity for name, quantity in bought.items() if quantity}
    assert all(rest <= bought[symbol] for symbol, rest in selling.items()), "sold above holdings"


def _open_remainders(found: Witness) -> dict[str, Decimal]:
    wanted = {}
    for name, order in found.kernel.actor("orders").state.live.items():
        rest = order.quantity - order.filled
        rules = found.instruments[order.symbol]
        sells = order.side is Side.SELL
        wanted[name] = rest if sells else rules.hold_of(rest, order.limit_price)
    return wanted


def check_end(found: Witness, lines: list[Line]) -> None:
    """Every order is over and agrees with the venue; cash is what the venue's facts leave."""
    facts = [line.message for line in lines if line.op == "fact"]
    filled: dict[str, Decimal] = defaultdict(Decimal)
    said: dict[str, set[ExecKind]] = defaultdict(set)
    cash = OPENING
    for fact in facts:
        assert isinstance(fact, ExecutionReport)
        said[fact.cl_ord_id].add(fact.kind)
        filled[fact.cl_ord_id] += fact.last_quantity
        sells = found.submits[fact.cl_ord_id].side is Side.SELL
        cash += (fact.cost if sells else -fact.cost) - fact.fee
    for name, order in found.orders.items():
        assert order.state in TERMINAL, f"{name} is {order.state} at the end"
        assert order.filled == filled[name], f"{name}: {order.filled}, venue {filled[name]}"
        if not said[name]:
            assert order.state in (OrderState.REJECTED, OrderState.NOT_SENT)
        elif filled[name] == order.quantity:
            assert order.state is OrderState.FILLED
        elif order.state is not OrderState.CANCELLED:
            assert order.state.value in {kind.value for kind in said[name]}
    assert set(said) <= set(found.orders), "the venue has an order that we forgot"
    assert found.ledger.balance("available:USD") == cash
    assert not found.ledger.holds
