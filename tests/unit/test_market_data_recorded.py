"""market_data on recorded Kraken data: trades give exactly the candles recorded beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from pyarrow import feather

from actors.instant import HOUR_NS, MILLISECOND_NS, MINUTE_NS
from actors.messages.arrays import sealed, sealed_ints
from actors.messages.control import Tick
from actors.messages.market import BarSlice, CandleSlice, MarketFlag, TradeSlice
from tests.market_data_run import MarketDataRun, config_of, run_started

SYMBOL = ("BTC/USDT",)
CANDLES = 5_388
# The recorder fetched pages of a thousand and lost one trade at every seam; Kraken's trade ids,
# which run by one, show it. The candles beside it were made without the lost trades.
LOST_TRADES = 26
GAP = int(MarketFlag.GAP)


def recorded_trades(path: Path, *, with_ids: bool = False) -> Iterator[TradeSlice]:
    """One slice a venue millisecond, aggregated as the edge does it."""
    table = feather.read_table(path)
    stamps = table["timestamp"].to_numpy() * MILLISECOND_NS
    ids = [int(text) for text in table["id"].to_pylist()]
    price, amount = table["price"].to_numpy(), table["amount"].to_numpy()
    cost, bought = table["cost"].to_numpy(), np.array(table["side"].to_pylist()) == "buy"
    starts = np.flatnonzero(np.diff(stamps, prepend=-1))
    only = sealed_ints([0])
    for low, high in zip(starts, [*starts[1:], len(stamps)], strict=True):
        p, q = price[low:high], amount[low:high]
        volume, turnover = float(np.add.accumulate(q)[-1]), float(cost[low:high].sum())
        buys = float(q[bought[low:high]].sum())
        row = [p[0], p.max(), p.min(), p[-1], volume, turnover, len(p), buys]
        rows = sealed(np.array([row], dtype=np.float64))
        named = ((ids[low],), (ids[high - 1],)) if with_ids else ((), ())
        yield TradeSlice(int(stamps[low]), only, rows, *named)


def recorded_candles(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Open times (ns) and rows [T, 5] of a candle file."""
    table = feather.read_table(path)
    opens = table["date"].to_numpy().astype("datetime64[ns]").astype(np.int64)
    names = ("open", "high", "low", "close", "volume")
    return opens, np.column_stack([table[name].to_numpy() for name in names])


def traded(bars: list[BarSlice]) -> tuple[np.ndarray, np.ndarray]:
    """Open times and rows of the bars in which something traded."""
    full = [bar for bar in bars if not np.isnan(bar.rows[0, 0])]
    return np.array([bar.open_ts for bar in full]), np.array([bar.rows[0, :5] for bar in full])


def test_recorded_trades_reproduce_every_recorded_one_minute_candle(
    recorded: Callable[[str], Path],
) -> None:
    opens, rows = recorded_candles(recorded("kraken/freqtrade/Kblack0610__BTC_USDT-1m.feather"))
    run = MarketDataRun(config_of(SYMBOL))
    run.send(run_started(SYMBOL), int(opens[0]))
    for body in recorded_trades(recorded("kraken/freqtrade/Kblack0610__BTC_USDT-trades.feather")):
        run.send(body, body.ts)
    end = int(opens[-1]) + MINUTE_NS
    run.send(Tick(end), end)
    found_opens, found = traded(run.bars())
    assert len(opens) == CANDLES
    assert found_opens.tolist() == opens.tolist()
    assert found[:, :4].tolist() == rows[:, :4].tolist()
    # The recording's volumes were summed in another order.
    np.testing.assert_allclose(found[:, 4], rows[:, 4], rtol=1e-12, atol=0.0)
    state = run.kernel.actor("market_data").state
    assert (state.late_trades, state.repeated_trades, state.trade_gaps) == (0, 0, 0)
    every_minute = np.arange(int(opens[0]), end, MINUTE_NS).tolist()
    assert [bar.open_ts for bar in run.bars()] == every_minute


def test_trade_ids_show_the_trades_that_the_recording_lost_between_its_pages(
    recorded: Callable[[str], Path],
) -> None:
    path = recorded("kraken/freqtrade/Kblack0610__BTC_USDT-trades.feather")
    first = 1_700_179_200 * 1_000_000_000
    run = MarketDataRun(config_of(SYMBOL))
    run.send(run_started(SYMBOL), first)
    for body in recorded_trades(path, with_ids=True):
        run.send(body, body.ts)
    state = run.kernel.actor("market_data").state
    assert (state.trade_gaps, state.repeated_trades) == (LOST_TRADES, 0)
    assert run.notes().count("lost_trades") == LOST_TRADES
    whole, _ = traded(run.bars())
    without = MarketDataRun(config_of(SYMBOL))
    without.send(run_started(SYMBOL), first)
    for body in recorded_trades(path):
        without.send(body, body.ts)
    all_opens, _ = traded(without.bars())
    torn = sorted({*all_opens.tolist()} - {*whole.tolist()})
    assert 0 < len(torn) <= LOST_TRADES
    marked = {mark.ts - mark.ts % MINUTE_NS for mark in run.marks() if mark.flags[0] & GAP}
    assert marked >= {*torn}


def test_recorded_trades_and_their_candles_give_the_same_hourly_bars(
    recorded: Callable[[str], Path],
) -> None:
    opens, rows = recorded_candles(recorded("kraken/freqtrade/Kblack0610__BTC_USDT-1m.feather"))
    config = config_of(SYMBOL, bar_interval_ns=HOUR_NS)
    by_trades, by_candles = MarketDataRun(config), MarketDataRun(config)
    by_trades.send(run_started(SYMBOL), int(opens[0]))
    for body in recorded_trades(recorded("kraken/freqtrade/Kblack0610__BTC_USDT-trades.feather")):
        by_trades.send(body, body.ts)
    for open_ts, row in zip(opens, rows, strict=True):
        matrix = sealed(np.array([[*row, 1.0]]))
        slice_ = CandleSlice(int(open_ts), MINUTE_NS, sealed_ints([0]), matrix)
        by_candles.send(slice_, int(open_ts) + MINUTE_NS)
    trade_opens, trade_rows = traded(by_trades.bars())
    candle_opens, candle_rows = traded(by_candles.bars())
    assert trade_opens.tolist() == candle_opens.tolist()
    assert len(trade_opens) == 128
    assert trade_rows[:, :4].tolist() == candle_rows[:, :4].tolist()
    np.testing.assert_allclose(trade_rows[:, 4], candle_rows[:, 4], rtol=1e-12, atol=0.0)
