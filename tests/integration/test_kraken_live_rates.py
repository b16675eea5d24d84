"""Rates of currencies beside the channel: asked for on a schedule, told as inputs, recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import pytest

from actors.instant import SECOND_NS
from actors.messages.market import CurrencyRate
from actors.ports import Transient
from adapters.kraken.capture import CaptureFile
from adapters.kraken.clock import EdgeClock
from adapters.kraken.edge_events import ToldRate
from adapters.kraken.feed import RATES_EVERY_NS, LiveFeed
from adapters.kraken.recorded import RecordedFrames
from tests.integration.test_kraken_live_rules import NOWHERE, Wall, until

pytestmark = pytest.mark.timeout(120)
D = Decimal
PAIRS = ("USD/CAD", "USDC/USD")


class Board:
    """Who tells rates; it notes when it was asked, and can be out of order."""

    def __init__(self, clock: EdgeClock) -> None:
        self.clock = clock
        self.asked: list[int] = []
        self.fails = False

    async def rates(self, pairs: Sequence[str]) -> tuple[ToldRate, ...]:
        self.asked.append(self.clock.now())
        if self.fails:
            raise Transient("Ticker: no answer")
        return tuple(ToldRate(pair, D("1.3699"), D("1.3701")) for pair in pairs)


def heard(
    wall: Wall, board: Board | None, pairs: tuple[str, ...], capture: CaptureFile | None = None
) -> LiveFeed:
    return LiveFeed(
        ("BTC/USD",), NOWHERE, clock=wall.clock, rates=board, rate_pairs=pairs, capture=capture
    )


async def running(feed: LiveFeed, work: object) -> None:
    task = asyncio.create_task(feed.run())
    try:
        await work  # type: ignore[misc]
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def told(feed: LiveFeed) -> list[CurrencyRate]:
    bodies = [item.body for item in feed.backlog.take(1_000)]
    return [body for body in bodies if isinstance(body, CurrencyRate)]


def test_rates_are_asked_for_at_once_and_every_half_minute_and_bear_the_time_of_asking() -> None:
    wall = Wall()
    board = Board(wall.clock)
    feed = heard(wall, board, PAIRS)

    async def passes() -> None:
        await until(lambda: len(board.asked) == 1)
        wall.shift_ns += RATES_EVERY_NS - 5 * SECOND_NS
        await asyncio.sleep(0.3)
        assert len(board.asked) == 1
        wall.shift_ns += 5 * SECOND_NS
        await until(lambda: len(board.asked) == 2)
        await asyncio.sleep(0.3)

    asyncio.run(running(feed, passes()))
    rates = told(feed)
    assert [each.pair for each in rates] == [*PAIRS, *PAIRS]
    assert {(each.bid, each.ask) for each in rates} == {(D("1.3699"), D("1.3701"))}
    for asked, rate in zip(board.asked, rates[::2], strict=True):
        assert asked - SECOND_NS <= rate.ts <= asked, "never newer than the question"


def test_a_board_out_of_order_tells_nothing_and_is_asked_again() -> None:
    wall = Wall()
    board = Board(wall.clock)
    board.fails = True
    feed = heard(wall, board, PAIRS)

    async def passes() -> None:
        await until(lambda: len(board.asked) == 1)
        await asyncio.sleep(0.3)
        assert told(feed) == []
        board.fails = False
        wall.shift_ns += RATES_EVERY_NS
        await until(lambda: len(board.asked) == 2)
        await asyncio.sleep(0.3)

    asyncio.run(running(feed, passes()))
    assert [each.pair for each in told(feed)] == list(PAIRS)


def test_an_account_that_needs_no_rate_asks_for_none() -> None:
    wall = Wall()
    board = Board(wall.clock)
    asyncio.run(running(heard(wall, board, ()), asyncio.sleep(0.5)))
    assert board.asked == []


def test_a_recording_tells_the_rates_that_were_told(tmp_path: Path) -> None:
    wall = Wall()
    board = Board(wall.clock)
    path = tmp_path / "rates.ndjson"
    capture = CaptureFile(path)
    feed = heard(wall, board, PAIRS, capture)
    book = (
        b'{"channel":"book","type":"snapshot","data":[{"symbol":"BTC/USD","bids":[],"asks":[],'
        b'"checksum":0}]}'
    )

    async def passes() -> None:
        await until(lambda: len(board.asked) == 1)
        await asyncio.sleep(0.3)
        await feed.received(book)
        await capture.write()
        await capture.close()

    asyncio.run(running(feed, passes()))
    live, recorded = told(feed), RecordedFrames(path)
    assert recorded.rate_pairs == PAIRS
    again = [item.body for item in recorded.items() if isinstance(item.body, CurrencyRate)]
    assert again == live
    assert [each.pair for each in live] == list(PAIRS)
