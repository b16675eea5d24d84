"""`ballast keys connect|check|status|remove`: guided, and nothing of a secret is ever shown."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from adapters.kraken.signing import Credentials
from adapters.secrets.os_keyring import is_usable
from adapters.secrets.stored import SecretError, StoredKey
from service.cli.answering import answer
from service.cli.hidden_input import read_key, read_passphrase
from service.cli.options import common, settings_of
from service.failures import ExitCode, UserError
from service.key_checks import KRAKEN, ask_rights, venue_origin
from service.key_places import (
    FORMAT,
    STORES,
    KeyRecord,
    as_failure,
    connected_store,
    credentials_of,
    read_record,
    remove_record,
    required_record,
    store_of,
    write_record,
)
from service.key_rights import NEEDED, KeyRights
from service.settings import Settings

_GUIDE: Final = f"""\
Make an API key at Kraken (Settings, API) for Ballast alone, with these permissions and no other:
  {", ".join(NEEDED.values())}.
Restrict it to this machine's address. Use an account that holds only what Ballast may trade.
"""
_PATH: Final = click.Path(path_type=Path, dir_okay=False)


@click.group("keys")
def keys() -> None:
    """The venue's API key: connect, check and remove it. A key that can move money is refused."""
    with contextlib.suppress(ValueError, OSError):
        # A crash must not write what is in memory to a disk.
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


@keys.command("connect")
@common
@click.option("--secret-file", type=_PATH, help="Read key and secret from a private file.")
@click.option(
    "--store",
    type=click.Choice(STORES),
    help="Where to keep it (default: the keyring if one runs, else an encrypted file).",
)
@click.option("--key-file", type=_PATH, help="The mounted secret, for --store mounted.")
@click.option("--passphrase-file", type=_PATH, help="Read the file's passphrase from here.")
@click.option("--venue-url", default=KRAKEN, help="Kraken, or a simulator on loopback.")
@click.option("--replace", is_flag=True, help="Put another key in the place of the connected one.")
def connect_verb(
    *,
    as_json: bool,
    settings_file: Path | None,
    data_dir: Path | None,
    secret_file: Path | None,
    store: str | None,
    key_file: Path | None,
    passphrase_file: Path | None,
    venue_url: str,
    replace: bool,
) -> None:
    """Ask for a key and its secret, let the venue say what it may do, and keep it.

    At a terminal the secret is typed without echo; else two lines (key, secret) come from stdin or
    --secret-file. Refused (exit code 10) when it can withdraw or move money, has a permission that
    is not known, lacks one that is needed, or cannot be examined. Twice is the same as once.
    """
    settings = settings_of(settings_file, data_dir)
    venue = venue_origin(venue_url)
    mounted = key_file or (Path(settings.keys.key_file) if settings.keys.key_file else None)
    kind = store or ("mounted" if mounted else "keyring" if is_usable() else "file")
    _check_options(kind, mounted, secret_file)
    if not as_json:
        click.echo(_GUIDE, err=True)
    key = read_key(secret_file) if kind != "mounted" else _mounted_key(settings, mounted)
    credentials = credentials_of(key)
    before = read_record(settings)
    is_same = before is not None and before.fingerprint == credentials.fingerprint
    if before is not None and not is_same and not replace:
        raise UserError(
            ExitCode.USAGE,
            f"Another API key ({before.key}) is connected to {settings.account.name}.",
            "Say --replace to put this one in its place, or `ballast keys remove` first.",
        )
    rights = asyncio.run(ask_rights(settings, credentials, venue))
    place = _kept(settings, kind, mounted, _passphrase_file(settings, passphrase_file), key)
    if before is not None and (before.store, before.place) != (kind, place):
        _forget(settings, before)
    record = _record(settings, credentials, rights, venue, kind=kind, place=place, before=before)
    _write(settings, record)
    _show(settings, record, as_json=as_json, told="connected")


@keys.command("check")
@common
@click.option("--passphrase-file", type=_PATH, help="Read the file's passphrase from here.")
def check_verb(
    *,
    as_json: bool,
    settings_file: Path | None,
    data_dir: Path | None,
    passphrase_file: Path | None,
) -> None:
    """Open the store and ask the venue again what the connected key may do.

    Exit code 0 when it may trade and nothing more, 10 when it is refused, 5 when the venue was not
    reached, 3 when the store does not open, 8 when no key is connected.
    """
    settings = settings_of(settings_file, data_dir)
    record = required_record(settings)
    file = _passphrase_file(settings, passphrase_file)
    try:
        opened = connected_store(settings, record, lambda: read_passphrase(file, twice=False))
        credentials = credentials_of(opened.get())
    except SecretError as error:
        raise as_failure(error) from None
    rights = asyncio.run(ask_rights(settings, credentials, venue_origin(record.venue)))
    now_s = int(time.time())
    record = msgspec.structs.replace(
        record,
        key=credentials.masked,
        fingerprint=credentials.fingerprint,
        rights=rights,
        checked_at_s=now_s,
    )
    _write(settings, record)
    _show(settings, record, as_json=as_json, told="good")


