"""WebSocket v2 of the simulated Kraken over real sockets: frames, texts, numbers, books."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from adapters.kraken.stream import MarketStream
from adapters.kraken_simulator.serving.launch import Running
from adapters.kraken_simulator.serving.plan import account_of
from tests.simulated_kraken import PAIRS, post, simulated_kraken, small_plan
from tests.simulated_kraken_socket import WAIT_SECONDS, Socket, added, answer_of, socket_of

NAMES = ("one", "two", "three", "four", "five", "six")


@pytest.fixture(scope="module")
def kraken() -> Iterator[Running]:
    """Accounts of equal means; each test that trades takes one of its own."""
    accounts = tuple(account_of(f"{name}=USD:50000,BTC:2,ETH.F:3", "pro") for name in NAMES)
    with simulated_kraken(small_plan(accounts=accounts)) as running:
        yield running


@pytest.mark.asyncio
async def test_a_socket_speaks_as_the_recorded_ones_do(kraken: Running) -> None:
    async with socket_of(kraken) as socket:
        pong = await _pong(socket, 1)
        assert (pong["req_id"], set(pong)) == (1, {"method", "req_id", "time_in", "time_out"})
        refused = await socket.ask("ping", x=1)
        assert refused["error"] == "Unsupported field: 'params' for the given msg type: ping"
        refused = await socket.ask("subscribe", channel="nothing")
        assert refused["error"] == "Unsupported event"
        await socket.socket.send_str("{")
        assert not (await socket.next())["success"]
        await socket.socket.ping()
        symbols = ["BTC/USD", "XBT/USD", "WWW/USD"]
        await socket.send("subscribe", req_id=5, channel="trade", symbol=symbols)
        answers = [await socket.find(method="subscribe") for _ in symbols]
        assert answers[0]["result"] == {
            "channel": "trade",
            "snapshot": False,
            "symbol": "BTC/USD",
        }
        assert [each["req_id"] for each in answers] == [5, 5, 5]
        assert [each.get("error") for each in answers[1:]] == [
            "Currency pair not supported XBT/USD",
            "Currency pair not supported WWW/USD",
        ]
        assert answers[2]["symbol"] == "WWW/USD"


async def _pong(socket: Socket, req_id: int) -> Any:
    await socket.send("ping", req_id=req_id)
    return await socket.find(method="pong")


@pytest.mark.asyncio
async def test_each_endpoint_refuses_the_others_work(kraken: Running) -> None:
    private = "Private data and trading are unavailable on this endpoint. Try ws-auth.kraken.com"
    public = "Public market data subscriptions are unavailable on this endpoint. Try ws.kraken.com"
    async with socket_of(kraken) as socket:
        assert (await socket.ask("subscribe", channel="balances"))["error"] == private
        assert (await socket.ask("add_order", symbol="BTC/USD"))["error"] == private
    for path in ("/v2-auth", "/v2/auth", "/auth/v2"):
        async with socket_of(kraken, path) as socket:
            refused = await socket.ask("subscribe", channel="book", symbol=["BTC/USD"])
            assert refused["error"] == public
            refused = await socket.ask("subscribe", channel="executions", token="wrong")
            assert (refused["error"], refused["status"], refused["channel"]) == (
                "ESession:Invalid session",
                "error",
                "executions",
            )
            refused = await socket.ask("edit_order", token="wrong")
            assert refused["error"] == "Token(s) not found"


@pytest.mark.asyncio
async def test_heartbeats_come_each_second_when_nothing_else_does(kraken: Running) -> None:
    async with socket_of(kraken, "/v2-auth", "one") as socket:
        assert (await socket.ask("subscribe", channel="balances"))["success"]
        assert (await socket.next())["type"] == "snapshot"
        loop = asyncio.get_running_loop()
        before = loop.time()
        for _ in range(2):
            message = await socket.socket.receive(WAIT_SECONDS)
            assert json.loads(message.data) == {"channel": "heartbeat"}
        assert 1.5 < loop.time() - before < 4


@pytest.mark.asyncio
async def test_our_own_reader_finds_every_frame_and_checksum_right(kraken: Running) -> None:
    """The reader that recorded traffic was checked with: no unknown field, no wrong checksum."""
    stream = MarketStream(PAIRS)
    async with socket_of(kraken) as socket:
        for depth in (10, 25, 100, 500, 1000):
            await socket.send("subscribe", channel="book", symbol=["ETH/USD"], depth=depth)
            answer = await socket.find(method="subscribe")
            assert answer["result"]["depth"] == depth
            await socket.find(channel="book", type="snapshot")
            await socket.ask("unsubscribe", channel="book", symbol=["ETH/USD"], depth=depth)
        socket.texts.clear()
        await socket.send("subscribe", channel="book", symbol=list(PAIRS))
        await socket.send("subscribe", channel="trade", symbol=list(PAIRS), snapshot=True)
        while stream.counts.book_updates < 40:
            await socket.next()
            stream.feed(socket.texts[-1].encode(), 0)
    counts = stream.counts
    assert counts.checksums_verified >= 43
    assert counts.checksums_failed == counts.crossed_books == counts.misshapen_frames == 0
    assert counts.unknown_fields == counts.trade_gaps == counts.updates_without_book == 0


@pytest.mark.asyncio
async def test_numbers_keep_the_zeros_of_the_engine(kraken: Running) -> None:
    async with socket_of(kraken) as socket:
        await socket.send("subscribe", channel="instrument")
        await socket.find(channel="instrument")
        assert '"price_increment":0.0000001,' in socket.texts[-1]
        assert '"qty_min":50.00000000' in socket.texts[-1]
        await socket.send("subscribe", channel="book", symbol=["BTC/USD"])
        snapshot = await socket.find(channel="book", type="snapshot")
        for level in snapshot["data"][0]["bids"]:
            assert level["price"].as_tuple().exponent == -1
            assert level["qty"].as_tuple().exponent == -8


@pytest.mark.asyncio
async def test_snapshots_of_market_channels_have_the_recorded_fields(kraken: Running) -> None:
    async with socket_of(kraken) as socket:
        answer = await socket.ask("subscribe", channel="ticker", symbol=["BTC/USD"])
        assert answer["result"]["event_trigger"] == "trades"
        (ticker,) = (await socket.find(channel="ticker"))["data"]
        assert ticker["bid"] < ticker["ask"]
        assert ticker["change_pct"].as_tuple().exponent == -2
        answer = await socket.ask("subscribe", channel="ohlc", symbol=["BTC/USD"], interval=5)
        assert answer["result"]["warnings"] == ["timestamp is deprecated, use interval_begin"]
        candles = (await socket.find(channel="ohlc"))["data"]
        begins = [each["interval_begin"] for each in candles]
        assert begins == sorted(begins)
        assert begins[0].endswith(":00.000000000Z")
        assert all(each["trades"] for each in candles)
        repeated = await socket.ask("subscribe", channel="ohlc", symbol=["BTC/USD"], interval=5)
        assert not repeated["success"]
        for wrong in ({"interval": 7}, {"interval": "5"}):
            refused = await socket.ask("subscribe", channel="ohlc", symbol=["BTC/USD"], **wrong)
            assert not refused["success"]
        refused = await socket.ask("subscribe", channel="book", symbol=["BTC/USD"], depth=11)
        assert not refused["success"]


@pytest.mark.asyncio
async def test_trades_candles_and_tickers_follow_each_trade(kraken: Running) -> None:
    async with socket_of(kraken) as socket:
        for channel in ("trade", "ohlc", "ticker"):
            await socket.ask("subscribe", channel=channel, symbol=["DOGE/USD"], snapshot=False)
        hook = f"{kraken.rest}/simulator/trade"
        said = {"symbol": "DOGE/USD", "price": "0.5", "qty": "77"}
        printed = await asyncio.to_thread(post, hook, said)
        while True:
            (trade, *_) = (await socket.find(channel="trade"))["data"][-1:]
            if trade["trade_id"] == printed["result"]["trade_id"]:
                break
        assert (trade["price"], trade["qty"]) == (Decimal("0.5000000"), Decimal("77.00000000"))
        (candle,) = (await socket.find(channel="ohlc"))["data"]
        assert candle["high"] == Decimal("0.5000000")
        assert (await socket.find(channel="ticker"))["data"][0]["high"] == candle["high"]


@pytest.mark.asyncio
async def test_executions_are_sparse_and_in_sequence(kraken: Running) -> None:
    async with socket_of(kraken, "/v2-auth", "two") as socket:
        await socket.send("subscribe", channel="executions", ratecounter=True, req_id=3)
        answer = await socket.find(method="subscribe")
        assert answer["result"]["maxratecount"] == 180
        assert len(answer["result"]["warnings"]) == 4
        snapshot = await socket.find(channel="executions")
        assert (snapshot["type"], snapshot["data"], snapshot["sequence"]) == ("snapshot", [], 1)
        placed = await added(socket, cl_ord_id="mine")
        order_id = placed["result"]["order_id"]
        assert placed["result"]["cl_ord_id"] == "mine"
        reports = await _reports(kraken, "two", order_id, socket)
        kinds = [each["exec_type"] for each in reports]
        assert kinds == ["pending_new", "new", "trade", "canceled"]
        first, new, trade, canceled = reports
        assert (first["symbol"], first["side"], first["limit_price"]) == (
            "BTC/USD",
            "buy",
            Decimal("1000.0"),
        )
        assert set(new) == {
            "order_id",
            "cl_ord_id",
            "exec_type",
            "order_status",
            "order_userref",
            "timestamp",
        }
        assert (trade["order_status"], trade["last_qty"]) == ("partially_filled", Decimal("0.1"))
        assert trade["fees"] == [{"asset": "USD", "qty": Decimal("0.25000")}]
        assert "symbol" not in canceled
        assert canceled["reason"] == "User requested"
        assert canceled["cum_qty"] == Decimal("0.1")


async def _reports(kraken: Running, account: str, order_id: str, socket: Socket) -> list[Any]:
    """All reports of an order that is filled in part and then cancelled."""
    hook = f"{kraken.rest}/simulator/accounts/{account}/fill"
    filled = await asyncio.to_thread(post, hook, {"order_id": order_id, "qty": "0.1"})
    assert "result" in filled
    await socket.send("cancel_order", order_id=[order_id, "OAAAAA-BBBBB-CCCCCC"])
    answers = [await answer_of(socket, "cancel_order") for _ in range(2)]
    assert answers[0]["result"] == {"order_id": order_id}
    assert answers[1]["error"] == "EOrder:Unknown order"
    kept = socket.kept
    while kept[-1]["data"][0]["exec_type"] != "canceled":
        kept.append(await socket.find(channel="executions"))
    sequences = [each["sequence"] for each in kept]
    assert sequences == list(range(sequences[0], sequences[0] + len(kept)))
    return [each["data"][0] for each in kept]


@pytest.mark.asyncio
async def test_the_report_that_fills_still_says_partially_filled(kraken: Running) -> None:
    async with socket_of(kraken, "/v2-auth", "three") as socket:
        await socket.send("subscribe", channel="executions")
        await socket.find(channel="executions")
        await socket.send("subscribe", channel="balances")
        balances = await socket.find(channel="balances")
        (eth,) = [each for each in balances["data"] if each["asset"] == "ETH"]
        assert eth["wallets"] == [{"type": "earn", "id": "flex", "balance": Decimal(3)}]
        placed = await added(socket)
        hook = f"{kraken.rest}/simulator/accounts/three/fill"
        await asyncio.to_thread(post, hook, {"order_id": placed["result"]["order_id"]})
        frames = socket.kept
        while not frames or frames[-1]["data"][0].get("exec_type") != "filled":
            frames.append(await socket.next())
        rows = [each["data"][0] for each in frames if each["channel"] == "executions"]
        assert [(each["exec_type"], each["order_status"]) for each in rows[-2:]] == [
            ("trade", "partially_filled"),
            ("filled", "filled"),
        ]
        entries = [each["data"][0] for each in frames if each["channel"] == "balances"]
        assert {each["asset"] for each in entries} == {"BTC", "USD"}
        assert all(each["type"] == "trade" for each in entries)
    async with socket_of(kraken, "/v2-auth", "three") as socket:
        await socket.send("subscribe", channel="executions", snap_trades=True)
        snapshot = await socket.find(channel="executions")
        (fill,) = snapshot["data"]
        assert (fill["exec_type"], fill["order_status"]) == ("trade", "filled")


@pytest.mark.asyncio
async def test_orders_are_changed_and_cancelled_in_batches(kraken: Running) -> None:
    async with socket_of(kraken, "/v2-auth", "four") as socket:
        leg = {"order_type": "limit", "side": "buy", "order_qty": 0.01, "limit_price": 900}
        answer = await socket.ask("batch_add", symbol="BTC/USD", orders=[leg, leg, leg])
        first, second, third = (each["order_id"] for each in answer["result"])
        answer = await socket.ask("amend_order", order_id=first, limit_price=901)
        assert set(answer["result"]) == {"amend_id", "order_id"}
        answer = await socket.ask("edit_order", order_id=second, symbol="BTC/USD", order_qty=0.02)
        assert answer["result"]["original_order_id"] == second
        edited = answer["result"]["order_id"]
        answer = await socket.ask("batch_cancel", orders=[first, edited])
        assert (answer["orders_cancelled"], "result" in answer) == (2, False)
        assert (await socket.ask("batch_cancel", orders=[third]))["success"] is False
        answer = await socket.ask("cancel_all_orders_after", timeout=60)
        assert answer["result"]["triggerTime"] > answer["result"]["currentTime"]
        answer = await socket.ask("cancel_all_orders_after", timeout=0)
        assert answer["result"]["triggerTime"] == "0"
        assert (await socket.ask("cancel_all"))["result"] == {"count": 1}


@pytest.mark.asyncio
async def test_wrong_fields_are_refused_in_the_recorded_words(kraken: Running) -> None:
    async with socket_of(kraken, "/v2-auth", "five") as socket:
        refused = await added(socket, limit_price="1000")
        assert refused["error"] == "Limit_price field must be a number_float"
        refused = await added(socket, no_mpp=True)
        assert refused["error"] == (
            "EGeneral:Invalid arguments:no_mpp order option is only available when "
            "ordertype = market"
        )
        for field, value in (
            ("expire_time", "soon"),
            ("conditional", {"order_type": "limit"}),
            ("triggers", {"price": 1, "strange": 1}),
            ("fee_preference", "none"),
        ):
            refused = await added(socket, **{field: value})
            assert refused["error"] == f"EGeneral:Invalid arguments:{field}"
        refused = await added(socket, colour="red")
        assert "'colour'" in refused["error"]
    async with socket_of(kraken, "/v2-auth", "five", "read") as socket:
        assert (await added(socket))["error"] == "EGeneral:Permission denied"
        assert (await socket.ask("subscribe", channel="executions"))["success"]


@pytest.mark.asyncio
async def test_acks_and_reports_race_in_either_order(kraken: Running) -> None:
    async with socket_of(kraken, "/v2-auth", "six") as socket:
        await socket.send("subscribe", channel="executions")
        await socket.find(channel="executions")
        orders = []
        for _ in range(2):
            await socket.send(
                "add_order",
                order_type="limit",
                side="buy",
                symbol="BTC/USD",
                order_qty=0.01,
                limit_price=900,
            )
            frames = [await socket.next() for _ in range(3)]
            orders.append([each.get("method") or each["channel"] for each in frames])
        reports = ["executions", "executions"]
        assert sorted(orders) == [["add_order", *reports], [*reports, "add_order"]]


@pytest.mark.asyncio
async def test_a_change_of_mode_reaches_every_socket(kraken: Running) -> None:
    async with socket_of(kraken) as socket, socket_of(kraken, "/v2-auth") as other:
        hook = f"{kraken.rest}/simulator/status"
        for status in ("cancel_only", "online"):
            await asyncio.to_thread(post, hook, {"status": status})
            for each in (socket, other):
                found = await each.find(channel="status")
                assert found["data"][0]["system"] == status
        hook = f"{kraken.rest}/simulator/announce"
        await asyncio.to_thread(post, hook, {"emergency": [{"title": "fire"}]})
        found = await socket.find(channel="status")
        assert found["data"][0]["emergency"] == [{"title": "fire"}]
        await asyncio.to_thread(post, hook)
