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
_LOOKED_FOR: Final = 64


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


class Waiting(msgspec.Struct):
    """Which reservations wait for what, by intent number, so that no portfolio looks through all.

    `uncovered` wait for a portfolio that shows their hold, `unsettled` (by the time of their fill)
    for one that shows their fill, `unanswered` (by that of their approval) for their order.
    """

    uncovered: dict[str, None] = {}
    unsettled: dict[str, None] = {}
    unanswered: dict[str, None] = {}


def note(reservations: dict[str, Reservation], waiting: Waiting, key: str) -> None:
    """A reservation is new, or was answered, held or filled: note what it waits for now."""
    each = reservations[key]
    if each.cl_ord_id:
        waiting.unanswered.pop(key, None)
    else:
        waiting.unanswered[key] = None
    if each.held and not each.covered:
        waiting.uncovered[key] = None
    if each.filled > each.settled:
        waiting.unsettled.pop(key, None)
        waiting.unsettled[key] = None
    elif each.over:
        drop(reservations, waiting, key)


def drop(reservations: dict[str, Reservation], waiting: Waiting, key: str) -> None:
    """Nothing is claimed any more."""
    reservations.pop(key, None)
    for names in (waiting.uncovered, waiting.unsettled, waiting.unanswered):
        names.pop(key, None)


def unanswered(reservations: dict[str, Reservation], waiting: Waiting, oldest: int) -> list[str]:
    """The numbers of those that were approved before `oldest` and never answered."""
    return [key for key in waiting.unanswered if reservations[key].approved_at < oldest]


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
    reservations: dict[str, Reservation], waiting: Waiting, portfolio: PortfolioState, at: int
) -> None:
    """What `portfolio`, seen at `at`, shows; a reservation that is over and shown is let go.

    Of very many fills at one time none is looked for in the figures: later portfolios show all.
    """
    for key in waiting.uncovered:
        reservations[key].covered = True
    waiting.uncovered.clear()
    looked_for = len(waiting.unsettled) <= _LOOKED_FOR
    shown = []
    for key in waiting.unsettled:
        each = reservations[key]
        if at > each.filled_at:
            shown.append(key)
        elif not looked_for:
            break
        elif _is_alone(reservations, each) and _shows(portfolio, each):
            shown.append(key)
    for key in shown:
        each = reservations[key]
        each.settled = each.filled
        del waiting.unsettled[key]
        if each.over:
            drop(reservations, waiting, key)


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
