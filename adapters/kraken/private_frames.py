"""Frames of the private channels as they are sent: the head of each, and changes of balances."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from adapters.kraken.executions import ExecutionsFrame


class BalanceRow(msgspec.Struct, frozen=True, gc=False):
    """One entry of the venue's ledger; amounts in units of the asset."""

    ledger_id: str
    type: str
    asset: str
    amount: Decimal
    timestamp: str
    fee: Decimal = Decimal(0)
    subtype: str = ""


class BalanceFrame(msgspec.Struct, frozen=True, gc=False):
    """Entries that were just booked."""

    data: tuple[BalanceRow, ...]


class PrivateHead(msgspec.Struct, frozen=True, gc=False):
    """What every frame begins with; `sequence` grows by one with each of its channel."""

    channel: str
    type: str = ""
    sequence: int = 0


HEAD: Final = msgspec.json.Decoder(PrivateHead)
EXECUTIONS: Final = msgspec.json.Decoder(ExecutionsFrame)
BALANCES: Final = msgspec.json.Decoder(BalanceFrame)
