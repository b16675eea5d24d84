"""The markets of a simulated Kraken: prices go on from the first opening, planted ones drift."""

from __future__ import annotations

import numpy as np
import pytest

from adapters.kraken_simulator.exchange import Exchange
from adapters.kraken_simulator.instruments import INSTRUMENTS
from adapters.kraken_simulator.past import Before
from adapters.kraken_simulator.paths import NAMES, MarketKind, paths_of
from adapters.kraken_simulator.walk import HOUR_NS

ORIGIN = 498_000
MINUTE_NS = HOUR_NS // 60


@pytest.mark.parametrize("kind", ["natural", "planted"])
def test_a_later_opening_walks_the_same_hours(kind: MarketKind) -> None:
    whole = paths_of(kind, 7, origin_hour=ORIGIN, hour=ORIGIN)
    hours = [whole.next() for _ in range(5)]
    later = paths_of(kind, 7, origin_hour=ORIGIN, hour=ORIGIN + 3)
    number, prices, volatility = later.next()
    assert number == hours[3][0] == ORIGIN + 3
    assert np.array_equal(prices, hours[3][1])
    assert np.array_equal(volatility, hours[3][2])
    before, fine = later.before()
    assert [each.number for each in before[-4:]] == list(range(ORIGIN - 1, ORIGIN + 3))
    assert np.array_equal(fine[-1][0], hours[2][1])
    assert np.array_equal(before[-1].closes, prices[0])


def test_the_past_of_a_later_opening_ends_where_it_begins() -> None:
    paths = paths_of("planted", 7, origin_hour=ORIGIN, hour=ORIGIN + 2)
    first = paths.next()
    bars = Before(7, paths, first, (ORIGIN + 2) * HOUR_NS).minutes(INSTRUMENTS["BTC/USD"], 1.0)
    closes = bars.ticks[3] * float(INSTRUMENTS["BTC/USD"].tick)
    assert closes[-1] == pytest.approx(first[1][0, NAMES.index("BTC")], rel=1e-5)


def test_every_minute_of_a_planted_past_was_traded() -> None:
    paths = paths_of("planted", 7, origin_hour=ORIGIN, hour=ORIGIN)
    before = Before(7, paths, paths.next(), ORIGIN * HOUR_NS)
    for symbol in ("BTC/USD", "KAS/USD", "APT/USD"):
        bars = before.minutes(INSTRUMENTS[symbol], 1.0)
        assert len(bars.counts) == 36 * 60
        assert bars.counts.min() >= 1


def test_a_planted_minute_moves_as_an_hour_and_its_past_tells_its_future() -> None:
    paths = paths_of("planted", 7, origin_hour=ORIGIN, hour=ORIGIN)
    cryptos = [place for place, name in enumerate(NAMES) if paths.usual[place] > 0.005]
    minutes = np.concatenate([paths.next()[1][1:, cryptos] for _ in range(300)])
    returns = minutes[1:] / minutes[:-1] - 1.0
    spread = returns.std(axis=0) / paths.usual[cryptos]
    assert 0.8 < np.median(spread) < 1.6
    past = minutes[12:-12] / minutes[:-24] - 1.0
    future = minutes[24:] / minutes[12:-12] - 1.0
    same = np.mean(np.sign(past) == np.sign(future))
    # Without drift it is a half; what the shipped model reads is this.
    assert same > 0.57
    natural = paths_of("natural", 7, origin_hour=ORIGIN, hour=ORIGIN)
    quiet = np.concatenate([natural.next()[1][1:, cryptos] for _ in range(300)])
    past, future = quiet[12:-12] / quiet[:-24], quiet[24:] / quiet[12:-12]
    assert abs(np.mean((past > 1.0) == (future > 1.0)) - 0.5) < 0.03


def test_others_trade_every_planted_pair_in_every_minute() -> None:
    started = ORIGIN * HOUR_NS
    symbols = ("BTC/USD", "KAS/USD", "SHIB/USD")
    exchange = Exchange(seed=7, started_ns=started, symbols=symbols, market="planted")
    exchange.advance(started + 10 * MINUTE_NS)
    for symbol in symbols:
        minutes = {each.ts // MINUTE_NS for each in exchange.last_trades(symbol, 20_000)}
        assert len(minutes) >= 10
        book = exchange.book(symbol, 10)
        assert book.bids[0].price < book.asks[0].price
