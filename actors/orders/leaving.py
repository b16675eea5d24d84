"""What a clean stop calls back: entries, everything or nothing, as the settings say.

Whoever is not there cannot watch an order. An entry risks money that is safe, so it is called back
unless the settings say otherwise; a sale reduces risk, so it may rest. The venue's switch is
disarmed with the last entry, because it would end the sales too; when nothing is called back it
stays as it is, and ends every order of the account if nobody comes back in time.
"""

from __future__ import annotations

from typing import Final

from actors.messages.control import StopAsked
from actors.messages.decision import Side
from actors.messages.order import CancelOrder, OrderState
from actors.orders.state import Order, OrdersState
from actors.orders.transitions import cancel

CANCEL_ENTRIES: Final = "cancel_entries"
CANCEL: Final = "cancel"
LEAVE: Final = "leave"
CHOICES: Final = (CANCEL_ENTRIES, CANCEL, LEAVE)


def called_back_at_stop(state: OrdersState, message: StopAsked) -> list[CancelOrder]:
    """Cancels of what the stop calls back and may rest at the venue."""
    return [
        cancel(order, f"the service stops: {message.reason}")
        for order in awaited(state, message.cancels)
        if order.state is not OrderState.PENDING
    ]


def awaited(state: OrdersState, cancels: str) -> tuple[Order, ...]:
    """The live orders that a stop wants to see ended. An unknown policy calls back everything."""
    if cancels == LEAVE:
        return ()
    entries_only = cancels == CANCEL_ENTRIES
    return tuple(
        order for order in state.live.values() if order.side is Side.BUY or not entries_only
    )
