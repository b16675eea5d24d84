"""What an export says of itself: one run, its span and roots, every file with its hash, signed.

An export is whole when its manifest is signed by a key that the data folder knows, every file has
the length and hash that stand in it, and its frames lead from the run's first root to its last.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

import msgspec

from actors.journal_chain import ChainVerifier, decode_input
from actors.messages.control import RunEnded, RunStarted
from actors.ports import Frame, JournalCorruptError, StoredSnapshot
from adapters.anchors.key import is_signed_by
from adapters.postgres.table_copies import CopyError, TableCopy, count_rows, read_rows
from service.backup.manifest import hash_file
from service.failures import ExitCode, UserError

FORMAT: Final = 2
NAME: Final = "manifest.json"
FRAMES: Final = "journal_frame"
SNAPSHOT: Final = "snapshot"
TABLES: Final = (FRAMES, "run", "run_end", SNAPSHOT)
_FRAME_FIELDS: Final = (
    "run_id", "epoch", "first_seq", "last_seq", "hour_ts", "root_before", "root_after", "checksum",
    "records",
)  # fmt: skip


class SealManifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole statement; roots and the run's genesis in hex."""

    format: int
    product: str
    account: str
    run_id: str
    first_seq: int
    last_seq: int
    root_before: str
    root_after: str
    closed: bool
    frames: int
    tables: tuple[TableCopy, ...]
    public_key: str
    signature: str = ""

    def content(self) -> bytes:
        """What is signed: everything but the signature."""
        return msgspec.json.encode(msgspec.structs.replace(self, signature=""))

    def data(self) -> bytes:
        """The file's bytes, for people too."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"


class Whole(msgspec.Struct, frozen=True):
    """An export that was proven: its manifest, that file's SHA-256, and the run's first input.

    `before` is the state that the run began with, as it was stored: whoever uses it must hold it
    against what the first input says. None where there was none.
    """

    manifest: SealManifest
    sha256: str
    begun: bytes
    before: StoredSnapshot | None


def read_export(folder: Path, keys: Collection[str]) -> Whole:
    """Read an export back and prove it from its own bytes. Raises UserError.

    Nothing of a database is believed, or asked.
    """
    path = folder / NAME
    try:
        data = path.read_bytes()
        manifest = msgspec.json.decode(data, type=SealManifest)
        _check_manifest(manifest, folder, keys)
        begun = _check_chain(manifest, folder)
        before = _snapshot(manifest, folder)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UserError(
            ExitCode.MISSING,
            f"{folder.absolute()} is no whole export: {Path(error.filename or path).name} is not "
            "there.",
            "Name a folder that `ballast db retention` wrote.",
        ) from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise damaged(folder, f"its manifest cannot be read ({error})") from error
    except CopyError as error:
        raise damaged(folder, f"{error}") from error
    except JournalCorruptError as error:
        raise damaged(folder, f"its chain does not hold ({error})") from error
    except OSError as error:
        raise UserError(
            ExitCode.ENVIRONMENT, f"The export cannot be read ({error}).", "Correct the rights."
        ) from error
    return Whole(manifest, hashlib.sha256(data).hexdigest(), begun, before)


def damaged(folder: Path, what: str) -> UserError:
    """The failure of an export that is not what was written; nothing may be removed for it."""
    return UserError(
        ExitCode.NOT_PROVEN,
        f"The export {folder} is damaged: {what}.",
        "Fetch a copy of it from elsewhere; when the run is not sealed yet, remove that folder and "
        "repeat.",
    )


def _check_manifest(manifest: SealManifest, folder: Path, keys: Collection[str]) -> None:
    if manifest.format != FORMAT:
        raise damaged(folder, f"it has format {manifest.format}, this version reads {FORMAT}")
    if not is_signed_by(manifest.public_key, manifest.content(), manifest.signature):
        raise damaged(folder, "its manifest was changed after it was signed")
    if manifest.public_key not in keys:
        raise damaged(folder, f"the key {manifest.public_key} is not known to this data folder")
    if tuple(each.name for each in manifest.tables) != TABLES:
        raise damaged(folder, "it does not hold the tables of an export")
    for each in manifest.tables:
        file = folder / each.file
        found_bytes = file.stat().st_size
        if found_bytes != each.size_bytes or hash_file(file) != each.sha256:
            raise damaged(folder, f"{each.file} was changed")
        found = count_rows(file)
        # Of the state before the run there is one, or none: at the account's beginning, and where a
        # cut off run was continued.
        counts = {FRAMES: manifest.frames, "run": 1, "run_end": int(manifest.closed)}
        if found != each.rows or found != counts.get(each.name, min(found, 1)):
            raise damaged(folder, f"{each.file} holds {found} rows")


def _check_chain(manifest: SealManifest, folder: Path) -> bytes:
    """Every root from the export's own frames; the run's first input."""
    chain = ChainVerifier(bytes.fromhex(manifest.root_before), manifest.first_seq - 1)
    first, last = b"", None
    for frame in frames(manifest, folder):
        if frame.run_id != manifest.run_id:
            raise damaged(folder, f"it holds a frame of run {frame.run_id}")
        records = chain.check(frame)
        first = first or records[0].input
        if frame.first_seq == manifest.first_seq:
            body = decode_input(records[0]).body
            if not isinstance(body, RunStarted) or body.run_id != manifest.run_id:
                raise damaged(folder, "its first input does not begin the run")
        last = records[-1]
    found = chain.finish(manifest.last_seq, bytes.fromhex(manifest.root_after))
    ended = None if last is None else decode_input(last).body
    if manifest.closed and (not isinstance(ended, RunEnded) or ended.run_id != manifest.run_id):
        raise damaged(folder, "its last input does not end the run")
    if (found.seq, found.frames) != (manifest.last_seq, manifest.frames):
        raise damaged(folder, "its frames are not those that its manifest tells of")
    return first


def frames(manifest: SealManifest, folder: Path) -> Iterator[Frame]:
    """The frames of an export, in its order. Raises CopyError."""
    for told in _rows(manifest, folder, FRAMES, _FRAME_FIELDS):
        yield Frame(
            run_id=_text(told["run_id"]),
            root_before=told["root_before"],
            root_after=told["root_after"],
            checksum=told["checksum"],
            records=told["records"],
            **{name: _number(told[name]) for name in ("epoch", "first_seq", "last_seq", "hour_ts")},
        )


def _snapshot(manifest: SealManifest, folder: Path) -> StoredSnapshot | None:
    for told in _rows(manifest, folder, SNAPSHOT, StoredSnapshot.__struct_fields__):
        run_id = _text(told["run_id"])
        return StoredSnapshot(_number(told["seq"]), told["root"], run_id, told["data"])
    return None


def _rows(
    manifest: SealManifest, folder: Path, table: str, fields: Collection[str]
) -> Iterator[dict[str, bytes]]:
    copy = manifest.tables[TABLES.index(table)]
    if not {"account_id", *fields} <= set(copy.columns):
        raise CopyError(f"{copy.file} has other columns than a {table}")
    for row in read_rows(folder / copy.file):
        if len(row) != len(copy.columns) or None in row:
            raise CopyError(f"{copy.file} holds a row that is no {table}")
        told = dict(zip(copy.columns, (each or b"" for each in row), strict=True))
        if _text(told["account_id"]) != manifest.account:
            raise CopyError(f"{copy.file} holds a {table} of another account")
        yield told


def _text(field: bytes) -> str:
    return field.decode("utf-8", "replace")


def _number(field: bytes) -> int:
    return int.from_bytes(field, "big", signed=True)
