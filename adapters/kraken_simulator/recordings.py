"""Read recordings from files: Kraken's candle dumps, and frames of the WebSocket v2 stream.

A dump has rows of unix seconds, open, high, low, close, volume and count. Frames are JSON lines of
the book and trade channels; what has no time of its own takes that of the frame before. Numbers are
read from their text as decimals. Plain files or gzip.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

import msgspec

from adapters.kraken_simulator.orders import Side
from adapters.kraken_simulator.recorded import (
    RecordedCandle,
    RecordedCandles,
    RecordedFrame,
    RecordedFrames,
    RecordedTrade,
)

SECOND_NS: Final = 1_000_000_000
_MICROSECOND_NS: Final = 1_000


class RecordingError(ValueError):
    """A recording that cannot be read; the text is one sentence that names the file."""


class _Level(msgspec.Struct, frozen=True):
    price: Decimal
    qty: Decimal


class _Row(msgspec.Struct, frozen=True):
    symbol: str = ""
    bids: tuple[_Level, ...] = ()
    asks: tuple[_Level, ...] = ()
    timestamp: str = ""
    side: Side = "buy"
    price: Decimal = Decimal(0)
    qty: Decimal = Decimal(0)


class _Named(msgspec.Struct, frozen=True):
    channel: str = ""


class _Frame(msgspec.Struct, frozen=True):
    channel: str
    type: str
    data: tuple[_Row, ...]


_NAMED: Final = msgspec.json.Decoder(_Named)
_FRAME: Final = msgspec.json.Decoder(_Frame)


def read_candles(path: Path, symbol: str, minutes: int) -> RecordedCandles:
    """The candles of a dump file. Raises RecordingError."""
    rows = []
    for number, row in enumerate(csv.reader(_lines(path)), 1):
        try:
            prices = [Decimal(text) for text in row[1:5]]
            rows.append(RecordedCandle(int(row[0]) * SECOND_NS, *prices))
        except (ArithmeticError, ValueError, TypeError, IndexError) as error:
            raise RecordingError(f"line {number} of {path} is no candle") from error
    if not rows:
        raise RecordingError(f"{path} holds no candle")
    return RecordedCandles(symbol, minutes * 60 * SECOND_NS, tuple(rows))


def read_frames(path: Path, symbol: str, depth: int = 10) -> RecordedFrames:
    """The book and trade frames of one pair in a file of JSON lines. Raises RecordingError."""
    rows: list[RecordedFrame] = []
    at_ns = 0
    for number, line in enumerate(_lines(path), 1):
        try:
            if _NAMED.decode(line).channel not in {"book", "trade"}:
                continue
            frame = _FRAME.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise RecordingError(f"line {number} of {path} is no frame: {error}") from error
        for row in frame.data:
            if row.symbol == symbol:
                at_ns = max(at_ns, _nanoseconds(row.timestamp))
                rows.append(_frame_of(row, frame, at_ns))
    # A snapshot has no time of its own on older servers: it was just before the first update.
    first_ns = next((row.ts for row in rows if row.ts), 0)
    if not first_ns:
        raise RecordingError(f"{path} holds no frame of {symbol} with a time")
    timed = tuple(msgspec.structs.replace(row, ts=row.ts or first_ns) for row in rows)
    return RecordedFrames(symbol, depth, timed)


def _frame_of(row: _Row, frame: _Frame, at_ns: int) -> RecordedFrame:
    if frame.channel == "trade":
        return RecordedFrame(at_ns, trades=(RecordedTrade(row.side, row.price, row.qty),))
    return RecordedFrame(
        at_ns,
        bids=tuple((level.price, level.qty) for level in row.bids),
        asks=tuple((level.price, level.qty) for level in row.asks),
        is_snapshot=frame.type == "snapshot",
    )


def _lines(path: Path) -> Iterator[str]:
    try:
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
            yield from lines
    except (OSError, UnicodeDecodeError) as error:
        raise RecordingError(f"{path} cannot be read: {error}") from error


def _nanoseconds(text: str) -> int:
    """An RFC 3339 time with microseconds as ns UTC; 0 for none."""
    if not text:
        return 0
    moment = datetime.fromisoformat(text)
    return int(moment.timestamp()) * SECOND_NS + moment.microsecond * _MICROSECOND_NS
