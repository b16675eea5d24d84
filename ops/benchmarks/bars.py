"""Bars a second through the whole graph: thirty symbols, one-minute candles, seeded market.

Two deciders: hourly (a bar is an hour, made of sixty candles) and every bar (a bar is a minute).
Journal off steps the kernel alone; journal on goes through the service's pump with frames, derived
rows and snapshots into files and PostgreSQL. The reference loop encodes and hashes the same inputs.
Warm-up is not timed. `busy` tells hours of market as minutes; `calm` wants a whole per cent above
the costs before it enters, so that deciding is seen apart from ordering.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from actors.instant import HOUR_NS, MINUTE_NS, SECOND_NS
from actors.kernel.envelope import Input
from actors.messages.codec import ENCODER
from actors.ports import Journal
from adapters.journal.file import FileJournal
from adapters.journal.memory import MemoryJournal
from adapters.postgres.journal import PostgresJournal
from adapters.postgres.roles import prepare_database
from ops.benchmarks.figures import (
    ROUNDS,
    ROUNDS_QUICK,
    Figure,
    cpu_seconds,
    median,
    options,
    report,
)
from ops.benchmarks.market import (
    SYMBOLS,
    CandleMarket,
    Counted,
    described,
    graph_of,
    settings_of,
    starting,
)
from ops.benchmarks.stores import with_database, workplace, writer_dsn
from service.pump import Pump
from service.segment import open_segment
from service.settings import Settings

BATCH: Final = 256
Opening = Callable[[str], Journal]


class Case(msgspec.Struct, frozen=True):
    """What is decided when, on how many slices, and the targets in bars/s (0: none)."""

    name: str
    bar_seconds: int
    slices: int
    least_off: float
    least_on: float
    busy: bool = False
    edge_margin_micros: int = 500


CASES: Final[tuple[Case, ...]] = (
    Case("hourly", 3600, 12_000, 500_000, 250_000),
    Case("every bar", 60, 4_000, 200_000, 100_000),
    Case("every bar, calm", 60, 4_000, 0, 0, edge_margin_micros=10_000),
    Case("every bar, busy", 60, 2_000, 0, 0, busy=True),
)
HINT_ON: Final = "beside the step a frame and its derived rows are built, written and flushed"
HINT_OFF: Final = "shares of a step are in docs/benchmarks.md"


class Run:
    """One account over the market, opened and warmed up, ready to be timed."""

    def __init__(self, settings: Settings, market: CandleMarket, journal: Journal) -> None:
        self.settings = settings
        self.market = market
        self.journal = journal
        self.counted = Counted()
        self.timed = market.all[market.warm_up :]

    async def opened(self, stream: str) -> Pump:
        """Start the run and feed the warm-up."""
        segment = await open_segment(
            self.settings,
            starting(self.market),
            graph_of(self.settings),
            self.journal,
            observers=[self.counted],
            stream=stream,
        )
        await segment.pump.admit(self.market.all[: self.market.warm_up])
        await segment.pump.flush()
        self.counted.instants = self.counted.orders = 0
        return segment.pump


async def off(settings: Settings, market: CandleMarket) -> tuple[float, Counted]:
    """CPU seconds of the kernel alone, and what was decided."""
    run = Run(settings, market, MemoryJournal())
    kernel = (await run.opened("")).kernel
    entries = [Input(kernel.seq + n, item.at, item.body) for n, item in enumerate(run.timed, 1)]
    step, counted = kernel.step, run.counted

    def work() -> None:
        for entry in entries:
            counted(entry, step(entry))

    seconds = cpu_seconds(work)
    assert kernel.halt is None, kernel.halt
    return seconds, counted


async def on(
    settings: Settings, market: CandleMarket, journal: Journal, stream: str
) -> tuple[float, Counted]:
    """Wall seconds through the pump until everything is durable."""
    run = Run(settings, market, journal)
    pump = await run.opened(stream)
    gc.collect()
    before = time.perf_counter()
    for first in range(0, len(run.timed), BATCH):
        await pump.admit(run.timed[first : first + BATCH])
    await pump.flush()
    seconds = time.perf_counter() - before
    assert pump.kernel.halt is None, pump.kernel.halt
    await journal.close()
    return seconds, run.counted


def hashing(market: CandleMarket) -> float:
    """CPU seconds of the reference: each input encoded and hashed, nothing decided."""
    items = market.all[market.warm_up :]

    def work() -> None:
        for seq, item in enumerate(items, 1):
            sha256(ENCODER.encode(Input(seq, item.at, item.body))).digest()

    return cpu_seconds(work)


async def case_figures(case: Case, openings: dict[str, Opening], rounds: int) -> list[Figure]:
    """All figures of one case; stores and the reference take turns."""
    settings = settings_of(
        case.bar_seconds, strategy={"edge_margin_micros": case.edge_margin_micros}
    )
    bar_ns = HOUR_NS if case.bar_seconds == 3600 else MINUTE_NS
    assert bar_ns == case.bar_seconds * SECOND_NS
    market = CandleMarket(case.slices, bar_ns=bar_ns, busy=case.busy)
    bars = case.slices * len(SYMBOLS)
    found: dict[str, list[float]] = {name: [] for name in ("reference", "off", *openings)}
    counted = Counted()
    for turn in range(rounds):
        found["reference"].append(hashing(market))
        seconds, counted = await off(settings, market)
        found["off"].append(seconds)
        for store, opening in openings.items():
            stream = f"bars-{os.getpid()}-{case.name.replace(' ', '-')}-{turn}"
            seconds, counted = await on(settings, market, opening(stream), stream)
            found[store].append(seconds)
    rate = {name: bars / median(seconds) for name, seconds in found.items()}
    told = (
        f"{case.name}: {described(settings)}, "
        f"{counted.instants * len(SYMBOLS) / bars:.3g} inferences/bar, "
        f"{1e6 * counted.orders / bars:,.0f} orders/M bars"
    )
    figures = []
    for name in ("off", *openings):
        least = case.least_off if name == "off" else case.least_on
        figures.append(
            Figure(
                f"bars, {case.name}, journal {name}",
                rate[name],
                "bars/CPU s" if name == "off" else "bars/s",
                "bars/CPU s, encode + SHA-256 only",
                rate["reference"],
                least=least or None,
                hint=HINT_OFF if name == "off" else HINT_ON,
                note=told,
            )
        )
    return figures


async def measured(dsn: str, folder: Path, cases: tuple[Case, ...], rounds: int) -> list[Figure]:
    """Every case."""
    await prepare_database(dsn)
    writer = writer_dsn(dsn)
    openings: dict[str, Opening] = {
        "file": lambda stream: FileJournal(folder / stream),
        "PostgreSQL": lambda stream: PostgresJournal(writer, stream),
    }
    found = []
    for case in cases:
        found += await case_figures(case, openings, rounds)
    return found


def measure(dsn: str, folder: Path, *, quick: bool) -> list[Figure]:
    """The figures, small ones when quick."""
    cases, rounds = CASES, ROUNDS
    if quick:
        cases = tuple(msgspec.structs.replace(each, slices=each.slices // 10) for each in CASES)
        rounds = ROUNDS_QUICK
    return asyncio.run(measured(dsn, folder, cases, rounds))


def main() -> None:
    given = with_database(options(__doc__)).parse_args()
    with workplace(given.dsn) as (dsn, folder):
        report(measure(dsn, folder, quick=given.quick), as_json=given.json)


if __name__ == "__main__":
    main()
