"""Recovery: newest valid snapshot, then the journal's tail, roots compared at every input.

Start-up and crash are one path. Recorded outcomes and predictions are obeyed, nothing is decided
again; a snapshot that the chain does not name, or that other code cannot read, is passed over.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

import msgspec

from actors.journal_chain import ChainVerifier, decode_input, open_frame
from actors.kernel.envelope import Input
from actors.kernel.kernel import Kernel
from actors.kernel.snapshot import fitted
from actors.kernel.step import OutcomeDivergedError, StepResult
from actors.kernel.supervisor import Outcome
from actors.messages.codec import ENCODER, frozen_decoder
from actors.messages.control import ConstraintViolated
from actors.ports import Journal, JournalCorruptError, Record, RunRow
from service.failures import ExitCode, UserError
from service.retention.tombstones import sealed_end
from service.trusted_snapshots import (
    OUTCOMES,
    Passed,
    trusted_snapshots,
    whole_snapshot,
)

Progress = Callable[[int, int], None]
GraphOfRun = Callable[[RunRow], Awaitable[Kernel]]
INPUTS = frozen_decoder(Input)


class Recovered(msgspec.Struct, frozen=True):
    """What recovery did: where it started, how many inputs it stepped, and for how long.

    `snapshots_refused` counts the newer ones that the chain does not name or this code cannot read.
    """

    snapshot_seq: int
    stepped: int
    head_seq: int
    seconds: float
    snapshots_refused: int
    code_changed: bool


class ParityDivergedError(Exception):
    """A re-executed step differs from its record; the first difference, classified."""

    def __init__(self, seq: int, kind: str, detail: str) -> None:
        super().__init__(f"{kind} at input {seq}: {detail}")
        self.seq = seq
        self.kind = kind
        self.detail = detail


def decode_record(record: Record) -> tuple[Input, Outcome]:
    """The input and outcome of a record. Raises msgspec errors on foreign bytes."""
    return INPUTS.decode(record.input), OUTCOMES.decode(record.outcome)


def repeat(kernel: Kernel, record: Record, *, audit: bool = False) -> StepResult:
    """Step a recorded input again and compare; with `audit` nothing recorded is obeyed.

    Raises ParityDivergedError at the first difference.
    """
    entry, outcome = decode_record(record)
    try:
        result = kernel.step(entry, None if audit else outcome)
    except OutcomeDivergedError as error:
        raise ParityDivergedError(entry.seq, "state", str(error)) from error
    difference = _difference(entry, outcome, result, record)
    if difference is not None:
        raise difference
    return result


def _difference(
    entry: Input, was: Outcome, result: StepResult, record: Record
) -> ParityDivergedError | None:
    """The first difference between a step and its record, from the cause to the consequence."""
    seq, now = entry.seq, result.outcome
    statuses = f"the outcome was {was.status}, now {now.status}"
    if now.predictions != was.predictions:
        return ParityDivergedError(seq, "arithmetic", statuses)
    if (now.status, now.failures) != (was.status, was.failures):
        return ParityDivergedError(seq, "state", statuses)
    if result.digest != record.digest:
        name = type(entry.body).__name__
        return ParityDivergedError(seq, "state", f"{name} led to other messages than recorded")
    if result.outcome_bytes != record.outcome:
        return ParityDivergedError(seq, "state", _other_states(was, now))
    if tuple(ENCODER.encode(effect) for effect in result.effects) != record.effects:
        detail = "what was to be sent is not what the step decided"
        return ParityDivergedError(seq, "tampered", detail)
    return None


def _other_states(was: Outcome, now: Outcome) -> str:
    known = dict(was.states)
    other = [name for name, digest in now.states if known.get(name) != digest]
    if not other:
        return "states were digested at another input than recorded"
    return f"the state of {', '.join(other)} is not the recorded one"


async def recover(
    kernel: Kernel,
    journal: Journal,
    fingerprint: str,
    *,
    graph_of_run: GraphOfRun | None = None,
    trusted_seq: int | None = None,
    progress: Progress | None = None,
) -> Recovered:
    """Bring `kernel` to the journal's head.

    `graph_of_run` rebuilds the graph that made a run, so that each part of the tail is stepped with
    the settings that made it; without it `kernel` steps all. Snapshots beyond `trusted_seq` are not
    used. Raises JournalCorruptError when the chain is broken, UserError when other code made a tail
    that this code would decide differently.
    """
    started = time.perf_counter()
    head_seq, head_root = await journal.head()
    passed, code_changed = await _restore_newest(
        kernel, journal, fingerprint, head_seq, trusted_seq=trusted_seq
    )
    start = kernel.seq
    await _refuse_sealed(journal, start)
    try:
        if graph_of_run is None:
            await _step_tail(kernel, journal, head_seq, progress)
        else:
            await _step_runs(kernel, journal, graph_of_run, progress)
    except ParityDivergedError as error:
        raise _other_code(error, code_changed=code_changed) from error
    if kernel.root != head_root and head_seq:
        raise JournalCorruptError("tampered", head_seq, "the head's root is not the chain's")
    seconds = time.perf_counter() - started
    return Recovered(start, kernel.seq - start, head_seq, seconds, passed.count, code_changed)


async def _step_runs(
    kernel: Kernel, journal: Journal, graph_of_run: GraphOfRun, progress: Progress | None
) -> None:
    for row in await journal.runs():
        if row.last_seq <= kernel.seq:
            continue
        made_it = await graph_of_run(row)
        if kernel.seq:
            made_it.restore(kernel.snapshot())
        await _step_tail(made_it, journal, row.last_seq, progress)
        kernel.restore(made_it.snapshot())


async def unheard_refusals(journal: Journal) -> tuple[ConstraintViolated, ...]:
    """Refused rows that no input tells of, because a crash came between."""
    # Runs are sealed only after every refusal in them was told of.
    sealed_seq, _ = await sealed_end(journal)
    refused = await journal.refused_since(sealed_seq)
    unheard = [ConstraintViolated(row.name, row.seq, row.row) for row in refused]
    if not unheard:
        return ()
    async for frame in journal.frames(unheard[0].seq):
        for record in open_frame(frame):
            body = decode_input(record).body
            if isinstance(body, ConstraintViolated) and body in unheard:
                unheard.remove(body)
        if not unheard:
            break
    return tuple(unheard)


def _other_code(error: ParityDivergedError, *, code_changed: bool) -> UserError:
    if code_changed:
        return UserError(
            ExitCode.NOT_PROVEN,
            f"The last run was cut off under another version, and this version decides input "
            f"{error.seq} differently.",
            "Start the earlier version once and stop it cleanly; then this version can continue.",
        )
    return UserError(
        ExitCode.NOT_PROVEN,
        f"Recovery does not reach the recorded state: {error}.",
        "Run `ballast replay RUN --verify` for the field-by-field difference; nothing was sent.",
    )


async def _restore_newest(
    kernel: Kernel, journal: Journal, fingerprint: str, head_seq: int, *, trusted_seq: int | None
) -> tuple[Passed, bool]:
    passed = Passed()
    await _refuse_future(journal, head_seq, passed)
    last_seq = head_seq if trusted_seq is None else min(head_seq, trusted_seq)
    async for snapshot in trusted_snapshots(journal, last_seq, passed):
        same_code = snapshot.code_fingerprint == fingerprint
        try:
            kernel.restore(snapshot if same_code else fitted(snapshot, kernel.snapshot()))
        except (msgspec.MsgspecError, UnicodeDecodeError):
            if same_code:
                raise
            passed.note(snapshot.kernel.seq)
            continue
        return passed, not same_code
    return passed, False


async def _refuse_sealed(journal: Journal, start: int) -> None:
    """Raises UserError when the inputs that had to be stepped are sealed."""
    sealed_seq, _ = await sealed_end(journal)
    if start < sealed_seq:
        raise UserError(
            ExitCode.NOT_PROVEN,
            f"No snapshot from input {sealed_seq} on can be trusted and read by this version, and "
            "the inputs up to there are sealed.",
            "Start the version that ran last and stop it cleanly, or restore a backup.",
        )


async def _refuse_future(journal: Journal, head_seq: int, passed: Passed) -> None:
    """Snapshots are made of what is durable: one beyond the head means a lost tail."""
    async for stored in journal.snapshots():
        if stored.seq <= head_seq:
            return
        if whole_snapshot(stored) is not None:
            detail = f"the journal ends there, but there is a snapshot of input {stored.seq}"
            raise JournalCorruptError("truncated", head_seq + 1, detail)
        passed.note(stored.seq)


async def _step_tail(
    kernel: Kernel, journal: Journal, head_seq: int, progress: Progress | None
) -> None:
    first = kernel.seq + 1
    if first > head_seq:
        return
    chain = ChainVerifier(kernel.root, kernel.seq, kernel.at)
    async for frame in journal.frames(first, head_seq):
        records = chain.check(frame)
        for number, record in enumerate(records, frame.first_seq):
            if number >= first:
                repeat(kernel, record)
        if progress is not None:
            progress(kernel.seq - first + 1, head_seq - first + 1)
