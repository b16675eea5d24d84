"""freqtrade's candle feather: date (UTC), open, high, low, close, volume; no trade counts."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.feather as pa_feather

from adapters.candles.series import CandleFileError, RawCandles

_COLUMNS: Final = ("open", "high", "low", "close", "volume")


def read_feather(path: Path) -> RawCandles:
    """The rows of a freqtrade candle file, unchecked. Raises CandleFileError."""
    try:
        table = pa_feather.read_table(path, use_threads=False)
    except (pa.ArrowInvalid, OSError) as error:
        raise CandleFileError(f"{path.name} is not a whole feather file; fetch it again") from error
    missing = [name for name in ("date", *_COLUMNS) if name not in table.column_names]
    if missing:
        what = f"{path.name} has no column {missing[0]}"
        raise CandleFileError(f"{what}; a candle file has date, {', '.join(_COLUMNS)}")
    try:
        stamps = table["date"].cast(pa.timestamp("ns", "UTC")).cast(pa.int64())
        cells = [table[name].cast(pa.float64()) for name in _COLUMNS]
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        what = f"{path.name} holds values that are not times and numbers"
        raise CandleFileError(f"{what}; see docs/feeds.md for the formats") from error
    columns = [np.asarray(cell.to_numpy(), dtype=np.float64) for cell in cells]
    rows = np.column_stack([*columns, np.zeros(table.num_rows)])
    return RawCandles(path.name, stamps.fill_null(0).to_numpy(), np.ascontiguousarray(rows))
