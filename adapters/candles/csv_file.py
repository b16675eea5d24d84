"""Candle CSV, gzipped or not: Kraken's dump (no header, 7 columns) and two variants of it.

Eight columns: the dump joined with REST rows, which carry a vwap before the volume and leave
nothing empty. With a header: columns by name, time as unix seconds or ISO 8601 UTC. Numbers are
parsed by Arrow (correctly rounded); only when that fails are rows walked to name the bad one.
"""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from adapters.candles.series import F64, I64, CandleFileError, RawCandles

SECOND_NS: Final = 1_000_000_000
_TIME_NAMES: Final = ("time", "timestamp", "date")
_PRICE_NAMES: Final = ("open", "high", "low", "close", "volume")
_COUNT_NAMES: Final = ("trades", "count")
_SECONDS_MAX: Final = 10_000_000_000


def read_csv(path: Path) -> RawCandles:
    """The rows of a candle CSV, unchecked. Raises CandleFileError."""
    data = _content(path)
    first = data.split(b"\n", 1)[0].decode("ascii", errors="replace").strip()
    if not first:
        raise CandleFileError(f"{path.name} holds no candles; name a file that does")
    if first[0].isdigit():
        return _without_header(path.name, data, first.count(",") + 1)
    return _with_header(path.name, data, first)


def _content(path: Path) -> bytes:
    data = path.read_bytes()
    if not data.startswith(b"\x1f\x8b"):
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise CandleFileError(f"{path.name} is not whole gzip data; fetch it again") from error


def _without_header(source: str, data: bytes, columns: int) -> RawCandles:
    if columns not in {7, 8}:
        what = f"{source} has {columns} columns where a candle dump has 7"
        raise CandleFileError(f"{what}; see docs/feeds.md for the formats")
    names = [f"c{index}" for index in range(columns)]
    types = {name: pa.float64() for name in names} | {"c0": pa.int64()}
    table = _parsed(source, data, names, types, header=False)
    cells = np.column_stack([_floats(table[name]) for name in names[1:]])
    if columns == 8:
        cells = _eight(cells)
    return RawCandles(source, _seconds(source, _ints(table["c0"]), 1), _rows(cells), 1)


def _eight(cells: F64) -> F64:
    """A row with an empty eighth column is a dump row; a full one is REST: vwap, volume, count."""
    is_dump = np.isnan(cells[:, 6:7])
    return np.where(is_dump, cells[:, :6], cells[:, [0, 1, 2, 3, 5, 6]])


def _with_header(source: str, data: bytes, first: str) -> RawCandles:
    names = [name.strip().lower() for name in first.split(",")]
    time_name = next((name for name in _TIME_NAMES if name in names), "")
    missing = [name for name in _PRICE_NAMES if name not in names]
    if not time_name or missing or len(set(names)) != len(names):
        raise CandleFileError(
            f"the first row of {source} is neither a candle nor a header with"
            " time, open, high, low, close, volume; see docs/feeds.md for the formats"
        )
    count_name = next((name for name in _COUNT_NAMES if name in names), "")
    wanted = [*_PRICE_NAMES, *([count_name] if count_name else [])]
    lines = data.split(b"\n", 2)
    is_iso = len(lines) > 1 and b"-" in lines[1].split(b",")[names.index(time_name)]
    types: dict[str, Any] = {name: pa.float64() for name in wanted}
    types[time_name] = pa.timestamp("ns", "UTC") if is_iso else pa.int64()
    table = _parsed(source, data, names, types, header=True)
    cells = np.column_stack([_floats(table[name]) for name in wanted])
    stamps = _ints(table[time_name].cast(pa.int64()) if is_iso else table[time_name])
    open_ts = stamps if is_iso else _seconds(source, stamps, 2)
    return RawCandles(source, open_ts, _rows(cells), 2)


def _rows(cells: F64) -> F64:
    """f64[n, 6]; a file without trade counts gets zeros there."""
    if cells.shape[1] == 5:
        cells = np.column_stack([cells, np.zeros(len(cells))])
    return np.ascontiguousarray(cells)


def _seconds(source: str, stamps: I64, first_row: int) -> I64:
    wrong = (stamps <= 0) | (stamps >= _SECONDS_MAX)
    if wrong.any():
        row = first_row + int(np.argmax(wrong))
        raise CandleFileError(
            f"{source}, row {row}, has a time that is not in unix seconds; convert it"
        )
    return stamps * SECOND_NS


def _parsed(
    source: str, data: bytes, names: list[str], types: dict[str, Any], *, header: bool
) -> Any:
    read = pa_csv.ReadOptions(column_names=names, skip_rows=1 if header else 0, use_threads=False)
    convert = pa_csv.ConvertOptions(column_types=types, include_columns=list(types))
    try:
        return pa_csv.read_csv(pa.BufferReader(data), read_options=read, convert_options=convert)
    except pa.ArrowInvalid as error:
        raise _bad_row(source, data, names, set(types)) from error


def _bad_row(source: str, data: bytes, names: list[str], wanted: set[str]) -> CandleFileError:
    lines = data.decode("utf-8", errors="replace").splitlines()
    start = 0 if lines and lines[0][:1].isdigit() else 1
    for number, line in enumerate(lines[start:], start + 1):
        cells = line.split(",")
        if line and len(cells) != len(names):
            what = f"has {len(cells)} columns where the first has {len(names)}"
            return CandleFileError(f"{source}, row {number}, {what}; repair or remove that row")
        for name, cell in zip(names, cells, strict=False):
            if name in wanted and name not in _TIME_NAMES and not _is_number(cell):
                what = f"holds {cell[:20]!r} where a number belongs"
                return CandleFileError(f"{source}, row {number}, {what}; repair or remove that row")
    return CandleFileError(f"{source} holds a time that cannot be read; see docs/feeds.md")


def _is_number(cell: str) -> bool:
    try:
        float(cell or "0")
    except ValueError:
        return False
    return True


def _floats(column: Any) -> F64:
    values: F64 = pc.fill_null(column, float("nan")).to_numpy()
    return values


def _ints(column: Any) -> I64:
    values: I64 = pc.fill_null(column, 0).to_numpy()
    return values
