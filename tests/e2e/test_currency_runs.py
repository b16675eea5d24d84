"""An account of three currencies on the seeded market: books, parity, rates, what is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from actors.currencies import PAIRS
from actors.instant import HOUR_NS
from actors.kernel.envelope import Input
from actors.kernel.step import StepResult
from actors.messages.decision import Side
from actors.messages.execution import Fill
from actors.messages.ledger import PortfolioHour, TransfersPosted
from actors.messages.market import CurrencyRate
from actors.messages.risk import IntentApproved, IntentRefused, Refusal
from actors.money import multiply_down, step_of
from actors.ports import Feed, FeedItem
from adapters.seeded_market.feed import START_TS
from service.bundles import choose_bundle
from service.drivers.feeding import Limits
from service.drivers.silent import Silent
from service.drivers.trading import RunPlan, trade
from service.failures import ExitCode
from service.feeds import rate_pairs_of, seeded_feed
from service.pump import Observer
from service.settings import AccountSettings, Settings
from tests.e2e.conftest import Ballast

D = Decimal
SYMBOLS = ("BTC/USD", "ETH/CAD", "SOL/USDC")
NAMED = tuple(word for symbol in SYMBOLS for word in ("--symbol", symbol))
RUN = ("paper", "--seed", 7, "--speed", 0, "--json")
CASH = AccountSettings(opening_balance_cad=D(13_700), opening_balance_usdc=D(10_000))
EVENTS = 25_000
STALE = Refusal.CURRENCY_RATE_STALE
Change = Callable[[CurrencyRate], CurrencyRate | None]


class Told(Silent):
    """Keeps the records of a run, with the time of each."""

    def __init__(self) -> None:
        self.rates = 0
        self.records: list[tuple[int, Any]] = []

    def observers(self) -> tuple[Observer, ...]:
        """One."""
        return (self.observe,)

    def observe(self, entry: Input, result: StepResult) -> None:
        """Take in a step."""
        self.rates += isinstance(entry.body, CurrencyRate)
        self.records += [(each.at, each.body) for each in result.records]

    def of(self, kind: type[Any]) -> list[tuple[int, Any]]:
        """The records of one kind."""
        return [(at, body) for at, body in self.records if isinstance(body, kind)]


class ChangedRates:
    """The seeded market with other rates than its own; what becomes None is not told."""

    def __init__(self, source: Feed, change: Change) -> None:
        self._source, self._change = source, change
        self.kind, self.symbols, self.digest = source.kind, source.symbols, source.digest
        self.rate_pairs = rate_pairs_of(source)

    def items(self, after: int = 0) -> Iterator[FeedItem]:
        """The source's, changed."""
        for item in self._source.items(after):
            body = item.body
            found = self._change(body) if isinstance(body, CurrencyRate) else body
            if found is not None:
                yield FeedItem(item.at, found)


def traded(change: Change | None = None) -> Told:
    """A run in memory whose proof held."""
    feed: Feed = seeded_feed(7, SYMBOLS)
    choice = choose_bundle("", mode="PAPER", feed_kind=feed.kind)
    told, plan = Told(), RunPlan("PAPER", "memory", "", limits=Limits(events=EVENTS))
    source = feed if change is None else ChangedRates(feed, change)
    result = asyncio.run(trade(Settings(account=CASH), source, choice, plan, watchers=(told,)))
    assert result.card.parity
    assert result.card.books_balanced
    return told


@pytest.fixture(scope="module")
def sound() -> Told:
    return traded()


def bought(told: Told, quote: str, *, after: int = 0) -> int:
    """How many entries paid in a currency were approved after a time."""
    return sum(
        at > after and body.intent.side is Side.BUY and body.intent.symbol.endswith(f"/{quote}")
        for at, body in told.of(IntentApproved)
    )


def refusals(told: Told, quote: str, *, after: int = 0) -> set[Refusal]:
    return {
        body.reason
        for at, body in told.of(IntentRefused)
        if at > after and body.symbol.endswith(f"/{quote}") and body.side is Side.BUY
    }


def test_each_currency_pays_for_its_own_symbols_alone(sound: Told) -> None:
    assert sound.rates > EVENTS / 2
    for quote in ("USD", "CAD", "USDC"):
        assert bought(sound, quote)
    for _, fill in sound.of(Fill):
        assert fill.fee_asset == fill.symbol.partition("/")[2]
    moved = [each for _, body in sound.of(TransfersPosted) for each in body.transfers]
    fills = {f"fill:{body.cl_ord_id}:{body.exec_id}": body for _, body in sound.of(Fill)}
    for each in moved:
        fill = fills.get(each.source.rsplit(":", 1)[0])
        if fill is not None:
            assert each.asset in fill.symbol.split("/")
    assert min(each.debit_balance for each in moved if each.debit.startswith("available")) >= 0


