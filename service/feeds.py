"""Feeds of a run: a warm-up and a recorded or seeded source, as one feed with one digest."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from actors.dataset import WARM_UP, Dataset
from actors.ids import digest_hex
from actors.instant import HOUR_NS, SECOND_NS
from actors.instruments import Instrument
from actors.ports import Feed, FeedItem
from adapters.candles.feed import ALL_WARM_UP, CandleFeed
from adapters.candles.reader import market_of, read_all, read_candles
from adapters.candles.series import CandleFileError, CandleSeries, shift_to
from adapters.instruments.facts import QUOTE
from adapters.instruments.table import UnknownSymbolError, canonical_symbol
from adapters.instruments.table import instruments as instruments_of
from adapters.kraken.recorded import CaptureError, RecordedFrames
from adapters.kraken.stream import CONFLATE_NS
from adapters.seeded_market.feed import SeededMarket, SeededMarketError
from adapters.trades.feed import TradeFeed
from adapters.trades.reader import read_trades
from adapters.trades.series import TradeFileError
from service.datasets import (
    candle_dataset,
    capture_dataset,
    datasets_of,
    for_purpose,
    told_by,
    trade_dataset,
)
from service.failures import ExitCode, UserError

WARM_UP_HOURS: Final = 200
_TRADES: Final = re.compile(r"\.(csv|csv\.gz|feather)$")
WARM_UP_BARS: Final = 720
UNIVERSE: Final = tuple(
    f"{base}/USD"
    for base in (
        "BTC ETH BNB XRP SOL TRX ADA BCH XMR LINK XLM HBAR LTC AVAX ZEC SUI SHIB TON DOT UNI "
        "AAVE TAO NEAR ETC ICP POL KAS ALGO FIL APT"
    ).split()
)


class WarmedFeed:
    """A feed whose warm-up items come first; a continued run past them sees only the source."""

    def __init__(
        self,
        source: Feed,
        warm_up: Callable[[], Iterator[FeedItem]],
        warm_up_digest: str,
        warm_up_datasets: tuple[Dataset, ...] = (),
    ) -> None:
        self._source = source
        self.datasets = datasets_of(source) + for_purpose(warm_up_datasets, WARM_UP)
        self._warm_up = warm_up
        self.kind = source.kind
        self.symbols = source.symbols
        self.digest = digest_hex("warmed", source.digest, warm_up_digest)

    @property
    def rate_pairs(self) -> tuple[str, ...]:
        """The pairs of currencies whose rates the source tells."""
        return rate_pairs_of(self._source)

    @property
    def counts(self) -> object:
        """What the source counted while it was read, if it counts."""
        return getattr(self._source, "counts", None)

    def items(self, after: int = 0) -> Iterator[FeedItem]:
        """Warm-up items that are still ahead, then the source's."""
        last = after
        for item in self._warm_up():
            if item.at > after:
                last = item.at
                yield item
        yield from self._source.items(max(after, last))


def rate_pairs_of(feed: object) -> tuple[str, ...]:
    """The pairs of currencies whose rates a feed tells; most tell none."""
    pairs: tuple[str, ...] = getattr(feed, "rate_pairs", ())
    return pairs


def seeded_feed(seed: int, symbols: tuple[str, ...]) -> Feed:
    """The seeded market with enough history before it for every feature."""
    try:
        market = SeededMarket(seed, symbols)
    except SeededMarketError as error:
        raise UserError(
            ExitCode.USAGE, f"{error}.", "Choose another --seed or --symbol."
        ) from error
    history = tuple(
        msgspec.structs.replace(
            each,
            rows=WARM_UP_HOURS * len(symbols),
            first_ts=market.start_ts - WARM_UP_HOURS * HOUR_NS,
            last_ts=market.start_ts - HOUR_NS,
        )
        for each in market.datasets
    )
    return WarmedFeed(
        market, lambda: market.warm_up_items(WARM_UP_HOURS), f"{WARM_UP_HOURS} h", history
    )


def candle_feed(
    files: tuple[Path, ...],
    *,
    symbol: str,
    as_quote: str,
    progress: Callable[[str, int], None] | None = None,
) -> CandleFeed:
    """Recorded candles of one or more symbols.

    Raises UserError(BAD_INPUT) with the file's fault.
    """
    try:
        named = symbol and canonical_symbol(symbol, as_quote)
        series = read_all(
            files,
            symbol=named,
            name=lambda text: canonical_symbol(text, as_quote),
            progress=progress,
        )
        return told_by(CandleFeed(series), *map(candle_dataset, files, series))
    except UnknownSymbolError as error:
        raise UserError(ExitCode.BAD_INPUT, f"{error}.", error.remedy) from error
    except CandleFileError as error:
        raise UserError(
            ExitCode.BAD_INPUT, f"A candle file cannot be used: {error}.", "Correct or replace it."
        ) from error


