"""Exports: every digit, texts that their programs read, names that never collide."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.books.exports import BeancountExport, CsvExport, Export, JsonExport, commodity_names
from service.books.rows import AccountBalance, PostedTransfer
from service.books.statement import bookings
from tests.beancount_text import transactions
from tests.books import START
from tests.stored_books import HOUR, transfer

D = Decimal
ROWS = [
    transfer(
        1, "external:USD", "available:USD", "100.0000",
        source='deposit:he said "go"\n:in', balances=("-100.0000", "100.0000"), cause="deposit",
    ),
    transfer(
        2, "available:USD", "market:USD", "20.00", source="fill:o1:x,1:cost-free",
        balances=("80.0000", "20.00"), sequences=(2, 1), cause="o1", at=START + 30 * HOUR,
    ),
    transfer(
        2, "market:1INCH", "available:1INCH", "0.00000850", source="fill:o1:x,1:quantity",
        balances=("-0.00000850", "0.00000850"), cause="o1", at=START + 30 * HOUR,
    ),
]  # fmt: skip
BALANCES = [
    AccountBalance(name, name.partition(":")[2], D(amount), D(amount), 1)
    for name, amount in (
        ("available:1INCH", "0.00000850"),
        ("market:1INCH", "-0.00000850"),
        ("available:USD", "80.0000"),
        ("external:USD", "-100.0000"),
        ("market:USD", "20.00"),
    )
]


def text_of(made: Export, rows: Sequence[PostedTransfer] = ROWS) -> str:
    return "".join([made.head(), *(made.booking(each) for each in bookings(rows)), made.tail()])


def beancount(rows: Sequence[PostedTransfer] = ROWS) -> str:
    return text_of(BeancountExport("paper", BALANCES, ROWS[0].at, ROWS[-1].at), rows)


def test_csv_is_read_back_as_it_was_written() -> None:
    rows = list(csv.DictReader(io.StringIO(text_of(CsvExport()), newline="")))
    assert [row["amount"] for row in rows] == ["100.0000", "20.00", "0.00000850"]
    assert rows[0]["source"] == 'deposit:he said "go"\n:in'
    assert rows[1]["at_utc"] == "2023-11-16T04:13:20Z"
    assert rows[1]["source"] == "fill:o1:x,1:cost-free"
    assert text_of(CsvExport(), []).startswith("seq,ordinal,at_ns,at_utc,run_id,transfer_no,debit,")


def test_json_is_one_object_with_amounts_as_text() -> None:
    found = json.loads(text_of(JsonExport('a"b')))
    assert found["account"] == 'a"b'
    assert [each["amount"] for each in found["transfers"]] == ["100.0000", "20.00", "0.00000850"]
    assert found["transfers"][1]["debit_sequence"] == 2
    assert json.loads(text_of(JsonExport("a"), [])) == {"account": "a", "transfers": []}


def test_beancount_text_is_double_entry() -> None:
    first, second = transactions(beancount())
    assert first == [
        ("Equity:External", "USD", D("-100.0000")),
        ("Assets:Available", "USD", D("100.0000")),
    ]
    assert second[2:] == [
        ("Equity:Market", "X-1INCH", D("-0.00000850")),
        ("Assets:Available", "X-1INCH", D("0.00000850")),
    ]
    assert '  asset: "1INCH"' in beancount()
    assert "2023-11-17 balance Assets:Available  80.0000 USD" in beancount()


@pytest.mark.parametrize(
    "broken",
    [
        ("Available  100.0000 USD", "Available  100.0001 USD"),  # does not sum to zero
        ("Available  80.0000 USD", "Available  80.0001 USD"),  # is not what it comes to
        ("open Assets:Available", "open Assets:Other"),  # never opened
        ("commodity USD", "commodity usd"),  # no commodity
        ("-100.0000 USD", "-1E+2 USD"),  # no number
    ],
)
def test_the_checker_finds_what_is_broken(broken: tuple[str, str]) -> None:
    text = beancount()
    assert broken[0] in text
    with pytest.raises((AssertionError, KeyError)):
        transactions(text.replace(*broken, 1))


def test_an_account_of_a_kind_that_is_new_stands_under_equity() -> None:
    balances = [AccountBalance("lent:USD", "USD", D(0), D(0), 2)]
    text = text_of(BeancountExport("a", balances, START, START), [])
    assert "open Equity:Other:Lent" in text
    odd = [AccountBalance("_:USD", "USD", D(0), D(0), 2)]
    assert "open Equity:Other\n" in text_of(BeancountExport("a", odd, START, START), [])


@pytest.mark.parametrize(
    ("asset", "name"),
    [
        ("USD", "USD"),
        ("1INCH", "X-1INCH"),
        ("A", "X-A"),
        ("usd", "USD"),
        ("", "X-X"),
        ("ÄÖ", "X-X"),
        ("T.EUR_1", "T.EUR_1"),
        ("W" * 30, "W" * 24),
    ],
)
def test_an_asset_has_a_name_that_beancount_takes(asset: str, name: str) -> None:
    assert commodity_names([asset]) == {asset: name}


@given(assets=st.lists(st.text(max_size=40), max_size=12))
def test_no_two_assets_ever_share_a_name(assets: list[str]) -> None:
    """And every name is a commodity; a name that is one already is kept."""
    found = commodity_names(assets)
    assert found.keys() == set(assets)
    assert len(set(found.values())) == len(found)
    for name in found.values():
        transactions(f"2026-01-01 commodity {name}")


def test_what_no_order_explains_has_an_account_of_its_own_in_beancount() -> None:
    row = transfer(1, "suspense-trades:USD", "available:USD", "5", source="fill::s1:cost")
    balances = [
        AccountBalance("available:USD", "USD", D(5), D(5), 1),
        AccountBalance("suspense-trades:USD", "USD", D(-5), D(-5), 1),
    ]
    text = text_of(BeancountExport("paper", balances, row.at, row.at), [row])
    assert " open Equity:SuspenseTrades\n" in text
    assert "\n  Equity:SuspenseTrades  -5 USD\n" in text
    assert " balance Equity:SuspenseTrades  -5 USD\n" in text
