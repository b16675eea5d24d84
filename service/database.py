"""The database of a data folder or an address, opened for maintenance rather than for trading.

An embedded server that we start is stopped again; one that ran already is left running. Reading is
done as the reader, so that a look can never change anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import msgspec

from actors.ports import Journal
from adapters.postgres.embedded import EmbeddedPostgresError
from adapters.postgres.embedded_address import ServerState
from adapters.postgres.journal import PostgresJournal
from adapters.postgres.migrations import MigrationError
from adapters.postgres.roles import READER, prepare_database
from adapters.postgres.schema_objects import Connection
from adapters.postgres.storage_world import Storage, read_storage_on_record
from service.failures import ExitCode, UserError
from service.settings import Settings
from service.sole_service import is_served
from service.stores import POSTGRES, Say, as_role, embedded_server


class Migrated(msgspec.Struct, frozen=True):
    """The labels of what was applied, and how the series are kept now."""

    applied: tuple[str, ...]
    storage: Storage


async def migrate_database(settings: Settings, say: Say = lambda _: None) -> Migrated:
    """Create roles, apply what is pending, and convert what TimescaleDB can keep in chunks.

    A conversion locks its table for as long as it takes, so beside a service there is none. Raises
    UserError(ENVIRONMENT); a migration that fails leaves nothing behind.
    """
    async with _address(settings, say) as (administrator, reader):
        try:
            convert = not is_served(settings.home)
            applied = await prepare_database(administrator, convert=convert, compress=True)
        except MigrationError as error:
            raise UserError(
                ExitCode.ENVIRONMENT,
                f"{error}",
                "Nothing was changed half-way; run `ballast doctor` for the state of the server.",
            ) from error
        connection = await _connected(reader)
        try:
            return Migrated(applied, await read_storage_on_record(connection))
        finally:
            await connection.close()


async def stored_how(settings: Settings, say: Say = lambda _: None) -> Storage:
    """Which world of TimescaleDB the database is in. Raises UserError(ENVIRONMENT)."""
    async with reading(settings, say) as connection:
        return await read_storage_on_record(connection)


@asynccontextmanager
async def reading(settings: Settings, say: Say = lambda _: None) -> AsyncIterator[Connection]:
    """A connection that can only read. Raises UserError(ENVIRONMENT)."""
    async with _address(settings, say) as (_, reader):
        connection = await _connected(reader)
        try:
            yield connection
        finally:
            await connection.close()


@asynccontextmanager
async def reading_account(
    settings: Settings, account: str, say: Say = lambda _: None
) -> AsyncIterator[tuple[Connection, Journal]]:
    """The rows and the journal of one account, both as the reader. Raises UserError(ENVIRONMENT).

    Makes no database where none is.
    """
    if not settings.journal.dsn:
        _check_exists(settings)
    async with _address(settings, say) as (_, reader):
        connection = await _connected(reader)
        journal = PostgresJournal(reader, account)
        try:
            yield connection, journal
        finally:
            await journal.close()
            await connection.close()


async def _connected(reader: str) -> Connection:
    try:
        return await asyncpg.connect(reader)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise UserError(
            ExitCode.ENVIRONMENT,
            f"The database cannot be read: {' '.join(str(error).split())}.",
            "Run `ballast doctor` for whether it answers, and `ballast db migrate` once, so that "
            "its roles exist; then try again.",
        ) from error


def _check_exists(settings: Settings) -> None:
    """Raises UserError(ENVIRONMENT) when the data folder has no embedded database."""
    try:
        status = embedded_server(settings.home / POSTGRES).status()
    except EmbeddedPostgresError as error:
        raise UserError(ExitCode.ENVIRONMENT, error.sentence, error.remedy) from error
    if status.state is ServerState.ABSENT:
        raise UserError(
            ExitCode.ENVIRONMENT,
            f"There is no database in {settings.home} yet.",
            "Start an account with `ballast run`, or name its folder by --data-dir"
            " (journals in files have no tables).",
        )


@asynccontextmanager
async def administering(settings: Settings, say: Say = lambda _: None) -> AsyncIterator[Connection]:
    """A connection that may change everything. Raises UserError(ENVIRONMENT)."""
    async with _address(settings, say) as (administrator, _):
        try:
            connection = await asyncpg.connect(administrator)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise UserError(
                ExitCode.ENVIRONMENT,
                f"The database cannot be reached: {' '.join(str(error).split())}.",
                "Start it, or correct its address in the settings.",
            ) from error
        try:
            yield connection
        finally:
            await connection.close()


@asynccontextmanager
async def _address(settings: Settings, say: Say) -> AsyncIterator[tuple[str, str]]:
    """The administrator's address and the reader's."""
    if settings.journal.dsn:
        yield settings.journal.dsn, as_role(settings.journal.dsn, READER)
        return
    server = embedded_server(settings.home / POSTGRES, say)
    try:
        address = await asyncio.to_thread(server.start)
    except EmbeddedPostgresError as error:
        raise UserError(ExitCode.ENVIRONMENT, error.sentence, error.remedy) from error
    try:
        yield address.dsn(), address.dsn(READER)
    finally:
        await asyncio.to_thread(server.release)
