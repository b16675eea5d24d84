"""A key in a file that opens by a passphrase: scrypt makes the key, AES-256-GCM seals.

The header (format, parameters, salt, nonce) and the owner's name are authenticated with the
content, so neither can be changed and a file cannot be moved to another account. Parameters come
from the file, within bounds: a hostile one cannot weaken them or ask for all memory.
"""

from __future__ import annotations

import base64
import binascii
import os
from pathlib import Path
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from adapters.secrets.private_file import read_private, remove_private, write_private
from adapters.secrets.stored import SecretError, StoredKey, Trouble, parsed

FORMAT: Final = "ballast-sealed-key"
VERSION: Final = 1
COST_LOG2: Final = 17
"""scrypt n = 2^17 with r = 8, p = 1: 128 MiB and about half a second for each guess."""
BLOCK: Final = 8
PARALLEL: Final = 1
COST_LOG2_BOUNDS: Final = (14, 20)
SALT_BYTES: Final = 16
NONCE_BYTES: Final = 12
KEY_BYTES: Final = 32
PASSPHRASE_MIN: Final = 12


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: str
    version: int
    kdf: str
    cost_log2: int
    block: int
    parallel: int
    salt: str
    cipher: str
    nonce: str


class _Sealed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    header: _Header
    content: str


class SealedFile:
    """The sealed key of `owner` at `path`."""

    name = "file"

    def __init__(
        self, path: Path, owner: str, passphrase: str, *, cost_log2: int = COST_LOG2
    ) -> None:
        """The passphrase is needed to put and to get, not to remove."""
        self._path = path
        self._owner = owner
        self._passphrase = passphrase
        self._cost_log2 = cost_log2

    @property
    def place(self) -> str:
        """The file."""
        return str(self._path)

    def put(self, key: StoredKey) -> None:
        """Seal it with a salt and a nonce of its own. Refuses a passphrase that is too short."""
        if len(self._passphrase) < PASSPHRASE_MIN:
            raise SecretError(
                Trouble.UNUSABLE,
                f"The passphrase is shorter than {PASSPHRASE_MIN} characters.",
                "Choose some words that nobody else would put together.",
            )
        salt, nonce = os.urandom(SALT_BYTES), os.urandom(NONCE_BYTES)
        header = _Header(
            FORMAT, VERSION, "scrypt", self._cost_log2, BLOCK, PARALLEL,
            _text(salt), "AES-256-GCM", _text(nonce),
        )  # fmt: skip
        content = AESGCM(self._derived(salt, self._cost_log2)).encrypt(
            nonce, key.encoded(), self._bound(header)
        )
        write_private(self._path, msgspec.json.encode(_Sealed(header, _text(content))) + b"\n")

    def get(self) -> StoredKey:
        """Open it."""
        header, content = self._checked(read_private(self._path))
        salt, nonce = _bytes(header.salt), _bytes(header.nonce)
        try:
            opened = AESGCM(self._derived(salt, header.cost_log2)).decrypt(
                nonce, content, self._bound(header)
            )
        except InvalidTag:
            raise SecretError(
                Trouble.DAMAGED,
                f"The key in {self._path} does not open: wrong passphrase, or a changed file.",
                "Try the passphrase again; if it is lost, make a new API key and connect that.",
            ) from None
        return parsed(opened, self.place)

    def remove(self) -> bool:
        """Unlink it. What the disk keeps of it stays sealed."""
        return remove_private(self._path)

    def _derived(self, salt: bytes, cost_log2: int) -> bytes:
        kdf = Scrypt(salt=salt, length=KEY_BYTES, n=1 << cost_log2, r=BLOCK, p=PARALLEL)
        return kdf.derive(self._passphrase.encode("utf-8"))

    def _bound(self, header: _Header) -> bytes:
        return msgspec.json.encode([header, self._owner], order="deterministic")

    def _checked(self, data: bytes) -> tuple[_Header, bytes]:
        try:
            sealed = msgspec.json.decode(data, type=_Sealed)
            if _is_sound(sealed.header):
                return sealed.header, _bytes(sealed.content)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError):
            pass
        raise SecretError(
            Trouble.DAMAGED,
            f"The file {self._path} is no sealed key of this version.",
            "Restore it from where you keep copies, or connect the key again.",
        )

    def __repr__(self) -> str:
        return f"SealedFile({self._path})"


def _is_sound(header: _Header) -> bool:
    least, most = COST_LOG2_BOUNDS
    return (
        (header.format, header.version, header.kdf) == (FORMAT, VERSION, "scrypt")
        and (header.cipher, header.block, header.parallel) == ("AES-256-GCM", BLOCK, PARALLEL)
        and least <= header.cost_log2 <= most
        and len(_bytes(header.salt)) == SALT_BYTES
        and len(_bytes(header.nonce)) == NONCE_BYTES
    )


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _bytes(text: str) -> bytes:
    """Raises ValueError."""
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except binascii.Error as error:
        raise ValueError("no base64") from error
