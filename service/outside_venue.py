"""A venue outside the graph: the outbox in front of it, its facts behind, and proof for what is
unknown.

At start every order that this account believes alive is looked up in the venue's own lists;
afterwards only those whose outcome is unknown: at once, then after pauses of logical time that
double up to a bound. When we ask decides nothing. Absence proves something only after an order's
deadline. The lists of a reconciliation are read when the core waits for them, whatever became of
the effect that said so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from actors.instant import SECOND_NS
from actors.kernel.kernel import Kernel
from actors.messages.base import Message
from actors.messages.control import LedgerEntry
from actors.messages.execution import ExecutionReport, VenueEvidence
from actors.messages.order import OrderState
from actors.messages.reconciliation import VenueOrderSeen, VenueSnapshot
from actors.messages.risk import TradingState
from actors.orders.state import OrdersState
from actors.ports import EdgeError
from actors.reconciliation.state import ReconciliationActorState
from actors.venue_port import Venue
from service.account_fees import FeeWatch
from service.fail_points import FailPoints
from service.ingress import Ingress
from service.outbox import Outbox
from service.safe_stop import Bounds, Pauses

LOOK_AGAIN_FIRST_NS: Final = SECOND_NS
LOOK_AGAIN_LONGEST_NS: Final = 30 * SECOND_NS
_IN_DOUBT: Final = (OrderState.UNKNOWN,)
# Most orders and trades, or entries, of one part of a reading.
PART: Final = 800
# A venue's order id, and some trades of that order.
_Chunk = tuple[str, tuple[ExecutionReport, ...]]


class _Asked(msgspec.Struct, frozen=True):
    """An order that was looked up: how long to wait, and until when (ns of logical time)."""

    pause_ns: int
    until: int


class OutsideVenue:
    """What a driver needs to trade through a venue port, and the pace of its safe stops.

    With `funds` the account opens with what lies at the venue, with `fees` it pays its own.
    """

    def __init__(
        self,
        venue: Venue,
        ingress: Ingress,
        *,
        pauses: Pauses = Pauses(),  # noqa: B008  (frozen)
        bounds: Bounds = Bounds(),  # noqa: B008  (frozen)
        funds: bool = False,
        fees: FeeWatch | None = None,
    ) -> None:
        self.venue = venue
        self.funds = funds
        self.fees = fees
        self.ingress = ingress
        self.pauses = pauses
        self.bounds = bounds
        self._owed: dict[str, None] = {}
        self._asked: dict[str, _Asked] = {}
        self._read = 0
        self._read_again = 0
        self._tried = 0
        self._pause_ns = LOOK_AGAIN_FIRST_NS
        self.failed_reads = 0
        self.trouble = ""
        """Why the lists could not be read the last time; empty when they could."""

    def outbox(
        self, kernel: Kernel, epoch: int, fail_points: FailPoints, *, decision_age_max_ns: int
    ) -> Outbox:
        """The door of one epoch; time is the kernel's own, and the wait for the journal on top."""

        def standing() -> TradingState:
            if kernel.halt is not None:
                return TradingState.HALTED
            state: TradingState = kernel.actor("orders").state.trading
            return state

        return Outbox(
            self.venue,
            epoch=epoch,
            trading_state=standing,
            now=lambda: kernel.at,
            fail_points=fail_points,
            decision_age_max_ns=decision_age_max_ns,
        )

    async def evidence(self, kernel: Kernel, *, everything: bool) -> list[Message]:
        """What the venue's lists say about our orders, as inputs.

        What could not be asked is asked again after its pause. Absence before an order's deadline
        proves nothing and is no input.
        """
        orders: OrdersState = kernel.actor("orders").state
        if everything:
            self._owed, self._asked = dict.fromkeys(orders.live), {}
        found: list[Message] = []
        asked_before, self._asked = self._asked, {}
        for order in tuple(orders.live.values()):
            if order.cl_ord_id not in self._owed and order.state not in _IN_DOUBT:
                continue
            asked = asked_before.get(order.cl_ord_id)
            if asked is not None and kernel.at < asked.until:
                self._asked[order.cl_ord_id] = asked
                continue
            self._asked[order.cl_ord_id] = _asked_again(asked, kernel.at, order.deadline)
            try:
                seen = await self.venue.look_up(order.cl_ord_id, order.decided_at)
            except EdgeError:
                continue
            self._owed.pop(order.cl_ord_id, None)
            if not seen.found and kernel.at <= order.deadline:
                continue
            reports = tuple(r for r in seen.reports if isinstance(r, ExecutionReport))
            found.append(
                VenueEvidence(
                    order.cl_ord_id,
                    kernel.at,
                    seen.found,
                    seen.complete,
                    seen.open,
                    reports,
                    seen.window_from,
                    seen.window_to,
                    seen.filled,
                    seen.end,
                    seen.quantity,
                    seen.limit_price,
                )
            )
        return found

    async def lists(self, kernel: Kernel) -> list[Message]:
        """The venue's lists, when the core waits for them: once for each number it gives.

        What could not be read is tried again after a pause of logical time that doubles up to a
        bound; a new number is tried at once.
        """
        state: ReconciliationActorState = kernel.actor("reconciliation").state
        at, number = kernel.at, state.number
        if not state.awaits or number == self._read:
            return []
        if number == self._tried and at < self._read_again:
            return []
        # The core may ask anew while this is read; that is another reading, and still owed.
        self._tried = number
        try:
            snapshot = await self.venue.lists(state.request())
        except EdgeError as error:
            self.failed_reads, self.trouble = self.failed_reads + 1, str(error)
            self._read_again = at + self._pause_ns
            self._pause_ns = min(2 * self._pause_ns, LOOK_AGAIN_LONGEST_NS)
            return []
        self._pause_ns, self.trouble = LOOK_AGAIN_FIRST_NS, ""
        self._read = number
        return list(parts_of(msgspec.structs.replace(snapshot, ts=at)))


