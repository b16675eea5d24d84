"""Steps inside the hours: a path hung between an hour's two prices, trades and a book on the grid.

The path is a bridge, so the steps of an hour never need another hour. Prices are whole ticks
divided by a power of ten, which is the float64 nearest to the decimal price.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from actors.messages.market import (
    ASK_PRICE,
    ASK_QUANTITY,
    BID_PRICE,
    BID_QUANTITY,
    BOOK_LEVELS,
    TRADE_COLUMNS,
)
from adapters.seeded_market.draws import F64, bell_of, keys_of, uniforms, value_of
from adapters.seeded_market.hours import HISTORY_HOURS, Hours
from adapters.seeded_market.profiles import HOUR_ACTIVITY, Profile

_LANES: Final = 8
_TICKS_MIN: Final = 32.0
_SHARE_MIN: Final = 0.2
_REACH: Final = 0.5
_GAP_RATIO: Final = 0.00012
_DEEPER: Final = 0.35
_TICKET: Final = 900.0
_VOLUME: Final = (0.4452, 0.2136, 0.08)
_ACTIVITY_MAX: Final = 6.0


@dataclass(frozen=True)
class Steps:
    """Consecutive steps: `trades` f64[steps, symbols, 8], `books` f64[steps, symbols, 40]."""

    first: int
    trades: F64
    books: F64


@dataclass(frozen=True)
class _Path:
    """Whole ticks, f64[steps, symbols]: the mid at a step's end and before it; reach in ticks."""

    mid: F64
    before: F64
    reach: F64
    activity: F64


class StepBuilder:
    """Builds the steps of one market's hours, `steps_per_hour` to the hour."""

    def __init__(
        self,
        seed: int,
        symbols: tuple[str, ...],
        profiles: tuple[Profile, ...],
        steps_per_hour: int,
    ) -> None:
        self._keys = keys_of(seed, symbols, f"steps {steps_per_hour}")
        self._count = steps_per_hour
        self._inverse = np.array([10.0**profile.price_decimals for profile in profiles])
        self._lots = np.array([10.0**profile.lot_decimals for profile in profiles])
        self._base = np.array([profile.hourly_volatility for profile in profiles])
        self._spread = np.array([profile.spread_ratio for profile in profiles])
        self._level = np.array([profile.level_notional for profile in profiles])
        daily = np.array([profile.daily_notional for profile in profiles])
        self._notional = daily / (24.0 * steps_per_hour)
        self._profile = np.array(HOUR_ACTIVITY)
        # The part of the hour that has passed by each step's end.
        self._passed = (np.arange(1, steps_per_hour + 1) / steps_per_hour).reshape(1, -1, 1)

    def build(self, hours: Hours, utc_hour: int, *, with_books: bool = True) -> Steps:
        """The steps of `hours`, the first of which begins at `utc_hour`; books may be left out."""
        first = (hours.first + HISTORY_HOURS) * self._count
        draws = uniforms(self._keys, first, len(hours.opens) * self._count, _LANES)
        path = self._path(hours, bell_of(draws[..., :4]))
        values = value_of(draws[..., 4:12])
        width = self._spread * path.mid
        bid = path.mid - np.rint(width * values[..., 6])
        ask = path.mid + 1.0 + np.rint(width * (1.0 - values[..., 6]))
        trades = self._trades(path, values, bid, ask)
        self._volumes(trades, values, self._hour_shares(hours, utc_hour) * path.activity)
        books = np.empty((0, 0, 0))
        if with_books:
            books = self._books(path.mid, bid, ask, draws[..., 12:])
        return Steps(hours.first * self._count, trades, books)

    def _path(self, hours: Hours, bells: F64) -> _Path:
        shape = (len(hours.opens), self._count, len(self._inverse))
        walk = np.cumsum(bells.reshape(shape), axis=1)
        walk -= self._passed * walk[:, -1:, :]
        step_volatility = hours.volatility / np.sqrt(float(self._count))
        change = hours.closes / hours.opens - 1.0
        share = 1.0 + self._passed * change[:, None, :] + walk * step_volatility[:, None, :]
        whole = np.rint(hours.opens[:, None, :] * np.maximum(share, _SHARE_MIN) * self._inverse)
        mid = np.maximum(whole, _TICKS_MIN)
        before = np.empty_like(mid)
        before[:, 1:] = mid[:, :-1]
        before[:, 0] = np.maximum(np.rint(hours.opens * self._inverse), _TICKS_MIN)
        reach = _REACH * step_volatility[:, None, :] * mid
        activity = np.minimum(hours.volatility / self._base, _ACTIVITY_MAX)
        flat = (-1, shape[2])
        spread_out = np.repeat(activity, self._count, axis=0)
        return _Path(mid.reshape(flat), before.reshape(flat), reach.reshape(flat), spread_out)

    def _trades(self, path: _Path, values: F64, bid: F64, ask: F64) -> F64:
        """Open, high, low and close of each step, in the first four columns."""
        trades = np.empty((*path.mid.shape, len(TRADE_COLUMNS)))
        opening = path.before + (values[..., 2] < 0.5)
        closing = np.where(values[..., 4] < 0.5, bid, ask)
        high = np.maximum(opening, closing) + np.rint(path.reach * values[..., 0] * values[..., 0])
        low = np.minimum(opening, closing) - np.rint(path.reach * values[..., 1] * values[..., 1])
        for column, ticks in enumerate((opening, high, np.maximum(low, 1.0), closing)):
            np.divide(ticks, self._inverse, out=trades[..., column])
        return trades

    def _hour_shares(self, hours: Hours, utc_hour: int) -> F64:
        places = (np.arange(len(hours.opens)) + utc_hour) % len(self._profile)
        shares: F64 = np.repeat(self._profile[places], self._count).reshape(-1, 1)
        return shares

    def _volumes(self, trades: F64, values: F64, activity: F64) -> None:
        """Volume, quote volume, count and buy volume of each step, in the last four columns."""
        level, slope, offset = _VOLUME
        notional = self._notional * activity * (level + slope / (values[..., 3] + offset))
        mean = (trades[..., 0] + trades[..., 1] + trades[..., 2] + trades[..., 3]) * 0.25
        volume = np.maximum(np.rint(notional / mean * self._lots), 1.0)
        rising = trades[..., 3] > trades[..., 0]
        share = 0.25 + 0.40 * values[..., 5] + 0.10 * rising
        np.divide(volume, self._lots, out=trades[..., 4])
        np.multiply(trades[..., 4], mean, out=trades[..., 5])
        np.add(np.rint(notional / _TICKET * (0.5 + values[..., 7])), 1.0, out=trades[..., 6])
        np.divide(np.rint(volume * share), self._lots, out=trades[..., 7])

    def _books(self, mid: F64, bid: F64, ask: F64, parts: np.ndarray) -> F64:
        books = np.empty((*mid.shape, 4 * BOOK_LEVELS))
        gap = np.maximum(np.rint(mid * _GAP_RATIO), 1.0)
        sizes = self._level * self._inverse / mid * self._lots
        for level in range(BOOK_LEVELS):
            away = gap * float(level)
            deep = sizes * (1.0 + _DEEPER * level)
            for price, ticks in ((BID_PRICE, bid - away), (ASK_PRICE, ask + away)):
                np.divide(ticks, self._inverse, out=books[..., price + level])
            for column, place in ((BID_QUANTITY, level), (ASK_QUANTITY, BOOK_LEVELS + level)):
                lots = np.rint(deep * (0.35 + 1.3 * value_of(parts[..., place]))) + 1.0
                np.divide(lots, self._lots, out=books[..., column + level])
        return books
