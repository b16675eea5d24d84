"""Taking a backup while the account may be trading: one state of everything, whole or not there.

Anchors are copied before the state is fixed, so none of them can lie beyond it. Everything is
written beside its name, flushed, signed and then renamed; what a kill left half, the next removes.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import importlib.metadata
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import asyncpg
import msgspec

from actors.ports import JournalError
from adapters.anchors.key import signing_key
from adapters.journal.durable import flush_folder
from adapters.postgres.migrations import Applied
from adapters.postgres.statements import statement
from adapters.postgres.table_copies import Connection, copy_out, tables
from service.anchoring import anchors_folder, place_of
from service.backup.journal_files import copy_journal
from service.backup.manifest import (
    FORMAT,
    KEY_FILE,
    NAME,
    AccountHead,
    FileCopy,
    Manifest,
    hash_file,
)
from service.backup.run_list import copy_run_list
from service.backup.steps import Steps
from service.database import reading
from service.failures import ExitCode, UserError
from service.retention.tombstones import KNOWN_KEYS
from service.settings import Settings
from service.stores import FILE, POSTGRES, Say, account_place

_PARTIAL: Final = ".partial-"


class Taken(msgspec.Struct, frozen=True):
    """A finished backup: where it is, and what it says."""

    folder: Path
    manifest: Manifest


async def take_backup(
    settings: Settings,
    to: Path | None = None,
    *,
    with_key: bool = False,
    steps: Steps,
    say: Say = lambda _: None,
) -> Taken:
    """Copy the journal of the settings' kind to `to`, or to a folder named by time and head.

    Raises UserError, and then nothing is left behind.
    """
    kind = kind_of(settings)
    parent = _parent(settings, to)
    try:
        with _partial(parent) as folder:
            manifest = _copied_anchors(settings, kind, folder, with_key=with_key)
            if kind == FILE:
                with steps.step("copy") as moved:
                    manifest = await copy_journal(settings, manifest, folder, moved)
            else:
                manifest = await _copied_tables(settings, manifest, folder, steps, say)
            with steps.step("seal"):
                key = signing_key(anchors_folder(settings))
                manifest = msgspec.structs.replace(manifest, public_key=key.public)
                signature = key.sign(manifest.content())
                manifest = msgspec.structs.replace(manifest, signature=signature)
                (folder / NAME).write_bytes(manifest.data())
                flush_tree(folder)
            target = to or parent / _name(manifest, settings.account.name)
            folder.rename(target)
            flush_folder(parent)
    except OSError as error:
        raise UserError(
            ExitCode.ENVIRONMENT,
            f"The backup cannot be written in {parent} ({error.strerror or error}).",
            "Nothing of it was left there; free space or choose another folder with --to.",
        ) from error
    return Taken(target, manifest)


def _parent(settings: Settings, to: Path | None) -> Path:
    """The folder that the backup's own will stand in."""
    if to is None:
        return settings.home / "backups"
    if to.exists():
        raise UserError(
            ExitCode.USAGE, f"{to} is there already.", "Name a folder that is not there yet."
        )
    return to.absolute().parent


def kind_of(settings: Settings) -> str:
    """The kind of journal that the settings name. Raises UserError for one that does not last."""
    kind = settings.journal.kind or POSTGRES
    if kind not in (FILE, POSTGRES):
        raise UserError(
            ExitCode.USAGE,
            f"A journal of kind {kind} does not last, so there is nothing to back up.",
            "Set journal.kind to postgres or file.",
        )
    return kind


def flush_tree(folder: Path) -> None:
    """Make every file below a folder durable, and the names of all."""
    for path in sorted(folder.rglob("*")):
        if path.is_dir():
            flush_folder(path)
            continue
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    flush_folder(folder)


def _name(manifest: Manifest, account: str) -> str:
    head = manifest.head(account)
    seq = max((each.seq for each in manifest.accounts), default=0) if head is None else head.seq
    return f"{datetime.fromisoformat(manifest.created_at):%Y%m%dT%H%M%SZ}-{seq}"


@contextlib.contextmanager
def _partial(parent: Path) -> Iterator[Path]:
    """A private folder beside the backup's name, gone at the end unless it was renamed.

    It is locked as long as we live: one that can be locked was left by a kill.
    """
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in parent.glob(f"{_PARTIAL}*"):
        with _locked(left) as is_ours:
            if is_ours:
                shutil.rmtree(left, ignore_errors=True)
    folder = parent / f"{_PARTIAL}{os.getpid()}"
    folder.mkdir(mode=0o700)
    with _locked(folder):
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


def _copied_anchors(settings: Settings, kind: str, folder: Path, *, with_key: bool) -> Manifest:
    """Copy the anchors as far as their lines are whole, and the run list: a first manifest."""
    source, names = anchors_folder(settings), ["*.anchors", KNOWN_KEYS]
    names += ["anchor.key"] if with_key else []
    found = sorted(path for name in names for path in source.glob(name))
    (folder / "anchors").mkdir(mode=0o700)
    copies = []
    for path in found:
        data = path.read_bytes()
        copy = folder / "anchors" / path.name
        copy.touch(mode=0o600)
        copy.write_bytes(data[: data.rfind(b"\n") + 1])
        name = f"anchors/{path.name}"
        assert (name == KEY_FILE) == (path.suffix == ".key")
        copies.append(FileCopy(name, copy.stat().st_size, hash_file(copy)))
    return Manifest(
        format=FORMAT,
        product=importlib.metadata.version("ballast"),
        kind=kind,
        place=place_of(settings, kind),
        server="",
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        migrations=(),
        tables=(),
        files=(*copies, *copy_run_list(settings, kind, folder)),
        accounts=(),
        public_key="",
    )


async def _copied_tables(
    settings: Settings, manifest: Manifest, folder: Path, steps: Steps, say: Say
) -> Manifest:
    place = Path(account_place(settings, POSTGRES))
    if not settings.journal.dsn and not await asyncio.to_thread(place.is_dir):
        raise UserError(
            ExitCode.MISSING,
            f"There is no database in {settings.home}.",
            "Name the data folder with --data-dir, or the server with journal.dsn.",
        )
    (folder / "tables").mkdir(mode=0o700)
    async with reading(settings, say) as connection:
        try:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                return await _read(connection, manifest, folder, steps)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, JournalError) as error:
            raise UserError(
                ExitCode.ENVIRONMENT,
                f"The database cannot be copied: {' '.join(str(error).split())}.",
                "Nothing was left behind; see `ballast db drift` for what the schema lacks.",
            ) from error


async def _read(connection: Connection, manifest: Manifest, folder: Path, steps: Steps) -> Manifest:
    applied = [Applied(*row) for row in await connection.fetch(statement("applied_migrations"))]
    server = await connection.fetchval(statement("server_version"))
    found = await tables(connection)
    copies = []
    with steps.step("copy", sum(each.size_bytes for each in found)) as moved:
        for each in found:
            path = folder / "tables" / f"{each.name}.copy"
            copies.append(await copy_out(connection, each, path, moved))
    return msgspec.structs.replace(
        manifest,
        server=server,
        migrations=tuple(applied),
        tables=tuple(copies),
        accounts=await heads(connection),
    )


async def heads(connection: Connection) -> tuple[AccountHead, ...]:
    """Where every account of a database stands. Raises the driver's errors."""
    rows = await connection.fetch(statement("account_heads"))
    return tuple(
        AccountHead(row["account_id"], row["seq"], row["root"].hex(), row["epoch"], row["runs"])
        for row in rows
    )
