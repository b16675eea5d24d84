"""`ballast db ...`: the database that holds the journal and the books, for psql and maintenance."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import asyncpg
import click
import msgspec

from adapters.postgres.embedded import EmbeddedPostgres, EmbeddedPostgresError
from adapters.postgres.embedded_address import ServerState
from adapters.postgres.schema_objects import SchemaObjects, read_schema
from adapters.postgres.schema_snapshot import differences, read_snapshot
from adapters.postgres.storage_world import Storage
from adapters.postgres.validations import Checked
from adapters.postgres.validations import validate as checked
from service.cli.answering import answer
from service.cli.backup_verbs import backup_verb, drill_verb, restore_verb
from service.cli.erasing_verb import erase_verb
from service.cli.options import common, settings_of
from service.cli.retention_verb import retention_verb
from service.cli.roles_verb import roles_verb
from service.database import migrate_database, reading, stored_how
from service.failures import ExitCode, UserError
from service.settings import Settings
from service.sole_service import refuse_while_served
from service.stores import embedded_server


@click.group()
def db() -> None:
    """The database that holds an account's journal and books: look, back up, restore."""


@db.command()
@common
def url(*, as_json: bool, settings_file: Path | None, data_dir: Path | None) -> None:
    """Print the reader's address for psql (starts the embedded server when it is not running).

    Use it as: psql "$(ballast db url)"
    """
    settings = settings_of(settings_file, data_dir)
    if settings.journal.dsn:
        _say(settings.journal.dsn, as_json=as_json, key="url")
        return
    server = embedded_server(settings.home / "postgres")
    try:
        address = server.start()
    except EmbeddedPostgresError as error:
        raise _failure(error) from error
    _say(address.psql_url(), as_json=as_json, key="url")


@db.command()
@common
@click.option("--force", is_flag=True, help="Even while a service trades on it.")
def stop(*, as_json: bool, settings_file: Path | None, data_dir: Path | None, force: bool) -> None:
    """Stop the embedded server; harmless when it is not running.

    Refused while a service trades on it (exit code 6).
    """
    settings = settings_of(settings_file, data_dir)
    if not force:
        refuse_while_served(settings.home, "stop its database")
    server = embedded_server(settings.home / "postgres")
    try:
        server.stop()
    except EmbeddedPostgresError as error:
        raise _failure(error) from error
    _say("stopped", as_json=as_json, key="state")


@db.command()
@common
def status(*, as_json: bool, settings_file: Path | None, data_dir: Path | None) -> None:
    """Say whether the embedded server exists, runs and answers, and how it keeps long series.

    Of a database server of yours it says the latter: plain tables, or hypertables of TimescaleDB.
    """
    settings = settings_of(settings_file, data_dir)
    if settings.journal.dsn:
        storage = asyncio.run(stored_how(settings, say=_progress))
        _show_status({"state": "outside"}, "your server", storage, as_json=as_json)
        return
    found = _server(settings_file, data_dir).status()
    storage_now = None
    if found.state is ServerState.RUNNING:
        with contextlib.suppress(UserError):  # one that was never migrated has no reader
            storage_now = asyncio.run(stored_how(settings, say=_progress))
    told = msgspec.to_builtins(found, enc_hook=str)
    line = f"{found.state.name.lower()}   cluster {found.cluster}   pid {found.pid or '-'}"
    _show_status(told, line, storage_now, as_json=as_json)


@db.command()
@common
def migrate(*, as_json: bool, settings_file: Path | None, data_dir: Path | None) -> None:
    """Create what the database lacks: roles, then every migration that is not applied yet.

    Each migration is all or nothing, and two that run at once wait for each other. A run does this
    by itself; the command is for a database server of yours, before the service starts. Where
    that has TimescaleDB, it also turns into hypertables what the journal can make again, which
    takes as long as writing the rows anew, and compresses what is old where that is licensed.
    """
    settings = settings_of(settings_file, data_dir)
    done = asyncio.run(migrate_database(settings, say=_progress))
    if as_json:
        answer({"applied": list(done.applied), "storage": msgspec.to_builtins(done.storage)})
        return
    for label in done.applied:
        click.echo(f"applied {label}")
    click.echo("up to date" if not done.applied else f"{len(done.applied)} applied; up to date")
    click.echo(done.storage.sentence())


