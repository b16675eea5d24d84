"""Where an account's API key lies, and the record that says so without opening it.

The record names store, place, venue and what the venue said; it holds no secret and only the ends
of the key. The key's nonces lie beside it and outlive the key: they must never start anew.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from adapters.kraken.nonce import Nonces
from adapters.kraken.signing import Credentials
from adapters.secrets.mounted_file import MountedFile
from adapters.secrets.os_keyring import OsKeyring
from adapters.secrets.private_file import read_private, remove_private, write_private
from adapters.secrets.sealed_file import SealedFile
from adapters.secrets.stored import KeyStore, SecretError, StoredKey, Trouble
from service.failures import ExitCode, UserError
from service.key_rights import KeyRights
from service.settings import Settings

FORMAT: Final = 1
STORES: Final = ("keyring", "file", "mounted")
_CODES: Final = {
    Trouble.MISSING: ExitCode.MISSING,
    Trouble.DAMAGED: ExitCode.BAD_INPUT,
    Trouble.EXPOSED: ExitCode.ENVIRONMENT,
    Trouble.UNUSABLE: ExitCode.ENVIRONMENT,
}

Passphrase = Callable[[], str]


class KeyRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of a connected key without opening its store. `at_s`: when, unix time."""

    format: int
    account: str
    store: str
    place: str
    key: str
    fingerprint: str
    venue: str
    connected_at_s: int
    checked_at_s: int
    rights: KeyRights


def keys_folder(settings: Settings) -> Path:
    """The data folder's place for keys."""
    return settings.home / "keys"


def record_path(settings: Settings) -> Path:
    """The record of this account."""
    return keys_folder(settings) / f"{settings.account.name}.record.json"


def read_record(settings: Settings) -> KeyRecord | None:
    """The record; None when no key is connected. Raises UserError when it is damaged."""
    path = record_path(settings)
    if not path.exists():
        return None
    try:
        return msgspec.json.decode(read_private(path), type=KeyRecord)
    except SecretError as error:
        raise as_failure(error) from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise UserError(
            ExitCode.BAD_INPUT,
            f"The file {path} is no record of a key.",
            "Connect the key again: `ballast keys connect --replace`.",
        ) from None


def required_record(settings: Settings) -> KeyRecord:
    """The record. Raises UserError also when no key is connected."""
    record = read_record(settings)
    if record is None:
        raise UserError(
            ExitCode.MISSING,
            f"No API key is connected to {settings.account.name}.",
            "Connect one: `ballast keys connect`.",
        )
    return record


def write_record(settings: Settings, record: KeyRecord) -> None:
    """Keep it. Raises SecretError."""
    write_private(record_path(settings), msgspec.json.encode(record) + b"\n")


def remove_record(settings: Settings) -> None:
    """Keep it no more. Raises SecretError."""
    remove_private(record_path(settings))


def store_of(settings: Settings, kind: str, mounted: Path | None, ask: Passphrase) -> KeyStore:
    """The store of a kind; `ask` is called for what needs a passphrase. Raises SecretError."""
    account = settings.account.name
    match kind:
        case "keyring":
            where = hashlib.sha256(str(settings.home).encode()).hexdigest()[:8]
            return OsKeyring(f"{account}@{where}")
        case "mounted":
            assert mounted is not None, "a mounted secret is named"
            return MountedFile(mounted)
        case _:
            path = keys_folder(settings) / f"{account}.sealed"
            return SealedFile(path, account, ask())


def connected_store(settings: Settings, record: KeyRecord, ask: Passphrase) -> KeyStore:
    """The store that a record names, or the mounted one that the settings name instead."""
    named = settings.keys.key_file
    if named:
        return MountedFile(Path(named))
    return store_of(settings, record.store, Path(record.place), ask)


def credentials_of(key: StoredKey) -> Credentials:
    """What signs with a stored key. Raises UserError(BAD_INPUT) when it can be none."""
    try:
        return Credentials(*key.revealed())
    except ValueError as error:
        raise UserError(
            ExitCode.BAD_INPUT,
            f"This is no API key of Kraken: {error}.",
            "Copy the key and the private key from Kraken's page, each as one line.",
        ) from None


def nonces_of(
    settings: Settings, credentials: Credentials, clock: Callable[[], int] = time.time_ns
) -> Nonces:
    """The key's one source of nonces."""
    return Nonces(keys_folder(settings) / f"{credentials.fingerprint}.nonce", clock)


def as_failure(error: SecretError) -> UserError:
    """The user's view of a store that fails."""
    return UserError(_CODES[error.trouble], str(error), error.remedy)
