"""Erasure: the account's database, its journal, its index, and its keys are destroyed for good.

What remains is a certificate outside the data folder: what was destroyed, where each account stood,
signed by the key that signed its anchors, which then is destroyed too. The certificate is durable
under a working name before anything is touched, and gets its own name when everything is gone; so
whoever is interrupted runs it again and ends with the same one. Backups elsewhere and copies of the
anchors are named, not touched.
"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import asyncpg
import msgspec

from adapters.anchors.key import is_signed_by, signing_key
from adapters.anchors.place import write_whole
from adapters.journal.file import FileJournal
from adapters.postgres.embedded import EmbeddedPostgresError
from adapters.postgres.embedded_address import ServerState
from adapters.postgres.embedded_place import find_place
from adapters.postgres.migrations import MigrationError, one_runner
from adapters.postgres.statements import statement
from service.anchoring import anchors_folder
from service.backup.manifest import AccountHead
from service.backup.take import heads, kind_of
from service.database import administering
from service.failures import ExitCode, UserError
from service.key_places import read_record
from service.settings import Settings
from service.settings_bounds import without_password
from service.sole_service import sole_service
from service.stores import FILE, POSTGRES, Say, account_place, embedded_server

FORMAT: Final = 1
# What an account keeps in its data folder, the keys last: until then a certificate can be signed.
KEPT: Final = (
    POSTGRES, "journal", "runs", "simulator", "control", "logs", "backups", "sealed", "live",
    "keys", "anchors",
)  # fmt: skip


class Certificate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was erased. `accounts` are the heads as they stood; `place` has no password.

    `left` names what may still hold something of the account and is out of reach.
    """

    format: int
    erased_at: str
    account: str
    kind: str
    place: str
    accounts: tuple[AccountHead, ...]
    removed: tuple[str, ...]
    left: tuple[str, ...]
    public_key: str
    signature: str = ""

    def content(self) -> bytes:
        """What is signed: everything but the signature."""
        return msgspec.json.encode(msgspec.structs.replace(self, signature=""))

    @property
    def holds(self) -> bool:
        """Whether the key that it names has signed it."""
        return is_signed_by(self.public_key, self.content(), self.signature)


async def erase(settings: Settings, path: Path, say: Say = lambda _: None) -> Certificate:
    """Destroy the settings' account for good and leave the certificate at `path`.

    Raises UserError: FENCED while a service trades it, USAGE for a place within what is erased or
    one that is taken, MISSING when there is nothing, ENVIRONMENT when something cannot be removed.
    """
    working = path.with_name(f"{path.name}.unfinished")
    _check_place(settings, path)
    with sole_service(settings.home, f"The account {settings.account.name}"):
        if working.exists():
            certificate = read_certificate(working)
            _check_same(settings, certificate, working)
        else:
            certificate = await _certificate(settings, say)
            write_whole(working, msgspec.json.format(msgspec.json.encode(certificate)) + b"\n")
        say("the certificate is written; erasing")
        await _erase_tables(settings, say)
        for name in KEPT:
            _remove(settings.home / name)
        working.replace(path)
    (settings.home / "service.lock").unlink(missing_ok=True)
    return certificate


def read_certificate(path: Path) -> Certificate:
    """A certificate from its file. Raises UserError(MISSING, NOT_PROVEN)."""
    try:
        certificate = msgspec.json.decode(path.read_bytes(), type=Certificate)
    except FileNotFoundError as error:
        raise UserError(
            ExitCode.MISSING, f"There is no certificate {path}.", "Name the file that erasing left."
        ) from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UserError(
            ExitCode.NOT_PROVEN,
            f"The file {path} is no certificate: {error}.",
            "Name the file that erasing left, as it was written.",
        ) from error
    if not certificate.holds:
        raise UserError(
            ExitCode.NOT_PROVEN,
            f"The certificate {path} was not signed by the key that it names.",
            "It was changed after it was written; it proves nothing.",
        )
    return certificate


async def _certificate(settings: Settings, say: Say) -> Certificate:
    kind = kind_of(settings)
    place = account_place(settings, kind)
    accounts = await _heads(settings, kind, say)
    kept = tuple(name for name in KEPT if (settings.home / name).exists())
    if not accounts and not kept:
        raise UserError(
            ExitCode.MISSING,
            f"There is nothing of an account in {settings.home}.",
            "Name the data folder by --data-dir, or the database in the settings.",
        )
    removed = tuple(str(settings.home / name) for name in kept)
    if settings.journal.dsn:
        removed = ("the schema ballast with all its tables", *removed)
    key = signing_key(anchors_folder(settings))
    certificate = Certificate(
        FORMAT,
        datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        settings.account.name,
        kind,
        without_password(place),
        accounts,
        removed,
        _left(settings),
        key.public,
    )
    return msgspec.structs.replace(certificate, signature=key.sign(certificate.content()))


