"""What approved orders may still do to the account, each counted at its worst until proven over.

A reservation lives from approval until the portfolio is known to include the order's end. Until
the ledger's hold shows in a portfolio it also claims free funds. A portfolio is known to include a
fill when it comes at a later logical time, since a step runs to quiescence, or when it shows it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from actors.instruments import Instrument
from actors.messages.decision import Side
from actors.messages.ledger import PortfolioState
from actors.messages.order import OrderState, OrderUpdate
from actors.money import ZERO

OVER: Final = (
    OrderState.FILLED,
    OrderState.CANCELLED,
    OrderState.REJECTED,
    OrderState.EXPIRED,
    OrderState.NOT_SENT,
)
NEVER: Final = -1


class Reservation(msgspec.Struct):
    """One approved order. Quantities in base units; `settled` is what the portfolio shows of it.

    `held` says that the ledger holds its funds, `covered` that a portfolio since shows the hold.
    """

    intent_no: int
    symbol: str
    side: Side
    quantity: Decimal
    limit_price: Decimal
    approved_at: int
    cl_ord_id: str = ""
    filled: Decimal = ZERO
    settled: Decimal = ZERO
    quantity_before: Decimal = ZERO
    filled_at: int = NEVER
    held: bool = False
    covered: bool = False
    unknown: bool = False
    over: bool = False

    @property
    def claimed(self) -> Decimal:
        """The quantity that may still move the position beyond what the portfolio shows."""
        whole = self.filled if self.over else self.quantity
        return whole - self.settled

    def worst_cost(self, instrument: Instrument) -> Decimal:
        """What `claimed` costs at most, without fee, in quote currency."""
        return instrument.cost_of(self.claimed, self.limit_price)

    def claims_funds(self) -> Decimal:
        """The quantity whose funds the portfolio still calls free."""
        return ZERO if self.covered else self.claimed


def follow(reservation: Reservation, update: OrderUpdate, position: Decimal, at: int) -> None:
    """The order moved; `position` is the symbol's quantity in the last portfolio."""
    reservation.cl_ord_id = update.cl_ord_id
    reservation.unknown = update.state is OrderState.UNKNOWN
    # Anything after pending has its funds held: orders sends nothing without a hold.
    if update.state not in {OrderState.PENDING, OrderState.NOT_SENT, OrderState.REJECTED}:
        reservation.held = True
    if update.filled > reservation.filled:
        if reservation.filled == reservation.settled:
            reservation.quantity_before = position
        reservation.filled = update.filled
        reservation.quantity = max(reservation.quantity, update.filled)
        reservation.filled_at = at
    reservation.over = update.state in OVER


def settle(
    reservations: dict[str, Reservation], portfolio: PortfolioState, at: int
) -> dict[str, Reservation]:
    """The reservations that remain once `portfolio` has been seen at `at`."""
    remaining = {}
    for key, each in reservations.items():
        if each.filled > each.settled and (
            at > each.filled_at or (_is_alone(reservations, each) and _shows(portfolio, each))
        ):
            each.settled = each.filled
        each.covered = each.covered or each.held
        if not each.over or each.filled > each.settled:
            remaining[key] = each
    return remaining


def _is_alone(reservations: dict[str, Reservation], reservation: Reservation) -> bool:
    """Whether no other reservation is in the same symbol, so that every move is its own."""
    return not any(
        other is not reservation and other.symbol == reservation.symbol
        for other in reservations.values()
    )


def _shows(portfolio: PortfolioState, reservation: Reservation) -> bool:
    """Whether the position moved by at least what was filled since."""
    moved = position_of(portfolio, reservation.symbol) - reservation.quantity_before
    due = reservation.filled - reservation.settled
    return moved >= due if reservation.side is Side.BUY else -moved >= due


def position_of(portfolio: PortfolioState | None, symbol: str) -> Decimal:
    """The quantity held of a symbol, zero when nothing is known."""
    if portfolio is not None:
        for position in portfolio.positions:
            if position.symbol == symbol:
                return position.quantity
    return ZERO
