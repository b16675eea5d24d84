"""A stream that is live: what befalls its connection, and trades that wait for those missing."""

from __future__ import annotations

import pytest

from actors.messages.market import FeedEvent
from actors.ports import FeedItem
from adapters.kraken.edge_events import (
    EdgeEvent,
    Lost,
    Opened,
    Passed,
    Repaired,
    ToldTrade,
    Unrepaired,
    decoded,
    encoded,
)
from adapters.kraken.stream import MarketStream
from tests.unit.test_kraken_stream import (
    NOON,
    SECOND_NS,
    SNAPSHOT,
    SYMBOLS,
    WINDOW_NS,
    book_frame,
    books,
    statuses,
    trade_frame,
    trades,
)

BAR_NS = 60 * SECOND_NS
A, B = 0, 1


class Live:
    """A live stream from noon on, and all that came out of it."""

    def __init__(self) -> None:
        self.stream = MarketStream(SYMBOLS, conflate_ns=WINDOW_NS, began_ts=NOON)
        self.items: list[FeedItem] = []
        self.befall(0, Opened(SYMBOLS, BAR_NS))

    def frame(self, ms: int, data: bytes) -> None:
        """A frame came so many ms after noon."""
        self.items += self.stream.feed(data, NOON + ms * 1_000_000)

    def befall(self, ms: int, event: EdgeEvent) -> None:
        """The connection befell something."""
        self.items += self.stream.befall(event, NOON + ms * 1_000_000)

    def trade(self, ms: int, trade_id: int, **how: str) -> None:
        """A trade told at once."""
        self.frame(ms, trade_frame(ms, trade_id, **how))

    @property
    def ids(self) -> list[tuple[int, int]]:
        """First and last ids of the aggregates so far, the open window included."""
        self.items += self.stream.flush()
        return [
            (body.first_trade_ids[0], body.last_trade_ids[0]) for body in trades(self.items)
        ]  # fmt: skip


def told(trade_id: int, ms: int = 500, price: str = "2.5") -> ToldTrade:
    """A trade as REST tells it."""
    return ToldTrade(trade_id, price, "1.0", is_buy=True, ts=NOON + ms * 1_000_000)


def test_trades_after_a_jump_wait_and_come_in_order_with_those_that_were_missing() -> None:
    live = Live()
    live.trade(100, 7)
    live.trade(600, 10)
    live.trade(700, 11)
    assert live.ids == [(7, 7)]
    missing = live.stream.missing()["A/USD"]
    assert (missing.first_id, missing.last_id) == (8, 9)
    assert (missing.since_ts, missing.until_ts) == (NOON + 100_000_000, NOON + 600_000_000)
    live.befall(900, Repaired("A/USD", (told(9, 510), told(8), told(8), told(4))))
    assert live.ids == [(7, 7), (8, 9), (10, 10), (11, 11)]
    assert statuses(live.items) == []
    assert live.stream.missing() == {}
    counts = live.stream.counts
    assert (counts.trade_repairs, counts.trade_gaps, counts.trades_repeated) == (1, 0, 2)


@pytest.mark.parametrize(
    "event",
    [
        Unrepaired("A/USD", "nobody answers"),
        Repaired("A/USD", (told(8),)),
        Repaired("A/USD", (told(8), told(9, price="NaN"))),
        Repaired("A/USD", (told(8), told(9, price="0.0"))),
    ],
)
def test_what_stays_missing_is_a_gap_and_what_waited_is_used(event: EdgeEvent) -> None:
    live = Live()
    live.trade(100, 7)
    live.trade(600, 10)
    live.befall(900, event)
    assert statuses(live.items) == [("trade", FeedEvent.GAP, A)]
    assert live.ids[-1] == (10, 10)
    live.trade(1000, 11)
    assert statuses(live.items)[1:] == [("trade", FeedEvent.RESYNCED, A)]


def test_a_repair_of_another_or_of_nothing_changes_nothing() -> None:
    live = Live()
    live.trade(100, 7)
    live.befall(200, Repaired("A/USD", (told(8),)))
    live.befall(300, Repaired("X/USD", (told(8),)))
    live.befall(300, Unrepaired("X/USD", "who is that"))
    assert live.ids == [(7, 7)]
    assert statuses(live.items) == []


def test_nothing_waits_beyond_the_end_of_its_bar() -> None:
    """The gap is received before the boundary, so that the bar itself is torn."""
    live = Live()
    live.trade(58_000, 7)
    live.trade(59_000, 10)
    live.frame(60_100, b'{"channel":"heartbeat"}')
    gap = next(item for item in live.items if [each[0] for each in statuses([item])] == ["trade"])
    assert gap.at < NOON + BAR_NS
    assert live.ids == [(7, 7), (10, 10)]


