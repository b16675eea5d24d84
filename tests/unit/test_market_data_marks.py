"""Marks and soundness: what closes the entry gate, what opens it, and which price is believed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from actors.instant import MINUTE_NS, SECOND_NS
from actors.messages.arrays import sealed, sealed_ints
from actors.messages.control import ClockSkew, Reactivate, Tick
from actors.messages.market import FeedEvent, MarketFlag, MarkSlice, TradeSlice
from tests.market_data_run import (
    START,
    MarketDataRun,
    book,
    books,
    candles,
    config_of,
    flat,
    run_started,
    status,
    trades,
)

ALL = {0: flat(10.0), 1: flat(20.0), 2: flat(30.0)}
QUOTES = {0: book(9.0, 11.0), 1: book(19.0, 21.0), 2: book(29.0, 31.0)}


def quoted(**settings: Any) -> MarketDataRun:
    """A run whose symbols all have a sound book since START."""
    run = MarketDataRun(config_of(**settings))
    run.send(run_started(), START)
    run.send(books(START, QUOTES), START)
    return run


def flags(run: MarketDataRun, at: int) -> list[int]:
    """What a heartbeat-free mark says at `at`: provoked by a clock that jumps and is repaired."""
    run.send(ClockSkew(1), at)
    run.send(ClockSkew(0), at)
    return [int(flag) for flag in run.marks()[-1].flags]


def test_candles_assume_half_a_spread_around_the_close_and_the_bar_as_depth() -> None:
    run = MarketDataRun(config_of(candle_half_spread_ratio=0.25))
    run.send(candles(START, {0: flat(8.0, 3.0)}), START + MINUTE_NS)
    assert run.marks()[0].rows[0].tolist() == [6.0, 10.0, 8.0, 0.0, 0.5, 24.0]


def test_a_bar_without_trades_promises_no_depth() -> None:
    run = MarketDataRun(config_of())
    run.send(candles(START, ALL), START + MINUTE_NS)
    run.send(candles(START + MINUTE_NS, {1: flat(20.0, 2.0)}), START + 2 * MINUTE_NS)
    assert run.marks()[-1].rows[:, 5].tolist() == [0.0, 40.0, 0.0]


def test_a_symbol_is_not_listed_until_its_first_data() -> None:
    run = MarketDataRun(config_of())
    run.send(candles(START, {1: flat(8.0)}), START + MINUTE_NS)
    mark = run.marks()[0]
    absent = MarketFlag.NOT_LISTED | MarketFlag.STALE
    assert mark.flags.tolist() == [absent, 0, absent]
    assert np.isnan(mark.rows[0, [0, 1, 2, 4]]).all()


def test_a_price_that_nothing_confirmed_for_long_is_stale() -> None:
    run = quoted(stale_after_ns=10 * SECOND_NS)
    run.send(books(START + 5 * SECOND_NS, {0: book(9.0, 11.0)}), START + 5 * SECOND_NS)
    at = START + 12 * SECOND_NS
    assert flags(run, at) == [0, MarketFlag.STALE, MarketFlag.STALE]
    assert run.marks()[-1].rows[:, 3].tolist() == [7.0, 12.0, 12.0]


def test_a_book_gives_quotes_spread_and_the_thinner_side_as_depth() -> None:
    run = quoted()
    levels = book(9.0, 11.0, 2.0)
    levels[1], levels[11] = 8.0, 10.0
    run.send(books(START, {0: levels}), START)
    assert flags(run, START) == [0, 0, 0]
    assert run.marks()[-1].rows[0].tolist() == [9.0, 11.0, 10.0, 0.0, 0.2, 22.0]


@pytest.mark.parametrize(
    "levels",
    [book(11.0, 9.0), book(10.0, 10.0), book(float("nan"), 10.0), book(9.0, float("nan"))],
    ids=["crossed", "locked", "no bid", "no ask"],
)
def test_an_unsound_book_is_flagged_at_once_and_not_used(levels: list[float]) -> None:
    run = quoted()
    (mark,) = run.send(books(START + SECOND_NS, {1: levels}), START + SECOND_NS)
    assert isinstance(mark, MarkSlice)
    assert mark.flags.tolist() == [0, MarketFlag.CROSSED, 0]
    assert mark.rows[1, :3].tolist() == [19.0, 21.0, 20.0]
    (mark,) = run.send(books(START + 2 * SECOND_NS, QUOTES), START + 2 * SECOND_NS)
    assert isinstance(mark, MarkSlice)
    assert mark.flags.tolist() == [0, 0, 0]


SETS = [
    (FeedEvent.GAP, MarketFlag.GAP, FeedEvent.RESYNCED),
    (FeedEvent.STALE, MarketFlag.STALE, FeedEvent.RESYNCED),
    (FeedEvent.STALE, MarketFlag.STALE, FeedEvent.ONLINE),
    (FeedEvent.CROSSED, MarketFlag.CROSSED, FeedEvent.RESYNCED),
    (FeedEvent.CHECKSUM, MarketFlag.CHECKSUM, FeedEvent.RESYNCED),
    (FeedEvent.CORRUPT, MarketFlag.CHECKSUM, FeedEvent.RESYNCED),
    (FeedEvent.MAINTENANCE, MarketFlag.VENUE_STATUS, FeedEvent.ONLINE),
    (FeedEvent.CANCEL_ONLY, MarketFlag.VENUE_STATUS, FeedEvent.ONLINE),
    (FeedEvent.POST_ONLY, MarketFlag.VENUE_STATUS, FeedEvent.ONLINE),
    (FeedEvent.LIMIT_ONLY, MarketFlag.VENUE_STATUS, FeedEvent.ONLINE),
    (FeedEvent.REDUCE_ONLY, MarketFlag.VENUE_STATUS, FeedEvent.ONLINE),
    (FeedEvent.NOT_LISTED, MarketFlag.VENUE_STATUS, FeedEvent.ONLINE),
]


@pytest.mark.parametrize(("event", "flag", "repair"), SETS)
@pytest.mark.parametrize("symbol", [-1, 1])
def test_every_fault_closes_the_gate_at_once_and_its_repair_opens_it(
    event: FeedEvent, flag: MarketFlag, repair: FeedEvent, symbol: int
) -> None:
    run = quoted()
    (mark,) = run.send(status(event, START, symbol), START)
    assert isinstance(mark, MarkSlice)
    assert mark.flags.tolist() == [flag if symbol in {-1, k} else 0 for k in range(3)]
    assert run.send(status(event, START, symbol), START) == []
    (mark,) = run.send(status(repair, START, symbol), START)
    assert isinstance(mark, MarkSlice)
    assert mark.flags.tolist() == [0, 0, 0]


@pytest.mark.parametrize("event", [FeedEvent.GAP, FeedEvent.STALE, FeedEvent.CHECKSUM])
def test_a_fresh_sound_book_repairs_a_data_fault_of_its_own_symbol(event: FeedEvent) -> None:
    run = quoted()
    run.send(status(event, START + SECOND_NS), START + SECOND_NS)
    faulty = run.marks()[-1].flags.tolist()
    run.send(books(START, {0: book(9.0, 11.0)}), START + SECOND_NS)
    assert run.marks()[-1].flags.tolist() == faulty, "a book from before the fault proves nothing"
    run.send(books(START + 2 * SECOND_NS, {0: book(9.0, 11.0)}), START + 2 * SECOND_NS)
    assert run.marks()[-1].flags.tolist() == [0, *faulty[1:]]


def test_the_venue_coming_back_does_not_lift_what_it_said_of_one_symbol() -> None:
    run = quoted()
    run.send(status(FeedEvent.CANCEL_ONLY, START, 2), START)
    run.send(status(FeedEvent.MAINTENANCE, START), START)
    run.send(status(FeedEvent.ONLINE, START), START)
    assert run.marks()[-1].flags.tolist() == [0, 0, MarketFlag.VENUE_STATUS]


def test_a_skewed_clock_makes_everything_unsound_until_it_is_repaired() -> None:
    run = quoted()
    run.send(ClockSkew(2 * SECOND_NS), START)
    assert run.marks()[-1].flags.tolist() == [MarketFlag.CLOCK_SKEW] * 3
    run.send(ClockSkew(0), START)
    assert run.marks()[-1].flags.tolist() == [0, 0, 0]


def test_a_status_of_an_unknown_symbol_is_refused() -> None:
    run = quoted()
    result = run.step(status(FeedEvent.GAP, START, 3), START)
    assert "outside -1..2" in result.outcome.failures[0].error


@pytest.mark.parametrize("stream", ["trade", "connection"])
def test_lost_trades_leave_a_gap_until_a_full_bar_has_closed(stream: str) -> None:
    run = quoted()
    run.send(trades(START, {0: (10.0, 1.0)}), START)
    run.send(status(FeedEvent.GAP, START, 0, stream), START)
    run.send(status(FeedEvent.RESYNCED, START, 0, stream), START)
    shown = [run.marks()[-1].flags[0]]
    for minute in (1, 2):
        at = START + minute * MINUTE_NS
        run.send(trades(at, {0: (10.0, 1.0)}), at)
        shown.append(run.marks()[-1].flags[0] & MarketFlag.GAP)
    assert shown == [MarketFlag.GAP, MarketFlag.GAP, 0]
    assert [bool(np.isnan(bar.rows[0, 0])) for bar in run.bars()] == [True, False]


def test_a_hole_in_the_trade_ids_is_a_gap() -> None:
    run = quoted()
    run.send(trades(START, {0: (10.0, 1.0), 1: (20.0, 1.0)}, {0: 5, 1: 5}), START)
    (mark,) = run.send(trades(START, {0: (10.0, 1.0), 1: (20.0, 1.0)}, {0: 6, 1: 7}), START)
    assert isinstance(mark, MarkSlice)
    assert mark.flags.tolist() == [0, MarketFlag.GAP, 0]
    assert run.notes() == ["lost_trades"]


def test_a_new_segment_does_not_soften_a_gap_that_is_shown() -> None:
    run = quoted()
    run.send(status(FeedEvent.GAP, START, stream="trade"), START)
    run.send(status(FeedEvent.RESYNCED, START, stream="trade"), START)
    at = START + MINUTE_NS
    run.send(books(at, QUOTES), at)
    run.send(run_started(), at)
    assert flags(run, at) == [MarketFlag.GAP] * 3
    run.send(books(at + MINUTE_NS, QUOTES), at + MINUTE_NS)
    assert flags(run, at + MINUTE_NS) == [MarketFlag.GAP] * 3


def test_a_reactivation_drops_the_forming_bar_and_shows_a_gap() -> None:
    run = quoted()
    run.send(trades(START, {0: (10.0, 1.0)}), START)
    (mark,) = run.send(Reactivate("risk", "looked into"), START + SECOND_NS)
    assert isinstance(mark, MarkSlice)
    assert mark.flags.tolist() == [MarketFlag.GAP] * 3
    for minute in (1, 2):
        at = START + minute * MINUTE_NS
        run.send(books(at, QUOTES), at)
        run.send(trades(at, {0: (10.0, 1.0)}), at)
    assert np.isnan(run.bars()[0].rows).all()
    assert flags(run, START + 2 * MINUTE_NS) == [0, 0, 0]


def test_a_reactivation_of_a_core_that_ran_on_drops_nothing() -> None:
    """A trading halt lets nothing go: no bar is lost by lifting it, or by lifting what is none."""
    run = quoted()
    run.send(trades(START, {0: (10.0, 1.0)}), START)
    lifted = Reactivate("risk", "looked into", hole=False)
    assert run.send(lifted, START + SECOND_NS) == []
    at = START + MINUTE_NS
    run.send(trades(at, {0: (11.0, 1.0)}), at)
    assert run.bars()[0].rows[0, 3] == 10.0


def test_a_feed_that_goes_on_where_it_stopped_tears_no_bar() -> None:
    """A restart within a bar costs nothing when nothing was missed; live, the bar has a hole."""
    for gapless in (True, False):
        run = quoted()
        run.send(trades(START, {0: (10.0, 1.0)}), START)
        run.send(run_started(gapless=gapless), START + SECOND_NS)
        at = START + MINUTE_NS
        run.send(trades(at, {0: (11.0, 1.0)}), at)
        assert np.isnan(run.bars()[0].rows[0]).all() == (not gapless)


@pytest.mark.parametrize("price", [1.0, 100.0])
def test_one_print_far_off_moves_no_mark_and_is_noted_once(price: float) -> None:
    run = quoted()
    run.send(trades(START, {0: (10.0, 1.0)}), START)
    run.send(trades(START, {0: (price, 1.0)}), START)
    assert flags(run, START) == [0, 0, 0]
    assert run.marks()[-1].rows[0, 2] == 10.0
    assert run.notes() == ["outlier_print"]


def test_a_second_print_near_the_first_confirms_it() -> None:
    run = quoted()
    run.send(trades(START, {0: (1.0, 1.0)}), START)
    run.send(trades(START, {0: (1.1, 1.0)}), START)
    flags(run, START)
    assert run.marks()[-1].rows[0, 2] == 1.1
    assert run.notes() == ["outlier_print"]


def test_two_prints_of_one_aggregate_confirm_each_other() -> None:
    run = quoted()
    pair = np.array([[1.0, 1.1, 1.0, 1.1, 2.0, 2.1, 2.0, 0.0]])
    run.send(TradeSlice(START, sealed_ints([0]), sealed(pair)), START)
    flags(run, START)
    assert run.marks()[-1].rows[0, 2] == 1.1
    assert run.notes() == []


def test_a_book_near_the_print_confirms_it() -> None:
    run = quoted()
    run.send(trades(START, {0: (1.0, 1.0)}), START)
    run.send(books(START, {0: book(0.9, 1.1)}), START)
    flags(run, START)
    assert run.marks()[-1].rows[0, 2] == 1.0


def test_a_print_back_in_line_clears_the_suspicion() -> None:
    run = quoted()
    for price in (1.0, 10.0, 1.0):
        run.send(trades(START, {0: (price, 1.0)}), START)
    flags(run, START)
    assert run.marks()[-1].rows[0, 2] == 10.0
    assert run.notes() == ["outlier_print", "outlier_print"]


def test_a_bar_keeps_the_print_that_marks_do_not_believe() -> None:
    run = quoted()
    run.send(trades(START, {0: (10.0, 1.0)}), START)
    run.send(trades(START, {0: (1.0, 1.0)}), START)
    run.send(Tick(START + MINUTE_NS), START + MINUTE_NS)
    assert run.bars()[0].rows[0, 2:4].tolist() == [1.0, 1.0]
    assert run.marks()[-1].rows[0, 2] == 10.0


def test_a_trade_does_not_vouch_for_a_silent_book() -> None:
    run = quoted(stale_after_ns=10 * SECOND_NS)
    at = START + 30 * SECOND_NS
    run.send(trades(at, {0: (10.0, 1.0)}), at)
    assert flags(run, at) == [MarketFlag.STALE] * 3


def test_without_any_book_a_trade_confirms_its_price() -> None:
    run = MarketDataRun(config_of(stale_after_ns=10 * SECOND_NS))
    run.send(run_started(), START)
    run.send(trades(START, {0: (10.0, 1.0)}), START)
    assert flags(run, START + 5 * SECOND_NS)[0] == 0
    assert flags(run, START + 15 * SECOND_NS)[0] == MarketFlag.STALE


def test_a_book_older_than_the_one_held_is_left_out() -> None:
    run = quoted()
    run.send(books(START + 2 * SECOND_NS, {0: book(12.0, 13.0)}), START + 2 * SECOND_NS)
    run.send(books(START + SECOND_NS, {0: book(1.0, 2.0)}), START + 3 * SECOND_NS)
    flags(run, START + 3 * SECOND_NS)
    assert run.marks()[-1].rows[0, :2].tolist() == [12.0, 13.0]


def test_a_run_for_other_symbols_is_refused() -> None:
    run = MarketDataRun(config_of())
    result = run.step(run_started(("XBT/USD",)), START)
    assert "symbols" in result.outcome.failures[0].error
