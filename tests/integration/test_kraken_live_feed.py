"""The live feed over a real socket on loopback: what it brings, and what it makes of every fault."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec
import numpy as np
import pytest

from actors.instant import HOUR_NS, SECOND_NS
from actors.messages.control import ClockSkew
from actors.messages.market import BookSlice, FeedEvent, FeedStatus, TradeSlice
from actors.ports import FeedItem
from adapters.clock import EdgeClock
from adapters.kraken.capture import CaptureFile
from adapters.kraken.feed import FeedOptions, LiveFeed
from adapters.kraken.handshakes import Pauses
from adapters.kraken.line import LineState
from adapters.kraken.public_rest import PublicRest
from adapters.kraken.recorded import RecordedFrames
from adapters.kraken.socket import Patience
from tests.kraken_socket_server import KrakenServer, Market, RecordedMarket

SYMBOLS = ("BTC/USD", "ETH/USD")
QUICK = FeedOptions(
    conflate_ns=100_000_000,
    patience=Patience(connect=2.0, silence=1.5, ping=0.3),
    pauses=Pauses(first=0.05, longest=0.3, calm_after=2.0),
)


class Session:
    """A server, a feed that listens to it, and everything that the feed gave."""

    def __init__(self, server: KrakenServer, feed: LiveFeed) -> None:
        self.server = server
        self.feed = feed
        self.items: list[FeedItem] = []

    def drain(self) -> list[FeedItem]:
        """Take what has come."""
        taken = self.feed.backlog.take(10_000)
        self.items += taken
        return taken

    async def until(self, found: Callable[[], object], seconds: float = 8.0) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + seconds
        while not found():
            assert time.monotonic() < deadline, (self.feed.line, self.feed.counts)
            self.drain()
            await asyncio.sleep(0.02)

    def events(self, event: FeedEvent) -> list[FeedStatus]:
        """The troubles of that kind so far."""
        self.drain()
        bodies = [item.body for item in self.items]
        return [b for b in bodies if isinstance(b, FeedStatus) and b.event is event]

    def books(self, symbol: int = 0) -> int:
        """How many books of a symbol came so far."""
        self.drain()
        bodies = [item.body for item in self.items]
        return sum(symbol in b.symbols.tolist() for b in bodies if isinstance(b, BookSlice))

    def ids(self, symbol: int = 0) -> list[int]:
        """The trade ids of a symbol that were counted, as ranges written out."""
        self.drain()
        found: list[int] = []
        for item in self.items:
            body = item.body
            if not isinstance(body, TradeSlice):
                continue
            for place, low, high in zip(
                body.symbols.tolist(), body.first_trade_ids, body.last_trade_ids, strict=True
            ):
                if place == symbol:
                    found += range(low, high + 1)
        return found


@asynccontextmanager
async def session(
    markets: list[Market] | None = None,
    *,
    options: FeedOptions = QUICK,
    symbols: tuple[str, ...] = SYMBOLS,
    capture: CaptureFile | None = None,
    clock: EdgeClock | None = None,
    prepare: Callable[[KrakenServer], None] = lambda _: None,
) -> AsyncIterator[Session]:
    """A feed that listens to a server until the block ends."""
    server = KrakenServer(markets or [Market(symbol) for symbol in SYMBOLS], period=0.02)
    prepare(server)
    await server.start()
    names = {"XBTUSD": "BTC/USD", "ETHUSD": "ETH/USD"}
    async with PublicRest(server.rest_url, names.__getitem__, pause_seconds=0.0) as rest:
        feed = LiveFeed(
            symbols,
            server.socket_url,
            clock=clock or EdgeClock(),
            options=options,
            trades=rest,
            capture=capture,
        )
        task = asyncio.create_task(feed.run())
        try:
            yield Session(server, feed)
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await server.stop()


def run(test: Callable[[], Awaitable[None]]) -> None:
    """Run an asynchronous test."""
    asyncio.run(test())  # type: ignore[arg-type]


def test_books_and_trades_arrive_checked_and_complete() -> None:
    async def listens() -> None:
        async with session() as live:
            await live.until(lambda: live.books(0) > 5 and live.books(1) > 5)
            await live.until(lambda: len(live.ids(0)) > 5)
            assert live.feed.line.state is LineState.STREAMING
            counts = live.feed.counts
            assert counts.checksums_verified > 50
            assert counts.checksums_failed == 0
            ids = live.ids(0)
            assert ids == list(range(ids[0], ids[0] + len(ids)))
            ats = [item.at for item in live.items]
            assert ats == sorted(ats)
            assert abs(live.feed.line.lag_ns) < SECOND_NS

    run(listens)
