"""Measure recorded candles, trades and book frames, and print what the simulated market is made of.

First the constants of `adapters/kraken_simulator/profiles.py` as Python text, then one table that
sets the same figures of the recorded and of the simulated market beside each other (the table of
docs/kraken-simulator-market.md). Reads the recorded data's folder, writes nothing.
"""

from __future__ import annotations

import argparse
import gzip
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pyarrow import feather

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from adapters.kraken_simulator.recordings import read_frames
from ops.calibration.series import Figures, Series, figures_of, joint, share_of, shown
from ops.calibration.simulated import hours_and_minutes, tape_of

F64 = NDArray[np.float64]
TICKET_AT: Final = (1, 5, 10, 25, 37.5, 50, 62.5, 75, 90, 95, 99, 99.9)
DAY_HOURS: Final = 24
RECENT_ROWS: Final = 25_000
HOUR_SECONDS: Final = 3_600
SHORT: Final = {"TON", "ZEC"}
"""Recorded in another year than the rest: left out of what is joint."""


def candles(path: Path) -> Series:
    """Closes, times and notional of a candle file in feather format."""
    table = feather.read_table(path)
    close = np.array(table["close"], dtype=np.float64)
    stamps = np.array(table["date"].cast("int64"))
    return Series(stamps, close, np.array(table["volume"], dtype=np.float64) * close)


def binance_hours(folder: Path) -> dict[str, Series]:
    """Hourly candles by asset."""
    found = {}
    for path in sorted((folder / "binance" / "1h").glob("*.feather")):
        name = path.name.split("__")[1].split("_")[0]
        found[name] = candles(path)
    return found


