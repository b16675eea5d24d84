"""`ballast db backup`, `ballast db restore`, `ballast db drill`: asked, done, told."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import click
import msgspec
from rich.console import Console

from service.backup.anchors import known_key
from service.backup.drill import Drill, drill
from service.backup.manifest import Manifest, check_files, check_signature, read_manifest
from service.backup.restore import Consent, Restored, restore_backup
from service.backup.steps import Steps
from service.backup.take import take_backup
from service.cli.answering import answer
from service.cli.options import common, settings_of
from service.failures import ExitCode, UserError
from service.settings import Settings


@click.command("backup")
@common
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    help="The folder to write, not there yet (default: backups/TIME-HEAD in the data folder).",
)
@click.option(
    "--with-key",
    is_flag=True,
    help="Also copy the private key that signs anchors; keep such a backup secret.",
)
@click.option(
    "--verify",
    type=click.Path(path_type=Path),
    help="Take none: check hashes, row counts and signature of the backup in this folder.",
)
def backup_verb(
    *,
    as_json: bool,
    settings_file: Path | None,
    data_dir: Path | None,
    to: Path | None,
    with_key: bool,
    verify: Path | None,
) -> None:
    """Copy the journal and the books of all accounts to a folder, signed, while trading goes on.

    The copy is of one moment and whole, or it is not there. It holds no secrets and no settings
    file. `ballast db restore` brings it back, `ballast db drill` proves that it would.
    """
    settings = settings_of(settings_file, data_dir)
    steps = _steps()
    if verify is not None:
        _verify(settings, verify, steps, as_json=as_json)
        return
    begun = time.monotonic()
    taken = asyncio.run(take_backup(settings, to, with_key=with_key, steps=steps, say=_told))
    seconds = time.monotonic() - begun
    if as_json:
        answer({"folder": str(taken.folder), "seconds": seconds, **_document(taken.manifest)})
        return
    click.echo(f"backup   {taken.folder}")
    _show(taken.manifest)
    click.echo(f"took     {seconds:.1f} s")


@click.command("restore")
@common
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--force",
    is_flag=True,
    help="Take a backup whose signing key this data folder does not know.",
)
@click.option(
    "--accept",
    default="",
    metavar="REASON",
    help="Go on although more was traded than the backup holds; the reason is anchored.",
)
def restore_verb(
    *,
    as_json: bool,
    settings_file: Path | None,
    data_dir: Path | None,
    folder: Path,
    force: bool,
    accept: str,
) -> None:
    """Bring a backup back into an empty database, or an empty journal of files.

    Before anybody sees it, schema, rules, chains, anchors and recovery are proven and each account
    gets a new epoch; when a proof fails, nothing was restored. Nothing is ever overwritten.
    """
    settings = settings_of(settings_file, data_dir)
    begun = time.monotonic()
    consent = Consent(accept=accept.strip(), force=force)
    restored = asyncio.run(restore_backup(settings, folder, consent, steps=_steps(), say=_told))
    seconds = time.monotonic() - begun
    if as_json:
        answer({"seconds": seconds, **msgspec.to_builtins(restored)})
        return
    _show_restored(restored)
    click.echo(f"took     {seconds:.1f} s")


@click.command("drill")
@common
def drill_verb(*, as_json: bool, settings_file: Path | None, data_dir: Path | None) -> None:
    """Rehearse a loss: back up, restore into a throwaway server, prove, and measure.

    Tells how long it takes until the account stands proven again (RTO), by step, and what a backup
    taken now would lose (RPO). The account is only read; everything made for the drill is removed.
    """
    settings = settings_of(settings_file, data_dir)
    found = asyncio.run(drill(settings, _steps(), _told))
    if as_json:
        answer(msgspec.to_builtins(found))
        return
    _show_drill(found)


def _verify(settings: Settings, folder: Path, steps: Steps, *, as_json: bool) -> None:
    manifest = read_manifest(folder)
    known = known_key(settings)
    check_signature(manifest, known, force=known is None)
    try:
        with steps.step("hashes", manifest.size_bytes) as moved:
            check_files(manifest, folder, moved, rows=True)
    except OSError as error:
        raise UserError(
            ExitCode.ENVIRONMENT, f"The backup cannot be read ({error}).", "Correct the rights."
        ) from error
    if as_json:
        whole = {"folder": str(folder.absolute()), "key_known": known is not None}
        answer({**whole, **_document(manifest)})
        return
    click.echo(f"whole    {folder}, of {manifest.created_at}")
    _show(manifest)
    if known is None:
        click.echo("         this data folder has no key, so compare the one above yourself")


def _document(manifest: Manifest) -> dict[str, object]:
    return {
        "kind": manifest.kind,
        "created_at": manifest.created_at,
        "size_bytes": manifest.size_bytes,
        "rows": sum(each.rows for each in manifest.tables),
        "accounts": [msgspec.to_builtins(each) for each in manifest.accounts],
        "public_key": manifest.public_key,
    }


def _show(manifest: Manifest) -> None:
    for each in manifest.accounts:
        click.echo(f"head     {each.account}, input {each.seq}, root {each.root}")
    files = len(manifest.tables) + len(manifest.files)
    rows = sum(each.rows for each in manifest.tables)
    click.echo(f"size     {manifest.size_bytes / 1e6:.1f} MB in {files} files, {rows:,} rows")
    click.echo(f"key      {manifest.public_key}")


def _show_restored(restored: Restored) -> None:
    for each in restored.accounts:
        epoch = restored.epochs[each.account]
        click.echo(f"proven   {each.account}, input {each.seq}, root {each.root}, epoch {epoch}")
    for label in restored.migrated:
        click.echo(f"applied  {label}")
    for loss in restored.accepted:
        click.echo(
            f"accepted {loss.account} goes on from input {loss.head_seq}; "
            f"input {loss.anchored_seq} had been anchored"
        )
    click.echo(f"size     {restored.size_bytes / 1e6:.1f} MB, {restored.rules} rules hold")


def _show_drill(found: Drill) -> None:
    for each in found.accounts:
        click.echo(f"proven   {each.account}, input {each.seq}, root {each.root}")
    click.echo(
        f"size     {found.size_bytes / 1e6:.1f} MB, {found.rows:,} rows, {found.rules} rules hold"
    )
    click.echo(f"backup   {found.backup_seconds:.2f} s")
    click.echo(f"RTO      {found.rto_seconds:.2f} s, {found.mb_per_s:.1f} MB/s")
    for name, seconds in found.steps.items():
        click.echo(f"  {name:<9}{seconds:7.2f} s {seconds / found.rto_seconds:6.1%}")
    click.echo(f"RPO      {found.rpo_inputs} inputs, those of the last {found.rpo_seconds:.1f} s")


def _steps() -> Steps:
    console = Console(stderr=True)
    return Steps(console if console.is_terminal else None)


def _told(text: str) -> None:
    click.echo(text, err=True)
