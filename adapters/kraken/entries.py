"""Kraken's ledger rows as entries of ours: which kinds move money besides trades.

A row of a kind that is not in the table makes no entry; the balance then differs from the books,
and a person has to look. Names are those of the WebSocket channel and of the REST ledger alike.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from actors.messages.control import LedgerEntry

TRADES: Final = frozenset(("trade", "spend", "receive", "settled"))
"""Both sides of a trade, told by the fills."""
_KINDS: Final = {
    "deposit": "deposit",
    "withdrawal": "withdrawal",
    "transfer": "transfer",
    "adjustment": "adjustment",
    "staking": "reward",
    "reward": "reward",
    "dividend": "reward",
    "credit": "adjustment",
}
_EARN: Final = {
    "reward": "reward",
    "allocation": "staking",
    "autoallocation": "staking",
    "deallocation": "staking",
    "autodeallocation": "staking",
    "migration": "staking",
    "bonding": "staking",
    "unbonding": "staking",
}
_MOVED: Final = frozenset(("spottostaking", "stakingfromspot", "stakingtospot", "spotfromstaking"))


def kind_of(type_: str, subtype: str) -> str | None:
    """Our kind for a row of the venue's ledger, None where the table has none."""
    if type_ == "earn":
        return _EARN.get(subtype)
    if type_ == "transfer" and subtype in _MOVED:
        return "staking"
    return _KINDS.get(type_)


def entry_of(
    ledger_id: str, type_: str, subtype: str, asset: str, *, amount: Decimal, fee: Decimal, ts: int
) -> LedgerEntry | None:
    """The entry, named by the row's own id, which is unique; None for trades and unknown kinds."""
    if type_ in TRADES:
        return None
    kind = kind_of(type_, subtype)
    if kind is None:
        return None
    return LedgerEntry(ledger_id, kind, asset, amount, fee, ts)
