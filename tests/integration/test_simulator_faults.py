"""Faults on the wire of the simulated Kraken: each strikes where, when and as it says."""

from __future__ import annotations

import asyncio
import http.client
import json
import time
import urllib.error
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

from adapters.kraken_simulator.faults.script import PLACES, Fault, FaultError, FaultScript, parsed
from adapters.kraken_simulator.rest.methods import PRIVATE, PUBLIC
from adapters.kraken_simulator.serving.launch import Running
from adapters.kraken_simulator.serving.plan import account_of
from adapters.kraken_simulator.sockets import private_channels
from adapters.kraken_simulator.sockets.public_channels import CHANNELS
from adapters.kraken_simulator.sockets.trading import METHODS
from adapters.kraken_simulator.wire import rfc3339
from tests.simulated_kraken import Signer, get, key_of, post, simulated_kraken, small_plan

ORDER = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "900", "volume": "0.01"}


@pytest.fixture(scope="module")
def served() -> Iterator[Running]:
    """One simulator for all of these tests."""
    accounts = (account_of("me=USD:50000", "pro"), account_of("you=USD:50000", "pro"))
    with simulated_kraken(small_plan(accounts=accounts)) as running:
        yield running


@pytest.fixture
def kraken(served: Running) -> Iterator[Running]:
    """The simulator without faults, and without orders afterwards."""
    yield served
    faults(served)
    Signer(served, key_of(served, "me", "withdraw"))("CancelAll")


@pytest.fixture
def sign(served: Running) -> Signer:
    """A signer whose nonces begin above all before."""
    return Signer(served, key_of(served, "me", "trade"))


def faults(kraken: Running, *wanted: dict[str, Any]) -> Any:
    """Set faults in place of all before."""
    return post(f"{kraken.rest}/simulator/faults", list(wanted))


def open_orders(kraken: Running) -> int:
    return len(get(f"{kraken.rest}/simulator/accounts/me")["result"]["open"])


@pytest.mark.parametrize(("what", "orders"), [("reset_before", 0), ("reset_after", 1)])
def test_a_reset_drops_the_answer_and_maybe_the_order(
    kraken: Running, sign: Signer, what: str, orders: int
) -> None:
    faults(kraken, {"where": "rest:AddOrder", "what": what})
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        sign("AddOrder", **ORDER)
    assert open_orders(kraken) == orders
    assert sign("AddOrder", **ORDER)["error"] == []


@pytest.mark.parametrize(("what", "status"), [("html_502", 502), ("html_520", 520)])
@pytest.mark.parametrize("done", [True, False])
def test_a_page_of_html_hides_what_became_of_the_order(
    kraken: Running, sign: Signer, what: str, status: int, done: bool
) -> None:
    faults(kraken, {"where": "rest:AddOrder", "what": what, "done": done})
    with pytest.raises(urllib.error.HTTPError) as caught:
        sign("AddOrder", **ORDER)
    assert caught.value.code == status
    assert caught.value.headers["Content-Type"].startswith("text/html")
    caught.value.close()
    assert open_orders(kraken) == int(done)


def test_an_error_is_told_and_done_only_when_it_says_so(kraken: Running, sign: Signer) -> None:
    fault = {"where": "rest:AddOrder", "what": "error", "text": "EService:Busy"}
    faults(kraken, fault)
    assert sign("AddOrder", **ORDER) == {"error": ["EService:Busy"]}
    assert open_orders(kraken) == 0
    faults(kraken, {**fault, "done": True})
    assert sign("AddOrder", **ORDER) == {"error": ["EService:Busy"]}
    assert open_orders(kraken) == 1


def test_a_truncated_answer_breaks_in_the_middle(kraken: Running, sign: Signer) -> None:
    faults(kraken, {"where": "rest:AddOrder", "what": "truncate"})
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        sign("AddOrder", **ORDER)
    assert open_orders(kraken) == 1


def test_a_late_answer_is_to_an_order_that_stands_already(kraken: Running, sign: Signer) -> None:
    faults(kraken, {"where": "rest:AddOrder", "what": "late", "seconds": 0.4})
    began = time.monotonic()
    assert sign("AddOrder", **ORDER)["error"] == []
    assert time.monotonic() - began > 0.35
    faults(kraken, {"where": "rest:*", "what": "delay", "seconds": 0.3, "every": 2})
    waits = []
    for _ in range(4):
        began = time.monotonic()
        get(f"{kraken.rest}/0/public/Time")
        waits.append(time.monotonic() - began > 0.25)
    assert waits == [False, True, False, True]


