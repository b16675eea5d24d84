"""Profit by cause, and whether it is what the portfolio rows say.

Realised = price - fee - slippage + rewards + dust + adjustments, exactly: price is what the market
did between the prices that were decided on, slippage what execution cost against them, fees those
of purchase and sale, which follow a purchase into the sales that consume it. The last three are
entries of the venue's ledger; corrections are adjustments.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import msgspec

from actors.messages.ledger import PortfolioState
from actors.money import ZERO
from service.books.instants import date_of
from service.books.lots import LotBook
from service.books.results import Result
from service.books.rows import AccountBalance

GROUPS: Final = ("symbol", "day", "month")


class Profit(msgspec.Struct, frozen=True):
    """Realised profit of one group. The causes carry their sign and add up to it."""

    key: str
    sales: int
    price: Decimal
    fee: Decimal
    slippage: Decimal
    realised: Decimal
    rewards: Decimal = ZERO
    dust: Decimal = ZERO
    adjustments: Decimal = ZERO


class Tie(msgspec.Struct, frozen=True):
    """One figure told twice: what a portfolio row says, and what the rows behind it come to."""

    figure: str
    told: Decimal
    computed: Decimal

    @property
    def holds(self) -> bool:
        """Whether both are the same amount."""
        return self.told == self.computed


class Totals(msgspec.Struct, frozen=True):
    """What a lot book had come to at some place of the journal."""

    realised: Decimal
    fees: Decimal
    costs: dict[str, Decimal]
    quantities: dict[str, Decimal]


def totals(book: LotBook) -> Totals:
    """The totals as of now, apart from the book that goes on."""
    positions = book.state.positions.values()
    return Totals(
        book.state.realised,
        book.state.fees,
        {each.symbol: each.cost for each in positions},
        {each.symbol: each.quantity for each in positions},
    )


def within(results: Sequence[Result], from_at: int, before: int) -> list[Result]:
    """The results of a time."""
    return [each for each in results if from_at <= each.at < before]


def grouped(results: Sequence[Result], by: str) -> list[Profit]:
    """Profit by symbol, day or month, in that order."""
    assert by in GROUPS
    groups: dict[str, list[Result]] = defaultdict(list)
    for each in results:
        day = date_of(each.at)
        groups[{"symbol": each.symbol, "day": day, "month": day[:7]}[by]].append(each)
    return [summed(key, groups[key]) for key in sorted(groups)]


def summed(key: str, results: Sequence[Result]) -> Profit:
    """The profit of some results together."""
    return Profit(
        key,
        sum(not each.kind for each in results),
        sum((each.price for each in results if _cause(each) == "price"), ZERO),
        -sum((each.fee for each in results), ZERO),
        -sum((each.slippage for each in results), ZERO),
        sum((each.realised for each in results), ZERO),
        *(
            sum((each.price for each in results if _cause(each) == cause), ZERO)
            for cause in ("rewards", "dust", "adjustments")
        ),
    )


def _cause(result: Result) -> str:
    """What the part of a result that is neither fee nor slippage was."""
    known = {"": "price", "reward": "rewards", "dust": "dust", "rounding": "dust"}
    return known.get(result.kind, "adjustments")


def ties(
    state: PortfolioState, at_hour: Totals, balances: Sequence[AccountBalance], quote: str
) -> tuple[Tie, ...]:
    """What a portfolio row says beside what fills and postings up to it come to."""
    by_name = {each.ledger_account: each.balance for each in balances}
    free, held, suspense, external, staked, transit = (
        by_name.get(f"{kind}:{quote}", ZERO)
        for kind in ("available", "held", "suspense", "external", "staked", "transit")
    )
    value = sum((each.value for each in state.positions), ZERO)
    cost = sum((each.cost for each in state.positions), ZERO)
    quantities = {each.symbol: each.quantity for each in state.positions}
    found = [
        Tie("realised", state.realised, at_hour.realised),
        Tie("fees", state.fees, at_hour.fees),
        Tie("cash free", state.cash_free, free),
        Tie("cash held", state.cash_held, held),
        Tie("unrealised", state.unrealised, value - cost),
        Tie("equity", state.equity, free + held + suspense + staked + transit + value),
        Tie("deposits + profit", state.equity, state.realised + state.unrealised - external),
    ]
    for symbol in sorted(quantities.keys() | at_hour.quantities.keys()):
        told = {each.symbol: each for each in state.positions}.get(symbol)
        found += [
            Tie(
                f"{symbol} quantity",
                quantities.get(symbol, ZERO),
                at_hour.quantities.get(symbol, ZERO),
            ),
            Tie(
                f"{symbol} cost",
                ZERO if told is None else told.cost,
                at_hour.costs.get(symbol, ZERO),
            ),
        ]
    return tuple(found)
