"""The few public REST reads that a live feed needs: time, pairs with their rules, trades, candles.

No key, no order, one request at a time with a pause between two. Numbers are decimals from the
text. A pair is found by the caller's table of names, never by what was asked for.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import TracebackType
from typing import Any, Final, Protocol, Self, TypeVar

import aiohttp
import msgspec
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay
from tenacity.wait import wait_random_exponential

from actors.instant import SECOND_NS
from actors.money import step_of
from actors.ports import Permanent, ProtocolViolation, Transient
from adapters.kraken.edge_events import ToldTrade
from adapters.kraken.rule_book import PairRules
from adapters.kraken.socket import USER_AGENT

PAUSE_SECONDS: Final = 1.0
"""Between two requests: the venue counts public ones by address."""
PAGE: Final = 1000
_BUSY: Final = ("EService", "EGeneral:Too many requests", "EAPI:Rate limit", "EGeneral:Internal")
T = TypeVar("T")


class PublicTrades(Protocol):
    """Who can be asked for trades that the socket did not bring."""

    async def trades(self, symbol: str, since_ts: int) -> tuple[ToldTrade, ...]:
        """The trades of `symbol` after the instant (ns UTC), oldest first; a page at most.

        Raises EdgeError.
        """


class PublicPairs(Protocol):
    """Who can be asked for the list of pairs."""

    async def pairs(self) -> dict[str, Pair]:
        """Every pair that has a name of ours, by that name. Raises EdgeError."""


class Pair(msgspec.Struct, frozen=True):
    """One pair as AssetPairs lists it; fees in percent by volume, lists that may be empty.

    `base_decimals` are those that the venue's ledger keeps of the base asset (-1: not known).
    """

    altname: str
    base: str
    quote: str
    lot_decimals: int
    pair_decimals: int
    ordermin: Decimal = Decimal(0)
    costmin: Decimal = Decimal(0)
    tick_size: Decimal = Decimal(0)
    status: str = "online"
    fees: tuple[tuple[Decimal, Decimal], ...] = ()
    fees_maker: tuple[tuple[Decimal, Decimal], ...] = ()
    base_decimals: int = -1

    def rules(self, symbol: str) -> PairRules:
        """Its rules; where it lists no tick, one of its last decimal.

        No lot is finer than the ledger: what that cuts off would be missing from the balance.
        """
        tick = self.tick_size or step_of(self.pair_decimals)
        least = Decimal(0) if self.base_decimals < 0 else step_of(self.base_decimals)
        lot = max(step_of(self.lot_decimals), least)
        return PairRules(symbol, tick, lot, self.ordermin, self.costmin, least)


class _Envelope(msgspec.Struct):
    error: list[str]
    result: msgspec.Raw = msgspec.Raw(b"null")


class _Asset(msgspec.Struct):
    decimals: int


class _Time(msgspec.Struct):
    unixtime: int


_TradeRow = tuple[str, str, Decimal, str, str, str, int]
_CandleRow = tuple[int, str, str, str, str, str, str, int]


class PublicRest:
    """A session with the public endpoints at `url`. Raises Transient, Permanent, ProtocolViolation.

    `names` turns the venue's names of a pair into ours; unknown ones raise ValueError there.
    """

    def __init__(
        self,
        url: str,
        names: Callable[[str], str],
        *,
        seconds: float = 10.0,
        pause_seconds: float = PAUSE_SECONDS,
        patience_seconds: float = 15.0,
    ) -> None:
        self._url = url.rstrip("/")
        self._names = names
        self._seconds = seconds
        self._pause_seconds = pause_seconds
        self._patience_seconds = patience_seconds
        self._session: aiohttp.ClientSession | None = None
        self._turn = asyncio.Lock()
        self._free_at = 0.0
        self._asked_as: dict[str, str] = {}
        self._decimals: dict[str, int] = {}

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=self._seconds), headers={"User-Agent": USER_AGENT}
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def learn_decimals(self) -> None:
        """Learn the ledger's decimals of every asset; pairs that are listed later have them."""
        listed = await self._ask("Assets", {}, dict[str, _Asset])
        self._decimals = {name: asset.decimals for name, asset in listed.items()}

    async def time(self) -> int:
        """The venue's clock (ns UTC), to the second."""
        return (await self._ask("Time", {}, _Time)).unixtime * SECOND_NS

    async def pairs(self) -> dict[str, Pair]:
        """Every pair that has a name of ours, by that name."""
        listed = await self._ask("AssetPairs", {}, dict[str, msgspec.Raw])
        found: dict[str, Pair] = {}
        for raw in listed.values():
            try:
                pair = msgspec.json.decode(raw, type=Pair, strict=False)
                name = self._names(pair.altname)
            except (msgspec.MsgspecError, ValueError):
                continue  # a pair that is none of ours, or of a kind we do not trade
            decimals = self._decimals.get(pair.base, -1)
            found[name] = msgspec.structs.replace(pair, base_decimals=decimals)
            self._asked_as[name] = pair.altname
        return found

    async def trades(self, symbol: str, since_ts: int) -> tuple[ToldTrade, ...]:
        """One page of trades after an instant, oldest first."""
        asked = {"pair": self._altname(symbol), "since": str(since_ts), "count": str(PAGE)}
        rows = await self._rows("Trades", asked, list[_TradeRow])
        return tuple(
            ToldTrade(row[6], row[0], row[1], row[3] == "b", _nanoseconds(row[2])) for row in rows
        )

    async def candles(self, symbol: str, minutes: int) -> list[_CandleRow]:
        """Up to 720 closed candles, oldest first; the one that still forms is left out."""
        asked = {"pair": self._altname(symbol), "interval": str(minutes)}
        return (await self._rows("OHLC", asked, list[_CandleRow]))[:-1]

    def _altname(self, symbol: str) -> str:
        return self._asked_as.get(symbol, symbol)

    async def _rows(self, name: str, asked: Mapping[str, str], kind: type[list[T]]) -> list[T]:
        """The rows of an answer under a pair's name, whichever the venue gave it."""
        answer = await self._ask(name, asked, dict[str, msgspec.Raw])
        keys = [key for key in answer if key != "last"]
        if len(keys) != 1:
            raise ProtocolViolation(f"{name} answers for {len(keys)} pairs, not for one")
        return _decoded(name, answer[keys[0]], kind)

    async def _ask(self, name: str, asked: Mapping[str, str], kind: type[T]) -> T:
        """Ask, and ask again while the venue or the line is in trouble, for a while."""
        attempts = AsyncRetrying(
            wait=wait_random_exponential(multiplier=0.5, max=5.0),
            stop=stop_after_delay(self._patience_seconds),
            retry=retry_if_exception_type(Transient),
            reraise=True,
        )
        return _decoded(name, await attempts(self._answer, name, asked), kind)

    async def _answer(self, name: str, asked: Mapping[str, str]) -> msgspec.Raw:
        assert self._session is not None, "enter the reader first"
        async with self._turn:
            await asyncio.sleep(max(0.0, self._free_at - time.monotonic()))
            try:
                async with self._session.get(f"{self._url}/0/public/{name}", params=asked) as reply:
                    body, status = await reply.read(), reply.status
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                raise Transient(f"{name}: {type(error).__name__} {error}".strip()) from error
            finally:
                self._free_at = time.monotonic() + self._pause_seconds
        try:
            envelope = msgspec.json.decode(body, type=_Envelope)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            # An error page of the proxy in between.
            raise Transient(f"{name}: HTTP {status} without an answer of the venue") from error
        if not envelope.error or all(text.startswith("W") for text in envelope.error):
            return envelope.result
        told = "; ".join(envelope.error)[:200]
        if envelope.error[0].startswith(_BUSY):
            raise Transient(f"{name}: {told}")
        raise Permanent(f"{name}: {told}")


def _decoded(name: str, raw: msgspec.Raw, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(raw, type=kind, strict=False)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ProtocolViolation(f"{name}: {error}"[:200]) from error


def _nanoseconds(seconds: Decimal) -> int:
    return int(seconds.scaleb(9))  # not money: an instant


def first_fee(fees: tuple[tuple[Any, Decimal], ...]) -> Decimal | None:
    """The fee of the lowest volume, as a ratio of cost; None where the venue lists none."""
    return fees[0][1] / 100 if fees else None
