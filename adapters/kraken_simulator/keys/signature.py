"""Kraken's signature: HMAC-SHA512 over path and SHA256 of nonce and body, keyed by the secret."""

from __future__ import annotations

import base64
import hashlib
import hmac


def signature(path: str, nonce: str, body: bytes, secret: str) -> str:
    """The API-Sign header of a request; `body` is byte for byte what is sent."""
    inner = hashlib.sha256(nonce.encode() + body).digest()
    outer = hmac.new(base64.b64decode(secret), path.encode() + inner, hashlib.sha512)
    return base64.b64encode(outer.digest()).decode("ascii")


def one_time_password(secret: str, at_ns: int) -> str:
    """The six digits of RFC 6238 (SHA1, 30 s) for a base32 secret."""
    counter = at_ns // 30_000_000_000
    digest = hmac.new(base64.b32decode(secret), counter.to_bytes(8, "big"), hashlib.sha1).digest()
    place = digest[-1] & 15
    value = int.from_bytes(digest[place : place + 4], "big") & 0x7FFFFFFF
    return f"{value % 1_000_000:06d}"
