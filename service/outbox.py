"""The outbox: the only door out. It releases what is durable and re-checks at the door.

An entry is dropped with a recorded NotSent when trading is no longer Active, the epoch is old, the
decision is older than the limit, or the dead man's switch could not be armed; an exit or a change
of one when trading is halted, too. An id that has left never leaves again: Kraken knows it only
while its order is open, and would take it for another one. Cancels always pass.
Answers come back as inputs, never as return values.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from actors.instant import SECOND_NS
from actors.kernel.envelope import Envelope
from actors.messages.decision import Side
from actors.messages.execution import NotSent
from actors.messages.order import AmendOrder, CancelOrder, DeadManSwitch, SubmitOrder
from actors.messages.risk import TradingState
from actors.ports import EdgeError, FeedItem, Transient
from actors.venue_port import Venue
from service.fail_points import FailPoints

DECISION_AGE_MAX_NS: Final = 2 * SECOND_NS
IDS_KEPT: Final = 10_000
"""How many orders that left are remembered."""


class Outbox:
    """Sends durable effects to a venue, once each, in order."""

    def __init__(
        self,
        venue: Venue,
        *,
        epoch: int,
        trading_state: Callable[[], TradingState],
        now: Callable[[], int],
        fail_points: FailPoints,
        decision_age_max_ns: int = DECISION_AGE_MAX_NS,
        steady: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._venue = venue
        self._epoch = epoch
        self._trading_state = trading_state
        self._now = now
        self._fail_points = fail_points
        self._decision_age_max_ns = decision_age_max_ns
        self._steady = steady
        self._unguarded = False
        self._left: dict[str, None] = {}
        self.released = 0
        self.not_sent = 0

    async def release(self, effects: list[Envelope], waited_ns: int = 0) -> list[FeedItem]:
        """Send the effects of a durable frame; return the inputs that say what was not sent.

        `waited_ns` is how long they waited for their record, by a monotonic clock: logical time
        stands still during a commit, and while an order before them waits for its answer; an
        order's age does not.
        """
        answers: list[FeedItem] = []
        began = self._steady()
        for envelope in effects:
            body = envelope.body
            if isinstance(body, CancelOrder):
                await self._cancel(body)
            elif isinstance(body, DeadManSwitch):
                await self._switch(body)
            elif isinstance(body, AmendOrder) or (
                isinstance(body, SubmitOrder) and body.cl_ord_id not in self._left
            ):
                reason = self.refusal(body, waited_ns + self._steady() - began)
                if reason is None:
                    reason = await self._send(body)
                if reason is not None:
                    self.not_sent += 1
                    answers.append(FeedItem(self._now(), not_sent(body, reason, self._now())))
        return answers

    def refusal(self, order: SubmitOrder | AmendOrder, waited_ns: int = 0) -> str | None:
        """Why this order, or change of one, may no longer leave, None when it may."""
        state = self._trading_state()
        if order.epoch != self._epoch:
            return "the epoch is old"
        if state is TradingState.HALTED:
            return "trading is halted"
        if order.side is Side.BUY and state is not TradingState.ACTIVE:
            return "only reducing orders may leave"
        if order.side is Side.BUY and self._unguarded:
            return "the dead man's switch could not be armed"
        now = self._now() + waited_ns
        if now - order.decided_at > self._decision_age_max_ns or now > order.deadline:
            return "the decision is too old"
        return None

    async def _send(self, order: SubmitOrder | AmendOrder) -> str | None:
        if isinstance(order, SubmitOrder):
            self._left[order.cl_ord_id] = None
            if len(self._left) > IDS_KEPT:
                del self._left[next(iter(self._left))]
        self._fail_points.passed("released")
        try:
            if isinstance(order, AmendOrder):
                await self._venue.amend(order)
            else:
                await self._venue.submit(order)
        except Transient as error:
            return f"the venue was not reached: {error}"
        except EdgeError:
            return None  # unknown or refused: only venue evidence may say more
        self.released += 1
        self._fail_points.passed("acknowledged")
        return None

    async def _cancel(self, order: CancelOrder) -> None:
        try:
            await self._venue.cancel(order)
        except EdgeError:
            return  # the order stays open; the next cancel or the evidence settles it

    async def _switch(self, switch: DeadManSwitch) -> None:
        """Arm, renew or disarm; without a switch that was meant to be armed no entry leaves."""
        try:
            await self._venue.switch(switch)
        except EdgeError:
            self._unguarded = switch.seconds > 0
            return  # the core's next renewal tries again
        self._unguarded = False


def not_sent(order: SubmitOrder | AmendOrder, reason: str, ts: int) -> NotSent:
    """The proof, as an input, that this order or change never left."""
    amend_no = order.amend_no if isinstance(order, AmendOrder) else 0
    return NotSent(order.cl_ord_id, reason, ts, amend_no)
