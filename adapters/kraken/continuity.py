"""Whether the trades of a symbol are complete: ids run by one, whatever a connection does.

Trades after a jump are held until what is missing was told, or until somebody gives it up. After a
lost connection a symbol is unproven until a trade, or a snapshot of the newest ones, joins up.
"""

from __future__ import annotations

from typing import Final

import msgspec

from adapters.kraken.conflation import Trade

HELD_MOST: Final = 5000


class Missing(msgspec.Struct, frozen=True):
    """Trades that were not seen: ids from `first_id` to `last_id`.

    They happened from `since_ts` to `until_ts` (ns UTC), when those before and after them did.
    """

    first_id: int
    last_id: int
    since_ts: int
    until_ts: int


class Continuity:
    """The newest id of every symbol, and the trades that wait for those before them."""

    def __init__(self) -> None:
        self._newest: dict[str, int] = {}
        self._newest_ts: dict[str, int] = {}
        self._held: dict[str, dict[int, Trade]] = {}
        self._unproven: dict[str, None] = {}

    @property
    def unsettled(self) -> tuple[str, ...]:
        """Symbols of which nobody knows yet whether trades are missing."""
        return tuple(dict.fromkeys((*self._held, *self._unproven)))

    def doubt(self, symbols: tuple[str, ...]) -> None:
        """The connection was lost: each symbol must join up again."""
        self._unproven.update(dict.fromkeys(symbols))

    def has_begun(self, symbol: str) -> bool:
        """Whether any id of the symbol is known."""
        return symbol in self._newest

    def begin(self, symbol: str, trade: Trade) -> None:
        """The first trade that is known; those before it are none of ours."""
        self._set(symbol, trade)

    def is_known(self, symbol: str, trade_id: int) -> bool:
        """Whether the trade was told before."""
        return trade_id <= self._newest[symbol] or trade_id in self._held.get(symbol, ())

    def follow(self, symbol: str, trade: Trade) -> list[Trade]:
        """The trades that follow now, in order; none when one before them is missing."""
        newest = self._newest[symbol]
        held = self._held.get(symbol)
        if held is None:
            if trade.trade_id == newest + 1:
                self._set(symbol, trade)
                return [trade]
            held = self._held[symbol] = {}
        held[trade.trade_id] = trade
        found: list[Trade] = []
        while (following := held.pop(newest + 1, None)) is not None:
            newest += 1
            found.append(following)
        if found:
            self._set(symbol, found[-1])
        if not held:
            del self._held[symbol]
        return found

    def joined(self, symbol: str) -> None:
        """What was told last reaches back to what was known."""
        self._unproven.pop(symbol, None)

    def is_full(self, symbol: str) -> bool:
        """Whether so many trades wait that no more can."""
        return len(self._held.get(symbol, ())) > HELD_MOST

    def missing(self, symbol: str) -> Missing | None:
        """What the held trades of a symbol wait for."""
        held = self._held.get(symbol)
        if not held:
            return None
        newest, following = self._newest[symbol], held[min(held)]
        since_ts = self._newest_ts[symbol]
        return Missing(newest + 1, following.trade_id - 1, since_ts, max(since_ts, following.ts))

    def give_up(self, symbol: str) -> tuple[list[Trade], int]:
        """The held trades in order, and how many are missing among them."""
        self._unproven.pop(symbol, None)
        held = self._held.pop(symbol, {})
        found = [held[trade_id] for trade_id in sorted(held)]
        missed = 0
        if found:
            missed = found[-1].trade_id - self._newest[symbol] - len(found)
            self._set(symbol, found[-1])
        return found, missed

    def _set(self, symbol: str, trade: Trade) -> None:
        self._newest[symbol] = trade.trade_id
        self._newest_ts[symbol] = trade.ts
