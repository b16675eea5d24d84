"""One account in PostgreSQL that was really traded, in two runs, and how tests put questions to it.

Lots, orders and snapshots pass from one run to the next. In the first run the venue tells of trades
that no order explains, which a person accepts; in the second of some that stay in suspense, and of
rewards, staking and a withdrawal. Each server keeps one such database, which tests only read;
whoever tampers takes a copy.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from actors.messages.control import Correction, LedgerEntry, Reactivate
from actors.messages.decision import Side
from actors.messages.execution import ExecKind, ExecutionReport
from actors.money import run_exact
from actors.ports import Feed, FeedItem
from service.books.reading import AccountBooks, open_books
from service.bundles import choose_bundle
from service.drivers.feeding import Limits
from service.drivers.trading import RunPlan, trade
from service.feeds import UNIVERSE, seeded_feed
from service.settings import JournalSettings, Settings
from tests.postgres_server import Server

_A = TypeVar("_A")
SOLD = "SELECT min(seq) FROM ballast.trade_closed"
SALE = f"side = 'sell' AND seq = ({SOLD})"
ASLEEP = "SET session_replication_role = replica; " + "; ".join(
    f"ALTER TABLE ballast.{table} DISABLE TRIGGER ALL"
    for table in (
        "run", "run_end", "journal_frame", "order_event", "fill", "transfer", "trade_closed",
        "trade_unexplained", "ledger_entry", "replay_manifest",
    )
)  # fmt: skip
_traded: dict[str, str] = {}


def stray(exec_id: str, symbol: str, side: Side | None, quantity: str, cost: str) -> FeedItem:
    """A trade of nobody's order; its time is that of the item that it comes after."""
    report = ExecutionReport(
        "", exec_id, ExecKind.TRADE, 0, Decimal(quantity), Decimal("1.5"), Decimal(cost),
        Decimal("0.25"), "USD", symbol=symbol, side=side,
    )  # fmt: skip
    return FeedItem(0, report)


def entry(kind: str, asset: str, amount: str, fee: str = "0", refid: str = "") -> FeedItem:
    """An entry of the venue's ledger."""
    told = LedgerEntry(refid or f"{kind} {asset}", kind, asset, Decimal(amount), Decimal(fee), 0)
    return FeedItem(0, told)


# What the feed tells besides the market, after so many of its items.
FIRST: dict[int, tuple[FeedItem, ...]] = {
    1_500: (
        stray("s1", "BTC/USD", Side.BUY, "0.00100000", "60.00"),
        stray("s2", "DOGE/USD", Side.BUY, "100", "15.00"),
        stray("s3", "XBTUSD", None, "0.5", "30000.00"),
        FeedItem(0, Reactivate("ann", "bought by hand")),
    ),
}
SECOND: dict[int, tuple[FeedItem, ...]] = {
    1_200: (
        entry("reward", "BTC.S", "0.00500000"),
        entry("staking", "BTC.S", "-0.00200000", refid="u1"),
        entry("staking", "BTC", "0.00200000", refid="u1"),
        entry("withdrawal", "USD", "-50.00", "1.00"),
        entry("adjustment", "USD", "0.03"),
        entry("dust", "BTC", "-0.00010000"),
        entry("dust", "USD", "5.00"),
        FeedItem(0, Correction(1, "adjustment", "available", "USD", Decimal("0.03"), "ann", "no")),
    ),
    2_400: (
        stray("s4", "BTC/USD", Side.SELL, "0.00040000", "26.00"),
        stray("s5", "XMR/USD", Side.SELL, "900.00", "90000.00"),
    ),
}


class ToldFeed:
    """A feed with reports and commands in between."""

    def __init__(self, source: Feed, told: dict[int, tuple[FeedItem, ...]]) -> None:
        self._source, self._told = source, told
        self.kind, self.symbols, self.digest = source.kind, source.symbols, source.digest

    def items(self, after: int = 0) -> Iterator[FeedItem]:
        """The source's items, each followed by what is told after it."""
        for number, item in enumerate(self._source.items(after), 1):
            yield item
            for told in self._told.get(number, ()):
                body = told.body
                if isinstance(body, ExecutionReport):
                    body = msgspec.structs.replace(body, ts=item.at)
                yield FeedItem(item.at, body)


def traded_on(server: Server) -> str:
    """The database with the account."""
    if server.host not in _traded:
        with tempfile.TemporaryDirectory() as home:
            _traded[server.host] = server.keep(_trade(server, home))
    return _traded[server.host]


def _trade(server: Server, home: str) -> str:
    database = asyncio.run(server.fresh_database())
    dsn = server.dsn(database, server.administrator)
    for events, told in ((2_500, FIRST), (2_500, SECOND)):
        feed = ToldFeed(seeded_feed(7, UNIVERSE), told)
        plan = RunPlan("PAPER", "postgres", dsn, limits=Limits(events=events))
        choice = choose_bundle("", mode="PAPER", feed_kind=feed.kind)
        assert asyncio.run(trade(Settings(data_dir=home), feed, choice, plan)).card.proven
    return database


def asked(
    server: Server,
    database: str,
    question: Callable[[AccountBooks], Awaitable[_A]],
    account: str = "paper",
    *,
    settings: Settings | None = None,
) -> _A:
    """One question, as the reader of the database."""
    dsn = server.dsn(database, server.administrator)
    settings = settings or Settings(journal=JournalSettings(dsn=dsn))

    async def work() -> _A:
        async with open_books(settings, account) as books:
            return await question(books)

    return run_exact(lambda: asyncio.run(work()))


def rows(server: Server, database: str, query: str) -> list[Any]:
    return asyncio.run(server.ask(database, query))


def silent(about: str, done: int, total: int) -> None:
    """Progress that nobody watches; it never passes its end."""
    assert done <= total, about
