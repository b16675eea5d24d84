"""Where each open lot came from, and the fee and slippage that it carries until it is taken.

Lots are the ledger's own and are only looked at: what is missing from the front was taken, first
in, first out. A part carries its share rounded down, what remains keeps the rest, like its cost.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from actors.ledger.state import Lot
from actors.money import ZERO, divide_down


class Carried(msgspec.Struct, frozen=True):
    """Fee and slippage that go somewhere together; `since` is the oldest purchase among them."""

    fee: Decimal = ZERO
    slippage: Decimal = ZERO
    since: int | None = None

    def plus(self, other: Carried) -> Carried:
        """Both."""
        known = [each for each in (self.since, other.since) if each is not None]
        fee, slippage = self.fee + other.fee, self.slippage + other.slippage
        return Carried(fee, slippage, min(known, default=None))

    def less(self, other: Carried) -> Carried:
        """What remains after the part `other`."""
        return Carried(self.fee - other.fee, self.slippage - other.slippage, self.since)

    def part(self, taken: Decimal, whole: Decimal, step: Decimal) -> Carried:
        """The share of `taken` out of `whole`, rounded down; all of it for the whole."""
        if taken == whole:
            return self
        if not taken:
            return NOTHING
        fee = divide_down(self.fee * taken, whole, step)
        return Carried(fee, divide_down(self.slippage * taken, whole, step), self.since)


NOTHING: Final = Carried()


class Origin(msgspec.Struct):
    """A lot in the ledger's state and what made it: a trade by its ids, or a deposit (no ids).

    `quantity` is what the lot held when it was last looked at.
    """

    lot: Lot
    quantity: Decimal
    at: int
    cl_ord_id: str
    exec_id: str
    unexplained: bool
    carried: Carried


def new_lot(origins: list[Origin], lots: list[Lot]) -> Lot | None:
    """The lot that came since the last look; one event makes at most one, at the end."""
    if lots and not (origins and origins[-1].lot is lots[-1]):
        return lots[-1]
    return None


def gone(origins: list[Origin], lots: list[Lot]) -> Decimal:
    """How much has left the known lots since the last look."""
    survivors = len(lots) - (new_lot(origins, lots) is not None)
    count = len(origins) - survivors
    total = sum((each.quantity for each in origins[:count]), ZERO)
    if survivors:
        total += origins[count].quantity - origins[count].lot.quantity
    return total


def take(origins: list[Origin], quantity: Decimal, step: Decimal) -> Carried:
    """Take `quantity` from the oldest origins, with what it carries."""
    found, left = NOTHING, quantity
    while left > 0:
        origin = origins[0]
        part = min(left, origin.quantity)
        share = origin.carried.part(part, origin.quantity, step)
        found = found.plus(Carried(share.fee, share.slippage, origin.at))
        origin.carried = origin.carried.less(share)
        origin.quantity -= part
        left -= part
        if not origin.quantity:
            del origins[0]
    return found
