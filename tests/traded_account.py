"""One account in PostgreSQL that was really traded, in two runs, and how tests put questions to it.

Lots, orders and snapshots pass from one run to the next. Each server keeps one such database, which
tests only read; whoever tampers takes a copy.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from actors.money import run_exact
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
    )
)  # fmt: skip
_traded: dict[str, str] = {}


def traded_on(server: Server) -> str:
    """The database with the account."""
    if server.host not in _traded:
        with tempfile.TemporaryDirectory() as home:
            _traded[server.host] = _trade(server, home)
    return _traded[server.host]


def _trade(server: Server, home: str) -> str:
    database = asyncio.run(server.fresh_database())
    dsn = server.dsn(database, server.administrator)
    for events in (2_500, 2_500):
        feed = seeded_feed(7, UNIVERSE)
        plan = RunPlan("PAPER", "postgres", dsn, limits=Limits(events=events))
        choice = choose_bundle("", mode="PAPER", feed_kind=feed.kind)
        assert asyncio.run(trade(Settings(data_dir=home), feed, choice, plan)).card.proven
    return database


def asked(
    server: Server,
    database: str,
    question: Callable[[AccountBooks], Awaitable[_A]],
    account: str = "paper",
) -> _A:
    """One question, as the reader of the database."""
    dsn = server.dsn(database, server.administrator)
    settings = Settings(journal=JournalSettings(dsn=dsn))

    async def work() -> _A:
        async with open_books(settings, account) as books:
            return await question(books)

    return run_exact(lambda: asyncio.run(work()))


def rows(server: Server, database: str, query: str) -> list[Any]:
    return asyncio.run(server.ask(database, query))


def silent(about: str, done: int, total: int) -> None:
    """Progress that nobody watches; it never passes its end."""
    assert done <= total, about
