"""Names of the simulated Kraken's pairs, assets and orders, and its draws."""

from __future__ import annotations

import hashlib

import msgspec
import pytest

from adapters.kraken_simulator.conduct import Conduct
from adapters.kraken_simulator.draws import bells, keys_of, unit_stream, units, words
from adapters.kraken_simulator.errors import Refusal
from adapters.kraken_simulator.exchange import Exchange
from adapters.kraken_simulator.identifiers import Identifiers
from adapters.kraken_simulator.instruments import (
    UNIVERSE,
    asset_named,
    pair_named,
    rest_asset,
)
from tests.quiet_exchange import PAIR, SECOND, START

MINUTE = 60 * SECOND
LEVELS = Conduct(book_levels=60)
PROGRAM = "from tests.unit.test_simulated_market import *; print(digest_of_a_minute(MINUTE))"


def market(seed: int = 3, symbols: tuple[str, ...] = UNIVERSE, **conduct: float) -> Exchange:
    wanted = msgspec.structs.replace(LEVELS, **conduct)
    return Exchange(seed=seed, started_ns=START, symbols=symbols, conduct=wanted)


def digest_of_a_minute(step: int, symbols: tuple[str, ...] = UNIVERSE) -> str:
    """All events of one minute, however often the exchange is advanced."""
    exchange, digest = market(symbols=symbols), hashlib.sha256()
    for now_ns in range(START + step, START + MINUTE + 1, step):
        for event in exchange.advance(now_ns):
            digest.update(msgspec.json.encode(event))
    return digest.hexdigest()


NAMES = [
    ("XXBTZUSD", "BTC/USD"),
    ("XBTUSD", "BTC/USD"),
    ("BTC/USD", "BTC/USD"),
    ("BTCUSD", "BTC/USD"),
    ("XBT/USD", None),
    ("XDG/USD", None),
    ("XDGUSD", "DOGE/USD"),
    ("SOLUSD", "SOL/USD"),
    ("XETHXXBT", "ETH/BTC"),
    ("XXBTZEUR", "BTC/EUR"),
    ("USDTZUSD", "USDT/USD"),
    ("ZUSDZCAD", "USD/CAD"),
    ("NOPE", None),
]


@pytest.mark.parametrize(("name", "symbol"), NAMES)
def test_pairs_have_the_names_that_the_venue_gives_them(name: str, symbol: str | None) -> None:
    assert pair_named(name) == symbol


def test_assets_have_names_by_table_and_keep_their_suffix() -> None:
    assert asset_named("XXBT") == asset_named("XBT") == asset_named("BTC") == "BTC"
    assert asset_named("XBT.F") == "BTC.F"
    assert asset_named("ZEC") == "ZEC"
    assert asset_named("NOPE") is None
    assert [rest_asset(name) for name in ("BTC", "BTC.F", "USD", "SOL")] == [
        "XXBT",
        "XBT.F",
        "ZUSD",
        "SOL",
    ]


def test_the_universe_is_there_and_every_row_knows_its_assets() -> None:
    assert len(UNIVERSE) == 30
    exchange = market(symbols=(*UNIVERSE, "ETH/BTC"))
    assert exchange.symbols[:30] == UNIVERSE
    assert {each.name for each in exchange.assets()} == {
        asset for row in exchange.instruments() for asset in (row.base, row.quote)
    }


def test_what_is_not_there_is_said_so() -> None:
    with pytest.raises(ValueError, match="no pair NO/NO"):
        market(symbols=("NO/NO",))
    exchange = market(symbols=(PAIR,))
    for call in (exchange.book, exchange.last_trades):
        with pytest.raises(Refusal, match="EQuery:Unknown asset pair"):
            call("ETH/USD", 5)


def test_ids_look_like_the_venues_and_never_repeat() -> None:
    ids = Identifiers(1)
    made = [ids.order() for _ in range(5_000)] + [ids.trade() for _ in range(5_000)]
    assert len(set(made)) == len(made)
    for text in (made[0], ids.ledger(), ids.amend(), ids.transfer()):
        assert [len(part) for part in text.split("-")] == [6, 5, 6]
        assert text.replace("-", "").isalnum()
    assert Identifiers(2).order() != made[0]


def test_draws_are_uniform_and_bell_shaped() -> None:
    keys = keys_of(1, ("a", "b"), "test")
    mixed = words(keys, 0, 20_000)
    assert abs(float(units(mixed).mean()) - 0.5) < 0.01
    assert abs(float(bells(mixed).var()) - 1.0) < 0.03
    stream = unit_stream(1, "a")
    drawn = [next(stream) for _ in range(5_000)]
    assert 0.0 < min(drawn) < max(drawn) < 1.0
    assert abs(sum(drawn) / 5_000 - 0.5) < 0.02
