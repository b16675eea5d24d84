"""The price processes: regimes and clustered volatility by the hour, a cascade inside the hour.

Hours are a recursion; minutes hang between an hour's two prices and steps (100 ms) between a
minute's, as bridges. Only + - * / sqrt are used: equal bits on every CPU. Constants were tried
against recorded candles; docs/kraken-simulator-market.md holds the comparison.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from adapters.kraken_simulator.draws import F64, bells, keys_of, units, words
from adapters.kraken_simulator.profiles import HOUR_MOVEMENT, Asset

STEP_NS: Final = 100_000_000
STEPS: Final = 600
MINUTES: Final = 60
HOUR_NS: Final = MINUTES * STEPS * STEP_NS

REGIME_LEVELS: Final = (0.62, 1.0, 1.75)
REGIME_HOURS: Final = (200.0, 160.0, 60.0)
REGIME_CALMS: Final = 0.72
"""Calm, usual and stormy: volatility over the usual, and mean length; how often it calms down
rather than storms when the usual ends."""

_BURN_HOURS: Final = 400
_BLOCK_HOURS: Final = 256
_RETURN_MAX: Final = 0.15
_SHARE_MIN: Final = 0.2
_SHOCK_MAX: Final = 30.0
_TAIL: Final = (0.812248372849447, 0.04061241864247235, 0.02)
"""Size of a shock a + b / (u + c), unit mean square."""
_WEIGHTS: Final = (0.05, 0.27, 0.68)
_BURST: Final = (0.00070049, 0.0007)
_BURST_SHARE: Final = 0.97
_FAST: Final = 0.30
_SLOW: Final = 0.008
_CASCADE: Final = (0.35, 0.2136, 0.08)
"""Variance inside an hour by blocks of minutes: a + b / (u + c)."""
_BLOCKS: Final = (1, 5, 15)
_STEP_BLOCKS: Final = (1, 10)


@dataclass(frozen=True)
class Hour:
    """One hour of every process: prices at both ends and the volatility it has, f64[names]."""

    number: int
    opens: F64
    closes: F64
    volatility: F64


class HourlyWalk:
    """Hours one after the other, from the absolute hour `first` on, in `direction` +1 or -1."""

    def __init__(self, seed: int, assets: dict[str, Asset], first: int, direction: int = 1) -> None:
        purpose = "hours" if direction > 0 else "hours before"
        self._keys = keys_of(seed, (*assets, "the market"), purpose)
        self._volatility = np.array([each.volatility for each in assets.values()])
        self._loading = np.array([each.loading for each in assets.values()])
        self._own = np.sqrt(1.0 - self._loading * self._loading)
        self._anchor = np.array([each.price for each in assets.values()])
        self._pull = np.array([each.pull for each in assets.values()])
        self.price = self._anchor.copy()
        self._fast = np.ones(len(assets) + 1)
        self._slow = np.ones(len(assets) + 1)
        self._regime = 1
        self._direction = direction
        self._first = first
        self._walked = 0
        self._drawn = 0
        self._shocks = self._bursts = np.empty((0, 0))
        self._switches: list[float] = []
        levels = np.array(REGIME_LEVELS)
        visits = np.array((REGIME_CALMS, 1.0, 1.0 - REGIME_CALMS)) * np.array(REGIME_HOURS)
        mean_square = float(np.sum(levels * levels * visits) / np.sum(visits))
        self._levels = [float(level) for level in levels / np.sqrt(mean_square)]
        for _ in range(_BURN_HOURS):
            self._next_variance()

    def next(self) -> Hour:
        """Walk one hour on; `number` is the absolute hour, prices in the order of time."""
        number = self._first + self._direction * self._walked
        shock, volatility = self._next_variance()
        self._walked += 1
        move = HOUR_MOVEMENT[number % 24]
        before = self.price
        pull = self._steady(before)
        noise = self._loading * shock[-1] + self._own * shock[:-1]
        change = np.clip(
            self._direction * (move * self._volatility * noise) - pull, -_RETURN_MAX, _RETURN_MAX
        )
        after = before * (1.0 + change)
        self.price = after
        opens, closes = (before, after) if self._direction > 0 else (after, before)
        return Hour(number, opens, closes, volatility * move)

    def _steady(self, before: F64) -> F64:
        """How far an hour pulls each price down, whatever the noise: back to where it began."""
        pull: F64 = self._pull * (before - self._anchor) / (before + self._anchor)
        return pull

    def _next_variance(self) -> tuple[F64, F64]:
        """The next hour's shocks, unscaled, and each name's volatility."""
        place = self._drawn % _BLOCK_HOURS
        if place == 0:
            self._draw_block()
        self._drawn += 1
        shock = self._shocks[place]
        constant, fast, slow = _WEIGHTS
        variance = constant + fast * self._fast + slow * self._slow
        news = (1.0 - _BURST_SHARE) * np.minimum(shock * shock, _SHOCK_MAX) * variance
        news = news + self._bursts[place]
        self._fast = self._fast + _FAST * (news - self._fast)
        self._slow = self._slow + _SLOW * (news - self._slow)
        self._move_regime(self._switches[place])
        regime = self._levels[self._regime]
        square = self._loading * self._loading
        spread = square * variance[-1] + (1.0 - square) * variance[:-1]
        volatility: F64 = regime * self._volatility * np.sqrt(spread)
        return regime * np.sqrt(variance) * shock, volatility

    def _draw_block(self) -> None:
        """Draw the next hours' shocks, bursts and regime switches at once."""
        drawn = words(self._keys, self._drawn, _BLOCK_HOURS, 4)
        tail, shape, burst, switch = (np.ascontiguousarray(drawn[..., lane]) for lane in range(4))
        level, slope, offset = _TAIL
        self._shocks = bells(shape) * (level + slope / (units(tail) + offset))
        size, width = _BURST
        nearness = units(burst) + width
        self._bursts = _BURST_SHARE * (size / (nearness * nearness))
        self._switches = units(switch[:, -1]).tolist()

    def _move_regime(self, draw: float) -> None:
        leave = 1.0 / REGIME_HOURS[self._regime]
        if draw < leave:
            # From the middle either way, from the ends to the middle.
            self._regime = 1 if self._regime != 1 else (0 if draw < REGIME_CALMS * leave else 2)


