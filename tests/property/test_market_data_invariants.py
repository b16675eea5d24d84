"""Invariants of market_data: bars are what happened, however it was told or cut."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from actors.instant import MINUTE_NS, SECOND_NS
from actors.messages.arrays import sealed, sealed_ints
from actors.messages.base import Message
from actors.messages.control import ClockSkew, Reactivate, Tick
from actors.messages.market import BarSlice, CandleSlice, FeedEvent, TradeSlice
from tests.market_data_run import (
    START,
    MarketDataRun,
    book,
    books,
    candles,
    config_of,
    run_started,
    status,
    trades,
)

N = 3
MINUTES = 6


class Print(msgspec.Struct, frozen=True):
    """One trade. Prices and quantities are multiples of 1/16, so that sums are exact."""

    ts: int
    symbol: int
    price: float
    quantity: float


sixteenths = st.integers(1, 4_000).map(lambda steps: steps / 16.0)
prints = st.lists(
    st.builds(
        Print,
        st.integers(0, MINUTES * 60 - 1).map(lambda second: START + second * SECOND_NS),
        st.integers(0, N - 1),
        sixteenths,
        sixteenths,
    ),
    min_size=1,
    max_size=40,
).map(lambda found: sorted(found, key=lambda each: each.ts))


def naive(found: Sequence[Print]) -> list[list[list[float]]]:
    """The naive bar builder: for every minute and symbol, look at its trades from scratch."""
    bars = []
    for minute in range(MINUTES):
        low = START + minute * MINUTE_NS
        rows: list[list[float]] = []
        for symbol in range(N):
            mine = [p for p in found if p.symbol == symbol and low <= p.ts < low + MINUTE_NS]
            rows.append([])
            if mine:
                price = [p.price for p in mine]
                sums = [sum(p.quantity for p in mine), float(len(mine))]
                rows[-1] = [price[0], max(price), min(price), price[-1], *sums]
        bars.append(rows)
    return bars


def aggregated(group: Sequence[Print]) -> TradeSlice:
    """What the edge makes of a group of trades: one lossless row a symbol, any order of symbols."""
    rows: dict[int, list[float]] = {}
    for each in reversed(group):
        rows.setdefault(each.symbol, [])
    for symbol, row in rows.items():
        mine = [p for p in group if p.symbol == symbol]
        price = [p.price for p in mine]
        quantity = sum(p.quantity for p in mine)
        turnover = sum(p.quantity * p.price for p in mine)
        row += [price[0], max(price), min(price), price[-1], quantity, turnover, len(mine), 0.0]
    matrix = sealed(np.array(list(rows.values()), dtype=np.float64))
    return TradeSlice(group[-1].ts, sealed_ints(list(rows)), matrix)


def listening(settle_ns: int = 0) -> MarketDataRun:
    run = MarketDataRun(config_of(settle_ns=settle_ns))
    run.send(run_started(), START)
    # The grid opens with the first message; a book that says nothing of prices is one.
    run.send(books(START, {0: book(2.0, 1.0)}), START)
    return run


def rows_of(bars: Sequence[BarSlice]) -> list[list[list[float]]]:
    return [[[] if row[0] != row[0] else row for row in bar.rows.tolist()] for bar in bars]


@given(prints, st.data())
def test_bars_equal_a_naive_builder_however_trades_are_grouped(
    found: list[Print], data: st.DataObject
) -> None:
    run = listening()
    end = START + MINUTES * MINUTE_NS
    for _, minute in itertools.groupby(found, key=lambda each: (each.ts - START) // MINUTE_NS):
        waiting = list(minute)
        while waiting:
            size = data.draw(st.integers(1, len(waiting)))
            group, waiting = waiting[:size], waiting[size:]
            run.send(aggregated(group), group[-1].ts)
    run.send(Tick(end), end)
    assert rows_of(run.bars()) == naive(found)
    assert [bar.open_ts for bar in run.bars()] == [
        START + minute * MINUTE_NS for minute in range(MINUTES)
    ]


@given(prints, st.lists(st.integers(0, 58), min_size=N, max_size=N))
def test_a_bar_that_settles_takes_delayed_trades_by_their_venue_time(
    found: list[Print], delays_s: list[int]
) -> None:
    run = listening(settle_ns=59 * SECOND_NS)
    arrivals = [
        (each.ts + delays_s[each.symbol] * SECOND_NS, order, each)
        for order, each in enumerate(found)
    ]
    for at, _, each in sorted(arrivals, key=lambda arrival: arrival[:2]):
        run.send(trades(each.ts, {each.symbol: (each.price, each.quantity)}), at)
    end = START + (MINUTES + 1) * MINUTE_NS
    run.send(Tick(end), end)
    # Listening began while the minute before START was still settling.
    assert rows_of(run.bars()[:1]) == [[[], [], []]]
    assert rows_of(run.bars()[1:]) == naive(found)


@given(prints, st.sets(st.integers(0, MINUTES * 60 - 1)))
def test_the_bar_timer_fires_alike_in_dense_and_in_sparse_input(
    found: list[Print], ticks: set[int]
) -> None:
    end = START + MINUTES * MINUTE_NS
    moments: list[tuple[int, int, Message]] = [
        (p.ts, 1, trades(p.ts, {p.symbol: (p.price, p.quantity)})) for p in found
    ]
    sparse, dense = listening(), listening()
    for at, _, body in moments:
        sparse.send(body, at)
    idle = [(START + s * SECOND_NS, 0, Tick(START + s * SECOND_NS)) for s in sorted(ticks)]
    for at, _, body in sorted([*moments, *idle], key=lambda each: each[:2]):
        dense.send(body, at)
    sparse.send(Tick(end), end)
    dense.send(Tick(end), end)
    assert sparse.emissions() == dense.emissions()


candle_rows = st.lists(sixteenths, min_size=4, max_size=4).flatmap(
    lambda p: st.tuples(st.just((p[0], max(p), min(p), p[1])), sixteenths, st.integers(0, 9)).map(
        lambda each: (*each[0], each[1], float(each[2]))
    )
)
minute_candles = st.lists(
    st.dictionaries(st.integers(0, N - 1), candle_rows, max_size=N), min_size=12, max_size=12
)


def direct(parts: Sequence[dict[int, tuple[float, ...]]]) -> list[list[float]]:
    """A long candle straight from its short ones."""
    rows: list[list[float]] = []
    for symbol in range(N):
        mine = [part[symbol] for part in parts if symbol in part]
        rows.append([])
        if mine:
            high, low = max(row[1] for row in mine), min(row[2] for row in mine)
            sums = [sum(row[4] for row in mine), sum(row[5] for row in mine)]
            rows[-1] = [mine[0][0], high, low, mine[-1][3], *sums]
    return rows


@given(minute_candles, st.sampled_from([1, 2, 3, 4, 6]))
def test_merged_candles_equal_direct_aggregation(
    parts: list[dict[int, tuple[float, ...]]], length: int
) -> None:
    run = MarketDataRun(config_of(bar_interval_ns=length * MINUTE_NS))
    parts = [{0: (1.0, 1.0, 1.0, 1.0, 1.0, 1.0)}, *parts[1:]]
    for minute, part in enumerate(parts):
        open_ts = START + minute * MINUTE_NS
        if part:
            run.send(candles(open_ts, part), open_ts + MINUTE_NS)
    last = START + 12 * MINUTE_NS
    run.send(candles(last, {0: (1.0, 1.0, 1.0, 1.0, 1.0, 1.0)}), last + MINUTE_NS)
    expected = [direct(parts[k : k + length]) for k in range(0, 12, length)]
    assert rows_of(run.bars())[: len(expected)] == expected


@given(minute_candles, st.permutations(range(N)), st.integers(1, N - 1))
def test_order_and_grouping_of_symbols_in_slices_do_not_matter(
    parts: list[dict[int, tuple[float, ...]]], order: list[int], split: int
) -> None:
    straight = MarketDataRun(config_of(bar_interval_ns=3 * MINUTE_NS))
    shuffled = MarketDataRun(config_of(bar_interval_ns=3 * MINUTE_NS))
    for minute, part in enumerate(parts):
        open_ts = START + minute * MINUTE_NS
        at = open_ts + MINUTE_NS
        ordered = {symbol: part[symbol] for symbol in order if symbol in part}
        if part:
            straight.send(candles(open_ts, dict(sorted(part.items()))), at)
        # The candle that closes a bar comes in one slice; others may come in several.
        whole = (minute + 1) % 3 == 0
        groups = [order] if whole else [order[:split], order[split:]]
        for group in groups:
            rows = {symbol: row for symbol, row in ordered.items() if symbol in group}
            if rows:
                shuffled.send(candles(open_ts, rows), at)
    assert straight.emissions() == shuffled.emissions()


def _message(kind: int, symbol: int, steps: int, at: int) -> Message:
    price = 1.0 + steps / 16.0
    match kind:
        case 0:
            return trades(at, {symbol: (price, 1.0)})
        case 1:
            return books(at, {symbol: book(price, price + (steps % 5 - 1) / 16.0)})
        case 2:
            return status(list(FeedEvent)[steps % len(FeedEvent)], at, symbol - 1, "trade")
        case 3:
            return ClockSkew(steps % 2)
        case 4:
            return Reactivate("risk", "again")
        case 5:
            return trades(at + (steps - 100) * SECOND_NS // 2, {symbol: (price, 1.0)})
        case 6:
            return trades(at - 40 * SECOND_NS, {symbol: (price * 50.0, 1.0)}, {symbol: steps})
        case _:
            return Tick(at)


histories = st.lists(
    st.tuples(st.integers(0, 8), st.integers(0, N - 1), st.integers(0, 200), st.integers(0, 100)),
    min_size=1,
    max_size=30,
)


def _play(run: MarketDataRun, history: Sequence[tuple[int, int, int, int]], cut: int) -> None:
    warm = dict.fromkeys(range(N - 1), (5.0, 5.0, 5.0, 5.0, 1.0, 1.0))
    run.send(candles(START, warm, warm_up=True), START + MINUTE_NS)
    at = START + MINUTE_NS
    for number, (kind, symbol, steps, seconds) in enumerate(history):
        if number == cut:
            run.cut()
        at += seconds * SECOND_NS
        run.send(_message(kind, symbol, steps, at), at)
        state = run.kernel.actor("market_data").state
        assert state.forming_symbols == np.count_nonzero(~np.isnan(state.forming[0]))
        assert state.following_symbols == np.count_nonzero(~np.isnan(state.following[0]))
    run.send(Tick(at + 3 * MINUTE_NS), at + 3 * MINUTE_NS)


@given(histories, st.integers(0, 29))
def test_a_snapshot_cut_anywhere_changes_no_emission(
    history: list[tuple[int, int, int, int]], cut: int
) -> None:
    config = config_of(heartbeat_ns=7 * SECOND_NS, settle_ns=2 * SECOND_NS)
    straight, broken = MarketDataRun(config), MarketDataRun(config)
    _play(straight, history, -1)
    _play(broken, history, cut)
    assert straight.emissions() == broken.emissions()
    assert straight.kernel.root == broken.kernel.root


@given(histories)
def test_marks_are_complete_and_time_never_runs_backwards(
    history: list[tuple[int, int, int, int]],
) -> None:
    run = MarketDataRun(config_of(heartbeat_ns=7 * SECOND_NS))
    _play(run, history, -1)
    for mark in run.marks():
        assert mark.flags.dtype == np.dtype("<i4")
        assert (mark.flags >= 0).all()
        assert (mark.flags < 256).all()
        assert (mark.rows[:, 3] >= 0.0).all()
        known = ~np.isnan(mark.rows[:, 0])
        assert (mark.rows[known, 0] <= mark.rows[known, 1]).all()
        assert not np.isnan(mark.rows[:, 5]).any()
        # A symbol without a price may never look sound.
        assert (mark.flags[~known] != 0).all()
    stamps = [mark.ts for mark in run.marks()]
    assert stamps == sorted(stamps)
    opens = [bar.open_ts for bar in run.bars()]
    assert opens == sorted({*opens})
    assert all(later - earlier == MINUTE_NS for earlier, later in itertools.pairwise(opens))


def test_a_candle_slice_in_index_order_takes_the_same_way_as_any_other() -> None:
    rows = dict.fromkeys(range(N), (5.0, 6.0, 4.0, 5.5, 2.0, 3.0))
    fast, slow = MarketDataRun(config_of()), MarketDataRun(config_of())
    for minute in range(3):
        body = candles(START + minute * MINUTE_NS, rows)
        at = body.open_ts + MINUTE_NS
        fast.send(body, at)
        # Writable rows and a reversed index leave both shortcuts.
        reverse = sealed_ints(list(reversed(range(N))))
        slow.send(CandleSlice(body.open_ts, MINUTE_NS, reverse, body.rows[::-1].copy()), at)
    assert fast.emissions() == slow.emissions()
