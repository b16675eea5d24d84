"""The one driver of paper and backtest: recover, open a segment, feed it, close it, prove it.

The mode changes what feeds the graph and how fast; nothing below this file can tell.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import msgspec

from actors.ports import Feed, Journal, RunRow
from service.bundles import Choice
from service.drivers.feeding import Fed, Limits, feed_items
from service.feeds import counts_of, rules_of
from service.graph import build_graph
from service.proof import ProofCard
from service.pump import Observer
from service.run_index import RunEntry, RunIndex
from service.run_proof import closing_card, prove
from service.segment import OpenSegment, SegmentPlan, close_segment, open_segment
from service.settings import Settings
from service.stores import MEMORY, open_journal
from service.tally import Tally


class RunPlan(msgspec.Struct, frozen=True):
    """What a run is asked to be.

    `journal_place` is a folder or a DSN, `stream` the journal's name for the account (empty: the
    account's own), `total` the expected number of items (0: endless).
    """

    mode: str
    journal_kind: str
    journal_place: str
    limits: Limits = Limits()
    speed: float = 0.0
    total: int = 0
    stream: str = ""


class Watcher(Protocol):
    """Somebody who looks on: the terminal view, the metrics endpoint, or nobody.

    Every watcher is closed exactly once, also when the run could not be opened.
    """

    def observers(self) -> tuple[Observer, ...]:
        """Who is told of every step; asked for once, before the run is opened."""

    async def opened(
        self, segment: OpenSegment, tally: Tally, plan: RunPlan, choice: Choice
    ) -> None:
        """The run has begun."""

    def progressed(self, admitted: int) -> None:
        """Items were admitted."""

    def closing(self, reason: str) -> None:
        """Feeding ended; the run is being closed and proven."""

    def proving(self, done: int, total: int) -> None:
        """The replay has come this far."""

    async def closed(self) -> None:
        """The run is over, however it ended."""


class Silent:
    """Nobody looks on; those who do override what they need."""

    def observers(self) -> tuple[Observer, ...]:
        """Nobody is told of steps."""
        return ()

    async def opened(
        self, segment: OpenSegment, tally: Tally, plan: RunPlan, choice: Choice
    ) -> None:
        """Say nothing."""

    def progressed(self, admitted: int) -> None:
        """Say nothing."""

    def closing(self, reason: str) -> None:
        """Say nothing."""

    def proving(self, done: int, total: int) -> None:
        """Say nothing."""

    async def closed(self) -> None:
        """Say nothing."""


class RunResult(msgspec.Struct, frozen=True):
    """A finished run: its card, and what a report draws from."""

    card: ProofCard
    run: RunRow
    tally: Tally
    fed: Fed


async def trade(
    settings: Settings,
    feed: Feed,
    choice: Choice,
    plan: RunPlan,
    *,
    watchers: tuple[Watcher, ...] = (),
    say: Callable[[str], None] = lambda _: None,
) -> RunResult:
    """Run to the end of the feed, a limit or a stop signal, and return the proven result."""
    started = time.perf_counter()
    stop = asyncio.Event()
    with stop_on_signals(stop):
        try:
            async with open_journal(
                plan.journal_kind,
                plan.journal_place,
                account=plan.stream or settings.account.name,
                say=say,
            ) as journal:
                return await _trade(settings, feed, choice, plan, journal, watchers, stop, started)
        finally:
            for watcher in reversed(watchers):
                await watcher.closed()


async def _trade(
    settings: Settings,
    feed: Feed,
    choice: Choice,
    plan: RunPlan,
    journal: Journal,
    watchers: tuple[Watcher, ...],
    stop: asyncio.Event,
    started: float,
) -> RunResult:
    graph = build_graph(settings.decision, rules_of(feed.symbols), choice.predictor)
    tally = Tally(feed.symbols)
    first = next(iter(feed.items()), None)
    segment_plan = SegmentPlan(
        plan.mode, feed.kind, feed.digest, feed.symbols, first.at if first is not None else 0
    )
    observers = (tally, *(each for watcher in watchers for each in watcher.observers()))
    segment = await open_segment(
        settings, segment_plan, graph, journal, observers=observers, stream=plan.stream
    )
    _index(settings, plan, choice, segment)
    for watcher in watchers:
        await watcher.opened(segment, tally, plan, choice)
    fed = await _feed(segment, feed, plan, stop, watchers)
    for watcher in watchers:
        watcher.closing(fed.reason)
    run = await close_segment(segment, journal, fed.reason)
    card = closing_card(run, segment, tally, notice=choice.notice, started=started)
    card = msgspec.structs.replace(card, feed_counts=counts_of(feed))
    card = await _proven(card, journal, run, stop, watchers)
    if plan.journal_kind != MEMORY:
        RunIndex(settings.home).write_card(card)
    return RunResult(card, run, tally, fed)


async def _feed(
    segment: OpenSegment,
    feed: Feed,
    plan: RunPlan,
    stop: asyncio.Event,
    watchers: tuple[Watcher, ...],
) -> Fed:
    def on_progress(admitted: int) -> None:
        for watcher in watchers:
            watcher.progressed(admitted)

    kernel = segment.pump.kernel
    after = kernel.at if segment.recovered.head_seq else 0
    return await feed_items(
        segment.pump,
        feed.items(after),
        stop=stop,
        limits=plan.limits,
        speed=plan.speed,
        on_progress=on_progress,
    )


async def _proven(
    card: ProofCard,
    journal: Journal,
    run: RunRow,
    stop: asyncio.Event,
    watchers: tuple[Watcher, ...],
) -> ProofCard:
    """The card with its replay; a second stop signal skips the replay and says so."""
    stop.clear()

    def progress(done: int, total: int) -> None:
        for watcher in watchers:
            watcher.proving(done, total)
        if stop.is_set():
            raise asyncio.CancelledError

    try:
        proven, _ = await prove(card, journal, run, progress=progress)
    except asyncio.CancelledError:
        if not stop.is_set():
            raise
        return card
    return proven


def _index(settings: Settings, plan: RunPlan, choice: Choice, segment: OpenSegment) -> None:
    if plan.journal_kind == MEMORY:
        return
    entry = RunEntry(
        run_id=segment.run.run_id,
        mode=plan.mode,
        feed=segment.run.feed,
        account=segment.run.account,
        journal=plan.journal_kind,
        place=plan.journal_place,
        notice=choice.notice,
        started_ns=time.time_ns(),
        training_end_ns=choice.training_end_ns,
    )
    RunIndex(settings.home).write(entry)


@contextmanager
def stop_on_signals(stop: asyncio.Event) -> Iterator[None]:
    """SIGINT and SIGTERM ask for a clean stop instead of tearing the loop down."""
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


def account_folder(home: Path, journal_kind: str) -> str:
    """Where an account's journal lives in a data folder."""
    return str(home / ("postgres" if journal_kind == "postgres" else "journal"))
