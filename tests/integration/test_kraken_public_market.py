"""The public market under our names, over a real socket: what is asked, what is told of it.

What each kind of trouble means for a read is the REST client's own, in test_kraken_rest_faults.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.ports import ProtocolViolation, Transient
from adapters.instruments.table import canonical_symbol
from adapters.kraken.edge_events import ToldRate, ToldTrade
from adapters.kraken.public_market import PATIENCE, PublicMarket, first_fee
from adapters.kraken.rest import KrakenRest
from tests.kraken_rest_server import QUICK, RestServer, ok, rest_server

pytestmark = pytest.mark.asyncio
PAIR = {
    "altname": "XBTUSD",
    "base": "XXBT",
    "quote": "ZUSD",
    "pair_decimals": 1,
    "lot_decimals": 8,
    "fees": [[0, 0.40], [10000, 0.35]],
}


@asynccontextmanager
async def reading(**patience: float) -> AsyncIterator[tuple[RestServer, PublicMarket]]:
    """A market without a key, in front of a server that a test scripts."""
    quick = msgspec.structs.replace(QUICK, **patience)
    async with (
        rest_server() as server,
        KrakenRest(server.url, clock=time.time_ns, patience=quick) as rest,
    ):
        yield server, PublicMarket(rest, canonical_symbol)


async def test_the_clock_needs_no_key_and_a_warning_is_no_trouble() -> None:
    async with reading() as (server, market):
        told = {"error": ["WDatabase:Slow"], "result": {"unixtime": 1_800_000_000}}
        server.answer("Time", json.dumps(told).encode())
        assert await market.time() == 1_800_000_000 * 10**9
        assert "API-Key" not in server.arrived[0].headers


async def test_nobody_there_is_told_within_the_patience() -> None:
    quick = msgspec.structs.replace(QUICK, attempts=2)
    async with KrakenRest("http://127.0.0.1:1", clock=time.time_ns, patience=quick) as rest:
        with pytest.raises(Transient):
            await PublicMarket(rest, canonical_symbol).time()
    assert PATIENCE.reads <= 15


async def test_requests_take_turns_with_a_pause_between() -> None:
    async with reading(public_pause=0.1) as (server, market):
        server.always("Time", ok({"unixtime": 1}))
        began = time.monotonic()
        await asyncio.gather(*(market.time() for _ in range(4)))
        assert time.monotonic() - began >= 0.3
        assert len(server.arrived) == 4


async def test_a_rate_is_the_touch_of_a_pair_of_currencies_asked_for_one_by_one() -> None:
    both = {"a": ["1.37010", "12", "12.000"], "b": ["1.36990", "7", "7.000"], "c": ["1.37", "1"]}
    async with reading() as (server, market):
        server.answer("Ticker", ok({"ZUSDZCAD": both}))
        server.answer("Ticker", ok({"USDCUSD": {**both, "a": ["0.9999"], "b": ["0.9998"]}}))
        found = await market.rates(("USD/CAD", "USDC/USD"))
        assert found == (
            ToldRate("USD/CAD", Decimal("1.36990"), Decimal("1.37010")),
            ToldRate("USDC/USD", Decimal("0.9998"), Decimal("0.9999")),
        )
        assert [each.form["pair"] for each in server.arrived] == ["USDCAD", "USDCUSD"]


@pytest.mark.parametrize("side", [[], ["NaN"], ["1e99"]])
async def test_a_rate_that_is_none_is_not_told(side: list[str]) -> None:
    async with reading() as (server, market):
        server.answer("Ticker", ok({"ZUSDZCAD": {"a": ["1.37", "1", "1"], "b": side}}))
        with pytest.raises(ProtocolViolation):
            await market.rates(("USD/CAD",))


async def test_pairs_bear_our_names_and_are_asked_by_the_venues() -> None:
    async with reading() as (server, market):
        stranger = {**PAIR, "altname": "XBTFOO"}
        server.answer("AssetPairs", ok({"XXBTZUSD": PAIR, "XBTFOO": stranger, "ODD": {"a": 1}}))
        server.always("OHLC", ok({"XXBTZUSD": [], "last": 0}))
        found = await market.pairs()
        assert list(found) == ["BTC/USD"]
        assert first_fee(found["BTC/USD"].fees) == Decimal("0.004")
        assert first_fee(found["BTC/USD"].fees_maker) is None
        await market.candles("BTC/USD", 60)
        await market.candles("ETH/USD", 60)  # never listed: asked as it is
        assert server.forms("OHLC") == [
            {"pair": "XBTUSD", "interval": "60"},
            {"pair": "ETH/USD", "interval": "60"},
        ]


async def test_a_list_without_one_pair_that_can_be_read_is_set_aside() -> None:
    async with reading() as (server, market):
        server.answer("AssetPairs", ok({"ODD": {"a": 1}, "EVEN": 7}))
        with pytest.raises(ProtocolViolation, match="ODD"):
            await market.pairs()
        server.answer("AssetPairs", ok({}))
        assert await market.pairs() == {}


async def test_trades_are_asked_from_an_instant_and_told_exactly() -> None:
    rows = (
        '[["45285.2","0.00100000",1800000000.123456789,"b","m","",7],'
        '["0.00000120","2.0",1800000001.5,"s","l","",8]]'
    )
    answer = f'{{"error":[],"result":{{"XXBTZUSD":{rows},"last":"1800000001500000000"}}}}'
    async with reading() as (server, market):
        server.answer("Trades", answer.encode())
        assert await market.trades("BTC/USD", 1_799_999_999_000_000_000) == (
            ToldTrade(7, "45285.2", "0.00100000", True, 1_800_000_000_123_456_789),
            ToldTrade(8, "0.00000120", "2.0", False, 1_800_000_001_500_000_000),
        )
        asked = {"pair": "BTC/USD", "since": "1799999999000000000", "count": "1000"}
        assert server.forms("Trades") == [asked]


@pytest.mark.parametrize(
    "result",
    [{}, {"A": [], "B": [], "last": "1"}, {"A": [["x"]], "last": "1"}, [], {"A": []}],
)
async def test_an_answer_of_another_shape_is_set_aside(result: Any) -> None:
    async with reading() as (server, market):
        server.answer("Trades", ok(result))
        with pytest.raises(ProtocolViolation):
            await market.trades("BTC/USD", 1)


async def test_recorded_pairs_have_our_names_and_their_exact_rules(shared_data: Path) -> None:
    path = shared_data / "kraken/protocol/flashbook__assetpairs.json.gz"
    if not path.is_file():
        pytest.skip("the recorded answer is not at hand")
    async with reading() as (server, market):
        server.answer("AssetPairs", gzip.decompress(path.read_bytes()))
        pairs = await market.pairs()
    assert set(pairs) == {"BTC/USD", "ETH/USD", "SOL/USD", "XRP/USD"}
    bitcoin = pairs["BTC/USD"]
    assert (bitcoin.base, bitcoin.quote, bitcoin.status) == ("XXBT", "ZUSD", "online")
    assert (bitcoin.tick_size, bitcoin.ordermin) == (Decimal("0.1"), Decimal("0.00005"))
    assert bitcoin.fees[0] == (Decimal(0), Decimal("0.4"))


async def test_the_candle_that_still_forms_is_left_out() -> None:
    rows = [[n * 60, "1", "2", "0.5", "1.5", "1", "3.0", 4] for n in range(3)]
    async with reading() as (server, market):
        server.answer("OHLC", ok({"XXBTZUSD": rows, "last": 60}))
        found = await market.candles("BTC/USD", 1)
    assert [row.opened_ts for row in found] == [0, 60 * 10**9]
