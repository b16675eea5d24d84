"""Candles and tickers of one exchange: minute bars of the session, and before it `past`."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from adapters.kraken_simulator.book import UNIT, from_units
from adapters.kraken_simulator.errors import Refusal, argument
from adapters.kraken_simulator.fees import rounded
from adapters.kraken_simulator.instruments import Instrument
from adapters.kraken_simulator.market import Market
from adapters.kraken_simulator.past import DAY_MINUTES, Bars, Before
from adapters.kraken_simulator.paths import Paths
from adapters.kraken_simulator.tape import MINUTE_NS, Bar
from adapters.kraken_simulator.venue import Venue
from adapters.kraken_simulator.views import Candle, Ticker, Window

INTERVALS: Final = (1, 5, 15, 30, 60, 240, 1_440, 10_080, 21_600)
_FINE: Final = 30
"""Up to this interval candles are made of minutes, beyond it of hours."""


class History:
    """Reads candles and tickers of one exchange."""

    def __init__(self, venue: Venue, market: Market, seed: int, paths: Paths) -> None:
        self._venue = venue
        self._seed = seed
        self._paths = paths
        # The market is asked for its first hour now: later it stands in another one.
        self._first_hour = market.minutes_of_hour()
        self._scale = market.scale
        self._started_ns = venue.now_ns
        self._start_minute = venue.now_ns // MINUTE_NS
        self._before: Before | None = None
        self._minutes: dict[str, Bars] = {}
        self._hours: dict[str, Bars] = {}
        self._windows: dict[tuple[str, int], tuple[int, Bar | None]] = {}

    def candles(self, symbol: str, minutes: int, count: int) -> tuple[Candle, ...]:
        """The newest `count` candles, the last one unfinished; flat where nothing traded."""
        row = self._venue.instrument(symbol)
        if minutes not in INTERVALS:
            raise Refusal(argument("interval"))
        now = self._venue.now_ns // MINUTE_NS
        newest = now - now % minutes
        first = newest - (count - 1) * minutes
        bars = self._bars(symbol, minutes, first, now)
        close = None if first in bars else self._close_before(symbol, minutes, first)
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
        day = self._window(symbol, now - DAY_MINUTES, now)
        today = self._window(symbol, now - now % DAY_MINUTES, now)
        last = tape.rows[-1] if tape.rows else None
        nothing = from_units(0, row.lot_decimals)
        return Ticker(
            symbol=symbol,
            bid=book.bids[0].price if book.bids else Decimal(0),
            bid_qty=book.bids[0].qty if book.bids else nothing,
            ask=book.asks[0].price if book.asks else Decimal(0),
            ask_qty=book.asks[0].qty if book.asks else nothing,
            last=last.price if last else from_units(day.close, row.price_decimals),
            last_qty=last.qty if last else nothing,
            today=_window(row, today),
            day=_window(row, day),
            ts=venue.now_ns,
        )

    def _window(self, symbol: str, first: int, now: int) -> Bar:
        """All trades of the minutes from `first` to `now`; flat at the last close without any."""
        held = self._windows.get((symbol, first))
        if held is None or held[0] != now:
            self._windows = {key: each for key, each in self._windows.items() if each[0] == now}
            held = (now, self._merged(symbol, range(first, now)))
            self._windows[symbol, first] = held
        found = None if held[1] is None else held[1].copy()
        current = self._minute(symbol, now)
        if found is not None and current is not None:
            found.merge(current)
        found = found or current
        return found or Bar(self._close_before(symbol, 1, now) or 0)

    def _merged(self, symbol: str, minutes: range) -> Bar | None:
        found: Bar | None = None
        for minute in minutes:
            bar = self._minute(symbol, minute)
            if found is None:
                found = bar
            elif bar is not None:
                found.merge(bar)
        return found

    def _minute(self, symbol: str, minute: int) -> Bar | None:
        """A copy of a minute's bar: of the session, else of what was before it."""
        found = self._past_minutes(symbol).at(minute) if minute < self._start_minute else None
        session = self._venue.tapes[symbol].bars.get(minute)
        return found if session is None else session.copy()

    def _bars(self, symbol: str, minutes: int, first: int, now: int) -> dict[int, Bar]:
        """Bars of an interval from `first` on, by their first minute."""
        started_hour = self._start_minute - self._start_minute % 60
        found: dict[int, Bar] = {}
        past = self._past_hours(symbol)
        minute = max(first, past.first * past.length)
        while minute <= now:
            # Hours are whole before the hour of the start.
            is_hour = minutes > _FINE and minute < started_hour
            bar = past.at(minute) if is_hour else self._minute(symbol, minute)
            start = minute - minute % minutes
            if bar is not None and start in found:
                found[start].merge(bar)
            elif bar is not None:
                found[start] = bar
            minute += 60 if is_hour else 1
        return found

    def _close_before(self, symbol: str, minutes: int, first: int) -> int | None:
        """The last close before a minute: of the session, else of what was before it."""
        for minute in reversed(self._venue.tapes[symbol].bars):
            if minute < first:
                return self._venue.tapes[symbol].bars[minute].close
        past = self._past_minutes(symbol) if minutes <= _FINE else self._past_hours(symbol)
        for minute in range(min(first, past.end) - 1, past.first * past.length - 1, -past.length):
            bar = past.at(minute)
            if bar is not None:
                return bar.close
        return None

    def _past_minutes(self, symbol: str) -> Bars:
        held = self._minutes.get(symbol)
        if held is None:
            row = self._venue.instruments[symbol]
            held = self._minutes[symbol] = self._made().minutes(row, self._scale(symbol))
        return held

    def _past_hours(self, symbol: str) -> Bars:
        held = self._hours.get(symbol)
        if held is None:
            row = self._venue.instruments[symbol]
            held = self._hours[symbol] = self._made().hours(row, self._scale(symbol))
        return held

    def _made(self) -> Before:
        if self._before is None:
            self._before = Before(self._seed, self._paths, self._first_hour, self._started_ns)
        return self._before


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
