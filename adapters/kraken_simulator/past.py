"""What lies before an exchange's start: the process walked backwards, and bars drawn along it.

Hours reach back two years, minutes sixteen days. A bar's ends are the path's; its extremes, volume
and count are drawn within the volatility and the notional of the time. Made when first asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from adapters.kraken_simulator.book import UNIT
from adapters.kraken_simulator.draws import F64, keys_of, units, words
from adapters.kraken_simulator.instruments import Instrument
from adapters.kraken_simulator.paths import NAMES, HourPath, Paths
from adapters.kraken_simulator.profiles import HOUR_VOLUME, Pair
from adapters.kraken_simulator.tape import MINUTE_NS, Bar
from adapters.kraken_simulator.walk import MINUTES

DAY_MINUTES: Final = 1_440
_TICKET_USD: Final = 2_331.0
_COLUMN: Final = {name: index for index, name in enumerate(NAMES)}


class Before:
    """Prices before the start: hours and, nearer, minutes; f64[n + 1, names] with volatility."""

    def __init__(self, seed: int, paths: Paths, first: HourPath, started_ns: int) -> None:
        """`first` is the hour in which the exchange opens, `paths` has those before it."""
        hour, prices, volatility = first
        self._seed = seed
        self._pair = paths.pair
        self.start_minute = started_ns // MINUTE_NS
        inside = self.start_minute - hour * MINUTES
        hours, fine = paths.before()
        self._first_minute = (hour - len(fine)) * MINUTES
        self._minutes = np.concatenate([path[:-1] for path, _ in fine] + [prices[: inside + 1]])
        self._minute_volatility = np.concatenate([each for _, each in fine] + [volatility[:inside]])
        self._first_hour = hour - len(hours)
        self._hours = np.array([each.opens for each in hours] + [prices[0]])
        self._hour_volatility = np.array([each.volatility for each in hours])

    def minutes(self, row: Instrument, scale: float) -> Bars:
        """Minute bars of a pair, its path times `scale`."""
        pair = self._pair(row.symbol)
        column = _COLUMN[pair.numerator]
        path, volatility = _fair(pair, self._minutes), self._minute_volatility[:, column]
        bars = _Drawing(self._seed, row, pair, self._first_minute, 1)
        return bars.along(path * scale, volatility)

    def hours(self, row: Instrument, scale: float) -> Bars:
        """Hourly bars of a pair, up to the hour of the start."""
        pair = self._pair(row.symbol)
        column = _COLUMN[pair.numerator]
        path, volatility = _fair(pair, self._hours), self._hour_volatility[:, column]
        bars = _Drawing(self._seed, row, pair, self._first_hour, MINUTES)
        return bars.along(path * scale, volatility)


@dataclass(frozen=True)
class Bars:
    """Bars of one length in minutes; `first` counts lengths. Ticks int64[4, n], lots, counts."""

    first: int
    length: int
    tick: int
    lot: int
    ticks: NDArray[np.int64]
    lots: NDArray[np.int64]
    counts: NDArray[np.int64]

    @property
    def end(self) -> int:
        """The first minute after the last bar."""
        return (self.first + len(self.counts)) * self.length

    def at(self, minute: int) -> Bar | None:
        """The bar in which a minute lies; None without one, or where nothing traded."""
        place = minute // self.length - self.first
        if not 0 <= place < len(self.counts) or not self.counts[place]:
            return None
        opening, top, bottom, closing = (int(each) for each in self.ticks[:, place])
        bar = Bar(opening * self.tick)
        bar.high, bar.low, bar.close = top * self.tick, bottom * self.tick, closing * self.tick
        bar.volume, bar.count = int(self.lots[place]) * self.lot, int(self.counts[place])
        bar.value = bar.volume * ((bar.open + bar.high + bar.low + bar.close) // 4)
        return bar


def _fair(pair: Pair, prices: F64) -> F64:
    path: F64 = prices[:, _COLUMN[pair.numerator]]
    if pair.denominator is not None:
        path = path / prices[:, _COLUMN[pair.denominator]]
    return path


@dataclass(frozen=True)
class _Drawing:
    """How bars of a pair are drawn: from which one on, and of which length in minutes."""

    seed: int
    row: Instrument
    pair: Pair
    first: int
    length: int

    def along(self, path: F64, volatility: F64) -> Bars:
        """Bars between the points of a path."""
        row, first, length, count = self.row, self.first, self.length, len(path) - 1
        keys = keys_of(self.seed, (row.symbol,), f"past {length}")
        high, low, size, trades = units(words(keys, first, count, 4))[:, 0].T
        opens, closes = path[:-1], path[1:]
        usd = self.pair.daily_usd * length / DAY_MINUTES
        hours = (np.arange(first, first + count) * length // MINUTES) % 24
        busy = np.array(HOUR_VOLUME)[hours] * (0.45 + 0.22 / (size + 0.08))
        # Extremes beyond both ends: up to 0.9 of the bar's volatility, near none most often.
        highs = np.maximum(opens, closes) * (1.0 + 0.9 * volatility * high * high)
        lows = np.minimum(opens, closes) * (1.0 - 0.9 * volatility * low * low)
        ticks = np.rint(np.stack((opens, highs, lows, closes)) / float(row.tick))
        return Bars(
            first=first,
            length=length,
            tick=int(row.tick * UNIT),
            lot=int(row.lot * UNIT),
            ticks=np.maximum(ticks, 1.0).astype(np.int64),
            lots=np.maximum(np.rint(usd * busy / closes / float(row.lot)), 1.0).astype(np.int64),
            counts=np.rint(usd * busy / _TICKET_USD * (0.5 + trades)).astype(np.int64),
        )
