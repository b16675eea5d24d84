"""Tick to order in process: from one input to the SubmitOrder that it leads to.

Thirty symbols, a venue outside the graph, an account that may trade. Two paths: a *tick* (a book
was adopted; the next trade passes the heartbeat, whose marks lead to an entry) and a *bar* (a
candle closes the bar, features are made, and the prediction that follows leads to an entry). A
predictor that always says "enter" stands for the model; the model itself is timed apart. Before
each sample the kernel is restored, so that every one enters. Times are wall times of the whole
step, an upper bound; the reference hashes 64 kB between any two samples.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Final

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from actors.instant import HOUR_NS, MILLISECOND_NS, SECOND_NS
from actors.kernel.envelope import Input
from actors.kernel.kernel import Kernel
from actors.kernel.snapshot import Snapshot
from actors.messages.arrays import sealed, sealed_ints
from actors.messages.base import Message
from actors.messages.control import Deposit, RunStarted
from actors.messages.market import BOOK_LEVELS, BookSlice, CandleSlice, TradeSlice
from actors.messages.order import SubmitOrder
from adapters.instruments.table import instruments
from ops.benchmarks.figures import Figure, median, options, percentile, report
from ops.benchmarks.market import SYMBOLS, CandleMarket, bundle, settings_of
from service.graph import build_graph

SAMPLES: Final = 1_500
SAMPLES_QUICK: Final = 60
IDLE: Final = 20
NARROW, WIDE = 0.0002, 0.02
NOISE: Final = bytes(65_536)
P50_MOST_US, P99_MOST_US, INFERENCE_MOST_US = 90.0, 300.0, 40.0
HINT: Final = (
    "wall time on shared cores: compare p99 of the reference; shares are in docs/benchmarks.md"
)
Times = dict[str, list[float]]


class AlwaysEnter:
    """Stands for the model: everything goes up."""

    bundle_id = "always-enter"
    marker = ""
    eager = True

    def predict(self, features: np.ndarray) -> np.ndarray:
        """The same confident answer for one symbol in thirty; for the others neither way."""
        rows = np.empty((len(features), 3), dtype="<i4")
        rows[:] = (700_000, 20_000, 5_000) if self.eager else (500_000, 100, 5_000)
        return rows


class Desk:
    """A kernel at the point where the next inputs make it enter."""

    def __init__(self, *, heartbeat_seconds: int) -> None:
        self.market = CandleMarket(1, bar_ns=HOUR_NS)
        settings = settings_of(
            3600,
            heartbeat_seconds=heartbeat_seconds,
            venue={"outside": True},
        )
        graph = build_graph(settings.decision, instruments(SYMBOLS), AlwaysEnter())
        self.kernel: Kernel = graph.kernel
        start = self.market.all[0].at
        self.step(
            start, RunStarted("bench", "paper", "PAPER", 1, SYMBOLS, "", "", "", "", "", "", "")
        )
        self.step(start, Deposit("USD", Decimal("10000.0000"), "opening balance", start))
        for item in self.market.all[: self.market.warm_up]:
            self.step(item.at, item.body)
        self.last = self.kernel.actor("market_data").state.last.copy()
        self.whole = sealed_ints(np.arange(len(SYMBOLS)))
        self.at = self.kernel.at

    def step(self, at: int, body: Message) -> int:
        """Step one input; how many orders it sends."""
        result = self.kernel.step(Input(self.kernel.seq + 1, at, body))
        return sum(type(each.body) is SubmitOrder for each in result.effects)

    def books(self, ts: int, index: Sequence[int], spread: float) -> BookSlice:
        """Deep books around the last prices."""
        prices = self.last[list(index)]
        levels = np.empty((len(prices), 4 * BOOK_LEVELS))
        steps = np.arange(BOOK_LEVELS) * 1e-4
        for row, price in zip(levels, prices.tolist(), strict=True):
            row[0:10] = price * (1 - spread / 2 - steps)
            row[20:30] = price * (1 + spread / 2 + steps)
            row[10:20] = row[30:40] = 1e6 / price
        return BookSlice(ts, sealed_ints(index), sealed(levels))

    def trade(self, ts: int, index: int) -> TradeSlice:
        """One small trade at the last price."""
        price = self.last[index].item()
        row = [[price, price, price, price, 1.0, price, 1.0, 0.5]]
        return TradeSlice(ts, sealed_ints([index]), sealed(np.array(row)))


Prepared = Callable[[int], Input]


def tick_desk() -> tuple[Desk, Snapshot, Prepared]:
    """All spreads too wide; one symbol's book narrows, then a trade passes the heartbeat."""
    desk = Desk(heartbeat_seconds=1)
    start = desk.at + SECOND_NS
    desk.step(start, desk.books(start, range(len(SYMBOLS)), WIDE))
    for beat in range(1, 4):
        at = start + beat * SECOND_NS
        assert desk.step(at, desk.books(at, range(len(SYMBOLS)), WIDE)) == 0
    at = start + 3 * SECOND_NS

    def prepare(sample: int) -> Input:
        index = sample % len(SYMBOLS)
        for other in range(IDLE):  # a service is warm: it has just handled other ticks
            idle = at + (other + 1) * MILLISECOND_NS
            assert desk.step(idle, desk.trade(idle, other)) == 0
        narrowed = at + 500 * MILLISECOND_NS
        assert desk.step(narrowed, desk.books(narrowed, [index], NARROW)) == 0
        trade = desk.trade(at + SECOND_NS, (index + 1) % len(SYMBOLS))
        return Input(desk.kernel.seq + 1, at + SECOND_NS, trade)

    return desk, desk.kernel.snapshot(), prepare


