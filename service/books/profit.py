"""Profit by cause, and whether it is what the portfolio rows say.

Realised = price - fee - slippage + rewards + dust + adjustments, exactly: price is what the market
did between the prices that were decided on, slippage what execution cost against them, fees those
of purchase and sale, which follow a purchase into the sales that consume it. The last three are
entries of the venue's ledger; corrections are adjustments.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

import msgspec

from actors.currencies import Exchange
from actors.ledger.cash import KINDS, earned, reporting_step
from actors.messages.ledger import CurrencyView, PortfolioState
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
    """What a lot book had come to at some place of the journal.

    `earned` is what was realised and paid in fees by currency besides the reporting one, `step` the
    grid of that one.
    """

    realised: Decimal
    fees: Decimal
    costs: dict[str, Decimal]
    quantities: dict[str, Decimal]
    earned: dict[str, tuple[Decimal, Decimal]] = {}
    step: Decimal = Decimal("0.0001")


def totals(book: LotBook) -> Totals:
    """The totals as of now, apart from the book that goes on."""
    positions = book.state.positions.values()
    return Totals(
        book.state.realised,
        book.state.fees,
        {each.symbol: each.cost for each in positions},
        {each.symbol: each.quantity for each in positions},
        {each: earned(book.config, book.state, each) for each in book.config.others},
        reporting_step(book.config),
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
    others = tuple(_Other(each, state, at_hour, by_name) for each in state.currencies)
    foreign = [each.currency for each in state.currencies]
    own = [each for each in state.positions if _quote(each.symbol) not in foreign]
    value = sum((each.value for each in own), ZERO)
    gained = value - sum((each.cost for each in own), ZERO)
    quantities = {each.symbol: each.quantity for each in state.positions}
    found = [
        Tie("realised", state.realised, at_hour.realised + _sum(each.realised for each in others)),
        Tie("fees", state.fees, at_hour.fees + _sum(each.fees for each in others)),
        Tie("cash free", state.cash_free, free),
        Tie("cash held", state.cash_held, held),
        Tie("unrealised", state.unrealised, gained + _sum(each.unrealised for each in others)),
        Tie(
            "equity",
            state.equity,
            free + held + suspense + staked + transit + value + _sum(each.worth for each in others),
        ),
    ]
    if not others:
        # With several currencies each term is a worth, rounded by itself.
        profit = state.realised + state.unrealised - external
        found.append(Tie("deposits + profit", state.equity, profit))
    for other in others:
        found += other.ties()
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


class _Other:
    """A currency that is not the reporting one: what its rows come to, at the rate of the hour."""

    def __init__(
        self,
        told: CurrencyView,
        state: PortfolioState,
        at_hour: Totals,
        balances: dict[str, Decimal],
    ) -> None:
        positions = [each for each in state.positions if _quote(each.symbol) == told.currency]
        self._told = told
        self._rate = Exchange(told.least, told.most, told.rate_ts)
        self._step = at_hour.step
        self._earned = at_hour.earned.get(told.currency, (ZERO, ZERO))
        cash = (balances.get(f"{kind}:{told.currency}", ZERO) for kind in KINDS)
        self._holdings = sum(cash, ZERO) + _sum(each.value for each in positions)
        self._gained = _sum(each.value - each.cost for each in positions)

    @property
    def worth(self) -> Decimal:
        """Of all that is held."""
        return self._rate.worth(self._holdings, self._step)

    @property
    def realised(self) -> Decimal:
        """What was realised."""
        return self._rate.worth(self._earned[0], self._step)

    @property
    def fees(self) -> Decimal:
        """What was paid in fees."""
        return self._rate.worth(self._earned[1], self._step)

    @property
    def unrealised(self) -> Decimal:
        """What positions are above their cost."""
        return self._rate.worth(self._gained, self._step)

    def ties(self) -> tuple[Tie, ...]:
        """The figures of the currency in itself."""
        told, (realised, fees) = self._told, self._earned
        return (
            Tie(f"{told.currency} holdings", told.holdings, self._holdings),
            Tie(f"{told.currency} realised", told.realised, realised),
            Tie(f"{told.currency} fees", told.fees, fees),
        )


def _quote(symbol: str) -> str:
    return symbol.partition("/")[2]


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, ZERO)
