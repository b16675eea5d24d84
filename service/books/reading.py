"""Reading an account's rows and journal, as the reader, on one state of the database.

Everything happens in one read-only transaction, so that a service that trades meanwhile changes
nothing under our eyes. No figure is made here; the queries are sql/queries/books.sql.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any, Final, TypeVar

import asyncpg
import msgspec

from actors.ledger.state import LedgerConfig
from actors.messages.decision import Side
from actors.messages.execution import Fill, Liquidity, TradeUnexplained
from actors.messages.ledger import (
    CurrencyView,
    EntryBooked,
    PortfolioState,
    PositionView,
    TradeClosed,
    Transfer,
)
from actors.ports import Journal, RunRow
from adapters.instruments.table import instruments as instruments_of
from adapters.postgres.schema_objects import Connection
from adapters.postgres.statements import statement
from service.books.instants import EVER
from service.books.rows import (
    AccountBalance,
    BookedEntry,
    BookedFill,
    ClosedTrade,
    Place,
    PortfolioRow,
    PostedTransfer,
    Posting,
    UnexplainedTrade,
)
from service.database import reading_account
from service.drivers.replay import run_started
from service.failures import ExitCode, UserError
from service.retention.tombstones import Keys, known_keys
from service.settings import Settings, decode_decision_settings
from service.stores import Say

_PLACE: Final = 4
_PAGE_ROWS: Final = 2_000
_ACCOUNTS_TOLD: Final = 6
_LAST: Final = (EVER, 2**31 - 1)
_R = TypeVar("_R")


class AccountBooks:
    """One account's rows; `last_seq` is the newest input on the state that is read."""

    def __init__(
        self,
        connection: Connection,
        journal: Journal,
        account: str,
        keys_of: Keys = frozenset,
    ) -> None:
        """`keys_of` says whose signatures on tombstones count."""
        self.keys_of = keys_of
        self._connection = connection
        self.journal = journal
        self.account = account
        self.last_seq = 0
        self.transfer_count = 0
        self.first_at = 0
        self.last_at = 0

    async def begin(self) -> None:
        """See how far the account goes. Raises UserError(MISSING) when it has no rows."""
        row = await self._connection.fetchrow(statement("books_extent"), self.account)
        assert row is not None
        self.last_seq, self.transfer_count = row["last_seq"], row["transfers"]
        self.first_at, self.last_at = row["first_at"] or 0, row["last_at"] or 0
        if not self.last_seq:
            raise await self._unknown()

    async def _unknown(self) -> UserError:
        rows = await self._connection.fetch(statement("books_accounts"), _ACCOUNTS_TOLD)
        known = ", ".join(row["account_id"] for row in rows)
        remedy = f"Name another by --account; the newest here: {known}."
        return UserError(
            ExitCode.MISSING,
            f"The account {self.account} has no rows in this database.",
            remedy if known else "Start one with `ballast run`.",
        )

    async def runs(self) -> tuple[RunRow, ...]:
        """The account's runs that hold anything, in the journal's order."""
        rows = await self.journal.runs()
        return tuple(row for row in rows if row.last_seq >= row.first_seq)

    async def configs(self) -> Mapping[str, LedgerConfig]:
        """What the ledger went by in each run, from the run's own first input.

        Raises JournalCorruptError when that is damaged.
        """
        found = {}
        for row in await self.runs():
            started = await run_started(self.journal, row)
            decision = decode_decision_settings(started.settings)
            rules = started.rules or instruments_of(started.symbols)
            found[row.run_id] = LedgerConfig(
                {each.symbol: each for each in rules}, reporting=decision.account.quote
            )
        return found

    async def balances(
        self, *, before: int = EVER, before_row: tuple[int, int] = _LAST
    ) -> list[AccountBalance]:
        """Every ledger account as it was before a time, or before a row of the journal."""
        rows = await self._connection.fetch(
            statement("books_balances"), self.account, before, *before_row
        )
        return [AccountBalance(*row) for row in rows]

    async def postings(
        self, ledger_account: str, asset: str, from_at: int, before: int, *, limit: int | None
    ) -> list[Posting]:
        """The newest postings of a time, oldest first; without a limit all of them."""
        rows = await self._connection.fetch(
            statement("books_postings"), self.account, from_at, before, ledger_account, asset, limit
        )
        return [Posting(*row) for row in reversed(rows)]

    def transfers(self, from_at: int = 0, before: int = EVER) -> AsyncIterator[PostedTransfer]:
        """Transfers in order, page by page."""
        return self._stream("books_transfers", _transfer, from_at, before)

    async def transfer(self, number: int) -> PostedTransfer | None:
        """One transfer by its number; None when there is none."""
        row = await self._connection.fetchrow(statement("books_transfer"), self.account, number)
        return None if row is None else _transfer(row)

    async def corrected_by(self, number: int) -> str | None:
        """Who reversed that transfer and why; None when nobody did."""
        told: str | None = await self._connection.fetchval(
            statement("books_correction"), self.account, number
        )
        return told

    def entries(self, before: int = EVER) -> AsyncIterator[BookedEntry]:
        """Entries of the venue's ledger and corrections before a time, in order."""
        return self._stream("books_entries", _entry, before)

    def deposits(self, before: int = EVER) -> AsyncIterator[PostedTransfer]:
        """Funds that came from outside."""
        return self._stream("books_deposits", _transfer, before)

    def fills(self, before: int = EVER) -> AsyncIterator[BookedFill]:
        """Fills in order."""
        return self._stream("books_fills", _fill, before)

    def unexplained(self, before: int = EVER) -> AsyncIterator[UnexplainedTrade]:
        """Trades that no order explains, in order."""
        return self._stream("books_unexplained", _unexplained, before)

    def trades(
        self, from_at: int = 0, before: int = EVER, symbol: str = ""
    ) -> AsyncIterator[ClosedTrade]:
        """Closed trades in order."""
        return self._stream("books_trades", _trade, from_at, before, symbol)

    async def portfolio(self, before: int = EVER) -> PortfolioRow | None:
        """The newest full hour up to a time, with its positions."""
        row = await self._connection.fetchrow(statement("books_hour"), self.account, before)
        if row is None:
            return None
        positions = await self._connection.fetch(
            statement("books_hour_positions"), self.account, row["seq"], row["ordinal"]
        )
        views = tuple(PositionView(*each) for each in positions)
        others = await self._connection.fetch(
            statement("books_hour_currencies"), self.account, row["seq"], row["ordinal"]
        )
        currencies = tuple(CurrencyView(*each) for each in others)
        fields = {name: row[name] for name in row.keys() if name in _PORTFOLIO}  # noqa: SIM118
        return PortfolioRow(
            *_place(row), PortfolioState(**fields, positions=views, currencies=currencies)
        )

    async def order_events(self, last_seq: int) -> dict[str, tuple[str, Decimal]]:
        """State and filled quantity of every order's newest event up to an input."""
        rows = await self._connection.fetch(statement("books_orders"), self.account, last_seq)
        return {row["cl_ord_id"]: (row["state"], row["filled"]) for row in rows}

    async def _stream(
        self, block: str, made: Callable[[Any], _R], *arguments: object
    ) -> AsyncIterator[_R]:
        query = statement(block)
        async for row in self._connection.cursor(
            query, self.account, *arguments, prefetch=_PAGE_ROWS
        ):
            try:
                record = made(row)
            except ValueError as error:
                raise UserError(
                    ExitCode.UNSOUND,
                    f"A row of input {row['seq']} is none of ours: {error}.",
                    "It was changed: `ballast replay RUN --verify` tells what the journal proves.",
                ) from error
            yield record


