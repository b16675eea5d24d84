"""How a venue outside and our books stand: what differs since when, and how readings of it go.

A view of the states of reconciliation and orders; counts begin with the process. Only a run with a
venue outside has one.
"""

from __future__ import annotations

from typing import Final

import msgspec

from actors.instant import SECOND_NS
from actors.kernel.kernel import Kernel
from actors.orders.state import OrdersState
from actors.orders.switch import unguarded
from actors.reconciliation.state import ReconciliationActorState
from service.outside_venue import OutsideVenue

NEVER: Final = -1.0


class DifferenceReading(msgspec.Struct, frozen=True):
    """What is not the same here and there; `since` is when it was first read (ns UTC)."""

    what: str
    name: str
    ours: str
    venues: str
    since: int


class ForeignOrder(msgspec.Struct, frozen=True):
    """An open order of the account that is not ours."""

    venue_order_id: str
    symbol: str


class ReconciliationReading(msgspec.Struct, frozen=True):
    """Where reconciliation stands. `age_seconds` is -1 before any whole reading.

    `number` counts readings that were asked for; `awaits` says that the newest has not come, and
    `trouble` why the venue could not be asked the last time. `blocked` and `unguarded` are why
    nothing is entered: the lists, or the dead man's switch.
    """

    number: int
    awaits: bool
    reason: str
    blocked: str
    differs: bool
    differences: tuple[DifferenceReading, ...]
    away: dict[str, str]
    age_seconds: float
    complete: int
    incomplete: int
    failed: int
    trouble: str
    foreign: tuple[ForeignOrder, ...]
    consent: bool
    switch_armed: bool
    unguarded: str


class ReconciliationReader:
    """Reads one run's states; counts are those since this was made."""

    def __init__(self, kernel: Kernel, outside: OutsideVenue) -> None:
        self._kernel = kernel
        self._outside = outside
        state = self._state
        self._before = (state.complete_count, state.incomplete_count)

    @property
    def _state(self) -> ReconciliationActorState:
        state: ReconciliationActorState = self._kernel.actor("reconciliation").state
        return state

    def read(self, silent_seconds: float) -> ReconciliationReading:
        """The standing now; `silent_seconds` of the wall have passed since the last input."""
        kernel, state, outside = self._kernel, self._state, self._outside
        orders: OrdersState = kernel.actor("orders").state
        age = NEVER
        if state.complete_at:
            age = (kernel.at - state.complete_at) / SECOND_NS + silent_seconds
        return ReconciliationReading(
            number=state.number,
            awaits=state.awaits,
            reason=state.reason,
            blocked=state.told.blocked,
            differs=state.differs,
            differences=_differences(state),
            away=dict(state.away),
            age_seconds=age,
            complete=state.complete_count - self._before[0],
            incomplete=state.incomplete_count - self._before[1],
            failed=outside.failed_reads,
            trouble=outside.trouble,
            foreign=tuple(ForeignOrder(*each) for each in orders.foreign.items()),
            consent=orders.consent,
            switch_armed=orders.armed,
            unguarded=unguarded(kernel.actor("orders").config, orders, kernel.at),
        )


def _differences(state: ReconciliationActorState) -> tuple[DifferenceReading, ...]:
    return tuple(
        DifferenceReading(
            each.what,
            each.name,
            each.ours,
            each.venues,
            state.seen_since.get(f"{each.what} {each.name}", 0),
        )
        for each in state.differences
    )
