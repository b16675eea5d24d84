"""Market messages: what the edge feeds in, and what market_data makes of it.

All prices and quantities here are float64 in columnar slices (one C-contiguous matrix plus an
integer symbol index per row). Money never starts here: crossing to Decimal happens in
`actors.money` alone. Rates of currencies are money from the start, and are told as such.
"""

from __future__ import annotations

import enum
from decimal import Decimal
from typing import Final

import numpy as np

from actors.messages.base import Message

BOOK_LEVELS: Final = 10
# Column blocks of BookSlice.levels, each BOOK_LEVELS wide, best level first, NaN where absent.
BID_PRICE: Final = 0
BID_QUANTITY: Final = BOOK_LEVELS
ASK_PRICE: Final = 2 * BOOK_LEVELS
ASK_QUANTITY: Final = 3 * BOOK_LEVELS

# Columns of TradeSlice.rows.
TRADE_COLUMNS: Final = (
    "open",
    "high",
    "low",
    "close",
    "volume",
    "quote_volume",
    "count",
    "buy_volume",
)
# Columns of CandleSlice.rows and BarSlice.rows.
BAR_COLUMNS: Final = ("open", "high", "low", "close", "volume", "count")
# Columns of MarkSlice.rows; age is seconds since the price was last confirmed.
MARK_COLUMNS: Final = ("bid", "ask", "last", "age_seconds", "spread_ratio", "depth_quote")


class MarketFlag(enum.IntFlag):
    """Why a symbol may not be entered now; zero means fresh and sound."""

    NOT_LISTED = 1
    STALE = 2
    GAP = 4
    CROSSED = 8
    CHECKSUM = 16
    VENUE_STATUS = 32
    NOT_WARM = 64
    CLOCK_SKEW = 128


class FeedEvent(enum.StrEnum):
    """What can befall a feed; every one but ONLINE and RESYNCED closes the entry gate."""

    ONLINE = "online"
    RESYNCED = "resynced"
    GAP = "gap"
    STALE = "stale"
    CROSSED = "crossed"
    CHECKSUM = "checksum"
    CORRUPT = "corrupt"
    MAINTENANCE = "maintenance"
    CANCEL_ONLY = "cancel_only"
    POST_ONLY = "post_only"
    LIMIT_ONLY = "limit_only"
    REDUCE_ONLY = "reduce_only"
    NOT_LISTED = "not_listed"


PRIVATE_STREAMS: Final = ("executions", "balances")
"""Streams of the account: what befalls them says nothing about the market."""


class BookSlice(Message, frozen=True):
    """Input: the latest book state of some symbols. `levels` is f64[n, 4 * BOOK_LEVELS].

    `ts` is the venue time of the newest book in it, `first_ts` that of the oldest (0: unknown).
    """

    ts: int
    symbols: np.ndarray
    levels: np.ndarray
    first_ts: int = 0


class TradeSlice(Message, frozen=True):
    """Input: a lossless aggregate of the trades of some symbols since the last slice. f64[n, 8].

    `ts` is the venue time of the newest trade in it, `first_ts` that of the oldest (0: unknown).
    """

    ts: int
    symbols: np.ndarray
    rows: np.ndarray
    first_trade_ids: tuple[int, ...] = ()
    last_trade_ids: tuple[int, ...] = ()
    first_ts: int = 0


class CandleSlice(Message, frozen=True):
    """Input: recorded candles that share one open time. f64[n, 6]; `warm_up` ones never trade."""

    open_ts: int
    interval_ns: int
    symbols: np.ndarray
    rows: np.ndarray
    warm_up: bool = False


class CurrencyRate(Message, frozen=True):
    """Input: what a unit of a pair's base ("USDC/USD") costs in its quote, at best bid and ask.

    `ts` is the venue's time (ns UTC).
    """

    pair: str
    bid: Decimal
    ask: Decimal
    ts: int


class FeedStatus(Message, frozen=True):
    """Input: something befell a feed. `symbol` is -1 when it concerns the whole stream."""

    ts: int
    stream: str
    event: FeedEvent
    symbol: int = -1
    detail: str = ""


class BarSlice(Message, frozen=True):
    """The closed bars of one base step for every symbol of the run; a NaN row is a gap.

    F64[N, 6].
    """

    open_ts: int
    close_ts: int
    rows: np.ndarray
    warm_up: bool = False


class MarkSlice(Message, frozen=True):
    """Top of book, freshness and soundness of every symbol. `flags` is int32[N] of MarketFlag bits.

    `heartbeat` asks the strategy to decide now; at a bar's close the prediction that follows does.
    """

    ts: int
    rows: np.ndarray
    flags: np.ndarray
    warm_up: bool = False
    heartbeat: bool = False
