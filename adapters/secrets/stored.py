"""A key and its secret as they lie in a store, and the ways in which a store can fail.

Nothing here knows a venue. No text of any of these types, and of no failure, holds a secret.
"""

from __future__ import annotations

import enum
from typing import Final, NoReturn, Protocol

import msgspec

TEXT_BYTES_MAX: Final = 4096


class Trouble(enum.Enum):
    """What is wrong with a store."""

    MISSING = "missing"
    DAMAGED = "damaged"
    EXPOSED = "exposed"
    UNUSABLE = "unusable"


class SecretError(Exception):
    """A store cannot be used; the text is one sentence, `remedy` another."""

    def __init__(self, trouble: Trouble, sentence: str, remedy: str) -> None:
        super().__init__(sentence)
        self.trouble = trouble
        self.remedy = remedy


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    api_key: str
    secret: str


class StoredKey:
    """A pair of texts that is never shown, copied or pickled."""

    __slots__ = ("_api_key", "_secret")

    def __init__(self, api_key: str, secret: str) -> None:
        self._api_key = api_key
        self._secret = secret

    def revealed(self) -> tuple[str, str]:
        """The key and its secret, for what signs with them."""
        return self._api_key, self._secret

    def encoded(self) -> bytes:
        """The bytes that a store keeps."""
        return msgspec.json.encode(_Document(self._api_key, self._secret))

    def same_as(self, other: StoredKey) -> bool:
        """Whether both hold the same texts."""
        return self.revealed() == other.revealed()

    def __repr__(self) -> str:
        return "StoredKey([redacted])"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not copied")


class KeyStore(Protocol):
    """A place for one key. Every method raises SecretError."""

    @property
    def name(self) -> str:
        """keyring, file or mounted."""

    @property
    def place(self) -> str:
        """Where it is, for a person."""

    def put(self, key: StoredKey) -> None:
        """Keep it in the place of what was there."""

    def get(self) -> StoredKey:
        """What is kept."""

    def remove(self) -> bool:
        """Keep it no more; whether there was one."""


def parsed(data: bytes, place: str) -> StoredKey:
    """A key from a text of two lines (key, secret) or from JSON. Raises SecretError."""
    try:
        text = data.decode("utf-8").strip()
        if text.startswith("{"):
            found = msgspec.json.decode(text, type=_Document)
            return StoredKey(found.api_key, found.secret)
    except (UnicodeDecodeError, msgspec.MsgspecError, RecursionError):
        text = ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) != 2:
        raise SecretError(
            Trouble.DAMAGED,
            f"There is no API key in {place}.",
            'It holds two lines, the key and the secret, or {"api_key": ..., "secret": ...}.',
        )
    return StoredKey(lines[0], lines[1])
