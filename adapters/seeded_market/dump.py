"""Write the seeded market as hourly candle files in Kraken's dump format, for training on it.

Train on another seed than the one that is traded. Files are called BTCUSD_60.csv and so on.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from actors.instant import SECOND_NS
from adapters.seeded_market.feed import SeededMarket, SeededMarketError
from adapters.seeded_market.profiles import PROFILES


def write_candles(market: SeededMarket, hours: int, folder: Path) -> list[Path]:
    """Write `hours` hourly candles from the market's start, one file per symbol; returns the paths.

    Prices are written as the shortest text that reads back to the same float64.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stamps, rows = market.candles(0, hours)
    seconds = [stamp // SECOND_NS for stamp in stamps.tolist()]
    paths: list[Path] = []
    for index, symbol in enumerate(market.symbols):
        path = folder / f"{symbol.replace('/', '')}_60.csv"
        lines = [
            f"{second},{','.join(map(repr, row[:5]))},{int(row[5])}\n"
            for second, row in zip(seconds, rows[:, index].tolist(), strict=True)
        ]
        path.write_text("".join(lines), encoding="ascii")
        paths.append(path)
    return paths


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 when written, 2 with one sentence on standard error when it cannot."""
    parser = argparse.ArgumentParser(prog="adapters.seeded_market.dump", description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--hours", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--symbols", nargs="*", default=[f"{base}/USD" for base in PROFILES])
    given = parser.parse_args(arguments)
    try:
        paths = write_candles(
            SeededMarket(given.seed, tuple(given.symbols)), given.hours, given.out
        )
    except (SeededMarketError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"wrote {given.hours} hours of {len(paths)} symbols to {given.out}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
