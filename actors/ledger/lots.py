"""First in, first out: what a sale takes from the lots, with exact carry-over of cost.

A lot taken whole gives its whole cost; one taken in part gives its share rounded down, and what
remains keeps the rest. So the costs given out and kept always add up to what was paid. What a fact
took beyond the lots is owed, and comes off the next quantity that comes in. Every lot that opens
and all that leaves one is noted as a move; what a sale brought is shared among what it took.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from actors.ledger.state import LedgerState, Lot, LotMove, Position
from actors.messages.base import Message
from actors.messages.ledger import LotConsumed, LotOpened
from actors.money import ZERO, share_down

# Why a quantity left its lots. What a fee took is lost; a withdrawal and a trade of one asset
# against another take the cost with them.
SALE: Final = "sale"
FEE: Final = "fee"
SWAP: Final = "swap"
WITHDRAWAL: Final = "withdrawal"


def add(state: LedgerState, position: Position, quantity: Decimal, cost: Decimal) -> None:
    """A new lot of `quantity` base for `cost` quote, fee included."""
    assert quantity > 0
    assert cost >= 0
    state.lots += 1
    position.lots.append(Lot(quantity, cost, state.lots))
    state.moves.append(LotMove(state.lots, position.symbol, quantity, cost))
    position.quantity += quantity
    position.cost += cost


def take_in(
    state: LedgerState, position: Position, quantity: Decimal, cost: Decimal, *, owed: Decimal
) -> Decimal:
    """Add what came in; what was `owed` of it is gone already, and its share of cost is returned.

    So a position never shows more than the account has, whichever fact came first.
    """
    covered = min(quantity, owed)
    if covered == quantity:
        return cost
    share = share_down(cost, covered, quantity, position.quote_step)
    add(state, position, quantity - covered, cost - share)
    return share


def consume(state: LedgerState, position: Position, quantity: Decimal, cause: str) -> Decimal:
    """Take up to `quantity` from the oldest lots and return its cost (grid of the quote)."""
    wanted = min(quantity, position.quantity)
    taken_cost = ZERO
    position.quantity -= wanted
    while wanted > 0:
        lot = position.lots[0]
        if lot.quantity <= wanted:
            taken, share = lot.quantity, lot.cost
            del position.lots[0]
        else:
            taken, share = wanted, share_down(lot.cost, wanted, lot.quantity, position.quote_step)
        lot.quantity -= taken
        lot.cost -= share
        wanted -= taken
        taken_cost += share
        if lot.number:
            lost = -share if cause == FEE else ZERO
            move = LotMove(lot.number, position.symbol, taken, share, cause, lot.quantity)
            move.realised = lost
            state.moves.append(move)
    position.cost -= taken_cost
    return taken_cost


def share_sale(moves: Sequence[LotMove], proceeds: Decimal, fee: Decimal, step: Decimal) -> None:
    """Share what a sale brought and its fee in quote among what it took; the last takes the rest.

    So the results of the lots add up to that of the sale.
    """
    whole = sum((each.quantity for each in moves), ZERO)
    rest, fee_rest = proceeds, fee
    for each in moves[:-1]:
        each.proceeds = share_down(proceeds, each.quantity, whole, step)
        each.fee = share_down(fee, each.quantity, whole, step)
        rest -= each.proceeds
        fee_rest -= each.fee
    for each in moves[-1:]:
        each.proceeds, each.fee = rest, fee_rest
    for each in moves:
        each.realised = each.proceeds - each.fee - each.cost


def lot_records(state: LedgerState, source: str) -> tuple[Message, ...]:
    """The moves since the last time as records of the booking `source`; they are forgotten."""
    moves, state.moves = state.moves, []
    return tuple(
        LotConsumed(
            each.number,
            each.symbol,
            source,
            each.cause,
            each.quantity,
            each.cost,
            each.proceeds,
            each.fee,
            each.realised,
            each.remaining,
        )
        if each.cause
        else LotOpened(each.number, each.symbol, source, each.quantity, each.cost)
        for each in moves
    )
