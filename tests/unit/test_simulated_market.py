"""The seeded market behind the simulated exchange: books, trades, candles, names, equal bits."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest

from adapters.kraken_simulator.conduct import Conduct
from adapters.kraken_simulator.events import BookChange, Trade
from adapters.kraken_simulator.exchange import Exchange
from adapters.kraken_simulator.instruments import (
    INSTRUMENTS,
    UNIVERSE,
)
from adapters.kraken_simulator.orders import AddOrder
from adapters.kraken_simulator.views import AccountSpec
from tests.quiet_exchange import PAIR, SECOND, START

MINUTE = 60 * SECOND
LEVELS = Conduct(book_levels=60)
PROGRAM = "from tests.unit.test_simulated_market import *; print(digest_of_a_minute(MINUTE))"


def market(seed: int = 3, symbols: tuple[str, ...] = UNIVERSE, **conduct: float) -> Exchange:
    wanted = msgspec.structs.replace(LEVELS, **conduct)
    return Exchange(seed=seed, started_ns=START, symbols=symbols, conduct=wanted)


def digest_of_a_minute(step: int, symbols: tuple[str, ...] = UNIVERSE) -> str:
    """All events of one minute, however often the exchange is advanced."""
    exchange, digest = market(symbols=symbols), hashlib.sha256()
    for now_ns in range(START + step, START + MINUTE + 1, step):
        for event in exchange.advance(now_ns):
            digest.update(msgspec.json.encode(event))
    return digest.hexdigest()


def test_how_often_it_is_advanced_changes_nothing() -> None:
    pairs = ("BTC/USD", "ETH/BTC")
    whole = digest_of_a_minute(MINUTE, pairs)
    assert digest_of_a_minute(SECOND // 10, pairs) == whole
    assert digest_of_a_minute(3 * SECOND, pairs) == whole


def test_a_pair_walks_alike_in_every_selection_of_pairs() -> None:
    alone, among = market(symbols=(PAIR,)), market()
    alone.advance(START + MINUTE)
    among.advance(START + MINUTE)
    assert alone.book(PAIR, 60) == among.book(PAIR, 60)
    assert alone.last_trades(PAIR, 99) == among.last_trades(PAIR, 99)


def test_other_hash_seeds_and_other_vector_units_tell_the_same(repository: Path) -> None:
    code = "import numpy; print(*numpy._core._multiarray_umath.__cpu_dispatch__)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    plain = {"NPY_DISABLE_CPU_FEATURES": told.stdout.strip()}
    found = set()
    for changed in ({"PYTHONHASHSEED": "1"}, {"PYTHONHASHSEED": "2", **plain}):
        run = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "PYTHONPATH": str(repository), **changed},
            cwd=repository,
            capture_output=True,
            check=True,
            text=True,
        )
        found.add(run.stdout)
    assert len(found) == 1


def test_another_seed_is_another_market() -> None:
    assert market(1).book(PAIR, 9) != market(2).book(PAIR, 9)


@pytest.mark.parametrize("symbol", list(INSTRUMENTS))
def test_every_pair_has_a_deep_book_on_its_own_grid(symbol: str) -> None:
    exchange = market(symbols=(symbol,), book_levels=1_000)
    exchange.advance(START + 20 * SECOND)
    book, row = exchange.book(symbol, 2_000), exchange.instrument(symbol)
    assert min(len(book.bids), len(book.asks)) >= 990
    bids, asks = [each.price for each in book.bids], [each.price for each in book.asks]
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert bids[0] < asks[0]
    assert bids[-1] > 0
    assert all(price % row.tick == 0 for price in bids + asks)
    assert all(each.qty > 0 and each.qty % row.lot == 0 for each in book.bids + book.asks)
    # The spread is a few ticks or some hundredths of a per cent.
    assert asks[0] - bids[0] <= max(8 * row.tick, asks[0] / 300)


@pytest.mark.parametrize("symbol", ["AVAX/USD", "TON/USD"])
def test_moves_and_sweeps_leave_no_hole_near_the_touch(symbol: str) -> None:
    exchange = market(5, symbols=(symbol,), book_levels=1_000)
    for minutes in range(5, 21, 5):
        exchange.advance(START + minutes * MINUTE)
        book = exchange.book(symbol, 10)
        for side in (book.bids, book.asks):
            assert abs(side[9].price / side[0].price - 1) < Decimal("0.012")


def test_trades_are_numbered_on_the_grid_and_within_the_book() -> None:
    exchange = market(symbols=(PAIR,), trade_rate=5.0)
    events = exchange.advance(START + 3 * MINUTE)
    trades = [each for each in events if isinstance(each, Trade)]
    assert len(trades) > 100
    assert [each.trade_id for each in trades] == list(
        range(trades[0].trade_id, trades[0].trade_id + len(trades))
    )
    assert {each.side for each in trades} == {"buy", "sell"}
    assert {each.order_type for each in trades} == {"market", "limit"}
    times = [each.ts for each in trades]
    assert times == sorted(times)
    assert (
        exchange.trades(PAIR, after_ns=times[50], count=20)
        == tuple(each for each in trades if each.ts > times[50])[:20]
    )
    assert exchange.last_trades(PAIR, 7) == tuple(trades[-7:])


def test_rates_scale_how_much_others_do() -> None:
    quiet = market(symbols=(PAIR,), trade_rate=0.0, book_rate=0.0)
    busy = market(symbols=(PAIR,), trade_rate=1.0, book_rate=5.0)
    counts = [
        sum(
            len(event.changes)
            for event in exchange.advance(START + MINUTE)
            if isinstance(event, BookChange)
        )
        for exchange in (quiet, busy)
    ]
    assert counts[1] > 2 * counts[0] > 0


def test_an_account_order_that_the_price_passes_is_taken() -> None:
    exchange = Exchange(
        seed=3,
        started_ns=START,
        symbols=(PAIR,),
        accounts=(AccountSpec(account="ann", balances={"USD": Decimal(10**6)}),),
        conduct=LEVELS,
    )
    best = exchange.book(PAIR, 1).bids[0].price
    request = AddOrder(
        symbol=PAIR,
        side="buy",
        order_type="limit",
        qty=Decimal(1),
        limit_price=best - Decimal("2.0"),
    )
    placed = exchange.add_order("ann", request, now_ns=START)
    exchange.advance(START + 30 * MINUTE)
    order = exchange.order("ann", str(placed.order_id))
    assert order is not None
    low = min(each.price for each in exchange.last_trades(PAIR, 10_000))
    assert low < best - 2
    assert (order.status, order.filled_qty) == ("closed", Decimal(1))
    assert all(each.is_maker for each in exchange.fills("ann"))


def test_an_index_stop_follows_the_fair_price() -> None:
    exchange = Exchange(
        seed=3,
        started_ns=START,
        symbols=(PAIR,),
        accounts=(AccountSpec(account="ann", balances={"BTC": Decimal(1)}),),
        conduct=LEVELS,
    )
    request = AddOrder(
        symbol=PAIR,
        side="sell",
        order_type="stop-loss",
        qty=Decimal("0.01"),
        trigger_price=exchange.book(PAIR, 1).bids[0].price * 2,
        trigger_reference="index",
    )
    exchange.add_order("ann", request, now_ns=START)
    assert exchange.open_orders("ann") != ()
    exchange.advance(START + SECOND)
    assert [each.status for each in exchange.closed_orders("ann")] == ["closed"]


@pytest.fixture(scope="module")
def two_minutes() -> Exchange:
    """One pair, two minutes after the start."""
    exchange = market(symbols=(PAIR,))
    exchange.advance(START + 2 * MINUTE)
    return exchange


@pytest.mark.parametrize("minutes", [1, 5, 15, 30, 60, 240, 1_440])
def test_candles_reach_back_before_the_start_without_a_hole(
    two_minutes: Exchange, minutes: int
) -> None:
    exchange = two_minutes
    candles = exchange.candles(PAIR, minutes, 721)
    assert len(candles) == 721
    step = minutes * MINUTE
    assert [each.open_ns for each in candles] == [
        candles[0].open_ns + index * step for index in range(721)
    ]
    assert candles[-1].open_ns <= exchange.now_ns < candles[-1].open_ns + step
    for each in candles:
        assert each.low <= min(each.open, each.close) <= max(each.open, each.close) <= each.high
        assert each.count == 0 or each.low <= each.vwap <= each.high
    closes = np.array([float(each.close) for each in candles])
    assert np.max(np.abs(np.diff(closes) / closes[:-1])) < 0.25


def test_thin_and_crossed_pairs_have_candles_too() -> None:
    exchange = market(symbols=("TON/USD", "ETH/BTC"))
    for symbol, middle in (("TON/USD", 5.8), ("ETH/BTC", 1_775 / 63_500)):
        candles = exchange.candles(symbol, 1, 721)
        assert len(candles) == 721
        flat = [each for each in candles if not each.count]
        assert all(each.open == each.close and each.volume == 0 for each in flat)
        assert 0.5 < float(candles[-1].close) / middle < 2.0
        assert exchange.ticker(symbol).day.count > 0
    # Nothing has traded yet: the last candle stands at the last close.
    assert exchange.candles("TON/USD", 1, 1)[0].count == 0


def test_long_candles_are_as_many_as_there_is_history(two_minutes: Exchange) -> None:
    candles = two_minutes.candles(PAIR, 10_080, 721)
    assert 100 <= len(candles) <= 105


def test_the_price_goes_on_over_the_full_hour() -> None:
    hour = 60 * MINUTE
    before = START - START % hour + hour - 5 * SECOND
    exchange = Exchange(seed=3, started_ns=before, symbols=(PAIR,), conduct=LEVELS)
    asks = []
    for step in range(1, 101):
        exchange.advance(before + step * SECOND // 10)
        asks.append(float(exchange.book(PAIR, 1).asks[0].price))
    assert exchange.now_ns > before + 9 * SECOND
    assert max(abs(later / earlier - 1) for earlier, later in pairwise(asks)) < 0.003


def test_a_swept_side_is_quoted_again() -> None:
    exchange = Exchange(
        seed=3,
        started_ns=START,
        symbols=(PAIR,),
        accounts=(AccountSpec(account="ann", balances={"USD": Decimal(10**12)}),),
        conduct=LEVELS,
    )
    request = AddOrder(
        symbol=PAIR, side="buy", order_type="market", qty=Decimal(10**5), no_mpp=True
    )
    best = exchange.book(PAIR, 1).asks[0].price
    exchange.add_order("ann", request, now_ns=START)
    assert exchange.book(PAIR, 9).asks == ()
    exchange.advance(START + 30 * SECOND)
    book = exchange.book(PAIR, 99)
    assert len(book.asks) >= 50
    assert abs(book.asks[0].price / best - 1) < Decimal("0.01")


def test_far_account_orders_do_not_stretch_the_book_of_others() -> None:
    exchange = Exchange(
        seed=3,
        started_ns=START,
        symbols=(PAIR,),
        accounts=(AccountSpec(account="ann", balances={"BTC": Decimal(1)}),),
        conduct=LEVELS,
    )
    price = exchange.book(PAIR, 1).asks[0].price * 3
    request = AddOrder(
        symbol=PAIR, side="sell", order_type="limit", qty=Decimal(1), limit_price=price
    )
    exchange.add_order("ann", request, now_ns=START)
    exchange.events()
    events = exchange.advance(START + 20 * SECOND)
    touched = [
        change
        for event in events
        if isinstance(event, BookChange)
        for change in event.changes
        if change.price == price
    ]
    assert touched == []
    assert exchange.book(PAIR, 999).asks[-1].price == price


def test_a_minute_without_a_trade_is_a_flat_candle() -> None:
    exchange = market(symbols=(PAIR,), trade_rate=0.0)
    exchange.halt_market()
    exchange.advance(START + 5 * MINUTE)
    last = exchange.candles(PAIR, 1, 3)[-1]
    assert last.open == last.high == last.low == last.close
    assert (last.count, str(last.volume), str(last.vwap)) == (0, "0E-8", "0.0")


def test_the_ticker_is_made_of_the_tape_and_the_book() -> None:
    exchange = market(symbols=(PAIR,))
    exchange.advance(START + 5 * MINUTE)
    ticker, book = exchange.ticker(PAIR), exchange.book(PAIR, 1)
    assert (ticker.bid, ticker.ask) == (book.bids[0].price, book.asks[0].price)
    assert ticker.last == exchange.last_trades(PAIR, 1)[0].price
    assert ticker.day.volume >= ticker.today.volume > 0
    assert ticker.day.low <= ticker.day.vwap <= ticker.day.high
    before = ticker.day.count
    exchange.print_trade(PAIR, Decimal("1.0"), Decimal(2), now_ns=exchange.now_ns)
    again = exchange.ticker(PAIR)
    assert (again.day.count, again.day.low, again.last) == (
        before + 1,
        Decimal(1),
        Decimal(1),
    )


def test_the_ticker_of_a_market_that_never_traded_knows_the_last_close() -> None:
    exchange = market(symbols=(PAIR,))
    assert exchange.ticker(PAIR).last == exchange.candles(PAIR, 1, 2)[0].close
