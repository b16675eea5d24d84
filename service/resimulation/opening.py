"""Opening what is simulated: the lasting account's journal, or that of one stored run.

The database is read as the reader. What is in force now is known of the account in the database;
elsewhere single values are set on what was in force when the days began.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from actors.ports import JournalView
from actors.profiles.state import Profiles
from service.database import reading_account
from service.failures import ExitCode, UserError
from service.profile_changes import history_from
from service.resimulation.stretch import Asked
from service.run_index import RunEntry, RunIndex, with_access
from service.settings import Settings
from service.stores import FILE, POSTGRES, Say, account_place, open_journal
from service.why.opening import stored_in

Opened = tuple[JournalView, Asked, Profiles | None]


@asynccontextmanager
async def recorded_days(settings: Settings, asked: Asked, say: Say) -> AsyncIterator[Opened]:
    """The journal, the days with the run's whole id, and the profiles in force where known.

    Raises UserError: MISSING or ENVIRONMENT.
    """
    if asked.run_id:
        entry = with_access(RunIndex(settings.home).find(asked.run_id), settings.journal.dsn)
        async with _of_run(settings, entry, say) as journal:
            yield journal, Asked(asked.days, entry.run_id), None
        return
    account = settings.account.name
    if (settings.journal.kind or stored_in(settings)) == POSTGRES:
        async with reading_account(settings, account, say) as (connection, found):
            yield found, asked, (await history_from(connection, settings)).profiles
        return
    if not (settings.home / "journal").is_dir():
        raise UserError(
            ExitCode.MISSING,
            f"There is no recorded account in {settings.home}.",
            "Start one with `ballast run`, or name its folder by --data-dir.",
        )
    async with open_journal(FILE, account_place(settings, FILE), account=account) as found:
        yield found, asked, None


@asynccontextmanager
async def _of_run(settings: Settings, entry: RunEntry, say: Say) -> AsyncIterator[JournalView]:
    if entry.journal != POSTGRES:
        async with open_journal(entry.journal, entry.place, account=entry.account) as found:
            yield found
        return
    dsn = entry.place if "://" in entry.place else ""
    there = msgspec.structs.replace(settings.journal, dsn=dsn)
    settings = msgspec.structs.replace(settings, journal=there)
    async with reading_account(settings, entry.account, say) as (_, found):
        yield found
