"""The standing check of the books: sums are zero, nothing of ours is negative, holds add up."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from actors.ledger.state import LedgerState
from actors.money import ZERO

_OURS = ("available", "held", "staked", "fees")


def faults_of(state: LedgerState) -> tuple[str, ...]:
    """Every way in which the books do not balance, as sentences; empty when they do."""
    sums: dict[str, Decimal] = defaultdict(lambda: ZERO)
    held: dict[str, Decimal] = defaultdict(lambda: ZERO)
    faults = []
    for name, account in state.accounts.items():
        kind, asset = name.split(":", 1)
        sums[asset] += account.balance
        if kind in _OURS and account.balance < 0:
            faults.append(f"{name} is {account.balance}")
        if kind == "held":
            held[asset] += account.balance
    faults += [f"the postings of {asset} sum to {total}" for asset, total in sums.items() if total]
    for hold in state.holds.values():
        held[hold.asset] -= hold.amount
    faults += [f"holds of {asset} differ by {rest}" for asset, rest in held.items() if rest]
    return tuple(faults)


def books_balanced(state: LedgerState) -> bool:
    """Whether the books balance in every way that `faults_of` knows."""
    return not faults_of(state)
