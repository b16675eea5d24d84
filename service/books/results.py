"""What one trade or entry realised, with what of it were fees and slippage."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from actors.messages.ledger import TradeClosed


class Result(msgspec.Struct, frozen=True):
    """What one trade realised in quote currency, and from which purchases on (`held_since`).

    `fee` and `slippage` are costs, those of the lots included; what remains is the price's doing.
    Without a `trade` it is no sale: a fee that ate its purchase, a purchase of what was owed, a
    trade outside the run. `unexplained` is a trade that no order of ours explains. An entry of the
    venue's ledger has its `kind`.
    """

    seq: int
    ordinal: int
    at: int
    cl_ord_id: str
    exec_id: str
    symbol: str
    quantity: Decimal
    proceeds: Decimal
    cost: Decimal
    realised: Decimal
    fee: Decimal
    slippage: Decimal
    held_since: int
    trade: TradeClosed | None
    unexplained: bool = False
    kind: str = ""

    @property
    def price(self) -> Decimal:
        """What would have been realised at the prices that were decided on, without fees."""
        return self.realised + self.fee + self.slippage
