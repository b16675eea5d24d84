"""The journal in files, copied up to its durable head and put back whole.

Frames are only appended to and snapshots never change, so bytes up to the lengths that were read
under the journal's own lock are one state, whatever a writer does meanwhile.
"""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Final

import msgspec

from adapters.journal.durable import flush_folder
from adapters.journal.file import DurableFile, FileJournal
from adapters.postgres.table_copies import Moved
from service.backup.manifest import AccountHead, FileCopy, Manifest, hash_file
from service.failures import ExitCode, UserError
from service.settings import Settings
from service.stores import FILE, account_place

FOLDER: Final = "journal"
_BUFFER_BYTES: Final = 1024 * 1024


async def copy_journal(
    settings: Settings, manifest: Manifest, folder: Path, moved: Moved
) -> Manifest:
    """Copy the account's files below `folder`; the manifest with them."""
    source = Path(account_place(settings, FILE))
    if not await asyncio.to_thread(source.is_dir):
        raise UserError(
            ExitCode.MISSING,
            f"There is no journal in {source}.",
            "Name the data folder with --data-dir.",
        )
    journal = FileJournal(source)
    try:
        state = await journal.durable_state()
    finally:
        await journal.close()
    copies = [_copied(source, each, folder / FOLDER, moved) for each in state.files]
    account = settings.account.name
    head = AccountHead(account, state.seq, state.root.hex(), state.epoch, state.runs)
    return msgspec.structs.replace(
        manifest, files=(*manifest.files, *copies), accounts=(head,) if state.epoch else ()
    )


def _copied(source: Path, file: DurableFile, target: Path, moved: Moved) -> FileCopy:
    copy = target / file.path
    copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with copy.open("xb") as out:
        copy.chmod(0o600)
        if file.data is not None:
            out.write(file.data)
        else:
            with (source / file.path).open("rb") as found:
                rest = file.size_bytes
                while rest and (data := found.read(min(rest, _BUFFER_BYTES))):
                    out.write(data)
                    rest -= len(data)
                    moved(len(data))
    return FileCopy(f"{FOLDER}/{file.path}", copy.stat().st_size, hash_file(copy))


def refuse_unless_empty(target: Path) -> None:
    """Raises UserError when the folder holds a journal that has been written to."""
    held = [*target.glob("*.json"), *(path for path in target.glob("*/*") if path.is_file())]
    if held:
        raise UserError(
            ExitCode.USAGE,
            f"The journal in {target} is not empty, and nothing is overwritten.",
            "Restore into another --data-dir, or move the old journal away first.",
        )


def put_beside(manifest: Manifest, folder: Path, beside: Path, moved: Moved) -> None:
    """Copy the backup's journal to a folder that nobody trades on. Raises OSError."""
    shutil.rmtree(beside, ignore_errors=True)
    for name in ("frames", "runs", "snapshots"):
        (beside / name).mkdir(mode=0o700, parents=True)
    for each in manifest.files:
        path = Path(each.path)
        if path.parts[0] == FOLDER:
            copy = beside / path.relative_to(FOLDER)
            copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.copyfile(folder / path, copy)
            copy.chmod(0o600)
            moved(each.size_bytes)


def put_in_place(beside: Path, target: Path) -> None:
    """Rename; what stands there is an empty journal's folders."""
    shutil.rmtree(target, ignore_errors=True)
    beside.rename(target)
    flush_folder(target.parent)