def _left(settings: Settings) -> tuple[str, ...]:
    left = ["backups and exports of sealed runs that were written to other places"]
    if settings.journal.anchor_copy:
        left.append(f"the copy of the anchors in {settings.journal.anchor_copy}")
    if settings.journal.dsn:
        left.append("the server's own logs, write-ahead log archives and base backups, and roles")
    try:
        stored = read_record(settings)
    except UserError:
        left.append("an API key, if it was kept outside the data folder: its record is damaged")
    else:
        if stored is not None and stored.store != "file":
            left.append(f"the API key in {stored.place}, and at the venue")
        elif stored is not None:
            left.append("the API key at the venue, where it stays valid until it is deleted there")
    return tuple(left)


async def _heads(settings: Settings, kind: str, say: Say) -> tuple[AccountHead, ...]:
    if kind == FILE:
        return await _file_head(settings)
    if not settings.journal.dsn and not _has_cluster(settings):
        return ()
    async with administering(settings, say) as connection:
        try:
            if not await connection.fetchval(statement("schema_is_there")):
                return ()
            return await heads(connection)
        except asyncpg.PostgresError as error:
            raise _refused(error) from error


async def _file_head(settings: Settings) -> tuple[AccountHead, ...]:
    folder = Path(account_place(settings, FILE))
    if not _is_there(folder):
        return ()
    journal = FileJournal(folder)
    try:
        seq, root = await journal.head()
        runs = len(await journal.runs())
    finally:
        await journal.close()
    return (AccountHead(settings.account.name, seq, root.hex(), 0, runs),)


async def _erase_tables(settings: Settings, say: Say) -> None:
    """The schema of a server of ours to share; an embedded one is stopped, its files go later."""
    if settings.journal.dsn:
        async with administering(settings, say) as connection:
            try:
                async with one_runner(connection):
                    await connection.execute(statement("erase_schema"))
            except (MigrationError, asyncpg.PostgresError) as error:
                raise _refused(error) from error
        return
    try:
        if _has_cluster(settings):
            embedded_server(settings.home / POSTGRES, say).stop()
    except EmbeddedPostgresError as error:
        raise UserError(ExitCode.ENVIRONMENT, error.sentence, error.remedy) from error
    base = find_place((settings.home / POSTGRES).resolve()).base
    if base != (settings.home / POSTGRES).resolve():
        _remove(base)


def _is_there(path: Path) -> bool:
    return path.exists()


def _has_cluster(settings: Settings) -> bool:
    status = embedded_server(settings.home / POSTGRES).status()
    return status.state is not ServerState.ABSENT


def _remove(path: Path) -> None:
    """Raises UserError(ENVIRONMENT) when something of it stays."""
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(
            ExitCode.ENVIRONMENT,
            f"{error.filename or path} cannot be removed ({error.strerror}); the rest may be gone.",
            "Correct its rights and run the same command again: it goes on where it stopped.",
        ) from error


def _check_place(settings: Settings, path: Path) -> None:
    home = settings.home.resolve()
    if any(path.resolve().is_relative_to(home / name) for name in KEPT):
        raise UserError(
            ExitCode.USAGE,
            f"The certificate {path} would lie in what is erased.",
            "Name a place outside of the data folder by --certificate.",
        )
    if path.exists():
        raise UserError(
            ExitCode.USAGE,
            f"There is already a file {path}.",
            "Name another one by --certificate; a certificate is never written over.",
        )


def _check_same(settings: Settings, found: Certificate, working: Path) -> None:
    kind = kind_of(settings)
    here = (settings.account.name, kind, without_password(account_place(settings, kind)))
    if (found.account, found.kind, found.place) != here:
        raise UserError(
            ExitCode.USAGE,
            f"{working} is of another erasure, of {found.account} in {found.place}.",
            "Finish that one first, or name another certificate.",
        )


def _refused(error: Exception) -> UserError:
    return UserError(
        ExitCode.ENVIRONMENT,
        f"The database refuses: {' '.join(str(error).split()).rstrip('.')}.",
        "Erasing needs the database's administrator; nothing but the schema would be dropped.",
    )
