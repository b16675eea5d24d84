"""What a backup says of itself: every file with its hash, every account with its head, signed.

A backup is whole when its manifest is there, signed by a key that the data folder knows, and when
every file has the length and hash that stand in it. Nothing is read from a path outside of it.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path, PurePosixPath
from typing import Final

import msgspec

from adapters.anchors.key import is_signed_by
from adapters.postgres.migrations import Applied
from adapters.postgres.table_copies import CopyError, Moved, TableCopy, count_rows
from service.failures import ExitCode, UserError

FORMAT: Final = 1
NAME: Final = "manifest.json"
KEY_FILE: Final = "anchors/anchor.key"
_BUFFER_BYTES: Final = 1024 * 1024
_NAME: Final = re.compile(r"^[a-z][a-z0-9_]*$")
_ANOTHER: Final = "Restore another backup; this one proves nothing."


class FileCopy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file that was copied as it is: its path within the backup, length, SHA-256 (hex)."""

    path: str
    size_bytes: int
    sha256: str


class AccountHead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where an account stood: last input, root there (hex), newest epoch, number of runs."""

    account: str
    seq: int
    root: str
    epoch: int
    runs: int


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole statement. `tables` stand in the order in which they can be filled."""

    format: int
    product: str
    kind: str
    place: str
    server: str
    created_at: str
    migrations: tuple[Applied, ...]
    tables: tuple[TableCopy, ...]
    files: tuple[FileCopy, ...]
    accounts: tuple[AccountHead, ...]
    public_key: str
    signature: str = ""

    def content(self) -> bytes:
        """What is signed: everything but the signature."""
        return msgspec.json.encode(msgspec.structs.replace(self, signature=""))

    def data(self) -> bytes:
        """The file's bytes, for people too."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"

    @property
    def size_bytes(self) -> int:
        """The length of everything that was copied."""
        tables = sum(each.size_bytes for each in self.tables)
        return tables + sum(each.size_bytes for each in self.files)

    def head(self, account: str) -> AccountHead | None:
        """Where an account stood, None when it is not in the backup."""
        return next((head for head in self.accounts if head.account == account), None)


class _Format(msgspec.Struct, frozen=True):
    format: int


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a backup. Raises UserError: none there, of another version, or damaged."""
    path = folder / NAME
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UserError(
            ExitCode.MISSING,
            f"{folder.absolute()} is no whole backup: it has no {NAME}.",
            "Name the folder that `ballast db backup` wrote; what it did not finish, it removes.",
        ) from error
    try:
        found = msgspec.json.decode(data, type=_Format).format
        if found != FORMAT:
            raise UserError(
                ExitCode.BAD_INPUT,
                f"The backup has format {found}, and this version reads {FORMAT}.",
                "Restore it with the version of Ballast that wrote it, or a newer one.",
            )
        manifest = msgspec.json.decode(data, type=Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise damaged(f"{path} cannot be read ({error})") from error
    outside = [each.path for each in manifest.files if not _is_inside(each.path)]
    outside += [each.name for each in manifest.tables if not _NAME.match(each.name)]
    if outside:
        raise damaged(f"it names {outside[0]!r}, which no backup holds")
    return manifest


def check_signature(manifest: Manifest, known: str | None, *, force: bool) -> None:
    """Raises UserError unless the manifest was signed by the `known` key (hex).

    With `force` by any key, which then stands in the manifest.
    """
    if not is_signed_by(manifest.public_key, manifest.content(), manifest.signature):
        raise damaged("its manifest was changed after it was signed")
    if manifest.public_key == known or force:
        return
    whose = "this data folder has no key" if known is None else f"this data folder's is {known}"
    raise UserError(
        ExitCode.NOT_PROVEN,
        f"The backup was signed by the key {manifest.public_key}, and {whose}.",
        "If that is the key which `ballast db backup` told when it was taken, give --force.",
    )


def check_files(manifest: Manifest, folder: Path, moved: Moved, *, rows: bool) -> None:
    """Raises UserError when a file is missing or not what is listed; with `rows` also counts."""
    copies = [FileCopy(each.file, each.size_bytes, each.sha256) for each in manifest.tables]
    for each in (*copies, *manifest.files):
        path = folder / each.path
        if not path.is_file():
            raise damaged(f"{each.path} is missing")
        found_bytes = path.stat().st_size
        if found_bytes != each.size_bytes:
            raise damaged(f"{each.path} has {found_bytes} bytes, {each.size_bytes} are listed")
        if hash_file(path, moved) != each.sha256:
            raise damaged(f"{each.path} was changed")
    for table in manifest.tables if rows else ():
        try:
            found = count_rows(folder / table.file)
        except CopyError as error:
            raise damaged(f"{error}") from error
        if found != table.rows:
            raise damaged(f"{table.file} holds {found} rows, {table.rows} are listed")


def hash_file(path: Path, moved: Moved = lambda _: None) -> str:
    """The SHA-256 (hex) of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(_BUFFER_BYTES):
            digest.update(data)
            moved(len(data))
    return digest.hexdigest()


def damaged(what: str) -> UserError:
    """The failure of a backup that is not what it was when it was taken."""
    return UserError(ExitCode.NOT_PROVEN, f"The backup is damaged: {what}.", _ANOTHER)


def _is_inside(path: str) -> bool:
    parts = PurePosixPath(path)
    return bool(path) and not parts.is_absolute() and ".." not in parts.parts
