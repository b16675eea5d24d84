"""The public channels: who reads what, and what readers are told when something happened.

Readers are kept in the order in which they came. Each frame is made once for all of its readers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from adapters.kraken_simulator.events import (
    BookChange,
    Event,
    InstrumentChange,
    StatusChange,
    Trade,
)
from adapters.kraken_simulator.history import INTERVALS
from adapters.kraken_simulator.serving.live import LiveExchange, traded
from adapters.kraken_simulator.sockets.book_feed import BookFeed
from adapters.kraken_simulator.sockets.connection import Connection
from adapters.kraken_simulator.sockets.public_rows import (
    candle_row,
    instrument_data,
    pair_row,
    status_frame,
    ticker_row,
    trade_row,
)
from adapters.kraken_simulator.sockets.requests import (
    Params,
    SocketRefusal,
    switch,
    whole,
    word,
)
from adapters.kraken_simulator.tape import MINUTE_NS
from adapters.kraken_simulator.wire import encode, rfc3339

DEPTHS: Final = (10, 25, 100, 500, 1_000)
TRADES_SHOWN: Final = 50
CANDLES_SHOWN: Final = 10
PER_SYMBOL: Final = ("book", "ohlc", "ticker", "trade")
CHANNELS: Final = (*PER_SYMBOL, "instrument")
WARNINGS: Final = {
    "ohlc": ["timestamp is deprecated, use interval_begin"],
    "instrument": ["tick_size is deprecated, use price_increment"],
}
Topic = tuple[str, str, int | str]
"""Channel, symbol ("" for instrument), and depth, interval or event trigger."""


class PublicChannels:
    """All readers of public channels."""

    def __init__(self, live: LiveExchange) -> None:
        self._live = live
        self._readers: dict[Topic, dict[Connection, None]] = {}
        self._books: dict[Topic, BookFeed] = {}
        self._best: dict[str, tuple[Any, ...]] = {}
        self._everyone: dict[Connection, None] = {}

    def enter(self, connection: Connection) -> None:
        """A socket opened: status comes first."""
        self._everyone[connection] = None
        connection.send("status", status_frame(self._live, connection.number))

    def leave(self, connection: Connection) -> None:
        """A socket is gone; nothing of it survives."""
        self._everyone.pop(connection, None)
        for topic in list(self._readers):
            self._remove(connection, topic)

    def tell_status(self) -> None:
        """Tell every socket the venue's mode and what is announced."""
        for connection in list(self._everyone):
            connection.send("status", status_frame(self._live, connection.number))

    def drop_all(self) -> int:
        """Drop every socket without a word; returns how many."""
        dropped = list(self._everyone)
        for connection in dropped:
            connection.abort()
        return len(dropped)

    def topic_of(self, channel: str, symbol: str, params: Params) -> Topic:
        """What a subscription is to. Raises SocketRefusal."""
        if channel in PER_SYMBOL and symbol not in self._live.exchange.symbols:
            raise SocketRefusal(f"Currency pair not supported {symbol}", symbol=symbol)
        if channel == "book":
            depth = whole(params, "depth")
            wanted = 10 if depth is None else depth
            if wanted not in DEPTHS:
                raise SocketRefusal("Subscription depth not supported", symbol=symbol)
            return channel, symbol, wanted
        if channel == "ohlc":
            interval = whole(params, "interval")
            minutes = 1 if interval is None else interval
            if minutes not in INTERVALS:
                raise SocketRefusal("Subscription ohlc interval not supported", symbol=symbol)
            return channel, symbol, minutes
        if channel == "ticker":
            trigger = word(params, "event_trigger") or "trades"
            if trigger not in {"trades", "bbo"}:
                raise SocketRefusal("Event trigger not supported", symbol=symbol)
            return channel, symbol, trigger
        return channel, symbol, ""

    def granted(self, topic: Topic, params: Params) -> dict[str, Any]:
        """The result of a subscription's ack."""
        channel, symbol, detail = topic
        snapshot = switch(params, "snapshot", default=channel != "trade")
        found: dict[str, Any] = {"channel": channel, "snapshot": snapshot}
        if symbol:
            found["symbol"] = symbol
        named = {"book": "depth", "ohlc": "interval", "ticker": "event_trigger"}.get(channel)
        if named is not None:
            found[named] = detail
        if channel in WARNINGS:
            found["warnings"] = WARNINGS[channel]
        return found

    def add(self, connection: Connection, topic: Topic) -> None:
        """Begin to tell a reader; what happened until now is told to the others first."""
        channel, symbol, detail = topic
        self._live.advance()
        readers = self._readers.setdefault(topic, {})
        if connection in readers:
            raise SocketRefusal("Already subscribed", **({"symbol": symbol} if symbol else {}))
        if channel == "book" and topic not in self._books:
            book = self._live.exchange.book(symbol, int(detail))
            self._books[topic] = BookFeed(int(detail), book)
        readers[connection] = None
        connection.subscriptions += 1

    def show(self, connection: Connection, topic: Topic) -> None:
        """Send a reader the snapshot of what it was added to."""
        connection.send(topic[0], self._snapshot(topic))

    def remove(self, connection: Connection, topic: Topic) -> None:
        """Stop telling a reader. Raises SocketRefusal when it was not told."""
        if not self._remove(connection, topic):
            symbol = topic[1]
            raise SocketRefusal("Subscription not found", **({"symbol": symbol} if symbol else {}))
        connection.subscriptions -= 1

    def _remove(self, connection: Connection, topic: Topic) -> bool:
        readers = self._readers.get(topic, {})
        if connection not in readers:
            return False
        del readers[connection]
        if not readers:
            del self._readers[topic]
            self._books.pop(topic, None)
        return True

    def _snapshot(self, topic: Topic) -> bytes:
        channel, symbol, detail = topic
        exchange, now_ns = self._live.exchange, self._live.exchange.now_ns
        if channel == "instrument":
            data = instrument_data(exchange)
            return encode({"channel": channel, "type": "snapshot", "data": data})
        row = exchange.instrument(symbol)
        if channel == "book":
            return self._books[topic].snapshot(row, now_ns)
        if channel == "ticker":
            return _frame(channel, "snapshot", [ticker_row(row, exchange.ticker(symbol))])
        if channel == "trade":
            rows = [trade_row(row, each) for each in exchange.last_trades(symbol, TRADES_SHOWN)]
            return _frame(channel, "snapshot", rows)
        found = exchange.candles(symbol, int(detail), CANDLES_SHOWN)
        rows = [candle_row(row, each, int(detail)) for each in found if each.count]
        return _frame(channel, "snapshot", rows, timestamp=rfc3339(now_ns, 9))

    def tell(self, events: tuple[Event, ...]) -> None:
        """Tell all readers what happened."""
        moved = {each.symbol for each in events if isinstance(each, BookChange)}
        trades = traded(events)
        for each in events:
            if isinstance(each, StatusChange):
                self.tell_status()
            elif isinstance(each, InstrumentChange):
                data = {"assets": [], "pairs": [pair_row(each.instrument)]}
                frame = encode({"channel": "instrument", "type": "update", "data": data})
                self._send(("instrument", "", ""), frame)
        for topic in list(self._readers):
            frame_of_topic = self._update(topic, moved, trades)
            if frame_of_topic is not None:
                self._send(topic, frame_of_topic)

    def _update(
        self, topic: Topic, moved: Iterable[str], trades: dict[str, list[Trade]]
    ) -> bytes | None:
        channel, symbol, detail = topic
        if symbol not in moved and symbol not in trades:
            return None
        exchange = self._live.exchange
        row, now_ns = exchange.instrument(symbol), exchange.now_ns
        if channel == "book":
            return self._books[topic].update(row, exchange.book(symbol, int(detail)), now_ns)
        if channel == "ticker" and (detail == "bbo" or symbol in trades):
            return self._ticker(topic)
        if channel == "trade" and symbol in trades:
            return _frame(channel, "update", [trade_row(row, each) for each in trades[symbol]])
        if channel == "ohlc" and symbol in trades:
            rows = self._candles_since(trades[symbol][0], int(detail))
            return _frame(channel, "update", rows, timestamp=rfc3339(now_ns, 9))
        return None

    def _candles_since(self, first: Trade, minutes: int) -> list[dict[str, Any]]:
        """The candles that trades from `first` on are in: two, where an interval ended since."""
        exchange = self._live.exchange
        row = exchange.instrument(first.symbol)
        found = exchange.candles(first.symbol, minutes, 2)
        began_ns = first.ts - minutes * MINUTE_NS
        told = [each for each in found if each.count and each.open_ns > began_ns]
        return [candle_row(row, each, minutes) for each in told]

    def _ticker(self, topic: Topic) -> bytes | None:
        exchange = self._live.exchange
        found = exchange.ticker(topic[1])
        if topic[2] == "bbo":
            best = (found.bid, found.bid_qty, found.ask, found.ask_qty)
            if self._best.get(topic[1]) == best:
                return None
            self._best[topic[1]] = best
        return _frame("ticker", "update", [ticker_row(exchange.instrument(topic[1]), found)])

    def _send(self, topic: Topic, frame: bytes) -> None:
        for connection in list(self._readers.get(topic, ())):
            connection.send(topic[0], frame)


def _frame(channel: str, kind: str, rows: list[dict[str, Any]], **more: Any) -> bytes:
    return encode({"channel": channel, "type": kind, **more, "data": rows})
