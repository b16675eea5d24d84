"""What the simulated Kraken's sockets tell of pairs that change and of orders of every kind."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from adapters.kraken_simulator.serving.launch import Running
from adapters.kraken_simulator.serving.plan import account_of
from tests.simulated_kraken import PAIRS, post, simulated_kraken, small_plan
from tests.simulated_kraken_socket import added, socket_of


@pytest.fixture(scope="module")
def kraken() -> Iterator[Running]:
    with simulated_kraken(small_plan(accounts=(account_of("one=USD:50000,BTC:2", "pro"),))) as one:
        yield one


@pytest.mark.asyncio
async def test_a_pair_that_changes_is_told_on_the_instrument_channel(kraken: Running) -> None:
    async with socket_of(kraken) as socket:
        answer = await socket.ask("subscribe", channel="instrument")
        assert answer["result"]["warnings"] == ["tick_size is deprecated, use price_increment"]
        snapshot = await socket.find(channel="instrument", type="snapshot")
        assert [each["symbol"] for each in snapshot["data"]["pairs"]] == list(PAIRS)
        hook = f"{kraken.rest}/simulator/status"
        for status in ("post_only", "online"):
            said = {"symbol": "DOGE/USD", "status": status}
            await asyncio.to_thread(post, hook, said)
            update = await socket.find(channel="instrument", type="update")
            (row,) = update["data"]["pairs"]
            assert (row["symbol"], row["status"]) == ("DOGE/USD", status)
        assert (await socket.ask("unsubscribe", channel="instrument"))["success"]
        refused = await socket.ask("unsubscribe", channel="instrument")
        assert refused["error"] == "Subscription not found"


@pytest.mark.asyncio
async def test_every_kind_of_order_is_shown_whole_in_a_snapshot(kraken: Running) -> None:
    async with socket_of(kraken, "/v2-auth", "one") as socket:
        expire = {"time_in_force": "gtd", "expire_time": "2100-01-01T00:00:00Z"}
        kinds: tuple[dict[str, Any], ...] = (
            {"order_type": "iceberg", "order_qty": 1.5, "display_qty": 0.1, **expire},
            {
                "order_type": "stop-loss-limit",
                "side": "sell",
                "triggers": {"reference": "last", "price": 2000, "price_type": "static"},
            },
            {"cl_ord_id": "part", "post_only": True, "fee_preference": "base"},
        )
        for fields in kinds:
            assert (await added(socket, **{"order_qty": 0.1, **fields}))["success"], fields
        answer = await socket.ask("subscribe", channel="executions")
        assert answer["success"]
        iceberg, stop, plain = (await socket.find(channel="executions"))["data"]
        assert (iceberg["display_qty"], iceberg["time_in_force"]) == (Decimal("0.1"), "GTD")
        assert iceberg["expire_time"] == "2100-01-01T00:00:00.000000Z"
        assert stop["triggers"]["status"] == "untriggered"
        assert (plain["post_only"], plain["fee_ccy_pref"]) == (True, "fcib")
        hook = f"{kraken.rest}/simulator/accounts/one/fill"
        said = {"order_id": plain["order_id"], "qty": "0.02"}
        await asyncio.to_thread(post, hook, said)
        trade = await socket.find(channel="executions")
        assert trade["data"][0]["fees"] == [{"asset": "BTC", "qty": Decimal("0.0000500000")}]
    async with socket_of(kraken, "/v2-auth", "one") as socket:
        await socket.send("subscribe", channel="executions")
        *_, plain = (await socket.find(channel="executions"))["data"]
        assert (plain["exec_type"], plain["order_status"]) == ("status", "partially_filled")
        assert (plain["cum_qty"], plain["cl_ord_id"]) == (Decimal("0.02"), "part")
        assert (await socket.ask("cancel_order", cl_ord_id=["part"]))["success"]
        # The fill's print at 1000 triggered the stop.
        assert (await socket.ask("cancel_all"))["result"] == {"count": 1}
        assert (await socket.ask("unsubscribe", channel="executions"))["success"]
