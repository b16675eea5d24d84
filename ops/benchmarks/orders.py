"""Tick to order in process: from one input to the SubmitOrder that it leads to.

Thirty symbols, a venue outside. *Tick*: a book narrowed, the next trade passes the heartbeat, its
marks lead to an entry. *Bar*: a candle closes the bar, a prediction on its features does. Always
"enter" stands for the model, which is timed apart on real features. Each order is called back
unfilled, so that the account can enter again. Wall time runs to the SubmitOrder in the outbox;
beside it the whole step, and its p99 in CPU time, which no other program can lengthen.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from actors.instant import HOUR_NS, MILLISECOND_NS, SECOND_NS
from actors.kernel.envelope import Envelope, Input
from actors.kernel.kernel import Kernel
from actors.kernel.stamp import OUTBOX
from actors.messages.arrays import sealed, sealed_ints
from actors.messages.base import Message
from actors.messages.control import Deposit, RunStarted
from actors.messages.execution import ExecKind, ExecutionReport
from actors.messages.market import BOOK_LEVELS, BookSlice, CandleSlice, TradeSlice
from actors.messages.order import SubmitOrder
from actors.messages.prediction import COLUMNS
from actors.messages.reconciliation import VenueBalance, VenueSnapshot
from actors.model_statement import ModelStatement
from adapters.instruments.table import instruments
from models.features.streaming import new_state, update
from ops.benchmarks.figures import Figure, median, options, percentile, report
from ops.benchmarks.market import SYMBOLS, CandleMarket, bundle, settings_of
from service.graph import build_graph

SAMPLES: Final = 1_500
SAMPLES_QUICK: Final = 60
NARROW, WIDE = 0.0002, 0.02
NOISE: Final = bytes(65_536)
P50_MOST_US, P99_MOST_US, INFERENCE_MOST_US = 90.0, 300.0, 40.0
HINT: Final = (
    "wall time on shared cores: compare p99 of the reference; shares are in docs/benchmarks.md"
)
UPWARD: Final = (700_000, 20_000, 5_000, *(700_000, 20_000) * 3, 500_000, 300_000)
"""Every horizon goes up, a rebound is likely and a drop is not."""

MODEL: Final = ModelStatement(
    "always-enter", "none", "", "", "REFUSED", 1, 2, 0, activation="PAPER_ONLY", reason="timed"
)
Times = dict[str, list[float]]


class AlwaysEnter:
    """Stands for the model: everything goes up."""

    bundle_id = MODEL.bundle_id
    marker = ""

    def predict(self, features: np.ndarray) -> np.ndarray:
        """The same confident answer for every symbol."""
        rows = np.empty((len(features), COLUMNS), dtype="<i4")
        rows[:] = UPWARD
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
        # One reading at the start; its schedule is no part of what is timed.
        seldom = msgspec.structs.replace(settings.decision.orders, reconcile_seconds=10**9)
        decision = msgspec.structs.replace(settings.decision, orders=seldom)
        graph = build_graph(decision, instruments(SYMBOLS), AlwaysEnter())
        self.kernel: Kernel = graph.kernel
        start = self.market.all[0].at
        told = ("", "", "", "", MODEL.bundle_id, "", "")
        self.step(start, RunStarted("bench", "paper", "PAPER", 1, SYMBOLS, *told, model=MODEL))
        self.step(start, Deposit("USD", Decimal("10000.0000"), "opening balance", start))
        for item in self.market.all[: self.market.warm_up]:
            self.step(item.at, item.body)
        self.agree()
        self.last = self.kernel.actor("market_data").state.last.copy()
        self.whole = sealed_ints(np.arange(len(SYMBOLS)))
        self.at = self.kernel.at

    def agree(self) -> None:
        """The venue has what we have, so that entries are open."""
        state = self.kernel.actor("reconciliation").state
        cash = self.kernel.actor("ledger").state.balance("available:USD")
        there = (VenueBalance("USD", cash, Decimal(0)),)
        lists = VenueSnapshot(state.number, self.kernel.at, state.since, True, balances=there)
        self.step(self.kernel.at, lists)
        assert not self.kernel.actor("orders").state.blocked

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
        return BookSlice(ts, sealed_ints(index), sealed(levels), first_ts=ts)

    def trade(self, ts: int, index: int) -> TradeSlice:
        """One small trade at the last price."""
        price = self.last[index].item()
        row = [[price, price, price, price, 1.0, price, 1.0, 0.5]]
        return TradeSlice(ts, sealed_ints([index]), sealed(np.array(row)))


class Stamped(list[Envelope]):
    """An outbox that notes when its first effect came."""

    at = 0

    def append(self, item: Envelope) -> None:
        """Keep the effect and, for the first, the time."""
        self.at = self.at or time.perf_counter_ns()
        super().append(item)


class TickPath:
    """One symbol's book narrows, a trade passes the heartbeat: an entry; then all is as before."""

    def __init__(self) -> None:
        self.desk = Desk(heartbeat_seconds=1)
        self.at = self.desk.at
        for _ in range(3):
            self.advance(range(len(SYMBOLS)), WIDE)

    def advance(self, index: Sequence[int], spread: float) -> None:
        """Another second passes, with books and without an order."""
        self.at += SECOND_NS
        assert self.desk.step(self.at, self.desk.books(self.at, index, spread)) == 0

    def trigger(self, sample: int) -> Input:
        """What leads to the order, timed by the caller."""
        desk, index = self.desk, sample % len(SYMBOLS)
        self.advance(range(len(SYMBOLS)), WIDE)
        narrowed = self.at + 500 * MILLISECOND_NS
        assert desk.step(narrowed, desk.books(narrowed, [index], NARROW)) == 0
        self.at += SECOND_NS
        trade = desk.trade(self.at, (index + 1) % len(SYMBOLS))
        return Input(desk.kernel.seq + 1, self.at, trade)

    def settle(self, sample: int) -> None:
        """The spread is wide again."""
        at = self.at + MILLISECOND_NS
        self.desk.step(at, self.desk.books(at, [sample % len(SYMBOLS)], WIDE))


