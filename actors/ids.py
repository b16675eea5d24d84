"""Derived identities: every id is a hash of what it names; nothing here is random."""

from __future__ import annotations

import functools
import hashlib
from typing import Final

ROOT_BYTES: Final = 32
GENESIS_ROOT: Final = bytes(ROOT_BYTES)
_CLIENT_ID_LENGTH: Final = 32
_HEX: Final = frozenset("0123456789abcdef")


def digest_hex(*parts: str | bytes | int) -> str:
    """SHA-256 over length-prefixed parts, hex: no two part lists share a preimage."""
    return hashlib.sha256(b"".join(map(_framed, parts))).hexdigest()


def _framed(part: str | bytes | int) -> bytes:
    data = part if isinstance(part, bytes) else str(part).encode()
    return len(data).to_bytes(8, "little") + data


def client_order_id(account: str, run_id: str, epoch: int, order_no: int) -> str:
    """The client order id of an order: 32 hex characters, a form that Kraken accepts.

    A restore opens a new epoch first, so an id never repeats for one account.
    """
    hasher = _orders_of(account, run_id, epoch).copy()
    hasher.update(_framed(order_no))
    return hasher.hexdigest()[:_CLIENT_ID_LENGTH]


def is_client_order_id(text: str) -> bool:
    """Whether `text` has the form of our client order ids: an order without it is not ours."""
    return len(text) == _CLIENT_ID_LENGTH and _HEX.issuperset(text)


@functools.lru_cache(maxsize=16)
def _orders_of(account: str, run_id: str, epoch: int) -> hashlib._Hash:
    """What the ids of one epoch have in common, hashed once; only copies of it are fed."""
    return hashlib.sha256(
        b"".join((_framed("order"), _framed(account), _framed(run_id), _framed(epoch)))
    )


def execution_id(cl_ord_id: str, ordinal: int) -> str:
    """The id of the `ordinal`-th report that the paper venue makes for an order."""
    return digest_hex("execution", cl_ord_id, ordinal)[:24]


def unnamed_trade_id(report: bytes) -> str:
    """The id of a trade that the venue told without one: a name for its encoded report."""
    return "unnamed-" + digest_hex("unnamed trade", report)[:24]
