"""Every hole is told when it opens and when it closes; one that flaps costs four rows an hour."""

from __future__ import annotations

import pytest

from actors.instant import HOUR_NS, MINUTE_NS, SECOND_NS
from actors.messages.control import ClockSkew, Reactivate, Tick
from actors.messages.ingestion import GapClosed, GapOpened
from actors.messages.market import FeedEvent
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

SOUND = {0: book(10.0, 11.0), 1: book(20.0, 21.0), 2: book(30.0, 31.0)}
CROSSED = {1: book(22.0, 21.0)}
MENDED = {1: book(20.0, 21.0)}


@pytest.fixture
def run() -> MarketDataRun:
    """A run whose three symbols are quoted."""
    run = MarketDataRun(config_of(bar_interval_ns=HOUR_NS))
    run.send(run_started(), START)
    run.send(books(START, SOUND), START)
    return run


def gaps(run: MarketDataRun) -> list[GapOpened | GapClosed]:
    """The gaps told since this was last asked."""
    found = [each for each in run.told if isinstance(each, GapOpened | GapClosed)]
    run.told.clear()
    return found


def after(seconds: float) -> int:
    """An instant of the first hours."""
    return START + int(seconds * SECOND_NS)


def test_a_feeds_fault_opens_a_gap_of_its_symbol_and_its_repair_closes_it(
    run: MarketDataRun,
) -> None:
    run.send(status(FeedEvent.CHECKSUM, after(5), 1), after(5))
    assert gaps(run) == [
        GapOpened(1, "book", 1, "ETH/USD", "checksum", "checksum", after(5)),
    ]
    run.send(status(FeedEvent.CORRUPT, after(6), 1), after(6))
    assert gaps(run) == [], "it is open already"
    run.send(status(FeedEvent.RESYNCED, after(8), 1), after(8))
    assert gaps(run) == [
        GapClosed(1, "book", 1, "ETH/USD", "checksum", "resynced", after(5), after(8), 1),
    ]


def test_a_sound_book_closes_what_it_repairs(run: MarketDataRun) -> None:
    run.send(status(FeedEvent.STALE, after(5)), after(5))
    opened = gaps(run)
    assert [(each.number, each.place, each.kind) for each in opened] == [
        (1, 0, "stale"),
        (2, 1, "stale"),
        (3, 2, "stale"),
    ]
    run.send(books(after(9), MENDED), after(9))
    (closed,) = gaps(run)
    assert isinstance(closed, GapClosed)
    assert (closed.number, closed.symbol, closed.told_by) == (2, "ETH/USD", "sound_book")
    assert (closed.begins, closed.ends) == (after(5), after(9))


def test_what_concerns_the_whole_run_is_one_gap(run: MarketDataRun) -> None:
    run.send(status(FeedEvent.MAINTENANCE, after(5), stream="status"), after(5))
    run.send(ClockSkew(7), after(6))
    run.send(ClockSkew(0), after(7))
    run.send(status(FeedEvent.ONLINE, after(8), stream="status"), after(8))
    told = [(each.number, each.place, each.symbol, each.kind, each.told_by) for each in gaps(run)]
    assert told == [
        (1, -1, "", "venue_status", "maintenance"),
        (2, -1, "", "clock_skew", "clock_skew"),
        (2, -1, "", "clock_skew", "in_step"),
        (1, -1, "", "venue_status", "online"),
    ]


