"""The one driver of paper and backtest: recover, open a segment, feed it, close it, prove it.

The mode changes what feeds the graph and how fast; nothing below this file can tell.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final, Protocol

import msgspec

from actors.instant import SECOND_NS
from actors.messages.base import Message
from actors.messages.execution import SafeStopAttempted
from actors.ports import FeedItem, FencedError, Journal, JournalError, RunRow
from service.anchoring import Anchoring, anchoring_of
from service.bundles import Choice
from service.control import ControlBox
from service.currencies import refuse_unsupported
from service.datasets import datasets_of
from service.drivers.feeding import HALTED, Fed, Limits, feed_items
from service.drivers.leaving import leave
from service.drivers.live import feed_live
from service.drivers.stopping import ReplaySkippedError, stop_on_signals
from service.fail_points import FailPoints
from service.feeds import counts_of, rate_pairs_of, rules_of
from service.graph import build_graph
from service.live_market import LiveMarket, Source
from service.nightly import NightlyRecompute, Outcome, nightly_of
from service.outside_venue import OutsideVenue
from service.proof import ProofCard
from service.pump import Observer, Pump
from service.run_index import RunEntry, RunIndex
from service.run_proof import closing_card, prove
from service.safe_mode import SafeMode
from service.safe_stop import SafeStopCounts
from service.segment import OpenSegment, close_segment, open_segment, plan_of
from service.settings import Settings
from service.stores import MEMORY, open_journal
from service.tally import Tally


class RunPlan(msgspec.Struct, frozen=True):
    """What a run is asked to be.

    `journal_place` is a folder or a DSN, `stream` the journal's name for the account (empty: the
    account's own), `total` the expected number of items (0: endless). Only a lasting account
    listens to the control box. Without `verify` the proof plays recorded predictions, for a model
    that is not installed. `opening` is what the journal is told at the run's start.
    """

    mode: str
    journal_kind: str
    journal_place: str
    limits: Limits = Limits()
    speed: float = 0.0
    total: int = 0
    stream: str = ""
    lasting: bool = False
    verify: bool = True
    opening: tuple[Message, ...] = ()


ROWS_KEPT: Final = 5000
"""Hours, fills and exits that an endless run remembers for its view."""


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

    def safe_stop(self, attempts: tuple[SafeStopAttempted, ...], counts: SafeStopCounts) -> None:
        """Safe mode looked at the venue's list and asked for cancels."""

    def recomputed(self, outcome: Outcome) -> None:
        """The books were added up from zero, or could not be."""

    def closing(self, reason: str) -> None:
        """Feeding ended; the run is being closed and proven."""

    def proving(self, done: int, total: int) -> None:
        """The replay has come this far."""

    async def closed(self) -> None:
        """The run is over, however it ended."""


class RunResult(msgspec.Struct, frozen=True):
    """A finished run: its card, and what a report draws from."""

    card: ProofCard
    run: RunRow
    tally: Tally
    fed: Fed


