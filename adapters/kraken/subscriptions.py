"""What is subscribed on one connection, sans I/O: one answer a symbol, one bad symbol at a time.

A refused symbol is dropped and the others stay. A book that failed its checksum is unsubscribed,
and subscribed again once that was answered; whoever fails again and again waits longer each time.
What is not answered in time is asked again; in the end the connection is called deaf.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from actors.instant import SECOND_NS
from adapters.kraken.frames import AckFrame
from adapters.kraken.stream import BOOK, INSTRUMENT, TRADE

DEPTH: Final = 10
ANSWER_NS: Final = 5 * SECOND_NS
"""How long an answer, or the snapshot after it, may take."""
ASKED_MOST: Final = 3
AGAIN_FIRST_NS: Final = 5 * SECOND_NS
AGAIN_LONGEST_NS: Final = 60 * SECOND_NS
_ALL: Final = ""


class _State(enum.Enum):
    JOINING = "joining"
    JOINED = "joined"
    LEAVING = "leaving"
    REFUSED = "refused"


class _Subscription(msgspec.Struct):
    """One channel of one symbol; `since` is when its state began (ns), `asked` how often."""

    state: _State
    since: int
    asked: int = 1
    renewed: int = 0
    """When its book was given back last (ns); 0: never."""
    pause_ns: int = 0


Key = tuple[str, str]
"""Channel and symbol; the instrument channel has none."""


class Subscriptions:
    """The book, trade and instrument channels for `symbols`, over any number of connections.

    `refused` says why a symbol cannot be had. Requests are texts to send, in order.
    """

    def __init__(self, symbols: tuple[str, ...], *, depth: int = DEPTH) -> None:
        self.refused: dict[str, str] = {}
        self.renewals = 0
        self._symbols = symbols
        self._depth = depth
        self._known: dict[Key, _Subscription] = {}
        self._requests: dict[int, tuple[str, str]] = {}
        self._request_id = 0

    @property
    def is_deaf(self) -> bool:
        """Whether something was asked for so often that the connection must be given up."""
        return any(each.asked > ASKED_MOST for each in self._known.values())

    def opened(self, now: int) -> list[str]:
        """A new connection: everything is subscribed anew, also what was refused before."""
        self.refused.clear()
        self._known.clear()
        self._requests.clear()
        texts = self._join(INSTRUMENT, (_ALL,), now)
        return texts + self._join(BOOK, self._symbols, now) + self._join(TRADE, self._symbols, now)

    def answered(self, ack: AckFrame, now: int) -> list[str]:
        """A reply came; what to send next."""
        method, channel = self._requests.get(ack.req_id, (ack.method, ""))
        symbol = ack.symbol
        if ack.result is not None:
            channel = ack.result.channel or channel
            symbol = ack.result.symbol or symbol
        known = self._known.get((channel, symbol))
        if known is None:
            return []
        if method == "unsubscribe" and known.state is _State.LEAVING:
            return self._join(channel, (symbol,), now)
        if method != "subscribe" or known.state is not _State.JOINING:
            return []
        if ack.success or ack.is_harmless:
            known.state, known.since, known.asked = _State.JOINED, now, 0
        elif symbol:
            known.state = _State.REFUSED
            self.refused[symbol] = ack.error
        return []

    def broken(self, symbols: Iterable[str], now: int) -> list[str]:
        """These books cannot be used: give each back, and ask for it anew."""
        leaving: list[str] = []
        for symbol in symbols:
            known = self._known.get((BOOK, symbol))
            if known is None or known.state is not _State.JOINED:
                continue
            if now < known.renewed + known.pause_ns:
                continue
            was_calm = now - known.renewed > AGAIN_LONGEST_NS
            known.pause_ns = (
                AGAIN_FIRST_NS if was_calm else min(2 * known.pause_ns, AGAIN_LONGEST_NS)
            )
            known.state, known.since, known.asked, known.renewed = _State.LEAVING, now, 1, now
            leaving.append(symbol)
        self.renewals += len(leaving)
        return self._leave(tuple(leaving)) if leaving else []

    def due(self, absent: Iterable[str], now: int) -> list[str]:
        """What was not answered in time is asked again; so is a book whose snapshot never came."""
        joined = ((each, self._known.get((BOOK, each))) for each in absent)
        mute = [
            symbol
            for symbol, each in joined
            if each is not None and each.state is _State.JOINED and now - each.since > ANSWER_NS
        ]
        texts = self.broken(mute, now)
        late: dict[tuple[str, _State], list[str]] = {}
        for (channel, symbol), each in self._known.items():
            if each.state in _WAITING and now - each.since > ANSWER_NS:
                late.setdefault((channel, each.state), []).append(symbol)
                each.since = now
                each.asked += 1
        for (channel, state), symbols in late.items():
            if state is _State.LEAVING:
                texts += self._leave(tuple(symbols))
            else:
                texts.append(self._request("subscribe", channel, tuple(symbols)))
        return texts

    def _join(self, channel: str, symbols: tuple[str, ...], now: int) -> list[str]:
        for symbol in symbols:
            before = self._known.get((channel, symbol))
            fresh = _Subscription(_State.JOINING, now)
            if before is not None:
                fresh.renewed, fresh.pause_ns = before.renewed, before.pause_ns
            self._known[channel, symbol] = fresh
        return [self._request("subscribe", channel, symbols)]

    def _leave(self, symbols: tuple[str, ...]) -> list[str]:
        return [self._request("unsubscribe", BOOK, symbols)]

    def _request(self, method: str, channel: str, symbols: tuple[str, ...]) -> str:
        self._request_id += 1
        self._requests[self._request_id] = (method, channel)
        params: dict[str, Any] = {"channel": channel}
        if channel != INSTRUMENT:
            params["symbol"] = list(symbols)
        if channel == BOOK:
            params["depth"] = self._depth
        if method == "subscribe":
            params["snapshot"] = True
        asked = {"method": method, "params": params, "req_id": self._request_id}
        return msgspec.json.encode(asked).decode()


_WAITING: Final = (_State.JOINING, _State.LEAVING)
