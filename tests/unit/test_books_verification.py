"""Each check of the audit is TRUE of sound rows, and FALSE with a sentence of what is planted."""

from __future__ import annotations

import decimal
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from actors.messages.codec import encode
from actors.messages.decision import Side
from actors.messages.order import OrderUpdate, SubmitOrder
from actors.money import EXACT
from actors.orders.state import OrdersConfig
from service.books.auditing import Audit
from service.books.verification import (
    Check,
    Verdict,
    ledger_checks,
    order_check,
    proven_states,
    row_checks,
    trade_check,
)
from tests.books import INSTRUMENTS, Books, approved, of, trade
from tests.stored_books import Stored, stored, transfer

D = Decimal
replace = msgspec.structs.replace


@pytest.fixture(autouse=True)
def exact() -> Iterator[None]:
    with decimal.localcontext(EXACT):
        yield


@pytest.fixture
def books() -> Books:
    """Two purchases, half of the first sold, an order that still holds."""
    books = Books()
    books.start()
    books.fund()
    for number, side, quantity in (
        (0, Side.BUY, "0.1"),
        (1, Side.SELL, "0.05"),
        (2, Side.BUY, "0.02"),
    ):
        (order,) = of(SubmitOrder, books.send(approved(number, side, quantity, at=books.at)))
        if number < 2:
            cost = D(quantity) * 50_000
            books.send(trade(order.cl_ord_id, f"t{number}", quantity, cost=f"{cost}", fee="1.00"))
    return books


def audit_of(rows: Stored, mark: int = 1_000) -> Audit:
    audit = Audit(mark_seq=mark)
    for stray in rows.unexplained:
        audit.unexplained(stray)
    for booked in rows.fills:
        audit.fill(booked)
    for posted in rows.transfers:
        audit.transfer(posted)
    audit.finish()
    return audit


def checks_of(books: Books, rows: Stored, *, state: Any = None, orders: Any = None) -> list[Check]:
    audit = audit_of(rows)
    assert audit.at_mark is not None
    events = {
        each.cl_ord_id: (each.state.value, each.filled) for each in of(OrderUpdate, books.sent)
    }
    return [
        *row_checks(audit),
        *ledger_checks(state or books.ledger.state, audit.at_mark, rows.book()),
        order_check(orders or books.orders.state, events, audit.filled),
        trade_check(rows.book(), rows.trades),
    ]


def false_of(checks: list[Check]) -> dict[str, str]:
    return {each.name: each.detail for each in checks if each.verdict is Verdict.FALSE}


def test_sound_rows_are_true_in_every_way(books: Books) -> None:
    found = checks_of(books, stored(books.sent))
    assert [each.verdict for each in found] == [Verdict.TRUE] * 11
    assert found[0].detail == "11 transfers"


def changed_transfer(place: int, **fields: Any) -> Callable[[Stored], None]:
    def change(rows: Stored) -> None:
        old = rows.transfers[place]
        rows.transfers[place] = replace(old, transfer=replace(old.transfer, **fields))

    return change


def changed_fill(**fields: Any) -> Callable[[Stored], None]:
    def change(rows: Stored) -> None:
        rows.fills[0] = replace(rows.fills[0], fill=replace(rows.fills[0].fill, **fields))

    return change


def without_transfer(rows: Stored) -> None:
    del rows.transfers[1]


def without_fill(rows: Stored) -> None:
    del rows.fills[1]


def without_trade(rows: Stored) -> None:
    del rows.trades[0]


def changed_trade(rows: Stored) -> None:
    rows.trades[0] = replace(
        rows.trades[0], trade=replace(rows.trades[0].trade, realised=D("99.00"))
    )


PLANTED = (
    (changed_transfer(2, cause="another"), "transfers are chained", "transfer 3 of input"),
    (changed_transfer(2, hash=""), "transfers are chained", "is not what its hash says"),
    (without_transfer, "transfers are chained", "does not follow the one before"),
    (changed_transfer(-1, hash="0" * 64), "the chain is the journal's", "with 0000000000000000"),
    (changed_transfer(2, amount=D("1.00")), "carried balances add up", "carries held:USD at"),
    (changed_transfer(2, debit_balance=D("7.00")), "carried balances add up", "carries held:USD"),
    (changed_transfer(2, credit_sequence=9), "carried balances add up", "carries market:USD"),
    (
        changed_transfer(2, debit="held:XBT"),
        "assets sum to zero",
        "USD comes to 5000.00; XBT",
    ),
    (changed_transfer(2, amount=D("1.00")), "transfers are the fills'", "the cost of fill t0"),
    (changed_transfer(2, amount=D("1.00")), "balances are the journal's", "held:USD is"),
    (
        changed_transfer(1, cause="another"),
        "holds are the journal's",
        "holds 0 in the journal, -",
    ),
    (without_transfer, "transfers are numbered", "transfer 2 of input"),
    (without_transfer, "balances are the journal's", "the journal posted 11 transfers, 10 are"),
    (changed_fill(cost=D("1.00")), "transfers are the fills'", "the cost of fill t0 of input"),
    (changed_fill(cost=D("1.00")), "positions are the journal's", "the lots of XBT/USD are others"),
    (changed_fill(fee=D("2.00")), "transfers are the fills'", "the fee of fill t0"),
    (changed_fill(quantity=D("0.2")), "positions are the journal's", "XBT/USD is 0.05"),
    (
        changed_fill(quantity=D("0.2")),
        "orders are the journal's",
        "in the journal, 0.2 by its fills",
    ),
    (without_fill, "transfers are the fills'", "belong to no fill"),
    (without_fill, "trades follow from the fills", "the fills make 0 trades, 1 are stored"),
    (changed_trade, "trades follow from the fills", "trade 1, of input"),
    (without_trade, "trades follow from the fills", "the fills make 1 trades, 0 are stored"),
)


