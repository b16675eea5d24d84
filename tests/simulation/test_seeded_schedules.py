"""One thousand seeded schedules of the whole graph: every invariant holds under every seed.

A seeded schedule serves any waiting mailbox, so whatever the actors assume about each other's
order comes out here. The day is short, has orders in flight, and an operator who interferes.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import cache

import pytest

from actors.instant import HOUR_NS, SECOND_NS
from actors.kernel.envelope import Input
from actors.kernel.kernel import Kernel
from actors.kernel.schedule import Schedule, SeededOrder
from actors.kernel.snapshot import Snapshot
from actors.kernel.step import StepResult
from actors.ledger.balance import faults_of
from actors.ledger.state import LedgerState
from actors.messages.base import Message
from actors.messages.control import ClockSkew, Deposit, KillSwitch, RunStarted
from actors.messages.decision import Side
from actors.messages.order import OrderState, OrderUpdate
from actors.messages.risk import IntentRefused, Refusal
from actors.money import run_exact
from actors.orders.lifecycle import TERMINAL, TRANSITIONS
from actors.orders.state import OrdersState
from actors.risk.profile import RiskProfile
from adapters.instruments.table import instruments
from adapters.seeded_market.feed import START_TS
from service.bundles import Choice, choose_bundle
from service.graph import build_graph
from service.settings import DecisionSettings, OrderSettings, VenueSettings
from tests.simulation.hourly_market import SYMBOLS, HourlyMarket
from tests.simulation.trader import EAGER

HOURS = 24
SEEDS = 1_000
CHUNK = 100
RISK = RiskProfile(edge_margin_micros=-20_000, exposure_cap_micros=45_000)
DECISION = DecisionSettings(
    strategy=EAGER,
    risk=RISK,
    orders=OrderSettings(lifetime_seconds=5400),
    venue=VenueSettings(participation_ratio=Decimal("0.0005")),
    beyond_bounds=True,
)
# Who interferes, and how many hours after the start.
OPERATOR: tuple[tuple[int, Message], ...] = (
    (9, KillSwitch(1, "test", "no new risk")),
    (11, KillSwitch(0, "test", "go on")),
    (13, ClockSkew(2 * SECOND_NS)),
    (14, ClockSkew(0)),
    (18, KillSwitch(3, "test", "flatten")),
    (20, KillSwitch(0, "test", "go on")),
)


def kernel(schedule: Schedule | None) -> Kernel:
    """The graph of `ballast paper` under a schedule."""
    return build_graph(DECISION, instruments(SYMBOLS), choice().predictor, schedule=schedule).kernel


@cache
def choice() -> Choice:
    """The shipped synthetic model, loaded once."""
    return choose_bundle("", mode="PAPER", feed_kind="seeded")


@cache
def day() -> tuple[Snapshot, tuple[Input, ...]]:
    """A graph that is warm and funded, and what happens to it then."""
    warm = kernel(None)
    model = choice().statement
    assert model is not None
    told = ("", "", "", "", model.bundle_id, model.marker, "")
    start = RunStarted("run", "paper", "PAPER", 1, SYMBOLS, *told, model=model)
    items = list(HourlyMarket(5, HOURS, quiet=4).items())
    bodies: list[tuple[int, Message]] = [(item.at, item.body) for item in items]
    for hours, body in OPERATOR:
        at = START_TS + hours * HOUR_NS + SECOND_NS // 2
        bodies.append((at, body))
    bodies.sort(key=lambda each: each[0])
    first = bodies[0][0]
    funds = Deposit("USD", Decimal(10_000), "opening", first)
    inputs = [
        Input(seq, at, body)
        for seq, (at, body) in enumerate([(first, start), (first, funds), *bodies], 1)
    ]
    split = next(n for n, each in enumerate(inputs) if each.at > START_TS)
    for entry in inputs[:split]:
        warm.step(entry)
    return warm.snapshot(), tuple(inputs[split:])


class Standing:
    """What must hold after every step, and what was seen on the way."""

    def __init__(self, core: Kernel) -> None:
        self.core = core
        self.states: dict[str, OrderState] = {}
        self.admitted = 0
        self.refused: set[Refusal] = set()

    def check(self, result: StepResult) -> None:
        """Every invariant, after one step."""
        assert result.outcome.status == "ok", result.outcome
        ledger: LedgerState = self.core.actor("ledger").state
        orders: OrdersState = self.core.actor("orders").state
        assert faults_of(ledger) == ()
        for envelope in result.records:
            body = envelope.body
            if isinstance(body, OrderUpdate):
                self._follow(body, ledger, orders)
            elif isinstance(body, IntentRefused):
                self.refused.add(body.reason)
        for name, order in orders.live.items():
            rest = order.quantity - order.filled
            assert rest > 0
            rules = self.core.actor("ledger").config.instruments[order.symbol]
            sells = order.side is Side.SELL
            wanted = rest if sells else rules.hold_of(rest, order.limit_price)
            assert ledger.holds[name].amount == wanted
        assert set(ledger.holds) == set(orders.live)
        self._check_sales(ledger, orders)

    def _follow(self, update: OrderUpdate, ledger: LedgerState, orders: OrdersState) -> None:
        before = self.states.get(update.cl_ord_id)
        if before is None:
            assert update.state is OrderState.PENDING
        else:
            assert update.state in TRANSITIONS[before].values(), f"{before} to {update.state}"
        self.states[update.cl_ord_id] = update.state
        if update.state is OrderState.SUBMITTED and update.side is Side.BUY:
            self.admitted += 1
            self._check_exposure(ledger, orders)

    def _check_exposure(self, ledger: LedgerState, orders: OrdersState) -> None:
        """Risk admits on the last portfolio it saw; a mark of the same instant may move it."""
        worth = sum((max(each.value, Decimal(0)) for each in ledger.positions.values()), Decimal(0))
        resting = sum(
            (
                (order.quantity - order.filled) * order.limit_price
                for order in orders.live.values()
                if order.side is Side.BUY
            ),
            Decimal(0),
        )
        cap = ledger.equity * Decimal(RISK.exposure_cap_micros) * Decimal("0.000001")
        assert worth + resting <= cap * Decimal("1.02")

    def _check_sales(self, ledger: LedgerState, orders: OrdersState) -> None:
        for symbol in SYMBOLS:
            selling = sum(
                (
                    order.quantity - order.filled
                    for order in orders.live.values()
                    if order.side is Side.SELL and order.symbol == symbol
                ),
                Decimal(0),
            )
            position = ledger.positions.get(symbol)
            assert selling <= (Decimal(0) if position is None else position.quantity)


def play(core: Kernel, standing: Standing) -> None:
    """The whole day, checked after every input."""
    snapshot, inputs = day()
    core.restore(snapshot)

    def steps() -> None:
        for entry in inputs:
            standing.check(core.step(entry))

    run_exact(steps)
    assert core.halt is None
    assert all(state in TERMINAL for state in standing.states.values())


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_every_invariant_holds_under_every_seed(first: int) -> None:
    """A hundred seeds a test; the seed is in the message of whatever fails."""
    core_of: Iterator[tuple[int, Kernel]] = (
        (seed, kernel(SeededOrder(seed))) for seed in range(first, first + CHUNK)
    )
    for seed, core in core_of:
        standing = Standing(core)
        try:
            play(core, standing)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
        assert standing.admitted >= 5, f"seed {seed}: the day was too quiet"


def test_the_day_is_one_on_which_something_can_go_wrong() -> None:
    """Partial fills, an exposure cap that binds, a kill switch that refuses, different orders."""
    core = kernel(None)
    standing = Standing(core)
    play(core, standing)
    assert Refusal.EXPOSURE_CAP in standing.refused
    roots = set()
    for seed in range(4):
        other = kernel(SeededOrder(seed))
        play(other, Standing(other))
        roots.add(other.root)
    assert len(roots) > 1, "the schedules do not differ"
