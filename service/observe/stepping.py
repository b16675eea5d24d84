"""What is counted step by step because nobody keeps it: durations, streams heard, restarts.

An observer of the pump. The duration of a step and of an append is the growth of the pump's own
totals since the step before, so the pump measures once and pays nothing for being watched.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import Final

from actors.kernel.envelope import Input
from actors.kernel.step import StepResult
from actors.ledger.expected_fees import FEE_DIFFERS
from actors.messages.control import Note, PairRulesChanged, RunStarted
from actors.messages.execution import SafeStopAttempted, TradeUnexplained
from actors.messages.market import BookSlice, CandleSlice, FeedEvent, FeedStatus, TradeSlice
from service.bundles import Choice
from service.drivers.silent import Silent
from service.drivers.trading import RunPlan
from service.nightly import Outcome
from service.observe.durations import APPEND_BOUNDS, STEP_BOUNDS, Histogram
from service.pump import Observer, Pump
from service.safe_stop import SafeStopCounts
from service.segment import OpenSegment
from service.tally import Tally

STREAMS: Final[dict[type, str]] = {BookSlice: "book", TradeSlice: "trade", CandleSlice: "candle"}
_NAMED: Final = frozenset(STREAMS.values())
OTHER: Final = "other"
SAFE_MODE: Final = "in safe mode"
"""The phase in which the core stands and our orders at an outside venue are cancelled."""


class Stepping(Silent):
    """Counts since the process started. Times are of the monotonic clock, in seconds."""

    def __init__(self, *, observing: bool = True) -> None:
        self._observing = observing
        self.steps = Histogram(STEP_BOUNDS)
        self.appends = Histogram(APPEND_BOUNDS)
        self.stream_messages: Counter[str] = Counter()
        self.stream_gaps: Counter[str] = Counter()
        self.checksum_failures = 0
        self.rule_changes = 0
        self.restarts: Counter[str] = Counter()
        self.fee_differences = 0
        self.heard: dict[str, float] = {}
        self.last_input = time.monotonic()
        self.phase = "opening"
        self.proven_inputs = 0
        self.safe_stop_counts = SafeStopCounts()
        self.recompute_outcome = Outcome.NONE_YET
        self.unexplained_trades = 0
        self._pump: Pump | None = None
        self._frames = 0
        self._step_seconds = 0.0
        self._append_seconds = 0.0

    def observers(self) -> tuple[Observer, ...]:
        """Itself; nobody, where a run's speed matters more than its metrics."""
        return (self,) if self._observing else ()

    async def opened(
        self,
        segment: OpenSegment,
        tally: Tally,  # noqa: ARG002
        plan: RunPlan,  # noqa: ARG002
        choice: Choice,  # noqa: ARG002
    ) -> None:
        """From now on durations are known."""
        self._pump = segment.pump
        counts = segment.pump.counts
        self._frames = counts.frames
        self._step_seconds, self._append_seconds = counts.step_seconds, counts.append_seconds
        self.phase = "trading"

    def progressed(self, admitted: int) -> None:
        """The feed is not silent, and what stood by goes on."""
        del admitted
        if self.phase == SAFE_MODE:
            self.phase = "trading"
        self.last_input = time.monotonic()

    def safe_stop(
        self,
        attempts: tuple[SafeStopAttempted, ...],
        counts: SafeStopCounts,
    ) -> None:
        """How far safe mode has come."""
        del attempts
        self.phase = SAFE_MODE
        self.safe_stop_counts = counts

    def recomputed(self, outcome: Outcome) -> None:
        """What the nightly recompute came to."""
        self.recompute_outcome = outcome

    def closing(self, reason: str) -> None:
        """Nothing is decided any more."""
        del reason
        self.phase = "closing"

    def proving(self, done: int, total: int) -> None:
        """The replay has come this far."""
        del total
        self.phase = "proving"
        self.proven_inputs = done

    def ages(self) -> dict[str, float]:
        """Seconds of wall time since each stream that ever spoke was heard."""
        now = time.monotonic()
        return {name: now - heard for name, heard in self.heard.items()}

    def __call__(self, entry: Input, result: StepResult) -> None:
        """Count one step."""
        self.last_input = now = time.monotonic()
        if self._pump is not None:
            self._time(self._pump)
        body = entry.body
        stream = STREAMS.get(type(body))
        if stream is not None:
            self.stream_messages[stream] += 1
            self.heard[stream] = now
        elif type(body) is FeedStatus:
            self._status(body)
        elif type(body) is PairRulesChanged:
            self.rule_changes += 1
        elif type(body) is RunStarted:
            self.phase = "trading"
        for each in result.notes:
            if isinstance(each.body, Note) and each.body.event == FEE_DIFFERS:
                self.fee_differences += 1
        for envelope in result.records:
            if type(envelope.body) is TradeUnexplained:
                self.unexplained_trades += 1
        for failure in result.outcome.failures:
            if not failure.halted:
                self.restarts[failure.actor] += 1

    def _time(self, pump: Pump) -> None:
        counts = pump.counts
        self.steps.observe(counts.step_seconds - self._step_seconds)
        self._step_seconds = counts.step_seconds
        new = counts.frames - self._frames
        if new:
            # At most one append ends unseen before the last one: frames settle one by one.
            last = counts.last_append_seconds
            if new > 1:
                earlier = counts.append_seconds - self._append_seconds - last
                for _ in range(new - 1):
                    self.appends.observe(earlier / (new - 1))
            self.appends.observe(last)
            self._frames, self._append_seconds = counts.frames, counts.append_seconds

    def _status(self, body: FeedStatus) -> None:
        stream = body.stream if body.stream in _NAMED else OTHER
        if body.event is FeedEvent.GAP:
            self.stream_gaps[stream] += 1
        elif body.event is FeedEvent.CHECKSUM:
            self.checksum_failures += 1
