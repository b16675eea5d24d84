"""Candle files to one regular table: every base step is a row, a missing bar stays NaN.

Reads the Kraken download format (unix seconds of the bar's start, open, high, low, close, volume,
trade count), gzipped or not. Symbol and step come from the file's name, `XBTUSD_60.csv.gz`.
Not here: filling, resampling or joining of unlike series; there is none.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import math
import re
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from models.features import batch

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

SECOND_NS = 1_000_000_000
_NAME = re.compile(r"(?:.*__)?(?P<symbol>[A-Z0-9]+)_(?P<minutes>[0-9]+)\.csv(?:\.gz)?")


class CandlesRefused(ValueError):  # noqa: N818 - a refusal is an answer
    """A candle file that cannot be used; the message is one sentence with the remedy."""


class Source(msgspec.Struct, frozen=True):
    """One candle file: where the numbers came from, by base name and content."""

    file: str
    sha256: str
    symbol: str
    bars: int
    """Bars in the file."""
    gaps: int
    """Base steps between its first and last bar that are not in it."""
    first_ts_ns: int
    """Start of its first bar, UTC nanoseconds."""
    last_ts_ns: int
    """Start of its last bar, UTC nanoseconds."""


class Table(msgspec.Struct, frozen=True):
    """All symbols on one time axis without holes."""

    symbols: tuple[str, ...]
    step_ns: int
    open_ts_ns: IntArray
    """[T] starts of the bars, one step apart."""
    bars: FloatArray
    """[T, n, 5] open, high, low, close, volume in quote and base units; NaN where missing."""
    sources: tuple[Source, ...]

    @property
    def close_ts_ns(self) -> IntArray:
        """[T] ends of the bars: the instant at which a bar's features may be known."""
        return self.open_ts_ns + self.step_ns

    def rows_before(self, ts_ns: int) -> int:
        """How many bars have closed at or before the instant."""
        return int(np.searchsorted(self.close_ts_ns, ts_ns, side="right"))

    def features(self) -> FloatArray:
        """[T, n, F] features of the whole table."""
        return batch.features(self.close_ts_ns, self.bars)


def read_candles(paths: list[Path]) -> Table:
    """Read one file a symbol onto a common time axis, symbols sorted by name.

    Raises CandlesRefused: a name or a row that cannot be read, unlike steps, a symbol twice,
    times that do not increase or are off the step.
    """
    files = sorted((_read_file(path) for path in paths), key=lambda read: read[0].symbol)
    symbols = tuple(source.symbol for source, _, _ in files)
    steps = sorted({step for _, step, _ in files})
    if not files or len(steps) != 1:
        raise CandlesRefused(f"give files of one base step; these have {len(steps)} different ones")
    if len(set(symbols)) != len(symbols):
        raise CandlesRefused("two files hold the same symbol; give one file a symbol")
    step_ns = steps[0]
    first = min(source.first_ts_ns for source, _, _ in files)
    last = max(source.last_ts_ns for source, _, _ in files)
    length = (last - first) // step_ns + 1
    bars = np.full((length, len(files), 5), np.nan)
    for index, (source, _, rows) in enumerate(files):
        offset = (rows[:, 0].astype(np.int64) * SECOND_NS - first) // step_ns
        assert len(offset) == source.bars, "every bar of the file has its row"
        bars[offset, index] = rows[:, 1:6]
    return Table(
        symbols=symbols,
        step_ns=step_ns,
        open_ts_ns=first + np.arange(length, dtype=np.int64) * step_ns,
        bars=bars,
        sources=tuple(source for source, _, _ in files),
    )


def _read_file(path: Path) -> tuple[Source, int, FloatArray]:
    match = _NAME.fullmatch(path.name)
    if match is None:
        raise CandlesRefused(f"{path.name}: name the file like XBTUSD_60.csv or XBTUSD_60.csv.gz")
    step_s = int(match["minutes"]) * 60
    try:
        content = path.read_bytes()
        plain = gzip.decompress(content) if path.name.endswith(".gz") else content
        text = plain.decode("ascii")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise CandlesRefused(f"{path.name} cannot be read: {error}") from error
    rows = _parse(path.name, text)
    seconds = rows[:, 0]
    if np.any(np.diff(seconds) <= 0) or np.any(seconds % step_s != seconds[0] % step_s):
        raise CandlesRefused(f"{path.name}: times must increase by whole steps of {step_s} s")
    spanned = round((seconds[-1] - seconds[0]) / step_s) + 1
    source = Source(
        file=path.name,
        sha256=hashlib.sha256(content).hexdigest(),
        symbol=match["symbol"],
        bars=len(rows),
        gaps=spanned - len(rows),
        first_ts_ns=int(seconds[0]) * SECOND_NS,
        last_ts_ns=int(seconds[-1]) * SECOND_NS,
    )
    return source, step_s * SECOND_NS, rows


def _parse(name: str, text: str) -> FloatArray:
    rows: list[list[float]] = []
    for number, fields in enumerate(csv.reader(io.StringIO(text)), 1):
        try:
            row = [float(field) for field in fields[:6]]
        except ValueError as error:
            raise CandlesRefused(f"{name}, line {number}: not seven numbers") from error
        if len(fields) != 7 or not all(math.isfinite(value) for value in row):
            raise CandlesRefused(f"{name}, line {number}: not seven finite numbers")
        rows.append(row)
    if not rows:
        raise CandlesRefused(f"{name} holds no candles")
    return np.array(rows)