@keys.command("status")
@common
def status_verb(*, as_json: bool, settings_file: Path | None, data_dir: Path | None) -> None:
    """Say which key is connected, where it lies and what it might do when last checked.

    Opens no store and asks nobody. Exit code 0 also when none is connected.
    """
    settings = settings_of(settings_file, data_dir, examining=True)
    record = read_record(settings)
    if record is not None:
        _show(settings, record, as_json=as_json, told="connected")
    elif as_json:
        answer({"connected": False, "account": settings.account.name})
    else:
        click.echo(f"no API key is connected to {settings.account.name}")


@keys.command("remove")
@common
def remove_verb(*, as_json: bool, settings_file: Path | None, data_dir: Path | None) -> None:
    """Take the connected key out of its store. At Kraken it stays valid until you delete it there.

    Twice is the same as once. A mounted secret is only forgotten, not removed.
    """
    settings = settings_of(settings_file, data_dir)
    record = read_record(settings)
    removed = record is not None and _forget(settings, record)
    try:
        remove_record(settings)
    except SecretError as error:
        raise as_failure(error) from None
    if as_json:
        document = {"connected": False, "account": settings.account.name, "removed": removed}
        answer({**document, "was_connected": record is not None})
    elif record is None:
        click.echo(f"no API key is connected to {settings.account.name}")
    else:
        click.echo(f"the API key {record.key} is no longer connected to {record.account}")
        click.echo("delete it at Kraken too (Settings, API): until then it stays valid")


def _check_options(kind: str, mounted: Path | None, secret_file: Path | None) -> None:
    if kind == "mounted" and mounted is None:
        raise UserError(
            ExitCode.USAGE,
            "No mounted secret is named.",
            "Name it by --key-file, or by the setting keys.key_file.",
        )
    if kind == "mounted" and secret_file is not None:
        raise UserError(
            ExitCode.USAGE,
            "A mounted secret is read where it is, not from --secret-file.",
            "Leave one of the two out.",
        )


def _mounted_key(settings: Settings, mounted: Path | None) -> StoredKey:
    try:
        return store_of(settings, "mounted", mounted, str).get()
    except SecretError as error:
        raise as_failure(error) from None


def _kept(
    settings: Settings, kind: str, mounted: Path | None, passphrase: Path | None, key: StoredKey
) -> str:
    """Put the key into its store and prove that it comes out again; where it is."""
    try:
        into = store_of(settings, kind, mounted, lambda: read_passphrase(passphrase, twice=True))
        into.put(key)
        assert into.get().same_as(key), "a store gives back what was put in"
    except SecretError as error:
        raise as_failure(error) from None
    return into.place if kind != "mounted" or mounted is None else str(mounted.absolute())


def _forget(settings: Settings, record: KeyRecord) -> bool:
    """Remove what a record names; a sealed file goes without its passphrase."""
    try:
        return store_of(settings, record.store, Path(record.place), str).remove()
    except SecretError as error:
        raise as_failure(error) from None


def _record(
    settings: Settings,
    credentials: Credentials,
    rights: KeyRights,
    venue: str,
    *,
    kind: str,
    place: str,
    before: KeyRecord | None,
) -> KeyRecord:
    now_s = int(time.time())
    is_same = before is not None and before.fingerprint == credentials.fingerprint
    return KeyRecord(
        format=FORMAT,
        account=settings.account.name,
        store=kind,
        place=place,
        key=credentials.masked,
        fingerprint=credentials.fingerprint,
        venue=venue,
        connected_at_s=before.connected_at_s if is_same and before is not None else now_s,
        checked_at_s=now_s,
        rights=rights,
    )


def _write(settings: Settings, record: KeyRecord) -> None:
    try:
        write_record(settings, record)
    except SecretError as error:
        raise as_failure(error) from None


def _passphrase_file(settings: Settings, given: Path | None) -> Path | None:
    named = settings.keys.passphrase_file
    return given or (Path(named) if named else None)


def _show(settings: Settings, record: KeyRecord, *, as_json: bool, told: str) -> None:
    mounted = settings.keys.key_file
    if as_json:
        document: dict[str, Any] = {"connected": True, **msgspec.to_builtins(record)}
        document["needed_permissions"] = [*NEEDED]
        answer({**document, "used_instead": mounted} if mounted else document)
        return
    rights = record.rights
    click.echo(f"{told:10} {record.key}   {rights.key_name}   at {record.venue}")
    click.echo(f"account    {record.account}")
    click.echo(f"kept in    {record.store}: {record.place}")
    if mounted:
        click.echo(f"used       the mounted secret {mounted}, by keys.key_file")
    click.echo(f"may        {', '.join(rights.permissions)}")
    click.echo(f"addresses  {', '.join(rights.ip_allowlist) or 'every one'}")
    click.echo(f"valid      until {rights.valid_until}")
    checked = datetime.fromtimestamp(record.checked_at_s, UTC)
    click.echo(f"checked    {checked:%Y-%m-%d %H:%M} UTC")
    for sentence in rights.warnings:
        click.echo(f"warning    {sentence}")
