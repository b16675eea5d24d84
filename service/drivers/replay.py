"""Replay: feed a stored run's inputs back through the same graph and compare every hash.

Recorded outcomes and predictions are obeyed; with `verify` nothing recorded is obeyed: models
predict again and handlers may fail again. Rows that the store keeps are held against those that the
steps make. The first difference is classified.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

import msgspec

from actors.journal_chain import ChainVerifier
from actors.kernel.kernel import Kernel
from actors.kernel.snapshot import Snapshot, fitted, state_digest
from actors.messages.control import RunEnded, RunStarted
from actors.ports import DerivedRow, JournalCorruptError, JournalView, Record, RowParity, RunRow
from service.failures import ExitCode, UserError
from service.fingerprint import code_fingerprint
from service.recovery import ParityDivergedError, decode_record, repeat
from service.retention.tombstones import begun_of, seal_of, sealed_end, sealed_error
from service.trusted_snapshots import Passed, trusted_snapshots

Progress = Callable[[int, int], None]
BuildKernel = Callable[[RunStarted], Kernel]


class ReplayReport(msgspec.Struct, frozen=True):
    """What a replay found. `kind` and `detail` say what diverged first, and `seq` where.

    `rows` were held against the store's (0: not asked, or it keeps none); `rows_hash` is a chain
    over what they should be. `manifest` is the hash of the run's manifest (hex), which was held
    against the run and its stored rows: empty where there is none.
    """

    run_id: str
    parity: bool
    root_hash: str
    inputs: int
    chain_verified: bool
    verify_seconds: float
    replay_seconds: float
    kind: str = ""
    detail: str = ""
    seq: int = 0
    rows: int = 0
    rows_hash: str = ""
    manifest: str = ""


async def verify_chain(
    journal: JournalView, run: RunRow, progress: Progress | None = None
) -> float:
    """Recompute every root of a run; seconds it took. Raises JournalCorruptError.

    A run that was closed ends with its end: one that does not has lost its tail.
    """
    started = time.perf_counter()
    chain = ChainVerifier(run.genesis, run.first_seq - 1)
    last: Record | None = None
    async for frame in journal.frames(run.first_seq, run.last_seq):
        last = chain.check(frame)[-1]
        await asyncio.sleep(0)
        if progress is not None:
            progress(chain.inputs, run.last_seq - run.first_seq + 1)
    chain.finish(run.last_seq, run.root)
    if run.closed and (last is None or not _ends(last, run)):
        raise JournalCorruptError(
            "truncated", chain.seq + 1, "the run was closed, but its end is not in the journal"
        )
    return time.perf_counter() - started


def _ends(record: Record, run: RunRow) -> bool:
    body = decode_record(record)[0].body
    return isinstance(body, RunEnded) and body.run_id == run.run_id


async def run_started(journal: JournalView, run: RunRow) -> RunStarted:
    """The first input of a run; of a sealed one as its tombstone keeps it.

    Raises JournalCorruptError when it is something else.
    """
    async for frame in journal.frames(run.first_seq, run.first_seq):
        chain = ChainVerifier(run.genesis, run.first_seq - 1)
        entry, _ = decode_record(chain.check(frame)[0])
        if isinstance(entry.body, RunStarted):
            return entry.body
        break
    else:
        seal = await seal_of(journal, run.run_id)
        begun = None if seal is None else begun_of(seal)
        if begun is not None:
            return begun
    raise JournalCorruptError("missing", run.first_seq, "the run does not begin with its start")


async def replay_run(
    journal: JournalView,
    run: RunRow,
    build: BuildKernel,
    *,
    verify: bool = False,
    from_genesis: bool = False,
    trusted_seq: int | None = None,
    with_rows: bool = False,
    progress: Progress | None = None,
) -> ReplayReport:
    """Re-execute a run from its beginning and compare.

    The state it began with comes from a snapshot that the chain names (up to `trusted_seq`, the
    newest anchored input, where there is one), or with `from_genesis` from every input of the
    account before it that is not sealed; it must be the one that the run's first input names.
    Corruption and divergence are in the report. Raises UserError(MISSING) for a sealed run.
    """
    seal = await seal_of(journal, run.run_id)
    if seal is not None:
        raise sealed_error(seal)
    if run.last_seq < run.first_seq and not run.closed:
        raise UserError(
            ExitCode.MISSING, f"The run {run.run_id} is empty.", "Choose one from `ballast runs`."
        )
    verify_seconds, started, other_code = 0.0, time.perf_counter(), ""
    try:
        verify_seconds = await verify_chain(journal, run)
        begun = await run_started(journal, run)
        other_code = "" if begun.code_fingerprint == code_fingerprint() else begun.code_fingerprint
        kernel = build(begun)
        trusted = (await sealed_end(journal))[0] if from_genesis else trusted_seq
        await _seek(kernel, journal, run, build, trusted_seq=trusted)
        _check_start(kernel, begun, run)
        started = time.perf_counter()
        parity = _NO_ROWS if with_rows else None
        parity = await _repeat_run(
            kernel, journal, run, verify=verify, parity=parity, progress=progress
        )
        manifest = await hold_manifest(journal, run, begun)
    except JournalCorruptError as error:
        return _failed(run, error, chain=verify_seconds, started=started)
    except ParityDivergedError as error:
        found = _of_other_code(error, other_code) if other_code else error
        return _failed(run, found, chain=verify_seconds, started=started)
    seconds = time.perf_counter() - started
    inputs = run.last_seq - run.first_seq + 1
    return ReplayReport(
        run.run_id,
        True,
        kernel.root.hex(),
        inputs,
        True,
        verify_seconds,
        seconds,
        rows=0 if parity is None else parity.rows,
        rows_hash=parity.digest.hex() if parity is not None and parity.rows else "",
        manifest=manifest,
    )


async def hold_manifest(journal: JournalView, run: RunRow, begun: RunStarted) -> str:
    """The hash of the run's manifest, empty without one. Raises ParityDivergedError.

    It must say what the stored rows come to, and be of what the run's first input says decided.
    """
    found = await journal.check_manifest(run)
    if found.fault:
        raise ParityDivergedError(run.last_seq, "manifest", found.fault)
    told = found.manifest
    if told is None:
        return ""
    for name in ("code_fingerprint", "settings_hash", "feed", "bundle_id"):
        if getattr(told, name) != getattr(begun, name):
            detail = f"the run's manifest has another {name} than its first input"
            raise ParityDivergedError(run.last_seq, "manifest", detail)
    return told.hash


def _failed(
    run: RunRow, error: JournalCorruptError | ParityDivergedError, *, chain: float, started: float
) -> ReplayReport:
    return ReplayReport(
        run_id=run.run_id,
        parity=False,
        root_hash=run.root.hex(),
        inputs=max(0, error.seq - run.first_seq),
        chain_verified=isinstance(error, ParityDivergedError),
        verify_seconds=chain,
        replay_seconds=time.perf_counter() - started,
        kind=error.kind,
        detail=error.detail,
        seq=error.seq,
    )


async def _seek(
    kernel: Kernel,
    journal: JournalView,
    run: RunRow,
    build: BuildKernel,
    *,
    trusted_seq: int | None,
) -> None:
    """Bring the kernel to just before the run.

    From the newest snapshot that the chain names, else (or when asked) from nothing; then through
    every earlier run's recorded steps, each with the settings that made them.
    """
    target = run.first_seq - 1
    before: Snapshot | None = None
    trusted = target if trusted_seq is None else min(target, trusted_seq)
    async for snapshot in trusted_snapshots(journal, trusted, Passed()):
        before = snapshot
        break
    for row in await journal.runs():
        done = 0 if before is None else before.kernel.seq
        if row.first_seq > target or row.last_seq <= done:
            continue
        seal = await seal_of(journal, row.run_id)
        if seal is not None:
            raise sealed_error(seal)
        stepping = build(await run_started(journal, row))
        if before is not None:
            _restore(stepping, before, run)
        chain = ChainVerifier(stepping.root, stepping.seq, stepping.at)
        async for frame in journal.frames(stepping.seq + 1, row.last_seq):
            for record in chain.check(frame):
                repeat(stepping, record)
            await asyncio.sleep(0)
        before = stepping.snapshot()
    if before is not None:
        _restore(kernel, before, run)


def _restore(kernel: Kernel, snapshot: Snapshot, run: RunRow) -> None:
    """Raises ParityDivergedError when the snapshot is of code that remembered other things."""
    try:
        if snapshot.code_fingerprint == code_fingerprint():
            kernel.restore(snapshot)
        else:
            kernel.restore(fitted(snapshot, kernel.snapshot()))
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        if snapshot.code_fingerprint == code_fingerprint():
            raise
        raise ParityDivergedError(run.first_seq, "code version", str(error)) from error


def _of_other_code(error: ParityDivergedError, recorded: str) -> ParityDivergedError:
    """A difference that other code explains is told as such."""
    detail = (
        f"the run was made by code {recorded[:12]}, this is {code_fingerprint()[:12]}; "
        f"prove it with that version ({error.detail})"
    )
    return ParityDivergedError(error.seq, "code version", detail)


def _check_start(kernel: Kernel, begun: RunStarted, run: RunRow) -> None:
    """Raises JournalCorruptError or ParityDivergedError unless the run started from this state."""
    if kernel.root != run.genesis:
        raise JournalCorruptError(
            "foreign", run.first_seq, "the state before the run is not the one it started from"
        )
    if state_digest(kernel.snapshot()) != begun.state:
        raise ParityDivergedError(
            run.first_seq, "state", "what the graph remembers is not what the run started from"
        )


async def _repeat_run(
    kernel: Kernel,
    journal: JournalView,
    run: RunRow,
    *,
    verify: bool,
    parity: RowParity | None,
    progress: Progress | None,
) -> RowParity | None:
    total = run.last_seq - run.first_seq + 1
    chain = ChainVerifier(kernel.root, kernel.seq, kernel.at)
    async for frame in journal.frames(run.first_seq, run.last_seq):
        rows: list[DerivedRow] = []
        for record in chain.check(frame):
            result = repeat(kernel, record, audit=verify)
            rows += [DerivedRow(result.seq, e.at, e.body) for e in result.records]
        if parity is not None:
            span = frame.first_seq, frame.last_seq
            parity = await journal.compare_rows(run, span, tuple(rows), parity)
            if parity.fault:
                raise ParityDivergedError(parity.seq, "row", parity.fault)
        await asyncio.sleep(0)  # signals and the endpoint get their turn
        if progress is not None:
            progress(kernel.seq - run.first_seq + 1, total)
    if kernel.root != run.root:
        raise ParityDivergedError(run.last_seq, "state", "the final root differs")
    return parity


_NO_ROWS: Final = RowParity(0, bytes(32))
