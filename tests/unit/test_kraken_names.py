"""The venue's names and ours: one symbol per pair, no letter stripped, no balance counted twice."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.kraken.names import Names, Place, UnknownNameError
from adapters.kraken.records import Asset, AssetPair, Balance
from adapters.kraken.wire import Envelope, decoded
from tests.kraken_bodies import LISTED_ASSETS, LISTED_PAIRS

THIRTY = (
    "BTC ETH BNB XRP SOL TRX ADA BCH XMR LINK XLM HBAR LTC AVAX ZEC SUI SHIB TON DOT UNI AAVE TAO "
    "NEAR ETC ICP POL KAS ALGO FIL APT"
).split()


@pytest.fixture
def names() -> Names:
    return Names(LISTED_ASSETS, LISTED_PAIRS)


@pytest.mark.parametrize(
    ("told", "symbol"),
    [
        ("XXBTZUSD", "BTC/USD"),
        ("XBTUSD", "BTC/USD"),
        ("XBT/USD", "BTC/USD"),
        ("BTC/USD", "BTC/USD"),
        ("XDGUSD", "DOGE/USD"),
        ("XDG/USD", "DOGE/USD"),
        ("DOGE/USD", "DOGE/USD"),
        ("XTZUSD", "XTZ/USD"),
        ("ZRXUSD", "ZRX/USD"),
        ("XZECZUSD", "ZEC/USD"),
        ("SOLUSD", "SOL/USD"),
        ("XETHXXBT", "ETH/BTC"),
    ],
)
def test_every_spelling_of_a_pair_is_one_symbol(names: Names, told: str, symbol: str) -> None:
    assert names.symbol(told) == symbol


@pytest.mark.parametrize("told", ["", "xbtusd", "BTCUSD", "XXBTZUSD.d", "XBTUSD.d", "NEW/USD"])
def test_a_name_that_the_lists_do_not_hold_is_not_guessed(names: Names, told: str) -> None:
    with pytest.raises(UnknownNameError, match="lists no pair"):
        names.symbol(told)


def test_requests_name_a_pair_by_its_altname(names: Names) -> None:
    assert names.rest_pair("BTC/USD") == "XBTUSD"
    assert names.rest_pair("DOGE/USD") == "XDGUSD"
    with pytest.raises(UnknownNameError):
        names.rest_pair("XBT/USD")


@pytest.mark.parametrize(
    ("told", "asset"),
    [("XXBT", "BTC"), ("XBT", "BTC"), ("BTC", "BTC"), ("XXDG", "DOGE"), ("XDG", "DOGE"),
     ("ZUSD", "USD"), ("USD", "USD"), ("XTZ", "XTZ"), ("ZRX", "ZRX"), ("XZEC", "ZEC")],
)  # fmt: skip
def test_every_spelling_of_an_asset_is_one_name(names: Names, told: str, asset: str) -> None:
    assert names.asset(told) == asset


def test_pairs_without_a_name_of_ours_are_told_with_the_reason(names: Names) -> None:
    assert names.unlisted == {
        "XXBTZUSD.d": "a dark pool",
        "AAPLxUSD": "no asset AAPLx is listed",
    }


def test_a_second_pair_of_the_same_assets_is_told_not_mixed_in() -> None:
    pair = LISTED_PAIRS["SOLUSD"]
    twice = {"SOLUSD": pair, "SOLUSD2": AssetPair("SOLUSD2", "SOL", "ZUSD", 2, 8, "SOL/USD")}
    names = Names(LISTED_ASSETS, twice)
    assert names.unlisted == {"SOLUSD2": "another pair is SOL/USD"}
    assert names.rest_pair("SOL/USD") == "SOLUSD"


def test_a_name_of_two_assets_means_neither() -> None:
    names = Names({"XYZ": Asset("ABC", 8, 5), "QQQ": Asset("XYZ", 8, 5)}, {})
    with pytest.raises(UnknownNameError):
        names.asset("XYZ")
    assert names.asset("ABC") == "ABC"
    assert names.unlisted == {"XYZ": "names ABC and XYZ"}


@pytest.mark.parametrize(
    ("told", "asset", "place"),
    [
        ("XXBT", "BTC", Place.SPOT),
        ("XBT.F", "BTC", Place.AUTO_EARN),
        ("ZUSD", "USD", Place.SPOT),
        ("USD.F", "USD", Place.AUTO_EARN),
        ("USD.M", "USD", Place.REWARDS),
        ("USD.HOLD", "USD", Place.HOLD),
        ("DOT.S", "DOT", Place.STAKED),
        ("DOT28.S", "DOT", Place.STAKED),
        ("ETH2.S", "ETH2", Place.STAKED),
        ("DOT.P", "DOT", Place.PARACHAIN),
        ("DOT.B", "DOT", Place.YIELD),
        ("DOT.T", "DOT", Place.TOKENISED),
    ],
)
def test_a_suffix_says_where_a_balance_lies(
    names: Names, told: str, asset: str, place: Place
) -> None:
    held = names.held(told)
    assert (held.asset, held.place, held.name) == (asset, place, told)
    assert held.is_spendable == (place in (Place.SPOT, Place.AUTO_EARN))


@pytest.mark.parametrize("told", ["NEW", "NEW.F", "28.S", ".F", "DOT28", "DOT28.F", "XBT.Q"])
def test_a_balance_of_an_unknown_asset_is_not_guessed(names: Names, told: str) -> None:
    with pytest.raises(UnknownNameError):
        names.held(told)


def test_auto_earn_is_added_to_its_asset_and_nothing_else_is(names: Names) -> None:
    told = {
        "XXBT": Balance(Decimal("0.5"), Decimal("0.1")),
        "XBT.F": Balance(Decimal("1.5")),
        "USD.F": Balance(Decimal("20.25")),
        "DOT28.S": Balance(Decimal(7)),
        "USD.M": Balance(Decimal(9)),
        "NEW.F": Balance(Decimal(1)),
    }
    holdings = names.holdings(told)
    assert holdings.spendable["BTC"] == Balance(Decimal("2.0"), Decimal("0.1"))
    assert holdings.spendable["BTC"].available == Decimal("1.9")
    assert holdings.spendable["USD"].available == Decimal("20.25")
    assert sorted(holdings.spendable) == ["BTC", "USD"]
    assert [(held.asset, held.place) for held, _ in holdings.elsewhere] == [
        ("DOT", Place.STAKED),
        ("USD", Place.REWARDS),
    ]
    assert holdings.unknown == ("NEW.F",)


def recorded_lists(data: Path) -> tuple[dict[str, Asset], dict[str, AssetPair]]:
    """Assets and AssetPairs as recorded in 2021; each is one quoted line of a cassette."""
    with gzip.open(data / "adocquin__test_kraken_ohlc.yaml.gz", "rt", encoding="utf-8") as file:
        bodies = [line.strip() for line in file if line.strip().startswith("string: '{")]
    texts = [body.removeprefix("string: '").removesuffix("'").encode() for body in bodies]
    pairs = decoded(decoded(texts[0], Envelope).result, dict[str, AssetPair])
    return decoded(decoded(texts[1], Envelope).result, dict[str, Asset]), pairs


def test_recorded_lists_name_the_pairs_as_the_recorded_instrument_channel_does(
    recorded: Callable[[str], Path],
) -> None:
    folder = recorded("kraken/protocol/adocquin__test_kraken_ohlc.yaml.gz").parent
    assets, pairs = recorded_lists(folder)
    names = Names(assets, pairs)
    with gzip.open(folder / "torquey66__instrument_snapshot.json.gz") as file:
        instruments = json.load(file)["data"]["pairs"]
    spoken = {each["symbol"] for each in instruments}
    ours = {names.symbol(key) for key in pairs if key not in names.unlisted}
    assert set(names.unlisted.values()) == {"a dark pool"}
    # Pairs end and begin between the two recordings; none is spelt in two ways.
    assert len(ours & spoken) > 300
    halves = {half for symbol in ours - spoken for half in symbol.split("/")}
    assert not halves & {"XBT", "XDG", "XXBT", "ZUSD", "ZEUR"}
    for base in THIRTY:
        if f"{base}/USD" in ours:
            assert f"{base}/USD" in spoken
            assert names.symbol(names.rest_pair(f"{base}/USD")) == f"{base}/USD"
    assert len(ours & {f"{base}/USD" for base in THIRTY}) >= 17


def test_pairs_recorded_in_2026_keep_their_names(recorded: Callable[[str], Path]) -> None:
    path = recorded("kraken/protocol/flashbook__assetpairs.json.gz")
    with gzip.open(path) as file:
        pairs = decoded(decoded(file.read(), Envelope).result, dict[str, AssetPair])
    names = Names(LISTED_ASSETS, pairs)
    assert sorted(names.symbol(key) for key in pairs) == [
        "BTC/USD",
        "DOGE/USD",
        "ETH/USD",
        "SOL/USD",
        "XRP/USD",
    ]
