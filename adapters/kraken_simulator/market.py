"""The seeded market of all pairs: price processes in steps of 100 ms, and others acting on them.

Steps lie on a grid of absolute time, so how often the exchange is advanced changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import msgspec
import numpy as np

from adapters.kraken_simulator.draws import unit_stream
from adapters.kraken_simulator.fees import rounded
from adapters.kraken_simulator.instruments import Instrument
from adapters.kraken_simulator.liquidity import Liquidity, Take
from adapters.kraken_simulator.paths import NAMES, HourPath, Paths
from adapters.kraken_simulator.profiles import HOUR_VOLUME, PAIRS
from adapters.kraken_simulator.recorded import (
    CandlePath,
    Playback,
    RecordedCandles,
    Recording,
    first_price,
)
from adapters.kraken_simulator.triggers import Triggers
from adapters.kraken_simulator.venue import Venue
from adapters.kraken_simulator.walk import MINUTES, STEP_NS, STEPS, StepPath

_COLUMN: Final = {name: index for index, name in enumerate(NAMES)}
_QUOTES: Final = {"EUR": "EUR", "BTC": "BTC", "USDC": "USDC", "USDT": "USDT"}
_ACTIVITY_MAX: Final = 6.0


@dataclass
class _Minute:
    """The minute at hand: prices [600][names] and how busy each name is."""

    number: int
    prices: list[list[float]]
    busy: list[float]


class Market:
    """Others on every pair of a venue."""

    def __init__(
        self,
        venue: Venue,
        seed: int,
        take: Take,
        triggers: Triggers,
        *,
        paths: Paths,
        opening: str = "",
        recorded: tuple[Recording, ...] = (),
    ) -> None:
        """Others on every pair; `opening` tells one opening of the venue from another."""
        self._venue = venue
        self._triggers = triggers
        self._paths = paths
        self._steps = StepPath(seed, NAMES)
        self._hour = paths.next()
        self._minute = self._made(venue.now_ns // (STEPS * STEP_NS))
        self._step = venue.now_ns // STEP_NS
        self._scales: dict[str, float] = {}
        self._candles: dict[str, CandlePath] = {}
        self._pace = paths.pace
        conduct = msgspec.structs.replace(
            venue.conduct,
            trade_rate=venue.conduct.trade_rate * paths.pace,
            book_rate=venue.conduct.book_rate * paths.pace,
        )
        self._others: dict[str, Liquidity | Playback] = {
            symbol: Liquidity(
                row,
                paths.pair(symbol),
                venue.books[symbol],
                unit_stream(seed, symbol + opening),
                take,
                conduct=conduct,
            )
            for symbol, row in venue.instruments.items()
        }
        for each in recorded:
            self._play(each, take)
        self._open_all()

    @property
    def next_step_ns(self) -> int:
        """When the next step is."""
        return (self._step + 1) * STEP_NS

    def minutes_of_hour(self) -> HourPath:
        """The present hour."""
        return self._hour

    def step(self) -> None:
        """Let others act once on every pair that trades; then fire what was reached."""
        self._step += 1
        now_ns = self._step * STEP_NS
        minute = self._step // STEPS
        if minute != self._minute.number:
            self._minute = self._made(minute)
        prices = self._minute.prices[self._step % STEPS]
        busy = self._minute.busy
        venue = self._venue
        for turn, (symbol, others) in enumerate(self._others.items(), start=self._step):
            if turn % self._pace or symbol in venue.halted or not venue.matches(symbol):
                continue
            pair = PAIRS[symbol]
            column = _COLUMN[pair.numerator]
            fair = prices[column]
            if pair.denominator is not None:
                fair /= prices[_COLUMN[pair.denominator]]
            if symbol in self._candles:
                fair = self._candles[symbol].at(now_ns)
            others.step(fair, self._usd(others.row.quote, prices), busy[column], now_ns)
            if venue.waiting[symbol]:
                row = others.row
                self._triggers.index[symbol] = rounded(Decimal(fair), row.price_decimals)
                self._triggers.run(symbol)
            venue.tell_book(symbol)

    def fair_price(self, symbol: str) -> float:
        """The price around which others quote now."""
        if symbol in self._candles:
            return self._candles[symbol].at(self._venue.now_ns)
        pair = PAIRS[symbol]
        prices = self._minute.prices[self._step % STEPS]
        under = 1.0 if pair.denominator is None else prices[_COLUMN[pair.denominator]]
        return prices[_COLUMN[pair.numerator]] / under

    def scale(self, symbol: str) -> float:
        """What the process's price must be multiplied with to join a recording at the start."""
        return self._scales.get(symbol, 1.0)

    def regrid(self, row: Instrument) -> None:
        """Others take back their quotes and quote anew on a changed grid."""
        others = self._others[row.symbol]
        now_ns = self._venue.now_ns
        others.withdraw(now_ns)
        others.learn(row)
        self._open(others)

    def _play(self, recording: Recording, take: Take) -> None:
        """Put a recording in the place of the seeded market of its pair."""
        symbol, venue = recording.symbol, self._venue
        row = venue.instruments.get(symbol)
        if row is None:
            raise ValueError(f"{symbol} is recorded, but no pair of this exchange")
        self._scales[symbol] = first_price(recording) / self.fair_price(symbol)
        if isinstance(recording, RecordedCandles):
            self._candles[symbol] = CandlePath(recording)
        else:
            self._others[symbol] = Playback(row, recording, venue.books[symbol], venue, take)

    def _open_all(self) -> None:
        for others in self._others.values():
            self._open(others)

    def _open(self, others: Liquidity | Playback) -> None:
        prices = self._minute.prices[self._step % STEPS]
        fair = self.fair_price(others.row.symbol)
        others.open(fair, self._usd(others.row.quote, prices), self._venue.now_ns)

    @staticmethod
    def _usd(quote: str, prices: list[float]) -> float:
        if quote == "USD":
            return 1.0
        if quote == "CAD":
            return 1.0 / prices[_COLUMN["USDCAD"]]
        return prices[_COLUMN[_QUOTES[quote]]]

    def _made(self, minute: int) -> _Minute:
        while minute >= (self._hour[0] + 1) * MINUTES:
            self._hour = self._paths.next()
        number, prices, volatility = self._hour
        place = minute - number * MINUTES
        path = self._steps.of(minute, prices[place], prices[place + 1], volatility[place])
        relative = volatility[place] / self._paths.usual * self._paths.busy
        busy = np.minimum(HOUR_VOLUME[number % 24] * np.sqrt(relative), _ACTIVITY_MAX)
        return _Minute(minute, path.tolist(), busy.tolist())