@db.command()
@common
def drift(*, as_json: bool, settings_file: Path | None, data_dir: Path | None) -> None:
    """Compare the database's schema with the one that this version makes.

    Names every table, column, constraint, index, function, trigger, view, owner, role and grant
    that was added, changed or taken away by hand. Only reads; exit code 9 when something differs.
    """
    settings = settings_of(settings_file, data_dir)
    found = differences(read_snapshot(), asyncio.run(_schema(settings)))
    failure = None if not found else _drifted(len(found))
    if as_json:
        answer({"drift": len(found), "differences": [*map(msgspec.to_builtins, found)]}, failure)
    else:
        for each in found:
            click.echo(each.sentence())
            for told, text in (("expected", each.expected), ("found", each.found)):
                if text and each.kind == "changed":
                    click.echo(f"    {told:<8} {text}")
        if not found:
            click.echo("the schema is what this version makes")
    if failure is not None:
        raise failure


@db.command()
@common
def validate(*, as_json: bool, settings_file: Path | None, data_dir: Path | None) -> None:
    """Look for rows that break a rule of the books or the journal, in every account.

    Runs each file of sql/validations and names what it finds. Only reads, on one state of the
    database, so the service may go on trading; exit code 9 when a rule is broken.
    """
    settings = settings_of(settings_file, data_dir)
    found = asyncio.run(_validated(settings, quiet=as_json))
    broken = [each for each in found if each.violations]
    count = sum(each.violations for each in broken)
    failure = None if not broken else _invalid(count, [each.name for each in broken])
    if as_json:
        checks = [msgspec.to_builtins(each) for each in found]
        answer({"violations": count, "checks": checks}, failure)
    elif failure is None:
        click.echo(f"{len(found)} rules hold")
    if failure is not None:
        raise failure


for verb in (roles_verb, backup_verb, restore_verb, drill_verb, retention_verb, erase_verb):
    db.add_command(verb)


async def _validated(settings: Settings, *, quiet: bool) -> list[Checked]:
    found = []
    async with reading(settings, say=_progress) as connection:
        try:
            async for each in checked(connection):
                found.append(each)
                if not quiet:
                    _show(each)
        except asyncpg.PostgresError as error:
            raise UserError(
                ExitCode.UNSOUND,
                f"The rules cannot be looked at: {error}.",
                "Run `ballast db drift` for what the schema lacks, and `ballast db migrate`.",
            ) from error
    return found


def _show(each: Checked) -> None:
    click.echo(f"{'ok' if not each.violations else each.violations:>6}  {each.name}")
    for violation in each.first:
        click.echo(f"        {violation.account} input {violation.seq}: {violation.detail}")
    if each.violations:
        click.echo(f"        the rule: {each.rule}")


def _invalid(count: int, names: list[str]) -> UserError:
    rows = "one row breaks" if count == 1 else f"{count} rows break"
    return UserError(
        ExitCode.UNSOUND,
        f"The database is not sound: {rows} {', '.join(names)}.",
        "Do not trade on it: `ballast replay RUN --verify` tells what the journal itself proves, "
        "and `ballast db drift` whether the schema was changed.",
    )


async def _schema(settings: Settings) -> SchemaObjects:
    async with reading(settings, say=_progress) as connection:
        return await read_schema(connection)


def _drifted(count: int) -> UserError:
    things = "one object differs" if count == 1 else f"{count} objects differ"
    return UserError(
        ExitCode.UNSOUND,
        f"The database's schema is not the one that this version makes: {things}.",
        "Undo what was changed by hand, or restore a backup; `ballast db migrate` adds only what "
        "is new in this version.",
    )


def _show_status(
    told: dict[str, Any], line: str, storage: Storage | None, *, as_json: bool
) -> None:
    if as_json:
        answer({**told, "storage": msgspec.to_builtins(storage)})
        return
    click.echo(line)
    if storage is not None:
        click.echo(storage.sentence())


def _progress(text: str) -> None:
    click.echo(text, err=True)


def _server(settings_file: Path | None, data_dir: Path | None) -> EmbeddedPostgres:
    return embedded_server(settings_of(settings_file, data_dir).home / "postgres")


def _failure(error: EmbeddedPostgresError) -> UserError:
    return UserError(ExitCode.ENVIRONMENT, error.sentence, error.remedy)


def _say(text: str, *, as_json: bool, key: str) -> None:
    click.echo(msgspec.json.encode({key: text}).decode() if as_json else text)
