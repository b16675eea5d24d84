"""The venue's dead man's switch: armed while entries rest, and renewed by the loop that trades.

It is armed before an entry leaves and disarmed with the last one. Only a timer of the core renews
it, so a stalled loop or journal lets it fire. It cancels the whole account: with open orders that
are not ours it needs a recorded consent, else there are no entries and those that rest are called
back. It is off before an announced maintenance, which would end with everything cancelled.
"""

from __future__ import annotations

from typing import Final

from actors.instant import SECOND_NS
from actors.messages.base import Message
from actors.messages.control import CancelTimer, MaintenanceAnnounced, SetTimer
from actors.messages.decision import Side
from actors.messages.order import DeadManSwitch, OrderState
from actors.orders import calendar
from actors.orders.state import OrdersConfig, OrdersState
from actors.orders.transitions import cancel

SWITCH: Final = "switch"
# It is renewed after a third of its run, and off two of its runs in advance.
_THIRD_OF_A_SECOND_NS: Final = 333_333_333
_LEAD: Final = 2


def unguarded(config: OrdersConfig, state: OrdersState, at: int) -> str:
    """Why nothing is entered unguarded; empty when the switch may be armed, or none is wanted."""
    if event := calendar.under_way(state, at):
        return f"a maintenance is announced: {event}"
    if config.switch_seconds and state.foreign and not state.consent:
        return f"{len(state.foreign)} open orders are not ours, and nobody has consented"
    return ""


def arm(config: OrdersConfig, state: OrdersState, at: int) -> list[Message]:
    """An entry is about to leave: the switch first."""
    if not config.switch_seconds or state.armed:
        return []
    return _renewed(config, state, at, "an entry rests")


def tend(config: OrdersConfig, state: OrdersState, at: int) -> list[Message]:
    """Disarm when no entry rests any more, or when the switch may no longer be armed."""
    if not state.armed:
        return []
    why_not = unguarded(config, state, at)
    if not why_not:
        return [] if _rests(state) else _disarmed(state, "no entry rests")
    return [*called_back(state, why_not), *_disarmed(state, why_not)]


def called_back(state: OrdersState, reason: str) -> list[Message]:
    """A cancel of every entry that may rest at the venue."""
    return [
        cancel(order, reason)
        for order in state.live.values()
        if order.side is Side.BUY and order.state is not OrderState.PENDING
    ]


def renew(config: OrdersConfig, state: OrdersState, at: int) -> list[Message]:
    """The timer fired; the first one of a new leader also undoes what its predecessor left."""
    if not config.switch_seconds:
        return _without_switch(state, at)
    if _rests(state) and not unguarded(config, state, at):
        return _renewed(config, state, at, "entries rest")
    return tend(config, state, at) or _disarmed(state, "no entry rests")


def take_over(config: OrdersConfig, at: int) -> list[Message]:
    """A new leader cannot know what its predecessor left armed: it looks at once."""
    if not config.switch_seconds or config.venue_in_graph:
        return []
    return [SetTimer(SWITCH, at + SECOND_NS)]


def announced(
    config: OrdersConfig, state: OrdersState, message: MaintenanceAnnounced, at: int
) -> list[Message]:
    """Keep away from the maintenance; it is off in time, whenever the next message comes."""
    lead_ns = max(_LEAD * config.switch_seconds * SECOND_NS, config.maintenance_lead_ns)
    if not calendar.note(state, message, lead_ns, at):
        return []
    if not config.switch_seconds:
        return _without_switch(state, at)
    if not state.armed:
        return []
    return tend(config, state, at) or _renewed(config, state, at, "a maintenance is announced")


def _without_switch(state: OrdersState, at: int) -> list[Message]:
    """No switch is wanted, but entries are called back before a maintenance nevertheless."""
    calendar.turn(state, at)
    if event := calendar.under_way(state, at):
        told = called_back(state, f"a maintenance is announced: {event}")
        return [*told, SetTimer(SWITCH, state.quiet_to)]
    if state.quiet_from > at:
        return [SetTimer(SWITCH, state.quiet_from)]
    return []


def _renewed(config: OrdersConfig, state: OrdersState, at: int, reason: str) -> list[Message]:
    state.armed = True
    calendar.turn(state, at)
    due = at + config.switch_seconds * _THIRD_OF_A_SECOND_NS
    if at < state.quiet_from:
        due = min(due, state.quiet_from)
    return [DeadManSwitch(config.switch_seconds, reason), SetTimer(SWITCH, due)]


def _disarmed(state: OrdersState, reason: str) -> list[Message]:
    state.armed = False
    return [DeadManSwitch(0, reason), CancelTimer(SWITCH)]


def _rests(state: OrdersState) -> bool:
    return any(
        order.side is Side.BUY and order.state is not OrderState.PENDING
        for order in state.live.values()
    )
