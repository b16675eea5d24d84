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
from actors.messages.codec import ENCODER
from actors.messages.control import ClockSkew
from actors.messages.market import BookSlice, FeedEvent, FeedStatus, TradeSlice
from actors.ports import FeedItem
from adapters.clock import EdgeClock
from adapters.instruments.table import canonical_symbol
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
    quick = {"pause_seconds": 0.0, "patience_seconds": 0.5}
    async with PublicRest(server.rest_url, canonical_symbol, **quick) as rest:
        await rest.pairs()
        server.rest_asked.clear()
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


def test_a_cut_connection_gates_at_once_and_every_book_comes_back() -> None:
    """No trade is missing: the snapshot of the newest trades joins up with what was known."""

    async def cut() -> None:
        async with session() as live:
            await live.until(lambda: len(live.ids(0)) > 3 and live.books(1) > 3)
            await live.server.drop()
            await live.until(lambda: live.events(FeedEvent.GAP))
            gap = live.events(FeedEvent.GAP)[0]
            assert (gap.stream, gap.symbol) == ("book", -1)
            before = len(live.items)
            await live.until(lambda: len(live.events(FeedEvent.RESYNCED)) >= 2)
            await live.until(lambda: live.books(0) and len(live.items) > before + 5)
            ids = live.ids(0)
            assert ids == list(range(ids[0], ids[0] + len(ids)))
            assert [b.stream for b in live.events(FeedEvent.GAP)] == ["book"]
            assert len(live.server.connected) == 2, "the first try after a loss is at once"
            assert live.feed.line.losses == 1

    run(cut)


def test_between_a_loss_and_the_next_snapshot_no_book_is_given() -> None:
    async def cut() -> None:
        async with session() as live:
            await live.until(lambda: live.books(0) > 3)
            live.server.unlisted = set(SYMBOLS)  # nothing can be subscribed any more
            await live.server.drop()
            await live.until(lambda: live.feed.line.opened == 2 and live.feed.line.refused)
            live.drain()
            lost = next(
                n for n, item in enumerate(live.items)
                if isinstance(item.body, FeedStatus) and item.body.event is FeedEvent.GAP
            )  # fmt: skip
            await asyncio.sleep(0.4)
            live.drain()
            assert not any(isinstance(item.body, BookSlice) for item in live.items[lost:])
            assert live.feed.line.state is LineState.SUBSCRIBING

    run(cut)


def test_silence_with_the_line_alive_is_a_loss_within_its_bound() -> None:
    async def silent() -> None:
        async with session() as live:
            await live.until(lambda: live.books(0) > 3)
            live.server.silent = True
            began = time.monotonic()
            await live.until(lambda: live.events(FeedEvent.GAP))
            assert 1.0 < time.monotonic() - began < 3.0
            assert "silent for 1.5 s" in live.events(FeedEvent.GAP)[0].detail
            live.server.silent = False
            await live.until(lambda: len(live.events(FeedEvent.RESYNCED)) >= 2)

    run(silent)


def test_one_wrong_checksum_costs_one_symbol_one_subscription() -> None:
    """The others go on; nothing of the symbol is used until its new snapshot (B23)."""

    async def spoilt() -> None:
        async with session() as live:
            await live.until(lambda: live.books(0) > 3 and live.books(1) > 3)
            live.server.spoilt.append("ETH/USD")
            await live.until(lambda: live.events(FeedEvent.CHECKSUM))
            await live.until(lambda: live.events(FeedEvent.RESYNCED))
            (failed,), (mended,) = (
                live.events(FeedEvent.CHECKSUM), live.events(FeedEvent.RESYNCED)
            )  # fmt: skip
            assert (failed.symbol, mended.symbol) == (1, 1)
            bodies = [item.body for item in live.items]
            between = bodies[bodies.index(failed) : bodies.index(mended)]
            books = [b.symbols.tolist() for b in between if isinstance(b, BookSlice)]
            assert all(1 not in symbols for symbols in books)
            asked = [(a["method"], a["params"]) for a in live.server.asked if a["method"] != "ping"]
            assert [m for m, _ in asked] == ["subscribe"] * 3 + ["unsubscribe", "subscribe"]
            assert [p["symbol"] for _, p in asked[3:]] == [["ETH/USD"]] * 2
            assert len(live.server.connected) == 1

    run(spoilt)


def test_a_book_that_fails_again_and_again_is_asked_for_ever_more_seldom() -> None:
    async def spoilt() -> None:
        async with session() as live:
            await live.until(lambda: live.books(0) > 3)
            live.server.spoilt += ["ETH/USD"] * 1000
            await live.until(lambda: live.feed.counts.checksums_failed >= 2)
            await asyncio.sleep(1.0)
            assert live.feed.line.renewals <= 2
            assert live.feed.counts.updates_without_book > 5

    run(spoilt)


