"""A live feed on a server on loopback, and everything that it gave."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from actors.messages.market import BookSlice, FeedEvent, FeedStatus, TradeSlice
from actors.ports import FeedItem
from adapters.instruments.table import canonical_symbol
from adapters.kraken.capture import CaptureFile
from adapters.kraken.clock import EdgeClock
from adapters.kraken.feed import FeedOptions, LiveFeed
from adapters.kraken.handshakes import Pauses
from adapters.kraken.public_market import PublicMarket
from adapters.kraken.rest import KrakenRest
from adapters.kraken.socket import Patience
from adapters.kraken.transport import Patience as CallPatience
from tests.kraken_markets import Market
from tests.kraken_socket_server import KrakenServer

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

    async def until(self, found: Callable[[], object], seconds: float = 25.0) -> None:
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
    quick = CallPatience(public_pause=0.0, reads=0.5)
    async with KrakenRest(server.rest_url, clock=time.time_ns, patience=quick) as rest:
        public = PublicMarket(rest, canonical_symbol)
        await public.pairs()
        server.rest_asked.clear()
        feed = LiveFeed(
            symbols,
            server.socket_url,
            clock=clock or EdgeClock(),
            options=options,
            trades=public,
            capture=capture,
        )
        task = asyncio.create_task(feed.run())
        try:
            yield Session(server, feed)
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            if capture is not None:
                await capture.close()
            await server.stop()


def run(test: Callable[[], Awaitable[None]]) -> None:
    """Run an asynchronous test."""
    asyncio.run(test())  # type: ignore[arg-type]