def test_every_hour_is_worth_its_cash_and_positions_at_the_hours_rates(sound: Told) -> None:
    hours = [body.state for _, body in sound.of(PortfolioHour)]
    assert len(hours) > 75
    for state in hours:
        own = sum(each.value for each in state.positions if each.symbol.endswith("/USD"))
        for view in state.currencies:
            assert view.worth == multiply_down(view.holdings, view.least, step_of(4))
            assert 0 < view.least <= view.most
        total = state.cash_free + state.cash_held + own
        assert state.equity == total + sum(each.worth for each in state.currencies)
        assert state.drawdown < 20_000
    gains = {each.currency: each.gain for each in hours[-1].currencies}
    assert set(gains) == {"CAD", "USDC"}
    assert any(gains.values())


LAST_RATE = START_TS + 30 * HOUR_NS


def test_without_rates_of_late_only_dollars_are_spent(sound: Told) -> None:
    told = traded(lambda each: each if each.ts < LAST_RATE else None)
    soon = LAST_RATE + HOUR_NS
    assert bought(told, "CAD", after=soon) == bought(told, "USDC", after=soon) == 0
    assert bought(sound, "CAD", after=soon)
    assert bought(sound, "USDC", after=soon)
    assert STALE in refusals(told, "CAD", after=soon)
    # Two thirds of the account have no rate: nothing is known well enough to be risked.
    assert refusals(told, "USD", after=soon) <= {Refusal.NO_PORTFOLIO}
    hours = [body.state for _, body in told.of(PortfolioHour)]
    assert max(each.drawdown for each in hours) < 20_000, "a rate that is missing is no loss"
    sold = {fill.symbol for _, fill in told.of(Fill) if fill.side is Side.SELL}
    assert sold


def test_a_depeg_stops_what_usdc_pays_for_and_nothing_else(sound: Told) -> None:
    def fallen(each: CurrencyRate) -> CurrencyRate:
        if each.pair != "USDC/USD" or each.ts < LAST_RATE:
            return each
        return msgspec.structs.replace(each, bid=D("0.9899"), ask=D("0.9899"))

    told = traded(fallen)
    assert bought(told, "USDC", after=LAST_RATE) == 0
    assert bought(sound, "USDC", after=LAST_RATE)
    assert refusals(told, "USDC", after=LAST_RATE) >= {Refusal.DEPEGGED}
    assert bought(told, "CAD", after=LAST_RATE)


def test_a_feed_tells_the_rates_that_its_symbols_need_and_no_others() -> None:
    assert rate_pairs_of(seeded_feed(7, ("BTC/USD", "ETH/USD"))) == ()
    assert rate_pairs_of(seeded_feed(7, ("BTC/USD", "ETH/CAD"))) == PAIRS


def test_the_command_trades_three_currencies_and_repeats_itself(ballast: Ballast) -> None:
    card = ballast(
        *RUN,
        *NAMED,
        *("--events", 9_000, "--journal", "file"),
        account__opening_balance_cad="13700",
        account__opening_balance_usdc="10000",
    ).card
    assert card["books_balanced"]
    assert card["chain_verified"]
    assert card["parity"]
    assert card["fills"]


@pytest.mark.parametrize("quote", ["CAD", "USDC"])
def test_an_account_may_be_reported_in_its_only_quote(ballast: Ballast, quote: str) -> None:
    symbol = f"ETH/{quote}"
    card = ballast(*RUN, "--symbol", symbol, "--events", 9_000, account__quote=quote).card
    assert card["parity"]
    assert f" {quote}   realised" in card["equity"]


@pytest.mark.parametrize(
    ("symbols", "quote", "sentence"),
    [
        (
            ("BTC/USD", "BTC/CAD"),
            "USD",
            "The symbols BTC/USD and BTC/CAD are of one asset, which an account trades against",
        ),
        (
            ("BTC/USD",),
            "CAD",
            "An account reported in CAD needs rates of USD/CAD to trade BTC/USD, and this feed",
        ),
    ],
)
def test_what_no_account_can_trade_is_refused_in_one_sentence(
    ballast: Ballast, symbols: tuple[str, ...], quote: str, sentence: str
) -> None:
    words = [word for symbol in symbols for word in ("--symbol", symbol)]
    found = ballast(*RUN, *words, "--events", 100, account__quote=quote)
    assert found.code == ExitCode.USAGE
    assert sentence in found.sentence