def test_a_lost_answer_never_comes(kraken: Running, sign: Signer) -> None:
    faults(kraken, {"where": "rest:AddOrder", "what": "lose", "occurrence": 2})
    assert sign("AddOrder", **ORDER)["error"] == []
    sign.timeout = 0.5
    with pytest.raises(TimeoutError):
        sign("AddOrder", **ORDER)
    sign.timeout = 10
    assert open_orders(kraken) == 2


async def received(socket: aiohttp.ClientWebSocketResponse, count: int, name: str) -> list[str]:
    """The next frames of a channel or method, raw."""
    found: list[str] = []
    while len(found) < count:
        text = await socket.receive_str(timeout=10)
        if f'"{name}"' in text:
            found.append(text)
    return found


async def subscribed(kraken: Running, session: aiohttp.ClientSession, channel: str) -> Any:
    socket = await session.ws_connect(f"{kraken.sockets}/v2")
    params = {"channel": channel, "symbol": ["BTC/USD"]}
    await socket.send_json({"method": "subscribe", "params": params})
    await received(socket, 1, "subscribe")
    return socket


async def prints(kraken: Running, *prices: int) -> None:
    for price in prices:
        said = {"symbol": "BTC/USD", "price": str(price), "qty": "0.01"}
        await asyncio.to_thread(post, f"{kraken.rest}/simulator/trade", said)


async def prices_after(kraken: Running, fault: dict[str, Any], *prices: int, count: int) -> Any:
    """The prices of the next trade frames, under a fault, while nobody else trades."""
    hook = f"{kraken.rest}/simulator/halt"
    await asyncio.to_thread(post, hook, {"symbol": "BTC/USD"})
    try:
        async with aiohttp.ClientSession() as session:
            socket = await subscribed(kraken, session, "trade")
            await asyncio.to_thread(faults, kraken, fault)
            await prints(kraken, *prices)
            texts = await received(socket, count, "trade")
            await socket.close()
    finally:
        await asyncio.to_thread(post, hook, {"symbol": "BTC/USD", "on": False})
    return [json.loads(text)["data"][0]["price"] for text in texts]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("what", "seen"),
    [("lose", [1, 3]), ("duplicate", [1, 2, 2, 3]), ("reorder", [1, 3, 2])],
)
async def test_a_frame_is_lost_doubled_or_out_of_order(
    kraken: Running, what: str, seen: list[int]
) -> None:
    fault = {"where": "ws:trade", "what": what, "occurrence": 2}
    assert await prices_after(kraken, fault, 1, 2, 3, count=len(seen)) == seen


@pytest.mark.asyncio
async def test_a_late_frame_comes_alone_and_a_delay_holds_all(kraken: Running) -> None:
    fault = {"where": "ws:trade", "what": "late", "seconds": 0.5, "occurrence": 1}
    assert await prices_after(kraken, fault, 1, 2, count=2) == [2, 1]
    fault = {"where": "ws:trade", "what": "delay", "seconds": 0.5, "occurrence": 1}
    assert await prices_after(kraken, fault, 1, 2, count=2) == [1, 2]


@pytest.mark.asyncio
async def test_a_checksum_is_wrong_once_and_then_right(kraken: Running) -> None:
    async with aiohttp.ClientSession() as session:
        sockets = [await subscribed(kraken, session, "book") for _ in range(2)]
        for socket in sockets:
            await received(socket, 1, "book")
        await asyncio.to_thread(
            faults, kraken, {"where": "ws:book", "what": "wrong_checksum", "occurrence": 3}
        )
        told = [
            [json.loads(text)["data"][0] for text in await received(each, 12, "book")]
            for each in sockets
        ]
        for socket in sockets:
            await socket.close()
    # One of them may have been a frame behind: the same change is compared.
    one, other = ({str({**row, "checksum": 0}): row["checksum"] for row in rows} for rows in told)
    off = [(one[change] - other[change]) % 2**32 for change in one if change in other]
    assert len(off) >= 6
    assert [each for each in off if each] in ([1], [2**32 - 1]), "once"


