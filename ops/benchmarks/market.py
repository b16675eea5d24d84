"""The market that the benchmarks trade: seeded one-minute candles of thirty symbols.

Made of the very steps of the seeded market, so that the synthetic bundle finds what it was trained
on and orders do occur; how many is told beside each figure. Not here: anything timed.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Final

import numpy as np

from actors.instant import HOUR_NS, MINUTE_NS
from actors.kernel.envelope import Input
from actors.kernel.step import StepResult
from actors.messages.arrays import sealed, sealed_ints
from actors.messages.decision import VerdictSlice
from actors.messages.market import CandleSlice, TradeSlice
from actors.messages.order import OrderState, OrderUpdate
from actors.ports import FeedItem
from adapters.instruments.table import instruments
from adapters.seeded_market.feed import SeededMarket
from service.bundles import SEEDED, Choice, choose_bundle
from service.feeds import UNIVERSE
from service.graph import Graph, build_graph
from service.segment import SegmentPlan
from service.settings import Settings, load_settings

SEED: Final = 42
MODE: Final = "BACKTEST"
SYMBOLS: Final = UNIVERSE
WARM_UP_BARS: Final = 200
_CANDLE_COLUMNS: Final = [0, 1, 2, 3, 4, 6]


class CandleMarket:
    """A feed of minute candles. `busy` tells hours of market as minutes, so that more trades."""

    kind: str = SEEDED
    symbols: tuple[str, ...] = SYMBOLS

    def __init__(self, slices: int, *, bar_ns: int = MINUTE_NS, busy: bool = False) -> None:
        self.digest = f"{slices} minutes of {'busy ' if busy else ''}seed {SEED}"
        warm = list(_warm_up(bar_ns, busy=busy))
        self.warm_up = len(warm)
        self.all = [*warm, *_minutes(slices, busy=busy)]

    def items(self, after: int = 0) -> Iterator[FeedItem]:
        """The items, warm-up first."""
        return (item for item in self.all if item.at > after)


def _market(*, busy: bool) -> SeededMarket:
    return SeededMarket(SEED, SYMBOLS, step_ns=HOUR_NS if busy else MINUTE_NS)


def _items(open_ts: int, step_ns: int, rows: np.ndarray, *, warm_up: bool) -> Iterator[FeedItem]:
    whole = sealed_ints(np.arange(len(SYMBOLS)))
    for row in rows:
        body = CandleSlice(open_ts, step_ns, whole, sealed(row), warm_up)
        open_ts += step_ns
        yield FeedItem(open_ts, body)


def _warm_up(bar_ns: int, *, busy: bool) -> Iterator[FeedItem]:
    """Hours as bars of any length: features count bars, not hours."""
    market = _market(busy=busy)
    _, rows = market.candles(-WARM_UP_BARS, WARM_UP_BARS)
    yield from _items(market.start_ts - WARM_UP_BARS * bar_ns, bar_ns, rows, warm_up=True)


def _minutes(slices: int, *, busy: bool) -> Iterator[FeedItem]:
    market = _market(busy=busy)
    bodies = (item.body for item in market.items())
    trades = (body.rows for body in bodies if isinstance(body, TradeSlice))
    rows = np.stack([row[:, _CANDLE_COLUMNS] for row in islice(trades, slices)])
    yield from _items(market.start_ts, MINUTE_NS, rows, warm_up=False)


@cache
def bundle() -> Choice:
    """The synthetic bundle, loaded once."""
    return choose_bundle("", mode=MODE, feed_kind=SEEDED)


def settings_of(bar_seconds: int, heartbeat_seconds: int = 0, **sections: object) -> Settings:
    """Default settings with bars of that length; nothing from the environment."""
    market = {"bar_interval_seconds": bar_seconds, "heartbeat_seconds": heartbeat_seconds}
    return load_settings(environment={}, overrides={"market": market, **sections})


def graph_of(settings: Settings) -> Graph:
    """A fresh graph over the thirty symbols."""
    return build_graph(settings.decision, instruments(SYMBOLS), bundle().predictor)


def described(settings: Settings) -> str:
    """The bundle and what it reads, in words."""
    found = bundle().bundle
    assert found is not None
    trained, names = found.manifest.training, found.manifest.features.names
    return (
        f"bundle synthetic ({trained.trees} trees x {trained.leaves_max} leaves), "
        f"{len(names)} features, bars of {settings.market.bar_interval_seconds} s"
    )


def starting(market: CandleMarket) -> SegmentPlan:
    """The segment that a run over `market` opens."""
    starts_at = market.all[0].at
    return SegmentPlan(MODE, market.kind, market.digest, SYMBOLS, starts_at, bundle().statement)


class Counted:
    """An observer that counts decisions and orders of the records, and nothing else."""

    def __init__(self) -> None:
        self.instants = 0
        self.orders = 0

    def __call__(self, entry: Input, result: StepResult) -> None:  # noqa: ARG002
        """Look at one step."""
        for envelope in result.records:
            body = envelope.body
            if type(body) is VerdictSlice:
                self.instants += 1
            elif type(body) is OrderUpdate and body.state is OrderState.SUBMITTED:
                self.orders += 1
