"""Sealing runs: each exported and proven from its export, then all replaced in one transaction.

A kill, a full disk and a refusal leave every frame or none of those that were chosen; an export
that was written and not used is proven again and used.
"""

from __future__ import annotations

import importlib.metadata
import shutil
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import asyncpg
import msgspec

from actors.instant import SECOND_NS
from actors.ports import JournalCorruptError, JournalError, JournalView, RunRow, Seal
from adapters.anchors.key import AnchorKey, signing_key
from adapters.journal.durable import flush_folder
from adapters.postgres.journal import PostgresJournal
from adapters.postgres.migrations import MigrationError, one_runner
from adapters.postgres.restoring import LentConnection
from adapters.postgres.statements import statement
from adapters.postgres.table_copies import Connection, Table, copy_rows_out, tables
from service.anchoring import anchor_log, anchors_folder
from service.backup.steps import Steps
from service.backup.take import flush_tree
from service.database import administering, reading_account
from service.failures import ExitCode, UserError
from service.retention.choose import Choice, old_runs, spare_needed
from service.retention.manifest import (
    FORMAT,
    FRAMES,
    NAME,
    SNAPSHOT,
    SealManifest,
    Whole,
    read_export,
)
from service.retention.tombstones import checked_seals, known_keys, signed
from service.settings import Settings
from service.stores import POSTGRES, Say

_BLOCKS: Final = {
    FRAMES: "sealed_frames",
    "run": "sealed_run",
    "run_end": "sealed_run_end",
    SNAPSHOT: "sealed_snapshot",
}


class Order(msgspec.Struct, frozen=True):
    """What is asked for: how many days stay, where exports go, and when it is now."""

    keep_days: int
    now_ns: int
    to: Path
    dry_run: bool = False


class Sealed(msgspec.Struct, frozen=True):
    """A run that was sealed, or that would be: where its export is and what it weighs."""

    run_id: str
    first_seq: int
    last_seq: int
    export: Path
    export_sha256: str = ""
    size_bytes: int = 0


class Answer(msgspec.Struct, frozen=True):
    """The runs in order, and why the one after them stays."""

    account: str
    runs: tuple[Sealed, ...]
    stays: str
    dry_run: bool


def folder_of(to: Path, run: RunRow) -> Path:
    """Where the export of a run goes."""
    return to / f"{run.account}-{run.first_seq:012d}-{run.run_id}"


async def seal_runs(
    settings: Settings, order: Order, *, steps: Steps, say: Say = lambda _: None
) -> Answer:
    """Seal the settings' account as far as its age allows.

    Raises UserError; then nothing was removed.
    """
    if (settings.journal.kind or POSTGRES) != POSTGRES:
        raise UserError(
            ExitCode.USAGE,
            f"A journal of kind {settings.journal.kind} has no tables, so nothing of it is sealed.",
            "Back it up whole with `ballast db backup`; sealing is for journals in PostgreSQL.",
        )
    try:
        async with administering(settings, say) as connection:
            await connection.execute(statement("wait_for_the_lock"))
            async with one_runner(connection):
                return await _seal_all(settings, connection, order, steps)
    except MigrationError as error:
        raise UserError(ExitCode.ENVIRONMENT, f"{error}", "Nothing was sealed.") from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError, JournalError) as error:
        if isinstance(error, JournalCorruptError):
            raise UserError(
                ExitCode.NOT_PROVEN,
                f"The account does not prove itself: {error}.",
                "Nothing was sealed; run `ballast books verify`.",
            ) from error
        raise UserError(
            ExitCode.ENVIRONMENT,
            f"The database does not seal: {' '.join(str(error).split())}.",
            "Run `ballast db migrate` and `ballast db drift`, then repeat.",
        ) from error
    except OSError as error:
        raise UserError(
            ExitCode.ENVIRONMENT,
            f"The export cannot be written in {order.to} ({error.strerror or error}).",
            "Free space or choose another folder with --to; nothing was sealed.",
        ) from error


async def _seal_all(
    settings: Settings, connection: Connection, order: Order, steps: Steps
) -> Answer:
    account = settings.account.name
    async with _reading(connection, account) as journal:
        with steps.step("check"):
            await checked_seals(journal, lambda: known_keys(settings))
            choice = await old_runs(
                connection, journal, keep_days=order.keep_days, now_ns=order.now_ns
            )
            anchors = anchor_log(settings, POSTGRES).read()
            choice = await spare_needed(journal, choice, anchors)
    if order.dry_run:
        runs = tuple(_told(run, folder_of(order.to, run)) for run in choice.runs)
        return Answer(account, runs, choice.stays, dry_run=True)
    return await _seal_chosen(settings, connection, order, choice, steps)


async def _seal_chosen(
    settings: Settings, connection: Connection, order: Order, choice: Choice, steps: Steps
) -> Answer:
    if not choice.runs:
        return Answer(settings.account.name, (), choice.stays, dry_run=False)
    key = signing_key(anchors_folder(settings))
    proven: list[tuple[RunRow, Path, Whole]] = []
    for run in choice.runs:
        folder = folder_of(order.to, run)
        with steps.step("export"):
            if not folder.exists():
                await export_run(connection, run, folder, key)
        with steps.step("verify"):
            whole = read_export(folder, known_keys(settings))
            _check_is_of(whole, run, folder)
        proven.append((run, folder, whole))
    with steps.step("seal"):
        async with connection.transaction():
            await connection.execute(statement("act_as_owner"))
            for run, _, whole in proven:
                seal = tombstone(run, whole, key, now_ns=order.now_ns)
                await connection.execute(statement("seal_run"), *msgspec.structs.astuple(seal))
    sealed = tuple(_told(run, folder, whole) for run, folder, whole in proven)
    return Answer(settings.account.name, sealed, choice.stays, dry_run=False)


