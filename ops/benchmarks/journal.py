"""What durability costs: journalled inputs a second, commit latency, chain verification.

Inputs are 200 bytes; a frame is built, appended and durable before the next one. Each figure stands
beside a reference loop of the same run: the same bytes written and flushed to a plain file, or bare
hashing. Run with `python ops/benchmarks/journal.py [--json] [--dsn URI]`; without a DSN the
embedded PostgreSQL is started in a temporary folder.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from actors.ids import GENESIS_ROOT
from actors.instant import SECOND_NS
from actors.journal_chain import build_frame, verify_frames
from actors.kernel.digest import next_root
from actors.kernel.envelope import Input
from actors.kernel.supervisor import OK
from actors.messages.codec import encode
from actors.messages.control import Note
from actors.ports import Frame, Journal, Record, RunRow
from adapters.journal.file import FileJournal
from adapters.journal.memory import MemoryJournal
from adapters.postgres.embedded import EmbeddedPostgres
from adapters.postgres.journal import PostgresJournal
from adapters.postgres.roles import WRITER, prepare_database

INPUT_BYTES = 200
FRAMES = 500
ROUNDS = 3
SIZES = (1, 10, 100, 1000)
START_NS = 1_700_000_000 * SECOND_NS
RUN_ID = "bench"

Figures = dict[str, float]


def records(count: int) -> list[Record]:
    """`count` records with their roots left out: inputs of exactly 200 bytes."""
    outcome, digest = encode(OK), sha256(b"step").digest()
    made = []
    for seq in range(1, count + 1):
        bare = len(encode(Input(seq, START_NS + seq, Note("i", "x" * 160))))
        body = Note("i", "x" * (160 + INPUT_BYTES - bare))
        made.append(Record(encode(Input(seq, START_NS + seq, body)), outcome, digest))
    return made


def roots(made: Sequence[Record]) -> list[bytes]:
    """The root before each record and after the last: the kernel's work, so not timed here."""
    found = [GENESIS_ROOT]
    for record in made:
        found.append(next_root(found[-1], record.input, record.outcome, record.digest))
    return found


def frames(made: Sequence[Record], chain: Sequence[bytes], size: int) -> Iterator[Frame]:
    for first in range(0, len(made), size):
        batch = made[first : first + size]
        yield build_frame(
            batch,
            run_id=RUN_ID,
            epoch=1,
            first_seq=first + 1,
            root_before=chain[first],
            root_after=chain[first + len(batch)],
        )


def summary(inputs: int, elapsed_s: Sequence[float]) -> Figures:
    ordered = sorted(elapsed_s)
    return {
        "inputs_per_s": inputs / sum(ordered),
        "p50_ms": 1e3 * statistics.median(ordered),
        "p99_ms": 1e3 * ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)],
    }


async def append_all(account: str, journal: Journal, source: Iterator[Frame]) -> list[float]:
    """Seconds from records to durable, frame by frame."""
    await journal.open_epoch("bench")
    row = RunRow(RUN_ID, account, "paper", "none", GENESIS_ROOT, 1, 0, GENESIS_ROOT, closed=False)
    await journal.begin_run(row)
    elapsed = []
    before = time.perf_counter()
    for frame in source:
        await journal.append(frame)
        now = time.perf_counter()
        elapsed.append(now - before)
        before = now
    await journal.close()
    return elapsed


