"""How a private call is signed, and the key pair that signs it.

The signature covers the path, the nonce and the body byte for byte as they are sent. A key pair
shows neither half in any text that is made of it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Final

_REDACTED: Final = "Credentials(redacted)"
_SHOWN: Final = 4


class Credentials:
    """An API key and its secret. Raises ValueError, which names neither, for a malformed secret.

    There is no text of it, no pickle and no comparison: it is handed on, and signs.
    """

    __slots__ = ("_secret", "key")

    def __init__(self, key: str, secret: str) -> None:
        if not key or not key.isascii() or not key.isprintable() or " " in key:
            raise ValueError("an API key is printable ASCII without spaces")
        try:
            decoded = base64.b64decode(secret, validate=True)
        except (binascii.Error, ValueError):
            raise ValueError("the private key is not base64 as Kraken shows it") from None
        if not decoded:
            raise ValueError("the private key is empty")
        self.key = key
        self._secret = decoded

    @property
    def fingerprint(self) -> str:
        """A name for files that belong to this key: 16 hex digits of a hash of its public half."""
        return hashlib.sha256(self.key.encode("ascii")).hexdigest()[:16]

    @property
    def masked(self) -> str:
        """The ends of the public half, or nothing of one that is too short to have a middle."""
        return f"{self.key[:_SHOWN]}…{self.key[-_SHOWN:]}" if len(self.key) > 4 * _SHOWN else "…"

    def sign(self, path: str, nonce: int, body: bytes) -> str:
        """The API-Sign header for `body`, which must hold the same nonce."""
        return signature(self._secret, path, nonce, body)

    def __repr__(self) -> str:
        return _REDACTED

    __str__ = __repr__

    def __reduce__(self) -> str:
        raise TypeError("credentials are not written down")


def signature(secret: bytes, path: str, nonce: int, body: bytes) -> str:
    """HMAC-SHA512 by the decoded secret over path and SHA-256 of nonce and body, in base64."""
    inner = hashlib.sha256(str(nonce).encode("ascii") + body).digest()
    outer = hmac.new(secret, path.encode("ascii") + inner, hashlib.sha512)
    return base64.b64encode(outer.digest()).decode("ascii")
