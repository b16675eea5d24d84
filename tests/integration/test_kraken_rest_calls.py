"""The REST client against a server on loopback: what is sent, and what the answers become."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from actors.instant import SECOND_NS
from actors.ports import Permanent, ProtocolViolation
from adapters.kraken.bodies import Amendment, TimeInForce
from adapters.kraken.records import Balance
from tests.kraken_rest_server import ORDER, ok, refused, rest_session

pytestmark = pytest.mark.asyncio
TXID = "OUF4EM-FRGI2-MQMWZD"


async def test_an_order_is_cash_limit_with_deadline_and_fee_in_quote(tmp_path: Path) -> None:
    async with rest_session(tmp_path) as (server, rest):
        server.answer("AddOrder", ok({"descr": {"order": "buy 0.001"}, "txid": [TXID]}))
        placed = await rest.add_order(ORDER)
        form = server.forms("AddOrder")[0]
    assert (placed.txid, placed.description) == (TXID, "buy 0.001")
    assert next(iter(form)) == "nonce"
    form.pop("nonce")
    assert form == {
        "ordertype": "limit",
        "type": "buy",
        "pair": "XBTUSD",
        "volume": "0.00100000",
        "price": "37500.0",
        "timeinforce": "GTC",
        "oflags": "fciq",
        "cl_ord_id": "0123456789abcdef0123456789abcdef",
        "deadline": "2026-09-21T14:13:25.000000Z",
    }


async def test_an_order_may_be_post_only_or_immediate(tmp_path: Path) -> None:
    order = msgspec.structs.replace(
        ORDER, side="sell", post_only=True, time_in_force=TimeInForce.IOC
    )
    async with rest_session(tmp_path) as (server, rest):
        server.answer("AddOrder", ok({"txid": [TXID]}))
        await rest.add_order(order)
        form = server.forms("AddOrder")[0]
    assert (form["oflags"], form["timeinforce"], form["type"]) == ("post,fciq", "IOC", "sell")


async def test_an_order_is_checked_without_being_placed(tmp_path: Path) -> None:
    async with rest_session(tmp_path) as (server, rest):
        server.answer("AddOrder", ok({"descr": {"order": "buy 0.001"}}))
        assert await rest.check_order(ORDER) == "buy 0.001"
        assert server.forms("AddOrder")[0]["validate"] == "true"


@pytest.mark.parametrize(
    "change",
    [
        {"volume": Decimal(0)},
        {"volume": Decimal(-1)},
        {"price": Decimal("NaN")},
        {"price": Decimal("Infinity")},
        {"side": "long"},
        {"cl_ord_id": ""},
        {"pair": ""},
    ],
)
async def test_an_order_that_means_nothing_is_not_sent(
    tmp_path: Path, change: dict[str, object]
) -> None:
    async with rest_session(tmp_path) as (server, rest):
        with pytest.raises(ValueError, match="an order"):
            await rest.add_order(msgspec.structs.replace(ORDER, **change))
        assert server.arrived == []


async def test_small_prices_are_sent_without_exponent(tmp_path: Path) -> None:
    order = msgspec.structs.replace(ORDER, price=Decimal("1E-8"), volume=Decimal("5E+5"))
    async with rest_session(tmp_path) as (server, rest):
        server.answer("AddOrder", ok({"txid": [TXID]}))
        await rest.add_order(order)
        form = server.forms("AddOrder")[0]
    assert (form["price"], form["volume"]) == ("0.00000001", "500000")


async def test_an_amendment_names_only_what_changes(tmp_path: Path) -> None:
    deadline = 1_790_000_005_123_456_789
    async with rest_session(tmp_path) as (server, rest):
        server.always("AmendOrder", ok({"amend_id": "TEZA4R-DSDGT-IJBOJK"}))
        amended = await rest.amend_order(
            Amendment(cl_ord_id="a1", deadline=deadline, price=Decimal("5.10"), post_only=True)
        )
        await rest.amend_order(
            Amendment(cl_ord_id="a1", deadline=deadline, volume=Decimal("0.25000000"))
        )
        with pytest.raises(ValueError, match="changes something"):
            await rest.amend_order(Amendment(cl_ord_id="a1", deadline=deadline))
        forms = server.forms("AmendOrder")
    assert amended == "TEZA4R-DSDGT-IJBOJK"
    for form in forms:
        form.pop("nonce")
    common = {"cl_ord_id": "a1", "deadline": "2026-09-21T14:13:25.123456Z"}
    assert forms == [
        {**common, "limit_price": "5.10", "post_only": "true"},
        {**common, "order_qty": "0.25000000"},
    ]


async def test_a_cancel_goes_by_our_id_or_the_venues_and_never_both(tmp_path: Path) -> None:
    async with rest_session(tmp_path) as (server, rest):
        server.always("CancelOrder", ok({"count": 1, "pending": True}))
        assert (await rest.cancel_order(cl_ord_id="a1")).pending
        assert (await rest.cancel_order(txid=TXID)).count == 1
        for wrong in ({}, {"cl_ord_id": "a1", "txid": TXID}):
            with pytest.raises(ValueError, match="by our id or"):
                await rest.cancel_order(**wrong)
        forms = server.forms("CancelOrder")
    assert [{*form} - {"nonce"} for form in forms] == [{"cl_ord_id"}, {"txid"}]


async def test_all_orders_are_cancelled_now_or_after_a_while(tmp_path: Path) -> None:
    async with rest_session(tmp_path) as (server, rest):
        server.answer("CancelAll", ok({"count": 4}))
        assert await rest.cancel_all() == 4
        server.answer(
            "CancelAllOrdersAfter",
            ok({"currentTime": "2026-09-21T14:13:20Z", "triggerTime": "2026-09-21T14:14:20Z"}),
            ok({"currentTime": "2026-09-21T14:13:20Z", "triggerTime": "0"}),
        )
        armed = await rest.cancel_all_after(60)
        off = await rest.cancel_all_after(0)
        with pytest.raises(ValueError, match="seconds"):
            await rest.cancel_all_after(-1)
        forms = server.forms("CancelAllOrdersAfter")
    assert armed.trigger_ts - armed.current_ts == 60 * SECOND_NS
    assert armed.current_ts == 1_790_000_000 * SECOND_NS
    assert off.trigger_ts == 0
    assert [form["timeout"] for form in forms] == ["60", "0"]


async def test_public_data_becomes_exact_records(tmp_path: Path) -> None:
    async with rest_session(tmp_path) as (server, rest):
        server.answer("Time", ok({"unixtime": 1790000000, "rfc1123": "Mon"}))
        status = {"status": "online", "timestamp": "2026-09-21T14:13:20Z", "emergency": [{}]}
        server.answer("SystemStatus", ok(status))
        server.answer(
            "Depth",
            b'{"error":[],"result":{"XXBTZUSD":{"asks":[["5.10","2.000",1790000000]],"bids":[]}}}',
        )
        server.answer(
            "Trades",
            b'{"error":[],"result":{"BTC/USD":[["30243.40000","0.34507674",1688669597.8277369,'
            b'"b","m","",61044952]],"last":"1688669597827736902"}}',
        )
        assert (await rest.time()).ts == 1_790_000_000 * SECOND_NS
        assert (await rest.system_status()).status == "online"
        level = (await rest.depth("XBTUSD", 5)).asks[0]
        assert (str(level.price), str(level.volume), level.ts) == (
            "5.10",
            "2.000",
            1790000000 * 10**9,
        )
        page = await rest.trades("BTC/USD", 1688669597827736000)
        assert server.arrived[-1].method == "GET"
        assert server.forms("Trades")[0] == {
            "pair": "BTC/USD",
            "since": "1688669597827736000",
            "count": "1000",
        }
    assert page.last == 1688669597827736902
    assert page.rows[0].ts == 1688669597827736900
    assert (page.rows[0].side, page.rows[0].trade_id) == ("b", 61044952)


async def test_recorded_candles_are_committed_but_for_the_last(
    tmp_path: Path, recorded: Callable[[str], Path]
) -> None:
    path = recorded("kraken/protocol/nautilus__http_ohlc.json.gz")
    async with rest_session(tmp_path) as (server, rest):
        with gzip.open(path) as file:
            server.answer("OHLC", file.read())
        candles = await rest.ohlc("XBTUSD", 1, since=1_790_000_000 * SECOND_NS)
        assert server.forms("OHLC")[0]["since"] == "1790000000"
    assert len(candles.rows) == 721
    assert len(candles.committed) == 720
    assert candles.committed[-1].opened_ts == candles.last_ts
    flat = [row for row in candles.rows if row.trades == 0]
    assert len(flat) == 216
    assert all(row.volume == 0 and row.vwap == 0 and row.high == row.low for row in flat)


async def test_lists_and_pairs_as_recorded_are_read_whole(
    tmp_path: Path, recorded: Callable[[str], Path]
) -> None:
    folder = recorded("kraken/protocol/nautilus__http_asset_pairs.json").parent
    async with rest_session(tmp_path) as (server, rest):
        server.answer("AssetPairs", (folder / "nautilus__http_asset_pairs.json").read_bytes())
        with gzip.open(folder / "xchange__example-assetpairs-data.json.gz") as file:
            server.answer("AssetPairs", file.read())
        server.answer("Assets", (folder / "xchange__example-assets-data.json").read_bytes())
        pairs = await rest.asset_pairs(["XBTUSDT"])
        old = await rest.asset_pairs()
        assets = await rest.assets()
        assert [form.get("pair") for form in server.forms("AssetPairs")] == ["XBTUSDT", None]
    pair = pairs["XBTUSDT"]
    assert (pair.ordermin, pair.costmin) == (Decimal("0.00005"), Decimal("0.5"))
    assert (pair.tick_size, pair.status) == (Decimal("0.1"), "online")
    assert pair.fees[1] == (Decimal(10000), Decimal("0.35"))
    assert old["XXBTZUSD"].costmin is None
    assert assets["XXBT"].altname == "XBT"


async def test_the_accounts_records_are_read_as_recorded(
    tmp_path: Path, recorded: Callable[[str], Path]
) -> None:
    fixtures = recorded_fixtures(recorded("kraken/protocol/jkorf__fixtures.jsonl.gz"))
    start, end = 1_600_000_000 * SECOND_NS, 1_700_000_000 * SECOND_NS
    async with rest_session(tmp_path) as (server, rest):
        server.answer("BalanceEx", fixtures["Account/GetAvailableBalances"])
        server.answer("ClosedOrders", fixtures["Trading/GetClosedOrders"])
        server.answer("QueryOrders", fixtures["Trading/GetOrders"])
        server.answer("TradesHistory", fixtures["Trading/GetUserTrades"])
        server.answer("Ledgers", fixtures["SpotAccount/GetLedgerInfoAsync"])
        server.answer("TradeVolume", fixtures["Account/GetTradeVolume"])
        server.answer("OpenOrders", fixtures["SpotTrading/GetOpenOrdersAsync"])
        balances = await rest.balances()
        closed = await rest.closed_orders(start, end)
        asked = await rest.query_orders(["OBCMZD-JIEE7-77TH3F"])
        trades = await rest.trades_history(start, end)
        entries = await rest.ledgers(start, end)
        fees = await rest.trade_volume(["XBTUSD"])
        opened = await rest.open_orders("a1")
        assert server.forms("OpenOrders")[0]["cl_ord_id"] == "a1"
    assert balances["ZUSD"] == Balance(Decimal("25435.21"), Decimal("8249.76"))
    assert balances["ZUSD"].available == Decimal("17185.45")
    assert closed.complete
    assert closed.rows[0].txid == "O37652-RJWRT-IMO74O"
    assert closed.rows[0].closed_ts == 1_688_148_610_048_200_000
    assert closed.rows[0].descr.pair == "XBTGBP"
    assert {each.status for each in asked} <= {"closed", "canceled", "open"}
    assert trades.complete
    assert trades.rows[0].ts == 1_688_667_796_880_200_000
    assert (trades.rows[0].txid, trades.rows[0].maker) == ("THVRQM-33VKH-UCI7BS", True)
    assert entries.rows[0].amount == Decimal("-24.5000")
    assert entries.rows[0].ledger_id == "L4UESK-KG3EQ-UFO4T5"
    assert fees.fees["XXBTZUSD"].fee == Decimal("0.1000")
    assert fees.fees["XXBTZUSD"].nextfee is None
    assert all(each.status == "open" and each.txid for each in opened)


def recorded_fixtures(path: Path) -> dict[str, bytes]:
    """Bodies by the fixture's last two names; those with a request line before lose it."""
    found: dict[str, bytes] = {}
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            entry = json.loads(line)
            name = "/".join(entry["path"].removesuffix(".txt").split("/")[-2:])
            found[name] = entry["text"][entry["text"].find("{") :].encode()
    return found


