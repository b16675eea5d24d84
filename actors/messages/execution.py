"""Execution messages: facts from the venue. They are never refused, dropped or conflated."""

from __future__ import annotations

import enum
from decimal import Decimal

from actors.messages.base import Message
from actors.messages.decision import Side


class ExecKind(enum.StrEnum):
    """What an execution report says."""

    ACCEPTED = "accepted"
    TRADE = "trade"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    FILLED = "filled"
    AMENDED = "amended"


class Liquidity(enum.StrEnum):
    """Whether a fill added or removed liquidity."""

    MAKER = "maker"
    TAKER = "taker"


class ExecutionReport(Message, frozen=True):
    """One fact about one order. For a TRADE the quantity, price, cost and fee are the venue's
    own, and `exec_id` is its trade id, unique in the account.

    `symbol` and `side` are what the venue says of the trade; without them a trade of an order
    that nobody remembers cannot be booked to our accounts. A venue that repeats only its own
    order id leaves `cl_ord_id` empty. `filled` is the order's whole filled quantity as the venue
    counts it (None: not told), `quantity` and `limit_price` what an amended order is now.
    """

    cl_ord_id: str
    exec_id: str
    kind: ExecKind
    ts: int
    last_quantity: Decimal = Decimal(0)
    last_price: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)
    fee: Decimal = Decimal(0)
    fee_asset: str = ""
    liquidity: Liquidity = Liquidity.TAKER
    venue_order_id: str = ""
    text: str = ""
    symbol: str = ""
    side: Side | None = None
    filled: Decimal | None = None
    quantity: Decimal | None = None
    limit_price: Decimal | None = None


class VenueEvidence(Message, frozen=True):
    """Input: what the venue's own lists prove about an order whose outcome was unknown.

    `found` False proves absence only when `complete` (open, closed and trades were read over the
    whole window, after the order's deadline). `open` tells whether it still rests.

    The lists cover what happened after `window_from` and up to `window_to` (ns UTC, 0: until
    `ts`); a venue whose lists lag tells the earlier end. `filled` is what the venue's order says,
    `end` its last word, `quantity` and `limit_price` what it is now (None: not told).
    """

    cl_ord_id: str
    ts: int
    found: bool
    complete: bool
    open: bool = False
    reports: tuple[ExecutionReport, ...] = ()
    window_from: int = 0
    window_to: int = 0
    filled: Decimal | None = None
    end: ExecKind | None = None
    quantity: Decimal | None = None
    limit_price: Decimal | None = None


class SubmitOutcome(enum.StrEnum):
    """What the venue answered to an order, or to an amendment, that was sent.

    REFUSED, RATE_LIMITED and WRONG_MODE are documented as not executed; DEADLINE_ELAPSED is too,
    but only one look-up by id makes it proof. UNKNOWN is no answer, or one that says nothing.
    """

    ACCEPTED = "accepted"
    REFUSED = "refused"
    RATE_LIMITED = "rate_limited"
    WRONG_MODE = "wrong_mode"
    DEADLINE_ELAPSED = "deadline_elapsed"
    UNKNOWN = "unknown"


class SubmitAnswered(Message, frozen=True):
    """Input: what became of the request to place an order; `text` is in the venue's words."""

    cl_ord_id: str
    ts: int
    outcome: SubmitOutcome
    venue_order_id: str = ""
    text: str = ""


class CancelAnswered(Message, frozen=True):
    """Input: the venue did not take a cancel as meant: it says that it knows no such open order."""

    cl_ord_id: str
    ts: int
    text: str = ""


class AmendAnswered(Message, frozen=True):
    """Input: what became of the request to change an order; `text` is in the venue's words."""

    cl_ord_id: str
    amend_no: int
    ts: int
    outcome: SubmitOutcome
    text: str = ""


class NotSent(Message, frozen=True):
    """Input: the outbox proves that a durable order never left, and why.

    With an `amend_no` it was that amendment of the order.
    """

    cl_ord_id: str
    reason: str
    ts: int
    amend_no: int = 0


class CancelOutcome(enum.StrEnum):
    """What came of asking the venue, in safe mode, to cancel an order; ASKING precedes a round."""

    ASKING = "asking"
    ASKED = "asked"
    REFUSED = "refused"
    NOT_REACHED = "not_reached"
    UNKNOWN = "unknown"


class SafeStopAttempted(Message, frozen=True):
    """Input: in safe mode the venue was asked to cancel our order; what came of it. A fact only.

    An empty `cl_ord_id` speaks of the venue's list of our open orders: it could not be read, or
    (ASKING) the cancels of what is on it follow. Execution reports tell whether an order is over.
    """

    cl_ord_id: str
    ts: int
    outcome: CancelOutcome
    detail: str = ""


class Fill(Message, frozen=True):
    """A fill that belongs to a known order, once; from orders to the ledger.

    `decision_price` is the ask or bid that the decision saw (zero: unknown).
    """

    cl_ord_id: str
    exec_id: str
    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    cost: Decimal
    fee: Decimal
    fee_asset: str
    liquidity: Liquidity
    ts: int
    hold_after: Decimal
    decision_price: Decimal


class TradeUnmatched(Message, frozen=True):
    """From orders to the ledger: a trade of the venue's that no order of ours explains.

    `possible` is False when its numbers cannot be a trade, so that only the report can be kept.
    `foreign` says that the venue's lists explain it: an order that was placed without us.
    `history` says that it was read from the venue's history, which repeats what is booked.
    """

    report: ExecutionReport
    possible: bool = True
    foreign: bool = False
    history: bool = False


class TradeUnexplained(Message, frozen=True):
    """Record: a trade that no order of ours explains, once, as reported.

    `booked` tells whether it moved our accounts; `reason` says why it is unexplained. `side` is
    empty when the venue did not say; `exec_id` is one of ours ("unnamed-...") when it gave none.
    """

    cl_ord_id: str
    exec_id: str
    symbol: str
    side: str
    quantity: Decimal
    price: Decimal
    cost: Decimal
    fee: Decimal
    fee_asset: str
    liquidity: Liquidity
    ts: int
    venue_order_id: str
    booked: bool
    reason: str
