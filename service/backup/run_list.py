"""The list of an account's runs with their cards: a convenience that a backup brings along.

It is copied before the state of the journal is fixed, so every run of the list is in the journal.
A restore writes it anew for the place where the journal now is, and never over an entry.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec

from service.backup.manifest import FileCopy, Manifest, hash_file
from service.proof import ProofCard
from service.run_index import RunEntry, RunIndex
from service.settings import Settings
from service.settings_bounds import without_password
from service.stores import account_place

FOLDER = "runs"


def copy_run_list(settings: Settings, kind: str, folder: Path) -> tuple[FileCopy, ...]:
    """Copy what the data folder lists of this journal's runs. Raises OSError."""
    index = RunIndex(settings.home)
    place = without_password(account_place(settings, kind))
    copies = []
    for entry in index.entries():
        if (entry.journal, entry.place) != (kind, place):
            continue
        for name in ("run.json", "card.json"):
            with contextlib.suppress(FileNotFoundError):
                data = (index.of(entry.run_id) / name).read_bytes()
                copy = folder / FOLDER / entry.run_id / name
                copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                copy.write_bytes(data)
                path = copy.relative_to(folder).as_posix()
                copies.append(FileCopy(path, len(data), hash_file(copy)))
    return tuple(copies)


def put_run_list(settings: Settings, manifest: Manifest, folder: Path) -> int:
    """List the runs in the data folder; how many were not listed. Raises OSError, MsgspecError."""
    index, count = RunIndex(settings.home), 0
    place = account_place(settings, manifest.kind)
    for each in manifest.files:
        path = Path(each.path)
        if (path.parts[0], path.name) != (FOLDER, "run.json"):
            continue
        entry = msgspec.json.decode((folder / path).read_bytes(), type=RunEntry)
        if entry.run_id != path.parent.name or (index.of(entry.run_id) / "run.json").exists():
            continue
        index.write(msgspec.structs.replace(entry, place=place))
        with contextlib.suppress(FileNotFoundError):
            data = (folder / path.with_name("card.json")).read_bytes()
            index.write_card(msgspec.json.decode(data, type=ProofCard))
        count += 1
    return count
