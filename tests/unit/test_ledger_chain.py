"""A transfer's hash: one text a row, of which every field and every boundary is a part."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest

from actors.ledger.chain import hash_of, plain
from actors.messages.decision import Side
from actors.messages.ledger import Transfer, TransfersPosted
from tests.books import Books, approved, of
from tests.journal_records import TRANSFER, TRANSFERS, changed


def test_every_row_of_the_ledger_carries_its_hash_and_that_of_the_row_before() -> None:
    books = Books()
    books.start()
    books.fund()
    for number in range(3):
        books.send(approved(number, Side.BUY, "0.01", at=books.at))
    rows = [row for posted in of(TransfersPosted, books.sent) for row in posted.transfers]
    assert len(rows) == 4
    assert rows[0].previous == ""
    assert all(row.hash == hash_of(row) for row in rows)
    assert all(after.previous == before.hash for before, after in pairwise(rows))
    assert books.ledger.state.head == rows[-1].hash


@pytest.mark.parametrize("name", [name for name in Transfer.__struct_fields__ if name != "hash"])
def test_every_field_is_part_of_the_hash(name: str) -> None:
    value = getattr(TRANSFER, name)
    other = value + "x" if isinstance(value, str) else value + 1
    assert hash_of(changed(TRANSFER, **{name: other})) != hash_of(TRANSFER)


def test_what_one_text_gives_to_the_next_is_another_row() -> None:
    """Venue text may hold whatever separates."""
    left = changed(TRANSFER, source="fill:a|", cause="b")
    right = changed(TRANSFER, source="fill:a", cause="|b")
    assert hash_of(left) != hash_of(right)


def test_the_hash_of_a_row_stays_what_it_was() -> None:
    """Stored rows are made again by it."""
    assert hash_of(TRANSFERS[0]) == TRANSFERS[1].previous
    assert TRANSFERS[0].hash.startswith("2f00513384dba4ed")


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("1.50", "1.50"),
        ("-2", "-2"),
        ("0.00000001", "0.00000001"),
        ("0E-8", "0.00000000"),
        ("-0.00", "0.00"),
        ("1E+3", "1000"),
        ("1E-9", "0.000000001"),
    ],
)
def test_amounts_are_plain_as_the_database_shows_them(amount: str, text: str) -> None:
    assert plain(Decimal(amount)) == text


def test_a_nul_is_what_the_database_stores_for_it() -> None:
    told = changed(TRANSFER, source="a\0b")
    assert hash_of(told) == hash_of(changed(TRANSFER, source="a\N{REPLACEMENT CHARACTER}b"))
