"""The hourly process: drift regimes (the planted signal), clustered volatility, a market factor.

Every hour is a function of the seed and of the hours before it, all of which are cheap; so any
later hour is reached by walking hours alone. Steps within the hour are hung between its two prices
by `adapters.seeded_market.steps`. Only + - * / sqrt are used: equal bits on every CPU.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from adapters.seeded_market.draws import F64, bell_of, keys_of, uniforms, value_of
from adapters.seeded_market.profiles import Profile

HISTORY_HOURS: Final = 2_160
"""The process begins this long before the start: warm-up candles exist and it has settled."""

REGIME_HOURS: Final = 36.0
DRIFT_MAX: Final = 0.0035
DRIFT_GLIDE: Final = 0.25
PULL: Final = 0.0015
RETURN_MAX: Final = 0.15

# Tail sizes a + b / (u + c) with unit mean square, bursts b / (u + c)**2 with unit mean; weights,
# shares and speeds were tried against recorded hourly candles (docs/seeded-market.md).
_TAIL: Final = (0.812248372849447, 0.04061241864247235, 0.02)
_SHOCK_MAX: Final = 30.0
_WEIGHTS: Final = (0.02, 0.30, 0.68)
_BURST: Final = (0.00070049, 0.0007)
_BURST_SHARE: Final = 0.98
_FAST: Final = 0.30
_SLOW: Final = 0.012
_LANES: Final = 2
_BLOCK_HOURS: Final = 720


@dataclass(frozen=True)
class Hours:
    """Consecutive hours: open and close price and volatility of each, f64[hours, symbols]."""

    first: int
    opens: F64
    closes: F64
    volatility: F64


class HourlyWalk:
    """The state of the process at the start of hour `next_hour` (0 is the market's start)."""

    def __init__(self, seed: int, symbols: tuple[str, ...], profiles: tuple[Profile, ...]) -> None:
        # The last column is the market factor; it has a volatility of its own and no price.
        self._keys = keys_of(seed, (*symbols, "the market"), "hours")
        count = len(symbols) + 1
        self.next_hour = -HISTORY_HOURS
        self._base = np.array([profile.hourly_volatility for profile in profiles])
        share = np.array([profile.market_share for profile in profiles])
        self._common_share = share * share
        self._own_share = 1.0 - self._common_share
        self._common_load = self._base * share
        self._own_load = self._base * np.sqrt(self._own_share)
        self._anchor = np.array([profile.price for profile in profiles])
        self._price = self._anchor.copy()
        self._fast = np.ones(count)
        self._slow = np.ones(count)
        self._target = np.zeros(count - 1)
        self._drift = np.zeros(count - 1)

    def skip_to(self, hour: int) -> None:
        """Walk on until `next_hour` is `hour`; it must not lie behind."""
        assert hour >= self.next_hour
        while self.next_hour < hour:
            self.walk(min(_BLOCK_HOURS, hour - self.next_hour))

    def walk(self, count: int) -> Hours:
        """The next `count` hours, which the state then lies behind."""
        shape = (count, len(self._price))
        found = Hours(self.next_hour, np.empty(shape), np.empty(shape), np.empty(shape))
        draws = uniforms(self._keys, self.next_hour + HISTORY_HOURS, count, _LANES)
        level, slope, offset = _TAIL
        shocks = bell_of(draws[..., :4]) * (
            level + slope * (1.0 / (value_of(draws[..., 4]) + offset))
        )
        squares = np.minimum(shocks * shocks, _SHOCK_MAX)
        size, width = _BURST
        nearness = value_of(draws[..., 7]) + width
        bursts = _BURST_SHARE * (size / (nearness * nearness))
        switches = value_of(draws[:, :-1, 5]) < 1.0 / REGIME_HOURS
        targets = DRIFT_MAX * (2.0 * value_of(draws[:, :-1, 6]) - 1.0)
        for index in range(count):
            self._target = np.where(switches[index], targets[index], self._target)
            found.opens[index] = self._price
            found.volatility[index] = self._one_hour(shocks[index], squares[index], bursts[index])
            found.closes[index] = self._price
        self.next_hour += count
        return found

    def _one_hour(self, shocks: F64, squares: F64, bursts: F64) -> F64:
        """Advance by one hour and return the volatility it had."""
        constant, fast, slow = _WEIGHTS
        variance = constant + fast * self._fast + slow * self._slow
        root = np.sqrt(variance)
        noise = shocks * root
        self._drift = self._drift + DRIFT_GLIDE * (self._target - self._drift)
        pull = PULL * (self._price - self._anchor) / (self._price + self._anchor)
        change = self._drift - pull + self._common_load * noise[-1] + self._own_load * noise[:-1]
        self._price = self._price * (1.0 + np.clip(change, -RETURN_MAX, RETURN_MAX))
        news = (1.0 - _BURST_SHARE) * squares * variance + bursts
        self._fast = self._fast + _FAST * (news - self._fast)
        self._slow = self._slow + _SLOW * (news - self._slow)
        shared = self._common_share * variance[-1] + self._own_share * variance[:-1]
        volatility: F64 = self._base * np.sqrt(shared)
        return volatility