def test_too_many_trades_do_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.kraken.continuity.HELD_MOST", 3)
    live = Live()
    live.trade(100, 7)
    for n in range(4):
        live.trade(200 + n, 20 + n)
    assert statuses(live.items) == [("trade", FeedEvent.GAP, A)]
    assert live.ids == [(7, 7), (20, 23)]


def test_a_lost_connection_drops_every_book_and_later_updates_are_not_used() -> None:
    live = Live()
    live.frame(10, SNAPSHOT)
    live.befall(500, Lost("reset"))
    assert statuses(live.items) == [("book", FeedEvent.GAP, -1)]
    assert live.stream.absent_books == SYMBOLS
    assert live.stream.failed_books == (), "the new connection subscribes by itself"
    before = len(books(live.items))
    live.frame(600, book_frame("update", 600, [("2.0", "3.0")], []))
    live.frame(700, b'{"channel":"heartbeat"}')
    assert len(books(live.items)) == before
    live.frame(800, SNAPSHOT)
    assert statuses(live.items)[1:] == [("book", FeedEvent.RESYNCED, A)]


def test_a_snapshot_that_reaches_back_proves_that_nothing_was_missed() -> None:
    live = Live()
    live.trade(100, 7)
    live.befall(500, Lost("reset"))
    live.trade(1000, 7, kind="snapshot")
    live.frame(60_100, b'{"channel":"heartbeat"}')
    assert [each for each in statuses(live.items) if each[0] == "trade"] == [
        ("trade", FeedEvent.GAP, B)
    ], "of the other symbol nobody knows"


def test_a_snapshot_that_does_not_reach_back_is_asked_about() -> None:
    live = Live()
    live.trade(100, 7)
    live.befall(500, Lost("reset"))
    live.trade(1000, 60, kind="snapshot")
    missing = live.stream.missing()["A/USD"]
    assert (missing.first_id, missing.last_id) == (8, 59)


def test_a_symbol_first_heard_after_a_loss_may_have_missed_trades() -> None:
    live = Live()
    live.befall(500, Lost("reset"))
    live.trade(1000, 60, kind="snapshot")
    live.trade(1100, 61)
    live.trade(1200, 62)
    told_of_a = [each for each in statuses(live.items) if each[0] == "trade"]
    assert told_of_a == [("trade", FeedEvent.GAP, A), ("trade", FeedEvent.RESYNCED, A)]
    assert live.ids == [(61, 61), (62, 62)]


def test_the_first_snapshot_is_history_whatever_its_order() -> None:
    """Newest first or last, none of its trades is used, and the next one joins up."""
    for order in ((5, 6, 7), (7, 6, 5)):
        live = Live()
        entries = [
            trade_frame(ms, n)[42:-2].decode() for ms, n in zip((1, 2, 3), order, strict=True)
        ]
        entries = [text[text.index("{") :] for text in entries]
        data = f'{{"channel":"trade","type":"snapshot","data":[{",".join(entries)}]}}'
        live.frame(50, data.encode())
        assert live.ids == []
        live.trade(100, 8)
        assert live.ids == [(8, 8)]
        assert statuses(live.items) == []
        assert live.stream.counts.trades_before_start == 3


def test_time_alone_hands_over_a_window_that_ended() -> None:
    live = Live()
    live.frame(10, SNAPSHOT)
    assert not live.stream.would_pass(NOON + 90_000_000)
    assert live.stream.would_pass(NOON + 100_000_000)
    live.befall(100, Passed())
    assert len(books(live.items)) == 1
    assert live.items[-1].at == NOON + 10_000_000
    assert not live.stream.would_pass(NOON + 900_000_000), "nothing is held back any more"


def test_time_alone_ends_a_bar_whose_trades_are_in_doubt() -> None:
    live = Live()
    live.befall(500, Lost("reset"))
    assert not live.stream.would_pass(NOON + BAR_NS - 1)
    assert live.stream.would_pass(NOON + BAR_NS)
    live.befall(60_000, Passed())
    assert [each[:2] for each in statuses(live.items)[1:]] == [("trade", FeedEvent.GAP)] * 2
    assert all(item.at < NOON + BAR_NS for item in live.items)


@pytest.mark.parametrize(
    "event",
    [Opened(SYMBOLS, 1), Lost("x"), Passed(), Repaired("A/USD", (told(1),)), Unrepaired("A", "y")],
)
def test_events_survive_the_way_through_a_recording(event: EdgeEvent) -> None:
    assert decoded(encoded(event)) == event
