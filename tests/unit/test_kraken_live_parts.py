"""The parts of a live feed, each alone: pauses, clocks, the backlog, recordings."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import zlib
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from tenacity import RetryCallState

from actors.instant import MILLISECOND_NS, MINUTE_NS, SECOND_NS
from actors.messages.arrays import sealed, sealed_ints
from actors.messages.control import ClockSkew
from actors.messages.execution import NotSent
from actors.messages.market import BookSlice, FeedEvent, FeedStatus, TradeSlice
from actors.ports import FeedItem
from adapters.kraken.backlog import Backlog
from adapters.kraken.capture import WAITING_MOST, CaptureFile, CaptureFileError
from adapters.kraken.clock import EdgeClock
from adapters.kraken.edge_events import Lost, Opened
from adapters.kraken.handshakes import Handshakes, Pauses
from adapters.kraken.line import Line, LineState
from adapters.kraken.recorded import CaptureError, RecordedFrames
from adapters.kraken.skew import BUCKET_NS, Skew

SYMBOLS = ("BTC/USD", "ETH/USD")
BAR = MINUTE_NS


# Pauses


def after(losses: int) -> RetryCallState:
    """The state of a row of attempts."""
    state = RetryCallState(None, None, (), {})  # type: ignore[arg-type]
    state.attempt_number = losses
    return state


def test_the_first_loss_is_followed_at_once_then_ever_more_slowly_and_never_alike() -> None:
    handshakes = Handshakes(Pauses(), now=lambda: 0.0)
    assert handshakes.pause(after(1)) == 0.0
    for losses, least, most in ((2, 0.5, 1.5), (3, 1.0, 3.0), (5, 4.0, 9.0), (9, 5.0, 10.0)):
        drawn = {handshakes.pause(after(losses)) for _ in range(50)}
        assert least <= min(drawn)
        assert max(drawn) <= most
        assert len(drawn) > 40


def test_a_venue_in_maintenance_is_left_in_peace() -> None:
    handshakes = Handshakes(Pauses(), now=lambda: 0.0)
    handshakes.in_maintenance = True
    assert handshakes.pause(after(1)) == 5.0
    assert 30.0 <= max(handshakes.pause(after(20)) for _ in range(50)) <= 60.0


def test_no_ten_minutes_hold_more_handshakes_than_the_budget() -> None:
    """However the connections die: at once, or after any time."""
    for alive in (0.0, 3.0, 29.0):
        now, made = [0.0], []
        handshakes = Handshakes(Pauses(), now=partial(now.__getitem__, 0))
        losses = 0
        while now[0] < 3600.0:
            handshakes.begin()
            made.append(now[0])
            now[0] += alive
            losses += 1
            now[0] += handshakes.pause(after(losses)) + 0.001
        busiest = max(sum(t <= each < t + 600.0 for each in made) for t in made)
        assert busiest <= 60
        assert len(made) > 80, "and it never stops trying"


# Clocks


class Hands:
    """A wall and a monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.wall = 1_800_000_000 * SECOND_NS
        self.steady = 5 * SECOND_NS

    def clock(self) -> EdgeClock:
        """A clock of them."""
        return EdgeClock(lambda: self.wall, lambda: self.steady)

    def passes(self, ns: int) -> None:
        """Both move."""
        self.wall += ns
        self.steady += ns


@pytest.mark.parametrize("step", [-10 * SECOND_NS, 3600 * SECOND_NS])
def test_a_wall_that_is_set_moves_nothing_and_is_told(step: int) -> None:
    hands = Hands()
    clock = hands.clock()
    before = clock.now()
    hands.wall += step
    hands.passes(SECOND_NS)
    clock.slew()
    assert clock.now() == before + SECOND_NS
    assert clock.offset() == step