async def test_a_key_and_a_token_are_read_and_not_shown(tmp_path: Path) -> None:
    info = {
        "api_key_name": "desk",
        "api_key": "shown to nobody",
        "nonce": "1790000000",
        "nonce_window": "15",
        "permissions": ["query-funds", "modify-trades"],
        "iban": "AA00",
        "valid_until": "1790000000",
        "query_from": "0",
        "created_time": "1522132642",
        "ip_allowlist": ["", "192.0.2.1"],
    }
    async with rest_session(tmp_path) as (server, rest):
        server.answer("GetApiKeyInfo", ok(info), ok({"api_key_name": "desk"}))
        server.answer(
            "GetWebSocketsToken", ok({"token": "1Dwc4lzSwNWOAwkMdqhssNNF", "expires": 900})
        )
        key = await rest.key_info()
        token = await rest.socket_token()
        with pytest.raises(ProtocolViolation, match="permissions"):
            await rest.key_info()
    assert key.permissions == ("query-funds", "modify-trades")
    assert key.valid_until == 1_790_000_000 * SECOND_NS
    assert key.addresses == ("192.0.2.1",)
    assert "shown to nobody" not in f"{key} {key!r} {[key]}"
    assert (token.token, token.expires) == ("1Dwc4lzSwNWOAwkMdqhssNNF", 900)
    assert "1Dwc" not in f"{token} {token!r} {[token]}"


