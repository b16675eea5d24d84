"""An account of three runs with its data folder, sealed or whole, and the questions put to it."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import asyncpg
import msgspec

from adapters.postgres.journal import PostgresJournal
from adapters.postgres.roles import READER
from adapters.postgres.validations import validate
from service.backup.steps import Steps
from service.books.inquiry import lots_of, statement_of, verified
from service.books.reading import AccountBooks
from service.books.verification import Verdict
from service.drivers.replay import ReplayReport, replay_run
from service.rebuilding import builder
from service.retention.seal import Answer, Order, seal_runs
from service.settings import Settings
from tests.backups import settings_for
from tests.postgres_server import Server
from tests.traded_account import asked, rows, silent

_A = TypeVar("_A")
FRAMES = "SELECT count(*) FROM ballast.journal_frame"
DAY_NS = 86_400_000_000_000


class Account:
    """An account of three runs, its data folder and its database."""

    def __init__(self, server: Server, home: Path, database: str) -> None:
        self.server = server
        self.home = home
        self.database = database

    @property
    def settings(self) -> Settings:
        dsn = self.server.dsn(self.database, self.server.administrator)
        return settings_for(self.home, dsn=dsn)

    def frames(self) -> int:
        return int(rows(self.server, self.database, FRAMES)[0][0])

    def journal(self) -> PostgresJournal:
        return PostgresJournal(self.server.dsn(self.database, READER), "paper")

    def seal(self, keep_days: int = 0, *, dry_run: bool = False) -> Answer:
        order = Order(keep_days, time.time_ns(), self.home / "sealed", dry_run)
        return asyncio.run(seal_runs(self.settings, order, steps=Steps()))

    def checks(self) -> dict[str, tuple[Verdict, str]]:
        """What `ballast books verify` finds."""
        found = asked_of(self, lambda books: verified(books, silent))
        return {each.name: (each.verdict, each.detail) for each in found}

    def broken_rules(self) -> set[str]:
        async def work() -> set[str]:
            connection = await asyncpg.connect(self.server.dsn(self.database, READER))
            try:
                return {each.name async for each in validate(connection) if each.violations}
            finally:
                await connection.close()

        return asyncio.run(work())


def asked_of(account: Account, question: Callable[[AccountBooks], Awaitable[_A]]) -> _A:
    return asked(account.server, account.database, question, settings=account.settings)


def copied(source: Account, folder: Path) -> Account:
    """The account as it is, for a test that changes it."""
    home = folder / "home"
    shutil.copytree(source.home, home)
    return Account(source.server, home, asyncio.run(source.server.copy_of(source.database)))


def runs_of(account: Account) -> list[str]:
    told = "SELECT run_id FROM ballast.run ORDER BY ordinal"
    return [row[0] for row in rows(account.server, account.database, told)]


def books_of(account: Account) -> object:
    async def told(books: AccountBooks) -> object:
        day = books.last_at // DAY_NS * DAY_NS
        return (
            await books.balances(),
            await lots_of(books),
            msgspec.json.encode(await statement_of(books, "that day", day)),
        )

    return asked_of(account, told)


def replayed(account: Account, number: int) -> ReplayReport:
    """What `ballast replay --verify` finds of the account's run of that number."""

    async def work() -> ReplayReport:
        journal = account.journal()
        try:
            run = (await journal.runs())[number]
            return await replay_run(
                journal, run, builder(verify=True), verify=True, from_genesis=True, with_rows=True
            )
        finally:
            await journal.close()

    return asyncio.run(work())
