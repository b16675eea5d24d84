"""The venue's announced maintenances: from when to when nothing may rest there unguarded.

An announcement is known by the venue's id: told again it replaces, told with no end it is
withdrawn. Which of them is next is kept in `quiet_from` and `quiet_to`; those that are over are
forgotten.
"""

from __future__ import annotations

from typing import Final

from actors.messages.control import MaintenanceAnnounced
from actors.orders.state import OrdersState

KEPT: Final = 64


def note(state: OrdersState, message: MaintenanceAnnounced, lead_ns: int, at: int) -> bool:
    """Write it down, with `lead_ns` before it; whether that changes anything."""
    before = dict(state.maintenances)
    begins = min(message.leave_by or message.starts, message.starts) - lead_ns
    if message.ends > at and message.ends >= message.starts:
        state.maintenances[message.event_id] = (begins, message.ends)
    else:
        state.maintenances.pop(message.event_id, None)
    turn(state, at)
    if len(state.maintenances) > KEPT:
        latest = max(state.maintenances, key=lambda name: (state.maintenances[name], name))
        del state.maintenances[latest]
    return state.maintenances != before


def turn(state: OrdersState, at: int) -> None:
    """Forget what is over, and keep the next, or the present one, at hand."""
    for name, (_, ends) in tuple(state.maintenances.items()):
        if ends <= at:
            del state.maintenances[name]
    state.quiet_from, state.quiet_to = min(state.maintenances.values(), default=(0, 0))


def under_way(state: OrdersState, at: int) -> str:
    """The id of a maintenance that keeps entries out now; empty when none does."""
    for name, (begins, ends) in state.maintenances.items():
        if begins <= at < ends:
            return name
    return ""
