"""Ready after a crash: a journal of a million inputs, snapshots every 5,000, start-up included.

One run is pumped into files and PostgreSQL at once (one trade a second, so the inputs are small and
many), and left without a clean end just before a snapshot was due: the tail is the longest there
can be. Then a new Python process opens the journal, builds the graph and recovers; its life from
start to ready is one sample. The database server is running; a start of the embedded one is timed
apart. The reference is a Python process that imports the same modules and does nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from actors.instant import HOUR_NS, MILLISECOND_NS
from actors.kernel.kernel import Kernel
from actors.kernel.snapshot import encode_snapshot
from actors.messages.arrays import sealed, sealed_ints
from actors.messages.market import TradeSlice
from actors.ports import DerivedRow, FeedItem, Frame, Journal, RefusedRow, RunRow, StoredSnapshot
from adapters.journal.file import FileJournal
from adapters.journal.memory import MemoryJournal
from adapters.postgres.journal import PostgresJournal
from adapters.postgres.roles import prepare_database
from ops.benchmarks.figures import ROUNDS, ROUNDS_QUICK, Figure, median, options, report
from ops.benchmarks.market import SYMBOLS, CandleMarket, graph_of, settings_of, starting
from ops.benchmarks.stores import with_database, workplace, writer_dsn
from service.fingerprint import code_fingerprint
from service.pump import SNAPSHOT_EVERY
from service.recovery import recover
from service.segment import open_segment

INPUTS: Final = 1_000_000
INPUTS_QUICK: Final = 12_000
READY_MOST_S: Final = 2.0
ACCOUNT: Final = "recovery-bench"
BATCH: Final = 1_000


class Both(MemoryJournal):
    """A journal that keeps nothing itself and writes through to several."""

    def __init__(self, journals: list[Journal]) -> None:
        super().__init__()
        self.journals = journals

    async def open_epoch(self, holder: str) -> int:
        """The epoch of all; they were all empty."""
        epochs = [await each.open_epoch(holder) for each in self.journals]
        return epochs[0]

    async def begin_run(self, run: RunRow) -> None:
        """In all."""
        for each in self.journals:
            await each.begin_run(run)

    async def append(
        self, frame: Frame, rows: tuple[DerivedRow, ...] = ()
    ) -> tuple[RefusedRow, ...]:
        """In all."""
        refused = [row for each in self.journals for row in await each.append(frame, rows)]
        return tuple(refused)

    async def save_snapshot(self, snapshot: StoredSnapshot) -> None:
        """In all."""
        for each in self.journals:
            await each.save_snapshot(snapshot)

    async def close(self) -> None:
        """All."""
        for each in self.journals:
            await each.close()


def trades(start: int, count: int) -> Iterator[FeedItem]:
    """One trade of one symbol every 100 ms."""
    rows = []
    for index in range(len(SYMBOLS)):
        price = 100.0 + index
        row = np.array([[price, price, price, price, 1.0, price, 1.0, 0.5]])
        rows.append((sealed_ints([index]), sealed(row)))
    for number in range(count):
        at = start + number * 100 * MILLISECOND_NS
        symbols, row = rows[number % len(rows)]
        yield FeedItem(at, TradeSlice(at, symbols, row))


async def filled(dsn: str, folder: Path, inputs: int) -> tuple[float, Kernel]:
    """Journals of `inputs` inputs, cut off before their next snapshot; wall seconds it took."""
    await prepare_database(dsn)
    stores: list[Journal] = [
        FileJournal(folder / ACCOUNT),
        PostgresJournal(writer_dsn(dsn), ACCOUNT),
    ]
    journal = Both(stores)
    settings = settings_of(3600)
    market = CandleMarket(1, bar_ns=HOUR_NS)
    segment = await open_segment(
        settings, starting(market), graph_of(settings), journal, stream=ACCOUNT
    )
    pump = segment.pump
    await pump.admit(market.all[: market.warm_up])
    before = time.perf_counter()
    batch: list[FeedItem] = []
    for item in trades(pump.kernel.at, inputs - pump.kernel.seq):
        batch.append(item)
        if len(batch) == BATCH:
            await pump.admit(batch)
            batch = []
    await pump.admit(batch)
    # The last frames, without the snapshot that a full count would make due.
    pump._snapshot_every = 2 * inputs
    await pump.flush()
    seconds = time.perf_counter() - before
    await journal.close()
    return seconds, pump.kernel


async def recovered(place: str) -> str:
    """In the new process: open, build, recover."""
    journal: Journal = (
        PostgresJournal(place, ACCOUNT) if "://" in place else FileJournal(Path(place))
    )
    kernel = graph_of(settings_of(3600)).kernel
    found = await recover(kernel, journal, code_fingerprint())
    await journal.close()
    return f"{found.head_seq} {found.stepped} {found.seconds:.6f}"


def ready_seconds(place: str) -> tuple[float, int, int, float]:
    """Wall seconds of a new process until it is ready; its head, tail and recovery alone."""
    before = time.perf_counter()
    said = subprocess.run(
        [sys.executable, __file__, "--ready", place], check=True, capture_output=True, text=True
    ).stdout
    seconds = time.perf_counter() - before
    head, stepped, alone = said.split() if said.strip() else ("0", "0", "0")
    return seconds, int(head), int(stepped), float(alone)


def measure(dsn: str, folder: Path, *, inputs: int, rounds: int) -> list[Figure]:
    """The figures; wall seconds."""
    inputs -= inputs % SNAPSHOT_EVERY + 1  # one input short of the next snapshot
    seconds, kernel = asyncio.run(filled(dsn, folder, inputs))
    places = {"files": str(folder / ACCOUNT), "PostgreSQL": writer_dsn(dsn)}
    found: dict[str, list[float]] = {name: [] for name in (*places, "nothing")}
    told: dict[str, str] = {}
    for _ in range(rounds):
        found["nothing"].append(ready_seconds("")[0])
        for name, place in places.items():
            total, head, stepped, alone = ready_seconds(place)
            assert head == inputs, f"{name} recovered to {head}, not {inputs}"
            found[name].append(total)
            told[name] = f"tail {stepped:,}, {alone:.2f} s of it recovering"
    idle = median(found["nothing"])
    figures = [
        Figure(
            f"ready after {inputs:,} inputs, {name} ({told[name]})",
            median(found[name]),
            "s",
            "s, Python and imports alone",
            idle,
            most=READY_MOST_S,
            hint="imports, then the snapshot, then re-stepping the tail",
        )
        for name in places
    ]
    data, pauses = b"", []
    for _ in range(20):
        before = time.perf_counter()
        data = encode_snapshot(kernel.snapshot())
        pauses.append(1e3 * (time.perf_counter() - before))
    return [
        *figures,
        Figure("snapshot", len(data) / 1e3, "kB"),
        Figure("snapshot pause", median(pauses), "ms"),
        Figure("inputs journalled twice on the way", inputs / seconds, "inputs/s"),
    ]


def main() -> None:
    parser = with_database(options(__doc__))
    parser.add_argument("--ready", metavar="PLACE", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.ready is not None:
        print(asyncio.run(recovered(given.ready)) if given.ready else "")
        return
    inputs, rounds = (INPUTS_QUICK, ROUNDS_QUICK) if given.quick else (INPUTS, ROUNDS)
    with workplace(given.dsn) as (dsn, folder):
        found = measure(dsn, folder, inputs=inputs, rounds=rounds)
    report(found, as_json=given.json)


if __name__ == "__main__":
    main()
