"""What can be read off the exchange at an instant: books, tickers, candles, wallets, fee rates.

Data only; every value is a copy that stays as it is.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

Tier = Literal["starter", "intermediate", "pro"]


class AccountSpec(msgspec.Struct, frozen=True, kw_only=True):
    """An account to open: balances by WebSocket v2 asset name ("USD", "BTC", "BTC.F").

    `volume_usd` is its thirty-day volume before the start; `restricted` lists base assets that it
    may not trade; `tier` sets the rate limits.
    """

    account: str
    balances: dict[str, Decimal]
    tier: Tier = "pro"
    volume_usd: Decimal = Decimal(0)
    restricted: tuple[str, ...] = ()


class Level(msgspec.Struct, frozen=True, gc=False):
    """One price of a book; `ts` is when it last changed (ns UTC)."""

    price: Decimal
    qty: Decimal
    ts: int


class Book(msgspec.Struct, frozen=True):
    """The best levels of both sides, best first."""

    symbol: str
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of trades in a stretch of time; `first` is the first price in it."""

    first: Decimal
    high: Decimal
    low: Decimal
    volume: Decimal
    vwap: Decimal
    count: int


class Ticker(msgspec.Struct, frozen=True, kw_only=True):
    """The ticker of one pair; `today` runs since 00:00 UTC, `day` over the last 24 hours."""

    symbol: str
    bid: Decimal
    bid_qty: Decimal
    ask: Decimal
    ask_qty: Decimal
    last: Decimal
    last_qty: Decimal
    today: Window
    day: Window
    ts: int


class Candle(msgspec.Struct, frozen=True, kw_only=True):
    """One candle; without trades it is flat at the last close, `vwap` and `volume` zero."""

    open_ns: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    vwap: Decimal
    volume: Decimal
    count: int


class Wallet(msgspec.Struct, frozen=True, kw_only=True):
    """One asset of an account: `balance` includes `hold`. `.F` is listed by itself."""

    asset: str
    balance: Decimal
    hold: Decimal


class FeeRate(msgspec.Struct, frozen=True, kw_only=True):
    """An account's rates on one pair, in percent, and where its tier begins and ends (USD)."""

    taker: Decimal
    maker: Decimal
    volume_usd: Decimal
    tier_volume: Decimal
    next_volume: Decimal | None
    next_taker: Decimal | None
    next_maker: Decimal | None
    taker_range: tuple[Decimal, Decimal]
    maker_range: tuple[Decimal, Decimal]