async def test_orders_are_asked_for_by_one_kind_of_id(tmp_path: Path) -> None:
    async with rest_session(tmp_path) as (server, rest):
        server.always("QueryOrders", ok({}))
        assert await rest.query_orders(cl_ord_id="a1") == ()
        assert await rest.query_orders(["A", "B"]) == ()
        for txids, cl_ord_id in (((), ""), (("A",), "a1"), (("A",) * 51, "")):
            with pytest.raises(ValueError, match="ask for"):
                await rest.query_orders(txids, cl_ord_id)
        forms = server.forms("QueryOrders")
    assert (forms[0]["cl_ord_id"], forms[1]["txid"]) == ("a1", "A,B")


async def test_a_warning_beside_a_result_is_no_error(tmp_path: Path) -> None:
    body = b'{"error":["WGeneral:Danger"],"result":{"count":1}}'
    async with rest_session(tmp_path) as (server, rest):
        server.answer("CancelOrder", body)
        assert (await rest.cancel_order(cl_ord_id="a1")).count == 1


async def test_a_call_without_a_key_needs_none_where_it_is_public(tmp_path: Path) -> None:
    async with rest_session(tmp_path) as (server, rest):
        server.answer("Assets", refused("EQuery:Unknown asset"))
        with pytest.raises(Permanent, match=r"^EQuery:Unknown asset$"):
            await rest.assets()
        assert "API-Key" not in server.arrived[0].headers
