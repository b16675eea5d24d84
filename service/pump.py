"""The pump: append, step, flush, release.

Nothing leaves before the record that explains it is durable.

A frame is up to `frame_inputs` inputs; it is flushed as one commit with outcomes, effects and
derived rows. A row that the store refuses is left out of that commit and named, the frame's orders
are recorded NotSent and the account halts: constraints refuse our decisions, never the venue's
facts, and no other row is lost with a refused one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from actors.journal_chain import build_frame
from actors.kernel.envelope import Envelope, Input
from actors.kernel.kernel import Kernel
from actors.kernel.snapshot import encode_snapshot
from actors.kernel.step import StepResult
from actors.messages.codec import ENCODER
from actors.messages.control import ConstraintViolated
from actors.messages.order import AmendOrder, SubmitOrder
from actors.ports import (
    DerivedRow,
    FeedItem,
    Frame,
    Journal,
    Record,
    RefusedRow,
    StoredSnapshot,
)
from service.fail_points import FailPoints
from service.outbox import Outbox, not_sent

FRAME_INPUTS: Final = 1000
SNAPSHOT_EVERY: Final = 5000
Observer = Callable[[Input, StepResult], None]


class PumpCounts(msgspec.Struct):
    """What a pump has done since it started; times in seconds of wall time."""

    inputs: int = 0
    messages: int = 0
    frames: int = 0
    slewed: int = 0
    step_seconds: float = 0.0
    append_seconds: float = 0.0
    last_append_seconds: float = 0.0
    snapshots: int = 0


class Pump:
    """Feeds one kernel from one ordered stream of items, through one journal."""

    def __init__(
        self,
        kernel: Kernel,
        journal: Journal,
        *,
        run_id: str,
        epoch: int,
        outbox: Outbox | None = None,
        observers: Sequence[Observer] = (),
        frame_inputs: int = FRAME_INPUTS,
        snapshot_every: int = SNAPSHOT_EVERY,
        fail_points: FailPoints | None = None,
        on_durable: Callable[[int, bytes], None] = lambda _seq, _root: None,
        on_snapshot: Callable[[int, bytes], None] = lambda _seq, _root: None,
    ) -> None:
        assert frame_inputs > 0
        self.kernel = kernel
        self.counts = PumpCounts()
        self._journal = journal
        self._run_id = run_id
        self._epoch = epoch
        self._outbox = outbox
        self._observers = tuple(observers)
        self._frame_inputs = frame_inputs
        self._snapshot_every = snapshot_every
        self._fail_points = fail_points or FailPoints()
        self._on_durable = on_durable
        self._on_snapshot = on_snapshot
        self._records: list[Record] = []
        self._rows: list[DerivedRow] = []
        self._effects: list[Envelope] = []
        self._effects_since = 0
        self._first_seq = kernel.seq + 1
        self._root_before = kernel.root
        # Where the stream was resumed counts for what is due, but nothing is stored there yet.
        self._snapshot_seq = kernel.seq
        self._stored_seq = -1
        self._appending: asyncio.Task[None] | None = None
        self.durable_seq = kernel.seq

    @property
    def outbox_depth(self) -> int:
        """Effects that wait until the inputs that explain them are durable."""
        return len(self._effects)

    async def admit(self, items: Sequence[FeedItem]) -> None:
        """Step items in order and commit them in frames.

        On return every full frame is on its way.
        """
        for item in items:
            self._fail_points.passed("received")
            self._step(item)
            if self._effects or self._snapshot_due():
                await self.flush()
            elif len(self._records) >= self._frame_inputs:
                await self.flush(wait=False)

    async def flush(self, *, wait: bool = True) -> None:
        """Commit what is stepped.

        With `wait` everything is durable on return, also what the last append led to, and its
        effects are released.
        """
        while True:
            while self._records:
                await self._flush_frame(wait=wait)
            if not wait:
                return
            await self._settle()
            if not self._records:
                return

    async def _flush_frame(self, *, wait: bool) -> None:
        frame = self._seal()
        rows, effects, since = tuple(self._rows), self._effects, self._effects_since
        self._records, self._rows, self._effects = [], [], []
        await self._settle()
        self._appending = asyncio.ensure_future(self._append(frame, rows, effects))
        if wait or self._snapshot_due():
            await self._settle()
        for item in await self._release(effects, since):
            self._step(item)
        if self._snapshot_due():
            await self.take_snapshot()

    async def take_snapshot(self) -> None:
        """Store the resting state; everything up to it is durable first.

        It is of use only where the chain names it: at a digest of all states, at a run's end, or
        just before a run starts.
        """
        await self._settle()
        if self._records or self.kernel.seq == self._stored_seq:
            return
        self._fail_points.passed("snapshot_begin")
        kernel = self.kernel
        data = encode_snapshot(kernel.snapshot())
        await self._journal.save_snapshot(
            StoredSnapshot(kernel.seq, kernel.root, self._run_id, data)
        )
        self._fail_points.passed("snapshot_end")
        self._snapshot_seq = self._stored_seq = kernel.seq
        self._on_snapshot(kernel.seq, kernel.root)
        self.counts.snapshots += 1

    def send_through(self, outbox: Outbox) -> None:
        """From now on effects leave by this door; without one they are only recorded."""
        self._outbox = outbox

    def _snapshot_due(self) -> bool:
        """Whether to take a snapshot here, where the chain names it: before it would be too late
        at the next such place.
        """
        seq, apart = self.kernel.seq, self.kernel.digest_states_every
        return seq % apart == 0 and seq + apart - self._snapshot_seq > self._snapshot_every

    def _step(self, item: FeedItem) -> None:
        kernel = self.kernel
        at = item.at
        if at < kernel.at:
            at = kernel.at
            self.counts.slewed += 1
        if not self._records:
            self._first_seq, self._root_before = kernel.seq + 1, kernel.root
        entry = Input(kernel.seq + 1, at, item.body)
        self._fail_points.passed("appended")
        started = time.perf_counter()
        result = kernel.step(entry)
        counts = self.counts
        counts.step_seconds += time.perf_counter() - started
        counts.inputs += 1
        counts.messages += result.messages
        self._fail_points.passed("stepped")
        effects = tuple(ENCODER.encode(effect) for effect in result.effects)
        self._records.append(
            Record(result.input_bytes, result.outcome_bytes, result.digest, effects)
        )
        if result.effects and not self._effects:
            self._effects_since = time.monotonic_ns()
        self._effects += result.effects
        self._rows += [DerivedRow(result.seq, e.at, e.body) for e in result.records]
        for observe in self._observers:
            observe(entry, result)

    def _seal(self) -> Frame:
        return build_frame(
            tuple(self._records),
            run_id=self._run_id,
            epoch=self._epoch,
            first_seq=self._first_seq,
            root_before=self._root_before,
            root_after=self.kernel.root,
        )

    async def _append(
        self, frame: Frame, rows: tuple[DerivedRow, ...], effects: list[Envelope]
    ) -> None:
        started = time.perf_counter()
        refused = await self._journal.append(frame, rows)
        if refused:
            self._halt_on_constraint(refused, effects)
        self.durable_seq = frame.last_seq
        self._fail_points.passed("committed")
        self._on_durable(frame.last_seq, frame.root_after)
        counts = self.counts
        counts.last_append_seconds = time.perf_counter() - started
        counts.append_seconds += counts.last_append_seconds
        counts.frames += 1

    def _halt_on_constraint(self, refused: tuple[RefusedRow, ...], effects: list[Envelope]) -> None:
        """Decisions of ours were refused: name each, prove that nothing was sent, halt."""
        at = self.kernel.at
        for row in refused:
            self._step(FeedItem(at, ConstraintViolated(row.name, row.seq, row.row)))
        for envelope in effects:
            if isinstance(envelope.body, SubmitOrder | AmendOrder):
                reason = f"the constraint {refused[0].name} refused a row of its frame"
                self._step(FeedItem(at, not_sent(envelope.body, reason, at)))
        effects[:] = [e for e in effects if not isinstance(e.body, SubmitOrder | AmendOrder)]

    async def _settle(self) -> None:
        """Wait until the frame under way is durable; its error surfaces here."""
        task, self._appending = self._appending, None
        if task is not None:
            await task

    async def _release(self, effects: list[Envelope], since: int) -> list[FeedItem]:
        if not effects:
            return []
        await self._settle()
        if self._outbox is None:
            return []
        return await self._outbox.release(effects, time.monotonic_ns() - since)