@pytest.mark.parametrize("drift", [-200 * MILLISECOND_NS, 200 * MILLISECOND_NS])
def test_a_drift_is_followed_slowly_and_time_never_runs_back(drift: int) -> None:
    hands = Hands()
    clock = hands.clock()
    hands.wall += drift
    seen = [clock.now()]
    for _ in range(1000):
        hands.passes(SECOND_NS)
        clock.slew()
        seen.append(clock.now())
    assert clock.offset() == 0
    steps = [later - earlier for earlier, later in itertools.pairwise(seen)]
    assert min(steps) >= SECOND_NS - SECOND_NS // 2000
    assert max(steps) <= SECOND_NS + SECOND_NS // 2000


def test_a_clock_that_is_wrong_is_told_once_and_right_again_once() -> None:
    skew = Skew(SECOND_NS)
    assert skew.judged(SECOND_NS) is None
    assert skew.judged(SECOND_NS + 1) == SECOND_NS + 1
    assert skew.judged(5 * SECOND_NS) is None
    assert skew.judged(SECOND_NS * 3 // 4) is None, "half of the bound, not the bound"
    assert skew.judged(SECOND_NS // 2) == 0
    assert skew.judged(0) is None


def test_one_late_message_is_no_skew_but_all_late_are() -> None:
    skew, now = Skew(SECOND_NS), 1_800_000_000 * SECOND_NS
    skew.heard(now - 9 * SECOND_NS, now)
    skew.heard(now - SECOND_NS // 10, now)
    assert skew.judged(0) is None
    assert skew.lag_ns == SECOND_NS // 10
    for turn in range(1, 4):
        later = now + turn * BUCKET_NS
        skew.heard(later - 9 * SECOND_NS, later)
        told = skew.judged(0)
        assert told == (-9 * SECOND_NS if turn == 2 else None)


def test_a_venue_ahead_of_us_is_a_skew() -> None:
    skew, now = Skew(SECOND_NS), 1_800_000_000 * SECOND_NS
    skew.heard(now + 2 * SECOND_NS, now)
    assert skew.judged(0) == 2 * SECOND_NS


# The backlog


def book(ts: int, *rows: tuple[int, float]) -> FeedItem:
    """A slice of books whose every cell is the number given with the symbol."""
    levels = sealed(np.array([[value] * 40 for _, value in rows]))
    return FeedItem(ts, BookSlice(ts, sealed_ints([place for place, _ in rows]), levels, ts))


def trade(ts: int, symbol: int, first: int, last: int, price: float = 10.0) -> FeedItem:
    """An aggregate of trades of quantity 1 at one price."""
    count = float(last - first + 1)
    row = [price, price, price, price, count, count * price, count, 0.0]
    body = TradeSlice(ts, sealed_ints([symbol]), sealed(np.array([row])), (first,), (last,), ts)
    return FeedItem(ts, body)


def test_too_many_items_leave_the_newest_books_and_a_mark_for_each_passed_over() -> None:
    backlog = Backlog(capacity=3, bar_ns=BAR)
    backlog.put([book(1, (0, 1.0), (1, 5.0)), book(2, (0, 2.0)), book(3, (0, 3.0))])
    assert len(backlog) == 3
    backlog.put([book(4, (0, 4.0))])
    first, last = backlog.take(10)
    assert first.body == FeedStatus(1, "book", FeedEvent.GAP, 0, "the consumer was slow")
    assert isinstance(last.body, BookSlice)
    assert last.body.symbols.tolist() == [0, 1]
    assert last.body.levels[:, 0].tolist() == [4.0, 5.0]
    assert (last.body.ts, last.body.first_ts, last.at) == (4, 1, 4)
    assert backlog.conflated_books == 3


def test_trades_of_a_bar_are_added_up_and_bars_are_kept_apart() -> None:
    backlog = Backlog(capacity=4, bar_ns=BAR)
    backlog.put(
        [trade(1, 0, 7, 8, 10.0), trade(2, 1, 1, 1), trade(3, 0, 9, 11, 12.0)]

    )  # fmt: skip
    backlog.put([trade(4, 0, 12, 12, 8.0), trade(BAR + 1, 0, 13, 13, 9.0)])
    one, two = [item.body for item in backlog.take(9)]
    assert isinstance(one, TradeSlice)
    assert isinstance(two, TradeSlice)
    assert one.symbols.tolist() == [0, 1]
    assert (one.first_trade_ids, one.last_trade_ids) == ((7, 1), (12, 1))
    assert one.rows[0].tolist() == [10.0, 12.0, 8.0, 8.0, 6.0, 64.0, 6.0, 0.0]
    assert (one.ts, one.first_ts) == (4, 1)
    assert (two.first_trade_ids, two.ts) == ((13,), BAR + 1)


def test_reports_and_the_clock_are_never_dropped_or_reordered() -> None:
    backlog = Backlog(capacity=4, bar_ns=BAR)
    facts = [NotSent(f"order {n}", "a fact of an order", n) for n in range(50)]
    for n, fact in enumerate(facts):
        backlog.put([FeedItem(n, fact), book(n, (0, float(n)))])
    backlog.put([FeedItem(60, ClockSkew(5))])
    taken = [item.body for item in backlog.take(1000)]
    assert [body for body in taken if isinstance(body, NotSent)] == facts
    assert sum(isinstance(body, BookSlice) for body in taken) == 1
    assert sum(isinstance(body, ClockSkew) for body in taken) == 1


def test_a_book_from_before_its_fault_does_not_outlive_it() -> None:
    backlog = Backlog(capacity=2, bar_ns=BAR)
    fault = FeedItem(2, FeedStatus(2, "book", FeedEvent.CHECKSUM, 0))
    backlog.put([book(1, (0, 1.0), (1, 1.0)), fault, FeedItem(3, ClockSkew(1))])
    bodies = [item.body for item in backlog.take(9)]
    assert [type(body) for body in bodies] == [FeedStatus, ClockSkew, BookSlice]
    assert isinstance(bodies[2], BookSlice)
    assert bodies[2].symbols.tolist() == [1]


def test_of_what_befell_the_last_of_each_kind_stays_in_its_order() -> None:
    backlog = Backlog(capacity=3, bar_ns=BAR)

    def told(at: int, event: FeedEvent) -> FeedItem:
        return FeedItem(at, FeedStatus(at, "book", event, 0))

    backlog.put([told(1, FeedEvent.GAP), told(2, FeedEvent.RESYNCED), told(3, FeedEvent.GAP)])
    backlog.put([told(4, FeedEvent.RESYNCED)])
    assert backlog.take(9) == [told(3, FeedEvent.GAP), told(4, FeedEvent.RESYNCED)]


def test_even_whole_bars_are_bounded_and_the_loss_is_told() -> None:
    backlog = Backlog(capacity=6, bar_ns=BAR)
    for n in range(40):
        backlog.put([trade(n * BAR + 1, 0, n + 1, n + 1)])
    assert len(backlog) <= 7
    taken = backlog.take(99)
    gaps = [item.body for item in taken if isinstance(item.body, FeedStatus)]
    assert gaps
    assert {(gap.stream, gap.event, gap.symbol) for gap in gaps} == {
        ("trade", FeedEvent.GAP, -1)
    }  # fmt: skip
    assert [item.at for item in taken] == sorted(item.at for item in taken)


def test_waiting_ends_when_something_comes_and_when_nothing_does() -> None:
    async def waits() -> None:
        backlog = Backlog()
        assert not await backlog.wait(0.01)
        backlog.put([])
        assert not await backlog.wait(0.01)
        backlog.put([book(1, (0, 1.0))])
        assert await backlog.wait(5.0)
        backlog.take(1)
        assert not await backlog.wait(0.01)

    asyncio.run(waits())


# Recordings


def test_a_recording_holds_frames_and_events_with_their_times(tmp_path: Path) -> None:
    async def record(path: Path) -> None:
        capture = CaptureFile(path)
        capture.event(1_700_000_000_000_000_001, Opened(SYMBOLS, BAR))
        capture.frame(1_700_000_000_500_000_000, b'{"channel":"heartbeat"}')
        await capture.write()
        capture.event(1_700_000_001_000_000_000, Lost("reset"))
        await capture.close()
        assert capture.fault == ""

    for name in ("plain.ndjson", "packed.ndjson.gz"):
        asyncio.run(record(tmp_path / name))
    plain = (tmp_path / "plain.ndjson").read_bytes()
    assert gzip.decompress((tmp_path / "packed.ndjson.gz").read_bytes()) == plain
    assert plain.splitlines()[1] == b'1700000000.500000000: {"channel":"heartbeat"}'
    with pytest.raises(CaptureError, match="no book or trade frame"):
        RecordedFrames(tmp_path / "plain.ndjson")


def test_nothing_is_recorded_over_what_is_there(tmp_path: Path) -> None:
    there = tmp_path / "there.ndjson"
    there.write_text("of value")
    with pytest.raises(CaptureFileError, match="cannot be recorded to"):
        CaptureFile(there)
    with pytest.raises(CaptureFileError):
        CaptureFile(tmp_path / "no folder" / "new.ndjson")
    assert there.read_text() == "of value"


def test_a_recording_that_nothing_came_into_leaves_no_file(tmp_path: Path) -> None:
    capture = CaptureFile(tmp_path / "new.ndjson.gz")
    assert capture.path.exists()
    asyncio.run(capture.close())
    assert not capture.path.exists()


def test_a_killed_recording_can_be_unpacked_up_to_its_last_second(tmp_path: Path) -> None:
    async def record() -> bytes:
        capture = CaptureFile(tmp_path / "killed.ndjson.gz")
        for n in range(100):
            capture.frame(n, b'{"channel":"heartbeat"}')
        await capture.write()
        found = capture.path.read_bytes()
        await capture.close()
        return found

    unpacked = zlib.decompressobj(wbits=31).decompress(asyncio.run(record()))
    assert unpacked.count(b"\n") == 100


def test_a_full_disk_ends_the_recording_and_nothing_else() -> None:
    async def record() -> None:
        capture = CaptureFile.__new__(CaptureFile)
        capture.path, capture.fault = Path("/dev/full"), ""
        capture._lines, capture._waiting, capture._is_empty = [], 0, True
        capture._file = open("/dev/full", "wb", buffering=0)  # noqa: SIM115, ASYNC230, PTH123
        capture.frame(1, b"{}")
        await capture.write()
        assert "ended early" in capture.fault
        capture.frame(2, b"{}")
        await capture.close()

    asyncio.run(record())


def test_a_file_that_falls_behind_ends_the_recording(tmp_path: Path) -> None:
    capture = CaptureFile(tmp_path / "slow.ndjson")
    for n in range(WAITING_MOST // 1_000_000 + 2):
        capture.frame(n, b"x" * 1_000_000)
    assert "does not keep up" in capture.fault
    asyncio.run(capture.close())


def test_an_event_of_another_version_is_refused_with_a_remedy(tmp_path: Path) -> None:
    path = tmp_path / "odd.ndjson"
    path.write_text('1700000000.000000000! {"type":"invented"}\n')
    with pytest.raises(CaptureError, match="not known here"):
        RecordedFrames(path)


# The line


def test_the_line_says_in_words_why_the_market_is_not_heard() -> None:
    line = Line()
    assert line.trouble() == "the feed is connecting"
    assert line.silent_seconds() == -1.0
    line.state, line.detail = LineState.WAITING, "reset"
    assert line.trouble() == "the feed is waiting: reset"
    line.state, line.heard = LineState.STREAMING, 1e-9
    assert "silent for" in line.trouble()
