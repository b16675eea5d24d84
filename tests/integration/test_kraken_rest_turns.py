"""Whose turn it is: nonces in order, a bad key left alone, budgets of calls."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from actors.instant import SECOND_NS
from actors.ports import Permanent, Transient
from adapters.kraken.limits import PRO, STARTER, CallLimits
from adapters.kraken.transport import Patience
from tests.kraken_rest_server import ORDER, Fault, ok, refused, rest_session

pytestmark = pytest.mark.asyncio
TXID = "OUF4EM-FRGI2-MQMWZD"
PLACED = ok({"descr": {"order": "buy"}, "txid": [TXID]})


async def test_a_stale_nonce_is_replaced_once(tmp_path: Path) -> None:
    async with rest_session(tmp_path) as (server, rest):
        server.answer("AddOrder", refused("EAPI:Invalid nonce"), PLACED)
        assert (await rest.add_order(ORDER)).txid == TXID
        nonces = [int(form["nonce"]) for form in server.forms("AddOrder")]
    assert len(nonces) == 2
    assert nonces[0] < nonces[1]


@pytest.mark.parametrize("name", ["AddOrder", "BalanceEx"])
async def test_a_nonce_that_stays_stale_means_that_somebody_shares_the_key(
    tmp_path: Path, name: str
) -> None:
    async with rest_session(tmp_path) as (server, rest):
        server.last_nonce = 2**63
        with pytest.raises(Permanent, match=r"^EAPI:Invalid nonce; .*another process"):
            await (rest.add_order(ORDER) if name == "AddOrder" else rest.balances())
        assert len(server.arrived) == 2
        assert server.executed == []


async def test_a_second_trouble_after_a_stale_nonce_is_told_as_it_is(tmp_path: Path) -> None:
    async with rest_session(tmp_path) as (server, rest):
        server.answer(
            "AddOrder", refused("EAPI:Invalid nonce"), refused("EAPI:Rate limit exceeded")
        )
        with pytest.raises(Transient, match="Rate limit"):
            await rest.add_order(ORDER)


async def test_a_bad_key_is_not_tried_twice(tmp_path: Path) -> None:
    async with rest_session(tmp_path) as (server, rest):
        server.answer("BalanceEx", refused("EAPI:Invalid key"))
        with pytest.raises(Permanent, match=r"^EAPI:Invalid key$"):
            await rest.balances()
        with pytest.raises(Permanent, match=r"^EAPI:Invalid key; not asked again"):
            await rest.add_order(ORDER)
        assert len(server.arrived) == 1
        server.answer("Time", ok({"unixtime": 1}))
        await rest.time()


async def test_a_locked_account_is_left_alone_for_a_quarter_of_an_hour(tmp_path: Path) -> None:
    now = [time.time_ns()]
    async with rest_session(tmp_path, clock=lambda: now[0]) as (server, rest):
        server.answer("BalanceEx", refused("EGeneral:Temporary lockout"))
        server.always("BalanceEx", ok({}))
        for _ in range(3):
            with pytest.raises(Permanent, match="lockout"):
                await rest.balances()
        now[0] += 899 * SECOND_NS
        with pytest.raises(Permanent, match="not asked again"):
            await rest.balances()
        now[0] += SECOND_NS
        assert await rest.balances() == {}
        assert len(server.arrived) == 2


async def test_a_throttled_read_waits_until_the_second_that_it_was_told(tmp_path: Path) -> None:
    async with rest_session(tmp_path) as (server, rest):
        until = time.time_ns() // SECOND_NS + 2
        server.answer("BalanceEx", refused(f"EService:Throttled: {until}"))
        server.always("BalanceEx", ok({}))
        await rest.balances()
        assert time.time() >= until


async def test_a_full_call_counter_makes_reads_wait_and_orders_not(tmp_path: Path) -> None:
    limits = CallLimits(STARTER, reserve=3)
    patience = Patience(reads=1.0)
    async with rest_session(tmp_path, call_limits=limits, patience=patience) as (server, rest):
        server.always("AddOrder", PLACED)
        server.always("BalanceEx", ok({}))
        limits.exceeded(time.time_ns())
        assert (await rest.add_order(ORDER)).txid == TXID
        with pytest.raises(Transient, match="budget"):
            await rest.balances()
        assert server.forms("BalanceEx") == []


async def test_reads_wait_for_room_in_the_call_counter(tmp_path: Path) -> None:
    limits = CallLimits(PRO, reserve=18)
    async with rest_session(tmp_path, call_limits=limits) as (server, rest):
        server.always("BalanceEx", ok({}))
        began = time.monotonic()
        await asyncio.gather(*(rest.balances() for _ in range(3)))
        assert time.monotonic() - began > 0.9


async def test_private_calls_go_one_after_the_other_in_the_order_of_their_nonces(
    tmp_path: Path,
) -> None:
    async with rest_session(tmp_path) as (server, rest):
        server.always("BalanceEx", ok({}))
        server.always("AddOrder", PLACED)
        await asyncio.gather(
            *(rest.balances() for _ in range(8)), *(rest.add_order(ORDER) for _ in range(8))
        )
        nonces = [int(each.form["nonce"]) for each in server.arrived]
    assert len(nonces) == 16
    assert nonces == sorted(nonces)


async def test_a_slow_read_holds_a_cancel_back_only_for_a_while(tmp_path: Path) -> None:
    patience = Patience(answer=30.0, turn=0.1)
    async with rest_session(tmp_path, patience=patience) as (server, rest):
        server.answer("BalanceEx", Fault("slow", 200, ok({}), seconds=2.0))
        server.answer("CancelOrder", ok({"count": 1}))
        reading = asyncio.ensure_future(rest.balances())
        await server.came.wait()
        assert (await rest.cancel_order(cl_ord_id="a1")).count == 1
        assert not reading.done()
        assert await reading == {}


async def test_a_cancel_goes_before_reads_that_wait(tmp_path: Path) -> None:
    async with rest_session(tmp_path) as (server, rest):
        server.answer("BalanceEx", Fault("slow", 200, ok({}), seconds=0.5))
        server.always("BalanceEx", ok({}))
        server.answer("CancelOrder", ok({"count": 1}))
        reads = [asyncio.ensure_future(rest.balances()) for _ in range(5)]
        await server.came.wait()
        await rest.cancel_order(cl_ord_id="a1")
        await asyncio.gather(*reads)
        names = [each.name for each in server.arrived]
        nonces = [int(each.form["nonce"]) for each in server.arrived]
    assert names == ["BalanceEx", "CancelOrder", *["BalanceEx"] * 4]
    assert nonces == sorted(nonces)


@pytest.mark.parametrize("text", ["EOrder:Rate limit exceeded", "EService:Throttled: 1700000000"])
async def test_an_order_is_not_sent_again_even_where_it_could_be(tmp_path: Path, text: str) -> None:
    async with rest_session(tmp_path) as (server, rest):
        server.always("AddOrder", refused(text))
        with pytest.raises(Transient, match=text):
            await rest.add_order(ORDER)
        assert len(server.arrived) == 1


async def test_a_call_that_is_given_up_lets_the_next_one_go(tmp_path: Path) -> None:
    patience = Patience(answer=60.0, turn=60.0)
    async with rest_session(tmp_path, patience=patience) as (server, rest):
        server.answer("BalanceEx", Fault("slow", 200, ok({}), seconds=50.0))
        server.answer("CancelOrder", ok({"count": 1}))
        reading = asyncio.ensure_future(rest.balances())
        await server.came.wait()
        reading.cancel()
        assert (await asyncio.wait_for(rest.cancel_order(cl_ord_id="a1"), 20.0)).count == 1
        assert reading.cancelled()
        running = [str(task.get_coro()) for task in asyncio.all_tasks()]
        assert not [task for task in running if "Transport._sent" in task]
