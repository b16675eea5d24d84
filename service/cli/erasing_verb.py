"""`ballast db erase`: asked by name, done, and certified; or a certificate looked at."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click
import msgspec

from service.cli.answering import answer
from service.cli.options import common, settings_of
from service.erasure import Certificate, erase, read_certificate
from service.failures import ExitCode, UserError
from service.settings import Settings


@click.command("erase")
@common
@click.option(
    "--certificate",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where the certificate goes (default: ballast-erased-ACCOUNT.json in this folder).",
)
@click.option("--yes-erase", metavar="ACCOUNT", help="Consent by the account's name; asks if left.")
@click.option(
    "--verify",
    type=click.Path(path_type=Path),
    help="Erase nothing: check the signature of this certificate and tell what it says.",
)
def erase_verb(
    *,
    as_json: bool,
    settings_file: Path | None,
    data_dir: Path | None,
    path: Path | None,
    yes_erase: str | None,
    verify: Path | None,
) -> None:
    """Destroy the account's database, journal, reports, backups and keys. Nothing brings it back.

    Removes what the account keeps in its data folder, or in a server of yours the whole schema with
    every account in it. Leaves a signed certificate of what was destroyed. Refused while a service
    trades (exit code 6). Interrupted, the same command goes on.
    """
    if verify is not None:
        _show(read_certificate(verify), as_json=as_json)
        return
    settings = settings_of(settings_file, data_dir)
    account = settings.account.name
    _check_consent(settings, yes_erase, as_json=as_json)
    place = path or Path.cwd() / f"ballast-erased-{account}.json"
    certificate = asyncio.run(erase(settings, place, say=_told))
    _show(certificate, as_json=as_json, place=place)


def _check_consent(settings: Settings, given: str | None, *, as_json: bool) -> None:
    account = settings.account.name
    if given is None and not as_json and sys.stdin.isatty():
        where = "the server" if settings.journal.dsn else settings.home
        given = click.prompt(
            f"Everything of the account {account} in {where} will be gone for good.\n"
            "Type the account's name to erase it",
            default="",
            show_default=False,
        )
    if given != account:
        raise UserError(
            ExitCode.USAGE,
            f"Nothing was erased: the consent does not name the account {account}.",
            f"Say `--yes-erase {account}` when you are sure; a backup is `ballast db backup`.",
        )


def _show(certificate: Certificate, *, as_json: bool, place: Path | None = None) -> None:
    if as_json:
        document = msgspec.to_builtins(certificate)
        answer(document if place is None else {**document, "certificate": str(place)})
        return
    click.echo(f"erased   {certificate.account}   {certificate.place}   {certificate.erased_at}")
    for head in certificate.accounts:
        click.echo(f"account  {head.account}   inputs {head.seq:,}   root {head.root}")
    for name in certificate.removed:
        click.echo(f"removed  {name}")
    for name in certificate.left:
        click.echo(f"left     {name}")
    click.echo(f"key      {certificate.public_key}   signature holds")
    if place is not None:
        click.echo(f"certificate  {place}")


def _told(sentence: str) -> None:
    click.echo(sentence, err=True)
