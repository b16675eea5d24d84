"""Hostile facts: of orders that nobody remembers, beyond order, holdings and cash, told again and
in any order, with numbers that no market has.

Postings sum to zero, only suspense is below zero, duplicates change nothing, the order of the facts
changes no total, and nothing raises.
"""

from __future__ import annotations

import decimal
import random
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.ledger.balance import faults_of
from actors.messages.codec import encode
from actors.messages.control import ConstraintViolated
from actors.messages.decision import Side
from actors.messages.execution import ExecutionReport, Fill, TradeUnexplained
from actors.money import EXACT
from tests.books import INSTRUMENTS, trade
from tests.books_day import PRICES, Drive

D = Decimal


def money(function: Callable[[], None]) -> None:
    with decimal.localcontext(EXACT):
        function()


def accounts(drive: Drive, *left_out: str) -> dict[str, Decimal]:
    """Every balance that is not zero, without the kinds `left_out`."""
    return {
        name: account.balance
        for name, account in sorted(drive.books.ledger.state.accounts.items())
        if account.balance and name.split(":", 1)[0] not in left_out
    }


def totals(drive: Drive) -> dict[str, Decimal]:
    """What is owned of each asset, free, held or short."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for name, balance in accounts(drive).items():
        kind, asset = name.split(":", 1)
        if kind in {"available", "held", "suspense"}:
            found[asset] += balance
    return {asset: total for asset, total in found.items() if total}


def books_of(drive: Drive) -> bytes:
    """All that the ledger knows but its alarm clock, which every run sets anew."""
    return encode(msgspec.structs.replace(drive.books.ledger.state, hour_due=0))


def hostile_facts(seed: int) -> tuple[Drive, list[ExecutionReport]]:
    """A desk with live orders, and trades of them and of orders that nobody remembers."""
    dice = random.Random(seed)
    drive = Drive(venue_in_graph=False)
    for number in range(6):
        side = Side.SELL if number > 3 else Side.BUY
        drive.do_order(tuple(INSTRUMENTS)[number % 2], side, D("0.0500"), number)
    for number in range(dice.randint(3, 8)):
        drive.do_fill(number, dice.choice((40, 100, 130)), 0, dice.choice(("quote", "base")), 1)
        drive.do_stray(
            dice.choice(("", "foreign")),
            dice.choice((*INSTRUMENTS, "DOGE/USD", "ETH/XBT", "")),
            dice.choice((Side.BUY, Side.SELL)),
            dice.randint(1, 4000),
            dice.choice(("", "USD", "XBT")),
        )
    return drive, drive.reports


@pytest.mark.parametrize("seed", range(40))
def test_duplicates_anywhere_and_restarts_leave_the_same_final_books(seed: int) -> None:
    """Byte for byte: balances, sequences, lots and profit; also told without the order's id."""

    def run() -> None:
        again, facts = hostile_facts(seed)
        dice = random.Random(seed)
        before = books_of(again)
        for _ in range(3 * len(facts)):
            report = dice.choice(facts)
            again.books.send(again.without_order(report) if dice.random() < 0.3 else report)
            if dice.random() < 0.2:
                again.books.cut()
                again.books.start("again", again.epoch + 1)
                again.epoch += 1
        assert books_of(again) == before
        assert totals(again) == {k: v for k, v in again.naive.owned.items() if v}

    money(run)


@pytest.mark.parametrize("seed", range(40))
def test_any_order_of_the_facts_leaves_the_same_totals(seed: int) -> None:
    """What is owned, the fees and the suspense side; strays alone give the very same balances."""

    def run() -> None:
        drive, facts = hostile_facts(seed)
        strays = [each for each in facts if each.cl_ord_id in {"", "foreign"}]
        dice = random.Random(seed)
        for told in (facts, strays):
            ends = []
            for _ in range(3):
                desk = Drive(venue_in_graph=False)
                for order in drive.submitted:  # the same ids: run, epoch and numbers are the same
                    beside = order.limit_price - PRICES[order.symbol]
                    ticks = int(beside / INSTRUMENTS[order.symbol].tick)
                    desk.do_order(order.symbol, order.side, order.quantity, ticks)
                for report in dice.sample(told, len(told)):
                    desk.books.send(report)
                    assert faults_of(desk.books.ledger.state) == ()
                ends.append(desk)
            first, *others = ends
            for other in others:
                assert totals(other) == totals(first)
                ours = ("available", "held", "suspense") if told is facts else ()
                assert accounts(other, *ours) == accounts(first, *ours)

    money(run)


NUMBERS = (
    *("0", "-0", "NaN", "sNaN", "-Infinity", "-1", "1E-13", "1E+12", "1E+400"),
    *("1E-12", "999999999999", "999999999999.999999999999", "123.45", "0.0001"),
)
_numbers = st.sampled_from(NUMBERS).map(Decimal)


@settings(max_examples=150)
@given(
    facts=st.lists(
        st.tuples(
            st.integers(-1, 3),  # which order; none of ours below zero
            st.sampled_from(("XBT/USD", "XBT/USD", "ETH/XBT", "DOGE/USD", "XBT/XBT", "")),
            st.sampled_from((Side.BUY, Side.SELL, None)),
            st.tuples(_numbers, _numbers, _numbers, _numbers),
            st.sampled_from(("", "USD", "XBT", "ETH")),
        ),
        max_size=12,
    )
)
def test_no_number_of_a_report_keeps_the_books_from_going_on(
    facts: list[tuple[int, str, Side | None, tuple[Decimal, ...], str]],
) -> None:
    """Nothing raises: what can be a trade is booked, the rest is recorded, all of it halts."""

    def run() -> None:
        drive = Drive(venue_in_graph=False)
        for number in range(4):
            way = Side.SELL if number == 3 else Side.BUY
            drive.do_order("XBT/USD", way, D("0.0500"), number)
        for number, (which, symbol, side, numbers, fee_asset) in enumerate(facts):
            order = drive.pick(which) if which >= 0 else None
            cl_ord_id = "foreign" if order is None else order.cl_ord_id
            quantity, price, cost, fee = numbers
            plain = trade(cl_ord_id, f"n{number}", "1", cost="1", fee="0", fee_asset=fee_asset)
            report = msgspec.structs.replace(
                plain,
                last_quantity=quantity,
                last_price=price,
                cost=cost,
                fee=fee,
                symbol=symbol,
                side=side,
            )
            sent = drive.books.send(report)
            told = {type(each) for each in sent}
            assert Fill in told or {TradeUnexplained, ConstraintViolated} <= told
            assert faults_of(drive.books.ledger.state) == ()
            drive.books.mark(XBT=50000.0 + number, ETH=3000.0)
        drive.books.cut()
        drive.deposit("more", D("12.34"))

    money(run)
