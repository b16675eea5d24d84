"""Derived identities: every id is a hash of what it names; nothing here is random."""

from __future__ import annotations

import hashlib
from typing import Final

ROOT_BYTES: Final = 32
GENESIS_ROOT: Final = bytes(ROOT_BYTES)


def digest_hex(*parts: str | bytes | int) -> str:
    """SHA-256 over length-prefixed parts, hex: no two part lists share a preimage."""
    pieces: list[bytes] = []
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode()
        pieces += (len(data).to_bytes(8, "little"), data)
    return hashlib.sha256(b"".join(pieces)).hexdigest()


def client_order_id(account: str, run_id: str, epoch: int, order_no: int) -> str:
    """The client order id of an order: 32 hex characters, a form that Kraken accepts.

    A restore opens a new epoch first, so an id never repeats for one account.
    """
    return digest_hex("order", account, run_id, epoch, order_no)[:32]


def execution_id(cl_ord_id: str, ordinal: int) -> str:
    """The id of the `ordinal`-th report that the paper venue makes for an order."""
    return digest_hex("execution", cl_ord_id, ordinal)[:24]
