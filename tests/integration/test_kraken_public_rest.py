"""The public REST reader over a real socket: what each kind of answer means."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from aiohttp import web

from actors.ports import EdgeError, Permanent, ProtocolViolation, Transient
from adapters.instruments.table import canonical_symbol
from adapters.kraken.edge_events import ToldTrade
from adapters.kraken.public_rest import PublicRest

Answers = list[tuple[int, str]]


@asynccontextmanager
async def reading(
    answers: Answers, *, patience: float = 0.3, pause: float = 0.0
) -> AsyncIterator[tuple[PublicRest, list[str]]]:
    """A reader in front of a server that gives these answers in turn, the last one for ever."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path_qs)
        status, text = answers[min(len(asked), len(answers)) - 1]
        return web.Response(status=status, text=text)

    app = web.Application()
    app.router.add_get("/0/public/{name}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    names = canonical_symbol
    try:
        async with PublicRest(
            url, names, pause_seconds=pause, patience_seconds=patience, seconds=2.0
        ) as rest:
            yield rest, asked
    finally:
        await runner.cleanup()


def failing(answers: Answers) -> EdgeError:
    """What asking for the time comes to."""

    async def ask() -> EdgeError:
        async with reading(answers) as (rest, _):
            with pytest.raises(EdgeError) as failed:
                await rest.time()
            return failed.value

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((520, "<html>cloudflare</html>"), Transient),
        ((200, "not json"), Transient),
        ((200, '{"error":["EService:Unavailable"]}'), Transient),
        ((200, '{"error":["EGeneral:Too many requests"],"result":{}}'), Transient),
        ((200, '{"error":["EQuery:Unknown asset pair"],"result":null}'), Permanent),
        ((200, '{"error":[],"result":{"unixtime":"never"}}'), ProtocolViolation),
        ((200, '{"error":[]}'), ProtocolViolation),
        ((200, '{"error":["WGeneral:Deprecated"],"result":7}'), ProtocolViolation),
    ],
)
def test_each_kind_of_answer_is_what_it_is(answer: tuple[int, str], kind: type[EdgeError]) -> None:
    assert type(failing([answer])) is kind


def test_nobody_there_is_transient() -> None:
    async def ask() -> None:
        async with PublicRest(
            "http://127.0.0.1:1", canonical_symbol, pause_seconds=0.0, patience_seconds=0.2
        ) as rest:
            with pytest.raises(Transient):
                await rest.time()

    asyncio.run(ask())


def test_trouble_is_asked_again_and_a_warning_is_no_trouble() -> None:
    good = '{"error":["WDatabase:Slow"],"result":{"unixtime":1800000000,"rfc1123":"x"}}'

    async def ask() -> None:
        async with reading([(502, ""), (200, good)], patience=5.0) as (rest, asked):
            assert await rest.time() == 1_800_000_000 * 10**9
            assert len(asked) == 2

    asyncio.run(ask())


def test_requests_take_turns_with_a_pause_between() -> None:
    good = '{"error":[],"result":{"unixtime":1,"rfc1123":"x"}}'

    async def ask() -> None:
        async with reading([(200, good)], pause=0.1) as (rest, asked):
            began = time.monotonic()
            await asyncio.gather(*(rest.time() for _ in range(4)))
            assert time.monotonic() - began >= 0.3
            assert len(asked) == 4

    asyncio.run(ask())


def test_trades_are_asked_from_an_instant_and_told_exactly() -> None:
    rows = (
        '[["45285.2","0.00100000",1800000000.123456789,"b","m","",7],'
        '["45285.1","2.0",1800000001.5,"s","l","",8]]'
    )
    answer = f'{{"error":[],"result":{{"XXBTZUSD":{rows},"last":"1800000001500000000"}}}}'

    async def ask() -> None:
        async with reading([(200, answer)]) as (rest, asked):
            told = await rest.trades("BTC/USD", 1_799_999_999_000_000_000)
            assert told == (
                ToldTrade(7, "45285.2", "0.00100000", True, 1_800_000_000_123_456_789),
                ToldTrade(8, "45285.1", "2.0", False, 1_800_000_001_500_000_000),
            )
            assert asked == [
                "/0/public/Trades?pair=BTC/USD&since=1799999999000000000&count=1000"
            ]  # fmt: skip

    asyncio.run(ask())


@pytest.mark.parametrize(
    "result", ["{}", '{"A":[],"B":[],"last":"1"}', '{"A":[["x"]],"last":"1"}', "[]"]
)
def test_an_answer_of_another_shape_is_set_aside(result: str) -> None:
    async def ask() -> None:
        async with reading([(200, f'{{"error":[],"result":{result}}}')]) as (rest, _):
            with pytest.raises(ProtocolViolation):
                await rest.trades("BTC/USD", 1)

    asyncio.run(ask())


def test_recorded_pairs_have_our_names_and_their_exact_rules(shared_data: Path) -> None:
    path = shared_data / "kraken/protocol/flashbook__assetpairs.json.gz"
    if not path.is_file():
        pytest.skip("the recorded answer is not at hand")
    answer = gzip.decompress(path.read_bytes()).decode()

    async def ask() -> None:
        async with reading([(200, answer)]) as (rest, asked):
            pairs = await rest.pairs()
            bitcoin = pairs["BTC/USD"]
            assert (bitcoin.base, bitcoin.quote, bitcoin.status) == ("XXBT", "ZUSD", "online")
            assert bitcoin.tick_size == Decimal("0.1")
            assert bitcoin.fees[0] == (Decimal(0), Decimal("0.4"))
            assert bitcoin.ordermin == Decimal("0.00005")
            assert set(pairs) == {"BTC/USD", "ETH/USD", "SOL/USD", "XRP/USD"}
            # From now on the venue's own short name is asked for.
            with pytest.raises(ProtocolViolation):
                await rest.candles("BTC/USD", 60)
            assert asked[1] == "/0/public/OHLC?pair=XBTUSD&interval=60"

    asyncio.run(ask())


def test_the_candle_that_still_forms_is_left_out() -> None:
    rows = ",".join(f'[{n * 60},"1","2","0.5","1.5","1","3.0",4]' for n in range(3))
    answer = f'{{"error":[],"result":{{"XXBTZUSD":[{rows}],"last":60}}}}'

    async def ask() -> None:
        async with reading([(200, answer)]) as (rest, _):
            found = await rest.candles("BTC/USD", 1)
            assert [row[0] for row in found] == [0, 60]

    asyncio.run(ask())
