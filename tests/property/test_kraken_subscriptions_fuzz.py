"""Replies of any shape, in any order: subscriptions never fail, and always come to rest or deaf."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from adapters.kraken.frames import AckFrame, AckResult
from adapters.kraken.subscriptions import ANSWER_NS, ASKED_MOST, Subscriptions

SYMBOLS = ("A/USD", "B/USD", "C/USD")
NAMES = st.sampled_from([*SYMBOLS, "", "X/USD"])
CHANNELS = st.sampled_from(["book", "trade", "instrument", "ticker", ""])
REPLIES = st.builds(
    AckFrame,
    method=st.sampled_from(["subscribe", "unsubscribe", "ping", "pong", ""]),
    success=st.booleans(),
    result=st.none() | st.builds(AckResult, channel=CHANNELS, symbol=NAMES),
    error=st.sampled_from(["", "Already subscribed", "Currency pair not supported", "?"]),
    symbol=NAMES,
    req_id=st.integers(-1, 12),
)
STEPS = st.lists(
    st.one_of(
        REPLIES,
        st.tuples(st.just("broken"), st.lists(NAMES)),
        st.tuples(st.just("due"), st.lists(NAMES)),
        st.just("opened"),
    ),
    max_size=60,
)


class Server:
    """Answers every request fairly, and knows what is subscribed."""

    def __init__(self) -> None:
        self.joined: set[tuple[str, str]] = set()

    def answer(self, text: str) -> list[AckFrame]:
        """One reply a symbol."""
        asked = json.loads(text)
        channel, request = asked["params"]["channel"], asked["req_id"]
        replies = []
        for symbol in asked["params"].get("symbol", [""]):
            key = (channel, symbol)
            leaving = asked["method"] == "unsubscribe"
            if leaving == (key not in self.joined):
                error = "Subscription Not Found" if leaving else "Already subscribed"
                replies.append(
                    AckFrame(asked["method"], False, error=error, symbol=symbol, req_id=request)
                )
                continue
            (self.joined.discard if leaving else self.joined.add)(key)
            result = AckResult(channel, symbol, 10)
            replies.append(AckFrame(asked["method"], result=result, req_id=request))
        return replies


@given(STEPS)
def test_no_reply_ever_breaks_them_and_a_fair_server_mends_all(steps: list[object]) -> None:
    known, now = Subscriptions(SYMBOLS), 0
    known.opened(now)
    for step in steps:
        now += ANSWER_NS // 2
        match step:
            case AckFrame():
                known.answered(step, now)
            case ("broken", list(symbols)):
                known.broken(symbols, now)
            case ("due", list(symbols)):
                known.due(symbols, now)
            case _:
                known.opened(now)
        assert known.refused.keys() <= {*SYMBOLS, "X/USD"}
    # A new connection to a server that answers: everything is joined, nothing is refused.
    server = Server()
    waiting = known.opened(now)
    for _ in range(20):
        replies = [reply for text in waiting for reply in server.answer(text)]
        waiting = [text for reply in replies for text in known.answered(reply, now)]
    assert waiting == []
    assert known.refused == {}
    assert not known.is_deaf
    assert server.joined >= {(channel, s) for channel in ("book", "trade") for s in SYMBOLS}
    for turn in range(1, ASKED_MOST + 3):
        assert known.due([], now + turn * 2 * ANSWER_NS) == [], "nothing is owed any more"
