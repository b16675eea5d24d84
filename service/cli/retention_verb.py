"""`ballast db retention`: asked, done, told; or an export looked at."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec
from rich.console import Console

from actors.ports import Seal
from service.backup.steps import Steps
from service.cli.answering import answer
from service.cli.options import common, settings_of
from service.retention.seal import Answer, Order, seal_runs, verify_export
from service.settings import Settings

KEEP_DAYS = 90


@click.command("retention")
@common
@click.option(
    "--keep",
    "keep_days",
    metavar="DAYS",
    type=click.IntRange(0, 36_500),
    default=KEEP_DAYS,
    show_default=True,
    help="How many days of inputs stay in the database.",
)
@click.option("--account", metavar="NAME", help="Another account than the settings name.")
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    help="The folder for exports (default: sealed in the data folder).",
)
@click.option("--dry-run", is_flag=True, help="Seal nothing: tell which runs would be.")
@click.option(
    "--verify",
    type=click.Path(path_type=Path),
    help="Seal nothing: prove the export in this folder, and that its tombstone stands for it.",
)
def retention_verb(
    *,
    as_json: bool,
    settings_file: Path | None,
    data_dir: Path | None,
    keep_days: int,
    account: str | None,
    to: Path | None,
    dry_run: bool,
    verify: Path | None,
) -> None:
    """Seal old runs: export their inputs, prove the export, put signed tombstones in their place.

    A run is sealed whole, oldest first, when it is over and older than --keep; the newest always
    stays. Orders, fills, books and everything else in tables stay. The service may go on trading.
    Keep the exports: `ballast replay RUN --export DIR` shows a sealed run again, from nowhere else.
    """
    named = {} if account is None else {"account": {"name": account}}
    settings = settings_of(settings_file, data_dir, named)
    if verify is not None:
        _verify(settings, verify, as_json=as_json)
        return
    folder = (to or settings.home / "sealed").absolute()
    order = Order(keep_days, time.time_ns(), folder, dry_run)
    console = Console(stderr=True)
    steps = Steps(console if console.is_terminal else None)
    found = asyncio.run(seal_runs(settings, order, steps=steps, say=_told))
    if as_json:
        answer(msgspec.json.decode(msgspec.json.encode(found, enc_hook=str)))
        return
    _show(found)


def _show(found: Answer) -> None:
    for each in found.runs:
        span = f"{each.run_id}, inputs {each.first_seq} to {each.last_seq}"
        if found.dry_run:
            click.echo(f"would seal {span}, to {each.export}")
            continue
        click.echo(f"sealed   {span}, {each.size_bytes / 1e6:.1f} MB in {each.export}")
        click.echo(f"export   {each.export_sha256}")
    if not found.runs:
        click.echo(f"nothing to seal for {found.account}")
    click.echo(f"stays    {found.stays}")


def _verify(settings: Settings, folder: Path, *, as_json: bool) -> None:
    seal = asyncio.run(verify_export(settings, folder, say=_told))
    at = datetime.fromtimestamp(seal.sealed_at, UTC).isoformat()
    if as_json:
        answer({"folder": str(folder.absolute()), "sealed_at": at, **_document(seal)})
        return
    click.echo(f"whole    {folder}, run {seal.run_id}, inputs {seal.first_seq} to {seal.last_seq}")
    click.echo(f"sealed   {at}, by the key {seal.key}")
    click.echo(f"export   {seal.export_sha256}")


def _document(seal: Seal) -> dict[str, object]:
    return {
        "account": seal.account,
        "run_id": seal.run_id,
        "first_seq": seal.first_seq,
        "last_seq": seal.last_seq,
        "root_before": seal.root_before.hex(),
        "root_after": seal.root_after.hex(),
        "export_sha256": seal.export_sha256,
        "key": seal.key,
    }


def _told(text: str) -> None:
    click.echo(text, err=True)