@pytest.mark.parametrize(("plant", "name", "sentence"), PLANTED)
def test_what_is_planted_is_found_and_told(
    books: Books, plant: Callable[[Stored], None], name: str, sentence: str
) -> None:
    rows = stored(books.sent)
    plant(rows)
    assert sentence in false_of(checks_of(books, rows))[name]


def test_a_state_that_realised_otherwise_is_told(books: Books) -> None:
    state = replace(books.ledger.state, realised=D("1.00"))
    found = false_of(checks_of(books, stored(books.sent), state=state))
    assert found["positions are the journal's"].startswith("realised 1.00 and fees 2.00 in the")


def test_a_position_that_only_one_side_knows_is_told(books: Books) -> None:
    state = replace(books.ledger.state, positions={})
    found = false_of(checks_of(books, stored(books.sent), state=state))
    assert found["positions are the journal's"].startswith("XBT/USD is 0 in the journal, 0.05")


def test_an_order_that_only_one_side_knows_is_told(books: Books) -> None:
    orders = replace(books.orders.state, closed={})
    found = false_of(checks_of(books, stored(books.sent), orders=orders))
    assert found == {
        "orders are the journal's": "the tables tell of +2 orders that the journal does not"
    }
    (name,) = books.orders.state.live
    check = order_check(books.orders.state, {}, {})
    assert check.verdict is Verdict.FALSE
    live = replace(books.orders.state, closed={})
    assert order_check(live, {name: ("filled", D(1))}, {}).detail.startswith(
        f"order {name} is submitted in the journal, filled in"
    )
    assert order_check(live, {name: ("submitted", D(1))}, {}).detail == (
        f"order {name} has filled 0 in the journal, 1 by its newest event"
    )
    assert order_check(live, {}, {}).detail == f"order {name} has no event"


def test_orders_that_the_journal_has_retired_are_not_missed() -> None:
    books = Books(orders=OrdersConfig(INSTRUMENTS, closed_kept=1))
    books.start()
    books.fund()
    for number in range(3):
        (order,) = of(SubmitOrder, books.send(approved(number, quantity="0.01", at=books.at)))
        books.send(trade(order.cl_ord_id, f"t{number}", "0.01", cost="500.00", fee="1.00"))
    assert books.orders.state.retired == 2
    assert false_of(checks_of(books, stored(books.sent))) == {}


def test_sums_are_kept_as_they_were_after_the_marked_input() -> None:
    rows = [
        transfer(1, "external:USD", "available:USD", "10", source="deposit:a:in"),
        transfer(2, "available:USD", "held:USD", "4", source="hold:o:place", cause="o"),
        transfer(3, "held:USD", "available:USD", "4", source="hold:o:release", cause="o"),
    ]
    for mark, held in ((1, {}), (2, {("o", "held:USD"): D(4)}), (3, {})):
        audit = Audit(mark_seq=mark)
        for each in rows:
            audit.transfer(each)
        audit.finish()
        assert audit.at_mark is not None
        assert audit.at_mark.transfers == mark
        assert audit.at_mark.held == held
    audit = Audit()
    audit.transfer(rows[0])
    audit.finish()
    assert audit.at_mark is None


def test_fills_after_the_marked_input_are_not_held_against_its_orders(books: Books) -> None:
    rows = stored(books.sent)
    first, second = rows.fills
    audit = audit_of(rows, mark=first.seq)
    assert dict(audit.filled) == {first.fill.cl_ord_id: first.fill.quantity}
    assert second.fill.cl_ord_id in dict(audit_of(rows, mark=second.seq).filled)


def test_states_of_other_code_are_not_guessed_at(books: Books) -> None:
    actors = {name: encode(actor.state) for name, actor in books.actors.items()}
    states = proven_states(actors)
    assert states is not None
    assert [encode(each) for each in states] == [actors["ledger"], actors["orders"]]
    assert proven_states({"ledger": actors["ledger"]}) is None
    assert proven_states({**actors, "ledger": b"\x93\x01\x02\x03"}) is None


def test_trades_cannot_be_made_again_when_a_lot_has_no_known_cost(books: Books) -> None:
    gift = transfer(1, "external:XBT", "available:XBT", "0.5", source="deposit:gift:in")
    rows = stored(books.sent)
    rows.transfers.insert(1, replace(gift, seq=rows.transfers[0].seq))
    assert trade_check(rows.book(), rows.trades).verdict is Verdict.SKIPPED
