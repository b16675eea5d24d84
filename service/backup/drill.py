"""The drill: a backup and its restore into a throwaway place, timed, with nothing kept.

What it measures is what a loss of the machine would cost: time until the account stands proven
again, and the inputs that came in since the backup was begun.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

import msgspec

from actors.ports import Journal
from adapters.journal.file import FileJournal
from adapters.postgres.embedded import EmbeddedPostgres, EmbeddedPostgresError
from service.backup.manifest import AccountHead, Manifest
from service.backup.proof import Proven
from service.backup.restore import Consent, restore_backup
from service.backup.steps import Steps
from service.backup.take import heads, kind_of, take_backup
from service.database import reading
from service.failures import ExitCode, UserError
from service.settings import JournalSettings, Settings
from service.stores import FILE, POSTGRES, Say, account_place


class Drill(msgspec.Struct, frozen=True):
    """What a drill found. Seconds are of the wall; `steps` are those of the restore.

    `rpo_inputs` and `rpo_seconds` are what came in while the drill lasted: a backup holds all that
    was durable when it was begun, so a loss now would cost just that.
    """

    rto_seconds: float
    rpo_inputs: int
    rpo_seconds: float
    backup_seconds: float
    size_bytes: int
    rows: int
    mb_per_s: float
    rules: int
    accounts: tuple[Proven, ...]
    steps: dict[str, float]


async def drill(settings: Settings, steps: Steps, say: Say = lambda _: None) -> Drill:
    """Back up, restore elsewhere, prove, and take it all away again. Raises UserError."""
    place = Path(tempfile.mkdtemp(prefix="ballast-drill-"))
    elsewhere = msgspec.structs.replace(
        settings,
        data_dir=str(place / "home"),
        journal=JournalSettings(kind=kind_of(settings)),
    )
    try:
        begun = time.monotonic()
        taken = await take_backup(settings, place / "backup", steps=steps, say=say)
        backed = time.monotonic()
        steps.seconds.clear()
        consent = Consent(key=taken.manifest.public_key)
        restored = await restore_backup(elsewhere, taken.folder, consent, steps=steps, say=say)
        ended = time.monotonic()
        lost = await _since(settings, taken.manifest, say)
        return Drill(
            rto_seconds=ended - backed,
            rpo_inputs=lost,
            rpo_seconds=time.monotonic() - begun,
            backup_seconds=backed - begun,
            size_bytes=taken.manifest.size_bytes,
            rows=sum(each.rows for each in taken.manifest.tables),
            mb_per_s=taken.manifest.size_bytes / 1e6 / (ended - backed),
            rules=restored.rules,
            accounts=restored.accounts,
            steps=dict(steps.seconds),
        )
    finally:
        _clear(place, elsewhere)


async def _since(settings: Settings, manifest: Manifest, say: Say) -> int:
    """Inputs of all accounts that became durable after the backup's state was fixed."""
    if manifest.kind == FILE:
        journal: Journal = FileJournal(Path(account_place(settings, FILE)))
        try:
            seq, _ = await journal.head()
        finally:
            await journal.close()
        return seq - sum(each.seq for each in manifest.accounts)
    async with reading(settings, say) as connection:
        now = await heads(connection)
    return _total(now) - _total(manifest.accounts)


def _total(accounts: tuple[AccountHead, ...]) -> int:
    return sum(each.seq for each in accounts)


def _clear(place: Path, elsewhere: Settings) -> None:
    """Stop the throwaway server, and remove every file of it."""
    folder = elsewhere.home / POSTGRES
    pointer = folder / "elsewhere"
    try:
        if folder.is_dir():
            EmbeddedPostgres(folder).stop("immediate")
    except EmbeddedPostgresError as error:
        raise UserError(ExitCode.ENVIRONMENT, error.sentence, error.remedy) from error
    finally:
        if pointer.is_file():
            shutil.rmtree(pointer.read_text(encoding="utf-8"), ignore_errors=True)
        shutil.rmtree(place, ignore_errors=True)
