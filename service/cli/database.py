"""`ballast db url|start|stop|status`: the embedded database, for psql and for maintenance."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from adapters.postgres.embedded import EmbeddedPostgres, EmbeddedPostgresError
from service.cli.options import common, settings_of
from service.failures import ExitCode, UserError
from service.stores import embedded_server


@click.group()
def db() -> None:
    """Look at the database that holds an account's journal and books."""


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
def stop(*, as_json: bool, settings_file: Path | None, data_dir: Path | None) -> None:
    """Stop the embedded server; harmless when it is not running."""
    server = _server(settings_file, data_dir)
    try:
        server.stop()
    except EmbeddedPostgresError as error:
        raise _failure(error) from error
    _say("stopped", as_json=as_json, key="state")


@db.command()
@common
def status(*, as_json: bool, settings_file: Path | None, data_dir: Path | None) -> None:
    """Say whether the embedded server exists, runs and answers."""
    found = _server(settings_file, data_dir).status()
    if as_json:
        click.echo(msgspec.json.encode(found, enc_hook=str).decode())
        return
    click.echo(f"{found.state.name.lower()}   cluster {found.cluster}   pid {found.pid or '-'}")


def _server(settings_file: Path | None, data_dir: Path | None) -> EmbeddedPostgres:
    return embedded_server(settings_of(settings_file, data_dir).home / "postgres")


def _failure(error: EmbeddedPostgresError) -> UserError:
    return UserError(ExitCode.ENVIRONMENT, error.sentence, error.remedy)


def _say(text: str, *, as_json: bool, key: str) -> None:
    click.echo(msgspec.json.encode({key: text}).decode() if as_json else text)
