"""market_data alone on the real kernel: inputs in, the messages it sent out, in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from actors.instant import MINUTE_NS
from actors.kernel.envelope import Input
from actors.kernel.kernel import Kernel
from actors.kernel.snapshot import decode_snapshot, encode_snapshot
from actors.kernel.stamp import RECORDS
from actors.kernel.step import StepResult
from actors.kernel.supervisor import ChildSpec, Policy
from actors.market_data.actor import MarketDataActor, MarketDataConfig, initial_state
from actors.messages.arrays import sealed, sealed_ints
from actors.messages.base import Message
from actors.messages.codec import encode
from actors.messages.control import ClockSkew, Note, Reactivate, RunStarted, Tick
from actors.messages.ingestion import GapClosed, GapOpened, Watermark
from actors.messages.market import (
    BarSlice,
    BookSlice,
    CandleSlice,
    FeedEvent,
    FeedStatus,
    MarkSlice,
    TradeSlice,
)

# A full hour (2023-11-17 00:00 UTC), so that bars of every usual length align with it.
START = 1_700_179_200_000_000_000
SYMBOLS = ("XBT/USD", "ETH/USD", "SOL/USD")
_INPUTS = (TradeSlice, BookSlice, CandleSlice, FeedStatus, ClockSkew, Reactivate, RunStarted)
_TOLD = (GapOpened, GapClosed, Watermark)

Row = Sequence[float]


def config_of(symbols: tuple[str, ...] = SYMBOLS, **settings: Any) -> MarketDataConfig:
    """A config with one-minute bars unless told otherwise."""
    return MarketDataConfig(symbols, **{"bar_interval_ns": MINUTE_NS, **settings})


class MarketDataRun:
    """One kernel with one actor. `send` returns what the input led to, timers included."""

    def __init__(self, config: MarketDataConfig) -> None:
        self.config = config
        self.kernel = self._kernel()
        self.sent: list[Message] = []
        self.told: list[GapOpened | GapClosed | Watermark] = []
        self.log: list[Note] = []

    def _kernel(self) -> Kernel:
        actor = MarketDataActor(self.config, initial_state(self.config))
        spec = ChildSpec("market_data", Policy.RESTART, intensity=1_000)
        table: dict[type[Message], tuple[str, ...]] = dict.fromkeys(_INPUTS, ("market_data",))
        table |= dict.fromkeys((BarSlice, MarkSlice, *_TOLD), (RECORDS,))
        table |= {Tick: ()}
        return Kernel((actor,), {"market_data": spec}, table)

    def send(self, body: Message, at: int) -> list[Message]:
        """Step one input; returns bars and marks in order, `told` keeps the rest.

        A raised rule raises AssertionError.
        """
        result = self.step(body, at)
        assert result.outcome.status == "ok", result.outcome.failures
        records = [envelope.body for envelope in result.records]
        found = [body for body in records if not isinstance(body, _TOLD)]
        self.told += [body for body in records if isinstance(body, _TOLD)]
        self.sent += found
        for envelope in result.notes:
            assert isinstance(envelope.body, Note)
            self.log.append(envelope.body)
        return found

    def step(self, body: Message, at: int) -> StepResult:
        """Step one input, whatever comes of it."""
        return self.kernel.step(Input(self.kernel.seq + 1, at, body))

    def cut(self) -> None:
        """Write a snapshot as bytes and go on in a new kernel restored from them."""
        data = encode_snapshot(self.kernel.snapshot())
        self.kernel = self._kernel()
        self.kernel.restore(decode_snapshot(data))

    def bars(self) -> list[BarSlice]:
        """Every bar sent so far."""
        return [message for message in self.sent if isinstance(message, BarSlice)]

    def marks(self) -> list[MarkSlice]:
        """Every mark sent so far."""
        return [message for message in self.sent if isinstance(message, MarkSlice)]

    def notes(self) -> list[str]:
        """The events noted so far."""
        return [note.event for note in self.log]

    def emissions(self) -> list[bytes]:
        """Canonical bytes of everything sent so far."""
        return [encode(message) for message in (*self.sent, *self.told, *self.log)]


def candles(
    open_ts: int, rows: Mapping[int, Row], interval_ns: int = MINUTE_NS, *, warm_up: bool = False
) -> CandleSlice:
    """A candle slice from rows by symbol index: open, high, low, close, volume, count."""
    matrix = sealed(np.array(list(rows.values()), dtype=np.float64).reshape(len(rows), 6))
    return CandleSlice(open_ts, interval_ns, sealed_ints(list(rows)), matrix, warm_up)


def flat(price: float, volume: float = 1.0) -> Row:
    """A candle that did not move."""
    return (price, price, price, price, volume, 1.0)


def trades(
    ts: int, rows: dict[int, tuple[float, float]], ids: dict[int, int] | None = None
) -> TradeSlice:
    """A trade slice of single trades by symbol index: price and quantity."""
    matrix = [[p, p, p, p, q, p * q, 1.0, q] for p, q in rows.values()]
    named = tuple((ids or {}).values())
    return TradeSlice(
        ts, sealed_ints(list(rows)), sealed(np.array(matrix, dtype=np.float64)), named, named
    )


def book(bid: float, ask: float, quantity: float = 1.0) -> list[float]:
    """Ten levels of which only the best of each side exists."""
    absent = [float("nan")] * 9
    return [bid, *absent, quantity, *absent, ask, *absent, quantity, *absent]


def books(ts: int, rows: dict[int, list[float]]) -> BookSlice:
    """A book slice from level rows by symbol index."""
    levels = sealed(np.array(list(rows.values())))
    return BookSlice(ts, sealed_ints(list(rows)), levels, first_ts=ts)


def status(event: FeedEvent, at: int, symbol: int = -1, stream: str = "book") -> FeedStatus:
    """A feed's news."""
    return FeedStatus(at, stream, event, symbol)


def run_started(symbols: tuple[str, ...] = SYMBOLS, *, gapless: bool = False) -> RunStarted:
    """The first input of a segment; its symbols matter here, and whether it misses nothing."""
    told = ("", "", "", "", "", "", "")
    return RunStarted("run", "paper", "paper", 1, symbols, *told, gapless=gapless)
