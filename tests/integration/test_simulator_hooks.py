"""Hooks of the simulated Kraken: what happens to a venue and an account from outside, as a client
sees it.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.kraken_simulator.serving.launch import Running
from adapters.kraken_simulator.serving.plan import account_of
from tests.simulated_kraken import Signer, get, key_of, post, simulated_kraken, small_plan

ORDER = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "900", "volume": "0.1"}


@pytest.fixture(scope="module")
def kraken() -> Iterator[Running]:
    accounts = (account_of("me=USD:50000,BTC:1", "pro"), account_of("you=USD:50000", "pro"))
    with simulated_kraken(small_plan(accounts=accounts)) as running:
        yield running


@pytest.fixture(scope="module")
def sign(kraken: Running) -> Signer:
    return Signer(kraken, key_of(kraken, "me", "trade"))


def hook(kraken: Running, name: str, **fields: Any) -> Any:
    return post(f"{kraken.rest}/simulator/{name}", fields)


def test_somebody_orders_and_cancels_on_the_web_site(kraken: Running, sign: Signer) -> None:
    placed = hook(kraken, "accounts/me/order", **ORDER)["result"]
    found = sign("OpenOrders")["result"]["open"]
    assert found[placed["order_id"]]["descr"]["order"] == placed["order"]
    hook(kraken, "accounts/me/cancel", order_id=placed["order_id"])
    assert sign("OpenOrders")["result"]["open"] == {}
    again = hook(kraken, "accounts/me/cancel", order_id=placed["order_id"])
    assert again == {"error": "EOrder:Unknown order"}


def test_money_comes_goes_is_earned_and_moves(kraken: Running, sign: Signer) -> None:
    assert "result" in hook(kraken, "accounts/me/deposit", asset="XETH", amount="2")
    assert "result" in hook(kraken, "accounts/me/withdraw", asset="ETH", amount="1", fee="0.1")
    assert "result" in hook(kraken, "accounts/me/allocate", asset="ETH", amount="0.5")
    assert "result" in hook(kraken, "accounts/me/reward", asset="ETH.F", amount="0.01")
    balance = sign("Balance")["result"]
    assert (balance["XETH"], balance["ETH.F"]) == ("0.4000000000", "0.5100000000")
    kinds = [each["type"] for each in sign("Ledgers")["result"]["ledger"].values()]
    assert {"deposit", "withdrawal", "staking"} <= set(kinds)
    poor = hook(kraken, "accounts/me/withdraw", asset="ETH", amount="100")
    assert poor == {"error": "EOrder:Insufficient funds"}
    assert "error" in hook(kraken, "accounts/me/deposit", asset="NONE", amount="1")
    assert "error" in hook(kraken, "accounts/me/deposit", asset="ETH", amount="much")


def test_an_order_is_filled_now_with_the_fee_in_base(kraken: Running, sign: Signer) -> None:
    hook(kraken, "accounts/me/fees_in_base", on=True)
    (txid,) = sign("AddOrder", **ORDER)["result"]["txid"]
    filled = hook(kraken, "accounts/me/fill", order_id=txid, qty="0.04")["result"]
    assert (filled["price"], filled["qty"]) == ("900.0", "0.04000000")
    trade = sign("QueryTrades", txid=filled["exec_id"])["result"][filled["exec_id"]]
    assert (trade["fee"], trade["maker"]) == ("0.0001000000", True)
    hook(kraken, "accounts/me/fees_in_base", on=False)
    hook(kraken, "accounts/me/fill", order_id=txid)
    assert sign("QueryOrders", txid=txid, trades="true")["result"][txid]["status"] == "closed"


def test_modes_of_venue_and_pair_refuse_orders(kraken: Running, sign: Signer) -> None:
    hook(kraken, "status", status="cancel_only")
    assert sign("AddOrder", **ORDER)["error"] == ["EService:Market in cancel_only mode"]
    assert get(f"{kraken.rest}/0/public/SystemStatus")["result"]["status"] == "cancel_only"
    hook(kraken, "status", status="online")
    hook(kraken, "status", symbol="BTC/USD", status="limit_only")
    market = {**ORDER, "ordertype": "market", "price": "0"}
    assert sign("AddOrder", **market)["error"] == ["EService:Market in limit_only mode"]
    hook(kraken, "status", symbol="BTC/USD", status="online")
    assert "error" in hook(kraken, "status", status="limit_only")
    assert "error" in hook(kraken, "status", symbol="XBT/USD", status="online")


def test_steps_change_and_reach_the_reference_data(kraken: Running, sign: Signer) -> None:
    changed = hook(kraken, "steps", symbol="ETH/USD", price_decimals=1, order_min="0.5")
    assert changed["result"]["price_precision"] == 1
    row = get(f"{kraken.rest}/0/public/AssetPairs?pair=ETHUSD")["result"]["XETHZUSD"]
    assert (row["pair_decimals"], row["tick_size"], row["ordermin"]) == (1, "0.1", "0.5")
    order = {**ORDER, "pair": "ETHUSD", "volume": "1", "price": "100.05"}
    assert sign("AddOrder", **order)["error"][0].startswith("EOrder:Invalid price")


def test_a_revoked_key_is_no_key_any_more(kraken: Running) -> None:
    key = key_of(kraken, "you", "trade")
    signing = Signer(kraken, key)
    assert signing("Balance")["error"] == []
    assert hook(kraken, "revoke", key=key.key) == {"result": {"revoked": 1}}
    assert signing("Balance")["error"] == ["EAPI:Invalid key"]
    assert "error" in hook(kraken, "revoke", key="none")


def test_what_is_announced_is_told_with_the_status(kraken: Running) -> None:
    event = {"event_id": "m1", "phase": "imminent_5m"}
    hook(kraken, "announce", upcoming_maintenance=[event])
    status = get(f"{kraken.rest}/0/public/SystemStatus")["result"]
    assert (status["upcoming_maintenance"], status["emergency"]) == ([event], [])
    assert "error" in hook(kraken, "announce", emergency="now")
    hook(kraken, "announce")
    assert get(f"{kraken.rest}/0/public/SystemStatus")["result"]["upcoming_maintenance"] == []


def test_the_market_stands_still_and_goes_on(kraken: Running) -> None:
    hook(kraken, "halt", symbol="DOGE/USD")
    depth = f"{kraken.rest}/0/public/Depth?pair=XDGUSD&count=500"
    first = get(depth)
    assert hook(kraken, "clock", seconds=30)["result"]["now"]
    assert get(depth) == first
    hook(kraken, "halt", symbol="DOGE/USD", on=False)
    hook(kraken, "clock", seconds=30)
    assert get(depth) != first


def test_withheld_reports_come_when_they_are_released(kraken: Running) -> None:
    assert hook(kraken, "accounts/you/withhold", count=2) == {"result": {"count": 2}}
    assert hook(kraken, "accounts/you/release") == {"result": {"count": 0}}
    assert hook(kraken, "drop_connections") == {"result": {"dropped": 0}}


def test_unknown_hooks_accounts_and_pages_are_refused(kraken: Running) -> None:
    assert "no account" in hook(kraken, "accounts/nobody/deposit")["error"]
    assert "no hook" in hook(kraken, "accounts/me/nothing")["error"]
    assert "no hook" in hook(kraken, "nothing")["error"]
    request = urllib.request.Request(
        f"{kraken.rest}/simulator", headers={"Origin": "https://example.org"}
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert caught.value.code == 403
    caught.value.close()
    state = get(f"{kraken.rest}/simulator")["result"]
    assert state["accounts"] == ["me", "you"]
    with pytest.raises(urllib.error.HTTPError) as caught:
        get(f"{kraken.rest}/simulator/accounts/nobody")
    assert json.loads(caught.value.read()) == {"error": "no account nobody"}
    caught.value.close()