_PORTFOLIO: Final = frozenset(PortfolioState.__struct_fields__)


def _place(row: Any) -> tuple[int, int, int, str]:
    return row["seq"], row["ordinal"], row["at"], row["run_id"]


def _transfer(row: Any) -> PostedTransfer:
    return PostedTransfer(*_place(row), Transfer(*row[_PLACE:]))


def _fill(row: Any) -> BookedFill:
    values = dict(row)
    for name in Place.__struct_fields__:
        del values[name]
    values |= {"side": Side(values["side"]), "liquidity": Liquidity(values["liquidity"])}
    return BookedFill(*_place(row), Fill(**values))


def _unexplained(row: Any) -> UnexplainedTrade:
    trade = TradeUnexplained(*row[_PLACE:])
    if trade.side:
        Side(trade.side)  # the venue may say no side, never another one
    liquidity = Liquidity(trade.liquidity)
    return UnexplainedTrade(*_place(row), msgspec.structs.replace(trade, liquidity=liquidity))


def _entry(row: Any) -> BookedEntry:
    return BookedEntry(*_place(row), EntryBooked(*row[_PLACE:]))


def _trade(row: Any) -> ClosedTrade:
    return ClosedTrade(*_place(row), TradeClosed(*row[_PLACE:]))


@asynccontextmanager
async def open_books(
    settings: Settings, account: str, say: Say = lambda _: None
) -> AsyncIterator[AccountBooks]:
    """The books of an account, to be read until the block ends.

    Raises UserError: ENVIRONMENT when the database is not there or not migrated, MISSING when the
    account has no rows.
    """
    async with reading_account(settings, account, say) as (connection, journal):
        books = AccountBooks(connection, journal, account, lambda: known_keys(settings))
        try:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                await books.begin()
                yield books
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise UserError(
                ExitCode.ENVIRONMENT,
                f"The books cannot be read: {' '.join(str(error).split())}.",
                "Run `ballast db migrate`, so that the database has what this version reads;"
                " `ballast db drift` tells what else it lacks.",
            ) from error
