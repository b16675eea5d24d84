"""The key that signs anchors: Ed25519, made once for a data folder, readable by its owner alone.

It proves that an anchor was written by this installation, not by whoever can write the database.
Whoever owns the machine owns the key; a copy of the anchors elsewhere stands against that.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

KEY_BYTES = 32


class AnchorError(Exception):
    """Anchors cannot be trusted or written; the text is one sentence, `remedy` another."""

    def __init__(self, sentence: str, remedy: str) -> None:
        super().__init__(sentence)
        self.remedy = remedy


class AnchorKey:
    """The key of a data folder, made when there is none."""

    def __init__(self, path: Path) -> None:
        """Raises AnchorError when the file is no key or others may read it."""
        self._path = path
        self._private = Ed25519PrivateKey.from_private_bytes(_read_or_make(path))
        self._public: Ed25519PublicKey = self._private.public_key()

    @property
    def public(self) -> str:
        """The public key in hex, for whoever checks a copy of the anchors."""
        return self._public.public_bytes_raw().hex()

    def sign(self, data: bytes) -> str:
        """The signature in hex."""
        return self._private.sign(data).hex()

    def has_signed(self, data: bytes, signature: str) -> bool:
        """Whether this key made the signature over these bytes."""
        try:
            self._public.verify(bytes.fromhex(signature), data)
        except (InvalidSignature, ValueError):
            return False
        return True


def _read_or_make(path: Path) -> bytes:
    if not path.exists():
        return _make(path)
    mode = path.stat().st_mode
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise AnchorError(
            f"The key {path} may be read by others.",
            f"Close it (chmod 600 {path}) after you know who could have copied it.",
        )
    try:
        found = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (UnicodeDecodeError, ValueError):
        found = b""
    if len(found) != KEY_BYTES:
        raise AnchorError(
            f"The file {path} is no key.", "Restore it from a backup of the data folder."
        )
    return found


def _make(path: Path) -> bytes:
    private = Ed25519PrivateKey.generate().private_bytes_raw()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(private.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    return private
