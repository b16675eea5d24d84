"""Order messages: requests to the venue, holds on funds, and what became of an order."""

from __future__ import annotations

import enum
from decimal import Decimal

from actors.messages.base import Message
from actors.messages.decision import Side


class OrderState(enum.StrEnum):
    """FIX order states plus Unknown; the transition table lives in `actors.orders`."""

    PENDING = "pending"
    SUBMITTED = "submitted"
    OPEN = "open"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"


class PlaceHold(Message, frozen=True):
    """Reserve `amount` of `asset` for an order before anything is sent."""

    cl_ord_id: str
    asset: str
    amount: Decimal


class SubmitOrder(Message, frozen=True):
    """To the venue: a limit order.

    `deadline` is ns UTC, after which the venue must not match it.
    """

    cl_ord_id: str
    symbol: str
    side: Side
    quantity: Decimal
    limit_price: Decimal
    decided_at: int
    deadline: int
    epoch: int
    intent_no: int = 0


class AmendOrder(Message, frozen=True):
    """To the venue: change the limit of a resting order of ours in place, and nothing else of it.

    `amend_no` counts the amendments of the order, from 1; `intent_no` is that of the amendment, not
    the order's. `quantity` is the whole order, of which `filled` was filled when this was decided.
    After `deadline` (ns UTC) the venue must not carry it out.
    """

    cl_ord_id: str
    amend_no: int
    intent_no: int
    symbol: str
    side: Side
    quantity: Decimal
    filled: Decimal
    limit_price: Decimal
    decided_at: int
    deadline: int
    epoch: int


class CancelOrder(Message, frozen=True):
    """To the venue: cancel our own order by its client id. Always possible."""

    cl_ord_id: str
    symbol: str
    reason: str


class OrderUpdate(Message, frozen=True):
    """An order moved: to strategy, risk and ledger, and to the derived rows."""

    cl_ord_id: str
    intent_no: int
    symbol: str
    side: Side
    state: OrderState
    quantity: Decimal
    filled: Decimal
    limit_price: Decimal
    reason: str = ""
    cost: Decimal = Decimal(0)


class DeadManSwitch(Message, frozen=True):
    """To the venue: cancel every order of the account in `seconds`, unless this comes again.

    0 disarms.
    """

    seconds: int
    reason: str


class RetryPlanned(Message, frozen=True):
    """From orders to the strategy: an order came to nothing by no decision of ours.

    Nothing of that side and symbol before `due` (ns UTC). `attempt` counts from 1; 0 gives up.
    """

    symbol: str
    side: Side
    attempt: int
    due: int


class RetryDue(Message, frozen=True):
    """From orders to the strategy: decide anew, at today's price; a retry is a new intent."""

    symbol: str
    side: Side
    attempt: int
