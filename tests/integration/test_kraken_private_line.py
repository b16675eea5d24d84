"""A private socket that answers badly: an order is unknown, never lost; the line is given up."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from aiohttp import web

from actors.instant import MINUTE_NS
from actors.messages.base import Message
from actors.messages.control import KillSwitch
from actors.messages.decision import Side
from actors.messages.execution import SubmitAnswered, SubmitOutcome
from actors.messages.market import PRIVATE_STREAMS, FeedEvent, FeedStatus
from actors.messages.order import DeadManSwitch, SubmitOrder
from actors.ports import Transient, UnknownOutcome
from adapters.kraken.gateway import KrakenVenue
from adapters.kraken.handshakes import Handshakes
from adapters.kraken.limits import PRO, OrderLimits
from adapters.kraken.socket import stay_connected
from ops.benchmarks.wire import Lists
from service.kraken_account import note_fault

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]
NOW = 1_795_773_600_000_000_000
ORDER = SubmitOrder(
    "f" * 32, "BTC/USD", Side.BUY, Decimal("0.1"), Decimal(100), NOW, NOW + MINUTE_NS // 2, 1
)
Answer = Callable[[dict[str, Any]], str]


def agreed(asked: dict[str, Any]) -> str:
    return msgspec.json.encode(
        {"method": asked["method"], "req_id": asked["req_id"], "success": True, "result": {}}
    ).decode()


def refused(asked: dict[str, Any]) -> str:
    return msgspec.json.encode(
        {"method": asked["method"], "req_id": asked["req_id"], "success": False, "error": "ENo:way"}
    ).decode()


class Door:
    """A gateway at a server of ours, and what it told."""

    def __init__(self) -> None:
        self.told: list[Message] = []
        self.answers: dict[str, Answer] = {}
        self.connections = 0
        self.gateway = KrakenVenue(
            Lists(), self.tell, clock=lambda: NOW, limits=OrderLimits(PRO), answer_seconds=1.0
        )

    async def tell(self, fact: Message) -> None:
        self.told.append(fact)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.connections += 1
        await socket.send_str('{"channel":"status","type":"update","data":[{}]}')
        async for message in socket:
            asked = msgspec.json.decode(message.data)
            await socket.send_str(self.answers.get(asked["method"], agreed)(asked))
            await socket.send_str('{"channel":"heartbeat"}')
        return socket

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            for _ in iter(is_so, True):
                await asyncio.sleep(0.01)


@asynccontextmanager
async def door(**answers: Answer) -> AsyncIterator[Door]:
    here, application = Door(), web.Application()
    here.answers |= answers
    application.router.add_get("/", here.serve)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"ws://127.0.0.1:{runner.addresses[0][1]}/"
    listening = asyncio.create_task(stay_connected(url, here.gateway.line, Handshakes()))
    listening.add_done_callback(lambda ended: note_fault(here.gateway, ended))
    try:
        yield here
    finally:
        listening.cancel()
        await asyncio.wait({listening})
        await runner.cleanup()


def replied(result: str) -> Answer:
    def answer(asked: dict[str, Any]) -> str:
        head = f'"method":"{asked["method"]}","req_id":{asked["req_id"]},"success":true'
        return f'{{{head},"result":{result}}}'

    return answer


BAD = ["null", "[]", "{}", '{"order_id":7}', '"yes"', "[" * 5_000 + "]" * 5_000]


@pytest.mark.parametrize("result", BAD, ids=lambda text: text[:20])
async def test_a_yes_that_names_no_order_leaves_it_unknown(result: str) -> None:
    async with door(add_order=replied(result)) as here:
        await here.until(lambda: here.gateway.is_ready)
        with pytest.raises(UnknownOutcome):
            await here.gateway.submit(ORDER)
        await here.until(lambda: any(isinstance(each, SubmitAnswered) for each in here.told))
        (answer,) = [each for each in here.told if isinstance(each, SubmitAnswered)]
        assert (answer.cl_ord_id, answer.outcome) == (ORDER.cl_ord_id, SubmitOutcome.UNKNOWN)


@pytest.mark.parametrize("text", ["CloudFlare WebSocket proxy restarting", "[" * 5_000, "7"])
async def test_bytes_that_are_no_frame_end_the_line_and_another_begins(text: str) -> None:
    async with door(ping=lambda _: text) as here:
        await here.until(lambda: here.gateway.is_ready)
        with pytest.raises(UnknownOutcome):
            await here.gateway.line.request("ping")
        await here.until(lambda: here.connections == 2 and here.gateway.is_ready)
        events = [each.event for each in here.told if isinstance(each, FeedStatus)]
        assert events.count(FeedEvent.STALE) == len(PRIVATE_STREAMS)
        assert events.count(FeedEvent.ONLINE) == 2 * len(PRIVATE_STREAMS)


async def test_channels_that_are_refused_are_named_and_nothing_is_sent() -> None:
    async with door(subscribe=refused) as here:
        await here.until(lambda: "ENo:way" in here.gateway.trouble)
        for work in (here.gateway.submit(ORDER), here.gateway.switch(DeadManSwitch(60, "test"))):
            with pytest.raises(Transient):
                await work
        assert not [each for each in here.told if isinstance(each, FeedStatus)]
    gc.collect()  # an exception that nobody looked at would speak here


async def test_a_fault_of_ours_closes_entries_and_is_told() -> None:
    async with door() as here:
        await here.until(lambda: here.gateway.is_ready)

        async def broken() -> None:
            raise LookupError("a bug")

        ended = asyncio.ensure_future(broken())
        await asyncio.wait({ended})
        note_fault(here.gateway, ended)
        await here.until(lambda: any(isinstance(each, KillSwitch) for each in here.told))
        assert not here.gateway.is_ready
        (killed,) = [each for each in here.told if isinstance(each, KillSwitch)]
        assert killed.level == 1
        assert "LookupError: a bug" in killed.reason
        with pytest.raises(Transient):
            await here.gateway.submit(ORDER)
