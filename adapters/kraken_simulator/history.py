"""Candles and tickers: minute bars of the session, and before it the process walked backwards.

What lies before the start is made when it is first asked for: minutes for fifteen days, hours for
two years. Hours are bars of their own process; extremes are drawn within its volatility.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import numpy as np

from adapters.kraken_simulator.book import UNIT, from_units
from adapters.kraken_simulator.draws import F64, keys_of, units, words
from adapters.kraken_simulator.errors import Refusal, argument
from adapters.kraken_simulator.fees import rounded
from adapters.kraken_simulator.instruments import Instrument
from adapters.kraken_simulator.market import NAMES, Market
from adapters.kraken_simulator.profiles import HOUR_VOLUME, PAIRS, PROCESSES
from adapters.kraken_simulator.tape import MINUTE_NS, Bar
from adapters.kraken_simulator.venue import Venue
from adapters.kraken_simulator.views import Candle, Ticker, Window
from adapters.kraken_simulator.walk import MINUTES, HourlyWalk, Minutes

INTERVALS: Final = (1, 5, 15, 30, 60, 240, 1_440, 10_080, 21_600)
CANDLES_MAX: Final = 721
_FINE_HOURS: Final = 15 * 24 + 24
_HOURS: Final = 720 * 24 + 24
_DAY_MINUTES: Final = 1_440
_TICKET_USD: Final = 2_331.0
_COLUMN: Final = {name: index for index, name in enumerate(NAMES)}


class _Before:
    """Prices before the start: hours and, nearer, minutes; f64[n + 1, names] with volatility."""

    def __init__(self, seed: int, first: tuple[int, F64, F64], started_ns: int) -> None:
        hour, prices, volatility = first
        self.start_minute = started_ns // MINUTE_NS
        inside = self.start_minute - hour * MINUTES
        walk = HourlyWalk(seed, PROCESSES, hour - 1, -1)
        walk.price = prices[0]
        hours = [walk.next() for _ in range(_HOURS)]
        minutes = Minutes(seed, NAMES)
        fine = [minutes.of(each) for each in reversed(hours[:_FINE_HOURS])]
        self.first_minute = (hour - _FINE_HOURS) * MINUTES
        self.minutes = np.concatenate([path[:-1] for path, _ in fine] + [prices[: inside + 1]])
        self.minute_volatility = np.concatenate([each for _, each in fine] + [volatility[:inside]])
        self.first_hour = hour - _HOURS
        self.hours = np.array([each.opens for each in reversed(hours)] + [prices[0]])
        self.hour_volatility = np.array([each.volatility for each in reversed(hours)])


class History:
    """Reads candles and tickers of one exchange."""

    def __init__(self, venue: Venue, market: Market, seed: int) -> None:
        self._venue = venue
        self._seed = seed
        # The market is asked for its first hour now: later it stands in another one.
        self._first_hour = market.minutes_of_hour()
        self._scale = market.scale
        self._started_ns = venue.now_ns
        self._before: _Before | None = None
        self._past: dict[tuple[str, bool], dict[int, Bar]] = {}
        self._day: dict[str, tuple[int, Bar | None]] = {}

    def candles(self, symbol: str, minutes: int, count: int) -> tuple[Candle, ...]:
        """The newest `count` candles, the last one unfinished; flat where nothing traded."""
        row = self._venue.instrument(symbol)
        if minutes not in INTERVALS:
            raise Refusal(argument("interval"))
        now = self._venue.now_ns // MINUTE_NS
        newest = _aligned(now, minutes)
        first = newest - (count - 1) * minutes
        bars, close = self._bars(symbol, minutes, first)
        found: list[Candle] = []
        for start in range(first, newest + 1, minutes):
            bar = bars.get(start)
            if bar is not None:
                close = bar.close
                found.append(_candle(row, start, bar))
            elif close is not None:
                found.append(_candle(row, start, Bar(close)))
        return tuple(found)

    def ticker(self, symbol: str) -> Ticker:
        """Best prices, last trade, and the figures of today and the last 24 hours."""
        venue = self._venue
        row = venue.instrument(symbol)
        book, tape = venue.shown(symbol, 1), venue.tapes[symbol]
        now = venue.now_ns // MINUTE_NS
        today_start = now - now % _DAY_MINUTES
        day = self._window(symbol, now - _DAY_MINUTES, now)
        today = self._window(symbol, today_start, now)
        last = tape.rows[-1] if tape.rows else None
        fallback = from_units(day.close, row.price_decimals)
        return Ticker(
            symbol=symbol,
            bid=book.bids[0].price if book.bids else Decimal(0),
            bid_qty=book.bids[0].qty if book.bids else Decimal(0),
            ask=book.asks[0].price if book.asks else Decimal(0),
            ask_qty=book.asks[0].qty if book.asks else Decimal(0),
            last=last.price if last else fallback,
            last_qty=last.qty if last else from_units(0, row.lot_decimals),
            today=_window(row, today),
            day=_window(row, day),
            ts=venue.now_ns,
        )

    def _window(self, symbol: str, first: int, now: int) -> Bar:
        """All bars of the minutes from `first` to `now`, both included."""
        held = self._day.get(f"{symbol} {first}")
        if held is None or held[0] != now:
            past = self._merged(symbol, first, now)
            held = (now, past)
            self._day = {key: each for key, each in self._day.items() if each[0] == now}
            self._day[f"{symbol} {first}"] = held
        found = None if held[1] is None else held[1].copy()
        current = self._venue.tapes[symbol].bars.get(now)
        if current is not None:
            if found is None:
                found = current.copy()
            else:
                found.merge(current)
        if found is None:
            found = Bar(self._venue.tapes[symbol].last_units)
        return found

    def _merged(self, symbol: str, first: int, until: int) -> Bar | None:
        found: Bar | None = None
        session = self._venue.tapes[symbol].bars
        past = self._past_bars(symbol, fine=True)
        for minute in range(first, until):
            bar = session.get(minute) or past.get(minute)
            if bar is None:
                continue
            if found is None:
                found = bar.copy()
            else:
                found.merge(bar)
        return found

    def _bars(self, symbol: str, minutes: int, first: int) -> tuple[dict[int, Bar], int | None]:
        """Bars of an interval from `first` on by their first minute, and the close before them."""
        fine = minutes <= 30
        found: dict[int, Bar] = {}
        close: int | None = None
        past = self._past_bars(symbol, fine=fine)
        for source in (past, self._venue.tapes[symbol].bars):
            for minute, bar in source.items():
                start = _aligned(minute, minutes)
                if start < first:
                    close = bar.close
                    continue
                held = found.get(start)
                if held is None:
                    found[start] = bar.copy()
                else:
                    held.merge(bar)
        return found, close

    def _past_bars(self, symbol: str, *, fine: bool) -> dict[int, Bar]:
        """Bars before the start: of minutes, or of hours and the started hour's minutes."""
        held = self._past.get((symbol, fine))
        if held is None:
            if self._before is None:
                self._before = _Before(self._seed, self._first_hour, self._started_ns)
            held = self._past[symbol, fine] = self._made(symbol, self._before, fine=fine)
        return held

    def _made(self, symbol: str, before: _Before, *, fine: bool) -> dict[int, Bar]:
        started_hour = before.start_minute - before.start_minute % MINUTES
        minutes = self._minute_bars(symbol, before)
        if fine:
            return minutes
        path, column = self._fair(symbol, before.hours), _COLUMN[PAIRS[symbol].numerator]
        row = self._venue.instruments[symbol]
        bars = _drawn_bars(
            self._seed,
            row,
            path,
            before.hour_volatility[:, column],
            first=before.first_hour,
            minutes=MINUTES,
        )
        recent = {at: bar for at, bar in minutes.items() if at >= started_hour}
        return {**bars, **recent}

    def _minute_bars(self, symbol: str, before: _Before) -> dict[int, Bar]:
        path, column = self._fair(symbol, before.minutes), _COLUMN[PAIRS[symbol].numerator]
        row = self._venue.instruments[symbol]
        volatility = before.minute_volatility[:, column]
        return _drawn_bars(self._seed, row, path, volatility, first=before.first_minute, minutes=1)

    def _fair(self, symbol: str, prices: F64) -> F64:
        """The pair's own path, joined to a recording if it is played."""
        pair = PAIRS[symbol]
        path: F64 = prices[:, _COLUMN[pair.numerator]]
        if pair.denominator is not None:
            path = path / prices[:, _COLUMN[pair.denominator]]
        return path * self._scale(symbol)


