"""Trade files: Kraken's time and sales (`XBTUSD.csv[.gz]`) and freqtrade's feather with ids.

Time and sales rows are unix seconds (a fraction is kept exactly), price, quantity: no side, no id.
The caller's `name` turns the text of the file's name into a canonical symbol.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.feather as pa_feather

from actors.instant import MILLISECOND_NS, SECOND_NS
from adapters.trades.series import TradeFileError, TradeSeries, checked

_SALES: Final = re.compile(r"([A-Za-z0-9]+)\.csv(?:\.gz)?$")
_FEATHER: Final = re.compile(r"([A-Za-z0-9]+_[A-Za-z0-9]+)-trades\.feather$")
_TIME: Final = re.compile(rb"(\d{9,10})(?:\.(\d{1,9})\d*)?").fullmatch
_COLUMNS: Final = ("timestamp", "id", "side", "price", "amount")
_SIDES: Final = ("buy", "sell")


def market_of(path: Path) -> str:
    """The symbol text that a trade file's name states; "" where it does not."""
    found = _FEATHER.search(path.name) or _SALES.search(path.name)
    return found[1] if found is not None else ""


def read_trades(path: Path, *, symbol: str = "", name: Callable[[str], str] = str) -> TradeSeries:
    """Read and check one file. `symbol` wins over what the file's name says.

    Raises TradeFileError (one sentence); whatever `name` raises passes through.
    """
    text = market_of(path)
    if not symbol and not text:
        raise TradeFileError(f"the name of {path.name} states no symbol; give it with --symbol")
    canonical = symbol or name(text)
    if not path.is_file():
        raise TradeFileError(f"there is no file {path}; check the path")
    if path.suffix == ".feather":
        return _read_feather(path, canonical)
    return _read_sales(path, canonical)


def _read_sales(path: Path, symbol: str) -> TradeSeries:
    data = path.read_bytes()
    if data.startswith(b"\x1f\x8b"):
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise TradeFileError(f"{path.name} is not whole gzip data; fetch it again") from error
    stamps: list[int] = []
    cells: list[tuple[float, float]] = []
    for number, line in enumerate(data.splitlines(), 1):
        try:
            stamp, price, quantity = line.split(b",")
            cells.append((float(price), float(quantity)))
        except ValueError as error:
            what = "is not a time, a price and a quantity"
            raise TradeFileError(f"{path.name}, row {number}, {what}; repair it") from error
        found = _TIME(stamp)
        if found is None:
            what = "has a time that is not in unix seconds"
            raise TradeFileError(f"{path.name}, row {number}, {what}; convert it")
        fraction = int(found[2].ljust(9, b"0")) if found[2] else 0
        stamps.append(int(found[1]) * SECOND_NS + fraction)
    values = np.array(cells, dtype=np.float64).reshape(-1, 2)
    series = TradeSeries(
        symbol=symbol,
        ts=np.array(stamps, dtype=np.int64),
        prices=values[:, 0].copy(),
        quantities=values[:, 1].copy(),
        bought=values[:, 1] * 0.5,
        ids=None,
        source=path.name,
    )
    return checked(series, 1)


def _read_feather(path: Path, symbol: str) -> TradeSeries:
    try:
        table = pa_feather.read_table(path, use_threads=False)
    except (pa.ArrowInvalid, OSError) as error:
        raise TradeFileError(f"{path.name} is not a whole feather file; fetch it again") from error
    missing = [name for name in _COLUMNS if name not in table.column_names]
    if missing:
        what = f"{path.name} has no column {missing[0]}"
        raise TradeFileError(f"{what}; a trade file has {', '.join(_COLUMNS)}")
    try:
        stamps = table["timestamp"].cast(pa.int64()).fill_null(0).to_numpy()
        ids = table["id"].cast(pa.int64()).fill_null(0).to_numpy()
        prices = _floats(table["price"])
        quantities = _floats(table["amount"])
        sides = table["side"].cast(pa.string()).to_pylist()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        what = f"{path.name} holds values that are not times, ids, numbers and sides"
        raise TradeFileError(f"{what}; see docs/feeds.md for the formats") from error
    wrong = next((row for row, side in enumerate(sides, 1) if side not in _SIDES), 0)
    if wrong:
        raise TradeFileError(f"{path.name}, row {wrong}, has a side that is neither buy nor sell")
    is_buy = np.array([side == "buy" for side in sides], dtype=bool)
    series = TradeSeries(
        symbol=symbol,
        ts=stamps.astype(np.int64) * MILLISECOND_NS,
        prices=prices,
        quantities=quantities,
        bought=np.where(is_buy, quantities, 0.0),
        ids=ids.astype(np.int64),
        source=path.name,
    )
    return checked(series, 1)


def _floats(column: Any) -> np.ndarray:
    values = column.cast(pa.float64()).fill_null(float("nan")).to_numpy()
    return np.asarray(values, dtype=np.float64)
