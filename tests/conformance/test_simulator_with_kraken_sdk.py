"""python-kraken-sdk trades on the simulated Kraken, over REST and WebSocket v2."""

from __future__ import annotations

from decimal import Decimal

import pytest
from kraken.exceptions import KrakenInsufficientFundsError, KrakenPermissionDeniedError
from kraken.spot import Market, Trade, User

from adapters.kraken_simulator.serving.launch import Running
from tests.kraken_clients.sdk import Listener, book_after, checksum_of
from tests.simulated_kraken import key_of


def test_the_sdk_reads_the_market(kraken: Running) -> None:
    market = Market(url=kraken.rest)
    assert market.get_system_status()["status"] == "online"
    assert set(market.get_assets()) >= {"XXBT", "ZUSD"}
    assert market.get_asset_pairs(pair="DOGE/USD")["DOGE/USD"]["altname"] == "XDGUSD"
    assert "XXBTZUSD" in market.get_ticker(pair="XBTUSD")
    assert len(market.get_ohlc(pair="XBTUSD", interval=60)["XXBTZUSD"]) == 721
    book = market.get_order_book(pair="XBTUSD", count=7)["XXBTZUSD"]
    assert len(book["asks"]) == 7
    page = market.get_recent_trades(pair="XBTUSD", count=3, since=0)
    rows, last = page["XXBTZUSD"], page["last"]
    following = market.get_recent_trades(pair="XBTUSD", count=3, since=last)["XXBTZUSD"]
    # Trades of one nanosecond at the edge of a page vanish, as they do at the venue.
    assert following[0][6] > rows[-1][6]
    assert market.get_recent_spreads(pair="XBTUSD")["XXBTZUSD"]


def test_the_sdk_trades_and_reads_its_account(kraken: Running) -> None:
    key = key_of(kraken, "sdk", "trade")
    user = User(key=key.key, secret=key.secret, url=kraken.rest)
    trade = Trade(key=key.key, secret=key.secret, url=kraken.rest)
    assert Decimal(user.get_account_balance()["XETH"]) == 10
    placed = trade.create_order(
        ordertype="limit",
        side="buy",
        pair="ETH/USD",
        volume="0.1",
        price="100",
        cl_ord_id="sdk-one",
        oflags=["post"],
    )
    (txid,) = placed["txid"]
    assert placed["descr"]["order"] == "buy 0.10000000 ETHUSD @ limit 100.00"
    assert user.get_open_orders()["open"][txid]["cl_ord_id"] == "sdk-one"
    trade.amend_order(extra_params={"txid": txid, "order_qty": "0.2"})
    assert user.get_orders_info(txid=txid)[txid]["vol"] == "0.20000000"
    edited = trade.edit_order(txid=txid, pair="ETH/USD", volume="0.3", price="101")
    assert edited["txid"] != txid
    assert trade.cancel_order(txid=edited["txid"]) == {"count": 1}
    batch = trade.create_order_batch(
        pair="ETH/USD",
        orders=[
            {"ordertype": "limit", "type": "buy", "volume": "0.1", "price": price}
            for price in ("90", "91")
        ],
    )
    ids = [each["txid"] for each in batch["orders"]]
    assert trade.cancel_order_batch(orders=ids) == {"count": 2}
    trade.create_order(ordertype="market", side="sell", pair="ETHUSD", volume="0.5")
    (fill, *_) = user.get_trades_history()["trades"].values()
    assert (fill["pair"], fill["type"]) == ("XETHZUSD", "sell")
    assert user.get_balances()["XETH"]["balance"] == "9.5000000000"
    assert user.get_trade_volume(pair="ETHUSD")["fees"]["XETHZUSD"]["fee"] == "0.4000"
    assert user.get_ledgers_info(asset="ETH")["count"] == 2
    assert trade.cancel_all_orders() == {"count": 0}
    timer = trade.cancel_all_orders_after_x(timeout=60)
    assert timer["triggerTime"] > timer["currentTime"]
    assert trade.cancel_all_orders_after_x(timeout=0)["triggerTime"] == "0"


def test_the_sdk_is_refused_as_at_the_venue(kraken: Running) -> None:
    trading, reading = key_of(kraken, "sdk", "withdraw"), key_of(kraken, "sdk", "read")
    trade = Trade(key=trading.key, secret=trading.secret, url=kraken.rest)
    order = {"ordertype": "limit", "side": "buy", "pair": "XBTUSD", "price": "60000"}
    with pytest.raises(KrakenInsufficientFundsError):
        trade.create_order(volume="1000", **order)
    reader = Trade(key=reading.key, secret=reading.secret, url=kraken.rest)
    with pytest.raises(KrakenPermissionDeniedError):
        reader.create_order(volume="0.01", **order)


@pytest.mark.asyncio
async def test_the_sdks_socket_follows_market_and_account(kraken: Running) -> None:
    client = Listener(kraken, key_of(kraken, "sdk", "trade"))
    await client.start()
    try:
        for channel in ("ticker", "trade", "ohlc", "book"):
            await client.subscribe(params={"channel": channel, "symbol": ["BTC/USD"]})
        await client.subscribe(params={"channel": "executions", "snap_trades": True})
        await client.subscribe(params={"channel": "balances"})
        messages = list(await client.wait_for("book", 8))
        assert checksum_of(book_after(messages, 10)) == messages[-1]["data"][0]["checksum"]
        await client.send_message(
            {
                "method": "add_order",
                "params": {
                    "order_type": "market",
                    "side": "buy",
                    "symbol": "BTC/USD",
                    "order_qty": 0.01,
                },
            }
        )
        (answer,) = await client.wait_for("add_order")
        assert answer["success"]
        reports = await client.wait_for("executions", 5)
        kinds = [each["data"][0]["exec_type"] for each in reports[1:]]
        assert kinds[:3] == ["pending_new", "new", "trade"]
        assert kinds[-1] == "filled"
        assert [each["sequence"] for each in reports] == list(range(1, len(reports) + 1))
        await client.wait_for("balances", 3)
        assert not client.exception_occur
    finally:
        await client.close()
