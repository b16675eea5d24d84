"""Funds that an order holds move between wallets of the venue: that is no shortfall."""

from __future__ import annotations

from decimal import Decimal

import pytest

from actors.ledger.balance import faults_of
from actors.messages.base import Message
from actors.messages.control import ConstraintViolated, LedgerEntry
from actors.messages.ledger import EntryBooked, HoldReleased, PortfolioState
from actors.messages.order import PlaceHold
from tests.books import Books, of

D = Decimal


@pytest.fixture
def books() -> Books:
    """An account with one XBT, of which an order holds all but a tenth."""
    made = Books()
    made.actors.pop("orders")
    made.start()
    made.fund("1", "XBT", source="opening")
    made.send(PlaceHold("one", "XBT", D("0.9")))
    return made


def moved(
    books: Books, asset: str, amount: str, refid: str, kind: str = "staking"
) -> list[Message]:
    return books.send(LedgerEntry(refid, kind, asset, D(amount), D(0), 1))


def found(books: Books) -> tuple[Decimal, ...]:
    kinds = ("available", "held", "staked", "transit", "suspense")
    return tuple(books.balance(f"{kind}:XBT") for kind in kinds)


def test_a_move_of_what_is_held_waits_for_the_entry_that_brings_it_back(books: Books) -> None:
    sent = moved(books, "XBT.F", "-0.3", "L1")
    assert not of(ConstraintViolated, sent)
    assert len(of(EntryBooked, sent)) == 1
    assert found(books) == (D("0.0"), D("0.9"), D(0), D("0.1"), D(0))
    sent += moved(books, "XBT", "0.3", "L2")
    assert found(books) == (D("0.1"), D("0.9"), D(0), D(0), D(0))
    assert books.ledger.state.onward == {}
    assert not of(ConstraintViolated, sent)
    assert of(PortfolioState, sent)[-1].positions[0].quantity == 1
    assert faults_of(books.ledger.state) == ()


def test_the_entry_that_brings_it_back_may_come_first(books: Books) -> None:
    moved(books, "XBT", "0.3", "L2")
    moved(books, "XBT.F", "-0.3", "L1")
    assert found(books) == (D("0.1"), D("0.9"), D(0), D(0), D(0))


def test_what_comes_in_parts_goes_in_parts_and_survives_a_snapshot(books: Books) -> None:
    moved(books, "XBT.F", "-0.4", "L1")
    assert books.ledger.state.onward == {"XBT": D("0.3")}
    books.cut()
    moved(books, "XBT", "0.1", "L2", kind="deposit")
    assert books.ledger.state.onward == {"XBT": D("0.2")}
    moved(books, "XBT.F", "-0.1", "L3")
    assert books.ledger.state.onward == {"XBT": D("0.3")}
    books.send(HoldReleased("one"))
    moved(books, "USD", "5", "L4", kind="deposit")
    assert books.ledger.state.onward == {"XBT": D("0.3")}, "another asset's entry"
    moved(books, "XBT.S", "0.3", "L5")
    assert books.ledger.state.onward == {}
    assert faults_of(books.ledger.state) == ()


def test_what_leaves_a_staked_place_is_a_shortfall_when_it_is_not_there(books: Books) -> None:
    sent = moved(books, "XBT.S", "-0.3", "L1")
    assert [each.name for each in of(ConstraintViolated, sent)] == ["suspense:XBT"]


def test_what_leaves_the_account_is_a_shortfall_when_an_order_holds_it(books: Books) -> None:
    sent = moved(books, "XBT", "-0.3", "L1", kind="withdrawal")
    assert [each.name for each in of(ConstraintViolated, sent)] == ["suspense:XBT"]