def parts_of(snapshot: VenueSnapshot, size: int = PART) -> Iterator[VenueSnapshot]:
    """A long reading in parts, each an input that a mailbox holds: orders, trades and entries.

    A part lists the orders of its trades. The last has everything that is open, and the balances.
    """
    orders = {each.venue_order_id: each for each in snapshot.closed_orders}
    orders |= {each.venue_order_id: each for each in snapshot.open_orders}
    trades: dict[str, list[ExecutionReport]] = {name: [] for name in orders}
    for report in snapshot.trades:
        trades.setdefault(report.venue_order_id, []).append(report)
    chunks = [
        (name, tuple(found[first : first + size]))
        for name, found in trades.items()
        for first in range(0, max(1, len(found)), size)
    ]
    rest = snapshot
    if len(chunks) + len(snapshot.trades) + len(snapshot.entries) > size:
        for group in _grouped(chunks, size):
            listed = [orders[name] for name, _ in group if name in orders]
            yield _part(snapshot, listed, group, ())
        for first in range(0, len(snapshot.entries), size):
            yield _part(snapshot, [], [], snapshot.entries[first : first + size])
        rest = msgspec.structs.replace(snapshot, closed_orders=(), trades=(), entries=())
    yield rest


def _grouped(chunks: list[_Chunk], size: int) -> Iterator[list[_Chunk]]:
    """Orders with their trades, as many as make `size` of both; an order alone may be more."""
    group: list[_Chunk] = []
    filled = 0
    for chunk in chunks:
        if group and filled + 1 + len(chunk[1]) > size:
            yield group
            group, filled = [], 0
        group.append(chunk)
        filled += 1 + len(chunk[1])
    if group:
        yield group


def _part(
    snapshot: VenueSnapshot,
    listed: list[VenueOrderSeen],
    chunks: list[_Chunk],
    entries: tuple[LedgerEntry, ...],
) -> VenueSnapshot:
    return msgspec.structs.replace(
        snapshot,
        open_orders=tuple(each for each in listed if each.end is None),
        closed_orders=tuple(each for each in listed if each.end is not None),
        trades=tuple(report for _, found in chunks for report in found),
        balances=(),
        entries=entries,
        more=True,
    )


def _asked_again(asked: _Asked | None, at: int, deadline: int) -> _Asked:
    """Twice the pause of last time; but as soon as absence proves something."""
    pause_ns = LOOK_AGAIN_FIRST_NS
    if asked is not None:
        pause_ns = min(2 * asked.pause_ns, LOOK_AGAIN_LONGEST_NS)
    until = at + pause_ns
    return _Asked(pause_ns, min(until, deadline + 1) if at <= deadline else until)
