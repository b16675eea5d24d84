"""Restoring a backup: into what is empty, all or nothing, proven before it is there.

A database is filled, proven and given its new epochs inside one transaction; a journal of files in
a folder beside its own. A refusal, a full disk and a kill leave what was there before: nothing.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import msgspec

from actors.ports import Journal, JournalError
from adapters.journal.file import FileJournal
from adapters.postgres.journal import PostgresJournal
from adapters.postgres.migrations import MigrationError, one_runner, read_migrations
from adapters.postgres.restoring import (
    LentConnection,
    NotEmptyError,
    bring_up,
    lay_schema,
    load,
    restoring,
)
from adapters.postgres.series_conversion import settle_storage
from adapters.postgres.table_copies import Connection, CopyError
from service.anchoring import place_of
from service.backup.anchors import (
    Standing,
    hold_anchors,
    known_key,
    refuse_beyond,
    settle_anchors,
)
from service.backup.journal_files import put_beside, put_in_place, refuse_unless_empty
from service.backup.manifest import (
    Manifest,
    check_files,
    check_signature,
    damaged,
    read_manifest,
)
from service.backup.proof import Proven, prove_account, prove_database
from service.backup.run_list import put_run_list
from service.backup.steps import Steps
from service.backup.take import flush_tree
from service.database import administering
from service.failures import ExitCode, UserError
from service.retention.tombstones import KNOWN_KEYS, known_keys, take_over
from service.settings import Settings
from service.sole_service import sole_service
from service.stores import FILE, Say, account_place


class Consent(msgspec.Struct, frozen=True):
    """What a person vouches for: `accept` a loss, with the reason; `force` a foreign signature.

    `key` is a public key (hex) that is trusted beside the data folder's own.
    """

    accept: str = ""
    force: bool = False
    key: str = ""


class Restored(msgspec.Struct, frozen=True):
    """What was proven, the epoch that each account goes on with, and what else was done."""

    accounts: tuple[Proven, ...]
    epochs: dict[str, int]
    size_bytes: int
    migrated: tuple[str, ...]
    rules: int
    accepted: tuple[Standing, ...]


class _Task:
    """What is being restored where."""

    def __init__(
        self, settings: Settings, folder: Path, manifest: Manifest, consent: Consent, steps: Steps
    ) -> None:
        self.settings = settings
        self.folder = folder
        self.manifest = manifest
        self.consent = consent
        self.steps = steps
        self.place = place_of(settings, manifest.kind)

    def keys(self) -> frozenset[str]:
        """Whose tombstones count: this folder's keys, the backup's, and those it took over."""
        kept = self.folder / "anchors" / KNOWN_KEYS
        taken_over = kept.read_text(encoding="ascii").split() if kept.is_file() else []
        return known_keys(self.settings) | {self.manifest.public_key, *taken_over}

    async def hold(self, journal_of: Callable[[str], Journal]) -> tuple[Standing, ...]:
        """Hold every anchor against the journals; a loss must have been accepted."""
        with self.steps.step("anchors"):
            found = await hold_anchors(
                self.settings, self.manifest, self.folder, self.place, journal_of
            )
        refuse_beyond(found, self.consent.accept)
        return found

    async def open_epoch(self, journal: Journal, account: str, found: tuple[Standing, ...]) -> int:
        """A new epoch, later than any that was anchored: ids of orders hash it, so none repeats."""
        held = max((each.epoch for each in found if each.account == account), default=0)
        holder = f"restored from a backup of {self.manifest.created_at}"
        while (epoch := await journal.open_epoch(holder)) <= held:
            continue
        return epoch

    def settle(self, epochs: dict[str, int], found: tuple[Standing, ...]) -> None:
        """Write the anchors, last of all before the restore becomes what everybody sees."""
        heads = tuple(
            msgspec.structs.replace(head, epoch=epochs[head.account])
            for head in self.manifest.accounts
            if head.runs and not head.account.startswith("own-")
        )
        settle_anchors(
            self.settings,
            self.manifest,
            self.folder,
            place=self.place,
            heads=heads,
            standings=found,
            accept=self.consent.accept,
        )


async def restore_backup(
    settings: Settings,
    folder: Path,
    consent: Consent,
    *,
    steps: Steps,
    say: Say = lambda _: None,
) -> Restored:
    """Bring back what the backup in `folder` holds. Raises UserError; then nothing was restored."""
    manifest = read_manifest(folder)
    check_signature(manifest, consent.key or known_key(settings), force=consent.force)
    if manifest.kind != FILE:
        _check_migrations(manifest)
    task = _Task(settings, folder, manifest, consent, steps)
    with sole_service(settings.home, f"The account {settings.account.name}"):
        try:
            with steps.step("hashes", manifest.size_bytes) as moved:
                check_files(manifest, folder, moved, rows=False)
            if manifest.kind == FILE:
                found = await _restore_files(task)
            else:
                found = await _restore_database(task, say)
        except OSError as error:
            raise UserError(
                ExitCode.ENVIRONMENT,
                f"The backup cannot be restored ({error.strerror or error}).",
                "Nothing was restored; free space or correct the rights, then try again.",
            ) from error
        try:
            put_run_list(settings, manifest, folder)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            say(f"the account is restored, the list of its runs is not: {error}")
    return found


async def _restore_database(task: _Task, say: Say) -> Restored:
    try:
        async with AsyncExitStack() as stack:
            with task.steps.step("server"):
                connection = await stack.enter_async_context(administering(task.settings, say))
            found = await _fill(task, connection)
            await _settle(connection, say)
            return found
    except NotEmptyError as error:
        raise UserError(
            ExitCode.USAGE,
            f"The database is not empty ({error}), and nothing is overwritten.",
            "Restore into another --data-dir, or name an empty database in journal.dsn.",
        ) from error
    except CopyError as error:
        raise damaged(f"{error}") from error
    except MigrationError as error:
        raise UserError(ExitCode.ENVIRONMENT, f"{error}", "Nothing was restored.") from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError, JournalError) as error:
        raise UserError(
            ExitCode.ENVIRONMENT,
            f"The database does not take the backup: {_first_line(error)}.",
            "Nothing was restored; put that right (often disk space or rights) and try again.",
        ) from error


async def _fill(task: _Task, connection: Connection) -> Restored:
    manifest, steps = task.manifest, task.steps

    def journal_of(account: str) -> PostgresJournal:
        return PostgresJournal("", account, server=LentConnection(connection))

    async with restoring(connection):
        await lay_schema(connection, len(manifest.migrations))
        with steps.step("load", manifest.size_bytes) as moved:
            await load(connection, manifest.tables, task.folder, moved)
        with steps.step("migrate"):
            migrated = await bring_up(connection)
        rules = await prove_database(connection, manifest, steps)
        proven = [
            await prove_account(journal_of(head.account), head, steps, task.keys)
            for head in manifest.accounts
        ]
        found = await task.hold(journal_of)
        epochs = {
            head.account: await task.open_epoch(journal_of(head.account), head.account, found)
            for head in manifest.accounts
        }
        task.settle(epochs, found)
        for head in manifest.accounts:
            seals = await journal_of(head.account).seals()
            take_over(task.settings, {seal.key for seal in seals})
    return _restored(task, proven, epochs, found, migrated=migrated, rules=rules)


async def _settle(connection: Connection, say: Say) -> None:
    """Keep series as this server can, whatever the backup's could: after the restore stands proven.

    What cannot be done now is left to `ballast db migrate`.
    """
    try:
        async with one_runner(connection):
            storage = await settle_storage(connection, convert=True, compress=True)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, MigrationError) as error:
        say(f"the account is restored, how its series are kept was not looked at: {error}")
        return
    if storage.note:
        say(storage.note)


async def _restore_files(task: _Task) -> Restored:
    target = Path(account_place(task.settings, FILE))
    refuse_unless_empty(target)
    beside = target.with_name(f".{target.name}.restoring")
    try:
        with task.steps.step("load", task.manifest.size_bytes) as moved:
            await asyncio.to_thread(put_beside, task.manifest, task.folder, beside, moved)
        journal = FileJournal(beside)
        try:
            found, proven, epochs = await _prove_files(task, journal)
        finally:
            await journal.close()
        flush_tree(beside)
        task.settle(epochs, found)
        put_in_place(beside, target)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return _restored(task, proven, epochs, found)


async def _prove_files(
    task: _Task, journal: FileJournal
) -> tuple[tuple[Standing, ...], list[Proven], dict[str, int]]:
    state = await journal.durable_state()
    stands = (state.seq, state.root.hex(), state.epoch, state.runs)
    for head in task.manifest.accounts:
        if (head.seq, head.root, head.epoch, head.runs) != stands:
            raise damaged("the journal does not stand where the manifest says")
    proven = [await prove_account(journal, head, task.steps) for head in task.manifest.accounts]
    found = await task.hold(lambda _: journal)
    epochs = {
        head.account: await task.open_epoch(journal, head.account, found)
        for head in task.manifest.accounts
    }
    return found, proven, epochs


def _restored(
    task: _Task,
    proven: list[Proven],
    epochs: dict[str, int],
    found: tuple[Standing, ...],
    *,
    migrated: tuple[str, ...] = (),
    rules: int = 0,
) -> Restored:
    accepted = tuple(each for each in found if each.is_beyond)
    return Restored(tuple(proven), epochs, task.manifest.size_bytes, migrated, rules, accepted)


def _first_line(error: Exception) -> str:
    """What went wrong, without the server's hints."""
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__


def _check_migrations(manifest: Manifest) -> None:
    """Raises UserError unless the backup's migrations are the first of this version's."""
    ours = {each.number: each for each in read_migrations()}
    for place, row in enumerate(manifest.migrations, 1):
        label = f"{row.number:04d}_{row.name}"
        mine = ours.get(row.number)
        if mine is None:
            raise UserError(
                ExitCode.ENVIRONMENT,
                f"The backup has migration {label}, which this version does not know.",
                f"Restore it with Ballast {manifest.product} or newer.",
            )
        if row.number != place or (mine.name, mine.sha256) != (row.name, row.sha256):
            raise UserError(
                ExitCode.ENVIRONMENT,
                f"The backup's migration {label} is not the one of this version.",
                f"Restore it with Ballast {manifest.product}.",
            )