def test_a_symbol_that_the_venue_refuses_is_dropped_alone() -> None:
    async def refused() -> None:
        symbols = ("BTC/USD", "KAS/USD", "ETH/USD")
        async with session(symbols=symbols) as live:
            await live.until(lambda: live.books(0) > 3 and live.books(2) > 3)
            assert live.feed.line.refused == ("KAS/USD",)
            told = live.events(FeedEvent.NOT_LISTED)
            assert {each.symbol for each in told} == {1}
            assert any("not supported KAS/USD" in each.detail for each in told)
            assert len(live.server.connected) == 1

    run(refused)


def test_the_line_of_a_restarting_proxy_gates_until_every_book_proves_itself() -> None:
    async def restarting() -> None:
        async with session() as live:
            await live.until(lambda: live.books(0) > 3)
            await live.server.say("CloudFlare WebSocket proxy restarting")
            await live.until(lambda: live.events(FeedEvent.CORRUPT))
            await live.server.drop()
            await live.until(lambda: len(live.server.connected) == 2)
            before = live.books(0)
            await live.until(lambda: live.books(0) > before + 3)

    run(restarting)


def test_missed_trades_are_asked_for_and_come_in_their_turn() -> None:
    async def missed() -> None:
        def quiet(server: KrakenServer) -> None:
            server.trading = False

        async with session(prepare=quiet) as live:
            await live.until(lambda: live.books(0) > 3)
            await live.server.trade("BTC/USD")
            await live.until(lambda: live.ids(0))
            await live.server.trade("BTC/USD", unheard=7)
            await live.server.trade("BTC/USD")
            first = live.ids(0)[0]
            await live.until(lambda: len(live.ids(0)) >= 10)
            assert live.ids(0) == list(range(first, first + 10))
            assert live.feed.counts.trade_repairs == 1
            assert live.feed.counts.trade_gaps == 0
            assert live.server.rest_asked == ["Trades"]
            rows = [i.body.rows for i in live.items if isinstance(i.body, TradeSlice)]
            assert np.isclose(sum(r[:, 4].sum() for r in rows), 1.0)

    run(missed)


def test_trades_that_cannot_be_had_are_a_gap_and_the_later_ones_are_used() -> None:
    async def missed() -> None:
        def quiet(server: KrakenServer) -> None:
            server.trading = False

        options = msgspec.structs.replace(QUICK, repair_seconds=0.5)
        async with session(prepare=quiet, options=options) as live:
            await live.until(lambda: live.books(0) > 3)
            await live.server.trade("BTC/USD")
            await live.until(lambda: live.ids(0))
            live.server.rest_fails = True
            await live.server.trade("BTC/USD", unheard=3)
            await live.until(lambda: live.events(FeedEvent.GAP))
            (gap,) = live.events(FeedEvent.GAP)
            assert (gap.stream, gap.symbol, gap.detail) == ("trade", 0, "3 trades are missing")
            await live.until(lambda: len(live.ids(0)) == 2)

    run(missed)


def test_twenty_drops_a_minute_stay_far_below_the_ban_and_the_market_comes_back() -> None:
    """A minute of storm, told in three seconds: twenty times as fast, pauses included."""

    async def storm() -> None:
        options = msgspec.structs.replace(
            QUICK,
            pauses=Pauses(first=0.05, longest=0.5, calm_after=1.5, handshakes_most=60, window=30.0),
        )
        async with session(options=options) as live:
            began = time.monotonic()
            while time.monotonic() - began < 3.0:
                await asyncio.sleep(0.15)
                await live.server.drop()
                live.drain()
            made = len(live.server.connected)
            # One in 150 ms without any pause would be 20; the ban's share of this time is 15.
            assert 3 <= made <= 12
            before = live.books(0)
            await live.until(lambda: live.books(0) > before + 3, seconds=3.0)
            assert live.feed.line.state is LineState.STREAMING

    run(storm)


def test_a_budget_of_handshakes_is_kept_whatever_happens() -> None:
    async def refuses() -> None:
        pauses = Pauses(first=0.01, longest=0.02, calm_after=60.0, handshakes_most=5, window=1.5)
        options = msgspec.structs.replace(QUICK, pauses=pauses)
        async with session(options=options) as live:
            await live.until(lambda: live.feed.line.opened == 1)
            await live.server.stop()
            await asyncio.sleep(1.0)
            assert live.feed.line.handshakes == 5
            assert live.feed.line.state is LineState.WAITING
            await live.until(lambda: live.feed.line.handshakes > 5, seconds=2.0)

    run(refuses)


