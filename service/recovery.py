"""Recovery: newest valid snapshot, then the journal's tail, roots compared at every input.

Start-up and crash are one path. Recorded outcomes and predictions are obeyed, nothing is decided
again; a snapshot that does not decode, belongs to other code or disagrees with the chain is passed
over.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec

from actors.journal_chain import ChainVerifier
from actors.kernel.envelope import Input
from actors.kernel.kernel import Kernel
from actors.kernel.snapshot import SnapshotCorruptError, decode_snapshot
from actors.kernel.step import OutcomeDivergedError
from actors.kernel.supervisor import Outcome
from actors.messages.codec import frozen_decoder
from actors.ports import Journal, JournalCorruptError, Record
from service.failures import ExitCode, UserError

Progress = Callable[[int, int], None]
INPUTS = frozen_decoder(Input)
OUTCOMES = frozen_decoder(Outcome)


class Recovered(msgspec.Struct, frozen=True):
    """What recovery did: where it started, how many inputs it stepped, and for how long."""

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


def repeat(kernel: Kernel, record: Record, *, audit: bool = False) -> None:
    """Step a recorded input again and compare; with `audit` nothing recorded is obeyed.

    Raises ParityDivergedError at the first difference.
    """
    entry, outcome = decode_record(record)
    try:
        result = kernel.step(entry, None if audit else outcome)
    except OutcomeDivergedError as error:
        raise ParityDivergedError(entry.seq, "state", str(error)) from error
    if result.outcome_bytes != record.outcome:
        kind = "arithmetic" if result.outcome.predictions != outcome.predictions else "state"
        raise ParityDivergedError(
            entry.seq, kind, f"the outcome was {outcome.status}, now {result.outcome.status}"
        )
    if result.digest != record.digest:
        raise ParityDivergedError(
            entry.seq, "state", f"{type(entry.body).__name__} led to other messages than recorded"
        )


async def recover(
    kernel: Kernel, journal: Journal, fingerprint: str, *, progress: Progress | None = None
) -> Recovered:
    """Bring `kernel` to the journal's head.

    Raises JournalCorruptError when the chain is broken, UserError when other code made a tail that
    this code would decide differently.
    """
    started = time.perf_counter()
    head_seq, head_root = await journal.head()
    refused, code_changed = await _restore_newest(kernel, journal, fingerprint, head_seq)
    start = kernel.seq
    try:
        await _step_tail(kernel, journal, head_seq, progress)
    except ParityDivergedError as error:
        raise _other_code(error, code_changed=code_changed) from error
    if kernel.root != head_root and head_seq:
        raise JournalCorruptError("tampered", head_seq, "the head's root is not the chain's")
    seconds = time.perf_counter() - started
    return Recovered(start, kernel.seq - start, head_seq, seconds, refused, code_changed)


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
    kernel: Kernel, journal: Journal, fingerprint: str, head_seq: int
) -> tuple[int, bool]:
    refused = 0
    async for stored in journal.snapshots():
        try:
            snapshot = decode_snapshot(stored.data)
        except SnapshotCorruptError:
            refused += 1
            continue
        same_code = snapshot.code_fingerprint == fingerprint
        if snapshot.kernel.root != stored.root or snapshot.kernel.seq != stored.seq:
            refused += 1
            continue
        if stored.seq > head_seq:
            # Snapshots are made of what is durable: the journal has lost its tail.
            detail = f"the journal ends there, but there is a snapshot of input {stored.seq}"
            raise JournalCorruptError("truncated", head_seq + 1, detail)
        try:
            kernel.restore(snapshot)
        except (msgspec.MsgspecError, AssertionError):
            if same_code:
                raise
            refused += 1
            continue
        return refused, not same_code
    return refused, False


async def _step_tail(
    kernel: Kernel, journal: Journal, head_seq: int, progress: Progress | None
) -> None:
    first = kernel.seq + 1
    if first > head_seq:
        return
    chain = ChainVerifier(kernel.root, kernel.seq, kernel.at)
    async for frame in journal.frames(first):
        records = chain.check(frame)
        for number, record in enumerate(records, frame.first_seq):
            if number >= first:
                repeat(kernel, record)
        if progress is not None:
            progress(kernel.seq - first + 1, head_seq - first + 1)
