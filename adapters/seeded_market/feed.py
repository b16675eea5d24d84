"""The seeded market as a feed: one TradeSlice and one BookSlice for all symbols at every step.

A pure function of (seed, symbols, start, step): whoever reads it, from wherever, sees the same
items. Trades of a step are received 1 ms before its end and the book 0.5 ms before, so a bar that
ends with the step holds them and no two items share an instant. Where a symbol is quoted in another
currency than USD, rates of currencies come before them. Nothing made on it is a market result.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from actors.dataset import FEED, Dataset
from actors.instant import HOUR_NS, MILLISECOND_NS, MINUTE_NS, SECOND_NS
from actors.messages.arrays import sealed, sealed_ints
from actors.messages.market import BAR_COLUMNS, BookSlice, CandleSlice, TradeSlice
from actors.ports import FeedItem
from adapters.seeded_market.draws import F64
from adapters.seeded_market.hours import HISTORY_HOURS, HourlyWalk
from adapters.seeded_market.profiles import PROFILES, Profile
from adapters.seeded_market.rates import RATE_PAIRS, rate_items
from adapters.seeded_market.steps import StepBuilder, Steps

PROCESS: Final = "seeded-market/3"
"""Part of the digest: raised whenever the process makes other items from the same seed."""

START_TS: Final = 1_767_225_600 * SECOND_NS
"""The default start: 2026-01-01 00:00 UTC."""

_QUOTE: Final = "USD"
_QUOTES: Final = (_QUOTE, "CAD", "USDC")
_TRADE_LEAD_NS: Final = MILLISECOND_NS
_BOOK_LEAD_NS: Final = MILLISECOND_NS // 2
_CHUNK_STEPS: Final = 1_440
_SEED_BOUND: Final = 2**63


class SeededMarketError(ValueError):
    """A market that cannot be made; the text is one sentence with the remedy."""


class SeededMarket:
    """A deterministic synthetic market without an end. Implements the Feed port.

    `start_ts` is ns UTC on a full hour; `step_ns` is whole seconds that divide an hour. Warm-up
    candles exist for HISTORY_HOURS before the start. Raises SeededMarketError.
    """

    kind: str = "seeded"

    def __init__(
        self,
        seed: int,
        symbols: tuple[str, ...],
        *,
        start_ts: int = START_TS,
        step_ns: int = MINUTE_NS,
    ) -> None:
        if not 0 <= seed < _SEED_BOUND:
            raise SeededMarketError(f"the seed {seed} is not between 0 and {_SEED_BOUND - 1}")
        if start_ts % HOUR_NS or start_ts <= HISTORY_HOURS * HOUR_NS:
            raise SeededMarketError("a seeded market starts on a full hour; move its start")
        if step_ns < SECOND_NS or step_ns % SECOND_NS or HOUR_NS % step_ns:
            raise SeededMarketError("the step must be whole seconds that divide an hour; try 60 s")
        self.seed = seed
        self.symbols = symbols
        self.start_ts = start_ts
        self.step_ns = step_ns
        self._profiles = tuple(_profile_of(symbol) for symbol in symbols)
        self._steps_per_hour = HOUR_NS // step_ns
        self._builder = StepBuilder(seed, symbols, self._profiles, self._steps_per_hour)
        told = any(symbol.partition("/")[2] != _QUOTE for symbol in symbols)
        self.rate_pairs = RATE_PAIRS if told else ()
        self._whole = sealed_ints(np.arange(len(symbols)))
        self.digest = self._digest()

    def items(self, after: int = 0) -> Iterator[FeedItem]:
        """Every item with `at` > `after` (ns UTC), for ever; skipping walks hours, not steps."""
        step = max(0, (after - self.start_ts) // self.step_ns)
        walk = HourlyWalk(self.seed, self.symbols, self._profiles)
        walk.skip_to(step // self._steps_per_hour)
        chunk_hours = max(1, _CHUNK_STEPS // self._steps_per_hour)
        while True:
            steps = self._built(walk, chunk_hours, with_books=True)
            for item in self._items_of(steps):
                if item.at > after:
                    yield item

    def candles(self, first_hour: int, count: int) -> tuple[NDArray[np.int64], F64]:
        """Hourly candles made of the very steps that `items` delivers.

        Hour 0 begins at `start_ts`; negative hours lie before it. Returns open times int64[count]
        (ns UTC) and rows f64[count, symbols, 6] in BAR_COLUMNS order. Raises SeededMarketError.
        """
        if first_hour < -HISTORY_HOURS or count < 0:
            limit = f"this market begins {HISTORY_HOURS} hours before its start"
            raise SeededMarketError(f"{limit}; ask for fewer hours of history")
        walk = HourlyWalk(self.seed, self.symbols, self._profiles)
        walk.skip_to(first_hour)
        rows = np.empty((count, len(self.symbols), len(BAR_COLUMNS)))
        chunk_hours = max(1, _CHUNK_STEPS // self._steps_per_hour)
        for start in range(0, count, chunk_hours):
            end = min(count, start + chunk_hours)
            trades = self._built(walk, end - start, with_books=False).trades
            rows[start:end] = _candles_of(trades, self._steps_per_hour)
        stamps = self.start_ts + np.arange(first_hour, first_hour + count) * HOUR_NS
        return stamps.astype(np.int64), sealed(rows)

    def warm_up_items(self, hours: int) -> Iterator[FeedItem]:
        """Hourly candles of the `hours` before the start, marked as warm-up, at their closes."""
        stamps, rows = self.candles(-hours, hours)
        for open_ts, row in zip(stamps.tolist(), rows, strict=True):
            body = CandleSlice(open_ts, HOUR_NS, self._whole, row, warm_up=True)
            yield FeedItem(open_ts + HOUR_NS, body)

    @property
    def datasets(self) -> tuple[Dataset, ...]:
        """The market itself: made from its seed, of all symbols, without an end."""
        began = self.start_ts
        made = Dataset(FEED, self.kind, f"seed {self.seed}", self.digest, first_ts=began, gaps=0)
        return (msgspec.structs.replace(made, seed=self.seed),)

    def _built(self, walk: HourlyWalk, count: int, *, with_books: bool) -> Steps:
        utc_hour = (self.start_ts // HOUR_NS + walk.next_hour) % 24
        return self._builder.build(walk.walk(count), utc_hour, with_books=with_books)

    def _items_of(self, steps: Steps) -> Iterator[FeedItem]:
        trades, books, whole = _fixed(steps.trades), _fixed(steps.books), self._whole
        end_ts = self.start_ts + (steps.first + 1) * self.step_ns
        for trade_rows, book_rows in zip(trades, books, strict=True):
            if self.rate_pairs:
                yield from rate_items(self.seed, end_ts)
            trade_ts, book_ts = end_ts - _TRADE_LEAD_NS, end_ts - _BOOK_LEAD_NS
            # The trades of a step may lie anywhere in it.
            began_ts = end_ts - self.step_ns
            told = TradeSlice(trade_ts, whole, trade_rows, first_ts=began_ts)
            yield FeedItem(trade_ts, told)
            yield FeedItem(book_ts, BookSlice(book_ts, whole, book_rows, first_ts=book_ts))
            end_ts += self.step_ns

    def _digest(self) -> str:
        told = (
            PROCESS,
            self.seed,
            self.symbols,
            self.start_ts,
            self.step_ns,
            [msgspec.structs.astuple(profile) for profile in self._profiles],
        )
        return hashlib.sha256(msgspec.json.encode(told)).hexdigest()


def _profile_of(symbol: str) -> Profile:
    base, _, quote = symbol.partition("/")
    found = PROFILES.get(base)
    if found is None or quote not in _QUOTES:
        known = ", ".join(list(PROFILES)[:4])
        what = f"the seeded market has no symbol {symbol}"
        raise SeededMarketError(
            f"{what}; it has the universe in USD, CAD or USDC: {known} and so on"
        )
    return found


def _fixed(values: F64) -> F64:
    """The builder's arrays are canonical already (finite, positive, contiguous): only seal them."""
    values.flags.writeable = False
    return values


def _candles_of(trades: F64, steps_per_hour: int) -> F64:
    """f64[hours, symbols, 6] from the steps of whole hours; sums run in the steps' order."""
    hourly = trades.reshape(-1, steps_per_hour, *trades.shape[1:])
    columns = (
        hourly[:, 0, :, 0],
        hourly[..., 1].max(axis=1),
        hourly[..., 2].min(axis=1),
        hourly[:, -1, :, 3],
        np.cumsum(hourly[..., 4], axis=1)[:, -1],
        np.cumsum(hourly[..., 6], axis=1)[:, -1],
    )
    return np.stack(columns, axis=-1)
