"""While a private stream is away nothing is entered, and the market does not hear of it."""

from __future__ import annotations

import decimal
from collections.abc import Iterator

import pytest

from actors.market_data.actor import MarketDataActor
from actors.market_data.state import MarketDataConfig, initial_state
from actors.messages.market import PRIVATE_STREAMS, FeedEvent, FeedStatus
from actors.messages.reconciliation import ReconcileRequested, ReconciliationState
from actors.messages.risk import IntentRefused, Refusal
from actors.money import EXACT
from tests.books import START, of
from tests.outside_books import OutsideBooks, agreed

AWAY = (FeedEvent.STALE, FeedEvent.GAP, FeedEvent.CORRUPT)


@pytest.fixture(autouse=True)
def money() -> Iterator[None]:
    with decimal.localcontext(EXACT):
        yield


@pytest.fixture
def books() -> OutsideBooks:
    """An account that agrees with its venue."""
    return agreed()


def blocked(books: OutsideBooks) -> str:
    """Why nothing is entered, as everybody was told last."""
    return books.reconciliation.state.told.blocked


def news(books: OutsideBooks, stream: str, event: FeedEvent, detail: str = "") -> str | None:
    """What is told of a piece of news: why entries are blocked, empty when they are not."""
    told = books.send(FeedStatus(books.at, stream, event, detail=detail))
    states = of(ReconciliationState, told)
    return states[-1].blocked if states else None


@pytest.mark.parametrize("event", AWAY)
@pytest.mark.parametrize("stream", PRIVATE_STREAMS)
def test_nothing_is_entered_while_a_private_stream_is_away(
    books: OutsideBooks, stream: str, event: FeedEvent
) -> None:
    assert news(books, stream, event) == f"the stream {stream} is away: {event.value}"
    assert books.order() is None
    (refused,) = of(IntentRefused, books.sent)[-1:]
    assert refused.reason is Refusal.RECONCILING
    assert f"the stream {stream} is away" in refused.value


def test_it_opens_again_once_the_lists_agree_and_not_before(books: OutsideBooks) -> None:
    news(books, "executions", FeedEvent.STALE, "silent for 8 s")
    assert books.reconciliation.state.away == {"executions": "silent for 8 s"}
    back = books.send(FeedStatus(books.at, "executions", FeedEvent.ONLINE))
    assert len(of(ReconcileRequested, back)) == 1
    assert blocked(books)
    books.read()
    assert not blocked(books)


def test_one_stream_that_is_back_does_not_stand_for_the_other(books: OutsideBooks) -> None:
    for stream in PRIVATE_STREAMS:
        news(books, stream, FeedEvent.STALE)
    news(books, "executions", FeedEvent.ONLINE)
    books.read()
    assert blocked(books)
    news(books, "balances", FeedEvent.ONLINE)
    books.read()
    assert not blocked(books)


def test_streams_that_were_lost_together_are_read_for_once_when_the_last_is_back(
    books: OutsideBooks,
) -> None:
    """Every reading costs calls that the venue counts."""
    for stream in PRIVATE_STREAMS:
        news(books, stream, FeedEvent.STALE)
    asked = [
        len(of(ReconcileRequested, books.send(FeedStatus(books.at, stream, FeedEvent.ONLINE))))
        for stream in PRIVATE_STREAMS
    ]
    assert asked == [0, 1]
    assert blocked(books)
    books.read()
    assert not blocked(books)


def test_a_public_stream_is_the_markets_to_judge(books: OutsideBooks) -> None:
    assert news(books, "book", FeedEvent.STALE) is None
    assert not blocked(books)


@pytest.mark.parametrize("event", [*AWAY, FeedEvent.ONLINE, FeedEvent.RESYNCED])
@pytest.mark.parametrize("stream", PRIVATE_STREAMS)
def test_what_befalls_a_private_stream_says_nothing_about_the_market(
    stream: str, event: FeedEvent
) -> None:
    """Neither may its loss close a symbol, nor its return open one that the market closed."""
    config = MarketDataConfig(("BTC/USD",), bar_interval_ns=60, stale_after_ns=60)
    actor = MarketDataActor(config, initial_state(config))
    actor.handle(FeedStatus(START, "book", FeedEvent.GAP), START)
    before = actor.state.faults.tobytes(), actor.state.run_faults, actor.state.torn.tobytes()
    assert not actor.handle(FeedStatus(START, stream, event), START)
    after = actor.state.faults.tobytes(), actor.state.run_faults, actor.state.torn.tobytes()
    assert after == before