@pytest.mark.asyncio
async def test_silence_keeps_the_socket_open(kraken: Running) -> None:
    async with aiohttp.ClientSession() as session:
        socket = await subscribed(kraken, session, "book")
        await received(socket, 2, "book")
        await asyncio.to_thread(
            faults, kraken, {"where": "ws:book", "what": "silence", "seconds": 1.5}
        )
        began = time.monotonic()
        longest, last = 0.0, began
        while time.monotonic() - began < 3:
            await socket.receive_str(timeout=5)
            longest, last = max(longest, time.monotonic() - last), time.monotonic()
        assert 1.3 < longest < 3
        await socket.close()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("fault", "orders", "answers"),
    [
        ({"what": "reset_before"}, 0, 0),
        ({"what": "reset_after"}, 1, 0),
        ({"what": "lose"}, 1, 0),
        ({"what": "duplicate"}, 1, 2),
        ({"what": "error", "text": "EService:Busy"}, 0, 1),
        ({"what": "error", "done": True}, 1, 1),
    ],
)
async def test_a_sockets_order_meets_its_fault(
    kraken: Running, fault: dict[str, Any], orders: int, answers: int
) -> None:
    signing = Signer(kraken, key_of(kraken, "me", "trade"))
    token = (await asyncio.to_thread(signing, "GetWebSocketsToken"))["result"]["token"]
    await asyncio.to_thread(faults, kraken, {"where": "ws:add_order", **fault})
    params = {
        "token": token,
        "order_type": "limit",
        "side": "buy",
        "symbol": "BTC/USD",
        "order_qty": 0.01,
        "limit_price": 900,
    }
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{kraken.sockets}/v2-auth") as socket,
    ):
        await socket.send_json({"method": "add_order", "params": params})
        await asyncio.sleep(0.3)
        found = 0
        try:
            await socket.send_json({"method": "ping"})
            while '"pong"' not in (text := await socket.receive_str(timeout=5)):
                found += '"add_order"' in text
        except (TypeError, ConnectionError, aiohttp.ClientError):
            assert fault["what"].startswith("reset")
    assert found == answers
    assert await asyncio.to_thread(open_orders, kraken) == orders


def test_modes_and_clock_steps_come_at_their_time(kraken: Running) -> None:
    before = get(f"{kraken.rest}/0/public/Time")["result"]["unixtime"]
    faults(
        kraken,
        {"where": "exchange", "what": "mode", "status": "post_only", "at": 0.3},
        {"where": "exchange", "what": "clock_skew", "seconds": 600},
    )
    time.sleep(0.2)
    assert get(f"{kraken.rest}/0/public/Time")["result"]["unixtime"] - before >= 600
    time.sleep(0.4)
    state = get(f"{kraken.rest}/simulator")["result"]
    assert (state["status"], state["faults"]) == ("post_only", [])
    post(f"{kraken.rest}/simulator/status", {"status": "online"})


@pytest.mark.parametrize(
    "wrong",
    [
        {"where": "rest:AddOrder", "what": "reorder"},
        {"where": "ws:book", "what": "html_502"},
        {"where": "book", "what": "lose"},
        {"where": "rest:AddOrdr", "what": "lose"},
        {"where": "ws:book", "what": "mode"},
        {"where": "exchange", "what": "mode", "at": -1},
        {"where": "ws:book", "what": "lose", "occurrence": 0},
        {"where": "ws:book", "what": "lose", "occurrence": 1, "every": 2},
        {"where": "ws:book", "what": "delay", "seconds": -1},
        {"where": "ws:book", "what": "explode"},
        {"where": "ws:book", "what": "lose", "colour": "red"},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(kraken: Running, wrong: dict[str, Any]) -> None:
    assert set(faults(kraken, wrong)) == {"error"}
    with pytest.raises(FaultError):
        parsed(json.dumps([wrong]).encode())


def test_a_fault_can_strike_wherever_something_is_asked_or_told() -> None:
    assert PLACES["rest"] == {"*", *PUBLIC, *PRIVATE}
    channels = {*CHANNELS, *private_channels.CHANNELS, "status", "heartbeat"}
    assert PLACES["ws"] == {"*", *channels, *METHODS, "ping", "subscribe", "unsubscribe"}


def test_every_and_occurrence_are_counted_from_when_they_are_set() -> None:
    script = FaultScript((Fault(where="rest:Time", what="lose", every=2),))
    struck = [script.strike("rest:Time") is not None for _ in range(4)]
    assert struck == [False, True, False, True]
    script.replace((Fault(where="rest:*", what="lose"), Fault(where="rest:Time", what="late")), 0)
    first, second = script.strike("rest:Depth"), script.strike("rest:Time")
    assert first is not None
    assert second is not None
    assert (first.what, second.what) == ("lose", "late")
    assert script.strike("ws:book") is None


def test_a_delayed_order_meets_its_deadline(kraken: Running, sign: Signer) -> None:
    faults(kraken, {"where": "rest:AddOrder", "what": "delay", "seconds": 2.3})
    deadline = rfc3339(kraken.simulator.live.now_ns() + 2_000_000_000)
    refused = sign("AddOrder", deadline=deadline, **ORDER)
    assert refused == {"error": ["EService:Deadline elapsed"]}
    assert open_orders(kraken) == 0
