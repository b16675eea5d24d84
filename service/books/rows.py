"""Rows of the books as they are read: a record's place in the journal, and the record itself.

Amounts are the stored Decimals, times nanoseconds UTC; nothing is computed here.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from actors.messages.execution import Fill, TradeUnexplained
from actors.messages.ledger import EntryBooked, PortfolioState, TradeClosed, Transfer


class Place(msgspec.Struct, frozen=True):
    """Where a row stands: its input, its place among the rows of that input, when, which run."""

    seq: int
    ordinal: int
    at: int
    run_id: str

    @property
    def order(self) -> tuple[int, int]:
        """What rows are ordered by."""
        return self.seq, self.ordinal


class PostedTransfer(Place, frozen=True):
    """One transfer."""

    transfer: Transfer

    @property
    def event(self) -> str:
        """What the transfer belongs to: its source without the leg."""
        return self.transfer.source.rpartition(":")[0]

    @property
    def leg(self) -> str:
        """Which part of it: cost, quantity, fee, surplus, ..."""
        return self.transfer.source.rpartition(":")[2]


class BookedFill(Place, frozen=True):
    """One fill."""

    fill: Fill


class UnexplainedTrade(Place, frozen=True):
    """One trade that no order of ours explains, booked or set aside."""

    trade: TradeUnexplained


class BookedEntry(Place, frozen=True):
    """One entry of the venue's ledger, or a correction."""

    entry: EntryBooked


class ClosedTrade(Place, frozen=True):
    """One sale out of lots."""

    trade: TradeClosed


class PortfolioRow(Place, frozen=True):
    """The portfolio of a full hour, with its positions."""

    state: PortfolioState


class Posting(Place, frozen=True):
    """One side of a transfer, with the balance after it."""

    transfer_no: int
    ledger_account: str
    asset: str
    change: Decimal
    balance: Decimal
    counterpart: str
    source: str
    cause: str


class AccountBalance(msgspec.Struct, frozen=True):
    """A ledger account: the balance carried to its last posting, and what all of them add up to."""

    ledger_account: str
    asset: str
    balance: Decimal
    total: Decimal
    postings: int
