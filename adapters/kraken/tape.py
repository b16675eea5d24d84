"""The trades of a connection, each used once and in its turn; what is missing is told as a gap.

While a session is live (`holds`), trades after a jump of the ids wait for those that are missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from actors.messages.market import FeedEvent
from adapters.kraken.conflation import Conflation, Trade
from adapters.kraken.continuity import Continuity, Missing
from adapters.kraken.counts import StreamCounts
from adapters.kraken.edge_events import Repaired
from adapters.kraken.tokens import TokenError, plain_number

Report = Callable[[FeedEvent, str, str], None]
"""Say what befell the trades of a symbol, in some words."""
_UNTOLD: Final = "what was traded meanwhile is not known"
_TOO_LATE: Final = "whether trades are missing was not known in time"


class TradeTape:
    """Trades on their way into a conflation."""

    def __init__(
        self,
        index: Mapping[str, int],
        conflation: Conflation,
        counts: StreamCounts,
        report: Report,
    ) -> None:
        self.holds = False
        self._index = index
        self._conflation = conflation
        self._counts = counts
        self._report = report
        self._continuity = Continuity()
        self._gaps: set[str] = set()

    @property
    def is_settled(self) -> bool:
        """Whether it is known of every symbol that no trade is missing, or that one is."""
        return not self._continuity.unsettled

    def has_begun(self, symbol: str) -> bool:
        """Whether any trade of the symbol was told."""
        return self._continuity.has_begun(symbol)

    def missing(self) -> dict[str, Missing]:
        """The trades that later ones wait for, by symbol."""
        found = {symbol: self._continuity.missing(symbol) for symbol in self._continuity.unsettled}
        return {symbol: each for symbol, each in found.items() if each is not None}

    def tear(self, symbols: list[str]) -> None:
        """Trades of these symbols were in a frame that could not be read."""
        self._gaps.update(symbols)

    def doubt(self) -> None:
        """The connection was lost: the trades of every symbol must join up again."""
        self._continuity.doubt(tuple(self._index))

    def count(self, symbol: str, trade: Trade, *, is_before: bool = False) -> None:
        """Use a trade once. Ids run by one: a jump is a gap, a return a repeat."""
        known = self._continuity
        if not known.has_begun(symbol) and symbol in known.unsettled:
            self.give_up(symbol, _UNTOLD)
        if is_before or not known.has_begun(symbol):
            known.begin(symbol, trade)
            self._counts.trades_before_start += is_before
            if not is_before:
                self._use([trade])
            return
        known.joined(symbol)
        if known.is_known(symbol, trade.trade_id):
            self._counts.trades_repeated += 1
            return
        following = known.follow(symbol, trade)
        if following and symbol in self._gaps:
            self._gaps.discard(symbol)
            self._report(FeedEvent.RESYNCED, symbol, "")
        self._use(following)
        if known.missing(symbol) is not None and (not self.holds or known.is_full(symbol)):
            self.give_up(symbol, "")

    def give_up(self, symbol: str, detail: str) -> None:
        """What is missing stays missing: say so, then use what waited for it."""
        if symbol not in self._index:
            return
        waited, missed = self._continuity.give_up(symbol)
        self._counts.trade_gaps += 1
        self._gaps.add(symbol)
        told = f"{missed} trades are missing" if missed else detail
        self._report(FeedEvent.GAP, symbol, told)
        self._use(waited)

    def end_bar(self) -> None:
        """A bar ends: what is not known by now is a gap."""
        for symbol in self._continuity.unsettled:
            self.give_up(symbol, _TOO_LATE)

    def repair(self, event: Repaired) -> None:
        """Use the trades that the venue told afterwards, if they are all there."""
        symbol, place = event.symbol, self._index.get(event.symbol)
        missing = self._continuity.missing(symbol)
        if place is None or missing is None:
            return
        for told in sorted(event.trades, key=lambda trade: trade.trade_id):
            try:
                price = float(plain_number(told.price.encode()))
                quantity = float(plain_number(told.qty.encode()))
            except TokenError:
                continue
            if price > 0.0 and quantity > 0.0:
                # REST stamps are finer than the socket's, but windows must keep the order of ids.
                ts = min(max(told.ts, missing.since_ts), missing.until_ts)
                trade = Trade(place, price, quantity, told.is_buy, told.trade_id, ts)
                self.count(symbol, trade)
        if self._continuity.missing(symbol) is not None:
            self.give_up(symbol, "")
        else:
            self._counts.trade_repairs += 1

    def _use(self, trades: list[Trade]) -> None:
        self._counts.trades += len(trades)
        for trade in trades:
            self._conflation.add_trade(trade)
