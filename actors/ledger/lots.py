"""First in, first out: what a sale takes from the lots, with exact carry-over of cost.

A lot taken whole gives its whole cost; one taken in part gives its share rounded down, and what
remains keeps the rest. So the costs given out and kept always add up to what was paid. What a fact
took beyond the lots is owed, and comes off the next quantity that comes in.
"""

from __future__ import annotations

from decimal import Decimal

from actors.ledger.state import Lot, Position
from actors.money import ZERO, share_down


def add(position: Position, quantity: Decimal, cost: Decimal) -> None:
    """A new lot of `quantity` base for `cost` quote, fee included."""
    assert quantity > 0
    assert cost >= 0
    position.lots.append(Lot(quantity, cost))
    position.quantity += quantity
    position.cost += cost


def take_in(
    position: Position, quantity: Decimal, cost: Decimal, *, owed: Decimal, step: Decimal
) -> Decimal:
    """Add what came in; what was `owed` of it is gone already, and its share of cost is returned.

    So a position never shows more than the account has, whichever fact came first.
    """
    covered = min(quantity, owed)
    if covered == quantity:
        return cost
    share = share_down(cost, covered, quantity, step)
    add(position, quantity - covered, cost - share)
    return share


def consume(position: Position, quantity: Decimal, step: Decimal) -> Decimal:
    """Take up to `quantity` from the oldest lots and return its cost (grid of `step`)."""
    wanted = min(quantity, position.quantity)
    taken_cost = ZERO
    position.quantity -= wanted
    while wanted > 0:
        lot = position.lots[0]
        if lot.quantity <= wanted:
            wanted -= lot.quantity
            taken_cost += lot.cost
            del position.lots[0]
            continue
        share = share_down(lot.cost, wanted, lot.quantity, step)
        lot.quantity -= wanted
        lot.cost -= share
        taken_cost += share
        wanted = ZERO
    position.cost -= taken_cost
    return taken_cost
