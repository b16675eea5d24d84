"""Any interleaving of deposits, orders, fills, ends, repeats and cuts keeps the books right.

The venue here is hostile within the facts: reports come late, twice, in any order, after a cancel,
beyond the quantity, with fees in quote or base. A naive model that knows nothing of holds, lots or
messages says what the totals must be.
"""

from __future__ import annotations

import decimal
import random
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.ledger.balance import faults_of
from actors.messages.codec import encode
from actors.messages.control import ConstraintViolated, EpochOpened, Note
from actors.messages.decision import Side
from actors.messages.execution import (
    ExecKind,
    ExecutionReport,
    Fill,
    NotSent,
    VenueEvidence,
)
from actors.messages.ledger import HoldReleased, PortfolioState, TradeClosed, TransfersPosted
from actors.messages.order import OrderState, PlaceHold, SubmitOrder
from actors.money import EXACT, multiply_down, multiply_even
from actors.orders.lifecycle import TERMINAL
from actors.orders.state import OrdersConfig
from tests.books import INSTRUMENTS, SECOND, Books, approved, of, word

D = Decimal
CENT = D("0.01")
PRICES = {"XBT/USD": D("50000.0"), "ETH/USD": D("3000.00")}

_symbols = st.sampled_from(tuple(INSTRUMENTS))
_lots = st.integers(20, 4000).map(lambda n: D(n) * D("0.00010000"))
_orders = st.tuples(st.just("order"), _symbols, st.sampled_from(Side), _lots, st.integers(-50, 50))
_fills = st.tuples(
    st.just("fill"),
    st.integers(0, 30),  # which order
    st.integers(1, 130),  # per cent of the quantity: up to an overfill
    st.integers(-30, 10),  # ticks beside the limit
    st.sampled_from(("quote", "quote", "quote", "base", "")),
    st.integers(1, 2),  # told so many times
)
_words = st.tuples(
    st.just("word"), st.integers(0, 30), st.sampled_from([k for k in ExecKind if k != "trade"])
)
_repeats = st.tuples(st.just("repeat"), st.integers(0, 200))
_marks = st.tuples(st.just("mark"), st.integers(1, 200))
_deposits = st.tuples(st.just("deposit"), st.integers(1, 500_000), st.integers(0, 20))
_unknowns = st.tuples(
    st.just("evidence"), st.integers(0, 30), st.booleans(), st.booleans(), st.booleans()
)
_others = st.sampled_from((("cut",), ("epoch",), ("wait",)))
_not_sent = st.tuples(st.just("not_sent"), st.integers(0, 30))
STEPS = st.lists(
    st.one_of(
        _orders,
        _orders,
        _fills,
        _fills,
        _fills,
        _words,
        _repeats,
        _marks,
        _deposits,
        _unknowns,
        _others,
        _not_sent,
    ),
    min_size=5,
    max_size=60,
)


def busy_steps(seed: int, length: int = 90) -> list[tuple[Any, ...]]:
    """A long, busy sequence from a seed: mostly small orders and their fills."""
    dice = random.Random(seed)
    makers: list[Callable[[], tuple[Any, ...]]] = [
        lambda: (
            "order",
            dice.choice(tuple(INSTRUMENTS)),
            dice.choice((Side.BUY, Side.BUY, Side.SELL)),
            D(dice.randint(20, 400)) * D("0.00010000"),
            dice.randint(-50, 50),
        ),
        lambda: (
            "fill",
            -dice.randint(1, 6),
            dice.choice((10, 25, 33, 50, 75, 100, 110)),
            dice.randint(-30, 10),
            dice.choice(("quote", "quote", "quote", "base", "")),
            dice.randint(1, 2),
        ),
        lambda: ("word", -dice.randint(1, 6), dice.choice([k for k in ExecKind if k != "trade"])),
        lambda: ("repeat", dice.randint(0, 200)),
        lambda: ("mark", dice.randint(80, 120)),
        lambda: ("deposit", dice.randint(1, 500_000), dice.randint(0, 20)),
        lambda: ("evidence", -dice.randint(1, 6), *(dice.random() < 0.5 for _ in range(3))),
        lambda: ("not_sent", -dice.randint(1, 6)),
        lambda: dice.choice((("cut",), ("epoch",), ("wait",))),
    ]
    weights = (30, 36, 6, 5, 8, 3, 6, 2, 4)
    return [make() for make in dice.choices(makers, weights, k=length)]


