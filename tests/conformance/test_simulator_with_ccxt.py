"""ccxt and ccxt.pro trade on the simulated Kraken, unchanged but for the addresses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import ccxt.pro  # type: ignore[import-untyped]
import pytest

from adapters.kraken_simulator.serving.launch import Running
from tests.simulated_kraken import key_of


@asynccontextmanager
async def client(kraken: Running, account: str = "alpha") -> AsyncIterator[Any]:
    """ccxt with an account's trading key."""
    key = key_of(kraken, account, "trade")
    exchange = ccxt.pro.kraken({"apiKey": key.key, "secret": key.secret, "rateLimit": 1})
    exchange.urls["api"].update(public=kraken.rest, private=kraken.rest)
    exchange.urls["api"]["ws"].update(
        publicV2=f"{kraken.sockets}/v2", privateV2=f"{kraken.sockets}/v2-auth"
    )
    try:
        yield exchange
    finally:
        await exchange.close()


@pytest.mark.asyncio
async def test_ccxt_reads_the_market(kraken: Running) -> None:
    async with client(kraken) as exchange:
        markets = await exchange.load_markets()
        assert set(markets) == {"BTC/USD", "ETH/USD", "DOGE/USD"}
        assert markets["DOGE/USD"]["id"] == "XDGUSD"
        assert markets["BTC/USD"]["precision"] == {"amount": 1e-8, "price": 0.1}
        ticker = await exchange.fetch_ticker("BTC/USD")
        assert ticker["bid"] < ticker["ask"]
        assert set(await exchange.fetch_tickers()) == set(markets)
        book = await exchange.fetch_order_book("BTC/USD", 20)
        assert len(book["bids"]) == len(book["asks"]) == 20
        assert book["bids"][0][0] < book["asks"][0][0]
        candles = await exchange.fetch_ohlcv("BTC/USD", "1m")
        assert len(candles) == 721
        assert {later[0] - row[0] for row, later in pairwise(candles)} == {60_000}
        trades = await exchange.fetch_trades("BTC/USD")
        ids = [int(each["id"]) for each in trades]
        assert ids == list(range(ids[0], ids[0] + len(ids)))
        assert (await exchange.fetch_status())["status"] == "ok"


@pytest.mark.asyncio
async def test_ccxt_places_amends_cancels_and_finds_orders(kraken: Running) -> None:
    async with client(kraken) as exchange:
        await exchange.load_markets()
        placed = await exchange.create_order(
            "ETH/USD", "limit", "buy", 0.5, 100, {"clientOrderId": "ccxt-one"}
        )
        found = await exchange.fetch_order(placed["id"])
        assert (found["status"], found["price"], found["amount"]) == ("open", 100, 0.5)
        assert found["clientOrderId"] == "ccxt-one"
        used = (await exchange.fetch_balance())["USD"]["used"]
        assert used == pytest.approx(50 * 1.004)
        await exchange.edit_order(placed["id"], "ETH/USD", "limit", "buy", 0.6, 101)
        again = await exchange.fetch_order(placed["id"])
        assert (again["price"], again["amount"]) == (101, 0.6)
        await exchange.cancel_order(placed["id"])
        assert (await exchange.fetch_order(placed["id"]))["status"] == "canceled"
        assert placed["id"] in [each["id"] for each in await exchange.fetch_closed_orders()]


@pytest.mark.asyncio
async def test_ccxt_buys_and_books_the_fee(kraken: Running) -> None:
    async with client(kraken, "beta") as exchange:
        await exchange.load_markets()
        bought = await exchange.create_order("ETH/USD", "market", "buy", 0.25)
        found = await exchange.fetch_order(bought["id"])
        assert found["status"] == "closed"
        assert float(found["fee"]["cost"]) == pytest.approx(found["cost"] * 0.004, rel=1e-4)
        (trade, *_) = await exchange.fetch_my_trades("ETH/USD")
        assert trade["order"] == bought["id"]
        balance = await exchange.fetch_balance()
        assert balance["ETH"]["total"] == 0.25
        assert balance["USD"]["total"] == pytest.approx(
            25_000 - found["cost"] - float(found["fee"]["cost"])
        )
        kinds = [each["type"] for each in await exchange.fetch_ledger()]
        assert kinds == ["transaction", "trade", "trade"]


@pytest.mark.asyncio
async def test_ccxt_is_refused_in_words_that_it_knows(kraken: Running) -> None:
    async with client(kraken) as exchange:
        await exchange.load_markets()
        with pytest.raises(ccxt.pro.InsufficientFunds):
            await exchange.create_order("BTC/USD", "limit", "buy", 900, 60_000)
        with pytest.raises(ccxt.pro.InvalidOrder):
            await exchange.cancel_order("OAAAAA-BBBBB-CCCCCC")
        exchange.secret = "aGVsbG8="
        with pytest.raises(ccxt.pro.ExchangeError, match="EAPI:Invalid signature"):
            await exchange.fetch_balance()


@pytest.mark.asyncio
async def test_ccxt_pro_follows_market_and_orders(kraken: Running) -> None:
    async with client(kraken) as exchange:
        await exchange.load_markets()
        ticker = await exchange.watch_ticker("BTC/USD")
        assert ticker["bid"] < ticker["ask"]
        for _ in range(3):
            book = await exchange.watch_order_book("BTC/USD", 10)
            assert book["bids"][0][0] < book["asks"][0][0]
        balance = await exchange.watch_balance()
        assert balance["ETH"]["total"] == 10
        watched = asyncio.create_task(exchange.watch_orders())
        trades = asyncio.create_task(exchange.watch_my_trades())
        await asyncio.sleep(0.3)
        placed = await exchange.create_order_ws("BTC/USD", "limit", "buy", 0.01, 1_000)
        assert placed["id"] in [each["id"] for each in await watched]
        await exchange.create_order_ws("ETH/USD", "market", "sell", 0.1)
        assert (await trades)[-1]["amount"] == 0.1
        await exchange.cancel_order_ws(placed["id"])
        assert (await exchange.fetch_order(placed["id"]))["status"] == "canceled"
