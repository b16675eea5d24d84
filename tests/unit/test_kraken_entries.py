"""Which rows of the venue's ledger are entries of ours, and as what they are booked."""

from __future__ import annotations

from decimal import Decimal

import pytest

from actors.messages.control import LedgerEntry
from adapters.kraken.entries import entry_of, kind_of

KINDS = [
    ("deposit", "", "deposit"),
    ("withdrawal", "", "withdrawal"),
    ("transfer", "", "transfer"),
    ("transfer", "spottostaking", "staking"),
    ("transfer", "stakingfromspot", "staking"),
    ("transfer", "stakingtospot", "staking"),
    ("transfer", "spotfromstaking", "staking"),
    ("adjustment", "", "adjustment"),
    ("staking", "", "reward"),
    ("reward", "", "reward"),
    ("dividend", "", "reward"),
    ("credit", "", "adjustment"),
    ("earn", "reward", "reward"),
    ("earn", "allocation", "staking"),
    ("earn", "autoallocation", "staking"),
    ("earn", "deallocation", "staking"),
    ("earn", "migration", "staking"),
    ("earn", "bonding", "staking"),
    ("earn", "unbonding", "staking"),
    ("earn", "something new", None),
    ("margin", "", None),
    ("rollover", "", None),
    ("something new", "", None),
]


@pytest.mark.parametrize(("type_", "subtype", "kind"), KINDS)
def test_a_row_of_each_kind(type_: str, subtype: str, kind: str | None) -> None:
    """A kind that nobody knows makes no entry: the balance differs, and a person looks."""
    assert kind_of(type_, subtype) == kind
    one = Decimal("1.5000")
    made = entry_of("L1", type_, subtype, "USD", amount=one, fee=Decimal(0), ts=7)
    wanted = None if kind is None else LedgerEntry("L1", kind, "USD", one, Decimal(0), 7)
    assert made == wanted


@pytest.mark.parametrize("type_", ["trade", "spend", "receive", "settled"])
def test_both_sides_of_a_trade_are_the_fills_to_tell(type_: str) -> None:
    one = Decimal(1)
    assert entry_of("L1", type_, "", "USD", amount=one, fee=one, ts=7) is None
