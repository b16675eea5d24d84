"""`ballast runs`: every run in the data folder, with its result."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from actors.dataset import Dataset
from actors.instant import SECOND_NS
from service.cli.options import common, settings_of
from service.run_index import RunEntry, RunIndex


@click.command()
@common
def runs(*, as_json: bool, settings_file: Path | None, data_dir: Path | None) -> None:
    """List stored runs, newest last, with what each one was and whether it is proven.

    Prove one again with `ballast proof RUN`; "last" means the newest.
    """
    index = RunIndex(settings_of(settings_file, data_dir).home)
    rows = [_row(index, entry) for entry in index.entries()]
    if as_json:
        click.echo(msgspec.json.encode({"runs": rows}).decode())
        return
    if not rows:
        click.echo(f"No runs in {index.folder} yet. Start with `ballast run`.")
        return
    for row in rows:
        click.echo(
            f"{row['run_id']}  {row['started']}  {row['mode']:<8}  {row['feed']:<10}  "
            f"{row['inputs']:>10}  parity {row['parity']:<7}  "
            f"{_files(row['datasets'])}{row['notice']}".rstrip()
        )


def _files(datasets: tuple[Dataset, ...]) -> str:
    """The names of recorded files; a seeded market is told by its feed."""
    names = [each.name for each in datasets if each.seed is None]
    return f"{' '.join(names)}  " if names else ""


def _row(index: RunIndex, entry: RunEntry) -> dict[str, Any]:
    card = index.card(entry.run_id)
    parity = (
        "open" if card is None else {True: "TRUE", False: "FALSE", None: "skipped"}[card.parity]
    )
    started = datetime.fromtimestamp(entry.started_ns // SECOND_NS, UTC)
    return {
        "run_id": entry.run_id,
        "started": started.strftime("%Y-%m-%d %H:%M:%S"),
        "mode": entry.mode,
        "feed": entry.feed,
        "account": entry.account,
        "inputs": "" if card is None else card.inputs,
        "parity": parity,
        "notice": entry.notice,
        "datasets": entry.datasets,
    }