@asynccontextmanager
async def _reading(connection: Connection, account: str) -> AsyncIterator[PostgresJournal]:
    """The account's journal as of one moment, while the service may go on."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        yield PostgresJournal("", account, server=LentConnection(connection))


async def export_run(connection: Connection, run: RunRow, folder: Path, key: AnchorKey) -> None:
    """Write a run's rows and manifest beside the folder's name, durably, then under it.

    Raises OSError and the driver's errors; then nothing is under that name.
    """
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = folder.with_name(f".partial-{folder.name}")
    shutil.rmtree(beside, ignore_errors=True)
    (beside / "tables").mkdir(mode=0o700, parents=True)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            known: dict[str, Table] = {each.name: each for each in await tables(connection)}
            asked = (run.account, run.run_id)
            copies = [
                await copy_rows_out(connection, known[name], block, asked, beside)
                for name, block in _BLOCKS.items()
            ]
        manifest = SealManifest(
            format=FORMAT,
            product=importlib.metadata.version("ballast"),
            account=run.account,
            run_id=run.run_id,
            first_seq=run.first_seq,
            last_seq=run.last_seq,
            root_before=run.genesis.hex(),
            root_after=run.root.hex(),
            closed=run.closed,
            frames=copies[0].rows,
            tables=tuple(copies),
            public_key=key.public,
        )
        manifest = msgspec.structs.replace(manifest, signature=key.sign(manifest.content()))
        (beside / NAME).write_bytes(manifest.data())
        flush_tree(beside)
        beside.rename(folder)
        flush_folder(folder.parent)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _check_is_of(whole: Whole, run: RunRow, folder: Path) -> None:
    """Raises UserError unless the export is of this very run."""
    found = whole.manifest
    told = (found.account, found.run_id, found.first_seq, found.last_seq)
    roots = (found.root_before, found.root_after, found.closed)
    if told != (run.account, run.run_id, run.first_seq, run.last_seq) or roots != (
        run.genesis.hex(),
        run.root.hex(),
        run.closed,
    ):
        raise UserError(
            ExitCode.NOT_PROVEN,
            f"The export {folder} is of another history of the run {run.run_id}.",
            "Keep it to be looked at, under another name or by another --to; then repeat.",
        )


def tombstone(run: RunRow, whole: Whole, key: AnchorKey, *, now_ns: int) -> Seal:
    """What stands for the run's frames from now on, signed."""
    seal = Seal(
        account=run.account,
        run_id=run.run_id,
        first_seq=run.first_seq,
        last_seq=run.last_seq,
        root_before=run.genesis,
        root_after=run.root,
        frames=whole.manifest.frames,
        inputs=run.last_seq - run.first_seq + 1,
        begun=whole.begun,
        export_sha256=whole.sha256,
        sealed_at=now_ns // SECOND_NS,
        key=key.public,
    )
    return signed(seal, key)


def _told(run: RunRow, folder: Path, whole: Whole | None = None) -> Sealed:
    size = 0 if whole is None else sum(each.size_bytes for each in whole.manifest.tables)
    sha256 = "" if whole is None else whole.sha256
    return Sealed(run.run_id, run.first_seq, run.last_seq, folder, sha256, size)


async def verify_export(settings: Settings, folder: Path, say: Say = lambda _: None) -> Seal:
    """The tombstone that an export belongs to, once both are proven. Raises UserError."""
    keys = known_keys(settings)
    whole = read_export(folder, keys)
    account = whole.manifest.account
    async with reading_account(settings, account, say) as (_, journal):
        return await tombstone_of(journal, whole, keys)


async def tombstone_of(journal: JournalView, whole: Whole, keys: Collection[str]) -> Seal:
    """The tombstone that stands for an export, once it is proven. Raises UserError."""
    try:
        seals = await checked_seals(journal, lambda: keys)
    except JournalCorruptError as error:
        raise damaged_seals(error) from error
    told = whole.manifest
    found = [seal for seal in seals if (seal.account, seal.run_id) == (told.account, told.run_id)]
    if not found:
        raise UserError(
            ExitCode.MISSING,
            f"The export is whole, but the run {told.run_id} of {told.account} is not sealed.",
            "Its frames are in the database; `ballast db retention` uses this export.",
        )
    if (found[0].export_sha256, found[0].begun) != (whole.sha256, whole.begun):
        raise UserError(
            ExitCode.NOT_PROVEN,
            f"The tombstone of run {found[0].run_id} names the manifest {found[0].export_sha256}, "
            f"and this export's is {whole.sha256}.",
            "It is another export of the run; look for the one that is named.",
        )
    return found[0]


def damaged_seals(error: JournalCorruptError) -> UserError:
    """The failure of tombstones that do not prove themselves."""
    return UserError(
        ExitCode.NOT_PROVEN,
        f"The tombstones do not prove themselves: {error}.",
        "Run `ballast books verify`; restore a backup when one is gone.",
    )
