"""What a run of several currencies rests on: the pairs it needs, and rates of the seeded market."""

from __future__ import annotations

from decimal import Decimal

import pytest

from actors.currencies import PAIRS, is_rate
from actors.instant import HOUR_NS
from actors.messages.market import CurrencyRate
from adapters.seeded_market.feed import SeededMarket
from adapters.seeded_market.rates import RATE_PAIRS, rate_items, rates_of
from service.currencies import needed_pairs, refuse_unsupported
from service.failures import ExitCode, UserError
from service.feeds import rules_of
from service.settings import AccountSettings, Settings

D = Decimal
NEEDED = [
    ("USD", ("BTC/USD", "ETH/USD"), ()),
    ("USD", ("BTC/USD", "ETH/CAD"), ("USD/CAD",)),
    ("USD", ("ETH/USDC",), ("USDC/USD",)),
    ("CAD", ("ETH/CAD",), ()),
    ("CAD", ("BTC/USD",), ("USD/CAD",)),
    ("CAD", ("ETH/USDC",), ("USDC/CAD", "USDC/USD")),
    ("USDC", ("ETH/USDC",), ("USDC/USD",)),
    ("USDC", ("BTC/USD", "ETH/CAD"), ("USDC/CAD", "USDC/USD")),
]


@pytest.mark.parametrize(("reporting", "symbols", "pairs"), NEEDED)
def test_a_run_needs_the_pairs_between_its_currencies_and_the_peg(
    reporting: str, symbols: tuple[str, ...], pairs: tuple[str, ...]
) -> None:
    rules = rules_of(symbols)
    assert needed_pairs(reporting, rules) == pairs
    settings = Settings(account=AccountSettings(quote=reporting))
    refuse_unsupported(settings, rules, pairs)
    for missing in pairs:
        told = tuple(each for each in pairs if each != missing)
        with pytest.raises(UserError, match=f"needs rates of {missing}") as caught:
            refuse_unsupported(settings, rules, told)
        assert caught.value.code is ExitCode.USAGE


def test_one_asset_against_two_currencies_is_refused_whatever_is_told() -> None:
    with pytest.raises(UserError, match="of one asset"):
        refuse_unsupported(Settings(), rules_of(("BTC/USD", "BTC/USDC")), PAIRS)


def test_dollar_tokens_may_still_be_read_as_dollars_in_a_backtest() -> None:
    with pytest.raises(UserError) as caught:
        refuse_unsupported(Settings(), rules_of(("BTC/USDC",)), ())
    assert "--as-quote USD" in caught.value.remedy


def test_rates_of_the_seeded_market_are_rates_near_their_middle() -> None:
    seen = set()
    for hour in range(2_000):
        told = rates_of(7, hour)
        assert tuple(pair for pair, _, _ in told) == RATE_PAIRS == PAIRS
        assert all(is_rate(CurrencyRate(pair, bid, ask, 1)) for pair, bid, ask in told)
        cad, usdc, cross = ((bid, ask) for _, bid, ask in told)
        assert D("1.3599") <= cad[0] < cad[1] <= D("1.3801")
        assert D("0.9994") <= usdc[0] < usdc[1] <= D("1.0006")
        # Going round through the third never earns.
        assert cross[0] <= cad[1] * usdc[1]
        assert cross[1] >= cad[0] * usdc[0]
        seen.add(told)
    assert len(seen) > 1_000
    assert rates_of(7, 5) == rates_of(7, 5) != rates_of(8, 5)


def test_rates_come_before_the_trades_of_their_step_one_instant_each() -> None:
    feed = SeededMarket(7, ("BTC/USD", "ETH/CAD"))
    items = []
    for item in feed.items():
        items.append(item)
        if len(items) == 5 * 61:
            break
    first = items[:5]
    assert [type(each.body).__name__ for each in first] == [
        *("CurrencyRate",) * 3,
        "TradeSlice",
        "BookSlice",
    ]
    stamps = [each.at for each in items]
    assert stamps == sorted(set(stamps))
    later = feed.items(after=items[6].at)
    assert [next(later).body == each.body for each in items[7:8]] == [True]
    rates = [each.body for each in items if isinstance(each.body, CurrencyRate)]
    hours = {(each.ts - 1) // HOUR_NS for each in rates}
    assert len({(each.pair, each.bid) for each in rates}) <= 3 * len(hours)


def test_a_market_of_dollars_alone_tells_no_rates() -> None:
    feed = SeededMarket(7, ("BTC/USD", "ETH/USD"))
    assert feed.rate_pairs == ()
    end = feed.start_ts + feed.step_ns
    assert next(rate_items(7, end)).at < end
    first = next(iter(feed.items()))
    assert not isinstance(first.body, CurrencyRate)
