"""REST of the simulated Kraken over real sockets: envelope, names, pages, permissions, limits."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from adapters.kraken_simulator.serving.launch import Running
from adapters.kraken_simulator.serving.plan import account_of
from tests.simulated_kraken import Signer, get, key_of, post, simulated_kraken, small_plan

NAMES = ("one", "two", "three", "four", "five", "six", "seven")


@pytest.fixture(scope="module")
def kraken() -> Iterator[Running]:
    """Accounts of equal means; each test that trades takes one of its own."""
    accounts = tuple(account_of(f"{name}=USD:50000,BTC:2", "starter") for name in NAMES)
    with simulated_kraken(small_plan(accounts=accounts)) as running:
        yield running


def signer(kraken: Running, account: str, name: str = "trade") -> Signer:
    return Signer(kraken, key_of(kraken, account, name))


def public(kraken: Running, path: str) -> Any:
    return get(f"{kraken.rest}/0/public/{path}")


def test_a_refusal_is_an_answer_like_any_other(kraken: Running) -> None:
    assert public(kraken, "Depth?pair=NONEUSD") == {"error": ["EQuery:Unknown asset pair"]}
    assert public(kraken, "Nothing") == {"error": ["EGeneral:Unknown method"]}
    assert public(kraken, "Depth") == {"error": ["EGeneral:Invalid arguments:pair"]}
    assert public(kraken, "OHLC?pair=XBTUSD&interval=7") == {
        "error": ["EGeneral:Invalid arguments:interval"]
    }
    assert signer(kraken, "one")("Nothing") == {"error": ["EGeneral:Unknown method"]}


@pytest.mark.parametrize(
    ("asked", "key"),
    [("XBTUSD", "XXBTZUSD"), ("XXBTZUSD", "XXBTZUSD"), ("BTC/USD", "BTC/USD"), ("XDGUSD",) * 2],
)
def test_a_pair_answers_under_the_name_it_was_asked_by(
    kraken: Running, asked: str, key: str
) -> None:
    assert list(public(kraken, f"Ticker?pair={asked}")["result"]) == [key]
    assert set(public(kraken, f"Depth?pair={asked}&count=1")["result"]) == {key}
    assert set(public(kraken, f"Trades?pair={asked}")["result"]) == {key, "last"}


@pytest.mark.parametrize("strange", ["XBT/USD", "XDG/USD"])
def test_a_wsname_is_no_name_to_ask_by(kraken: Running, strange: str) -> None:
    answer = public(kraken, f"Ticker?pair={strange}")
    assert answer == {"error": ["EQuery:Unknown asset pair"]}


def test_display_names_come_with_asset_version_one(kraken: Running) -> None:
    pairs = public(kraken, "AssetPairs?assetVersion=1")["result"]
    assert (pairs["BTC/USD"]["base"], pairs["BTC/USD"]["altname"]) == ("BTC", "XBTUSD")
    assert set(public(kraken, "Assets?assetVersion=1")["result"]) == {"BTC", "ETH", "DOGE", "USD"}
    assert set(public(kraken, "Assets")["result"]) == {"XXBT", "XETH", "XXDG", "ZUSD"}
    balance = signer(kraken, "one")("Balance", assetVersion=1)["result"]
    assert set(balance) == {"BTC", "USD"}


def test_public_methods_take_posts_with_form_or_json(kraken: Running) -> None:
    address = f"{kraken.rest}/0/public/Ticker"
    for body in (b"pair=XBTUSD", b'{"pair": "XBTUSD"}'):
        with urllib.request.urlopen(urllib.request.Request(address, body)) as answer:
            assert list(json.loads(answer.read())["result"]) == ["XXBTZUSD"]
    with urllib.request.urlopen(urllib.request.Request(address, b"{nonsense")) as answer:
        assert json.loads(answer.read()) == {"error": ["EAPI:Bad request"]}


def test_candles_end_with_the_forming_one_and_do_not_go_back(kraken: Running) -> None:
    answer = public(kraken, "OHLC?pair=XBTUSD&interval=1&since=0")["result"]
    rows, last = answer["XXBTZUSD"], answer["last"]
    assert len(rows) == 721
    assert rows[-2][0] == last
    assert all(row[0] - before[0] == 60 for before, row in pairwise(rows))
    newer = public(kraken, f"OHLC?pair=XBTUSD&interval=1&since={last}")["result"]["XXBTZUSD"]
    assert [row[0] for row in newer if row[0] <= last] == []
    flat = [row for row in rows if not row[7]]
    assert all((row[5], row[6]) == ("0.0", "0.00000000") for row in flat)


def test_trades_page_in_order_and_lose_only_what_shares_the_edges_nanosecond(
    kraken: Running,
) -> None:
    def page(since: str, count: int) -> Any:
        return public(kraken, f"Trades?pair=XBTUSD&count={count}&since={since}")["result"]

    for _ in range(9):
        said = {"symbol": "BTC/USD", "price": "60000", "qty": "0.001"}
        assert "result" in post(f"{kraken.rest}/simulator/trade", said)
    whole = {row[6]: row[2] for row in page("0", 1000)["XXBTZUSD"]}
    ids: list[int] = []
    since, edges = "0", []
    while (rows := (answer := page(since, 2))["XXBTZUSD"]) and len(ids) < len(whole) - 2:
        ids += [row[6] for row in rows]
        since = answer["last"]
        edges.append(rows[-1][2])
    assert isinstance(since, str)
    assert len(edges) > 2
    assert ids == sorted(set(ids))
    missing = [name for name in whole if name < ids[-1] and name not in ids]
    assert all(whole[name] in edges for name in missing)


def test_bodies_may_be_forms_or_json_with_or_without_a_type(kraken: Running) -> None:
    sign = signer(kraken, "one")
    for text in ("nonce={}", "asset=XXBT&nonce={}", '{{"nonce": {}}}', '{{"nonce": "{}"}}'):
        sign.nonce += 1
        body = text.format(sign.nonce).encode()
        for headers in ({"Content-Type": "application/json"}, {"Content-Type": ""}):
            answer = sign.send("Balance", body, str(sign.nonce), **headers)
            fits = {"error": [], "result": {"XXBT": "2.0000000000", "ZUSD": "50000.0000"}}
            # The second time its nonce is old: what is asked is whether it was understood.
            assert answer in (fits, {"error": ["EAPI:Invalid nonce"]})


def test_an_order_lives_and_dies_by_rest(kraken: Running) -> None:
    sign = signer(kraken, "two")
    order = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "volume": "0.5"}
    placed = sign("AddOrder", price="1000", cl_ord_id="mine", **order)["result"]
    (txid,) = placed["txid"]
    assert placed["descr"] == {"order": "buy 0.50000000 XBTUSD @ limit 1000.0"}
    assert sign("BalanceEx")["result"]["ZUSD"] == {
        "balance": "50000.0000",
        "hold_trade": "502.0000",
    }
    again = sign("AddOrder", price="1000", cl_ord_id="mine", **order)
    assert again == {"error": ["EGeneral:Invalid arguments:cl_ord_id"]}
    shown = sign("OpenOrders")["result"]["open"][txid]
    assert (shown["status"], shown["vol"], shown["descr"]["price"]) == (
        "open",
        "0.50000000",
        "1000.0",
    )
    assert sign("CancelOrder", cl_ord_id="mine")["result"] == {"count": 1}
    assert sign("CancelOrder", txid=txid) == {"error": ["EOrder:Unknown order"]}
    # Free again once the first is closed: the client id does not protect a late resend.
    (second,) = sign("AddOrder", price="1001", cl_ord_id="mine", **order)["result"]["txid"]
    found = sign("QueryOrders", cl_ord_id="mine")["result"]
    assert {name: each["status"] for name, each in found.items()} == {
        second: "open",
        txid: "canceled",
    }
    assert found[txid]["reason"] == "User requested"
    strange = "OAAAAA-BBBBB-CCCCCC"
    assert list(sign("QueryOrders", txid=f"{txid},{strange}")["result"]) == [txid]
    assert sign("QueryOrders", txid=strange) == {"error": ["EOrder:Invalid order"]}
    assert sign("CancelAll")["result"] == {"count": 1}


def test_relative_prices_and_flags_are_understood(kraken: Running) -> None:
    sign = signer(kraken, "three")
    order = {"pair": "XBTUSD", "volume": "0.01", "ordertype": "limit", "validate": "true"}
    last = Decimal(public(kraken, "Ticker?pair=XBTUSD")["result"]["XXBTZUSD"]["c"][0])
    for written, expected in (("-10%", last * Decimal("0.9")), ("#500", last - 500)):
        said = sign("AddOrder", type="buy", price=written, **order)["result"]
        assert "txid" not in said
        assert Decimal(said["descr"]["order"].split()[-1]) == pytest.approx(
            expected, rel=Decimal("0.01")
        )
    refused = sign("AddOrder", type="buy", price="1000", oflags="viqc", **order)
    assert refused == {"error": ["EGeneral:Invalid arguments:viqc"]}
    refused = sign("AddOrder", type="buy", price="1000", oflags="fcib,fciq", **order)
    assert refused == {"error": ["EGeneral:Invalid arguments:oflags"]}
    refused = sign("AddOrder", type="buy", price="1000", **{**order, "deadline": "soon"})
    assert refused == {"error": ["EGeneral:Invalid arguments:deadline"]}
    for field in ("starttm", "close[ordertype]"):
        refused = sign("AddOrder", type="buy", price="1000", **{**order, field: "+60"})
        assert refused == {"error": [f"EGeneral:Invalid arguments:{field.partition('[')[0]}"]}
    stop = sign(
        "AddOrder",
        **{**order, "ordertype": "stop-loss-limit"},
        type="sell",
        price="900",
        price2="800",
    )
    assert stop["result"]["descr"]["order"].endswith("stop-loss-limit 900.0 -> limit 800.0")


def test_validate_means_no_only_where_it_says_so(kraken: Running) -> None:
    sign = signer(kraken, "three", "withdraw")
    order = {
        "pair": "XBTUSD",
        "volume": "0.01",
        "ordertype": "limit",
        "type": "buy",
        "price": "900",
    }
    for word in ("true", "True", "1", "anything"):
        assert "txid" not in sign("AddOrder", validate=word, **order)["result"]
    for word in ("false", "False", "0", ""):
        assert "txid" in sign("AddOrder", validate=word, **order)["result"]
    assert sign("CancelAll")["result"] == {"count": 4}


def test_histories_have_fifty_rows_a_page_and_start_is_exclusive(kraken: Running) -> None:
    sign = signer(kraken, "four")
    hooks = f"{kraken.rest}/simulator/accounts/four"
    deposits = [post(f"{hooks}/deposit", {"asset": "USD", "amount": "1"}) for _ in range(60)]
    first = sign("Ledgers", asset="ZUSD")["result"]
    assert (first["count"], len(first["ledger"])) == (61, 50)
    assert next(iter(first["ledger"])) == deposits[-1]["result"]["ledger_id"]
    second = sign("Ledgers", asset="ZUSD", ofs=50)["result"]["ledger"]
    assert len(second) == 11
    assert not set(second) & set(first["ledger"])
    oldest = list(second)[-2]
    tenth = list(first["ledger"])[10]
    later = sign("Ledgers", asset="ZUSD", start=tenth, without_count="true")["result"]
    assert list(later["ledger"]) == list(first["ledger"])[:10]
    assert "count" not in later
    upto = sign("Ledgers", asset="ZUSD", end=oldest)["result"]["ledger"]
    assert next(iter(upto)) == oldest
    asked = sign("QueryLedgers", id=oldest)["result"][oldest]
    assert (asked["type"], asked["asset"], asked["amount"]) == ("deposit", "ZUSD", "1.0000")
    assert sign("Ledgers", ofs=-1) == {"error": ["EGeneral:Invalid arguments:ofs"]}


def test_a_starter_key_runs_into_its_call_limit(kraken: Running) -> None:
    sign = signer(kraken, "five", "read")
    answers = [sign("Ledgers")["error"] for _ in range(10)]
    assert answers[0] == []
    assert answers[-1] == ["EAPI:Rate limit exceeded"]
    # Orders are not counted there.
    trading = signer(kraken, "five")
    assert all(trading("CancelAll")["error"] == [] for _ in range(25))


def test_a_key_does_what_its_permissions_allow(kraken: Running) -> None:
    reading = signer(kraken, "six", "read")
    assert reading("Balance")["error"] == []
    for method in ("AddOrder", "CancelAll", "CancelAllOrdersAfter"):
        assert reading(method, timeout=1) == {"error": ["EGeneral:Permission denied"]}
    info = signer(kraken, "six", "withdraw")("GetApiKeyInfo")["result"]
    assert "withdraw-funds" in info["permissions"]
    assert signer(kraken, "six", "otp")("Balance") == {"error": ["EAPI:Invalid key"]}


def test_a_batch_fails_whole_or_by_the_leg(kraken: Running) -> None:
    sign = signer(kraken, "seven")
    leg = {"ordertype": "limit", "type": "buy", "price": "1000", "volume": "0.5"}

    def batch(*legs: dict[str, str]) -> Any:
        sign.nonce += 1
        document = {"nonce": sign.nonce, "pair": "XBTUSD", "orders": list(legs)}
        return sign.send("AddOrderBatch", json.dumps(document).encode(), str(sign.nonce))

    answer = batch(leg, {**leg, "volume": "500"})
    assert answer["error"] == []
    first, second = answer["result"]["orders"]
    assert (first["txid"][0], second) == ("O", {"error": "EOrder:Insufficient funds"})
    assert batch(leg, {**leg, "price": "1000.123"})["error"][0].startswith("EOrder:Invalid price")
    assert batch(leg)["error"] == ["EGeneral:Invalid arguments:orders"]
    sign.nonce += 1
    named = {"nonce": sign.nonce, "orders": [first["txid"], "OAAAAA-BBBBB-CCCCCC"]}
    answer = sign.send("CancelOrderBatch", json.dumps(named).encode(), str(sign.nonce))
    assert answer["result"] == {"count": 1}


def test_money_methods_tell_the_account(kraken: Running) -> None:
    sign = signer(kraken, "seven", "withdraw")
    worth = sign("TradeBalance")["result"]
    assert Decimal(worth["eb"]) > 150_000
    assert Decimal(sign("TradeBalance", asset="XBT")["result"]["eb"]) < 4
    volume = sign("TradeVolume", pair="XBTUSD,ETH/USD")["result"]
    assert set(volume["fees"]) == {"XXBTZUSD", "ETH/USD"}
    assert volume["fees_maker"]["ETH/USD"]["fee"] == "0.2500"
    assert "fees" not in sign("TradeVolume")["result"]
    assert sign("QueryTrades", txid="TAAAAA-BBBBB-CCCCCC") == {"error": ["EQuery:Unknown trade"]}