def write_all(path: Path, source: Iterator[Frame]) -> list[float]:
    """The reference: the same bytes into a plain file, flushed frame by frame."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    elapsed = []
    before = time.perf_counter()
    for frame in source:
        os.write(descriptor, frame.records)
        os.fdatasync(descriptor)
        now = time.perf_counter()
        elapsed.append(now - before)
        before = now
    os.close(descriptor)
    return elapsed


Opening = Callable[[str], Journal]


async def appends(
    openings: dict[str, Opening], folder: Path, inputs_max: int
) -> dict[str, Figures]:
    """Every journal and the reference at every frame size, in turn, several rounds of each."""
    made = records(inputs_max)
    chain = roots(made)
    found: dict[str, list[float]] = {}
    counts: dict[str, int] = {}
    for size in SIZES:
        batch = made[: min(inputs_max, FRAMES * size)]
        for turn in range(ROUNDS):
            label = f"{os.getpid()}-{size}-{turn}"
            name = f"write+fdatasync, frames of {size}"
            timed = {name: write_all(folder / label, frames(batch, chain, size))}
            for store, opening in openings.items():
                journal = opening(f"bench-{label}")
                name = f"{store}, frames of {size}"
                source = frames(batch, chain, size)
                timed[name] = await append_all(f"bench-{label}", journal, source)
            for name, elapsed in timed.items():
                found.setdefault(name, []).extend(elapsed)
                counts[name] = counts.get(name, 0) + len(batch)
    return {name: summary(counts[name], elapsed) for name, elapsed in found.items()}


def verification(inputs: int) -> dict[str, Figures]:
    """Chain verification beside the bare hashing of the same bytes, in CPU time: all computing."""
    made = records(inputs)
    stored = list(frames(made, roots(made), SIZES[-1]))
    joined = [b"".join((bytes(40), each.input, each.outcome, each.digest)) for each in made]
    hashing, verifying = [], []
    for _ in range(ROUNDS):
        before = time.process_time()
        for data in joined:
            sha256(data).digest()
        middle = time.process_time()
        verify_frames(stored, GENESIS_ROOT)
        hashing.append(middle - before)
        verifying.append(time.process_time() - middle)
    return {
        "SHA-256 of the same bytes, once": {"inputs_per_s": inputs / statistics.median(hashing)},
        "chain verification": {"inputs_per_s": inputs / statistics.median(verifying)},
    }


async def read_back(journal: Journal) -> Figures:
    """Frames read from the store and verified."""
    before = time.perf_counter()
    stored = [frame async for frame in journal.frames()]
    middle = time.perf_counter()
    seq = verify_frames(stored, GENESIS_ROOT).seq
    await journal.close()
    return {"inputs_per_s": seq / (middle - before)}


async def run(dsn: str, folder: Path, inputs: int) -> dict[str, Figures]:
    await prepare_database(dsn)
    writer = writer_dsn(dsn)
    openings: dict[str, Opening] = {
        "PostgreSQL": lambda account: PostgresJournal(writer, account),
        "file": lambda account: FileJournal(folder / account),
        "memory": lambda _account: MemoryJournal(),
    }
    found = await appends(openings, folder, inputs)
    last = PostgresJournal(writer, f"bench-{os.getpid()}-{SIZES[-1]}-0")
    found["PostgreSQL, read back"] = await read_back(last)
    return {**found, **verification(inputs)}


def writer_dsn(dsn: str) -> str:
    """The same address as the writer."""
    head, _, rest = dsn.partition("://")
    _, _, place = rest.rpartition("@")
    return f"{head}://{WRITER}@{place}"


@contextlib.contextmanager
def database(dsn: str | None, folder: Path) -> Iterator[str]:
    if dsn is not None:
        yield dsn
        return
    server = EmbeddedPostgres(
        folder / "postgres", on_progress=lambda text: print(text, file=sys.stderr)
    )
    address = server.start()
    try:
        yield address.dsn()
    finally:
        server.stop("immediate")


def _tell(sentence: str) -> None:
    print(sentence, file=sys.stderr)


def show(found: dict[str, Figures]) -> None:
    print(f"{'':<40}{'inputs/s':>12}{'p50 ms':>10}{'p99 ms':>10}{'x reference':>13}")
    reference = 0.0
    for name, figures in found.items():
        rate = figures["inputs_per_s"]
        if name.startswith(("write+", "SHA-256")):
            reference = rate
        latency = "".join(
            f"{figures[key]:>10.3f}" if key in figures else f"{'':>10}"
            for key in ("p50_ms", "p99_ms")
        )
        print(f"{name:<40}{rate:>12,.0f}{latency}{rate / reference:>12.2f}x")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dsn", help="an administrator's address; default: the embedded server")
    parser.add_argument("--inputs", type=int, default=200_000)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="journal-bench-"))
    try:
        with database(given.dsn, folder) as dsn:
            found = asyncio.run(run(dsn, folder, given.inputs))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if given.json:
        print(json.dumps(found))
    else:
        show(found)


if __name__ == "__main__":
    main()
