"""The live public feed: one kept connection, its books, trades and troubles, as inputs in a line.

Whatever the socket brings goes through the same stream as a recording, with the receive time of the
edge's clock; so a recording of it gives the same items again. The pump takes them when it can.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Final

import msgspec

from actors.dataset import Dataset
from actors.instant import HOUR_NS, MILLISECOND_NS, SECOND_NS
from actors.messages.control import ClockSkew
from actors.ports import EdgeError, FeedItem
from adapters.kraken.backlog import CAPACITY, Backlog
from adapters.kraken.capture import CaptureFile
from adapters.kraken.clock import EdgeClock
from adapters.kraken.counts import StreamCounts
from adapters.kraken.edge_events import (
    EdgeEvent,
    Listed,
    Lost,
    Opened,
    Passed,
    Rated,
    Repaired,
    ToldTrade,
    Unrepaired,
)
from adapters.kraken.frames import AckFrame
from adapters.kraken.handshakes import Handshakes, Pauses
from adapters.kraken.line import Line, LineState
from adapters.kraken.public_market import PublicPairs, PublicRates, PublicTrades
from adapters.kraken.rule_book import LIST_AGE_NS, PairRules
from adapters.kraken.skew import Skew
from adapters.kraken.socket import DeafError, Patience, Send, stay_connected
from adapters.kraken.stream import CONFLATE_NS, MarketStream
from adapters.kraken.subscriptions import Subscriptions
from adapters.kraken.tokens import TokenError, instant_of

POLL_SECONDS: Final = 0.1
_EARLIER_NS: Final = MILLISECOND_NS
"""REST stamps are finer than the socket's: ask from a little earlier."""
_SAY_SECONDS: Final = 5.0
LIST_EVERY_NS: Final = 600 * SECOND_NS
"""How often the list of pairs is read beside the channel, by the feed's clock."""


RATES_EVERY_NS: Final = 30 * SECOND_NS
"""How often rates of currencies are asked for, by the feed's clock."""


class FeedOptions(msgspec.Struct, frozen=True):
    """How a live feed listens."""

    conflate_ns: int = CONFLATE_NS
    bar_ns: int = HOUR_NS
    skew_ns_most: int = SECOND_NS
    repair_seconds: float = 30.0
    repair_pages: int = 5
    capacity: int = CAPACITY
    patience: Patience = Patience()
    pauses: Pauses = Pauses()


