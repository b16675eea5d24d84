"""The live feed: trades that were missed, storms, clocks, slow consumers, and recordings."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import msgspec
import numpy as np
import pytest

from actors.instant import SECOND_NS
from actors.messages.codec import ENCODER
from actors.messages.control import ClockSkew
from actors.messages.market import BookSlice, FeedEvent, TradeSlice
from actors.ports import FeedItem
from adapters.kraken.capture import CaptureFile
from adapters.kraken.clock import EdgeClock
from adapters.kraken.handshakes import Pauses
from adapters.kraken.line import LineState
from adapters.kraken.recorded import RecordedFrames
from tests.kraken_markets import RecordedMarket
from tests.kraken_socket_server import KrakenServer
from tests.live_session import QUICK, SYMBOLS, run, session

pytestmark = pytest.mark.timeout(180)


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
            await live.until(lambda: live.books(0) > before + 3, seconds=15.0)
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
            await live.until(lambda: live.feed.line.handshakes > 5)

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
            newest: dict[int, int] = {}
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
    replayed = RecordedFrames(tmp_path / "session.ndjson.gz", conflate_ns=QUICK.conflate_ns)
    assert replayed.symbols == SYMBOLS
    again = list(replayed.items())
    market = [item for item in given if not isinstance(item.body, ClockSkew)]
    assert len(market) > 10
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
