"""The venue as the service meets it: what may be asked of it, and what its lists say.

The errors of these methods are those of `actors.ports`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

import msgspec

from actors.messages.base import Message
from actors.messages.execution import ExecKind
from actors.messages.order import AmendOrder, CancelOrder, DeadManSwitch, SubmitOrder
from actors.messages.reconciliation import ReconcileRequested, VenueSnapshot


class VenueOrder(msgspec.Struct, frozen=True):
    """What the venue's own lists say about a client order id.

    `window_from`, `window_to`, `filled`, `end`, `quantity` and `limit_price` are those of
    `VenueEvidence`; a venue whose lists lag must tell the end of the window.
    """

    cl_ord_id: str
    found: bool
    complete: bool
    open: bool
    reports: tuple[Message, ...] = ()
    window_from: int = 0
    window_to: int = 0
    filled: Decimal | None = None
    end: ExecKind | None = None
    quantity: Decimal | None = None
    limit_price: Decimal | None = None


class Venue(Protocol):
    """A venue behind the outbox. Reports come back as inputs, never as return values."""

    async def submit(self, order: SubmitOrder) -> None:
        """Send the order once. Raises UnknownOutcome when the answer is lost, Permanent when
        refused.
        """

    async def amend(self, change: AmendOrder) -> None:
        """Change a resting order once. Raises as `submit` does."""

    async def cancel(self, order: CancelOrder) -> None:
        """Ask for a cancel by client id; harmless when the order is already over."""

    async def look_up(self, cl_ord_id: str, since: int) -> VenueOrder:
        """Read open orders, closed orders and trades for this id, from `since` (ns UTC) on.

        Nothing of the order can be older than that.
        """

    async def switch(self, switch: DeadManSwitch) -> None:
        """Set the venue's timer that cancels everything; raises an EdgeError when it is not set."""

    async def lists(self, request: ReconcileRequested) -> VenueSnapshot:
        """Read everything that `request` asks for; open orders first, then the rest.

        Raises an EdgeError when nothing could be read; lists that were read in part are told as
        not complete.
        """

    async def open_orders(self) -> tuple[str, ...]:
        """Client ids of our own open orders."""
