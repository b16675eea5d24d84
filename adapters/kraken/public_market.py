"""The public market under our names of its pairs, read by the REST client: clock, rules, history.

No key and no order. A pair is found by the caller's names, never by what was asked for; what the
venue lists and we have no name for is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final, Protocol

import msgspec

from adapters.kraken.edge_events import ToldRate, ToldTrade
from adapters.kraken.records import AssetPair, Candle, PublicTrade
from adapters.kraken.rest import KrakenRest
from adapters.kraken.transport import Patience

PATIENCE: Final = Patience(reads=15.0)
"""A feed that waits for an answer would rather say that there is none."""


class PublicTrades(Protocol):
    """Who can be asked for trades that the socket did not bring."""

    async def trades(self, symbol: str, since_ts: int) -> tuple[ToldTrade, ...]:
        """The trades of `symbol` after the instant (ns UTC), oldest first; a page at most.

        Raises EdgeError.
        """


class PublicPairs(Protocol):
    """Who can be asked for the list of pairs."""

    async def pairs(self) -> dict[str, AssetPair]:
        """Every pair that has a name of ours, by that name. Raises EdgeError."""


class PublicRates(Protocol):
    """Who can be asked what a currency costs in another."""

    async def rates(self, pairs: Sequence[str]) -> tuple[ToldRate, ...]:
        """Best bid and ask of each pair of currencies, by its name. Raises EdgeError."""


class PublicMarket:
    """What an entered client tells of the market. Raises Transient, Permanent, ProtocolViolation.

    `names` turns the venue's names of a pair into ours; unknown ones raise ValueError there.
    """

    def __init__(self, rest: KrakenRest, names: Callable[[str], str]) -> None:
        self._rest = rest
        self._names = names
        self._asked_as: dict[str, str] = {}
        self._decimals: dict[str, int] = {}

    async def learn_decimals(self) -> None:
        """Learn the ledger's decimals of every asset; pairs that are listed later have them."""
        self._decimals = {name: each.decimals for name, each in (await self._rest.assets()).items()}

    async def time(self) -> int:
        """The venue's clock (ns UTC), to the second."""
        return int((await self._rest.time()).ts)

    async def pairs(self) -> dict[str, AssetPair]:
        """Every pair that has a name of ours, by that name."""
        found: dict[str, AssetPair] = {}
        for pair in (await self._rest.asset_pairs()).values():
            try:
                name = self._names(pair.altname)
            except ValueError:
                continue  # a pair that is none of ours
            decimals = self._decimals.get(pair.base, -1)
            found[name] = msgspec.structs.replace(pair, base_decimals=decimals)
            self._asked_as[name] = pair.altname
        return found

    async def trades(self, symbol: str, since_ts: int) -> tuple[ToldTrade, ...]:
        """One page of trades after an instant, oldest first."""
        page = await self._rest.trades(self._asked_as.get(symbol, symbol), since_ts)
        return tuple(_told(row) for row in page.rows)

    async def rates(self, pairs: Sequence[str]) -> tuple[ToldRate, ...]:
        """Best bid and ask of each pair of currencies, one call a pair."""
        found = []
        for pair in pairs:
            told = await self._rest.ticker(pair.replace("/", ""))
            found.append(ToldRate(pair, told.b[0], told.a[0]))
        return tuple(found)

    async def candles(self, symbol: str, minutes: int) -> tuple[Candle, ...]:
        """Up to 720 closed candles, oldest first; the one that still forms is left out."""
        return (await self._rest.ohlc(self._asked_as.get(symbol, symbol), minutes)).committed


def _told(row: PublicTrade) -> ToldTrade:
    price, volume = format(row.price, "f"), format(row.volume, "f")
    return ToldTrade(row.trade_id, price, volume, row.side == "b", int(row.ts))


def first_fee(fees: tuple[tuple[Decimal, Decimal], ...]) -> Decimal | None:
    """The fee of the lowest volume, as a ratio of cost; None where the venue lists none."""
    return fees[0][1] / 100 if fees else None
