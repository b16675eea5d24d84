"""Whole live runs in this process: stopped, limited, commanded, halted, slow, and continued."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from actors.instant import SECOND_NS
from actors.kernel.envelope import Input
from actors.kernel.step import StepResult
from actors.kernel.supervisor import Halt
from actors.messages.base import Message
from actors.messages.control import KillSwitch, RunStarted, Tick
from actors.messages.market import BookSlice, CandleSlice, FeedEvent, FeedStatus, TradeSlice
from adapters.journal.memory import MemoryJournal
from adapters.kraken.clock import EdgeClock
from adapters.kraken.edge_events import ToldTrade
from adapters.kraken.records import AssetPair
from service.bundles import Choice, choose_bundle
from service.control import ControlBox
from service.drivers.feeding import Limits
from service.drivers.silent import Silent
from service.drivers.trading import RunPlan, RunResult, trade
from service.failures import ExitCode, UserError
from service.live_market import LOOPBACK_KIND, LiveMarket, rule_of
from service.pump import Observer
from service.segment import OpenSegment
from service.settings import Settings, load_settings
from service.tally import Tally
from tests.kraken_markets import Market
from tests.kraken_socket_server import KrakenServer, serving

pytestmark = pytest.mark.timeout(180)
SYMBOLS = ("BTC/USD", "ETH/USD")


class Onlooker(Silent):
    """Keeps every input, what it led to, and does something once inputs have come."""

    def __init__(self, act: Callable[[Onlooker], None] = lambda _: None) -> None:
        self.inputs: list[Message] = []
        self.segment: OpenSegment | None = None
        self._act = act

    def observers(self) -> tuple[Observer, ...]:
        return (self,)

    async def opened(
        self, segment: OpenSegment, tally: Tally, plan: RunPlan, choice: Choice
    ) -> None:
        del tally, plan, choice
        self.segment = segment

    def progressed(self, admitted: int) -> None:
        del admitted
        self._act(self)

    def __call__(self, entry: Input, result: StepResult) -> None:
        self.inputs.append(entry.body)
        del result

    def of(self, kind: type[Message]) -> list[Message]:
        """The inputs of one kind so far."""
        return [each for each in self.inputs if isinstance(each, kind)]


@asynccontextmanager
async def served() -> AsyncIterator[KrakenServer]:
    """A server of two symbols."""
    server = KrakenServer([Market("BTC/USD"), Market("ETH/USD", price=2000.0)], period=0.02)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


def settings_for(server: KrakenServer, folder: Path) -> Settings:
    """Bars of a minute, everything in the folder."""
    return load_settings(
        environment={},
        overrides={
            "data_dir": str(folder),
            "market": {"bar_interval_seconds": 60, "heartbeat_seconds": 1, "settle_ms": 500},
            "feed": {"conflate_ms": 100},
            "kraken": {"public_socket_url": server.socket_url, "rest_url": server.rest_url},
        },
    )


async def live(
    server: KrakenServer,
    folder: Path,
    *,
    onlooker: Onlooker | None = None,
    limits: Limits = Limits(events=60),  # noqa: B008  (frozen)
    symbols: tuple[str, ...] = SYMBOLS,
    clock: EdgeClock | None = None,
    told: list[str] | None = None,
    journal: str = "file",
) -> RunResult:
    """One run of the account in the folder."""
    settings = settings_for(server, folder)
    market = LiveMarket(settings, symbols, clock=clock)
    choice = choose_bundle("", mode="PAPER", feed_kind=market.kind, activation="a test")
    place = str(folder / "journal")
    plan = RunPlan("PAPER", journal, place, lasting=True, limits=limits, speed=1.0)
    sentences = list[str]() if told is None else told
    watchers = () if onlooker is None else (onlooker,)
    return await trade(settings, market, choice, plan, watchers=watchers, say=sentences.append)


def test_history_comes_first_then_the_market_and_the_account_is_proven(tmp_path: Path) -> None:
    async def run() -> None:
        async with served() as server:
            seen = Onlooker()
            result = await live(server, tmp_path, onlooker=seen, limits=Limits(events=40))
            assert result.card.parity is True
            assert result.fed.events == 40
            kinds = [type(each).__name__ for each in seen.inputs]
            assert kinds.count("CandleSlice") == 720
            assert kinds.index("BookSlice") > len(kinds) - kinds[::-1].index("CandleSlice") - 1
            (started,) = seen.of(RunStarted)
            assert isinstance(started, RunStarted)
            assert started.gapless is False
            assert started.feed.startswith(f"{LOOPBACK_KIND}:")
            assert started.rules[0].tick == Decimal("0.1")
            assert all(isinstance(c, CandleSlice) and c.warm_up for c in seen.of(CandleSlice))

    asyncio.run(run())


def test_a_silent_market_still_ticks_and_its_prices_turn_stale(tmp_path: Path) -> None:
    async def run() -> None:
        async with served() as server:

            def act(onlooker: Onlooker) -> None:
                server.silent = len(onlooker.of(BookSlice)) > 5

            seen = Onlooker(act)
            result = await live(server, tmp_path, onlooker=seen, limits=Limits(seconds=14.0))
            assert result.fed.reason == "the time limit was reached"
            assert len(seen.of(Tick)) >= 3
            events = [s.event for s in seen.of(FeedStatus) if isinstance(s, FeedStatus)]
            assert FeedEvent.GAP in events
            assert result.card.parity is True

    asyncio.run(run())


def test_a_persons_command_is_obeyed_while_the_market_is_live(tmp_path: Path) -> None:
    async def run() -> None:
        async with served() as server:
            left: list[Path] = []

            def act(onlooker: Onlooker) -> None:
                if not left and onlooker.of(BookSlice):
                    box = ControlBox(tmp_path)
                    left.append(box.post(KillSwitch(1, "somebody", "a drill")))

            seen = Onlooker(act)
            await live(server, tmp_path, onlooker=seen, limits=Limits(seconds=2.0))
            assert seen.of(KillSwitch) == [KillSwitch(1, "somebody", "a drill")]
            assert not left[0].exists()

    asyncio.run(run())


def test_a_halted_core_ends_a_limited_run_and_the_line_with_it(tmp_path: Path) -> None:
    async def run() -> None:
        async with served() as server:

            def act(onlooker: Onlooker) -> None:
                if onlooker.of(BookSlice) and onlooker.segment is not None:
                    kernel = onlooker.segment.pump.kernel
                    kernel.halt = kernel.halt or Halt("ledger", kernel.at, kernel.seq, "a bug")

            limits = Limits(events=100_000, seconds=3.0)
            result = await live(server, tmp_path, onlooker=Onlooker(act), limits=limits)
            assert "a bug" in result.card.halted
            await asyncio.sleep(0.1)
            assert server.peers == []

    asyncio.run(run())


def test_an_account_keeps_its_symbols_when_the_venue_drops_one(tmp_path: Path) -> None:
    """The symbol stays, with its old rules, and may not be entered."""

    async def run() -> None:
        async with served() as server:
            first = await live(server, tmp_path, symbols=())
            assert first.card.parity is True
            server.unlisted = {"ETH/USD"}
            seen, told = Onlooker(), list[str]()
            limits = Limits(seconds=2.0)
            second = await live(
                server, tmp_path, symbols=(), onlooker=seen, told=told, limits=limits
            )
            assert second.card.parity is True
            (started,) = seen.of(RunStarted)
            assert isinstance(started, RunStarted)
            assert started.symbols == SYMBOLS
            assert not any("left out" in each for each in told)
            assert not seen.of(CandleSlice), "history is for a new account"
            events = [(s.event, s.symbol) for s in seen.of(FeedStatus) if isinstance(s, FeedStatus)]
            assert (FeedEvent.NOT_LISTED, 1) in events
            with pytest.raises(UserError, match="opened with symbols"):
                await live(server, tmp_path, symbols=("BTC/USD",))

    asyncio.run(run())


def test_clocks_that_are_far_apart_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    async def run() -> None:
        async with served() as server:
            clock = EdgeClock(wall=lambda: time.time_ns() + 3600 * SECOND_NS)
            with pytest.raises(UserError, match=r"clock is 3[56]\d\d s away") as refused:
                await live(server, tmp_path, clock=clock)
            assert refused.value.code is ExitCode.ENVIRONMENT
            assert server.connected == []

    asyncio.run(run())


def test_a_venue_that_lists_nothing_of_ours_is_refused(tmp_path: Path) -> None:
    async def run() -> None:
        async with served() as server:
            server.unlisted = set(SYMBOLS)
            with pytest.raises(UserError, match="lists none"):
                await live(server, tmp_path)

    asyncio.run(run())


def test_rules_are_the_venues_and_a_fee_it_does_not_tell_is_the_dearest() -> None:
    pair = AssetPair("XBTUSD", "XXBT", "ZUSD", pair_decimals=1, lot_decimals=8)
    rule = rule_of("BTC/USD", pair)
    assert (rule.base, rule.quote) == ("BTC", "USD")
    assert (rule.tick, rule.lot) == (Decimal("0.1"), Decimal("1E-8"))
    assert (rule.taker_fee, rule.maker_fee) == (Decimal("0.0040"), Decimal("0.0025"))
    told = msgspec.structs.replace(
        pair, tick_size=Decimal("0.5"), fees=((Decimal(0), Decimal("0.20")),), ordermin=Decimal(1)
    )
    rule = rule_of("BTC/USD", told)
    assert (rule.tick, rule.taker_fee) == (Decimal("0.5"), Decimal("0.002"))
    assert rule.quantity_min == 1


def test_a_loop_that_stands_still_for_seconds_loses_no_trade(tmp_path: Path) -> None:
    """What came meanwhile waits in the socket; ids stay gapless, and the run is proven."""

    server = KrakenServer([Market("BTC/USD"), Market("ETH/USD", price=2000.0)], period=0.02)

    async def run() -> None:
        with serving(server):  # in a thread of its own: it goes on
            slept: list[float] = []

            def act(onlooker: Onlooker) -> None:
                if len(slept) < 2 and len(onlooker.of(BookSlice)) > 5 * (len(slept) + 1):
                    slept.append(1.5)
                    time.sleep(1.5)

            seen = Onlooker(act)
            result = await live(server, tmp_path, onlooker=seen, limits=Limits(seconds=6.0))
            assert len(slept) == 2
            told = [t for t in seen.of(TradeSlice) if isinstance(t, TradeSlice)]
            spans = [
                (low, high)
                for body in told
                for place, low, high in zip(
                    body.symbols.tolist(), body.first_trade_ids, body.last_trade_ids, strict=True
                )
                if place == 0
            ]
            assert len(spans) > 5
            assert all(b[0] == a[1] + 1 for a, b in itertools.pairwise(spans))
            assert result.card.parity is True

    asyncio.run(run())


class BrokenTrades:
    """Nobody to ask for trades, and not in a way that anybody foresaw."""

    async def trades(self, symbol: str, since_ts: int) -> tuple[ToldTrade, ...]:
        raise LookupError(f"a bug about {symbol} at {since_ts}")


def test_a_fault_of_ours_costs_the_connection_and_the_third_one_is_raised(tmp_path: Path) -> None:
    async def run() -> None:
        async with served() as server:
            market = LiveMarket(settings_for(server, tmp_path), SYMBOLS)
            try:
                await market.prepare(MemoryJournal(), lambda _: None, asyncio.Event())
                feed = market.feed
                feed._trades = BrokenTrades()
                raised: list[BaseException] = []
                deadline = time.monotonic() + 60.0
                while not raised and time.monotonic() < deadline:
                    try:
                        market.listen()
                    except* LookupError as group:
                        raised += group.exceptions
                    feed.backlog.take(1000)
                    if feed.line.books == 2 and not feed._stream.missing():
                        await server.trade("BTC/USD", unheard=3)
                    await asyncio.sleep(0.05)
                assert raised
                assert feed.line.losses == 2, "twice it connected anew"
                assert feed.line.opened == 3
            finally:
                await market.close()

    asyncio.run(run())