async def trade(
    settings: Settings,
    feed: Source,
    choice: Choice,
    plan: RunPlan,
    *,
    watchers: tuple[Watcher, ...] = (),
    outside: OutsideVenue | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> RunResult:
    """Run to the end of the feed, a limit or a stop signal, and return the proven result.

    With `outside` orders leave through that venue; the settings must say so too (venue.outside).
    """
    assert settings.venue.outside == (outside is not None), "one venue: inside or outside"
    driver = _Driver(settings, feed, choice, plan, watchers=watchers, outside=outside, say=say)
    with stop_on_signals(driver.stop):
        try:
            async with open_journal(
                plan.journal_kind,
                plan.journal_place,
                account=plan.stream or settings.account.name,
                say=say,
            ) as journal:
                return await driver.run(journal)
        finally:
            try:
                for each in (feed, driver.nightly, driver.anchoring):
                    if isinstance(each, (LiveMarket, NightlyRecompute, Anchoring)):
                        await each.close()
            finally:
                for watcher in reversed(watchers):
                    await watcher.closed()


class _Driver:
    """One run: what it was asked to be, and the steps from opening to proof."""

    def __init__(
        self,
        settings: Settings,
        feed: Source,
        choice: Choice,
        plan: RunPlan,
        *,
        watchers: tuple[Watcher, ...],
        outside: OutsideVenue | None,
        say: Callable[[str], None],
    ) -> None:
        self.settings = settings
        self.feed = feed
        self.choice = choice
        self.plan = plan
        self.watchers = watchers
        self.outside = outside
        self.say = say
        self.control = ControlBox(settings.home)
        kind = plan.journal_kind if plan.lasting else MEMORY
        self.anchoring = anchoring_of(settings, kind, say)
        self.nightly = nightly_of(settings, kind, plan.stream, say, self._recomputed)
        self.stop = asyncio.Event()
        self.safe_mode: SafeMode | None = None
        self.started = time.perf_counter()

    async def run(self, journal: Journal) -> RunResult:
        """Open, feed, close, prove.

        Without a journal nothing more can be decided: what rests is cancelled, then its error is
        raised. A fenced leader leaves the orders to the other one.
        """
        try:
            segment, tally, fed, run = await self._traded(journal)
        except FencedError:
            raise
        except JournalError as error:
            await self._without_journal(error)
            raise
        card = closing_card(run, segment, tally, notice=self.choice.notice, started=self.started)
        card = msgspec.structs.replace(card, feed_counts=counts_of(self.feed))
        card = await self._proven(card, journal, run)
        if self.plan.journal_kind != MEMORY:
            RunIndex(self.settings.home).write_card(card)
        return RunResult(card, run, tally, fed)

    async def _traded(self, journal: Journal) -> tuple[OpenSegment, Tally, Fed, RunRow]:
        """From the opening of the segment to its last record."""
        if isinstance(self.feed, LiveMarket):
            await self.feed.prepare(journal, self.say, self.stop)
        tally = Tally(
            self.feed.symbols,
            measured_from_ns=self.choice.training_end_ns,
            kept=None if self.plan.total else ROWS_KEPT,
        )
        segment = await self._open(journal, tally)
        self._index(segment)
        if refused := segment.recovered.snapshots_refused:
            self.say(
                f"{refused} newer snapshots were passed over, because the chain does not name them;"
                " the account was rebuilt from its inputs"
            )
        for watcher in self.watchers:
            await watcher.opened(segment, tally, self.plan, self.choice)
        fed = await self._fed(segment)
        if self.outside is not None and fed.reason != HALTED:
            await self._leave(segment, self.outside, fed.reason)
        if isinstance(self.feed, LiveMarket):
            await self.feed.hang_up()
        for watcher in self.watchers:
            watcher.closing(fed.reason)
        run = await close_segment(segment, journal, fed.reason)
        if self.anchoring is not None:
            self.anchoring.note(epoch=segment.epoch, seq=run.last_seq, root=run.root, now=True)
        return segment, tally, fed, run

    def _index(self, segment: OpenSegment) -> None:
        if self.plan.journal_kind == MEMORY:
            return
        entry = RunEntry(
            run_id=segment.run.run_id,
            mode=self.plan.mode,
            feed=segment.run.feed,
            account=segment.run.account,
            journal=self.plan.journal_kind,
            place=self.plan.journal_place,
            notice=self.choice.notice,
            started_ns=time.time_ns(),
            training_end_ns=self.choice.training_end_ns,
            datasets=datasets_of(self.feed),
        )
        RunIndex(self.settings.home).write(entry)

    async def _without_journal(self, error: JournalError) -> None:
        """Cancel what rests; but nothing before we had the lead, when another may have it."""
        if self.safe_mode is not None:
            await self.safe_mode.without_journal(error)
        elif self.outside is not None:
            self.say(
                "the journal failed before this service had the lead: the venue is asked for"
                " nothing, since another leader may be trading"
            )

    async def _open(self, journal: Journal, tally: Tally) -> OpenSegment:
        feed, plan = self.feed, self.plan
        if isinstance(feed, LiveMarket):
            rules, starts_at = feed.rules, feed.starts_at
        else:
            rules, starts_at = rules_of(feed.symbols), next((each.at for each in feed.items()), 0)
        refuse_unsupported(self.settings, rules, rate_pairs_of(feed))
        graph = build_graph(self.settings.decision, rules, self.choice.predictor)
        segment_plan = msgspec.structs.replace(
            plan_of(plan.mode, feed, self.choice.statement, starts_at=starts_at),
            funded_by_venue=self.outside is not None and self.outside.funds,
        )
        observers: list[Observer] = [tally]
        for watcher in self.watchers:
            observers += watcher.observers()
        segment = await open_segment(
            self.settings,
            segment_plan,
            graph,
            journal,
            observers=observers,
            stream=plan.stream,
            make_pump=self._pump,
            anchoring=self.anchoring,
        )
        if isinstance(feed, LiveMarket):
            segment.line = feed.feed.line
        segment.outside = self.outside
        if plan.opening:
            at = segment.pump.kernel.at
            await segment.pump.admit([FeedItem(at, each) for each in plan.opening])
        if self.outside is not None:
            await self._connect(segment, self.outside)
        return segment

    def _pump(self, *arguments: Any, **named: Any) -> Pump:
        """The pump of a leader: from here on there is a safe mode, also if opening fails."""
        pump = Pump(*arguments, **named)
        self.safe_mode = self._safe_mode(pump)
        return pump

    def _recomputed(self, outcome: Outcome) -> None:
        for watcher in self.watchers:
            watcher.recomputed(outcome)

    async def _connect(self, segment: OpenSegment, outside: OutsideVenue) -> None:
        """Open the door, after our orders were looked up and the venue's lists were read."""
        pump, kernel = segment.pump, segment.pump.kernel
        facts = await outside.evidence(kernel, everything=True)
        facts += await outside.lists(kernel)
        await pump.admit([FeedItem(kernel.at, fact) for fact in facts])
        await pump.flush()
        age_max_ns = self.settings.orders.decision_age_max_seconds * SECOND_NS
        pump.send_through(
            outside.outbox(kernel, segment.epoch, FailPoints(), decision_age_max_ns=age_max_ns)
        )

    async def _feed(self, segment: OpenSegment, *, after: int | None) -> Fed:
        def on_progress(admitted: int) -> None:
            for watcher in self.watchers:
                watcher.progressed(admitted)

        if after is None:
            after = segment.pump.kernel.at if segment.recovered.head_seq else 0
        named: dict[str, Any] = {
            "stop": self.stop,
            "limits": self.plan.limits,
            "on_progress": on_progress,
            "outside": self.outside,
            "control": self.control if self.plan.lasting else None,
            "nightly": self.nightly,
        }
        pump, items = segment.pump, self.feed.items(after)
        if isinstance(self.feed, LiveMarket):
            await pump.admit(list(items))
            return await feed_live(pump, self.feed, **named)
        return await feed_items(pump, items, speed=self.plan.speed, **named)

    async def _fed(self, segment: OpenSegment) -> Fed:
        """Feed to the end; through a halt in safe mode."""
        fed = await self._feed(segment, after=None)
        while fed.reason == HALTED and await self._stand_by(segment):
            fed = await self._feed(segment, after=segment.pump.kernel.at)
        return fed

    async def _leave(self, segment: OpenSegment, outside: OutsideVenue, reason: str) -> None:
        """Call back what a stop calls back; a core that breaks meanwhile cancels in safe mode."""
        limits, feed = self.settings.orders, self.feed
        left = await leave(
            segment.pump,
            outside,
            limits.on_stop,
            reason,
            seconds=limits.stop_wait_seconds,
            stop=self.stop,
            now=feed.clock.now if isinstance(feed, LiveMarket) else None,
        )
        if sentence := left.sentence():
            self.say(sentence)
        if segment.pump.kernel.halt is not None:
            assert self.safe_mode is not None, "the pump came with it"
            await self.safe_mode.stand_by(endless=False)

    async def _stand_by(self, segment: OpenSegment) -> bool:
        """True when an endless run was reactivated; a limited one ends here."""
        halt, safe_mode = segment.pump.kernel.halt, self.safe_mode
        assert halt is not None
        assert safe_mode is not None, "the pump came with it"
        self.say(f"HALTED by {halt.actor} at input {halt.seq}: {halt.error}")
        limits = self.plan.limits
        endless = self.plan.lasting and self.plan.speed and not (limits.events or limits.seconds)
        left = max(0.0, self.started + limits.seconds - time.perf_counter())
        return await safe_mode.stand_by(endless=bool(endless), seconds_left=left)

    def _safe_mode(self, pump: Pump) -> SafeMode:
        def show(attempts: tuple[SafeStopAttempted, ...], counts: SafeStopCounts) -> None:
            for watcher in self.watchers:
                watcher.safe_stop(attempts, counts)

        return SafeMode(
            pump,
            self.control if self.plan.lasting else None,
            self.outside,
            stop=self.stop,
            say=self.say,
            show=show,
        )

    async def _proven(self, card: ProofCard, journal: Journal, run: RunRow) -> ProofCard:
        """The card with its replay; a second stop signal skips the replay and says so."""
        self.stop.clear()

        def progress(done: int, total: int) -> None:
            for watcher in self.watchers:
                watcher.proving(done, total)
            if self.stop.is_set():
                raise ReplaySkippedError

        try:
            proven, _ = await prove(card, journal, run, progress=progress, verify=self.plan.verify)
        except ReplaySkippedError:
            return card
        return proven
