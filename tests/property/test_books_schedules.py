"""Orders, ledger and paper venue in the real kernel, under every causally legal schedule.

A seeded schedule picks any waiting mailbox; whatever it picks, the books balance, no order is sent
twice, and the same schedule gives the same root again, also from a snapshot taken on the way.
"""

from __future__ import annotations

import random
from decimal import Decimal

import msgspec
import numpy as np
import pytest

from actors.kernel.envelope import Input
from actors.kernel.kernel import Kernel
from actors.kernel.schedule import SeededOrder
from actors.kernel.stamp import SINKS
from actors.kernel.supervisor import ChildSpec, Policy
from actors.ledger.actor import LedgerActor
from actors.ledger.balance import faults_of
from actors.ledger.state import LedgerConfig
from actors.ledger.state import initial_state as ledger_state
from actors.messages.arrays import sealed, sealed_ints
from actors.messages.base import Message
from actors.messages.control import Deposit, RunStarted, Tick
from actors.messages.decision import Side
from actors.messages.execution import ExecutionReport, TradeUnexplained
from actors.messages.market import CandleSlice, MarkSlice
from actors.messages.risk import TradingState, TradingStateChanged
from actors.money import run_exact
from actors.orders.actor import OrdersActor
from actors.orders.actor import initial_state as orders_state
from actors.orders.state import OrdersConfig
from actors.paper_venue.actor import PaperVenueActor
from actors.paper_venue.state import PaperVenueConfig
from actors.paper_venue.state import initial_state as venue_state
from actors.routes import routes
from tests.books import INSTRUMENTS, SECOND, START, approved, trade

D = Decimal
MINUTE = 60 * SECOND


def kernel(seed: int) -> Kernel:
    orders = OrdersConfig(INSTRUMENTS, lifetime_ns=3 * MINUTE)
    ledger = LedgerConfig(INSTRUMENTS)
    venue = PaperVenueConfig(INSTRUMENTS)
    actors = (
        PaperVenueActor(venue, venue_state(venue)),
        OrdersActor(orders, orders_state(orders)),
        LedgerActor(ledger, ledger_state(ledger)),
    )
    there = {actor.name for actor in actors} | set(SINKS)
    table = {
        kind: tuple(name for name in names if name in there)
        for kind, names in routes(venue_in_graph=True).items()
    }
    specs = {actor.name: ChildSpec(actor.name, Policy.HALT) for actor in actors}
    return Kernel(actors, specs, table, schedule=SeededOrder(seed))


def stray(dice: random.Random, number: int) -> ExecutionReport:
    """A trade of an order that nobody remembers; some sell or spend what is not there."""
    quantity = D(dice.randint(1, 300)) * D("0.001")
    told = trade("foreign", f"s{number}", str(quantity), cost="1500.00", fee="0.01")
    return msgspec.structs.replace(told, symbol="XBT/USD", side=dice.choice(tuple(Side)))


def day(seed: int) -> list[Input]:
    """Inputs of a short day: funds, approvals in bursts, candles, marks, a halt and strays."""
    dice = random.Random(seed)
    symbols = tuple(INSTRUMENTS)
    bodies: list[tuple[int, Message]] = [
        (START, RunStarted("run", "account", "PAPER", 1, symbols, "", "", "", "", "", "", "")),
        (START, Deposit("USD", D("20000"), "opening", START)),
    ]
    at, number = START, 0
    for _ in range(40):
        for _ in range(dice.randint(0, 3)):
            side = dice.choice((Side.BUY, Side.BUY, Side.SELL))
            quantity = D(dice.randint(1, 80)) * D("0.001")
            price = D(500_000 + dice.randint(-100, 200)) * D("0.1")
            bodies.append((at, approved(number, side, str(quantity), str(price), at=at)))
            number += 1
        if dice.random() < 0.1:
            state = dice.choice(tuple(TradingState))
            bodies.append((at, TradingStateChanged(state, 0, "test")))
        if dice.random() < 0.2:
            bodies += [(at, stray(dice, len(bodies)))] * dice.randint(1, 2)
        opened = 50_000 + dice.randint(-20, 20)
        row = [opened, opened + 15, opened - 15, opened, dice.random(), 3]
        candle = sealed(np.array([row], dtype=np.float64))
        bodies.append((at + MINUTE, CandleSlice(at, MINUTE, sealed_ints([0]), candle)))
        at += MINUTE
        marks = np.full((2, 6), np.nan)
        marks[0, 0] = opened
        bodies.append((at, MarkSlice(at, sealed(marks), sealed_ints([0, 0]))))
    bodies.append((at + 10 * MINUTE, Tick(at + 10 * MINUTE)))
    return [Input(n, when, body) for n, (when, body) in enumerate(bodies, 1)]


@pytest.mark.parametrize("seed", range(40))
def test_the_books_hold_under_every_schedule(seed: int) -> None:
    """No halt, balanced books after every input, no hold left at the end."""
    inputs = run_exact(lambda: day(seed % 4))
    core = kernel(seed)
    told: list[type[Message]] = []
    for entry in inputs:
        result = core.step(entry)
        assert result.outcome.status == "ok"
        assert run_exact(lambda: faults_of(core.actor("ledger").state)) == ()
        told += [type(envelope.body) for envelope in result.records]
    assert core.halt is None
    assert not core.actor("orders").state.live
    assert not core.actor("ledger").state.holds
    assert not core.actor("paper_venue").state.orders
    strays = {entry.body for entry in inputs if isinstance(entry.body, ExecutionReport)}
    assert told.count(TradeUnexplained) == len(strays) > 0


@pytest.mark.parametrize("seed", range(6))
def test_the_same_schedule_gives_the_same_root_also_from_a_snapshot(seed: int) -> None:
    """From zero twice, and from half way."""
    inputs = run_exact(lambda: day(seed))
    first, second = kernel(seed), kernel(seed)
    half = len(inputs) // 2
    for entry in inputs[:half]:
        first.step(entry)
    snapshot = first.snapshot()
    for entry in inputs[half:]:
        first.step(entry)
    for entry in inputs:
        second.step(entry)
    third = kernel(seed)
    third.restore(snapshot)
    for entry in inputs[half:]:
        third.step(entry)
    assert first.root == second.root == third.root