def _drawn_bars(
    seed: int, row: Instrument, path: F64, volatility: F64, *, first: int, minutes: int
) -> dict[int, Bar]:
    """Bars between the points of a path; extremes, volume and counts drawn; keyed by minute."""
    count = len(path) - 1
    keys = keys_of(seed, (row.symbol,), f"past {minutes}")
    high, low, size, trades = units(words(keys, first, count, 4))[:, 0].T
    opens, closes = path[:-1], path[1:]
    tick = float(row.tick)
    usd = PAIRS[row.symbol].daily_usd * minutes / _DAY_MINUTES
    hours = (np.arange(first, first + count) * minutes // MINUTES) % 24
    busy = np.array(HOUR_VOLUME)[hours] * (0.45 + 0.22 / (size + 0.08))
    # Extremes beyond both ends: up to 0.9 of the bar's volatility, near none most often.
    highs = np.maximum(opens, closes) * (1.0 + 0.9 * volatility * high * high)
    lows = np.minimum(opens, closes) * (1.0 - 0.9 * volatility * low * low)
    in_ticks = np.maximum(np.rint(np.stack((opens, highs, lows, closes)) / tick), 1.0)
    quantity = np.maximum(np.rint(usd * busy / closes / float(row.lot)), 1.0)
    counts = np.rint(usd * busy / _TICKET_USD * (0.5 + trades))
    ticks = in_ticks.astype(np.int64).tolist()
    tick_units, lot_units = int(row.tick * UNIT), int(row.lot * UNIT)
    found: dict[int, Bar] = {}
    rows = zip(*ticks, quantity.tolist(), counts.tolist(), strict=True)
    for place, (opening, top, bottom, closing, lots, number) in enumerate(rows):
        if number < 1.0:
            continue
        bar = Bar(opening * tick_units)
        bar.high, bar.low, bar.close = top * tick_units, bottom * tick_units, closing * tick_units
        bar.volume, bar.count = int(lots) * lot_units, int(number)
        bar.value = bar.volume * ((bar.open + bar.high + bar.low + bar.close) // 4)
        found[(first + place) * minutes] = bar
    return found


def _aligned(minute: int, minutes: int) -> int:
    """The first minute of the candle in which a minute lies; weeks begin as the epoch's do."""
    return minute - minute % minutes


def _candle(row: Instrument, start: int, bar: Bar) -> Candle:
    decimals = row.price_decimals
    window = _window(row, bar)
    return Candle(
        open_ns=start * MINUTE_NS,
        open=from_units(bar.open, decimals),
        high=window.high,
        low=window.low,
        close=from_units(bar.close, decimals),
        vwap=window.vwap if bar.count else Decimal("0.0"),
        volume=window.volume,
        count=bar.count,
    )


def _window(row: Instrument, bar: Bar) -> Window:
    decimals = row.price_decimals
    vwap = Decimal(0)
    if bar.volume:
        vwap = Decimal(bar.value) / Decimal(bar.volume) / UNIT
    return Window(
        first=from_units(bar.open, decimals),
        high=from_units(bar.high, decimals),
        low=from_units(bar.low, decimals),
        volume=from_units(bar.volume, row.lot_decimals),
        vwap=rounded(vwap, decimals),
        count=bar.count,
    )
