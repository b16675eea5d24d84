"""Two graphs in step: the recorded one, every hash compared, and one by the proposed profiles.

An account at a venue outside is simulated twice, by its own profiles as well: the paper venue's
fills are not the venue's, so only the two simulations may be compared.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from actors.journal_chain import ChainVerifier
from actors.kernel.envelope import Input
from actors.kernel.kernel import Kernel
from actors.kernel.step import OutcomeDivergedError
from actors.messages.control import RunStarted
from actors.ports import JournalCorruptError, JournalView, Record, RunRow
from actors.profiles.actor import ProfilesActor
from actors.profiles.state import Profiles
from service.failures import ExitCode, UserError
from service.rebuilding import graph_of
from service.recovery import ParityDivergedError, decode_record, repeat
from service.resimulation.figure import Figure, Watch
from service.resimulation.graphs import PROFILES, Resimulated
from service.resimulation.stretch import Asked, Stretch, stretch_of
from service.settings import decode_decision_settings

Progress = Callable[[str, int, int], None]
Propose = Callable[[Profiles], Profiles]
YIELD_EVERY = 32


class Resimulation(msgspec.Struct, frozen=True):
    """The days by the recorded profiles and by the proposed ones.

    `recorded` is what happened, `current` the same decided anew with the paper venue's fills: for
    an account at a venue outside the two differ. `changes` are field, the value that was in force
    when the days began, and the proposed one. `ended` says why the days were cut short.
    """

    account: str
    quote: str
    runs: tuple[str, ...]
    from_at: int
    to_at: int
    inputs: int
    root: str
    outside: bool
    ended: str
    changes: tuple[tuple[str, int, int], ...]
    recorded: Figure
    current: Figure
    proposed: Figure


async def resimulated(
    journal: JournalView,
    asked: Asked,
    propose: Propose,
    *,
    stop: asyncio.Event,
    progress: Progress = lambda _about, _done, _total: None,
) -> Resimulation:
    """Step the days; `propose` is asked once, of what was in force when they began.

    Raises UserError: MISSING, INTERRUPTED when `stop` is set, or NOT_PROVEN when the recorded steps
    do not come out as recorded.
    """
    try:
        stretch = await stretch_of(journal, asked)
        days = _Days(journal, stretch, propose, stop, progress)
        return await days.step()
    except (JournalCorruptError, ParityDivergedError, msgspec.MsgspecError) as error:
        raise UserError(
            ExitCode.NOT_PROVEN,
            f"The recorded days do not come out as they were recorded: {error}.",
            "Believe no simulation of them; `ballast replay RUN --verify` says what differs.",
        ) from error


class _Days:
    """The days while they are stepped."""

    def __init__(
        self,
        journal: JournalView,
        stretch: Stretch,
        propose: Propose,
        stop: asyncio.Event,
        progress: Progress,
    ) -> None:
        self._journal = journal
        self._stretch = stretch
        self._propose = propose
        self._stop = stop
        self._progress = progress
        newest = stretch.begun[stretch.rows[-1].run_id]
        self._account = newest.account
        self._decision = decode_decision_settings(newest.settings)
        self._outside = self._decision.venue.outside
        self._watch: Watch | None = None
        self._graphs: list[Resimulated] = []
        self._changes: tuple[tuple[str, int, int], ...] = ()
        self._runs: list[str] = []
        self._first_seq = self._from_at = 0
        self._ended = ""

    async def step(self) -> Resimulation:
        """Run by run, to the end or to the first input that a failure belongs to."""
        before = self._stretch.start
        kernel: Kernel | None = None
        for row in self._stretch.rows:
            begun = self._stretch.begun[row.run_id]
            kernel = graph_of(begun, verify=False).kernel
            if before is not None:
                kernel.restore(before)
            for each in self._graphs:
                each.begin(begun)
            if not await self._run(kernel, row, begun):
                break
            before = kernel.snapshot()
        assert kernel is not None, "a stretch has a run"
        return self._result(kernel)

    async def _run(self, kernel: Kernel, row: RunRow, begun: RunStarted) -> bool:
        """False when the days end here."""
        chain = ChainVerifier(kernel.root, kernel.seq, kernel.at)
        async for frame in self._journal.frames(kernel.seq + 1, row.last_seq):
            for record in chain.check(frame):
                if not self._record(kernel, record, row, begun):
                    return False
                if kernel.seq % YIELD_EVERY == 0:
                    await self._breathe(kernel)
        await self._breathe(kernel)
        return True

    def _record(self, kernel: Kernel, record: Record, row: RunRow, begun: RunStarted) -> bool:
        entry, was = decode_record(record)
        if self._watch is None and self._begins(kernel, entry):
            self._fork(kernel, entry, begun)
        if self._watch is None:
            repeat(kernel, record)
            return True
        if was.status != "ok":
            self._ended = f"a step {was.status} at input {entry.seq:,}, and another one would not"
            return False
        if row.run_id not in self._runs:
            self._runs.append(row.run_id)
        self._watch.see(kernel, repeat(kernel, record))
        try:
            for each in self._graphs:
                each.step(entry, was)
        except OutcomeDivergedError as error:
            raise UserError(
                ExitCode.NOT_PROVEN,
                f"By the proposed values {error.actor} fails at input {entry.seq:,}: {error}.",
                "Do not apply them, and report this: it is a bug.",
            ) from error
        return True

    def _begins(self, kernel: Kernel, entry: Input) -> bool:
        """Whether the days begin with this input; at a venue outside, once nothing rests there."""
        if entry.seq < self._stretch.from_seq or entry.at <= self._stretch.from_at:
            return False
        if not self._outside:
            return True
        risk = kernel.actor("risk").state
        resting = kernel.actor("orders").state.live
        return risk.portfolio is not None and not risk.blocked and not resting

    def _fork(self, kernel: Kernel, entry: Input, begun: RunStarted) -> None:
        start, profiles = kernel.snapshot(), kernel.actor(PROFILES)
        assert isinstance(profiles, ProfilesActor)
        before = profiles.in_force
        proposed = self._propose(before)
        self._watch = Watch(kernel)
        self._graphs = [Resimulated(start, begun, proposed)]
        if self._outside:
            self._graphs.append(Resimulated(start, begun, None))
        if not isinstance(entry.body, RunStarted):
            for each in self._graphs:
                each.announce()
        self._changes = changed(before, proposed)
        self._first_seq, self._from_at = entry.seq, entry.at

    async def _breathe(self, kernel: Kernel) -> None:
        last = self._stretch.rows[-1].last_seq
        done = self._stretch.inputs - (last - kernel.seq)
        self._progress("simulating", done, self._stretch.inputs)
        await asyncio.sleep(0)
        if self._stop.is_set():
            raise UserError(
                ExitCode.INTERRUPTED,
                f"The simulation was stopped after {done:,} of {self._stretch.inputs:,} inputs.",
                "Nothing was changed; ask for fewer days with --days.",
            )

    def _result(self, kernel: Kernel) -> Resimulation:
        if self._watch is None:
            raise UserError(
                ExitCode.MISSING,
                "In these days there was no moment at which the account was known and nothing "
                "rested at the venue.",
                "Ask for more --days: a simulation can begin only where the paper venue knows all.",
            )
        recorded, figures = self._watch.figure(), [each.figure() for each in self._graphs]
        return Resimulation(
            account=self._account,
            quote=self._decision.account.quote,
            runs=tuple(self._runs),
            from_at=self._from_at,
            to_at=kernel.at,
            inputs=kernel.seq - self._first_seq + 1,
            root=kernel.root.hex(),
            outside=self._outside,
            ended=self._ended,
            changes=self._changes,
            recorded=recorded,
            current=figures[-1] if self._outside else recorded,
            proposed=figures[0],
        )


def changed(before: Profiles, after: Profiles) -> tuple[tuple[str, int, int], ...]:
    """Every field that differs, with both values."""
    rows = [(field, before.value(field) or 0, after.value(field) or 0) for field in after.fields()]
    return tuple(row for row in rows if row[1] != row[2])
