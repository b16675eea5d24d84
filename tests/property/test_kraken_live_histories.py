"""Whatever a connection goes through, each trade counts once, and every hole is told beforehand."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from actors.messages.market import BookSlice, FeedEvent, FeedStatus, TradeSlice
from actors.ports import FeedItem
from adapters.kraken.backlog import Backlog
from adapters.kraken.edge_events import Lost, Opened, Passed, Repaired, ToldTrade, Unrepaired
from adapters.kraken.stream import MarketStream
from tests.unit.test_kraken_stream import NOON, SECOND_NS, SYMBOLS, WINDOW_NS, trade_frame

BAR_NS = 5 * SECOND_NS
A = "A/USD"
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["trade", "trade", "trade", "missed", "again", "lost", "snapshot", "repair", "half",
             "give up", "time"]
        ),
        st.integers(1, 700),
    ),
    max_size=60,
)  # fmt: skip


class Venue:
    """What really was traded, and a live stream that hears some of it."""

    def __init__(self) -> None:
        self.stream = MarketStream(SYMBOLS, conflate_ns=WINDOW_NS, began_ts=NOON)
        self.items = self.stream.befall(Opened(SYMBOLS, BAR_NS), NOON)
        self.ms = 0
        self.traded: list[int] = []
        self.at_ms: dict[int, int] = {}
        self.trade()

    def trade(self, *, told: bool = True) -> None:
        """The next trade."""
        self.traded.append(len(self.traded) + 1)
        self.at_ms[self.traded[-1]] = self.ms
        if told:
            self.tell(self.traded[-1])

    def tell(self, trade_id: int, kind: str = "update") -> None:
        """A trade over the socket."""
        data = trade_frame(self.at_ms[trade_id], trade_id, kind=kind)
        self.items += self.stream.feed(data, self.now)

    @property
    def now(self) -> int:
        """The time of the edge."""
        return NOON + self.ms * 1_000_000

    def told_ts(self, trade_id: int) -> int:
        """The stamp of a trade as REST has it, which is not quite the socket's."""
        return NOON + self.at_ms[trade_id] * 1_000_000 + (trade_id % 3 - 1) * 400

    def step(self, what: str, ms: int) -> None:
        """One thing happens, after some time."""
        self.ms += ms
        missing = self.stream.missing().get(A)
        match what:
            case "trade" | "missed":
                self.trade(told=what == "trade")
            case "again":
                self.tell(self.traded[len(self.traded) // 2])
            case "lost":
                self.items += self.stream.befall(Lost("reset"), self.now)
            case "snapshot":
                self.tell(self.traded[-1], kind="snapshot")
            case "repair" | "half" if missing is not None:
                step = 1 if what == "repair" else 2
                ids = range(missing.first_id, missing.last_id + 1, step)
                told = tuple(ToldTrade(n, "2.5", "1.0", True, self.told_ts(n)) for n in ids)
                self.items += self.stream.befall(Repaired(A, told), self.now)
            case "give up" if missing is not None:
                self.items += self.stream.befall(Unrepaired(A, "no answer"), self.now)
            case _:
                if self.stream.would_pass(self.now):
                    self.items += self.stream.befall(Passed(), self.now)


def check(items: list[FeedItem]) -> list[int]:
    """The ids that were counted; fails on a repeat, a wrong count or an untold hole."""
    counted: list[int] = []
    told = False
    for item in items:
        body = item.body
        if isinstance(body, FeedStatus) and body.stream == "trade":
            # One gap may speak of several holes; it holds until the trades follow each other.
            told = body.event is FeedEvent.GAP
        if not isinstance(body, TradeSlice):
            continue
        (first,), (last,) = body.first_trade_ids, body.last_trade_ids
        if counted and first != counted[-1] + 1:
            assert first > counted[-1], "an id is counted once"
            assert told, f"nobody told of {counted[-1] + 1} to {first - 1}"
        assert body.rows[0, 6] <= last - first + 1
        if body.rows[0, 6] < last - first + 1:
            assert told, "an aggregate with a hole in it was not told"
        counted += range(first, last + 1)
    return counted


@given(STEPS)
def test_each_trade_counts_once_and_every_hole_is_told_before_what_follows(
    steps: list[tuple[str, int]],
) -> None:
    venue = Venue()
    for what, ms in steps:
        venue.step(what, ms)
    venue.items += venue.stream.flush()
    counted = check(venue.items)
    assert set(counted) <= set(venue.traded)
    ats = [item.at for item in venue.items]
    assert ats == sorted(set(ats)), "receive times increase strictly"


@given(STEPS)
def test_nothing_is_in_doubt_for_longer_than_a_bar(steps: list[tuple[str, int]]) -> None:
    venue = Venue()
    for what, ms in steps:
        venue.step(what, ms)
    venue.ms += BAR_NS // 1_000_000
    venue.step("time", 0)
    assert venue.stream.missing() == {}
    assert not venue.stream.would_pass(venue.now + 10 * BAR_NS)


@given(STEPS, st.integers(1, 12))
def test_a_slow_consumer_loses_no_trade(steps: list[tuple[str, int]], capacity: int) -> None:
    """Conflated or not, the same ids in the same order; only books are passed over."""
    venue, backlog = Venue(), Backlog(capacity=capacity, bar_ns=BAR_NS)
    given = 0
    for what, ms in steps:
        venue.step(what, ms)
        backlog.put(venue.items[given:])
        given = len(venue.items)
    taken = backlog.take(10_000)
    if any("let go" in item.body.detail for item in taken if isinstance(item.body, FeedStatus)):
        return
    plain = [each for item in venue.items[:given] for each in _ids(item)]
    conflated = [each for item in taken for each in _ids(item)]
    assert set(plain) <= set(conflated)
    assert conflated == sorted(set(conflated))
    assert sum(isinstance(item.body, BookSlice) for item in taken) <= capacity
    assert [item.at for item in taken] == sorted(item.at for item in taken)


def _ids(item: FeedItem) -> list[int]:
    if not isinstance(item.body, TradeSlice):
        return []
    return list(range(item.body.first_trade_ids[0], item.body.last_trade_ids[0] + 1))