class Naive:
    """Totals by adding up facts: no accounts, no lots, no holds."""

    def __init__(self) -> None:
        self.cash = D(0)
        self.deposited = D(0)
        self.base: dict[str, Decimal] = defaultdict(Decimal)
        self.seen: set[tuple[str, str]] = set()

    def fill(self, report: ExecutionReport, symbol: str, side: Side) -> None:
        key = (report.cl_ord_id, report.exec_id)
        if key in self.seen:
            return
        self.seen.add(key)
        sign = 1 if side is Side.BUY else -1
        self.cash -= sign * report.cost
        self.base[symbol] += sign * report.last_quantity
        if report.fee_asset in {"USD", ""}:
            self.cash -= report.fee
        else:
            self.base[symbol] -= report.fee


class Drive:
    """Turns drawn steps into messages; reports concern only orders that were sent."""

    def __init__(self, *, venue_in_graph: bool) -> None:
        self.books = Books(orders=OrdersConfig(INSTRUMENTS, venue_in_graph=venue_in_graph))
        self.books.start()
        self.naive = Naive()
        self.submitted: list[SubmitOrder] = []
        self.reports: list[ExecutionReport] = []
        self.epoch = 1
        self.intents = 0
        self.deposits: set[str] = set()
        self.short: list[str] = []
        self.deposit("opening", D("10000.00"))
        for symbol in INSTRUMENTS:
            self.books.mark(XBT=50000.0, ETH=3000.0)
            assert symbol

    def deposit(self, source: str, amount: Decimal) -> None:
        self.books.fund(str(amount), source=source)
        if source not in self.deposits:
            self.deposits.add(source)
            self.naive.cash += amount
            self.naive.deposited += amount

    def pick(self, number: int) -> SubmitOrder | None:
        return self.submitted[number % len(self.submitted)] if self.submitted else None

    def step(self, step: tuple[Any, ...]) -> None:
        getattr(self, f"do_{step[0]}")(*step[1:])

    def do_order(self, symbol: str, side: Side, quantity: Decimal, ticks: int) -> None:
        price = PRICES[symbol] + ticks * INSTRUMENTS[symbol].tick
        message = approved(
            self.intents, side, str(quantity), str(price), symbol=symbol, at=self.books.at
        )
        self.intents += 1
        self.submitted += of(SubmitOrder, self.books.send(message))

    def do_fill(self, number: int, percent: int, ticks: int, fee_in: str, times: int) -> None:
        order = self.pick(number)
        if order is None:
            return
        instrument = INSTRUMENTS[order.symbol]
        quantity = multiply_down(order.quantity, D(percent).scaleb(-2), instrument.lot)
        price = order.limit_price + ticks * instrument.tick
        cost = multiply_even(quantity, price, CENT)
        fee, asset = multiply_even(cost, instrument.taker_fee, CENT), fee_in and "USD"
        if fee_in == "base":
            fee, asset = multiply_even(quantity, D("0.004"), instrument.lot), instrument.base
        report = ExecutionReport(
            order.cl_ord_id,
            f"t{len(self.reports)}",
            ExecKind.TRADE,
            self.books.at,
            quantity,
            price,
            cost,
            fee,
            asset,
        )
        self.reports.append(report)
        for _ in range(times):
            self.tell(report)

    def tell(self, report: ExecutionReport) -> None:
        self.books.send(report)
        order = next(o for o in self.submitted if o.cl_ord_id == report.cl_ord_id)
        if report.kind is ExecKind.TRADE and report.last_quantity > 0:
            self.naive.fill(report, order.symbol, order.side)

    def do_word(self, number: int, kind: ExecKind) -> None:
        if (order := self.pick(number)) is not None:
            report = word(order.cl_ord_id, kind, f"w{len(self.reports)}")
            self.reports.append(report)
            self.tell(report)

    def do_repeat(self, number: int) -> None:
        if self.reports:
            self.tell(self.reports[number % len(self.reports)])

    def do_mark(self, per_cent: int) -> None:
        marks = {i.base: float(PRICES[i.symbol]) * per_cent / 100 for i in INSTRUMENTS.values()}
        self.books.mark(**marks)

    def do_deposit(self, cents: int, source: int) -> None:
        self.deposit(f"d{source}", D(cents) * CENT)

    def do_evidence(self, number: int, found: bool, complete: bool, is_open: bool) -> None:
        if (order := self.pick(number)) is None:
            return
        reports = tuple(r for r in self.reports if r.cl_ord_id == order.cl_ord_id)
        told = VenueEvidence(
            order.cl_ord_id, self.books.at, found, complete, is_open, reports if found else ()
        )
        self.books.send(told)

    def do_not_sent(self, number: int) -> None:
        if (order := self.pick(number)) is not None:
            self.books.send(NotSent(order.cl_ord_id, "test", self.books.at))

    def do_cut(self) -> None:
        self.books.cut()

    def do_epoch(self) -> None:
        self.epoch += 1
        self.books.send(EpochOpened(self.epoch, "test"))

    def do_wait(self) -> None:
        self.books.pass_to(self.books.at + 20 * SECOND)


