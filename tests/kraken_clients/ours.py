"""Our own clients: the REST client, and the two sockets with the door that orders go through."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import ClassVar, TypeVar

from actors.instant import SECOND_NS
from actors.messages.base import Message
from actors.messages.control import LedgerEntry
from actors.messages.decision import Side
from actors.messages.execution import (
    CancelAnswered,
    ExecKind,
    ExecutionReport,
    SubmitAnswered,
    SubmitOutcome,
)
from actors.messages.market import BOOK_LEVELS, BookSlice, TradeSlice
from actors.messages.order import CancelOrder, SubmitOrder
from actors.messages.reconciliation import ReconcileRequested
from actors.ports import EdgeError
from adapters.kraken.account_lists import RestLists
from adapters.kraken.bodies import Amendment, NewOrder
from adapters.kraken.clock import EdgeClock
from adapters.kraken.feed import FeedOptions, LiveFeed
from adapters.kraken.gateway import KrakenVenue
from adapters.kraken.handshakes import Handshakes
from adapters.kraken.limits import PRO, CallLimits, OrderLimits
from adapters.kraken.names import Names
from adapters.kraken.nonce import Nonces
from adapters.kraken.public_market import PublicMarket
from adapters.kraken.rest import KrakenRest
from adapters.kraken.signing import Credentials
from adapters.kraken.socket import Patience as Silence
from adapters.kraken.socket import stay_connected
from adapters.kraken.transport import Patience
from adapters.kraken_simulator.keys.store import ApiKey
from adapters.kraken_simulator.serving.launch import Running
from tests.kraken_clients.facts import (
    ASSETS,
    PAIR,
    REST_NAMES,
    Candle,
    Client,
    Depth,
    Filled,
    Placed,
    Print,
    RefusedError,
    Rules,
    Seen,
    Wanted,
    exact,
    refused,
)

WAIT_SECONDS = 15.0
_PATIENCE = Patience(public_pause=0.0, attempts=2, first_pause=0.01, longest_pause=0.02)
_SOON = Silence(silence=1.5, ping=0.5)
"""A refused key is noticed when the line is given up, so not after eight seconds."""
_DEADLINE_NS = 20 * SECOND_NS
_ENDED = {ExecKind.FILLED: "closed", ExecKind.CANCELLED: "canceled"}
_SIDES = {"buy": Side.BUY, "sell": Side.SELL}
T = TypeVar("T")
Told = list[Message]


async def _told(answer: Awaitable[T]) -> T:
    try:
        return await answer
    except EdgeError as error:
        raise refused(error) from error


class OurRest(Client):
    """adapters.kraken.rest."""

    cannot: ClassVar = {"ticker": "it reads no ticker: marks come from books and trades"}

    def __init__(self, rest: KrakenRest) -> None:
        self.rest = rest

    async def rules(self, symbol: str) -> Rules:
        (row,) = (await self.rest.asset_pairs([REST_NAMES[symbol]])).values()
        assert row.tick_size is not None
        assert row.ordermin is not None
        assert row.costmin is not None
        return Rules(row.tick_size, Decimal(1).scaleb(-row.lot_decimals), row.ordermin, row.costmin)

    async def depth(self) -> Depth:
        found = await self.rest.depth(REST_NAMES[PAIR], 10)
        bids, asks = (
            tuple((level.price, level.volume) for level in side)
            for side in (found.bids, found.asks)
        )
        return Depth(bids, asks)

    async def newest_trade(self) -> Print:
        since, last = 0, None
        while page := (await self.rest.trades(REST_NAMES[PAIR], since)).rows:
            since, last = int(page[-1].ts), page[-1]
        assert last is not None
        return Print(last.trade_id, last.price, last.volume)

    async def candles(self) -> tuple[Candle, ...]:
        found = await self.rest.ohlc(REST_NAMES[PAIR], 1)
        return tuple(
            Candle(row.opened_ts // SECOND_NS, row.open, row.high, row.low, row.close, row.volume)
            for row in found.committed
        )

    async def balances(self) -> dict[str, Decimal]:
        told = await _told(self.rest.balances())  # BalanceEx
        return {ASSETS[name]: each.balance for name, each in told.items()}

    async def place(self, order: Wanted) -> Placed:
        at = time.time_ns()
        new = NewOrder(
            pair=REST_NAMES[PAIR],
            side=order.side,
            volume=order.quantity,
            price=order.price,
            cl_ord_id=order.cl_ord_id,
            deadline=at + _DEADLINE_NS,
            post_only=order.post_only,
        )
        return Placed((await _told(self.rest.add_order(new))).txid, order.cl_ord_id, at)

    async def amend(self, placed: Placed, quantity: Decimal, price: Decimal) -> None:
        deadline = time.time_ns() + _DEADLINE_NS
        await _told(
            self.rest.amend_order(
                Amendment(
                    cl_ord_id=placed.cl_ord_id, deadline=deadline, volume=quantity, price=price
                )
            )
        )

    async def cancel(self, placed: Placed) -> None:
        assert (await _told(self.rest.cancel_order(cl_ord_id=placed.cl_ord_id))).count == 1

    async def seen(self, placed: Placed) -> Seen:
        (row,) = await self.rest.query_orders([placed.order_id])
        return Seen(row.status, row.volume, exact(row.descr.price), row.filled)

    async def fills(self, placed: Placed) -> tuple[Filled, ...]:
        until = time.time_ns() + 60 * SECOND_NS
        listed = await self.rest.trades_history(placed.at - 60 * SECOND_NS, until)
        found = [row for row in listed.rows if row.ordertxid == placed.order_id]
        return tuple(sorted(Filled(row.price, row.volume, row.fee) for row in found))


class OurSockets(Client):
    """The live feed, and the door whose orders, fills and entries go over the private socket."""

    follows: ClassVar = True
    cannot: ClassVar = {
        "ticker": "it subscribes to no ticker: marks come from books and trades",
        "instruments": "grids come from REST; the socket's channel is read for states alone",
        "candles": "bars are made of trades",
        "amended": "the door has no amend: an order is cancelled and decided anew",
        "post only": "the door places no post-only orders",
    }

    def __init__(
        self, rest: OurRest, lists: RestLists, feed: LiveFeed, gateway: KrakenVenue, told: Told
    ) -> None:
        self._rest = rest
        self._lists = lists
        self._feed = feed
        self._gateway = gateway
        self._heard = told
        self._lying: dict[str, Decimal] = {}
        self._balances_at = 0
        self._items: list[Message] = []

    async def depth(self) -> Depth:
        book = self._latest(BookSlice)
        if book is None:
            return Depth((), ())
        row = book.levels[0].tolist()
        blocks = [
            tuple(map(exact, row[at : at + BOOK_LEVELS]))
            for at in range(0, 4 * BOOK_LEVELS, BOOK_LEVELS)
        ]
        counts = self._feed.counts
        assert counts.checksums_verified
        assert not counts.checksums_failed
        return Depth(
            tuple(zip(blocks[0], blocks[1], strict=True)),
            tuple(zip(blocks[2], blocks[3], strict=True)),
        )

    async def newest_trade(self) -> Print:
        trades = self._latest(TradeSlice)
        if trades is None:
            return Print(0, Decimal(0), Decimal(0))
        row = trades.rows[0].tolist()
        return Print(trades.last_trade_ids[0], exact(row[3]), exact(row[4]))

    def _latest(self, kind: type[T]) -> T | None:
        self._items += [item.body for item in self._feed.backlog.take(10_000)]
        found = [each for each in self._items if isinstance(each, kind)]
        return found[-1] if found else None

    async def balances(self) -> dict[str, Decimal]:
        """What was listed, with the entries that the channel told since; trades want a new list."""
        if not self._lying:
            # Until its lists were read once, the door holds back what the channel tells.
            listed = await self._gateway.lists(ReconcileRequested(1, time.time_ns(), "a case"))
            assert listed.complete
            self._lying = {each.asset: each.balance for each in listed.balances}
            self._balances_at = len(self._heard)
        news, self._balances_at = self._heard[self._balances_at :], len(self._heard)
        if any(isinstance(each, ExecutionReport) and each.exec_id for each in news):
            self._lying = {each.asset: each.balance for each in await self._lists.balances()}
            return self._lying
        for entry in (each for each in news if isinstance(each, LedgerEntry)):
            lying = self._lying.get(entry.asset, Decimal(0))
            self._lying[entry.asset] = lying + entry.amount - entry.fee
        return self._lying

    async def place(self, order: Wanted) -> Placed:
        at = time.time_ns()
        submit = SubmitOrder(
            order.cl_ord_id,
            PAIR,
            _SIDES[order.side],
            order.quantity,
            order.price,
            decided_at=at,
            deadline=at + _DEADLINE_NS,
            epoch=1,
        )
        await _told(self._gateway.submit(submit))
        answer = await self._heard_of(
            SubmitAnswered,
            lambda e: e.cl_ord_id == order.cl_ord_id and e.outcome is SubmitOutcome.ACCEPTED,
        )
        return Placed(answer.venue_order_id, order.cl_ord_id, at)

    async def cancel(self, placed: Placed) -> None:
        before = len(self._heard)
        await _told(self._gateway.cancel(CancelOrder(placed.cl_ord_id, PAIR, "a case")))
        await asyncio.sleep(0.05)
        for each in self._heard[before:]:
            if isinstance(each, CancelAnswered):
                raise RefusedError(each.text)

    async def seen(self, placed: Placed) -> Seen:
        """State and filled quantity as the channel told them, the rest by the lists."""
        told = [each for each in self._reports(placed) if each.kind in _ENDED]
        filled = sum((each.quantity for each in self._trades(placed).values()), Decimal(0))
        row = await self._rest.seen(placed)
        return Seen(_ENDED[told[-1].kind] if told else "open", row.quantity, row.price, filled)

    async def fills(self, placed: Placed) -> tuple[Filled, ...]:
        return tuple(sorted(self._trades(placed).values()))

    def _reports(self, placed: Placed) -> list[ExecutionReport]:
        reports = [each for each in self._heard if isinstance(each, ExecutionReport)]
        return [each for each in reports if each.cl_ord_id == placed.cl_ord_id]

    def _trades(self, placed: Placed) -> dict[str, Filled]:
        return {
            each.exec_id: Filled(each.last_price, each.last_quantity, each.fee)
            for each in self._reports(placed)
            if each.kind is ExecKind.TRADE
        }

    async def _heard_of(self, kind: type[T], is_it: Callable[[T], bool]) -> T:
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                for each in self._heard:
                    if isinstance(each, kind) and is_it(each):
                        return each
                await asyncio.sleep(0.02)


@asynccontextmanager
async def our_rest(running: Running, key: ApiKey, folder: Path) -> AsyncIterator[OurRest]:
    """The REST client with a key."""
    with Nonces(folder, time.time_ns) as nonces:
        async with KrakenRest(
            running.rest,
            Credentials(key.key, key.secret),
            nonces,
            clock=time.time_ns,
            call_limits=CallLimits(PRO),
            patience=_PATIENCE,
        ) as rest:
            yield OurRest(rest)


@asynccontextmanager
async def our_sockets(running: Running, key: ApiKey, folder: Path) -> AsyncIterator[OurSockets]:
    """Both sockets, open and subscribed. Raises RefusedError."""
    told: Told = []

    async def tell(fact: Message) -> None:
        told.append(fact)

    async with our_rest(running, key, folder) as ours:
        names = Names(await ours.rest.assets(), await ours.rest.asset_pairs())
        limits = OrderLimits(PRO)
        lists = RestLists(ours.rest, names)
        gateway = KrakenVenue(lists, tell, clock=time.time_ns, limits=limits)
        feed = LiveFeed(
            (PAIR,),
            f"{running.sockets}/v2",
            clock=EdgeClock(),
            options=FeedOptions(conflate_ns=20_000_000),
            trades=PublicMarket(ours.rest, names.symbol),
        )
        auth = f"{running.sockets}/v2-auth"
        listening = [
            asyncio.create_task(stay_connected(auth, gateway.line, Handshakes(), _SOON)),
            asyncio.create_task(feed.run()),
        ]
        try:
            await _open(feed, gateway)
            yield OurSockets(ours, lists, feed, gateway, told)
        finally:
            for task in listening:
                task.cancel()
            await asyncio.gather(*listening, return_exceptions=True)
            await gateway.line.hang_up()


async def _open(feed: LiveFeed, gateway: KrakenVenue) -> None:
    silent = "no connection yet"
    async with asyncio.timeout(WAIT_SECONDS):
        while not (gateway.is_ready and feed.counts.checksums_verified):
            if gateway.trouble != silent and not gateway.is_ready:
                raise refused(gateway.trouble)
            await asyncio.sleep(0.02)
