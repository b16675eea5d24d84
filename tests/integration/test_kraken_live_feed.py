"""The live feed over a real socket on loopback, and what it makes of every fault of the line."""

from __future__ import annotations

import asyncio
import time

import pytest

from actors.instant import SECOND_NS
from actors.messages.market import BookSlice, FeedEvent, FeedStatus
from adapters.kraken.line import LineState
from tests.live_session import SYMBOLS, run, session

pytestmark = pytest.mark.timeout(180)


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
            assert 1.0 < time.monotonic() - began < 8.0
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