class BarPath:
    """Every hourly candle closes a bar; one symbol a bar is liquid enough to be entered."""

    def __init__(self) -> None:
        self.desk = Desk(heartbeat_seconds=0)
        self.at = self.desk.at
        self.rows = np.repeat(self.desk.last[:, np.newaxis], 6, axis=1)
        self.rows[:, 5] = 10.0

    def trigger(self, sample: int) -> Input:
        """What leads to the order, timed by the caller."""
        candles = self.rows.copy()
        candles[:, 4] = 1.0 / self.desk.last
        candles[sample % len(SYMBOLS), 4] *= 1e6
        body = CandleSlice(self.at, HOUR_NS, self.desk.whole, sealed(candles))
        self.at += HOUR_NS
        return Input(self.desk.kernel.seq + 1, self.at, body)

    def settle(self, sample: int) -> None:
        """Nothing to put right."""


def sampled(name: str, path: TickPath | BarPath, samples: int, times: Times) -> int:
    """Wall microseconds of every sample, and of the reference between them; messages a step."""
    kernel, clock = path.desk.kernel, time.perf_counter_ns
    messages = 0
    found, reference = times.setdefault(name, []), times.setdefault("reference", [])
    whole = times.setdefault(f"{name}, whole step", [])
    worked = times.setdefault(f"{name}, CPU", [])
    for sample in range(samples + samples // 10):
        entry = path.trigger(sample)
        stamped = Stamped()
        kernel._sinks[OUTBOX] = stamped
        busy, before = time.thread_time_ns(), clock()
        result = kernel.step(entry)
        after, busy = clock(), time.thread_time_ns() - busy
        sha256(NOISE).digest()
        hashed = clock()
        sent = [each.body for each in result.effects if isinstance(each.body, SubmitOrder)]
        assert len(sent) == 1, f"a {name} led to {len(sent)} orders"
        messages = result.messages
        if sample >= samples // 10:
            found.append((stamped.at - before) / 1e3)
            whole.append((after - before) / 1e3)
            worked.append(busy / 1e3)
            reference.append((hashed - after) / 1e3)
        # Called back unfilled: the hold is released, and the account is as before.
        called_back = ExecutionReport(sent[0].cl_ord_id, "", ExecKind.CANCELLED, entry.at)
        path.desk.step(entry.at, called_back)
        path.settle(sample)
    return messages


def inferred(samples: int, times: Times) -> None:
    """Wall microseconds of the shipped model on thirty rows."""
    predictor = bundle().predictor
    assert predictor is not None
    state, slices = new_state(len(SYMBOLS)), []
    for item in CandleMarket(samples).all:
        assert isinstance(item.body, CandleSlice)
        slices.append(update(state, item.at, item.body.rows[:, :5]))
    clock = time.perf_counter_ns
    found, reference = times.setdefault("inference", []), times.setdefault("reference", [])
    for features in slices[-samples:]:
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
        "tick": sampled("tick", TickPath(), samples, times),
        "bar": sampled("bar", BarPath(), samples, times),
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
        step, busy = times[f"{name}, whole step"], times[f"{name}, CPU"]
        figures += [
            Figure(f"{name}, whole step p50", median(step), "us"),
            Figure(f"{name}, whole step p99, CPU time", percentile(busy, 0.99), "us"),
        ]
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
