"""From frames to messages: one venue connection's books, trades and troubles, sans I/O.

Windows of `conflate_ns` venue time are handed over when a frame of a later window arrives, received
at the window's last frame. Trouble is a FeedStatus at once, after what is still sound. A book that
fails is dropped until its next snapshot; after a corrupt frame each book speaks again only when its
own checksum proves that nothing was lost. In a live session, trades after a jump of the ids wait
for those that are missing, but never beyond the end of a bar.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec import Raw

from actors.instant import MILLISECOND_NS
from actors.messages.base import Message
from actors.messages.control import PairRulesChanged
from actors.messages.market import CurrencyRate, FeedEvent, FeedStatus
from actors.ports import FeedItem
from adapters.kraken.announcements import Announcements
from adapters.kraken.book import Book, BookFault, depth_for
from adapters.kraken.conflation import Conflation, Trade
from adapters.kraken.continuity import Missing
from adapters.kraken.counts import StreamCounts
from adapters.kraken.edge_events import (
    EdgeEvent,
    Listed,
    Lost,
    Opened,
    Passed,
    Rated,
    Repaired,
    Unrepaired,
)
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
from adapters.kraken.rule_book import RuleBook
from adapters.kraken.states import News, PairStates, state_of
from adapters.kraken.tape import TradeTape
from adapters.kraken.tokens import TokenError, instant_of, plain_number

CONFLATE_NS: Final = 500 * MILLISECOND_NS
"""The default window: half a second keeps thirty busy symbols below 2 GB of journal a day."""

BOOK, TRADE, STATUS, INSTRUMENT, FRAMES = "book", "trade", "status", "instrument", "frames"
"""Names of the streams in FeedStatus; "frames" is a frame that no channel can be told of."""

_SIDES: Final = ("buy", "sell")
_FAULTS: Final = {
    BookFault.NUMBER: FeedEvent.GAP,
    BookFault.CHECKSUM: FeedEvent.CHECKSUM,
    BookFault.CROSSED: FeedEvent.CROSSED,
}


class MarketStream:
    """Turns frames into items. Never raises, whatever the bytes are; `counts` says what happened.

    symbols: the run's universe; others are counted and passed over. `began_ts` is the receive time
    (ns UTC) before any frame has brought one. `on_ack` is told of every reply to a request.
    """

    def __init__(
        self,
        symbols: tuple[str, ...],
        *,
        conflate_ns: int = CONFLATE_NS,
        began_ts: int = 0,
        on_ack: Callable[[AckFrame], None] = lambda _: None,
    ) -> None:
        self.counts = StreamCounts()
        self.venue_ts = 0
        """The newest venue time (ns UTC) of any book or trade."""
        self.system = ""
        """The venue's own word for its state."""
        self._index = {symbol: place for place, symbol in enumerate(symbols)}
        self._books = {symbol: Book() for symbol in symbols}
        self._granted: dict[str, int] = {}
        self._resync: set[str] = set()
        self._failed: set[str] = set()
        self._bar_ns = 0
        self._on_ack = on_ack
        self._states = PairStates(symbols)
        self._rules = RuleBook(symbols)
        self._announcements = Announcements()
        self._conflation = Conflation(conflate_ns)
        self._tape = TradeTape(self._index, self._conflation, self.counts, self._report_trades)
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

    def befall(self, event: EdgeEvent, received_ts: int) -> list[FeedItem]:
        """The items that follow from what befell the connection."""
        self._arrive(received_ts)
        match event:
            case Opened():
                self._bar_ns = event.bar_ns
                self._rules.begin(event.rules)
                self._tape.holds = True
            case Lost():
                self._lose(event.detail)
            case Repaired():
                self._tape.repair(event)
            case Unrepaired():
                self._tape.give_up(event.symbol, event.detail)
            case Listed():
                for news in self._rules.listed(event.rules, event.asked_ts, self._received_ts):
                    self._tell_rules(news)
            case Rated():
                self._tell_rates(event)
            case Passed():
                pass
        return self._handed_over()

    def would_pass(self, ts: int) -> bool:
        """Whether anything is held back that the time `ts` releases."""
        if ts // self._conflate_ns == self._received_ts // self._conflate_ns:
            return False
        return self._conflation.holds_back or (self._bar_ended(ts) and not self._tape.is_settled)

    @property
    def failed_books(self) -> tuple[str, ...]:
        """Symbols whose book was dropped for a fault of its own, in index order."""
        return tuple(each for each in self._books if each in self._failed) if self._failed else ()

    @property
    def absent_books(self) -> tuple[str, ...]:
        """Symbols whose book cannot be used before its next snapshot, in index order."""
        return tuple(symbol for symbol, book in self._books.items() if not book.is_sound)

    def missing(self) -> dict[str, Missing]:
        """The trades that later ones wait for, by symbol."""
        return self._tape.missing()

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
                self._take_trades(frame, received_ts)
            case StatusFrame():
                self._arrive(received_ts)
                for state in frame.data:
                    self.system = state.system
                    self._report(STATUS, state_of(state.system), "", state.system)
                    self._announce(state.upcoming_maintenance)
            case InstrumentFrame():
                self._arrive(received_ts)
                self._tell(self._states.told(frame))
                for news in self._rules.told(frame.data.pairs, self._received_ts):
                    self._tell_rules(news)
                self.counts.misshapen_rules = self._rules.unreadable
            case AckFrame():
                self._take_ack(frame, received_ts)
            case OtherFrame():
                self._arrive(received_ts)
                self.counts.other_frames += 1

    def _announce(self, listed: list[Raw] | None) -> None:
        before = self._announcements.unreadable
        for message in self._announcements.news(listed):
            self._hand_over()
            self._emit(message)
        self.counts.misshapen_frames += self._announcements.unreadable > before

    def _take_book(self, entry: BookEntry, is_snapshot: bool, received_ts: int) -> None:
        symbol, book = entry.symbol, self._books.get(entry.symbol)
        try:
            ts = instant_of(entry.timestamp) if entry.timestamp else 0
        except TokenError as error:
            self._arrive(received_ts)
            self._set_aside(MisshapenFrameError(BOOK, (symbol,), str(error)))
            return
        self._arrive(received_ts or ts)
        self.venue_ts = max(self.venue_ts, ts)
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
            self._failed.discard(symbol)
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
        self._failed.add(symbol)

    def _take_trades(self, frame: TradeFrame, received_ts: int) -> None:
        is_snapshot = frame.type == "snapshot"
        # What a snapshot tells first is not said anywhere; ids are the order.
        told = sorted(frame.data, key=_by_id) if is_snapshot else frame.data
        # The first snapshot tells of trades before we listened.
        has_begun = self._tape.has_begun
        before = {each.symbol for each in told if is_snapshot and not has_begun(each.symbol)}
        for each in told:
            self._take_trade(each, received_ts, is_before=each.symbol in before)

    def _take_trade(self, entry: TradeEntry, received_ts: int, *, is_before: bool) -> None:
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
        self._arrive(received_ts or (0 if is_before else ts))
        place = self._index.get(symbol)
        if place is None:
            self.counts.unknown_symbols += 1
        else:
            self.venue_ts = max(self.venue_ts, 0 if is_before else ts)
            is_buy = entry.side == "buy"
            trade = Trade(place, price, quantity, is_buy, entry.trade_id, ts)
            self._tape.count(symbol, trade, is_before=is_before)

    def _lose(self, detail: str) -> None:
        """No book is sound any more, and every symbol's trades must join up again."""
        self._hand_over()
        for symbol in self._index:
            self._drop_book(symbol)
        self._failed.clear()
        self._tape.doubt()
        self._report(BOOK, FeedEvent.GAP, "", detail)

    def _take_ack(self, frame: AckFrame, received_ts: int) -> None:
        try:
            ts = instant_of(frame.time_out) if frame.time_out else 0
        except TokenError:
            ts = 0
        self._arrive(received_ts or ts)
        if not frame.success:
            self.counts.refused_requests += 1
            self._tell(self._states.refused(frame))
        elif frame.result is not None and frame.result.channel == BOOK:
            self._grant(frame.result.symbol, frame.result.depth)
        self._on_ack(frame)

    def _tell(self, news: list[News]) -> None:
        for symbol, event, words in news:
            self._report(INSTRUMENT, event, symbol, words)

    def _tell_rules(self, news: PairRulesChanged) -> None:
        self.counts.rule_changes += 1
        self._hand_over()
        self._emit(news)

    def _tell_rates(self, event: Rated) -> None:
        self._hand_over()
        for each in event.rates:
            self._emit(CurrencyRate(each.pair, each.bid, each.ask, event.asked_ts))

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
            self._tape.tear(named or list(self._books))
        for symbol in named or [""]:
            self._report(channel, FeedEvent.GAP, symbol, str(error))

    def _arrive(self, ts: int) -> None:
        """Move receive time on; a new window hands over the old one first."""
        if ts <= self._received_ts:
            return
        if ts // self._conflate_ns != self._received_ts // self._conflate_ns:
            if self._bar_ended(ts):
                self._tape.end_bar()
            self._hand_over()
        self._received_ts = ts

    def _bar_ended(self, ts: int) -> bool:
        return self._bar_ns > 0 and ts // self._bar_ns != self._received_ts // self._bar_ns

    def _report_trades(self, event: FeedEvent, symbol: str, detail: str) -> None:
        self._report(TRADE, event, symbol, detail)

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


def _by_id(trade: TradeEntry) -> int:
    return trade.trade_id