class Minutes:
    """The minutes inside hours: prices at their ends and the volatility of each."""

    def __init__(self, seed: int, names: tuple[str, ...]) -> None:
        self._shapes = keys_of(seed, names, "minutes")
        self._blocks = [keys_of(seed, names, f"blocks {size}") for size in _BLOCKS]

    def of(self, hour: Hour) -> tuple[F64, F64]:
        """Prices f64[61, names] from the hour's open to its close, volatility f64[60, names]."""
        first = hour.number * MINUTES
        weights = np.ones((MINUTES, len(hour.opens)))
        for size, keys in zip(_BLOCKS, self._blocks, strict=True):
            weights *= np.repeat(_drawn_weights(keys, first // size, MINUTES // size), size, axis=0)
        shape = bells(words(self._shapes, first, MINUTES))[..., 0]
        volatility = hour.volatility * np.sqrt(weights / MINUTES)
        return _bridge(hour.opens, hour.closes, volatility * shape, weights), volatility


class StepPath:
    """The steps of 100 ms inside minutes."""

    def __init__(self, seed: int, names: tuple[str, ...]) -> None:
        self._shapes = keys_of(seed, names, "steps")
        self._blocks = [keys_of(seed, names, f"step blocks {size}") for size in _STEP_BLOCKS]

    def of(self, minute: int, opens: F64, closes: F64, volatility: F64) -> F64:
        """Prices f64[600, names] at the end of each step of the absolute minute."""
        first = minute * STEPS
        weights = np.ones((STEPS, len(opens)))
        for size, keys in zip(_STEP_BLOCKS, self._blocks, strict=True):
            weights *= np.repeat(_drawn_weights(keys, first // size, STEPS // size), size, axis=0)
        shape = bells(words(self._shapes, first, STEPS))[..., 0]
        noise = volatility * np.sqrt(weights / STEPS) * shape
        return _bridge(opens, closes, noise, weights)[1:]


def _drawn_weights(keys: np.ndarray, first: int, count: int) -> F64:
    level, slope, offset = _CASCADE
    found: F64 = level + slope / (units(words(keys, first, count))[..., 0] + offset)
    return found


def _bridge(opens: F64, closes: F64, noise: F64, weights: F64) -> F64:
    """A path from `opens` to `closes` with `noise` (ratios of the open) hung between them."""
    passed = np.cumsum(weights, axis=0)
    passed /= passed[-1]
    walk = np.cumsum(noise, axis=0)
    walk = walk - passed * walk[-1]
    share = 1.0 + passed * (closes / opens - 1.0) + walk
    path = np.empty((len(noise) + 1, len(opens)))
    path[0] = opens
    path[1:] = opens * np.maximum(share, _SHARE_MIN)
    path[-1] = closes
    return path
