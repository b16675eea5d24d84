"""Subscriptions of a connection: one answer a symbol, and what follows from each answer."""

from __future__ import annotations

import json
from typing import Any

from actors.instant import SECOND_NS
from adapters.kraken.frames import AckFrame, AckResult
from adapters.kraken.subscriptions import (
    AGAIN_FIRST_NS,
    ANSWER_NS,
    ASKED_MOST,
    Subscriptions,
)

SYMBOLS = ("BTC/USD", "ETH/USD")


def said(texts: list[str]) -> list[tuple[str, str, Any]]:
    """Method, channel and symbols of requests."""
    asked = [json.loads(text) for text in texts]
    return [(a["method"], a["params"]["channel"], a["params"].get("symbol")) for a in asked]


def granted(channel: str, symbol: str, method: str = "subscribe") -> AckFrame:
    """A reply that says yes."""
    return AckFrame(method, result=AckResult(channel, symbol, 10))


def joined(now: int = 0) -> Subscriptions:
    """Both symbols' books and trades, answered."""
    known = Subscriptions(SYMBOLS)
    known.opened(now)
    for symbol in SYMBOLS:
        for channel in ("book", "trade"):
            assert known.answered(granted(channel, symbol), now) == []
    known.answered(granted("instrument", ""), now)
    return known


def test_a_connection_subscribes_to_everything_with_snapshots() -> None:
    texts = Subscriptions(SYMBOLS).opened(0)
    assert said(texts) == [
        ("subscribe", "instrument", None),
        ("subscribe", "book", list(SYMBOLS)),
        ("subscribe", "trade", list(SYMBOLS)),
    ]
    assert all(json.loads(text)["params"]["snapshot"] is True for text in texts)
    assert len({json.loads(text)["req_id"] for text in texts}) == 3


def test_a_failed_book_is_left_first_and_joined_after_the_answer() -> None:
    known = joined()
    assert said(known.broken(["ETH/USD"], 1)) == [("unsubscribe", "book", ["ETH/USD"])]
    assert known.broken(["ETH/USD"], 2) == [], "one at a time"
    again = known.answered(granted("book", "ETH/USD", "unsubscribe"), 3)
    assert said(again) == [("subscribe", "book", ["ETH/USD"])]


def test_leaving_what_was_left_already_is_an_answer_too() -> None:
    known = joined()
    request = json.loads(known.broken(["ETH/USD"], 1)[0])["req_id"]
    refusal = AckFrame(
        "unsubscribe", False, error="Subscription Not Found", symbol="ETH/USD", req_id=request
    )
    assert said(known.answered(refusal, 2)) == [("subscribe", "book", ["ETH/USD"])]


def test_a_book_that_fails_again_waits_twice_as_long() -> None:
    known, now, waits = joined(), 100 * SECOND_NS, []
    for _ in range(6):
        began = now
        while not known.broken(["ETH/USD"], now):
            now += SECOND_NS
        waits.append((now - began) // SECOND_NS)
        known.answered(granted("book", "ETH/USD", "unsubscribe"), now)
        known.answered(granted("book", "ETH/USD"), now)
    assert waits == [0, 5, 10, 20, 40, 60]
    assert AGAIN_FIRST_NS == 5 * SECOND_NS
    assert known.renewals == 6


def test_a_refused_symbol_is_named_and_asked_for_again_only_on_a_new_connection() -> None:
    known = Subscriptions(SYMBOLS)
    known.opened(0)
    request = 2  # books
    error = "Currency pair not supported ETH/USD"
    known.answered(AckFrame("subscribe", False, error=error, symbol="ETH/USD", req_id=request), 1)
    assert known.refused == {"ETH/USD": error}
    later = [each for each in said(known.due([], 10 * ANSWER_NS)) if each[1] == "book"]
    assert later == [("subscribe", "book", ["BTC/USD"])]
    assert said(known.opened(0))[1] == ("subscribe", "book", list(SYMBOLS))
    assert known.refused == {}


def test_subscribed_already_is_as_good_as_a_yes() -> None:
    known = Subscriptions(("BTC/USD",))
    known.opened(0)
    error = "Already subscribed"
    known.answered(AckFrame("subscribe", False, error=error, symbol="BTC/USD", req_id=2), 1)
    assert known.refused == {}
    assert said(known.broken(["BTC/USD"], 2)) == [("unsubscribe", "book", ["BTC/USD"])]


def test_what_is_not_answered_is_asked_again_and_in_the_end_the_line_is_deaf() -> None:
    known = Subscriptions(("BTC/USD",))
    known.opened(0)
    assert known.due([], ANSWER_NS) == []
    for turn in range(1, ASKED_MOST + 1):
        assert not known.is_deaf
        assert len(known.due([], turn * (ANSWER_NS + 1))) == 3
    assert known.is_deaf
    known.opened(0)
    assert not known.is_deaf


def test_a_snapshot_that_never_comes_is_asked_for_anew() -> None:
    known = joined()
    assert known.due(["BTC/USD"], ANSWER_NS) == []
    assert said(known.due(["BTC/USD"], ANSWER_NS + 1)) == [("unsubscribe", "book", ["BTC/USD"])]


def test_replies_to_nothing_of_ours_change_nothing() -> None:
    known = joined()
    assert known.answered(AckFrame("pong"), 1) == []
    assert known.answered(granted("book", "DOGE/USD"), 1) == []
    assert known.answered(granted("ticker", "BTC/USD"), 1) == []