def refuse_coarse(feed: CandleFeed, bar_seconds: int) -> None:
    """Raises UserError(BAD_INPUT) for candles that no whole number of makes a bar."""
    seconds = feed.interval_ns // SECOND_NS
    if bar_seconds % seconds:
        raise UserError(
            ExitCode.BAD_INPUT,
            f"Candles of {seconds} s cannot be made into bars of {bar_seconds} s.",
            f"Set market.bar_interval_seconds to a multiple of {seconds}, or give finer candles.",
        )


def rules_of(symbols: tuple[str, ...]) -> tuple[Instrument, ...]:
    """Our dated facts for the symbols. Raises UserError(BAD_INPUT) for an unknown one."""
    try:
        return instruments_of(symbols)
    except UnknownSymbolError as error:
        raise UserError(ExitCode.BAD_INPUT, f"{error}.", error.remedy) from error


def counts_of(feed: Feed) -> dict[str, int]:
    """What a recorded feed counted while it was read: frames, checksums, faults; no zeros."""
    counts = getattr(feed, "counts", None)
    if counts is None:
        return {}
    return {
        name: value
        for name, value in msgspec.structs.asdict(counts).items()
        if isinstance(value, int) and value
    }


def recorded_feed(
    path: Path,
    warm_up: tuple[Path, ...],
    *,
    shift: bool,
    bar_seconds: int = 3600,
    conflate_ns: int = CONFLATE_NS,
    as_quote: str = "",
) -> Feed:
    """A recorded capture (Kraken frames or trades), warmed up by older candles when given.

    With `shift` the candles are moved to end just before the capture: a marked research option.
    Frames are conflated by windows of `conflate_ns`. Raises UserError(BAD_INPUT) with the file's
    fault and remedy.
    """
    source = _recorded_source(path, conflate_ns, as_quote)
    if not warm_up:
        return source
    first = next(iter(source.items()), None)
    start = first.at if first is not None else 0
    candles = warm_up_candles(warm_up, source.symbols, start, shift=shift, as_quote=as_quote)
    refuse_coarse(candles, bar_seconds)
    return WarmedFeed(source, candles.items, candles.digest, candles.datasets)


def _recorded_source(path: Path, conflate_ns: int, as_quote: str) -> Feed:
    """Trades by their file's ending, Kraken frames otherwise. Candles are sent to the backtest."""
    if market_of(path)[0]:
        raise UserError(
            ExitCode.BAD_INPUT,
            f"{path.name} is named like a file of candles, which is no recorded feed.",
            f"Use `ballast backtest {path}`, or give it as --warm-up beside a recording.",
        )
    try:
        if _TRADES.search(path.name):
            trades = read_trades(path, name=lambda text: canonical_symbol(text, as_quote))
            return told_by(TradeFeed([trades]), trade_dataset(path, trades))
        capture = RecordedFrames(path, conflate_ns=conflate_ns)
        return told_by(capture, capture_dataset(capture))
    except UnknownSymbolError as error:
        raise UserError(ExitCode.BAD_INPUT, f"{error}.", error.remedy) from error
    except (CaptureError, TradeFileError) as error:
        raise UserError(
            ExitCode.BAD_INPUT,
            f"The recorded feed cannot be used: {error}.",
            "Give a Kraken WebSocket v2 capture (.ndjson[.gz]) or a trades file (.csv, .feather).",
        ) from error


def newest_before(series: CandleSeries, end_ts: int) -> CandleSeries:
    """The last WARM_UP_BARS candles that close at or before `end_ts`."""
    past = int(np.searchsorted(series.open_ts + series.interval_ns, end_ts, side="right"))
    kept = slice(max(0, past - WARM_UP_BARS), past)
    return dataclasses.replace(series, open_ts=series.open_ts[kept], rows=series.rows[kept])


def warm_up_candles(
    files: tuple[Path, ...],
    symbols: tuple[str, ...],
    end_ts: int,
    *,
    shift: bool,
    as_quote: str = "",
) -> CandleFeed:
    """Candles that end before `end_ts`, all marked as warm-up.

    Moving them is research, and so is reading dollar tokens as dollars: only moved candles may.
    Raises UserError(BAD_INPUT), also for candles of a symbol that the feed does not have.
    """
    stand_in = as_quote or (QUOTE if shift else "")
    try:
        series = []
        for path in files:
            named = market_of(path)[0]
            alone = symbols[0] if len(symbols) == 1 and not named else ""
            series.append(
                read_candles(path, symbol=alone, name=lambda text: canonical_symbol(text, stand_in))
            )
        datasets = tuple(map(candle_dataset, files, series))
        if shift:
            series = shift_to(series, end_ts)
        series = [newest_before(part, end_ts) for part in series]
        feed = CandleFeed(series, symbols=symbols, warm_up_until_ts=ALL_WARM_UP)
        return told_by(feed, *datasets)
    except UnknownSymbolError as error:
        raise UserError(ExitCode.BAD_INPUT, f"{error}.", error.remedy) from error
    except CandleFileError as error:
        raise UserError(
            ExitCode.BAD_INPUT, f"A warm-up file cannot be used: {error}.", "Correct or replace it."
        ) from error
