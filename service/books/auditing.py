"""What the stored transfers and fills come to when every one of them is added up from zero.

Nothing that a row says of a balance is believed: it is compared with the plain sum. The totals can
be kept as they were after some input, to be held against what the journal proves of that input.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

import msgspec

from actors.ledger.chain import hash_of
from actors.money import ZERO
from service.books.explanations import Explanations
from service.books.rows import BookedFill, PostedTransfer, UnexplainedTrade
from service.books.wording import exact


class Sums(msgspec.Struct):
    """Plain sums: balances and number of postings by account, held funds by account and order.

    `head` is the hash of the last transfer.
    """

    balances: dict[str, Decimal] = {}
    postings: dict[str, int] = {}
    held: dict[tuple[str, str], Decimal] = {}
    transfers: int = 0
    head: str = ""

    def copy(self) -> Sums:
        """The sums as of now."""
        return Sums(
            dict(self.balances),
            dict(self.postings),
            {key: amount for key, amount in self.held.items() if amount},
            self.transfers,
            self.head,
        )


class Audit:
    """Follows an account's rows in order; the first fault of each kind is kept as a sentence."""

    def __init__(self, *, mark_seq: int = 0) -> None:
        """`mark_seq`: the input after which `at_mark` keeps the sums (0: none).

        `filled` are the fills up to then, by order.
        """
        self.sums = Sums()
        self.at_mark: Sums | None = None
        self.filled: dict[str, Decimal] = defaultdict(Decimal)
        self.carried_fault = ""
        self.number_fault = ""
        self.chain_fault = ""
        self._mark_seq = mark_seq
        self._explanations = Explanations()

    def fill(self, booked: BookedFill) -> None:
        """Count one fill."""
        fill = booked.fill
        if booked.seq <= self._mark_seq:
            self.filled[fill.cl_ord_id] += fill.quantity
        self._explanations.fill(booked)

    def unexplained(self, booked: UnexplainedTrade) -> None:
        """Count one trade that no order explains; all of them come before the first fill."""
        self._explanations.unexplained(booked)

    def transfer(self, posted: PostedTransfer) -> None:
        """Add one transfer, and look at what it says of its own place."""
        row, sums = posted.transfer, self.sums
        self._pass(posted.seq)
        sums.transfers += 1
        if row.transfer_no != sums.transfers and not self.number_fault:
            self.number_fault = f"transfer {sums.transfers} of input {posted.seq} is missing"
        told = (
            (row.debit, -row.amount, row.debit_balance, row.debit_sequence),
            (row.credit, row.amount, row.credit_balance, row.credit_sequence),
        )
        for account, change, balance, sequence in told:
            sums.balances[account] = total = sums.balances.get(account, ZERO) + change
            sums.postings[account] = count = sums.postings.get(account, 0) + 1
            if (balance, sequence) != (total, count) and not self.carried_fault:
                self.carried_fault = (
                    f"transfer {row.transfer_no} of input {posted.seq} carries {account} at"
                    f" {exact(balance)}, its postings come to {exact(total)}"
                )
            if account.startswith("held:"):
                key = (row.cause, account)
                sums.held[key] = sums.held.get(key, ZERO) + change
        self._explanations.transfer(posted, sums.balances)
        self._link(posted)

    def _link(self, posted: PostedTransfer) -> None:
        """Make the row's hash again; only rows before the first one with a hash may lack theirs."""
        row, sums = posted.transfer, self.sums
        if not (row.hash or sums.head):
            return
        if row.hash != hash_of(row):
            wrong = "is not what its hash says"
        else:
            wrong = "does not follow the one before" if row.previous != sums.head else ""
        if wrong and not self.chain_fault:
            self.chain_fault = f"transfer {row.transfer_no} of input {posted.seq} {wrong}"
        sums.head = row.hash

    def finish(self) -> None:
        """No more transfers."""
        self._pass(None)

    def _pass(self, seq: int | None) -> None:
        """Keep the sums when the marked input is over."""
        if self.at_mark is None and self._mark_seq and (seq is None or seq > self._mark_seq):
            self.at_mark = self.sums.copy()

    def assets(self) -> dict[str, Decimal]:
        """What all accounts of each asset come to; zero, or money came from nowhere."""
        found: dict[str, Decimal] = defaultdict(Decimal)
        for account, total in self.sums.balances.items():
            found[account.partition(":")[2]] += total
        return dict(found)

    def trades_fault(self) -> str:
        """Whether every trade moved just what it says, and nothing moved without a trade."""
        return self._explanations.fault()
