"""The simulated market as series: hours and minutes of the process, trades and books of days."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from adapters.kraken_simulator.exchange import Exchange
from adapters.kraken_simulator.profiles import PROCESSES
from adapters.kraken_simulator.walk import HourlyWalk, Minutes

F64 = NDArray[np.float64]
HOURS: Final = 24 * 365 * 4
MINUTE_HOURS: Final = 24 * 120
FIRST_HOUR: Final = 490_000
SECOND_NS: Final = 1_000_000_000
START_NS: Final = 1_790_000_000 * SECOND_NS
DAY_SECONDS: Final = 86_400
PLAIN: Final = {"EUR", "USDC", "USDT", "USDCAD"}


def hours_and_minutes(seed: int) -> tuple[F64, F64]:
    """Hourly returns f64[hours, assets] and minute closes f64[minutes, assets] of the cryptos."""
    assets = {name: each for name, each in PROCESSES.items() if name not in PLAIN}
    walk, minutes = HourlyWalk(seed, assets, FIRST_HOUR), Minutes(seed, tuple(assets))
    closes, fine = [walk.price], []
    for number in range(HOURS):
        hour = walk.next()
        closes.append(hour.closes)
        if number < MINUTE_HOURS:
            fine.append(minutes.of(hour)[0][1:])
    prices = np.array(closes)
    return prices[1:] / prices[:-1] - 1.0, np.concatenate(fine)


def tape_of(
    seed: int, days: int
) -> tuple[tuple[F64, F64, F64], list[tuple[list[float], list[float], list[float]]]]:
    """Trades of BTC/USD (seconds, USD, side) and, every ten seconds, ten levels of ETH/USD."""
    pair, other = "BTC/USD", "ETH/USD"
    exchange = Exchange(seed=seed, started_ns=START_NS, symbols=(pair, other))
    seconds: list[float] = []
    notional: list[float] = []
    sides: list[float] = []
    books = []
    after_ns = START_NS
    for step in range(1, days * DAY_SECONDS // 10 + 1):
        exchange.advance(START_NS + step * 10 * SECOND_NS)
        for trade in exchange.trades(pair, after_ns=after_ns, count=10_000):
            after_ns = trade.ts
            seconds.append(trade.ts / SECOND_NS)
            notional.append(float(trade.price * trade.qty))
            sides.append(float(trade.side == "buy"))
        book = exchange.book(other, 10)
        asks = [float(level.price) for level in book.asks]
        shown = [float(level.price * level.qty) for level in book.asks]
        books.append(([float(level.price) for level in book.bids], asks, shown))
    return (np.array(seconds), np.array(notional), np.array(sides)), books
