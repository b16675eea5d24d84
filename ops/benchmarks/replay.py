"""Re-execution beside the backtest that it repeats, and what verifying its chain costs.

The same minute candles as in bars.py, decided on every bar with the synthetic bundle, journal in
memory. The replay reads frames, checks every root, predicts again with the real model and compares
outcome and digest of every step. Both are timed by the wall, in turn.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from actors.instant import MINUTE_NS
from adapters.journal.memory import MemoryJournal
from ops.benchmarks.figures import ROUNDS, ROUNDS_QUICK, Figure, median, options, report
from ops.benchmarks.market import SYMBOLS, CandleMarket, graph_of, settings_of, starting
from service.drivers.replay import ReplayReport, replay_run
from service.rebuilding import builder
from service.segment import close_segment, open_segment
from service.tally import Tally

SLICES: Final = 4_000
SLICES_QUICK: Final = 300
BATCH: Final = 256
LEAST: Final = 0.8


async def backtest_and_replay(market: CandleMarket) -> tuple[float, ReplayReport]:
    """Wall seconds of feeding the market, and the report of its replay."""
    settings = settings_of(60)
    journal = MemoryJournal()
    graph, tally = graph_of(settings), Tally(SYMBOLS)
    segment = await open_segment(settings, starting(market), graph, journal, observers=[tally])
    gc.collect()
    before = time.perf_counter()
    for first in range(0, len(market.all), BATCH):
        await segment.pump.admit(market.all[first : first + BATCH])
    await segment.pump.flush()
    seconds = time.perf_counter() - before
    run = await close_segment(segment, journal, "the feed ended")
    gc.collect()
    told = await replay_run(journal, run, builder(verify=True), verify=True)
    assert told.parity, told.detail
    return seconds, told


def measure(*, slices: int, rounds: int) -> list[Figure]:
    """The figures, in inputs a wall second."""
    market = CandleMarket(slices, bar_ns=MINUTE_NS)
    fed, replayed, verified = [], [], []
    for _ in range(rounds):
        seconds, told = asyncio.run(backtest_and_replay(market))
        fed.append(len(market.all) / seconds)
        replayed.append(told.inputs / told.replay_seconds)
        verified.append(told.inputs / told.verify_seconds)
    backtest = median(fed)
    ratio = median([again / first for again, first in zip(replayed, fed, strict=True)])
    beside = "inputs/s, backtest"
    return [
        Figure("replay with models", median(replayed), "inputs/s", beside, backtest),
        Figure("chain of real inputs verified", median(verified), "inputs/s", beside, backtest),
        Figure(
            "replay / backtest",
            ratio,
            "x",
            least=LEAST,
            hint="decoding inputs and outcomes, and checking roots, come on top of the same steps",
        ),
    ]


def main() -> None:
    given = options(__doc__).parse_args()
    slices, rounds = (SLICES_QUICK, ROUNDS_QUICK) if given.quick else (SLICES, ROUNDS)
    report(measure(slices=slices, rounds=rounds), as_json=given.json)


if __name__ == "__main__":
    main()
