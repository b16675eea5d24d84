"""What the simulated Kraken refuses on the wire, by REST and by socket, and in which words."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from decimal import Decimal

import pytest

from adapters.kraken_simulator.serving.launch import Running
from adapters.kraken_simulator.serving.plan import account_of
from tests.simulated_kraken import Signer, get, key_of, simulated_kraken, small_plan
from tests.simulated_kraken_socket import added, socket_of

ARGUMENTS = "EGeneral:Invalid arguments:"
LIMIT = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "900", "volume": "0.01"}


@pytest.fixture(scope="module")
def kraken() -> Iterator[Running]:
    accounts = (account_of("me=USD:50000,BTC:1,ETH:1", "pro"),)
    with simulated_kraken(small_plan(accounts=accounts)) as running:
        yield running


@pytest.fixture
def sign(kraken: Running) -> Signer:
    return Signer(kraken, key_of(kraken, "me", "trade"))


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("Depth?pair=XBTUSD&count=501", f"{ARGUMENTS}count"),
        ("Depth?pair=XBTUSD&count=0", f"{ARGUMENTS}count"),
        ("Depth?pair=XBTUSD&count=x", f"{ARGUMENTS}count"),
        ("Trades?pair=XBTUSD&count=1001", f"{ARGUMENTS}count"),
        ("Trades?pair=XBTUSD&since=yesterday", f"{ARGUMENTS}since"),
        ("AssetPairs?info=all", f"{ARGUMENTS}info"),
        ("Assets?asset=GOLD", "EQuery:Unknown asset"),
        ("Ticker?pair=XBTUSD,NONE", "EQuery:Unknown asset pair"),
    ],
)
def test_what_public_methods_refuse(kraken: Running, path: str, error: str) -> None:
    assert get(f"{kraken.rest}/0/public/{path}") == {"error": [error]}


@pytest.mark.parametrize(
    ("method", "fields", "error"),
    [
        ("TradeBalance", {"asset": "GOLD"}, f"{ARGUMENTS}asset"),
        ("QueryLedgers", {}, f"{ARGUMENTS}id"),
        ("QueryLedgers", {"id": "LAAAAA-BBBBB-CCCCCC"}, "EQuery:Unknown ledger entry"),
        ("QueryTrades", {}, f"{ARGUMENTS}txid"),
        ("QueryOrders", {}, f"{ARGUMENTS}txid"),
        ("QueryOrders", {"txid": ",".join(["OAAAAA-BBBBB-CCCCCC"] * 51)}, f"{ARGUMENTS}txid"),
        ("ClosedOrders", {"closetime": "never"}, f"{ARGUMENTS}closetime"),
        ("AddOrder", {**LIMIT, "pair": ""}, f"{ARGUMENTS}pair"),
        ("AddOrder", {**LIMIT, "volume": ""}, f"{ARGUMENTS}volume"),
        ("AddOrder", {**LIMIT, "price": "cheap"}, f"{ARGUMENTS}price"),
        ("AddOrder", {**LIMIT, "expiretm": "soon"}, f"{ARGUMENTS}expiretm"),
        ("AddOrder", {**LIMIT, "userref": "x"}, f"{ARGUMENTS}userref"),
        ("AddOrder", {**LIMIT, "ordertype": "trailing-stop"}, f"{ARGUMENTS}ordertype"),
        ("AddOrder", {**LIMIT, "leverage": "2"}, "EOrder:Cannot open position"),
        ("AddOrder", {**LIMIT, "price": "-100%"}, "EOrder:Invalid price"),
        ("AddOrderBatch", {"pair": "XBTUSD", "orders": "many"}, f"{ARGUMENTS}orders"),
        ("AmendOrder", {"txid": "OAAAAA-BBBBB-CCCCCC"}, "EOrder:Unknown order"),
        ("AmendOrder", {"order_qty": "1"}, f"{ARGUMENTS}txid"),
        ("EditOrder", {"pair": "XBTUSD", "txid": "OAAAAA-BBBBB-CCCCCC"}, "EOrder:Unknown order"),
        ("CancelOrder", {}, f"{ARGUMENTS}txid"),
        ("CancelOrderBatch", {}, f"{ARGUMENTS}orders"),
        ("CancelOrderBatch", {"orders": "x"}, f"{ARGUMENTS}orders"),
        ("CancelAllOrdersAfter", {}, f"{ARGUMENTS}timeout"),
    ],
)
def test_what_private_methods_refuse(
    sign: Signer, method: str, fields: dict[str, str], error: str
) -> None:
    assert sign(method, **fields) == {"error": [error]}


def test_an_unsigned_request_has_no_key_and_a_signed_one_needs_a_nonce(
    kraken: Running, sign: Signer
) -> None:
    address = f"{kraken.rest}/0/private/Balance"
    for body in (None, b"nonce=1"):
        with urllib.request.urlopen(urllib.request.Request(address, body)) as answer:
            assert json.loads(answer.read()) == {"error": ["EAPI:Invalid key"]}
    assert sign.send("Balance", b"asset=x", "") == {"error": ["EAPI:Invalid nonce"]}
    assert sign.send("Balance", b"\xff\xfe", "") == {"error": ["EAPI:Bad request"]}
    assert sign.send("Balance", b"[1]", "") == {"error": ["EAPI:Invalid nonce"]}
    assert sign.send("Balance", b"a=1&a[b]=2", "") == {"error": ["EGeneral:Invalid arguments"]}
    listed = b'{"nonce": [1]}'
    assert sign.send("Balance", listed, "") == {"error": [f"{ARGUMENTS}nonce"]}


def test_what_rests_is_found_by_its_userref_and_tells_its_trigger(sign: Signer) -> None:
    stop = {**LIMIT, "ordertype": "stop-loss", "type": "sell", "price": "800"}
    (txid,) = sign("AddOrder", userref=77, oflags="fcib", **stop)["result"]["txid"]
    (limit,) = sign("AddOrder", oflags="post", timeinforce="GTD", expiretm="+60", **LIMIT)[
        "result"
    ]["txid"]
    found = sign("OpenOrders", userref=77)["result"]["open"]
    assert list(found) == [txid]
    assert (found[txid]["trigger"], found[txid]["oflags"]) == ("last", "fcib")
    assert found[txid]["descr"]["order"] == "sell 0.01000000 XBTUSD @ stop-loss 800.0"
    assert sign("OpenOrders")["result"]["open"][limit]["expiretm"] > 1_700_000_000
    edited = sign("EditOrder", txid=txid, pair="XBTUSD", price="810", userref=78)["result"]
    assert sign("QueryOrders", userref=78)["result"][edited["txid"]]["refid"] == txid
    assert sign("CancelOrder", txid=78)["result"] == {"count": 1}
    assert sign("CancelAll")["result"] == {"count": 1}


def test_a_cash_order_spends_what_it_says(sign: Signer) -> None:
    order = {**LIMIT, "ordertype": "market", "price": "0", "volume": "50", "oflags": "viqc,nompp"}
    (txid,) = sign("AddOrder", **order)["result"]["txid"]
    found = sign("QueryOrders", txid=txid, trades="true")["result"][txid]
    assert found["oflags"] == "fciq,nompp,viqc"
    assert Decimal(found["cost"]) == pytest.approx(Decimal(50), rel=Decimal("0.01"))
    (fill,) = found["trades"]
    trade = sign("TradesHistory", ledgers="true")["result"]["trades"][fill]
    assert len(trade["ledgers"]) == 2
    closed = sign("ClosedOrders", closetime="close", userref=0)["result"]
    assert closed == {"closed": {}, "count": 0}
    assert Decimal(sign("TradeBalance", asset="XETH")["result"]["eb"]) > 10


@pytest.mark.asyncio
async def test_what_sockets_refuse_of_orders(kraken: Running) -> None:
    async with socket_of(kraken, "/v2-auth", "me") as socket:
        order = {"order_type": None, "side": None, "symbol": None}
        for name in order:
            assert (await added(socket, **{name: None}))["error"] == f"{ARGUMENTS}{name}"
        for fields, error in (
            ({"order_qty": None}, f"{ARGUMENTS}order_qty"),
            ({"cash_order_qty": 5}, f"{ARGUMENTS}cash_order_qty"),
            ({"limit_price_type": "pct"}, f"{ARGUMENTS}limit_price_type"),
            ({"triggers": {"price": 1, "price_type": "pct"}}, f"{ARGUMENTS}price_type"),
            ({"order_qty": True}, "Order_qty field must be a number_float"),
            ({"symbol": 5}, "Symbol field must be a string"),
            ({"order_userref": "5"}, "Order_userref field must be an integer"),
            ({"post_only": "yes"}, "Post_only field must be a boolean"),
            ({"symbol": "XBT/USD"}, "EQuery:Unknown asset pair"),
        ):
            assert (await added(socket, **fields))["error"] == error
        for method, params, error in (
            ("batch_add", {"orders": []}, f"{ARGUMENTS}symbol"),
            ("batch_add", {"symbol": "BTC/USD", "orders": [1]}, f"{ARGUMENTS}orders"),
            ("batch_add", {"symbol": "BTC/USD"}, f"{ARGUMENTS}orders"),
            ("edit_order", {"symbol": "BTC/USD"}, f"{ARGUMENTS}order_id"),
            ("amend_order", {"order_qty": 1}, f"{ARGUMENTS}txid"),
            ("cancel_order", {}, f"{ARGUMENTS}order_id"),
            ("cancel_order", {"order_id": [{}]}, "Order_id field must be an array of strings"),
            ("batch_cancel", {"orders": ["OA", "OB"]}, "EOrder:Unknown order"),
            ("cancel_all_orders_after", {}, f"{ARGUMENTS}timeout"),
            ("steal_order", {}, "Unsupported event"),
            ("unsubscribe", {"channel": "balances"}, "Subscription not found"),
        ):
            assert (await socket.ask(method, **params))["error"] == error
        checked = await added(socket, validate=True, order_userref=4)
        assert checked["result"] == {"order_userref": 4}
        placed = await added(socket, order_userref=4, order_qty=0.01)
        assert placed["success"]
        cancelled = await socket.ask("cancel_order", order_userref=[4])
        assert cancelled["result"] == {"order_userref": 4}


@pytest.mark.asyncio
async def test_a_malformed_frame_is_answered_and_the_socket_lives(kraken: Running) -> None:
    async with socket_of(kraken) as socket:
        for text in ("[]", "{", '{"method": 5}', '{"method": "ping", "req_id": "x"}'):
            await socket.socket.send_str(text)
            assert not (await socket.next())["success"]
        await socket.socket.send_str('{"method": "subscribe", "params": 5}')
        assert (await socket.next())["error"] == "Params field must be an object"
        refused = await socket.ask("subscribe", channel="ticker")
        assert refused["error"] == "Symbol(s) not found"
        named = {"channel": "ticker", "symbol": "BTC/USD"}
        refused = await socket.ask("subscribe", event_trigger="never", **named)
        assert refused["error"] == "Event trigger not supported"
        assert (await socket.ask("subscribe", event_trigger="bbo", **named))["success"]
        best = set()
        await socket.find(channel="ticker", type="snapshot")
        for _ in range(3):
            (row,) = (await socket.find(channel="ticker", type="update"))["data"]
            best.add((row["bid"], row["bid_qty"], row["ask"], row["ask_qty"]))
        assert len(best) == 3
