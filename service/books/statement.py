"""The statement of one day: what each account had, what moved and why, what it had in the end.

The closing balance is the one that the ledger carried; that it is the opening balance and the
day's movements is checked, not assumed. A day closes where the next one opens.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from actors.money import ZERO
from service.books.rows import AccountBalance, PostedTransfer
from service.books.wording import sentence_of


class AccountDay(msgspec.Struct, frozen=True):
    """One ledger account over the day."""

    ledger_account: str
    asset: str
    opening: Decimal
    came: Decimal
    went: Decimal
    closing: Decimal

    @property
    def holds(self) -> bool:
        """Whether the movements lead from the opening balance to the closing one."""
        return self.opening + self.came - self.went == self.closing


class Movement(msgspec.Struct, frozen=True):
    """One booking: its linked transfers and what they were."""

    seq: int
    at: int
    source: str
    cause: str
    sentence: str
    transfers: tuple[PostedTransfer, ...]


class Statement(msgspec.Struct, frozen=True):
    """A day of the books."""

    day: str
    accounts: tuple[AccountDay, ...]
    movements: tuple[Movement, ...]

    @property
    def faults(self) -> tuple[str, ...]:
        """Accounts whose closing balance does not follow."""
        return tuple(each.ledger_account for each in self.accounts if not each.holds)


def statement(
    day: str,
    opening: Sequence[AccountBalance],
    transfers: Sequence[PostedTransfer],
    closing: Sequence[AccountBalance],
) -> Statement:
    """The statement of a day from the balances around it and its transfers, in their order."""
    came: dict[str, Decimal] = defaultdict(Decimal)
    went: dict[str, Decimal] = defaultdict(Decimal)
    for posted in transfers:
        row = posted.transfer
        went[row.debit] += row.amount
        came[row.credit] += row.amount
    began = {each.ledger_account: each.balance for each in opening}
    ended = {each.ledger_account: each for each in (*opening, *closing)}
    accounts = tuple(
        AccountDay(
            name,
            ended[name].asset,
            began.get(name, ZERO),
            came.get(name, ZERO),
            went.get(name, ZERO),
            ended[name].balance,
        )
        for name in sorted(ended, key=lambda name: (ended[name].asset, name))
    )
    return Statement(day, accounts, tuple(_movement(each) for each in bookings(transfers)))


def bookings(transfers: Sequence[PostedTransfer]) -> list[tuple[PostedTransfer, ...]]:
    """Transfers that were posted together: neighbours of one input and one event."""
    groups: list[list[PostedTransfer]] = []
    for each in transfers:
        last = groups[-1][-1] if groups else None
        if last is not None and (last.seq, last.event) == (each.seq, each.event):
            groups[-1].append(each)
        else:
            groups.append([each])
    return [tuple(group) for group in groups]


def _movement(booking: tuple[PostedTransfer, ...]) -> Movement:
    first = booking[0]
    return Movement(
        first.seq, first.at, first.event, first.transfer.cause, sentence_of(booking), booking
    )
