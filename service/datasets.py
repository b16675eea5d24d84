"""What a feed reads, as datasets: each file's name without its folder, its SHA-256 and its span.

What is missing is told as the loader counts it: absent candles, or places where trade ids jump.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TypeVar

import msgspec

from actors.dataset import FEED, Dataset
from adapters.candles.feed import CandleFeed
from adapters.candles.series import CandleSeries
from adapters.kraken.recorded import RecordedFrames
from adapters.trades.feed import TradeFeed
from adapters.trades.series import TradeSeries

F = TypeVar("F", CandleFeed, TradeFeed, RecordedFrames)


def datasets_of(feed: object) -> tuple[Dataset, ...]:
    """The files or the seeded market that a feed reads; none where it cannot tell."""
    told: tuple[Dataset, ...] = getattr(feed, "datasets", ())
    return told


def for_purpose(datasets: tuple[Dataset, ...], purpose: str) -> tuple[Dataset, ...]:
    """The same data, read for another purpose."""
    return tuple(msgspec.structs.replace(each, purpose=purpose) for each in datasets)


def told_by(feed: F, *datasets: Dataset) -> F:
    """The feed, which now tells what it reads."""
    feed.datasets = datasets
    return feed


def candle_dataset(path: Path, series: CandleSeries) -> Dataset:
    """A file of candles, as it was read. Raises OSError."""
    first, last, rows = int(series.open_ts[0]), int(series.open_ts[-1]), len(series.open_ts)
    gaps = (last - first) // series.interval_ns + 1 - rows
    name, content = _named(path)
    return Dataset(FEED, "candles", name, content, series.symbol, rows, first, last, gaps)


def trade_dataset(path: Path, series: TradeSeries) -> Dataset:
    """A file of trades; without ids nobody can tell what is missing. Raises OSError."""
    gaps = None if series.ids is None else series.id_gaps
    first, last, rows = int(series.ts[0]), int(series.ts[-1]), len(series.ts)
    name, content = _named(path)
    return Dataset(FEED, "trades", name, content, series.symbol, rows, first, last, gaps)


def capture_dataset(feed: RecordedFrames) -> Dataset:
    """A capture; what is missing in it shows only while it is read. Raises OSError."""
    name, content = _named(feed.path)
    span = (feed.first_ts, feed.last_ts)
    return Dataset(FEED, feed.kind, name, content, "", feed.frames, *span)


def _named(path: Path) -> tuple[str, str]:
    """The name of a file, and the SHA-256 of its bytes (hex)."""
    with path.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
    # A name that is no UTF-8 keeps what of it is.
    return os.fsencode(path.name).decode("utf-8", errors="replace"), content