def bar_desk() -> tuple[Desk, Snapshot, Prepared]:
    """The next hourly candle of every symbol closes the bar; one symbol is liquid."""
    desk = Desk(heartbeat_seconds=0)
    rows = np.repeat(desk.last[:, np.newaxis], 6, axis=1)
    rows[:, 5] = 10.0
    open_ts = desk.at

    def prepare(sample: int) -> Input:
        candles = rows.copy()
        candles[:, 4] = 1.0 / desk.last
        candles[sample % len(SYMBOLS), 4] *= 1e6
        body = CandleSlice(open_ts, HOUR_NS, desk.whole, sealed(candles))
        return Input(desk.kernel.seq + 1, open_ts + HOUR_NS, body)

    return desk, desk.kernel.snapshot(), prepare


def sampled(name: str, made: tuple[Desk, Snapshot, Prepared], samples: int, times: Times) -> int:
    """Wall microseconds of every sample, and of the reference between them; messages a step."""
    desk, snapshot, prepare = made
    kernel, clock = desk.kernel, time.perf_counter_ns
    messages = 0
    found, reference = times.setdefault(name, []), times.setdefault("reference", [])
    for sample in range(samples + samples // 10):
        kernel.restore(snapshot)
        entry = prepare(sample)
        before = clock()
        result = kernel.step(entry)
        after = clock()
        sha256(NOISE).digest()
        hashed = clock()
        orders = sum(type(each.body) is SubmitOrder for each in result.effects)
        assert orders == 1, f"a {name} led to {orders} orders"
        messages = result.messages
        if sample >= samples // 10:
            found.append((after - before) / 1e3)
            reference.append((hashed - after) / 1e3)
    return messages


def inferred(samples: int, times: Times) -> None:
    """Wall microseconds of the shipped model on thirty rows."""
    predictor = bundle().predictor
    assert predictor is not None
    features = np.linspace(-1.0, 1.0, len(SYMBOLS) * 34).reshape(len(SYMBOLS), 34)
    clock = time.perf_counter_ns
    found, reference = times.setdefault("inference", []), times.setdefault("reference", [])
    for _ in range(samples):
        before = clock()
        predictor.predict(features)
        after = clock()
        sha256(NOISE).digest()
        reference.append((clock() - after) / 1e3)
        found.append((after - before) / 1e3)


def measure(*, samples: int) -> list[Figure]:
    """The figures; times are wall microseconds."""
    times: Times = {}
    told = {
        "tick": sampled("tick", tick_desk(), samples, times),
        "bar": sampled("bar", bar_desk(), samples, times),
    }
    inferred(samples, times)
    reference = times["reference"]
    figures = []
    for name, messages in told.items():
        what = f"{name} to order, no inference ({messages} messages)"
        for rank, share, most in (("p50", 0.5, P50_MOST_US), ("p99", 0.99, P99_MOST_US)):
            figures.append(
                Figure(
                    f"{what} {rank}",
                    percentile(times[name], share),
                    "us",
                    f"us, SHA-256 of 64 kB, {rank}",
                    percentile(reference, share),
                    most=most,
                    hint=HINT,
                )
            )
    figures.append(
        Figure(
            "inference apart, 30 rows, p50",
            median(times["inference"]),
            "us",
            "us, SHA-256 of 64 kB, p50",
            median(reference),
            most=INFERENCE_MOST_US,
            hint="the ONNX run is most of it; then calibration and the cast to float32",
        )
    )
    return figures


def main() -> None:
    given = options(__doc__).parse_args()
    report(measure(samples=SAMPLES_QUICK if given.quick else SAMPLES), as_json=given.json)


if __name__ == "__main__":
    main()
