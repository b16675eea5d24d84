"""A short seeded market for the simulations: an hour a step, with ticks behind every bar.

A real edge sends a tick when nothing else happens, so a bar closes at its hour and not with the
next trade. After the last hour come quiet hours, in which orders live out their lives.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from actors.ids import digest_hex
from actors.instant import HOUR_NS, MILLISECOND_NS, SECOND_NS
from actors.messages.control import Tick
from actors.ports import FeedItem
from adapters.seeded_market.feed import START_TS, SeededMarket

SYMBOLS = tuple(f"{base}/USD" for base in "BTC ETH XRP SOL TRX ADA LINK LTC".split())
TICKS_NS = (MILLISECOND_NS, SECOND_NS, 12 * SECOND_NS, 30 * SECOND_NS)


class HourlyMarket:
    """A finite feed: warm-up candles, `hours` of trading and `quiet` hours. Implements Feed."""

    kind = "seeded"

    def __init__(
        self, seed: int, hours: int, *, symbols: tuple[str, ...] = SYMBOLS, quiet: int = 8
    ) -> None:
        self.market = SeededMarket(seed, symbols, step_ns=HOUR_NS)
        self.symbols = symbols
        self.hours = hours
        self.quiet = quiet
        self.digest = digest_hex("hourly", self.market.digest, hours, quiet)

    def items(self, after: int = 0) -> Iterator[FeedItem]:
        """The items with `at` > `after`, in order."""
        return (item for item in self._all() if item.at > after)

    def _all(self) -> Iterator[FeedItem]:
        yield from self.market.warm_up_items(200)
        steps = itertools.islice(self.market.items(), 2 * self.hours)
        for hour in range(self.hours):
            yield from itertools.islice(steps, 2)
            yield from _ticks(START_TS + (hour + 1) * HOUR_NS)
        for hour in range(self.hours, self.hours + self.quiet):
            yield from _ticks(START_TS + (hour + 1) * HOUR_NS)


def _ticks(boundary: int) -> Iterator[FeedItem]:
    for after in TICKS_NS:
        yield FeedItem(boundary + after, Tick(boundary + after))
