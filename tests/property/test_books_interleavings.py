"""Any interleaving of deposits, orders, fills, ends, repeats and cuts keeps the books right.

The venue here is hostile within the facts: reports come late, twice, in any order, after a cancel,
beyond the quantity, with fees in any asset, of orders that nobody remembers. A naive model that
knows nothing of holds, lots or messages says what the totals must be.
"""

from __future__ import annotations

import decimal
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.ledger.balance import faults_of
from actors.messages.codec import encode
from actors.messages.control import ConstraintViolated, Note
from actors.messages.decision import Side
from actors.messages.execution import Fill, TradeUnexplained
from actors.messages.ledger import HoldReleased, PortfolioState, TradeClosed, TransfersPosted
from actors.messages.order import OrderState, PlaceHold, SubmitOrder
from actors.money import EXACT
from actors.orders.lifecycle import TERMINAL
from tests.books import INSTRUMENTS, of
from tests.books_day import STEPS, Drive, busy_steps

D = Decimal


def money(function: Callable[[], None]) -> None:
    with decimal.localcontext(EXACT):
        function()


def check_books(drive: Drive) -> None:
    """After every step: balances, holds, positions and profit, against the naive totals."""
    books, state = drive.books, drive.books.ledger.state
    assert faults_of(state) == ()
    cash = sum((books.balance(f"{kind}:USD") for kind in ("available", "held", "suspense")), D(0))
    assert cash == drive.naive.cash
    for name, account in state.accounts.items():
        kind, asset = name.split(":", 1)
        if kind == "available" and account.balance > 0:
            assert books.balance(f"suspense:{asset}") == 0, "free, and a fact has taken it"
        assert kind not in {"available", "held", "fees"} or account.balance >= 0
        assert kind != "suspense" or account.balance <= 0
    lots_cost = D(0)
    for symbol, instrument in INSTRUMENTS.items():
        base = instrument.base
        owned = sum((books.balance(f"{k}:{base}") for k in ("available", "held", "suspense")), D(0))
        assert owned == drive.naive.owned[base]
        position = state.positions.get(symbol)
        if position is not None:
            assert position.quantity == sum(lot.quantity for lot in position.lots) > 0
            assert position.cost == sum(lot.cost for lot in position.lots) >= 0
            lots_cost += position.cost
        held = D(0) if position is None else position.quantity
        assert held == max(owned, D(0))
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
        [(each.booked, each.exec_id) for each in of(TradeUnexplained, sent)],
        [each.intent_no for each in drive.books.orders.state.live.values()],
    ):
        assert len(ids) == len(set(ids))
    held = {each.cl_ord_id for each in of(PlaceHold, sent)}
    assert {each.cl_ord_id for each in of(HoldReleased, sent)} <= held
    short = any(name.startswith("suspense:") for name in balances)
    halts = [each.name for each in of(ConstraintViolated, sent)]
    assert short == any(name.startswith("suspense:") for name in halts)
    assert halts.count("unexplained_trade") == len(of(TradeUnexplained, sent))
    state = drive.books.ledger.state
    assert state.realised == sum((each.realised for each in of(TradeClosed, sent)), D(0)) or any(
        note.event in {"ledger.shortfall", "ledger.trade_unexplained"} for note in of(Note, sent)
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


@settings(max_examples=200)
@given(
    bids=st.lists(st.integers(1, 200), min_size=1, max_size=8),
    deposits=st.lists(st.integers(1, 10**12), min_size=1, max_size=8),
)
def test_no_deposit_changes_the_drawdown(bids: list[int], deposits: list[int]) -> None:
    """Whatever the loss, and down to a millionth of a cent of exponent."""

    def run() -> None:
        drive = Drive(venue_in_graph=True)
        drive.do_order("XBT/USD", Side.BUY, Decimal("0.1500"), 0)
        drive.do_fill(-1, 100, 0, "quote", 1)
        for number, amount in enumerate(deposits):
            drive.do_mark(bids[number % len(bids)])
            before = of(PortfolioState, drive.books.sent)[-1]
            drive.books.fund(str(Decimal(amount).scaleb(-8)), source=f"n{number}")
            after = of(PortfolioState, drive.books.sent)[-1]
            assert abs(after.drawdown - before.drawdown) <= 1
            assert (after.drawdown == 0) == (before.drawdown == 0)

    money(run)
