"""Whether transfers are what the trades say: each trade's other side must be just what it names.

A fill's other side is the market, that of a trade which no order explains stands in suspense until
a person accepts it; then all of it moves to the market. Both pay their fee. What moves between our
own accounts (available, held, suspense) is not looked at here: balances and holds are.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

from actors.ledger.fills import source_of
from actors.ledger.state import LedgerConfig
from actors.ledger.strays import IMPOSSIBLE
from actors.ledger.transfers import SUSPENSE_TRADES
from actors.messages.decision import Side
from actors.messages.execution import Fill, TradeUnexplained
from actors.money import ZERO
from service.books.rows import BookedFill, PostedTransfer, UnexplainedTrade
from service.books.wording import OURS, exact, printable

_REMEMBERED: Final = LedgerConfig({}).fills_kept
_Key = tuple[str, str]


class Explanations:
    """What trades say and what transfers move, by booking and account of the other side."""

    def __init__(self, *, remembered: int = _REMEMBERED) -> None:
        """`remembered`: so many unexplained trades the ledger knows when they are told again."""
        self._remembered = remembered
        self._due: dict[_Key, Decimal] = defaultdict(Decimal)
        self._told: dict[_Key, str] = {}
        self._moved: dict[_Key, Decimal] = defaultdict(Decimal)
        self._strays: list[tuple[int, int]] = []
        self._booked: dict[str, int] = {}
        self._strange = ""

    def fill(self, booked: BookedFill) -> None:
        """One fill; what was booked before its order was known moves nothing again."""
        fill = booked.fill
        number = self._booked.get(fill.exec_id)
        if number is not None:
            since = bisect_left(self._strays, booked.order) - number
            if 0 < since <= self._remembered:
                return
        self._say(booked, fill, _other_side(fill, "market"), f"fill {printable(fill.exec_id)}")

    def unexplained(self, booked: UnexplainedTrade) -> None:
        """One trade that no order explains: booked, set aside, or kept as a record alone."""
        trade = booked.trade
        who = f"the unexplained trade {printable(trade.exec_id)}"
        if trade.booked:
            self._booked[trade.exec_id] = len(self._strays)
            self._strays.append(booked.order)
            self._say(booked, trade, _other_side(trade, SUSPENSE_TRADES), who)
        elif trade.reason != IMPOSSIBLE:
            asset, quantity = f"?{trade.symbol}", trade.quantity
            aside = ("quantity", f"market:{asset}", -quantity)
            other = ("quantity", f"{SUSPENSE_TRADES}:{asset}", quantity)
            self._say(booked, trade, iter((aside, other)), who)

    def _say(
        self,
        booked: BookedFill | UnexplainedTrade,
        trade: Fill | TradeUnexplained,
        sides: Iterator[tuple[str, str, Decimal]],
        who: str,
    ) -> None:
        event = source_of(trade.cl_ord_id, trade.exec_id)
        for name, account, amount in sides:
            self._due[event, account] += amount
            self._told.setdefault((event, account), f"the {name} of {who} of input {booked.seq}")

    def transfer(self, posted: PostedTransfer, balances: Mapping[str, Decimal]) -> None:
        """One transfer; `balances` are the sums after it."""
        row, kind = posted.transfer, posted.event.partition(":")[0]
        sides = {row.debit: -row.amount, row.credit: row.amount}
        for account, change in sides.items():
            if kind == "fill" and account.partition(":")[0] not in OURS:
                self._moved[posted.event, account] += change
            elif account.startswith(f"{SUSPENSE_TRADES}:") and not self._strange:
                if kind != "accepted":
                    self._strange = f"{account} is moved by {printable(posted.event)}"
                elif balances[account]:
                    rest = exact(balances[account])
                    self._strange = f"{printable(posted.event)} leaves {rest} in {account}"
        if kind == "accepted" and not self._strange:
            kinds = {account.partition(":")[0] for account in sides}
            if kinds != {SUSPENSE_TRADES, "market"}:
                self._strange = f"{printable(posted.event)} moves from {row.debit} to {row.credit}"

    def fault(self) -> str:
        """The first difference; empty when every trade moved what it says, and nothing else did."""
        for key, due in self._due.items():
            moved = self._moved.get(key, ZERO)
            if moved != due:
                return (
                    f"{self._told[key]} is {exact(abs(due))}, its transfers move"
                    f" {exact(abs(moved))}{' the other way' if moved * due < 0 else ''}"
                )
        for key, moved in self._moved.items():
            if moved and key not in self._due:
                return f"transfers of {printable(key[0])} belong to no fill"
        return self._strange


def _other_side(trade: Fill | TradeUnexplained, kind: str) -> Iterator[tuple[str, str, Decimal]]:
    """What each account of the other side gets: the part's name, the account, the amount."""
    base, _, quote = trade.symbol.partition("/")
    sign = 1 if trade.side == Side.BUY else -1
    yield "quantity", f"{kind}:{base}", -sign * trade.quantity
    yield "cost", f"{kind}:{quote}", sign * trade.cost
    yield "fee", f"fees:{trade.fee_asset or quote}", trade.fee
