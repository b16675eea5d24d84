"""Whatever the day, what is computed from stored rows is what the ledger itself has in its state.

The ledger is the real one, driven through hostile days (see `tests.books_day`); the rows are what a
store would have kept of them.
"""

from __future__ import annotations

import decimal
from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings

from actors.messages.control import Reactivate
from actors.messages.order import OrderUpdate
from actors.money import EXACT
from service.books.auditing import Audit
from service.books.exports import BeancountExport
from service.books.inquiry import holdings
from service.books.lots import slippage_of
from service.books.profit import summed, ties, totals
from service.books.rows import AccountBalance, BookedFill
from service.books.statement import bookings, statement
from service.books.verification import Verdict, ledger_checks, order_check, row_checks, trade_check
from tests.beancount_text import transactions
from tests.books import of
from tests.books_day import CENT, STEPS, Drive, busy_steps
from tests.stored_books import Stored, stored

D = Decimal


def driven(steps: list[tuple[Any, ...]], *, accepted_after: int | None = None) -> Drive:
    """The day; a person accepts what stands in suspense after so many steps."""
    drive = Drive(venue_in_graph=False)
    for number, step in enumerate(steps):
        if number == accepted_after:
            drive.books.send(Reactivate("ann", "seen"))
        drive.step(step)
    return drive


def carried(rows: Stored) -> list[AccountBalance]:
    """The balances as the last posting of each account carries them."""
    found: dict[str, tuple[str, Decimal]] = {}
    changes: dict[str, Decimal] = defaultdict(Decimal)
    for posted in rows.transfers:
        row = posted.transfer
        changes[row.debit] -= row.amount
        changes[row.credit] += row.amount
        found[row.debit] = (row.asset, row.debit_balance)
        found[row.credit] = (row.asset, row.credit_balance)
    return [
        AccountBalance(name, asset, balance, changes[name], 1)
        for name, (asset, balance) in sorted(found.items())
    ]


def check_day(drive: Drive) -> None:
    """Lots, results, totals, audit, checks and exports of one day."""
    rows, state = stored(drive.books.sent), drive.books.ledger.state
    book = rows.book()
    assert book.state.realised == state.realised
    assert book.state.fees == state.fees
    assert {name: each.lots for name, each in book.state.positions.items()} == {
        name: each.lots for name, each in state.positions.items()
    }
    lots = book.open_lots()
    for symbol, position in state.positions.items():
        mine = [each for each in lots if each.symbol == symbol]
        assert [(each.quantity, each.cost) for each in mine] == [
            (each.quantity, each.cost) for each in position.lots
        ]
        assert [each.bought_at for each in mine] == sorted(each.bought_at for each in mine)
    assert len(lots) == sum(len(each.lots) for each in state.positions.values())
    assert [each for each in holdings(book, carried(rows)) if not each.holds] == []
    total = summed("total", book.results)
    assert total.realised == state.realised
    assert total.price + total.fee + total.slippage == state.realised
    check_costs(book, rows)
    check_audit(drive, rows)
    check_texts(rows)
    _, portfolio = rows.portfolios[-1]
    told = ties(portfolio, totals(book), carried(rows), "USD")
    assert [each.figure for each in told if not each.holds] == []


def check_costs(book: Any, rows: Stored) -> None:
    """Every fee is either realised or still in a lot: none is lost and none counted twice."""
    kept, fills = book.carried(), [each for each in rows.fills if is_first(each, rows)]
    assert sum((each.fee for each in book.results), D(0)) + kept.fee == book.state.fees
    slippage = sum((each.slippage for each in book.results), D(0)) + kept.slippage
    assert slippage == sum((slippage_of(each.fill, CENT) for each in fills), D(0))
    assert [each.trade for each in book.results if each.trade is not None] == [
        each.trade for each in rows.trades
    ]


def is_first(booked: BookedFill, rows: Stored) -> bool:
    """Whether the trade had not been told without its order before, and booked so."""
    return not any(
        each.trade.exec_id == booked.fill.exec_id
        and each.trade.booked
        and each.order < booked.order
        for each in rows.unexplained
    )


def check_audit(drive: Drive, rows: Stored) -> None:
    """Every check is TRUE of an untouched store."""
    audit = Audit(mark_seq=len(drive.books.sent) + 1)
    for stray in rows.unexplained:
        audit.unexplained(stray)
    for booked in rows.fills:
        audit.fill(booked)
    for posted in rows.transfers:
        audit.transfer(posted)
    audit.finish()
    assert audit.at_mark is not None
    events = {
        each.cl_ord_id: (each.state.value, each.filled)
        for each in of(OrderUpdate, drive.books.sent)
    }
    checks = [
        *row_checks(audit),
        *ledger_checks(drive.books.ledger.state, audit.at_mark, rows.book()),
        order_check(drive.books.orders.state, events, audit.filled),
        trade_check(rows.book(), rows.trades),
    ]
    assert [each for each in checks if each.verdict is not Verdict.TRUE] == []


def check_texts(rows: Stored) -> None:
    """A statement of all of it closes, and its Beancount text is double entry."""
    balances = carried(rows)
    day = statement("a day", [], rows.transfers, balances)
    assert day.faults == ()
    assert sum(len(each.transfers) for each in day.movements) == len(rows.transfers)
    made = BeancountExport("account", balances, rows.transfers[0].at, rows.transfers[-1].at)
    booked = [made.booking(each) for each in bookings(rows.transfers)]
    assert len(transactions("".join([made.head(), *booked, made.tail()]))) == len(booked)


@settings(max_examples=150)
@given(steps=STEPS)
def test_any_day_is_told_by_its_rows_as_the_ledger_has_it(steps: list[tuple[Any, ...]]) -> None:
    with decimal.localcontext(EXACT):
        day = driven(steps, accepted_after=len(steps) // 2)
        check_day(day)
        day.books.send(Reactivate("ann", "seen too"))
        check_day(day)


@pytest.mark.parametrize("seed", range(25))
def test_a_busy_day_is_told_by_its_rows_as_the_ledger_has_it(seed: int) -> None:
    with decimal.localcontext(EXACT):
        check_day(driven(busy_steps(seed)))
