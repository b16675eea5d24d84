"""Where the prices of all processes come from, hour by hour: the market as it is, or as planted.

Every hour follows from the seed and from the hour of the origin, where the exchange first opened;
one that opens again later walks there from the same origin, so its prices go on where they were.
A planted market moves in a minute as the other does in an hour, and its moves have a drift that
lasts (`planted`): made to be traded by a model within minutes, and no likeness of any market.
"""

from __future__ import annotations

from typing import Final, Literal, Protocol

import msgspec
import numpy as np

from adapters.kraken_simulator.draws import F64, keys_of, units, words
from adapters.kraken_simulator.profiles import PAIRS, PROCESSES, Asset, Pair
from adapters.kraken_simulator.walk import MINUTES, Hour, HourlyWalk, Minutes

MarketKind = Literal["natural", "planted"]
HourPath = tuple[int, F64, F64]
"""An hour: its number, prices f64[61, names] at its minutes' ends, volatility f64[60, names]."""

NAMES: Final = tuple(PROCESSES)
FINE_HOURS: Final = 15 * 24 + 24
HOURS: Final = 720 * 24 + 24
PLANTED_HOURS: Final = 36
"""Hours before the origin that a planted market has: two thousand minutes, enough to warm up."""
PLANTED_DAILY_USD: Final = 1.6e7
PLANTED_SPREAD: Final = 0.0008

REGIME_MINUTES: Final = 30.0
DRIFT_MAX: Final = 0.005
DRIFT_GLIDE: Final = 0.25
_CALM_BELOW: Final = 0.005
_BLOCK: Final = 256


class Paths(Protocol):
    """The hours of one market, one after the other.

    `usual` is every process's usual volatility, `busy` what a minute's volatility over it is
    multiplied with to say how busy the minute is. Others act once in `pace` steps of 100 ms.
    """

    usual: F64
    busy: float
    pace: int

    def pair(self, symbol: str) -> Pair:
        """How others trade a pair."""

    def next(self) -> HourPath:
        """The next hour; the first one is that in which the exchange opens."""

    def before(self) -> tuple[list[Hour], list[tuple[F64, F64]]]:
        """The hours before the first one, oldest first, and the minutes of the newest of them."""


def paths_of(kind: MarketKind, seed: int, *, origin_hour: int, hour: int) -> Paths:
    """The market of a kind from `hour` on; `origin_hour` is where it first opened."""
    if kind == "planted":
        return PlantedPaths(seed, origin_hour, hour)
    return NaturalPaths(seed, origin_hour, hour)


class NaturalPaths:
    """Hours of a process calibrated to recordings, minutes hung inside them."""

    busy: float = float(np.sqrt(float(MINUTES)))
    pace: int = 1

    def __init__(self, seed: int, origin_hour: int, hour: int) -> None:
        self.usual = _volatilities()
        self._seed = seed
        self._origin = origin_hour
        self._walk = HourlyWalk(seed, PROCESSES, origin_hour)
        self._anchor = self._walk.price
        self._minutes = Minutes(seed, NAMES)
        self._passed = [self._walk.next() for _ in range(hour - origin_hour)][-HOURS:]

    def pair(self, symbol: str) -> Pair:
        """As recorded."""
        return PAIRS[symbol]

    def next(self) -> HourPath:
        """The next hour."""
        hour = self._walk.next()
        return (hour.number, *self._minutes.of(hour))

    def before(self) -> tuple[list[Hour], list[tuple[F64, F64]]]:
        """Two years; what lies before the origin is the process walked backwards from it."""
        back = HourlyWalk(self._seed, PROCESSES, self._origin - 1, -1)
        back.price = self._anchor
        older = [back.next() for _ in range(HOURS - len(self._passed))]
        hours = [*reversed(older), *self._passed]
        return hours, [self._minutes.of(each) for each in hours[-FINE_HOURS:]]


class PlantedPaths:
    """Every minute is what an hour is elsewhere, and drifts."""

    busy: float = 1.0
    pace: int = 5

    def __init__(self, seed: int, origin_hour: int, hour: int) -> None:
        self.usual = _volatilities()
        self._walk = DriftingWalk(seed, PROCESSES, (origin_hour - PLANTED_HOURS) * MINUTES)
        count = hour - origin_hour + PLANTED_HOURS
        self._passed = [self._made() for _ in range(count)][-FINE_HOURS:]

    def pair(self, symbol: str) -> Pair:
        """Busy enough that every minute has trades; not closer than such moves let anybody be."""
        usual = PAIRS[symbol]
        return msgspec.structs.replace(
            usual,
            daily_usd=max(usual.daily_usd, PLANTED_DAILY_USD),
            spread=max(usual.spread, PLANTED_SPREAD),
        )

    def next(self) -> HourPath:
        """The next hour."""
        hour, path, volatility = self._made()
        return hour.number, path, volatility

    def before(self) -> tuple[list[Hour], list[tuple[F64, F64]]]:
        """As much as there is."""
        return (
            [hour for hour, _, _ in self._passed],
            [(path, volatility) for _, path, volatility in self._passed],
        )

    def _made(self) -> tuple[Hour, F64, F64]:
        minutes = [self._walk.next() for _ in range(MINUTES)]
        path = np.array([minutes[0].opens, *(each.closes for each in minutes)])
        volatility = np.array([each.volatility for each in minutes])
        whole = np.sqrt(np.sum(volatility * volatility, axis=0))
        return Hour(minutes[0].number // MINUTES, path[0], path[-1], whole), path, volatility


class DriftingWalk(HourlyWalk):
    """A walk with the planted signal: each price drifts one way for a while, then another.

    Once in `REGIME_MINUTES` steps on average a new drift is drawn, and approached.
    """

    def __init__(self, seed: int, assets: dict[str, Asset], first: int) -> None:
        super().__init__(seed, assets, first)
        self._drift_keys = keys_of(seed, tuple(assets), "drift")
        moves = np.array([each.volatility >= _CALM_BELOW for each in assets.values()])
        self._drift_max = DRIFT_MAX * moves
        self._drift = np.zeros(len(assets))
        self._target = np.zeros(len(assets))
        self._drifts = 0
        self._turns = self._targets = np.empty((0, 0))

    def _steady(self, before: F64) -> F64:
        place = self._drifts % _BLOCK
        if place == 0:
            drawn = units(words(self._drift_keys, self._drifts, _BLOCK, 2))
            self._turns, self._targets = drawn[..., 0], drawn[..., 1]
        self._drifts += 1
        aims = self._drift_max * (2.0 * self._targets[place] - 1.0)
        self._target = np.where(self._turns[place] < 1.0 / REGIME_MINUTES, aims, self._target)
        self._drift = self._drift + DRIFT_GLIDE * (self._target - self._drift)
        found: F64 = super()._steady(before) - self._drift
        return found


def _volatilities() -> F64:
    return np.array([each.volatility for each in PROCESSES.values()])
