"""krakenex and npm kraken-api, two old clients of wide use, trade on the simulated Kraken."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.kraken_simulator.serving.launch import Running
from tests.fetched_clients import fetched_from_npm, fetched_from_pypi
from tests.simulated_kraken import key_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(150)]

SCRIPT = """
const Kraken = require('kraken-api');
const [url, key, secret] = process.argv.slice(1);
const client = new Kraken(key, secret, { url });
(async () => {
  const found = {};
  const say = async (name, method, params) => {
    try { found[name] = (await client.api(method, params)).result; }
    catch (error) { found[name] = error.message; }
    await new Promise((done) => setTimeout(done, 5));
  };
  await say('ticker', 'Ticker', { pair: 'XXBTZUSD' });
  await say('pairs', 'AssetPairs');
  await say('ohlc', 'OHLC', { pair: 'XBTUSD', interval: 1 });
  await say('depth', 'Depth', { pair: 'XBTUSD', count: 3 });
  await say('balance', 'Balance');
  // The client writes its nonce into what it is given: each call gets its own.
  const order = (volume) => (
    { pair: 'XBTUSD', type: 'buy', ordertype: 'limit', price: 1000, volume });
  const sale = { pair: 'XBTUSD', type: 'sell', ordertype: 'market', volume: 0.01 };
  await say('placed', 'AddOrder', order(0.01));
  const txid = found.placed.txid[0];
  await say('open', 'OpenOrders');
  await say('query', 'QueryOrders', { txid });
  await say('canceled', 'CancelOrder', { txid });
  await say('market', 'AddOrder', sale);
  await say('trades', 'TradesHistory');
  await say('again', 'CancelOrder', { txid });
  await say('poor', 'AddOrder', order(10000));
  await say('token', 'GetWebSocketsToken');
  console.log(JSON.stringify({ txid, found }));
})();
"""


@pytest.fixture(scope="module")
def krakenex(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """krakenex as its author published it."""
    folder = fetched_from_pypi("krakenex", "2.2.2", tmp_path_factory.mktemp("krakenex"))
    sys.path.insert(0, str(folder))
    try:
        yield importlib.import_module("krakenex")
    finally:
        sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def npm_client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder where node finds kraken-api."""
    return fetched_from_npm("kraken-api", "1.0.2", tmp_path_factory.mktemp("npm"))


def test_krakenex_reads_and_trades(kraken: Running, krakenex: Any) -> None:
    key = key_of(kraken, "krakenex", "trade")
    api = krakenex.API(key=key.key, secret=key.secret)
    api.uri = kraken.rest

    def private(method: str, **fields: Any) -> Any:
        time.sleep(0.003)  # Its nonces are milliseconds.
        answer = api.query_private(method, fields)
        assert answer["error"] == []
        return answer["result"]

    try:
        pairs = api.query_public("AssetPairs")["result"]
        assert set(pairs) == {"XXBTZUSD", "XETHZUSD", "XDGUSD"}
        assert "XXBTZUSD" in api.query_public("Ticker", {"pair": "XBTUSD"})["result"]
        assert private("Balance")["XXBT"] == "1.0000000000"
        order = {"pair": "XXBTZUSD", "type": "buy", "ordertype": "limit", "price": "1000"}
        (txid,) = private("AddOrder", volume="0.01", cl_ord_id="krakenex-1", **order)["txid"]
        assert private("OpenOrders")["open"][txid]["descr"]["price"] == "1000.0"
        assert private("QueryOrders", cl_ord_id="krakenex-1")[txid]["status"] == "open"
        assert private("AmendOrder", txid=txid, limit_price="1001.5")["amend_id"]
        assert private("QueryOrders", txid=txid)[txid]["descr"]["price"] == "1001.5"
        assert private("CancelOrder", cl_ord_id="krakenex-1") == {"count": 1}
        # Nested fields in a form, as requests writes them.
        legs = {
            f"orders[{place}][{name}]": value
            for place, price in enumerate(("900", "901"))
            for name, value in (
                ("type", "buy"),
                ("ordertype", "limit"),
                ("price", price),
                ("volume", "0.01"),
            )
        }
        batch = private("AddOrderBatch", pair="XBTUSD", **legs)["orders"]
        assert [each["descr"]["order"][-5:] for each in batch] == ["900.0", "901.0"]
        assert private("CancelAll") == {"count": 2}
        again = api.query_private("CancelOrder", {"txid": txid})
        assert again["error"] == ["EOrder:Unknown order"]
    finally:
        api.close()


def test_npm_kraken_api_reads_and_trades(kraken: Running, npm_client: Path) -> None:
    key = key_of(kraken, "npm", "trade")
    command = ["node", "-e", SCRIPT, kraken.rest, key.key, key.secret]
    done = subprocess.run(
        command, check=False, cwd=npm_client, capture_output=True, text=True, timeout=50
    )
    assert not done.returncode, done.stderr
    said = json.loads(done.stdout)
    txid, found = said["txid"], said["found"]
    assert len(found["pairs"]) == 3
    assert len(found["ohlc"]["XXBTZUSD"]) == 721
    assert len(found["depth"]["XXBTZUSD"]["bids"]) == 3
    assert found["balance"]["XXBT"] == "1.0000000000"
    assert found["open"]["open"][txid]["status"] == "open"
    assert found["query"][txid]["vol"] == "0.01000000"
    assert found["canceled"] == {"count": 1}
    (trade,) = found["trades"]["trades"].values()
    assert (trade["pair"], trade["type"], trade["vol"]) == ("XXBTZUSD", "sell", "0.01000000")
    assert found["again"] == "Order:Unknown order"
    assert found["poor"] == "Order:Insufficient funds"
    assert found["token"]["expires"] == 900