def test_lost_trades_are_a_gap_until_a_whole_bar_has_closed() -> None:
    """The torn bar is missing itself, until the next one is there."""
    run = MarketDataRun(config_of(("XBT/USD",)))
    run.send(run_started(("XBT/USD",)), START)
    run.send(trades(after(1), {0: (10.0, 1.0)}, {0: 5}), after(1))
    run.send(trades(after(9), {0: (10.0, 1.0)}, {0: 8}), after(9))
    assert gaps(run) == [
        GapOpened(1, "trade", 0, "XBT/USD", "lost_trades", "lost_trades", after(9)),
    ]
    run.send(trades(after(61), {0: (10.0, 1.0)}, {0: 9}), after(61))
    assert gaps(run) == [GapOpened(2, "bar", 0, "XBT/USD", "missing_bar", "bar_closed", START)]
    run.send(trades(after(121), {0: (10.0, 1.0)}, {0: 10}), after(121))
    missing, lost = gaps(run)
    assert missing == GapClosed(
        number=2,
        stream="bar",
        place=0,
        symbol="XBT/USD",
        kind="missing_bar",
        told_by="bar_closed",
        begins=START,
        ends=after(60),
        times=1,
    )
    assert isinstance(lost, GapClosed)
    assert (lost.number, lost.kind, lost.ends) == (1, "lost_trades", after(60))


def test_absent_candles_are_a_gap_from_the_first_to_the_next_that_is_there() -> None:
    hours = {0: (0, 1, 4, 5), 1: (0, 1, 2, 3, 4, 5)}
    run = MarketDataRun(config_of(("XBT/USD", "ETH/USD"), bar_interval_ns=HOUR_NS))
    for hour in range(6):
        rows = {place: flat(10.0) for place, there in hours.items() if hour in there}
        open_ts = START + hour * HOUR_NS
        run.send(candles(open_ts, rows, HOUR_NS), open_ts + HOUR_NS)
    opened, closed = gaps(run)
    assert isinstance(opened, GapOpened)
    assert isinstance(closed, GapClosed)
    assert (opened.symbol, opened.begins) == ("XBT/USD", START + 2 * HOUR_NS)
    assert (closed.number, closed.ends) == (opened.number, START + 4 * HOUR_NS)


def test_a_halt_is_a_hole_of_every_symbol(run: MarketDataRun) -> None:
    run.send(Reactivate("anna", "checked"), after(5))
    told = [(each.place, each.kind, each.told_by) for each in gaps(run)]
    assert told == [(place, "lost_trades", "reactivated") for place in range(3)]


def flap(run: MarketDataRun, times: int, began: float = 1) -> float:
    """Cross and mend the second symbol's book at every slice; when that ended."""
    for second in range(times):
        at = began + 2 * second
        run.send(books(after(at), CROSSED), after(at))
        run.send(books(after(at + 1), MENDED), after(at + 1))
    return began + 2 * times


def test_a_symbol_that_flaps_at_every_slice_is_told_four_times_an_hour(
    run: MarketDataRun,
) -> None:
    flap(run, 1000)
    first, ended, held = gaps(run)
    assert isinstance(first, GapOpened)
    assert isinstance(ended, GapClosed)
    assert isinstance(held, GapOpened)
    assert (first.number, ended.number, held.number) == (1, 1, 2)
    run.send(Tick(START + HOUR_NS), START + HOUR_NS)
    (told,) = [each for each in gaps(run) if each.kind == "crossed"]
    assert isinstance(told, GapClosed)
    assert (told.number, told.times, told.told_by) == (2, 999, "sound_book")
    assert (told.begins, told.ends) == (after(3), after(2000))
    at = START + HOUR_NS + 5
    run.send(books(at, MENDED), at)
    run.send(Tick(START + 2 * HOUR_NS), START + 2 * HOUR_NS)
    assert [each for each in gaps(run) if each.kind == "crossed"] == [], "it is told once"


def test_in_no_hour_a_flapping_symbol_is_told_more_than_four_times(run: MarketDataRun) -> None:
    for hour in range(4):
        ended = flap(run, 200, hour * 3600 + 1)
        run.send(books(after(ended), CROSSED), after(ended))
        told = [each for each in gaps(run) if each.kind == "crossed"]
        assert len(told) == (3 if hour == 0 else 4)
    numbers = [gap.number for gap in run.kernel.actor("market_data").state.gaps.values()]
    assert len(numbers) == len(set(numbers)) <= 4