def kraken_hours(folder: Path) -> tuple[Series, F64, F64]:
    """Recent hourly candles of XBT/USD; hour of the day, and trades of each."""
    path = folder / "kraken" / "ohlcvt" / "avkhimen__XBTUSD_60.csv.gz"
    with gzip.open(path, "rt") as lines:
        rows = [line.split(",") for line in lines][-RECENT_ROWS:]
    stamps = np.array([int(row[0]) for row in rows])
    close = np.array([float(row[4]) for row in rows])
    notional = np.array([float(row[5]) for row in rows]) * close
    hours = (stamps // HOUR_SECONDS % DAY_HOURS).astype(np.float64)
    return Series(stamps, close, notional), hours, np.array([float(row[6]) for row in rows])


def by_hour(hours: F64, values: F64) -> list[float]:
    """The mean of each hour of the day over the whole mean."""
    mean = values.mean()
    return [round(float(values[hours == hour].mean() / mean), 2) for hour in range(DAY_HOURS)]


def constants(folder: Path) -> dict[str, Any]:
    """The recorded constants by the names that they have in `profiles`."""
    hours = binance_hours(folder)
    names, _, loadings = joint({n: each for n, each in hours.items() if n not in SHORT})
    daily = {n: round(float(each.notional.mean()) * DAY_HOURS / 1e6) for n, each in hours.items()}
    series, hour, _ = kraken_hours(folder)
    tickets = recorded_trades(folder)[1]
    return {
        "HOURLY_VOLATILITY": {n: round(float(each.returns.std()), 4) for n, each in hours.items()},
        "MARKET_LOADING": dict(zip(names, loadings, strict=True)),
        "DAILY_MUSD": daily,
        "KRAKEN_SHARE": round(float(series.notional.mean()) * DAY_HOURS / 1e6 / daily["BTC"], 3),
        "TICKET": tuple(round(float(np.percentile(tickets, at)), 1) for at in TICKET_AT),
        "HOUR_VOLUME": tuple(by_hour(hour, series.notional)),
        "HOUR_MOVEMENT": tuple(by_hour(hour[1:], np.abs(series.returns))),
    }


def recorded_trades(folder: Path) -> tuple[F64, F64, F64]:
    """Seconds, notional in USD and side (1 bought) of recorded trades of BTC/USDT."""
    name = "Kblack0610__BTC_USDT-trades.feather"
    table = feather.read_table(folder / "kraken" / "freqtrade" / name)
    seconds = np.array(table["timestamp"]).astype(np.float64) / 1e3
    notional = np.array(table["amount"], dtype=np.float64) * np.array(table["price"])
    return seconds, notional, (np.array(table["side"]) == "buy").astype(np.float64)


def recorded_books(folder: Path) -> Iterator[tuple[list[float], list[float], list[float]]]:
    """Ten bids, ten asks and the ten asks' notional after each recorded frame of ETH/USD."""
    path = folder / "kraken" / "protocol" / "flashbook__ws2_live_ETHUSD.ndjson.gz"
    bids: dict[float, float] = {}
    asks: dict[float, float] = {}
    for frame in read_frames(path, "ETH/USD").rows:
        for side, levels, falls in ((bids, frame.bids, True), (asks, frame.asks, False)):
            for price, qty in levels:
                side[float(price)] = float(qty)
            for gone in [each for each, qty in side.items() if not qty]:
                del side[gone]
            for gone in sorted(side, reverse=falls)[10:]:
                del side[gone]
        best = sorted(asks)
        yield sorted(bids, reverse=True), best, [asks[price] * price for price in best]


def book_rows(books: Iterator[tuple[list[float], list[float], list[float]]]) -> list[str]:
    """Spread, width of ten levels and USD shown, as text."""
    spread, width, first, tenth = [], [], [], []
    for bids, asks, shown_usd in books:
        if len(bids) < 10 or len(asks) < 10:
            continue
        spread.append((asks[0] - bids[0]) / asks[0] * 1e4)
        width.append((asks[9] - asks[0]) / asks[0] * 1e4)
        first.append(shown_usd[0])
        tenth.append(shown_usd[9])
    told = [np.percentile(values, (25, 50, 75)) for values in (spread, width)]
    return [
        *(" / ".join(f"{each:.2f}" for each in row) for row in told),
        f"{np.median(first):,.0f} / {np.mean(first):,.0f}",
        f"{np.median(tenth):,.0f} / {np.mean(tenth):,.0f}",
    ]


def trade_rows(seconds: F64, notional: F64, sides: F64) -> list[str]:
    """What trades are like, as text."""
    minutes = (seconds // 60).astype(np.int64)
    counts = np.bincount(minutes - minutes[0])
    quantiles = np.percentile(notional, (25, 50, 75, 90, 99))
    return [
        f"{len(seconds) / (seconds[-1] - seconds[0]) * 86_400:,.0f}",
        " / ".join(f"{each:,.0f}" for each in quantiles),
        f"{share_of(np.diff(seconds) < 0.002):.2f}",
        f"{figures_of(sides).lags[0]:.2f}",
        f"{counts.var() / counts.mean():.0f}",
    ]


def comparison(folder: Path, seed: int, days: int) -> Iterator[str]:
    """The table, recorded beside simulated."""
    yield "| figure | recorded | simulated |"
    yield "|---|---|---|"
    hours, minutes = hours_and_minutes(seed)
    recorded = binance_hours(folder)
    named = {name: each for name, each in recorded.items() if name not in SHORT}
    both = ([figures_of(e.returns) for e in named.values()], [figures_of(r) for r in hours.T])
    yield from shown("hourly returns", *both)
    _, matrix, _ = joint(named)
    sizes = (np.abs(matrix), np.abs(hours.T))
    for title, rows in (("return", (matrix, hours.T)), ("size", sizes)):
        upper = [np.corrcoef(each)[np.triu_indices(len(each), 1)] for each in rows]
        told = [f"{each.mean():.2f} ({each.min():.2f} to {each.max():.2f})" for each in upper]
        yield f"| correlation of the hourly {title}, mean of pairs | {told[0]} | {told[1]} |"
    for step, names in ((1, ("BTC_USDT-1m",)), (5, ("ADA_USDT-5m", "DOT_USDT-5m", "BTC_USDT-5m"))):
        found = [
            figures_of(candles(path).returns)
            for name in names
            for path in sorted(folder.glob(f"*/*/*{name}.feather"))
        ]
        made: list[Figures] = []
        for column in minutes.T:
            closes = column[step - 1 :: step]
            made.append(figures_of(closes[1:] / closes[:-1] - 1.0))
        yield from shown(f"{step} minute returns", found, made)
    if days:
        yield from session(folder, seed, days)


def session(folder: Path, seed: int, days: int) -> Iterator[str]:
    """Rows about trades and books, which need a market that runs."""
    tape, books = tape_of(seed, days)
    titles = (
        "trades a day (BTC/USDT recorded, BTC/USD simulated)",
        "a trade's USD, quantiles 25 / 50 / 75 / 90 / 99 %",
        "trades within 2 ms of the one before",
        "autocorrelation of the taker's side, next trade",
        "trades a minute, variance over mean",
    )
    lines = zip(titles, trade_rows(*recorded_trades(folder)), trade_rows(*tape), strict=True)
    yield from (f"| {name} | {left} | {right} |" for name, left, right in lines)
    shapes = (
        "ETH/USD spread in bp, quantiles 25 / 50 / 75 %",
        "ETH/USD width of ten levels in bp, quartiles",
        "ETH/USD USD at the first level, median / mean",
        "ETH/USD USD at the tenth level, median / mean",
    )
    pairs = zip(shapes, book_rows(recorded_books(folder)), book_rows(iter(books)), strict=False)
    yield from (f"| {name} | {left} | {right} |" for name, left, right in pairs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the recorded data's folder")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--days", type=int, default=2, help="days of simulated trades")
    given = parser.parse_args()
    for name, value in constants(given.folder).items():
        print(f"{name} = {value}")
    counts = kraken_hours(given.folder)[2]
    print(f"# BTC/USD on Kraken: {counts.mean() * DAY_HOURS:.0f} trades a day")
    print()
    for line in comparison(given.folder, given.seed, given.days):
        print(line)


if __name__ == "__main__":
    main()
