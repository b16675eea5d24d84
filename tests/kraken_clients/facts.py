"""What every client of Kraken must tell alike: facts in one form, and the venue's own refusals.

A client adapter asks through its library and turns the answer into these; amounts compare by value,
so that a library that reads numbers as floats can take part.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar, Final

import msgspec

PAIR: Final = "BTC/USD"
REST_NAMES: Final = {"BTC/USD": "XBTUSD", "ETH/USD": "ETHUSD", "DOGE/USD": "XDGUSD"}
"""What REST takes for a symbol."""
ASSETS: Final = {"ZUSD": "USD", "XXBT": "BTC", "XETH": "ETH", "XXDG": "DOGE"}
_TEXT: Final = re.compile(r"E[A-Z][A-Za-z]*:[A-Za-z_ ]+(?::[A-Za-z_ ]+)*")


class RefusedError(Exception):
    """The venue said no; the text is its own."""


class UnableError(Exception):
    """A case asked a client for what it has no way to ask; its `cannot` should have said so."""

    def __init__(self, client: object) -> None:
        super().__init__(type(client).__name__)


class Rules(msgspec.Struct, frozen=True):
    """A pair's grids and minimums."""

    tick: Decimal
    lot: Decimal
    quantity_min: Decimal
    cost_min: Decimal


class Quote(msgspec.Struct, frozen=True):
    """Best prices and the last trade's."""

    bid: Decimal
    ask: Decimal
    last: Decimal


class Depth(msgspec.Struct, frozen=True):
    """Levels of (price, quantity), best first."""

    bids: tuple[tuple[Decimal, Decimal], ...]
    asks: tuple[tuple[Decimal, Decimal], ...]


class Print(msgspec.Struct, frozen=True):
    """One trade of the tape."""

    trade_id: int
    price: Decimal
    quantity: Decimal


class Candle(msgspec.Struct, frozen=True):
    """One closed minute."""

    opened_s: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A limit order that a case asks a client to place."""

    cl_ord_id: str
    side: str
    quantity: Decimal
    price: Decimal
    post_only: bool = False


class Placed(msgspec.Struct, frozen=True):
    """An order by both of its names, and when it was placed (ns)."""

    order_id: str
    cl_ord_id: str
    at: int


class Seen(msgspec.Struct, frozen=True):
    """An order as a client sees it: open, canceled or closed (filled)."""

    status: str
    quantity: Decimal
    price: Decimal
    filled: Decimal


class Filled(msgspec.Struct, frozen=True, order=True):
    """One fill of an order; the fee is in quote."""

    price: Decimal
    quantity: Decimal
    fee: Decimal


def exact(told: Any) -> Decimal:
    """The number as its shortest text has it."""
    return Decimal(str(told))


def levels(rows: Any) -> tuple[tuple[Decimal, Decimal], ...]:
    """Rows that begin with price and quantity."""
    return tuple((exact(row[0]), exact(row[1])) for row in rows)


def refused(error: object) -> RefusedError:
    """The venue's text out of what a library makes of it."""
    found = _TEXT.search(str(error))
    return RefusedError(found.group().strip() if found else f"no text of the venue: {error!r}")


class Client:
    """What a case may ask. `cannot` says for which cases a client is no use, and why.

    Who `follows` a book has exact quantities; REST tells three decimals of them.
    """

    follows: ClassVar[bool] = False
    cannot: ClassVar[Mapping[str, str]] = {}

    async def rules(self, symbol: str) -> Rules:
        """A pair's grids and minimums."""
        raise UnableError(self)

    async def quote(self) -> Quote:
        """The ticker of PAIR."""
        raise UnableError(self)

    async def depth(self) -> Depth:
        """The ten best levels of PAIR, as they are now; sums are checked where there are any."""
        raise UnableError(self)

    async def newest_trade(self) -> Print:
        """The last trade of PAIR."""
        raise UnableError(self)

    async def candles(self) -> tuple[Candle, ...]:
        """At least the five newest closed minutes of PAIR, oldest first."""
        raise UnableError(self)

    async def balances(self) -> dict[str, Decimal]:
        """Everything that lies there of USD and BTC."""
        raise UnableError(self)

    async def place(self, order: Wanted) -> Placed:
        """Place a limit order on PAIR. Raises RefusedError."""
        raise UnableError(self)

    async def amend(self, placed: Placed, quantity: Decimal, price: Decimal) -> None:
        """Change a resting order in place."""
        raise UnableError(self)

    async def cancel(self, placed: Placed) -> None:
        """Cancel an order. Raises RefusedError."""
        raise UnableError(self)

    async def seen(self, placed: Placed) -> Seen:
        """How the order stands."""
        raise UnableError(self)

    async def fills(self, placed: Placed) -> tuple[Filled, ...]:
        """The order's fills, in rising order."""
        raise UnableError(self)
