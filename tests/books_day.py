"""Drawn and seeded days for the books: steps, the hostile venue that tells them, and naive totals.

Reports come late, twice, in any order, after a cancel, beyond the quantity, with fees in quote or
base or another symbol's base. Some concern orders that nobody remembers: with or without symbol
and side, of symbols outside the run, selling what is not held and paying what is not there.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import strategies as st

from actors.messages.control import EpochOpened
from actors.messages.decision import Side
from actors.messages.execution import (
    ExecKind,
    ExecutionReport,
    NotSent,
    VenueEvidence,
)
from actors.messages.order import SubmitOrder
from actors.money import multiply_down, multiply_even
from actors.orders.state import OrdersConfig
from tests.books import INSTRUMENTS, SECOND, Books, approved, of, word

D = Decimal
CENT = D("0.01")
TOLD_WITHOUT_ORDER_FIRST = 3
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
    st.integers(1, 3),  # told so many times
)
_strays = st.tuples(
    st.just("stray"),
    st.sampled_from(("", "foreign", "ours")),
    st.sampled_from((*INSTRUMENTS, "DOGE/USD", "ETH/XBT", "XBT/DOGE", "", "XBTUSD")),
    st.sampled_from((Side.BUY, Side.SELL, None)),
    st.integers(1, 4000),  # of 0.0001 base
    st.sampled_from(("", "USD", "XBT", "ETH", "DOGE")),
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
        _strays,
        _strays,
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
            dice.randint(1, 3),
        ),
        lambda: ("word", -dice.randint(1, 6), dice.choice([k for k in ExecKind if k != "trade"])),
        lambda: (
            "stray",
            dice.choice(("", "foreign", "ours")),
            dice.choice((*INSTRUMENTS, "DOGE/USD", "ETH/XBT", "")),
            dice.choice((Side.BUY, Side.SELL)),
            dice.randint(1, 400),
            dice.choice(("", "USD", "XBT")),
        ),
        lambda: ("repeat", dice.randint(0, 200)),
        lambda: ("mark", dice.randint(80, 120)),
        lambda: ("deposit", dice.randint(1, 500_000), dice.randint(0, 20)),
        lambda: ("evidence", -dice.randint(1, 6), *(dice.random() < 0.5 for _ in range(3))),
        lambda: ("not_sent", -dice.randint(1, 6)),
        lambda: dice.choice((("cut",), ("epoch",), ("wait",))),
    ]
    weights = (30, 36, 6, 4, 5, 8, 3, 6, 2, 4)
    return [make() for make in dice.choices(makers, weights, k=length)]


class Naive:
    """What is owned of each asset, by adding up facts: no accounts, no lots, no holds."""

    def __init__(self) -> None:
        self.deposited = D(0)
        self.owned: dict[str, Decimal] = defaultdict(Decimal)
        self.seen: set[str] = set()

    @property
    def cash(self) -> Decimal:
        """Of the reporting currency."""
        return self.owned["USD"]

    def fill(self, report: ExecutionReport, symbol: str, side: Side) -> None:
        if report.exec_id in self.seen:
            return
        self.seen.add(report.exec_id)
        sign = 1 if side is Side.BUY else -1
        base, quote = symbol.split("/")
        self.owned[base] += sign * report.last_quantity
        self.owned[quote] -= sign * report.cost
        self.owned[report.fee_asset or quote] -= report.fee


class Drive:
    """Turns drawn steps into messages; `strays` are reports of orders that were never sent."""

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
            self.naive.owned["USD"] += amount
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
        if times == TOLD_WITHOUT_ORDER_FIRST:
            self.tell(self.without_order(report))
        for _ in range(times):
            self.tell(report)

    def without_order(self, report: ExecutionReport) -> ExecutionReport:
        """The same trade as the venue's history tells it: symbol and side, no client id."""
        order = next((o for o in self.submitted if o.cl_ord_id == report.cl_ord_id), None)
        if order is None:
            return report
        return msgspec.structs.replace(report, cl_ord_id="", symbol=order.symbol, side=order.side)

    def tell(self, report: ExecutionReport) -> None:
        self.books.send(report)
        if report.kind is not ExecKind.TRADE or not report.last_quantity:
            return
        order = next((o for o in self.submitted if o.cl_ord_id == report.cl_ord_id), None)
        symbol, side = report.symbol, report.side
        if order is not None:
            symbol, side = order.symbol, order.side
        if "/" in symbol and side is not None:
            self.naive.fill(report, symbol, side)

    def do_stray(
        self, whose: str, symbol: str, side: Side | None, lots: int, fee_asset: str
    ) -> None:
        """A trade that names no order of ours; `ours` is one that was told of a sent order."""
        if whose == "ours":
            trades = [r for r in self.reports if r.kind is ExecKind.TRADE]
            if trades:
                self.tell(self.without_order(trades[lots % len(trades)]))
            return
        quantity = D(lots) * D("0.0001")
        cost = multiply_even(quantity, PRICES.get(symbol, D("0.05")), CENT)
        report = ExecutionReport(
            whose,
            f"t{len(self.reports)}",
            ExecKind.TRADE,
            self.books.at,
            quantity,
            D("1.0"),
            cost,
            D("0.01"),
            fee_asset,
            symbol=symbol,
            side=side,
        )
        self.reports.append(report)
        self.tell(report)

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
