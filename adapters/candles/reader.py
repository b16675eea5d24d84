"""Which file holds what: symbol and interval from the name, the format from the ending.

`BTCUSD_60.csv[.gz]` is Kraken's dump (minutes), `BTC_USDT-1h.feather` freqtrade's. Prefixes that
end in a non-alphanumeric character are passed over. Spelling is not interpreted here: the caller's
`name` turns the text into a canonical symbol.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from adapters.candles.csv_file import read_csv
from adapters.candles.feather_file import read_feather
from adapters.candles.series import CandleFileError, CandleSeries, checked

MINUTE_NS: Final = 60_000_000_000
_DUMP: Final = re.compile(r"([A-Za-z0-9]+)_(\d{1,5})\.csv(\.gz)?$")
_FEATHER: Final = re.compile(r"([A-Za-z0-9]+_[A-Za-z0-9]+)-(\d{1,3})([mhdw])\.feather$")
_UNIT_MINUTES: Final = {"m": 1, "h": 60, "d": 1_440, "w": 10_080}

Progress = Callable[[str, int], None]
"""Called after each file with its name and the number of candles read."""


def market_of(path: Path) -> tuple[str, int]:
    """The symbol text and interval (ns) that a file's name states; ("", 0) where it does not."""
    dump = _DUMP.search(path.name)
    if dump is not None:
        return dump[1], int(dump[2]) * MINUTE_NS
    feather = _FEATHER.search(path.name)
    if feather is not None:
        return feather[1], int(feather[2]) * _UNIT_MINUTES[feather[3]] * MINUTE_NS
    return "", 0


def read_candles(
    path: Path,
    *,
    symbol: str = "",
    interval_ns: int = 0,
    name: Callable[[str], str] = str,
) -> CandleSeries:
    """Read and check one file. `symbol` and `interval_ns` win over what the file's name says.

    Raises CandleFileError (one sentence) for a missing file, an unknown format, an unnamed symbol
    or interval, and any wrong row; whatever `name` raises passes through.
    """
    text, named_ns = market_of(path)
    if not symbol and not text:
        raise CandleFileError(f"the name of {path.name} states no symbol; give it with --symbol")
    interval_ns = interval_ns or named_ns
    if interval_ns <= 0:
        raise CandleFileError(
            f"the name of {path.name} states no interval; rename it to SYMBOL_60.csv"
        )
    canonical = symbol or name(text)
    if not path.is_file():
        raise CandleFileError(f"there is no file {path}; check the path")
    raw = read_feather(path) if path.suffix == ".feather" else read_csv(path)
    return checked(raw, canonical, interval_ns)


def read_all(
    paths: Iterable[Path],
    *,
    symbol: str = "",
    name: Callable[[str], str] = str,
    progress: Progress | None = None,
) -> list[CandleSeries]:
    """Read several files in order, telling `progress` after each. Raises CandleFileError."""
    found: list[CandleSeries] = []
    for path in paths:
        found.append(read_candles(path, symbol=symbol, name=name))
        if progress is not None:
            progress(path.name, len(found[-1].open_ts))
    return found