def test_a_clock_that_is_off_is_told_and_told_again_when_it_is_right() -> None:
    async def skewed() -> None:
        ahead = [0]
        clock = EdgeClock(wall=lambda: time.time_ns() + ahead[0])
        async with session(clock=clock) as live:
            await live.until(lambda: live.books(0) > 3)
            ahead[0] = 3600 * SECOND_NS
            skews: list[int] = []

            def told() -> int:
                live.drain()
                skews[:] = [
                    i.body.offset_ns for i in live.items if isinstance(i.body, ClockSkew)
                ]  # fmt: skip
                return len(skews)

            await live.until(lambda: told() == 1)
            assert abs(skews[0] - 3600 * SECOND_NS) < SECOND_NS
            ahead[0] = 0
            await live.until(lambda: told() == 2)
            assert skews[1] == 0
            ats = [item.at for item in live.items]
            assert ats == sorted(ats), "inputs never follow a wall that was set"

    run(skewed)


def test_a_slow_consumer_costs_books_and_no_trade_and_little_memory() -> None:
    """Nobody takes for a while: the newest books and all trades stay, the rest is told (A12)."""

    async def slow() -> None:
        options = msgspec.structs.replace(QUICK, capacity=12, conflate_ns=20_000_000)
        async with session(options=options) as live:
            await live.until(lambda: live.ids(0))
            ids = live.ids(0)
            await asyncio.sleep(3.0)
            backlog = live.feed.backlog
            assert backlog.conflations > 0
            assert backlog.high_water < 40
            live.drain()
            found = live.ids(0)
            assert len(found) > len(ids) + 10
            assert found == list(range(found[0], found[0] + len(found)))
            gaps = [each for each in live.events(FeedEvent.GAP) if "slow" in each.detail]
            assert {each.symbol for each in gaps} == {0, 1}
            newest = {}
            for item in live.items:
                if isinstance(item.body, BookSlice):
                    newest |= dict.fromkeys(item.body.symbols.tolist(), item.body.ts)
            assert all(gap.ts <= newest[gap.symbol] for gap in gaps), "the newest book mends it"

    run(slow)


def test_a_recorded_session_gives_the_same_market_inputs_again(tmp_path: Path) -> None:
    """With a lost connection, missed trades that were repaired, and a wrong checksum in it."""

    async def recorded() -> list[FeedItem]:
        capture = CaptureFile(tmp_path / "session.ndjson.gz")
        async with session(capture=capture) as live:
            await live.until(lambda: len(live.ids(0)) > 2 and live.books(1) > 3)
            live.server.spoilt.append("ETH/USD")
            await live.until(lambda: live.events(FeedEvent.RESYNCED))
            await live.server.trade("BTC/USD", unheard=4)
            await live.until(lambda: live.feed.counts.trade_repairs)
            await live.server.say("CloudFlare WebSocket proxy restarting")
            await live.server.drop()
            await live.until(lambda: live.feed.line.opened == 2)
            await live.until(lambda: len(live.events(FeedEvent.RESYNCED)) >= 3)
            taken = live.items
        live.drain()
        assert capture.fault == ""
        return taken

    given = asyncio.run(recorded())
    replayed = RecordedFrames(
        tmp_path / "session.ndjson.gz", conflate_ns=QUICK.conflate_ns
    )
    assert replayed.symbols == SYMBOLS
    again = list(replayed.items())
    market = [item for item in given if not isinstance(item.body, ClockSkew)]
    assert len(market) > 20
    assert [_written(item) for item in again[: len(market)]] == [_written(i) for i in market]
    # The recording also holds what the end of the session left inside its last window.
    assert len(again) <= len(market) + 3


def _written(item: FeedItem) -> bytes:
    return b"%d " % item.at + ENCODER.encode(item.body)


def test_a_recorded_capture_of_kraken_is_played_over_the_socket_to_its_last_checksum(
    shared_data: Path,
) -> None:
    path = shared_data / "kraken/protocol/flashbook__ws2_live_ETHUSD.ndjson.gz"
    if not path.is_file():
        pytest.skip("the recorded capture is not at hand")

    async def played() -> None:
        market = RecordedMarket(path)

        def fast(server: KrakenServer) -> None:
            server.period = 0.0005
            server.trading = False

        async with session([market], symbols=("ETH/USD",), prepare=fast) as live:
            await live.until(lambda: market.is_over, seconds=30.0)
            await live.until(lambda: live.feed.counts.checksums_verified == 2400)
            assert live.feed.counts.checksums_failed == 0
            touch = float(max(market.bids, key=float)), float(min(market.asks, key=float))

            def best() -> tuple[float, float]:
                last = [i.body for i in live.items if isinstance(i.body, BookSlice)][-1]
                return last.levels[0, 0], last.levels[0, 20]

            await live.until(lambda: best() == touch)

    run(played)
