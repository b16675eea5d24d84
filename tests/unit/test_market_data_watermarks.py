"""At every full hour each stream tells how far it has come; a start tells where it resumes."""

from __future__ import annotations

from actors.instant import HOUR_NS, MINUTE_NS, SECOND_NS
from actors.messages.control import Tick
from actors.messages.ingestion import Watermark
from tests.market_data_run import (
    START,
    MarketDataRun,
    book,
    books,
    candles,
    config_of,
    flat,
    run_started,
    trades,
)

TWO = ("XBT/USD", "ETH/USD")
BOTH = {0: book(10.0, 11.0), 1: book(20.0, 21.0)}


def begun() -> MarketDataRun:
    run = MarketDataRun(config_of(TWO))
    run.send(run_started(TWO), START)
    return run


def told(run: MarketDataRun) -> list[Watermark]:
    """The watermarks since this was last asked."""
    found = [each for each in run.told if isinstance(each, Watermark)]
    run.told.clear()
    return found


def pass_to(run: MarketDataRun, at: int) -> list[Watermark]:
    run.send(Tick(at), at)
    return told(run)


def test_a_stream_tells_its_newest_instants_and_counts_at_the_full_hour() -> None:
    run = begun()
    run.send(trades(START + 1, {0: (10.0, 1.0), 1: (20.0, 1.0)}, {0: 7, 1: 90}), START + 1)
    run.send(trades(START + 5, {0: (10.0, 1.0)}, {0: 8}), START + 5)
    run.send(books(START + 9, BOTH), START + 9)
    assert pass_to(run, START + HOUR_NS - 1) == []
    assert pass_to(run, START + HOUR_NS) == [
        Watermark(START + HOUR_NS, "trade", False, (START + 5, START + 1), (2, 1), (8, 90)),
        Watermark(START + HOUR_NS, "book", False, (START + 9, START + 9), (1, 1), ()),
    ]


def test_what_is_late_or_repeated_is_not_taken() -> None:
    """Nor is an unsound book; so a watermark says what the bars and prices were made of."""
    run = begun()
    run.send(trades(START + 61 * SECOND_NS, {0: (10.0, 1.0)}, {0: 7}), START + 61 * SECOND_NS)
    run.send(trades(START + 62 * SECOND_NS, {0: (10.0, 1.0)}, {0: 7}), START + 62 * SECOND_NS)
    run.send(trades(START + 5, {0: (10.0, 1.0)}, {0: 9}), START + 63 * SECOND_NS)
    run.send(books(START + MINUTE_NS, {0: book(12.0, 11.0)}), START + 64 * SECOND_NS)
    (told_of,) = pass_to(run, START + HOUR_NS)
    assert (told_of.stream, told_of.taken) == ("trade", (1, 0))
    assert told_of.newest_ts == (START + 61 * SECOND_NS, 0)


def test_a_silence_costs_one_watermark_and_the_next_slice_begins_again() -> None:
    run = begun()
    run.send(books(START, BOTH), START)
    assert len(pass_to(run, START + 50 * HOUR_NS)) == 1
    assert pass_to(run, START + 60 * HOUR_NS) == []
    at = START + 60 * HOUR_NS + 5
    run.send(books(at, {1: BOTH[1]}), at)
    (again,) = pass_to(run, START + 61 * HOUR_NS)
    assert (again.taken, again.newest_ts) == ((0, 1), (START, at))


def test_candles_tell_their_opens_and_warm_up_is_in_the_first_watermark() -> None:
    run = MarketDataRun(config_of(TWO, bar_interval_ns=HOUR_NS))
    for hour in range(4):
        rows = {0: flat(10.0), 1: flat(20.0)} if hour != 2 else {0: flat(10.0)}
        open_ts = START + hour * HOUR_NS
        warm_up = hour < 2
        run.send(candles(open_ts, rows, HOUR_NS, warm_up=warm_up), open_ts + HOUR_NS)
    (first,) = told(run)
    assert (first.stream, first.ts) == ("candle", START + 4 * HOUR_NS)
    assert (first.taken, first.newest_ts) == ((3, 2), (START + 2 * HOUR_NS, START + HOUR_NS))


def test_a_restart_tells_first_what_the_run_resumes_from() -> None:
    """Every slice stands in one watermark, also those of the hour that the stop cut short."""
    run = begun()
    assert told(run) == [], "a fresh account resumes from nothing"
    run.send(trades(START + 1, {0: (10.0, 1.0)}, {0: 7}), START + 1)
    run.cut()
    run.send(run_started(TWO, gapless=True), START + 2)
    assert told(run) == [Watermark(START + 2, "trade", True, (START + 1, 0), (1, 0), (7, 0))]
    run.send(trades(START + 5, {1: (20.0, 1.0)}, {1: 90}), START + 5)
    (first,) = pass_to(run, START + HOUR_NS)
    assert (first.taken, first.newest_ts) == ((0, 1), (START + 1, START + 5))


def test_an_hour_that_passed_while_it_was_stopped_is_told_first() -> None:
    run = begun()
    run.send(books(START + 1, BOTH), START + 1)
    run.cut()
    at = START + HOUR_NS + 7
    run.send(run_started(TWO, gapless=True), at)
    hour, resumed = told(run)
    assert (hour.ts, hour.resumed, hour.taken) == (START + HOUR_NS, False, (1, 1))
    assert (resumed.ts, resumed.resumed, resumed.taken) == (at, True, (0, 0))


def test_no_watermark_moves_back_when_instants_do() -> None:
    run = begun()
    run.send(books(START + 9, BOTH), START + 9)
    run.send(books(START + 3, BOTH), START + 10)
    (first,) = pass_to(run, START + HOUR_NS)
    assert (first.newest_ts, first.taken) == ((START + 9, START + 9), (1, 1))
    run = MarketDataRun(config_of(TWO, bar_interval_ns=HOUR_NS))
    run.send(run_started(TWO), START)
    run.send(trades(START + 9, {1: (20.0, 1.0)}), START + 9)
    run.send(trades(START + 3, {1: (20.0, 1.0)}), START + 10)
    (first,) = pass_to(run, START + HOUR_NS)
    assert (first.newest_ts, first.taken) == ((0, START + 9), (0, 2)), "late, but within its bar"