def money(function: Callable[[], None]) -> None:
    with decimal.localcontext(EXACT):
        function()


def check_books(drive: Drive) -> None:
    """After every step: balances, holds, positions and profit, against the naive totals."""
    books, state = drive.books, drive.books.ledger.state
    assert faults_of(state) == ()
    cash = sum((books.balance(f"{kind}:USD") for kind in ("available", "held", "suspense")), D(0))
    assert cash == drive.naive.cash
    lots_cost = D(0)
    for symbol, instrument in INSTRUMENTS.items():
        base = instrument.base
        owned = sum((books.balance(f"{k}:{base}") for k in ("available", "held", "suspense")), D(0))
        assert owned == drive.naive.base[symbol]
        position = state.positions.get(symbol)
        if position is not None:
            assert position.quantity == sum(lot.quantity for lot in position.lots) > 0
            assert position.cost == sum(lot.cost for lot in position.lots) >= 0
            lots_cost += position.cost
        held = D(0) if position is None else position.quantity
        if books.balance(f"suspense:{base}") == 0:
            assert held == owned
    assert cash == drive.naive.deposited + state.realised - lots_cost
    portfolio = of(PortfolioState, books.sent)[-1]
    assert portfolio.equity == drive.naive.deposited + portfolio.realised + portfolio.unrealised
    assert portfolio.peak >= portfolio.equity


def check_holds(drive: Drive) -> None:
    """Holds belong to live orders and equal their need, unless a fact took the last free funds."""
    books = drive.books
    live = books.orders.state.live
    holds = books.ledger.state.holds
    assert list(holds) == [name for name in live if name in holds]
    for name, order in live.items():
        remaining = order.quantity - order.filled
        instrument = INSTRUMENTS[order.symbol]
        asset, need = instrument.base, remaining
        if order.side is Side.BUY:
            asset, need = instrument.quote, instrument.hold_of(remaining, order.limit_price)
        assert holds[name].amount <= need
        if holds[name].amount < need and name not in drive.short:
            # Only a fact that took the last free funds may leave a hold short.
            assert books.balance(f"available:{asset}") == 0
            drive.short.append(name)


