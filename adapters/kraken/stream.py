"""From frames to messages: one venue connection's books, trades and troubles, sans I/O.

Windows of `conflate_ns` venue time are handed over when a frame of a later window arrives, received
at the window's last frame. Trouble is a FeedStatus at once, after what is still sound. A book that
fails is dropped until its next snapshot; after a corrupt frame each book speaks again only when its
own checksum proves that nothing was lost.
"""

from __future__ import annotations

from typing import Final

from actors.instant import MILLISECOND_NS
from actors.messages.base import Message
from actors.messages.market import FeedEvent, FeedStatus
from actors.ports import FeedItem
from adapters.kraken.book import Book, BookFault, depth_for
from adapters.kraken.conflation import Conflation, Trade
from adapters.kraken.counts import StreamCounts
from adapters.kraken.frames import (
    AckFrame,
    BookEntry,
    BookFrame,
    CorruptFrameError,
    Frame,
    InstrumentFrame,
    MisshapenFrameError,
    OtherFrame,
    StatusFrame,
    TradeEntry,
    TradeFrame,
    decode,
)
from adapters.kraken.tokens import TokenError, instant_of, plain_number

CONFLATE_NS: Final = 500 * MILLISECOND_NS
"""The default window: half a second keeps thirty busy symbols below 2 GB of journal a day."""

BOOK, TRADE, STATUS, INSTRUMENT, FRAMES = "book", "trade", "status", "instrument", "frames"
"""Names of the streams in FeedStatus; "frames" is a frame that no channel can be told of."""

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
_SIDES: Final = ("buy", "sell")
_FAULTS: Final = {
    BookFault.NUMBER: FeedEvent.GAP,
    BookFault.CHECKSUM: FeedEvent.CHECKSUM,
    BookFault.CROSSED: FeedEvent.CROSSED,
}


