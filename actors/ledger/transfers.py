"""Posting: one row moves an amount from one account to another, so books balance by construction.

Rows of one event are linked and leave together. Our own accounts never go below zero; what a fact
of the venue takes beyond them comes from the suspense account, is noted, and halts the account.
What comes in covers first what suspense lacks, so nothing is called free that a fact has taken, and
the balances do not depend on which fact came first. Every row carries its hash and that of the row
before (chain), so none can be changed, left out or put in unseen.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from actors.ledger.chain import hash_of
from actors.ledger.lots import lot_records
from actors.ledger.state import Account, Hold, LedgerState
from actors.messages.base import Message
from actors.messages.control import ConstraintViolated, Note
from actors.messages.ledger import Transfer, TransfersPosted

# The other side of trades that no order of ours explains, until a person accepts them.
SUSPENSE_TRADES: Final = "suspense-trades"
# Between two wallets of ours at the venue, which tells each side by an entry of its own.
TRANSIT: Final = "transit"
# Kinds of account that may go below zero: the world outside, and what is still to be explained.
BOTTOMLESS: Final = (
    "market",
    "external",
    "suspense",
    SUSPENSE_TRADES,
    TRANSIT,
    "income",
    "adjustment",
    "dust",
    "rounding",
)


class Posting:
    """The linked transfers of one event. `source` names it; each leg's name makes a row's key."""

    __slots__ = ("alarms", "cause", "source", "state", "transfers")

    def __init__(self, state: LedgerState, source: str, cause: str) -> None:
        self.state = state
        self.source = source
        self.cause = cause
        self.transfers: list[Transfer] = []
        self.alarms: list[Message] = []

    def move(self, asset: str, amount: Decimal, debit: str, credit: str, *, leg: str) -> None:
        """Move `amount` of `asset` from kind `debit` to kind `credit`; zero moves nothing."""
        if not amount:
            return
        assert amount > 0
        state = self.state
        debited, credited = f"{debit}:{asset}", f"{credit}:{asset}"
        accounts = state.accounts
        source_account = accounts.get(debited) or accounts.setdefault(debited, Account())
        target_account = accounts.get(credited) or accounts.setdefault(credited, Account())
        source_account.balance = below = source_account.balance - amount
        target_account.balance += amount
        assert below >= 0 or debit in BOTTOMLESS, "a decision overdrew an account"
        source_account.sequence += 1
        target_account.sequence += 1
        state.transfer_no += 1
        row = Transfer(
            state.transfer_no,
            debited,
            credited,
            asset,
            amount,
            source_account.balance,
            target_account.balance,
            source_account.sequence,
            target_account.sequence,
            f"{self.source}:{leg}",
            self.cause,
            state.head,
        )
        state.head = hash_of(row)
        self.transfers.append(msgspec.structs.replace(row, hash=state.head))

    def receive(self, asset: str, amount: Decimal, debit: str, *, leg: str) -> None:
        """Take in what the world or a hold gives: what suspense lacks first, the rest is free."""
        short = self.state.accounts.get(f"suspense:{asset}")
        if short is not None and short.balance < 0:
            part = min(amount, -short.balance)
            amount -= part
            self.move(asset, part, debit, "suspense", leg=f"{leg}-covers")
        self.move(asset, amount, debit, "available", leg=leg)

    def draw(
        self,
        asset: str,
        amount: Decimal,
        credit: str,
        *,
        hold: Hold | None,
        leg: str,
        place: str = "available",
    ) -> None:
        """Pay what the venue took: from the order's hold, then free funds, then suspense.

        Never from another order's hold, which stands behind an order that lives at the venue.
        """
        rest = amount
        if hold is not None and hold.asset == asset:
            part = min(hold.amount, rest)
            hold.amount -= part
            rest -= part
            self.move(asset, part, "held", credit, leg=leg)
        if rest > 0:
            part = min(self.state.balance(f"{place}:{asset}"), rest)
            rest -= part
            self.move(asset, part, place, credit, leg=f"{leg}-free")
        if rest > 0:
            self.move(asset, rest, "suspense", credit, leg=f"{leg}-short")
            told = f"{rest} {asset} short for {self.source}"
            self.alarm(f"suspense:{asset}", "ledger.shortfall", told)

    def alarm(self, name: str, event: str, told: str) -> None:
        """Note an error and halt the account; both leave with the rows."""
        fields = (("source", self.source), ("detail", told))
        self.alarms += (Note("error", event, fields), ConstraintViolated(name, 0, told))

    def record(self, at: int) -> tuple[Message, ...]:
        """The rows as one record, what lots became of them, and what they gave alarm about."""
        if not self.transfers:
            return tuple(self.alarms)
        posted = TransfersPosted(at, tuple(self.transfers))
        return (posted, *lot_records(self.state, self.source), *self.alarms)


def is_new(booked: dict[str, int], source: str, number: int, *, kept: int) -> bool:
    """Whether `source` is not among `booked`; if so it is remembered, and the oldest forgotten."""
    if source in booked:
        return False
    booked[source] = number
    if len(booked) > kept:
        del booked[next(iter(booked))]
    return True
