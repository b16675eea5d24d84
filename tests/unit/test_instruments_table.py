"""Instrument facts and symbol names: what the table says, and what it refuses."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.instruments.facts import FACTS
from adapters.instruments.table import (
    UNIVERSE,
    UnknownSymbolError,
    canonical_symbol,
    fact_of,
    instrument,
    instruments,
    listed_symbol,
)


def test_the_universe_has_thirty_symbols_quoted_in_dollars() -> None:
    assert len(UNIVERSE) == len(set(UNIVERSE)) == 30
    assert all(symbol.endswith("/USD") for symbol in UNIVERSE)
    assert UNIVERSE[:3] == ("BTC/USD", "ETH/USD", "BNB/USD")


def test_bitcoin_carries_the_recorded_rules() -> None:
    rules = instrument("BTC/USD")
    assert (rules.base, rules.quote) == ("BTC", "USD")
    assert (rules.tick, rules.lot) == (Decimal("0.1"), Decimal("0.00000001"))
    assert (rules.quantity_min, rules.cost_min) == (Decimal("0.00005"), Decimal("0.5"))
    assert (rules.maker_fee, rules.taker_fee) == (Decimal("0.0025"), Decimal("0.0040"))
    assert rules.quote_decimals == 4


def test_every_symbol_has_usable_rules() -> None:
    for rules in instruments(UNIVERSE):
        assert rules.tick > 0
        assert rules.is_on_lot(rules.quantity_min)


def test_every_row_is_dated_and_says_where_it_is_from() -> None:
    for fact in FACTS:
        assert len(fact.as_of) == 10
        assert fact.source


def test_what_no_recording_holds_is_marked_an_estimate() -> None:
    estimates = {symbol for symbol in UNIVERSE if fact_of(symbol).is_estimate}
    assert estimates == {"BNB/USD", "HBAR/USD", "TON/USD", "TAO/USD", "KAS/USD"}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("BTC/USD", "BTC/USD"),
        ("XBT/USD", "BTC/USD"),
        ("XBTUSD", "BTC/USD"),
        ("XXBTZUSD", "BTC/USD"),
        ("BTCUSD", "BTC/USD"),
        ("btc-usd", "BTC/USD"),
        ("BTC_USDT", "BTC/USDT"),
        ("XETHZUSD", "ETH/USD"),
        ("XZECZUSD", "ZEC/USD"),
        ("ZECUSD", "ZEC/USD"),
        ("XLMUSD", "XLM/USD"),
        ("XXLMZUSD", "XLM/USD"),
        ("BCHEUR", "BCH/EUR"),
        ("SHIB/USD", "SHIB/USD"),
    ],
)
def test_a_name_is_found_by_table(text: str, name: str) -> None:
    assert canonical_symbol(text) == name


@pytest.mark.parametrize(("text", "name"), [("BTC_USDT", "BTC/USD"), ("XBTUSD", "BTC/USD")])
def test_a_research_mapping_names_the_dollar_pair(text: str, name: str) -> None:
    assert canonical_symbol(text, as_quote="USD") == name


@pytest.mark.parametrize(
    ("text", "nearest"), [("XTZ/USD", "ETC/USD"), ("BTX/USD", "BTC/USD"), ("", "")]
)
def test_an_unknown_name_is_one_sentence_with_the_nearest(text: str, nearest: str) -> None:
    with pytest.raises(UnknownSymbolError, match=r"nearest known symbol is \w+/USD$") as caught:
        canonical_symbol(text)
    assert not nearest or caught.value.nearest in UNIVERSE
    assert "\n" not in str(caught.value)
    assert caught.value.nearest in caught.value.remedy


def test_euros_never_stand_for_dollars() -> None:
    with pytest.raises(UnknownSymbolError, match="quoted in EUR cannot stand"):
        canonical_symbol("BCHEUR", as_quote="USD")


def test_a_tether_pair_has_no_rules_and_the_sentence_says_what_to_do() -> None:
    with pytest.raises(UnknownSymbolError, match="none for pairs quoted in USDT") as caught:
        instrument("BTC/USDT")
    assert "--as-quote USD" in caught.value.remedy


def test_the_table_agrees_with_the_recorded_snapshot(recorded: Callable[[str], Path]) -> None:
    path = recorded("kraken/protocol/torquey66__instrument_snapshot.json.gz")
    told = json.loads(gzip.decompress(path.read_bytes()), parse_float=Decimal, parse_int=Decimal)
    pairs = {pair["symbol"]: pair for pair in told["data"]["pairs"]}
    for symbol in UNIVERSE:
        fact = fact_of(symbol)
        if fact.is_estimate:
            assert symbol not in pairs
            continue
        pair, rules = pairs[symbol], instrument(symbol)
        assert rules.tick == pair["price_increment"]
        assert rules.lot == pair["qty_increment"]
        assert rules.cost_min == pair["cost_min"]
        if fact.as_of < "2026":
            assert rules.quantity_min == pair["qty_min"]


def test_the_newer_minimums_agree_with_the_recorded_pair_list(
    recorded: Callable[[str], Path],
) -> None:
    path = recorded("kraken/protocol/flashbook__assetpairs.json.gz")
    pairs = json.loads(gzip.decompress(path.read_bytes()))["result"]
    for name in ("XXBTZUSD", "XETHZUSD", "XXRPZUSD", "SOLUSD"):
        rules = instrument(canonical_symbol(name))
        assert rules.quantity_min == Decimal(pairs[name]["ordermin"])
        assert rules.tick == Decimal(pairs[name]["tick_size"])


def test_a_name_on_a_list_is_found_or_refused_at_once() -> None:
    """A venue lists more than a thousand pairs that are none of ours."""
    assert listed_symbol("XBTUSD") == listed_symbol("btc/usd") == "BTC/USD"
    began = time.perf_counter()
    for number in range(1_500):
        with pytest.raises(ValueError, match="not a symbol known here"):
            listed_symbol(f"FOO{number}USD")
    assert time.perf_counter() - began < 1.0
