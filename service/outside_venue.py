"""A venue outside the graph: the outbox in front of it, its facts behind, and proof for what is
unknown.

At start every order that this account believes alive is looked up in the venue's own lists;
afterwards only those whose outcome is unknown. Absence proves something only after an order's
deadline.
"""

from __future__ import annotations

from collections.abc import Callable

from actors.kernel.kernel import Kernel
from actors.messages.base import Message
from actors.messages.execution import ExecutionReport, VenueEvidence
from actors.messages.order import CancelOrder, OrderState
from actors.messages.risk import TradingState
from actors.orders.state import OrdersState
from actors.ports import EdgeError, Venue
from service.fail_points import FailPoints
from service.ingress import Ingress
from service.outbox import Outbox

_IN_DOUBT = (OrderState.UNKNOWN,)


class OutsideVenue:
    """What a driver needs to trade through a venue port."""

    def __init__(self, venue: Venue, ingress: Ingress) -> None:
        self.venue = venue
        self.ingress = ingress
        self._owed: dict[str, None] = {}

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

        What could not be asked is asked again next time. Absence before an order's deadline proves
        nothing and is no input.
        """
        orders: OrdersState = kernel.actor("orders").state
        if everything:
            self._owed = dict.fromkeys(orders.live)
        found: list[Message] = []
        for order in tuple(orders.live.values()):
            if order.cl_ord_id not in self._owed and order.state not in _IN_DOUBT:
                continue
            try:
                seen = await self.venue.look_up(order.cl_ord_id)
            except EdgeError:
                continue
            self._owed.pop(order.cl_ord_id, None)
            if not seen.found and kernel.at <= order.deadline:
                continue
            reports = tuple(r for r in seen.reports if isinstance(r, ExecutionReport))
            found.append(
                VenueEvidence(
                    order.cl_ord_id, kernel.at, seen.found, seen.complete, seen.open, reports
                )
            )
        return found

    async def safe_stop(self, say: Callable[[str], None]) -> int:
        """Cancel our own open orders by id from the venue's list; how many were asked for."""
        asked = 0
        try:
            ours = await self.venue.open_orders()
        except EdgeError as error:
            say(f"the venue's open orders cannot be read: {error}")
            return 0
        for cl_ord_id in ours:
            try:
                await self.venue.cancel(CancelOrder(cl_ord_id, "", "safe mode"))
            except EdgeError as error:
                say(f"the order {cl_ord_id} could not be cancelled: {error}")
                continue
            asked += 1
        return asked
