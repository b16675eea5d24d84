"""Opening what a decision is explained from: an account's rows, or a journal in files."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from actors.ports import JournalCorruptError
from service.database import reading_account
from service.failures import ExitCode, UserError
from service.settings import Settings
from service.stores import FILE, POSTGRES, Say, account_place, open_journal
from service.why.answer import DecisionStore, Question, nothing_decided
from service.why.moment import Progress
from service.why.records import DecisionRecords
from service.why.repeated import repeated_records


def stored_in(settings: Settings) -> str:
    """The kind of journal that a data folder has; PostgreSQL when it has both or none."""
    if settings.journal.dsn or (settings.home / POSTGRES).exists():
        return POSTGRES
    return FILE if (settings.home / "journal").is_dir() else POSTGRES


@asynccontextmanager
async def rows_of(
    settings: Settings, account: str, say: Say = lambda _: None
) -> AsyncIterator[DecisionStore]:
    """The decisions of an account in PostgreSQL, to be read until the block ends.

    Raises UserError(ENVIRONMENT) when the database is not there or not migrated.
    """
    async with reading_account(settings, account, say) as (connection, journal):
        try:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                yield DecisionStore(DecisionRecords(connection, account), journal)
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise UserError(
                ExitCode.ENVIRONMENT,
                f"The decisions cannot be read: {' '.join(str(error).split())}.",
                "Run `ballast db migrate`, so that the database has what this version reads.",
            ) from error
        except JournalCorruptError as error:
            raise UserError(
                ExitCode.NOT_PROVEN,
                f"The run's start cannot be read: {error}.",
                "Restore a backup, or look at it with `ballast replay RUN`.",
            ) from error


@asynccontextmanager
async def steps_of(
    settings: Settings, account: str, question: Question, progress: Progress
) -> AsyncIterator[DecisionStore]:
    """The decisions of the lasting account of a data folder whose journal is in files.

    Raises UserError: MISSING when there is none, NOT_PROVEN when its steps do not repeat.
    """
    if account != settings.account.name or not (settings.home / "journal").is_dir():
        raise nothing_decided(account, question, None)
    async with open_journal(FILE, account_place(settings, FILE), account=account) as journal:
        records = await repeated_records(journal, account, question.before, progress)
        yield DecisionStore(records, journal)
