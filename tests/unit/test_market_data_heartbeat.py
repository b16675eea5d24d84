"""The heartbeat: it beats while something can differ, and tells of staleness at its moment.

A silence of any length costs a bounded number of beats, and no data is decided upon later than
one period after it came.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.instant import DAY_NS, MILLISECOND_NS, SECOND_NS
from actors.messages.control import Tick
from actors.messages.market import MarketFlag, MarkSlice
from tests.market_data_run import START, MarketDataRun, book, books, config_of, run_started, trades

QUOTES = {0: book(10.0, 11.0), 1: book(20.0, 21.0), 2: book(30.0, 31.0)}
STALE = int(MarketFlag.STALE)


def beating(at: int = START, **settings: Any) -> MarketDataRun:
    """A run with a beat a second (or as set) whose three symbols are quoted at `at`."""
    run = MarketDataRun(config_of(**{"heartbeat_ns": SECOND_NS, **settings}))
    run.send(run_started(), START)
    run.send(books(at, QUOTES), at)
    return run


def wait(run: MarketDataRun, until: int) -> list[MarkSlice]:
    """Let time pass without data: the beats that come."""
    sent = run.send(Tick(until), until)
    return [mark for mark in sent if isinstance(mark, MarkSlice) and mark.heartbeat]


def seconds(beats: list[MarkSlice]) -> list[float]:
    """When they came, in seconds after the start."""
    return [(mark.ts - START) / SECOND_NS for mark in beats]


def test_data_is_answered_by_the_next_beat_of_the_grid() -> None:
    run = beating(START + 13 * SECOND_NS, heartbeat_ns=10 * SECOND_NS)
    assert seconds(wait(run, START + 20 * SECOND_NS)) == [20]


def test_in_a_silence_the_pauses_double_until_the_symbols_turn_stale() -> None:
    """One second, then as long again as it has been silent; then the very nanosecond."""
    run = beating(stale_after_ns=20 * SECOND_NS)
    beats = wait(run, START + 20 * SECOND_NS)
    assert seconds(beats) == [1, 2, 4, 8, 16]
    assert not any(mark.flags.any() for mark in beats)
    (told,) = wait(run, START + DAY_NS)
    assert told.ts == START + 20 * SECOND_NS + 1
    assert told.flags.tolist() == [STALE] * 3


def test_after_everything_was_told_stale_it_rests_until_data_comes() -> None:
    run = beating(stale_after_ns=5 * SECOND_NS)
    wait(run, START + 6 * SECOND_NS)
    later = START + 40 * DAY_NS
    assert wait(run, later) == []
    run.send(books(later, QUOTES), later)
    (beat,) = wait(run, later + SECOND_NS)
    assert beat.flags.tolist() == [0, 0, 0]


def test_data_in_a_long_pause_brings_the_next_beat_forward() -> None:
    run = beating()
    wait(run, START + 40 * SECOND_NS)
    at = START + 40 * SECOND_NS + 300 * MILLISECOND_NS
    run.send(books(at, {0: book(12.0, 13.0)}), at)
    (beat,) = wait(run, START + 41 * SECOND_NS)
    assert beat.ts == START + 41 * SECOND_NS
    assert beat.rows[0, 0] == 12.0


def test_a_symbol_that_falls_silent_among_others_is_told_at_its_moment() -> None:
    """The others go on to speak; two of three turn stale between two beats of the grid."""
    run = beating(START + 400 * MILLISECOND_NS, stale_after_ns=5 * SECOND_NS)
    told = []
    for second in range(1, 9):
        at = START + second * SECOND_NS
        told += wait(run, at)
        run.send(books(at, {0: book(10.0, 11.0)}), at)
    (first, *_) = [mark for mark in told if mark.flags.any()]
    assert first.ts == START + 5 * SECOND_NS + 400 * MILLISECOND_NS + 1
    assert first.flags.tolist() == [0, STALE, STALE]


def test_trades_of_a_symbol_whose_book_is_silent_beat_once_each() -> None:
    """They do not vouch for the book, so all stays stale; each is looked at, none keeps it up."""
    run = beating(stale_after_ns=5 * SECOND_NS)
    wait(run, START + DAY_NS)
    for day in (1, 2):
        at = START + day * DAY_NS
        run.send(trades(at, {0: (10.5, 1.0)}), at)
        (beat,) = wait(run, at + DAY_NS // 2)
        assert (beat.ts, beat.flags.tolist()) == (at + SECOND_NS, [STALE] * 3)


def test_a_period_longer_than_the_staleness_does_not_hide_it() -> None:
    run = beating(heartbeat_ns=60 * SECOND_NS, stale_after_ns=7 * SECOND_NS)
    (beat,) = wait(run, START + DAY_NS)
    assert beat.ts == START + 7 * SECOND_NS + 1
    assert beat.flags.tolist() == [STALE] * 3


def test_without_a_period_there_is_no_beat() -> None:
    assert wait(beating(heartbeat_ns=0), START + DAY_NS) == []


@pytest.mark.parametrize("step_ns", [SECOND_NS // 7, SECOND_NS, 13 * SECOND_NS, DAY_NS])
def test_the_beats_do_not_depend_on_how_the_ticks_fall(step_ns: int) -> None:
    """Live ticks come often, a recorded feed jumps: the same beats at the same times."""
    run = beating(stale_after_ns=20 * SECOND_NS)
    at, beats = START, []
    while at < START + 30 * SECOND_NS:
        at += step_ns
        beats += wait(run, at)
    assert [mark.ts for mark in beats] == [
        *(START + n * SECOND_NS for n in (1, 2, 4, 8, 16)),
        START + 20 * SECOND_NS + 1,
    ]


silences = st.lists(st.integers(1, 200_000), min_size=1, max_size=12)


@given(silences, st.integers(1, 30), st.integers(1, 90))
def test_beats_are_few_and_neither_data_nor_staleness_waits(
    pauses_ms: list[int], period: int, stale_after: int
) -> None:
    """Whatever the silences: answered within a period, told at the moment, bounded in number."""
    stale_ns = stale_after * SECOND_NS
    run = beating(heartbeat_ns=period * SECOND_NS, stale_after_ns=stale_ns)
    at = START
    for pause in pauses_ms:
        until = at + pause * MILLISECOND_NS
        beats = [mark.ts for mark in wait(run, until)]
        answered = min(at // (period * SECOND_NS) * period * SECOND_NS + period * SECOND_NS,
                       at + stale_ns + 1)  # fmt: skip
        assert (answered in beats) == (answered <= until)
        assert (at + stale_ns + 1 in beats) == (at + stale_ns + 1 <= until)
        assert len(beats) <= 2 + (stale_after // period + 1).bit_length() + 1
        at = until
        run.send(books(at, QUOTES), at)