class MarketStream:
    """Turns frames into items. Never raises, whatever the bytes are; `counts` says what happened.

    symbols: the run's universe; others are counted and passed over. `began_ts` is the receive time
    (ns UTC) before any frame has brought one.
    """

    def __init__(
        self, symbols: tuple[str, ...], *, conflate_ns: int = CONFLATE_NS, began_ts: int = 0
    ) -> None:
        self.counts = StreamCounts()
        self._index = {symbol: place for place, symbol in enumerate(symbols)}
        self._books = {symbol: Book() for symbol in symbols}
        self._granted: dict[str, int] = {}
        self._resync: set[str] = set()
        self._last_trade: dict[str, int] = {}
        self._trade_gap: set[str] = set()
        self._pair_states: dict[str, FeedEvent] = {}
        self._conflation = Conflation(conflate_ns)
        self._conflate_ns = conflate_ns
        self._received_ts = began_ts
        self._item_ts = 0
        self._items: list[FeedItem] = []

    def feed(self, data: bytes, received_ts: int = 0) -> list[FeedItem]:
        """The items that this frame completes. `received_ts` 0 means: the frame's own venue time.

        Receive time never decreases; items have strictly increasing `at`.
        """
        self.counts.frames += 1
        try:
            frame, has_unknown_fields = decode(data)
        except CorruptFrameError as error:
            self._arrive(received_ts)
            self.counts.corrupt_frames += 1
            self._report(FRAMES, FeedEvent.CORRUPT, "", str(error))
        except MisshapenFrameError as error:
            self._arrive(received_ts)
            self._set_aside(error)
        else:
            self.counts.unknown_fields += has_unknown_fields
            self._take(frame, received_ts)
        return self._handed_over()

    def flush(self) -> list[FeedItem]:
        """What is still held back, at the last receive time: the end of a recording or a window."""
        self._hand_over()
        return self._handed_over()

    def _handed_over(self) -> list[FeedItem]:
        items, self._items = self._items, []
        return items

    def _take(self, frame: Frame, received_ts: int) -> None:
        match frame:
            case BookFrame():
                for entry in frame.data:
                    self._take_book(entry, frame.type == "snapshot", received_ts)
            case TradeFrame():
                for trade in frame.data:
                    self._take_trade(trade, frame.type == "snapshot", received_ts)
            case StatusFrame():
                self._arrive(received_ts)
                for state in frame.data:
                    # A word that is not known closes the gate: better idle than wrong.
                    event = _STATES.get(state.system, FeedEvent.MAINTENANCE)
                    self._report(STATUS, event, "", state.system)
            case InstrumentFrame():
                self._arrive(received_ts)
                self._take_pairs(frame)
            case AckFrame():
                self._take_ack(frame, received_ts)
            case OtherFrame():
                self._arrive(received_ts)
                self.counts.other_frames += 1

    def _take_book(self, entry: BookEntry, is_snapshot: bool, received_ts: int) -> None:
        symbol, book = entry.symbol, self._books.get(entry.symbol)
        try:
            ts = instant_of(entry.timestamp) if entry.timestamp else 0
        except TokenError as error:
            self._arrive(received_ts)
            self._set_aside(MisshapenFrameError(BOOK, (symbol,), str(error)))
            return
        self._arrive(received_ts or ts)
        if book is None:
            self.counts.unknown_symbols += 1
            return
        if is_snapshot:
            self.counts.book_snapshots += 1
            deepest = max(len(entry.bids), len(entry.asks))
            book.depth = self._granted.get(symbol) or depth_for(deepest)
            fault = book.load(entry.bids, entry.asks, entry.checksum)
        elif book.is_sound:
            self.counts.book_updates += 1
            fault = book.update(entry.bids, entry.asks, entry.checksum)
        else:
            self.counts.updates_without_book += 1
            return
        if fault is None:
            self.counts.checksums_verified += 1
            if symbol in self._resync:
                self._resync.discard(symbol)
                self._report(BOOK, FeedEvent.RESYNCED, symbol, "")
            self._conflation.set_book(self._index[symbol], book, ts or self._received_ts)
            return
        self._fail_book(symbol, fault)

    def _fail_book(self, symbol: str, fault: BookFault) -> None:
        self.counts.checksums_failed += fault is BookFault.CHECKSUM
        self.counts.misshapen_frames += fault is BookFault.NUMBER
        # A crossed book has passed its checksum before it was refused.
        self.counts.crossed_books += fault is BookFault.CROSSED
        self.counts.checksums_verified += fault is BookFault.CROSSED
        self._drop_book(symbol)
        self._report(BOOK, _FAULTS[fault], symbol, fault.value)

    def _drop_book(self, symbol: str) -> None:
        self._books[symbol].drop()
        self._conflation.forget_book(self._index[symbol])
        self._resync.add(symbol)

    def _take_trade(self, entry: TradeEntry, is_snapshot: bool, received_ts: int) -> None:
        symbol = entry.symbol
        try:
            ts = instant_of(entry.timestamp)
            price = float(plain_number(bytes(entry.price)))
            quantity = float(plain_number(bytes(entry.qty)))
        except TokenError as error:
            self._arrive(received_ts)
            self._set_aside(MisshapenFrameError(TRADE, (symbol,), str(error)))
            return
        if price == 0.0 or quantity == 0.0 or entry.side not in _SIDES:
            self._arrive(received_ts)
            what = f"a trade of {quantity} at {price}, side {entry.side[:8]!r}"
            self._set_aside(MisshapenFrameError(TRADE, (symbol,), what))
            return
        self._arrive(received_ts or (0 if is_snapshot else ts))
        place = self._index.get(symbol)
        if place is None:
            self.counts.unknown_symbols += 1
        elif self._is_next(symbol, entry.trade_id, is_snapshot=is_snapshot):
            self.counts.trades += 1
            is_buy = entry.side == "buy"
            trade = Trade(place, price, quantity, is_buy, entry.trade_id, ts)
            self._conflation.add_trade(trade)

    def _is_next(self, symbol: str, trade_id: int, *, is_snapshot: bool) -> bool:
        """Whether the trade is new. Ids run by one: a jump is a gap, a return a repeat."""
        last = self._last_trade.get(symbol)
        if last is not None and trade_id <= last:
            self.counts.trades_repeated += 1
            return False
        self._last_trade[symbol] = trade_id
        if last is None:
            # The first snapshot tells of trades before we listened.
            self.counts.trades_before_start += is_snapshot
            return not is_snapshot
        if trade_id != last + 1:
            self.counts.trade_gaps += 1
            self._trade_gap.add(symbol)
            self._report(TRADE, FeedEvent.GAP, symbol, f"{trade_id - last - 1} trades are missing")
        elif symbol in self._trade_gap:
            self._trade_gap.discard(symbol)
            self._report(TRADE, FeedEvent.RESYNCED, symbol, "")
        return True

    def _take_pairs(self, frame: InstrumentFrame) -> None:
        for pair in frame.data.pairs:
            if pair.symbol not in self._index:
                continue
            event = _STATES.get(pair.status, FeedEvent.MAINTENANCE)
            if event is not self._pair_states.get(pair.symbol, FeedEvent.ONLINE):
                self._report(INSTRUMENT, event, pair.symbol, pair.status)
            self._pair_states[pair.symbol] = event

    def _take_ack(self, frame: AckFrame, received_ts: int) -> None:
        try:
            ts = instant_of(frame.time_out) if frame.time_out else 0
        except TokenError:
            ts = 0
        self._arrive(received_ts or ts)
        if not frame.success:
            self.counts.refused_requests += 1
            if frame.symbol in self._index:
                self._report(INSTRUMENT, FeedEvent.NOT_LISTED, frame.symbol, frame.error)
        elif frame.result is not None and frame.result.channel == BOOK:
            self._grant(frame.result.symbol, frame.result.depth)

    def _grant(self, symbol: str, depth: int) -> None:
        """A subscription's depth, which may become known after its snapshot."""
        if symbol in self._books and depth > 0:
            self._granted[symbol] = depth
            self._books[symbol].depth = depth

    def _set_aside(self, error: MisshapenFrameError) -> None:
        """A frame of a known channel that cannot be used: its symbols, or all, have a gap."""
        self.counts.misshapen_frames += 1
        channel = error.channel if error.channel in {BOOK, TRADE} else FRAMES
        named = [symbol for symbol in error.symbols if symbol in self._index]
        if error.channel not in {BOOK, TRADE, STATUS, INSTRUMENT} or (error.symbols and not named):
            return
        if channel == BOOK:
            for symbol in named or self._books:
                self._drop_book(symbol)
        elif channel == TRADE:
            self._trade_gap.update(named or self._books)
        for symbol in named or [""]:
            self._report(channel, FeedEvent.GAP, symbol, str(error))

    def _arrive(self, ts: int) -> None:
        """Move receive time on; a new window hands over the old one first."""
        if ts <= self._received_ts:
            return
        if ts // self._conflate_ns != self._received_ts // self._conflate_ns:
            self._hand_over()
        self._received_ts = ts

    def _report(self, stream: str, event: FeedEvent, symbol: str, detail: str) -> None:
        self._hand_over()
        place = self._index[symbol] if symbol else -1
        self._emit(FeedStatus(self._received_ts, stream, event, place, detail[:200]))

    def _hand_over(self) -> None:
        for message in self._conflation.take():
            self._emit(message)

    def _emit(self, message: Message) -> None:
        self._item_ts = max(self._item_ts + 1, self._received_ts)
        self._items.append(FeedItem(self._item_ts, message))
