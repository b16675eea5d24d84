"""The hash of a transfer: SHA-256 over one text of its row and the hash of the row before it.

PostgreSQL makes the same text of the stored row (0008_ledger_chain.sql): whole numbers and amounts
in plain decimals, the lengths of the texts in bytes, the hash before, then the texts themselves.
Numbers hold no bar and lengths tell where a text ends, so no two rows have one text.
"""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Final

from actors.messages.ledger import Transfer

# What the database stores for a NUL, which its text cannot hold.
_NUL_STORED: Final = "\N{REPLACEMENT CHARACTER}"


def hash_of(row: Transfer) -> str:
    """The hash (hex) that `row` must have; what it says of its own is not part of it."""
    texts = tuple(
        text.replace("\0", _NUL_STORED).encode()
        for text in (row.debit, row.credit, row.asset, row.source, row.cause)
    )
    numbers = (
        str(row.transfer_no),
        plain(row.amount),
        plain(row.debit_balance),
        plain(row.credit_balance),
        str(row.debit_sequence),
        str(row.credit_sequence),
        *(str(len(text)) for text in texts),
        row.previous,
    )
    return hashlib.sha256(b"".join(("|".join(numbers).encode(), b"|", *texts))).hexdigest()


def plain(amount: Decimal) -> str:
    """All digits of `amount` at its own exponent, as `numeric` is shown: no E, no minus zero."""
    shown = amount or abs(amount)
    text = str(shown)
    return format(shown, "f") if "E" in text else text  # not money: its text, which rounds nothing
