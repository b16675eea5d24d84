"""Rows of the books for tests: made by hand, or as a store would have kept what a test desk sent.

The records of `tests.books.Books` get places as the journal would give them: one input a message
that was sent, ordinals in the order in which records came.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from actors.ledger.state import LedgerConfig
from actors.ledger.strays import NO_ORDER
from actors.messages.base import Message
from actors.messages.decision import Side
from actors.messages.execution import Fill, Liquidity, TradeUnexplained
from actors.messages.ledger import PortfolioState, TradeClosed, Transfer, TransfersPosted
from service.books.lots import LotBook, in_order
from service.books.rows import BookedFill, ClosedTrade, Place, PostedTransfer, UnexplainedTrade
from tests.books import INSTRUMENTS, START

D = Decimal
RUN = "run"
CONFIGS = {RUN: LedgerConfig(INSTRUMENTS)}
HOUR = 3_600_000_000_000


class Stored(msgspec.Struct):
    """The rows of a day, in order."""

    fills: list[BookedFill] = []
    unexplained: list[UnexplainedTrade] = []
    transfers: list[PostedTransfer] = []
    trades: list[ClosedTrade] = []
    portfolios: list[tuple[tuple[int, int], PortfolioState]] = []

    @property
    def deposits(self) -> list[PostedTransfer]:
        """Funds from outside."""
        return [each for each in self.transfers if each.transfer.debit.startswith("external:")]

    def book(self, *, up_to: int | None = None) -> LotBook:
        """What the stored trades and deposits come to, up to an input."""
        book = LotBook(CONFIGS)
        for each in in_order(self.fills, self.unexplained, self.deposits):
            if up_to is None or each.seq <= up_to:
                book.feed(each)
        return book


def stored(sent: Sequence[Message]) -> Stored:
    """The rows that a store would have kept; every record is an input of its own,
    but for a closed trade, which is of the input of the trade that closed it."""
    rows = Stored()
    for seq, message in enumerate(sent, 1):
        place = Place(seq, 0, START + seq, RUN)
        if isinstance(message, Fill):
            rows.fills.append(BookedFill(*_fields(place), message))
        elif isinstance(message, TradeUnexplained):
            rows.unexplained.append(UnexplainedTrade(*_fields(place), message))
        elif isinstance(message, TradeClosed):
            made_by = _made_by(rows, message)
            rows.trades.append(ClosedTrade(*_fields(made_by), message))
        elif isinstance(message, PortfolioState):
            rows.portfolios.append(((seq, 0), message))
        elif isinstance(message, TransfersPosted):
            for ordinal, transfer in enumerate(message.transfers):
                rows.transfers.append(PostedTransfer(seq, ordinal, place.at, RUN, transfer))
    return rows


def _made_by(rows: Stored, closed: TradeClosed) -> Place:
    """The newest trade of that name."""
    name = (closed.cl_ord_id, closed.exec_id)
    made: list[Place] = [e for e in rows.fills if (e.fill.cl_ord_id, e.fill.exec_id) == name]
    made += [e for e in rows.unexplained if (e.trade.cl_ord_id, e.trade.exec_id) == name]
    return max(made, key=lambda each: each.order)


def _fields(place: Place) -> tuple[int, int, int, str]:
    return place.seq, place.ordinal, place.at, place.run_id


def fill(
    seq: int,
    side: Side,
    quantity: str,
    price: str,
    *,
    cost: str,
    fee: str = "0",
    fee_asset: str = "USD",
    decided: str = "0",
    at: int = 0,
) -> BookedFill:
    """A fill of XBT/USD in input `seq`, an hour after the one before unless `at` says when."""
    told = Fill(
        f"o{seq}", f"x{seq}", "XBT/USD", side, D(quantity), D(price), D(cost), D(fee), fee_asset,
        Liquidity.TAKER, START, D(0), D(decided),
    )  # fmt: skip
    return BookedFill(seq, 0, at or START + seq * HOUR, RUN, told)


def transfer(
    number: int,
    debit: str,
    credit: str,
    amount: str,
    *,
    source: str,
    balances: tuple[str, str] = ("0", "0"),
    sequences: tuple[int, int] = (1, 1),
    cause: str = "c",
    at: int = 0,
) -> PostedTransfer:
    """A transfer in input `number`."""
    row = Transfer(
        number, debit, credit, debit.partition(":")[2], D(amount), D(balances[0]), D(balances[1]),
        *sequences, source, cause,
    )  # fmt: skip
    return PostedTransfer(number, 0, at or START + number, RUN, row)


def stray(
    seq: int,
    side: Side | None,
    quantity: str,
    cost: str,
    *,
    symbol: str = "XBT/USD",
    fee: str = "0",
    fee_asset: str = "USD",
    reason: str = NO_ORDER,
) -> UnexplainedTrade:
    """A trade that no order explains in input `seq`, an hour after the one before."""
    told = TradeUnexplained(
        "", f"s{seq}", symbol, side.value if side else "", D(quantity), D("1.0"), D(cost), D(fee),
        fee_asset, Liquidity.TAKER, START, "", reason == NO_ORDER, reason,
    )  # fmt: skip
    return UnexplainedTrade(seq, 0, START + seq * HOUR, RUN, told)
