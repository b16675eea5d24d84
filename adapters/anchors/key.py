"""The key that signs anchors: Ed25519, made once for a data folder, readable by its owner alone.

It proves that an anchor was written by this installation, not by whoever can write the database.
Whoever owns the machine owns the key; a copy of the anchors elsewhere stands against that.
"""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from adapters.anchors.place import write_whole

KEY_BYTES: Final = 32


class AnchorError(Exception):
    """Anchors cannot be trusted or written; the text is one sentence, `remedy` another."""

    def __init__(self, sentence: str, remedy: str) -> None:
        super().__init__(sentence)
        self.remedy = remedy


class LostKeyError(AnchorError):
    """There is no key, or its file holds none, where anchors were signed by one."""

    def __init__(self, sentence: str, path: Path) -> None:
        super().__init__(
            sentence,
            f"Restore {path} from a backup of the data folder; `ballast books anchor --accept "
            "REASON` begins new anchors with a new key, and says so for ever.",
        )


class AnchorKey:
    """The key of a data folder, as it lies in its file."""

    def __init__(self, path: Path) -> None:
        """Raises LostKeyError when there is no key, AnchorError when others may read it."""
        self._private = Ed25519PrivateKey.from_private_bytes(_read(path))
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
        return is_signed_by(self.public, data, signature)


def is_signed_by(public: str, data: bytes, signature: str) -> bool:
    """Whether the key whose public half (hex) is given made the signature over these bytes."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
        key.verify(bytes.fromhex(signature), data)
    except (InvalidSignature, ValueError):
        return False
    return True


def signing_key(folder: Path) -> AnchorKey:
    """The key of an anchors folder; made when there is none and nothing in it was ever signed.

    Raises AnchorError, OSError.
    """
    path = folder / "anchor.key"
    if not path.exists() and not any(each.stat().st_size for each in folder.glob("*.anchors")):
        return make_key(path)
    return AnchorKey(path)


def make_key(path: Path) -> AnchorKey:
    """Make the key where there is none: its file is there whole, or not at all. Raises OSError."""
    assert not path.exists(), "a key is never written over"
    private = Ed25519PrivateKey.generate().private_bytes_raw()
    write_whole(path, f"{private.hex()}\n".encode("ascii"))
    return AnchorKey(path)


def _read(path: Path) -> bytes:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError as error:
        raise LostKeyError(f"The key {path}, which signed the anchors, is gone.", path) from error
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
        raise LostKeyError(f"The file {path} is no key.", path)
    return found