class LiveFeed:
    """Market data of `symbols` (index order) from the socket at `url`.

    `trades` is asked for trades that were missed; without it they stay missing. `rules` are known
    already, `pairs` is asked for newer ones now and then, and `rates` for those of `rate_pairs`.
    `capture` records.
    """

    datasets: tuple[Dataset, ...] = ()

    def __init__(
        self,
        symbols: tuple[str, ...],
        url: str,
        *,
        clock: EdgeClock,
        options: FeedOptions = FeedOptions(),  # noqa: B008  (frozen)
        trades: PublicTrades | None = None,
        rules: tuple[PairRules, ...] = (),
        pairs: PublicPairs | None = None,
        rates: PublicRates | None = None,
        rate_pairs: tuple[str, ...] = (),
        capture: CaptureFile | None = None,
    ) -> None:
        self.symbols = symbols
        self.clock = clock
        self.options = options
        self.line = Line(silence=options.patience.silence)
        self.backlog = Backlog(capacity=options.capacity, bar_ns=options.bar_ns)
        self._url = url
        self._trades = trades
        self._rules = rules
        self._pairs = pairs
        self._listing: asyncio.Task[None] | None = None
        self._list_due = clock.now() + LIST_EVERY_NS
        self._list_again = 0
        self._rates = rates
        self._rate_pairs = rate_pairs
        self._rating: asyncio.Task[None] | None = None
        self._rates_due = 0
        self._capture = capture
        self._handshakes = Handshakes(options.pauses)
        self._stream = MarketStream(
            symbols,
            conflate_ns=options.conflate_ns,
            began_ts=clock.now(),
            on_ack=self._answered,
        )
        self._subscriptions = Subscriptions(symbols)
        self._skew = Skew(options.skew_ns_most)
        self._send: Send | None = None
        self._texts: list[str] = []
        self._repairs: dict[str, asyncio.Task[None]] = {}
        self._told_at = 0.0
        self._venue_ts = 0

    @property
    def counts(self) -> StreamCounts:
        """What the stream has been through."""
        return self._stream.counts

    async def run(self) -> None:
        """Listen until cancelled. The recording is its owner's to close."""
        self._befall(Opened(self.symbols, self.options.bar_ns, self._rules))
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._poll())
                tasks.create_task(
                    stay_connected(self._url, self, self._handshakes, self.options.patience)
                )
        finally:
            others = (each for each in (self._listing, self._rating) if each is not None)
            repairs = [*self._repairs.values(), *others]
            for repair in repairs:
                repair.cancel()
            await asyncio.gather(*repairs, return_exceptions=True)
            self._repairs.clear()
            self._listing = self._rating = None

    def pass_time(self) -> int:
        """Release what the present time ends, and tell the time (ns UTC)."""
        now = self.clock.now()
        if self._stream.would_pass(now):
            self._befall(Passed(), now)
        return now

    def doubt_rules(self) -> None:
        """An order broke a rule that we did not know of: read the list of pairs soon, and again
        when no cache can hold the old one any more.
        """
        now = self.clock.now()
        self._list_due = min(self._list_due, now)
        self._list_again = now + LIST_AGE_NS

    async def connected(self, send: Send) -> None:
        """Subscribe to everything."""
        self._send = send
        self._texts.clear()
        self.line.opened += 1
        self.line.state, self.line.detail = LineState.SUBSCRIBING, ""
        self.line.heard = time.monotonic()
        for text in self._subscriptions.opened(self.clock.now()):
            await send(text)

    async def received(self, frame: bytes) -> None:
        """A frame of the venue, whatever is in it."""
        data = frame.replace(b"\n", b" ").strip()
        if not data:
            return
        now = self.clock.now()
        self.line.heard = time.monotonic()
        if self._capture is not None:
            self._capture.frame(now, data)
        self.backlog.put(self._stream.feed(data, now))
        if self._stream.venue_ts != self._venue_ts:
            self._venue_ts = self._stream.venue_ts
            self._skew.heard(self._venue_ts, now)
        if self._stream.system:
            self._handshakes.in_maintenance = self._stream.system == "maintenance"
        if self._texts or self._stream.failed_books:
            await self._renew(now)
        if self._subscriptions.is_deaf:
            raise DeafError("the venue does not answer subscriptions")

    def lost(self, reason: str) -> None:
        """The connection is gone: nothing of it can be used any more."""
        was_open, self._send = self._send is not None, None
        self.line.state, self.line.detail = LineState.CONNECTING, reason
        if was_open:
            self.line.losses += 1
            self._befall(Lost(reason))

    def waiting(self, seconds: float) -> None:
        """There is a pause before the next attempt."""
        if seconds > 0.0:
            self.line.state = LineState.WAITING

    def _answered(self, ack: AckFrame) -> None:
        now = self.clock.now()
        try:
            if ack.time_out:
                self._skew.heard(instant_of(ack.time_out), now)
        except TokenError:
            pass  # a stamp that is none says nothing of clocks
        self._texts += self._subscriptions.answered(ack, now)

    def _befall(self, event: EdgeEvent, now: int | None = None) -> None:
        ts = self.clock.now() if now is None else now
        if self._capture is not None:
            self._capture.event(ts, event)
        self.backlog.put(self._stream.befall(event, ts))

    async def _renew(self, now: int) -> None:
        """Say what is to be said: answers to answers, and books that failed."""
        texts, self._texts = self._texts, []
        failed = self._stream.failed_books
        await self._say([*texts, *self._subscriptions.broken(failed, now)])

    async def _say(self, texts: Iterable[str]) -> None:
        try:
            async with asyncio.timeout(_SAY_SECONDS):
                for text in texts:
                    if self._send is not None:
                        await self._send(text)
        except (TimeoutError, ConnectionError, OSError):
            return  # whoever listens hears of the loss by itself

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            now = self.pass_time()
            if self._send is not None:
                await self._renew(now)
                await self._say(self._subscriptions.due(self._stream.absent_books, now))
            self._mend()
            self._look_up_rules(now)
            self._look_up_rates(now)
            self._look()
            if time.monotonic() - self._told_at >= 1.0:
                self._told_at = time.monotonic()
                await self._tell(now)

    def _look(self) -> None:
        line, counts = self.line, self._stream.counts
        line.books = len(self.symbols) - len(self._stream.absent_books)
        line.frames, line.trade_gaps = counts.frames, counts.trade_gaps
        line.trade_repairs = counts.trade_repairs
        line.waiting, line.conflated_books = len(self.backlog), self.backlog.conflated_books
        line.handshakes = self._handshakes.made
        line.renewals = self._subscriptions.renewals
        line.refused = tuple(self._subscriptions.refused)
        line.lag_ns, line.offset_ns = self._skew.lag_ns, self._skew.offset_ns
        if self._send is not None:
            line.state = LineState.STREAMING if line.books else LineState.SUBSCRIBING

    async def _tell(self, now: int) -> None:
        """Once a second: the clock, and the recording."""
        self.clock.slew()
        news = self._skew.judged(self.clock.offset())
        if news is not None:
            # Not ahead of what a window still holds back.
            self.backlog.put([FeedItem(self.backlog.newest_at or now, ClockSkew(news))])
        if self._capture is not None:
            await self._capture.write()
            self.line.recording = self._capture.fault

    def _mend(self) -> None:
        """Ask for trades that others wait for, a symbol at a time."""
        for symbol, task in tuple(self._repairs.items()):
            if task.done():
                del self._repairs[symbol]
                task.result()
        for symbol in self._stream.missing():
            if symbol not in self._repairs:
                self._repairs[symbol] = asyncio.create_task(self._repair(symbol))

    def _look_up_rules(self, now: int) -> None:
        """Read the list of pairs when it is time to."""
        if self._listing is not None and self._listing.done():
            listing, self._listing = self._listing, None
            listing.result()
        if self._pairs is None or self._listing is not None or now < self._list_due:
            return
        self._list_due = self._list_again if self._list_again > now else now + LIST_EVERY_NS
        self._listing = asyncio.create_task(self._list(self._pairs))

    async def _list(self, pairs: PublicPairs) -> None:
        asked_ts = self.clock.now()
        try:
            found = await pairs.pairs()
        except EdgeError:
            return  # the channel tells as well, and the list is read again
        rules = tuple(found[each].rules(each) for each in self.symbols if each in found)
        self._befall(Listed(asked_ts, rules))

    def _look_up_rates(self, now: int) -> None:
        """Ask for the rates of currencies when it is time to."""
        if self._rating is not None and self._rating.done():
            rating, self._rating = self._rating, None
            rating.result()
        if self._rates is None or not self._rate_pairs or self._rating is not None:
            return
        if now >= self._rates_due:
            self._rates_due = now + RATES_EVERY_NS
            self._rating = asyncio.create_task(self._rate(self._rates))

    async def _rate(self, rates: PublicRates) -> None:
        asked_ts = self.clock.now()
        try:
            found = await rates.rates(self._rate_pairs)
        except EdgeError:
            return  # what was told last grows old, and entries close
        self._befall(Rated(asked_ts, found))

    async def _repair(self, symbol: str) -> None:
        if self._trades is None:
            self._befall(Unrepaired(symbol, "nobody can be asked for trades"))
            return
        found: list[ToldTrade] = []
        try:
            async with asyncio.timeout(self.options.repair_seconds):
                for _ in range(self.options.repair_pages):
                    missing = self._stream.missing().get(symbol)
                    if missing is None:
                        return
                    since = found[-1].ts if found else missing.since_ts
                    page = await self._trades.trades(symbol, since - _EARLIER_NS)
                    known = {each.trade_id for each in found}
                    fresh = [each for each in page if each.trade_id not in known]
                    found += fresh
                    if not fresh or found[-1].trade_id >= missing.last_id:
                        break
        except (EdgeError, TimeoutError) as error:
            self._befall(Unrepaired(symbol, f"trades could not be had: {error}"[:150]))
            return
        missing = self._stream.missing().get(symbol)
        if missing is not None:
            wanted = range(missing.first_id, missing.last_id + 1)
            told = tuple(each for each in found if each.trade_id in wanted)
            self._befall(Repaired(symbol, told))