def check_messages(drive: Drive) -> None:
    """Rows continue each other; nothing is sent, released or booked twice; suspense gives alarm."""
    sent = drive.books.sent
    balances: dict[str, Decimal] = defaultdict(Decimal)
    sequences: dict[str, int] = defaultdict(int)
    sources = []
    rows = [row for posted in of(TransfersPosted, sent) for row in posted.transfers]
    for number, row in enumerate(rows, 1):
        balances[row.debit] -= row.amount
        balances[row.credit] += row.amount
        sequences[row.debit] += 1
        sequences[row.credit] += 1
        sources.append(row.source)
        assert row.amount > 0
        assert row.transfer_no == number
        assert (row.debit_balance, row.credit_balance) == (
            balances[row.debit],
            balances[row.credit],
        )
        assert (row.debit_sequence, row.credit_sequence) == (
            sequences[row.debit],
            sequences[row.credit],
        )
    for ids in (
        sources,
        [each.cl_ord_id for each in of(SubmitOrder, sent)],
        [each.cl_ord_id for each in of(HoldReleased, sent)],
        [(each.cl_ord_id, each.exec_id) for each in of(Fill, sent)],
        [each.intent_no for each in drive.books.orders.state.live.values()],
    ):
        assert len(ids) == len(set(ids))
    held = {each.cl_ord_id for each in of(PlaceHold, sent)}
    assert {each.cl_ord_id for each in of(HoldReleased, sent)} <= held
    short = any(name.startswith("suspense:") for name in balances)
    assert short == bool(of(ConstraintViolated, sent))
    state = drive.books.ledger.state
    assert state.realised == sum((each.realised for each in of(TradeClosed, sent)), D(0)) or any(
        note.event == "ledger.shortfall" for note in of(Note, sent)
    )


def check_orders(drive: Drive) -> None:
    """Orders' filled quantities are the facts'; live and closed ones lie where they belong."""
    state = drive.books.orders.state
    assert all(order.state not in TERMINAL for order in state.live.values())
    assert all(order.state in TERMINAL and not order.held for order in state.closed.values())
    booked: dict[str, Decimal] = defaultdict(Decimal)
    for fill in of(Fill, drive.books.sent):
        booked[fill.cl_ord_id] += fill.quantity
    for order in (*state.live.values(), *state.closed.values()):
        assert order.filled == booked[order.cl_ord_id]
        assert (order.state is OrderState.FILLED) == (order.filled >= order.quantity)


@settings(max_examples=150)
@given(steps=STEPS, venue_in_graph=st.booleans())
def test_any_interleaving_keeps_the_books_right(
    steps: list[tuple[Any, ...]], venue_in_graph: bool
) -> None:
    """Checked after every single step."""

    def run() -> None:
        drive = Drive(venue_in_graph=venue_in_graph)
        for step in steps:
            drive.step(step)
            check_books(drive)
            check_holds(drive)
            check_orders(drive)
        check_messages(drive)

    money(run)


@pytest.mark.parametrize("seed", range(120))
def test_a_busy_day_keeps_the_books_right(seed: int) -> None:
    """Long sequences with many live orders at once, checked after every step."""

    def run() -> None:
        drive = Drive(venue_in_graph=seed % 2 == 0)
        for step in busy_steps(seed):
            drive.step(step)
            check_books(drive)
            check_holds(drive)
            check_orders(drive)
        check_messages(drive)

    money(run)


@pytest.mark.parametrize("seed", range(30))
def test_a_busy_day_cut_at_every_step_is_the_same_day(seed: int) -> None:
    """Encode and decode before every single step: the same emissions."""

    def run() -> None:
        whole, cut = Drive(venue_in_graph=False), Drive(venue_in_graph=False)
        for step in busy_steps(seed):
            cut.books.cut()
            whole.step(step)
            cut.step(step)
        assert [encode(each) for each in whole.books.sent] == [
            encode(each) for each in cut.books.sent
        ]

    money(run)


@settings(max_examples=60)
@given(steps=STEPS, where=st.sets(st.integers(0, 60), max_size=6))
def test_a_cut_anywhere_continues_identically(
    steps: list[tuple[Any, ...]], where: set[int]
) -> None:
    """Encode, decode, go on: the same emissions and the same bytes of state."""

    def run() -> None:
        whole, cut = Drive(venue_in_graph=False), Drive(venue_in_graph=False)
        for number, step in enumerate(steps):
            if number in where:
                cut.books.cut()
            whole.step(step)
            cut.step(step)
        assert [encode(each) for each in whole.books.sent] == [
            encode(each) for each in cut.books.sent
        ]
        for name, actor in whole.books.actors.items():
            assert encode(actor.state) == encode(cut.books.actors[name].state)

    money(run)