def test_news_alone_are_told_at_the_full_hour_too(run: MarketDataRun) -> None:
    """No slice comes any more: the feed only says that it is stale, and that it is not."""
    run.send(Tick(START + 2 * HOUR_NS), START + 2 * HOUR_NS)
    gaps(run)
    for second in range(1, 9):
        at = START + 2 * HOUR_NS + second * SECOND_NS
        event = FeedEvent.STALE if second % 2 else FeedEvent.RESYNCED
        run.send(status(event, at, 1), at)
    assert len(gaps(run)) == 3
    run.send(Tick(START + 3 * HOUR_NS), START + 3 * HOUR_NS)
    (closed,) = gaps(run)
    assert isinstance(closed, GapClosed)
    assert closed.times == 3


def test_in_history_a_held_gap_is_closed_before_the_next_one_opens() -> None:
    """Warm-up candles arm no timer; the next hour's hole tells that the held one is over."""
    run = MarketDataRun(config_of(("XBT/USD", "ETH/USD")))
    absent = {1, 3, 5, 61}
    for minute in range(63):
        rows = {0: flat(10.0)} if minute in absent else {0: flat(10.0), 1: flat(20.0)}
        open_ts = START + minute * MINUTE_NS
        run.send(candles(open_ts, rows, warm_up=True), open_ts + MINUTE_NS)
    told = gaps(run)
    assert [(type(each).__name__, each.number) for each in told] == [
        ("GapOpened", 1),
        ("GapClosed", 1),
        ("GapOpened", 2),
        ("GapClosed", 2),
        ("GapOpened", 3),
        ("GapClosed", 3),
    ]
    held = told[3]
    assert isinstance(held, GapClosed)
    assert (held.begins, held.ends, held.times) == (after(180), after(360), 2)


def test_a_gap_that_outlasts_its_hour_is_closed_at_once(run: MarketDataRun) -> None:
    """It came back in the first hour, and was not over at the full one."""
    flap(run, 1)
    run.send(books(after(10), CROSSED), after(10))
    run.send(Tick(START + HOUR_NS + 1), START + HOUR_NS + 1)
    before = gaps(run)
    assert [each.kind for each in before].count("crossed") == 3
    at = START + HOUR_NS + 5 * SECOND_NS
    run.send(books(at, MENDED), at)
    (closed,) = [each for each in gaps(run) if each.kind == "crossed"]
    assert isinstance(closed, GapClosed)
    assert (closed.number, closed.ends, closed.times) == (2, at, 1)


def test_open_gaps_outlive_a_restart(run: MarketDataRun) -> None:
    run.send(status(FeedEvent.CHECKSUM, after(5), 1), after(5))
    run.cut()
    run.send(run_started(gapless=True), after(6))
    run.send(status(FeedEvent.RESYNCED, after(8), 1), after(8))
    opened, closed = gaps(run)
    assert (opened.number, closed.number) == (1, 1)


def test_news_from_the_future_or_the_past_leaves_a_sane_span(run: MarketDataRun) -> None:
    """A venue's clock decides nothing: a gap does not begin after we saw it, or end before."""
    run.send(status(FeedEvent.CHECKSUM, after(99), 1), after(5))
    run.send(status(FeedEvent.RESYNCED, after(1), 1), after(6))
    opened, closed = gaps(run)
    assert isinstance(closed, GapClosed)
    assert opened.begins == closed.begins == closed.ends == after(5)


def test_age_alone_is_no_gap() -> None:
    """Nobody traded for longer than a price is fresh: the marks say it, no record does."""
    run = MarketDataRun(config_of(heartbeat_ns=SECOND_NS, bar_interval_ns=HOUR_NS))
    run.send(run_started(), START)
    run.send(books(START, SOUND), START)
    run.send(Tick(START + 10 * MINUTE_NS), START + 10 * MINUTE_NS)
    assert run.marks()[-1].flags.any()
    assert gaps(run) == []
