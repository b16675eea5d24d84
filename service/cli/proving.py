"""`ballast replay RUN` and `ballast proof RUN`: re-execute a stored run and compare every hash."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import msgspec

from actors.ports import Journal, RunRow
from service.anchoring import anchor_log
from service.cli.options import common, settings_of
from service.cli.showing import proving_bar, show_card, show_replay
from service.drivers.replay import ReplayReport, replay_run
from service.failures import ExitCode, UserError
from service.proof import ProofCard, with_replay
from service.rebuilding import builder
from service.retention.exported import Exports, with_exports
from service.retention.tombstones import known_keys
from service.run_index import RunEntry, RunIndex, with_access
from service.settings import Settings
from service.settings_bounds import without_password
from service.stores import open_journal


@click.command()
@click.argument("run_id", metavar="RUN")
@common
@click.option(
    "--verify",
    is_flag=True,
    help="Obey nothing recorded, use no snapshot: step the account from its first input.",
)
@click.option(
    "--export",
    "exports",
    metavar="DIR",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Read a sealed run's inputs from its export, once its tombstone proves it (repeatable).",
)
def replay(
    run_id: str,
    *,
    as_json: bool,
    settings_file: Path | None,
    data_dir: Path | None,
    verify: bool,
    exports: tuple[Path, ...],
) -> None:
    """Feed a stored run back through the same actors and compare every hash.

    RUN is an id from `ballast runs`, the beginning of one, or "last". Prints REPLAY PARITY: TRUE
    with the root hash, or FALSE with the first divergence (exit code 4). A run that `ballast db
    retention` sealed is replayed from its --export; its rows are those of the database.
    """
    settings = settings_of(settings_file, data_dir)
    index = RunIndex(settings.home)
    entry = with_access(index.find(run_id), settings.journal.dsn)
    with proving_bar(as_json=as_json) as progress:
        report = asyncio.run(
            _replay(
                entry,
                verify=verify,
                progress=progress,
                trusted_seq=trusted_seq(settings, entry),
                exports=Exports(exports, known_keys(settings)) if exports else None,
            )
        )
    show_replay(held_against(report, index.card(entry.run_id)), as_json=as_json)


@click.command()
@click.argument("run_id", metavar="RUN")
@common
def proof(run_id: str, *, as_json: bool, settings_file: Path | None, data_dir: Path | None) -> None:
    """Prove a stored run again and print its card."""
    settings = settings_of(settings_file, data_dir)
    index = RunIndex(settings.home)
    entry = with_access(index.find(run_id), settings.journal.dsn)
    card = index.card(entry.run_id)
    if card is None:
        why = "has a card that cannot be read"
        if not index.has_card(entry.run_id):
            why = "was not closed, so it has no card"
        raise UserError(
            ExitCode.MISSING,
            f"The run {entry.run_id} {why}.",
            "Prove its chain and parity with `ballast replay RUN --verify`.",
        )
    with proving_bar(as_json=as_json) as progress:
        report = asyncio.run(_replay(entry, verify=True, progress=progress))
    proven = with_replay(card, held_against(report, card))
    show_card(proven, as_json=as_json)
    _check(proven)


def held_against(report: ReplayReport, card: ProofCard | None) -> ReplayReport:
    """The report, but no parity when the journal leads to another root than the card shows.

    A journal that was rewritten as a whole is consistent with itself; the card was written apart.
    """
    if card is None or not report.parity or card.root_hash == report.root_hash:
        return report
    detail = f"the journal leads to another root than the card, {card.root_hash}"
    return msgspec.structs.replace(
        report, parity=False, kind="foreign", detail=detail, seq=report.inputs
    )


def _check(card: ProofCard) -> None:
    if not card.proven:
        raise UserError(
            ExitCode.NOT_PROVEN,
            f"The run {card.run_id} is not proven: {card.divergence or 'the books differ'}.",
            "Do not trust its figures; restore a backup or look at the input that is named.",
        )


def trusted_seq(settings: Settings, entry: RunEntry) -> int | None:
    """The newest anchored input of a run's account; None for an account that has no anchors.

    Raises AnchorError when the anchors are damaged.
    """
    account = msgspec.structs.replace(settings.account, name=entry.account)
    anchors = anchor_log(msgspec.structs.replace(settings, account=account), entry.journal).read()
    return anchors[-1].seq if anchors else None


async def _replay(
    entry: RunEntry,
    *,
    verify: bool,
    progress: Callable[[int, int], None],
    trusted_seq: int | None = None,
    exports: Exports | None = None,
) -> ReplayReport:
    async with open_journal(entry.journal, entry.place, account=entry.account) as journal:
        run = await row_of(journal, entry)
        return await replay_run(
            journal if exports is None else await with_exports(journal, exports),
            run,
            builder(verify=verify),
            verify=verify,
            from_genesis=verify,
            trusted_seq=trusted_seq,
            with_rows=True,
            progress=progress,
        )


async def row_of(journal: Journal, entry: RunEntry) -> RunRow:
    """The journal's own row of a run. Raises UserError(MISSING) when the store has lost it."""
    for row in await journal.runs():
        if row.run_id == entry.run_id:
            return row
    raise UserError(
        ExitCode.MISSING,
        f"The journal in {without_password(entry.place)} does not hold the run {entry.run_id}.",
        "Restore the data folder that belongs to this index.",
    )


def report_json(report: ReplayReport) -> dict[str, Any]:
    """The report as plain values."""
    document: dict[str, Any] = msgspec.to_builtins(report)
    return document
