"""The list of pairs beside the channel: read on a schedule, and when an order was refused."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal

import pytest

from actors.instant import SECOND_NS
from actors.messages.control import PairRulesChanged
from actors.ports import Transient
from adapters.kraken.clock import EdgeClock
from adapters.kraken.feed import LIST_EVERY_NS, LiveFeed
from adapters.kraken.records import AssetPair
from adapters.kraken.rule_book import LIST_AGE_NS, PairRules

pytestmark = pytest.mark.timeout(60)
NOWHERE = "ws://127.0.0.1:1/v2"
KNOWN = PairRules("BTC/USD", Decimal("0.1"), Decimal("0.00000001"), Decimal("0.1"), Decimal(5))
COARSE = AssetPair("XBTUSD", "XXBT", "ZUSD", 1, 3, ordermin=Decimal("0.1"), costmin=Decimal(5))


class Listing:
    """A list of pairs that can be out of order; it notes when it was asked."""

    def __init__(self, clock: EdgeClock) -> None:
        self.clock = clock
        self.asked: list[int] = []
        self.fails = False

    async def pairs(self) -> dict[str, AssetPair]:
        self.asked.append(self.clock.now())
        if self.fails:
            raise Transient("AssetPairs: no answer")
        return {"BTC/USD": COARSE, "DOGE/USD": COARSE}


class Wall:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.began, self.shift_ns = time.time_ns(), 0
        self.clock = EdgeClock(self, self)

    def __call__(self) -> int:
        return time.monotonic_ns() + self.began + self.shift_ns


async def until(found: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        for _ in iter(lambda: bool(found()), True):
            await asyncio.sleep(0.02)


async def listening(feed: LiveFeed, test: Callable[[], object]) -> None:
    task = asyncio.create_task(feed.run())
    try:
        await until(test)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def told(feed: LiveFeed) -> list[PairRulesChanged]:
    bodies = [item.body for item in feed.backlog.take(1_000)]
    return [body for body in bodies if isinstance(body, PairRulesChanged)]


def heard(wall: Wall, pairs: Listing | None) -> LiveFeed:
    return LiveFeed(("BTC/USD", "ETH/USD"), NOWHERE, clock=wall.clock, rules=(KNOWN,), pairs=pairs)


def test_the_list_is_read_every_ten_minutes_and_tells_only_changes() -> None:
    wall = Wall()
    pairs = Listing(wall.clock)
    feed = heard(wall, pairs)

    async def passes() -> None:
        wall.shift_ns += LIST_EVERY_NS
        await until(lambda: len(pairs.asked) == 1 and feed.counts.rule_changes)
        wall.shift_ns += LIST_EVERY_NS - SECOND_NS
        await asyncio.sleep(0.3)
        assert len(pairs.asked) == 1
        wall.shift_ns += SECOND_NS
        await until(lambda: len(pairs.asked) == 2)

    async def session() -> None:
        task = asyncio.create_task(feed.run())
        await passes()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    asyncio.run(session())
    (change,) = told(feed)
    assert (change.symbol, change.lot, change.source) == ("BTC/USD", Decimal("0.001"), "AssetPairs")


def test_a_refusal_has_the_list_read_at_once_and_again_when_no_cache_can_hold_it() -> None:
    """A first answer that fails changes nothing; the second one is not awaited for ten minutes."""
    wall = Wall()
    pairs = Listing(wall.clock)
    feed = heard(wall, pairs)

    async def refused() -> None:
        task = asyncio.create_task(feed.run())
        pairs.fails = True
        feed.doubt_rules()
        await until(lambda: len(pairs.asked) == 1)
        await asyncio.sleep(0.3)
        assert len(pairs.asked) == 1
        pairs.fails = False
        wall.shift_ns += LIST_AGE_NS
        await until(lambda: feed.counts.rule_changes)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    asyncio.run(refused())
    assert len(pairs.asked) == 2
    assert len(told(feed)) == 1


def test_without_a_list_there_is_only_the_channel() -> None:
    wall = Wall()
    feed = heard(wall, None)
    feed.doubt_rules()

    async def waits() -> None:
        ends = time.monotonic() + 0.5
        await listening(feed, lambda: time.monotonic() > ends)

    asyncio.run(waits())
    assert told(feed) == []
