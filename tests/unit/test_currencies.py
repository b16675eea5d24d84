"""Rates of currencies as a specification: which are kept, and how an amount crosses."""

from __future__ import annotations

from decimal import Decimal

import pytest

from actors.currencies import (
    ALWAYS,
    CURRENCIES,
    PAIRS,
    SAME,
    Exchange,
    Rate,
    Rates,
    exchange,
    is_rate,
    learn_rate,
    off_par,
)
from actors.messages.market import CurrencyRate

D = Decimal
NOW = 10**18
CENT, FINEST = D("0.01"), D("1E-12")

pytestmark = pytest.mark.usefixtures("exact_money")


def rate(
    pair: str = "USD/CAD", bid: str = "1.36", ask: str = "1.37", ts: int = NOW
) -> CurrencyRate:
    return CurrencyRate(pair, D(bid), D(ask), ts)


def known(*told: CurrencyRate) -> Rates:
    rates: Rates = {}
    for each in told:
        assert learn_rate(rates, each, NOW)
    return rates


REFUSED = [
    ("a pair that is not named", rate("EUR/USD")),
    ("a named pair the other way round", rate("CAD/USD")),
    ("no pair", rate("")),
    ("no bid", rate(bid="0")),
    ("a bid below nothing", rate(bid="-1")),
    ("crossed", rate(bid="1.38")),
    ("not a number", rate(bid="NaN")),
    ("a signalling one", rate(ask="sNaN")),
    ("without an end", rate(ask="Infinity")),
    ("finer than books keep", rate(bid="1.3600000000001")),
    ("below any such pair", rate(bid="0.009999")),
    ("above any such pair", rate(ask="100.01")),
]


@pytest.mark.parametrize(("name", "told"), REFUSED)
def test_what_is_no_rate_is_not_kept(name: str, told: CurrencyRate) -> None:
    rates: Rates = {}
    assert not is_rate(told)
    assert not learn_rate(rates, told, NOW)
    assert rates == {}


@pytest.mark.parametrize(
    ("bid", "ask"), [("0.01", "100"), ("1", "1"), ("1.360000000001", "1.360000000001")]
)
def test_a_rate_at_its_bounds_is_kept(bid: str, ask: str) -> None:
    assert known(rate(bid=bid, ask=ask)) == {"USD/CAD": Rate(D(bid), D(ask), NOW)}


def test_an_older_rate_never_replaces_a_newer_one_and_one_of_the_same_time_does() -> None:
    rates = known(rate())
    assert not learn_rate(rates, rate(bid="1.30", ts=NOW - 1), NOW)
    assert rates["USD/CAD"].bid == D("1.36")
    assert learn_rate(rates, rate(bid="1.31"), NOW)
    assert rates["USD/CAD"].bid == D("1.31")


def test_a_time_ahead_of_ours_counts_as_now_so_that_no_clock_keeps_a_rate_fresh() -> None:
    assert known(rate(ts=NOW + 10**12))["USD/CAD"].ts == NOW


CROSSINGS = [
    # given, wanted, what a unit brings at least, what it costs at most
    ("USD", "CAD", "1.36", "1.37"),
    ("CAD", "USD", "0.729927007299", "0.735294117648"),
    ("USDC", "USD", "0.9995", "0.9996"),
    ("USD", "USDC", "1.000400160064", "1.000500250126"),
]


@pytest.mark.parametrize(("given", "wanted", "least", "most"), CROSSINGS)
def test_a_pair_is_taken_as_it_stands_or_the_other_way_round(
    given: str, wanted: str, least: str, most: str
) -> None:
    rates = known(rate(), rate("USDC/USD", "0.9995", "0.9996"))
    assert exchange(rates, given, wanted) == Exchange(D(least), D(most), NOW)


def test_two_pairs_never_stand_for_a_third() -> None:
    rates = known(rate(), rate("USDC/USD", "1", "1"))
    assert exchange(rates, "USDC", "CAD") is None
    assert exchange(rates, "CAD", "USDC") is None


@pytest.mark.parametrize("given", CURRENCIES)
@pytest.mark.parametrize("wanted", CURRENCIES)
def test_what_no_pair_told_is_unknown_and_never_one(given: str, wanted: str) -> None:
    found = exchange({}, given, wanted)
    assert found == (SAME if given == wanted else None)


def test_every_two_currencies_have_one_named_pair() -> None:
    rates = known(*(rate(pair) for pair in PAIRS))
    for given in CURRENCIES:
        for wanted in CURRENCIES:
            assert exchange(rates, given, wanted) is not None


@pytest.mark.parametrize(
    ("amount", "worth", "cost"),
    [
        ("0", "0.00", "0.00"),
        ("1", "1.36", "1.37"),
        ("0.01", "0.01", "0.02"),
        ("3.33", "4.52", "4.57"),
    ],
)
def test_a_worth_is_rounded_down_and_a_cost_up(amount: str, worth: str, cost: str) -> None:
    found = exchange(known(rate()), "USD", "CAD")
    assert found is not None
    assert (found.worth(D(amount), CENT), found.cost(D(amount), CENT)) == (D(worth), D(cost))


def test_what_is_owed_costs_the_most() -> None:
    found = exchange(known(rate()), "USD", "CAD")
    assert found is not None
    assert found.worth(D("-1"), CENT) == D("-1.37")
    assert found.worth(D("-0.01"), CENT) == D("-0.02")


def test_there_and_back_never_gains() -> None:
    rates = known(rate(bid="1.3333", ask="1.3333"))
    out, back = exchange(rates, "USD", "CAD"), exchange(rates, "CAD", "USD")
    assert out is not None
    assert back is not None
    for cents in range(1, 400):
        amount = D(cents) * CENT
        assert back.worth(out.worth(amount, CENT), CENT) <= amount
        assert back.cost(out.cost(amount, CENT), CENT) >= amount


def test_a_currency_in_itself_is_not_touched() -> None:
    assert SAME.ts == ALWAYS
    odd = D("1.23456789")
    assert (SAME.worth(odd, CENT), SAME.cost(odd, CENT)) == (odd, odd)


@pytest.mark.parametrize(
    ("bid", "ask", "off"),
    [("1", "1", "0"), ("0.99", "1", "0.01"), ("1", "1.02", "0.02"), ("0.98", "1.01", "0.02")],
)
def test_how_far_off_par_is_said_by_the_worse_of_bid_and_ask(bid: str, ask: str, off: str) -> None:
    assert off_par(Rate(D(bid), D(ask), NOW)) == D(off)
