"""What the venue says of itself and of each pair, in its own words, as events.

A word that is not known closes the gate: better idle than wrong.
"""

from __future__ import annotations

from typing import Final

from actors.messages.market import FeedEvent
from adapters.kraken.frames import AckFrame, InstrumentFrame

_STATES: Final = {
    "online": FeedEvent.ONLINE,
    "maintenance": FeedEvent.MAINTENANCE,
    "cancel_only": FeedEvent.CANCEL_ONLY,
    "post_only": FeedEvent.POST_ONLY,
    "limit_only": FeedEvent.LIMIT_ONLY,
    "reduce_only": FeedEvent.REDUCE_ONLY,
    "delisted": FeedEvent.NOT_LISTED,
    "work_in_progress": FeedEvent.NOT_LISTED,
}
News = tuple[str, FeedEvent, str]
"""Symbol, event, and the words for it."""


def state_of(word: str) -> FeedEvent:
    """The event of a state's name."""
    return _STATES.get(word, FeedEvent.MAINTENANCE)


class PairStates:
    """The newest state of every symbol; only a change is news."""

    def __init__(self, symbols: tuple[str, ...]) -> None:
        self._states = dict.fromkeys(symbols, FeedEvent.ONLINE)

    def told(self, frame: InstrumentFrame) -> list[News]:
        """What an instrument frame changes. A snapshot lists every pair that there is."""
        news: list[News] = []
        listed = {pair.symbol: pair.status for pair in frame.data.pairs}
        for symbol, status in listed.items():
            news += self._set(symbol, state_of(status), status)
        if frame.type == "snapshot":
            for symbol in self._states:
                if symbol not in listed:
                    event = FeedEvent.NOT_LISTED
                    news += self._set(symbol, event, "the venue does not list it")
        return news

    def refused(self, frame: AckFrame) -> list[News]:
        """A refused subscription: its symbol cannot be had."""
        if frame.is_harmless or frame.symbol not in self._states:
            return []
        self._states[frame.symbol] = FeedEvent.NOT_LISTED
        return [(frame.symbol, FeedEvent.NOT_LISTED, frame.error)]

    def _set(self, symbol: str, event: FeedEvent, words: str) -> list[News]:
        if self._states.get(symbol, event) is event:
            return []
        self._states[symbol] = event
        return [(symbol, event, words)]
