"""Reconciliation messages: what is asked of the venue, what its lists say, and what differs.

Everything is an exact record: amounts are Decimal at the venue's own digits, times ns UTC.
"""

from __future__ import annotations

from decimal import Decimal

from actors.messages.base import Message
from actors.messages.control import LedgerEntry
from actors.messages.decision import Side
from actors.messages.execution import ExecKind, ExecutionReport


class ReconcileRequested(Message, frozen=True):
    """To the venue: tell what is open, and what was closed, traded and booked from `since` on.

    Answered by a `VenueSnapshot` of that `number`. Until it is settled there are no entries.
    """

    number: int
    since: int
    reason: str


class VenueOrderSeen(Message, frozen=True):
    """One order on the venue's lists; `end` is None while it is open.

    `cl_ord_id` is empty for an order that was placed without one.
    """

    venue_order_id: str
    cl_ord_id: str
    symbol: str
    side: Side | None
    quantity: Decimal
    filled: Decimal
    limit_price: Decimal
    opened_at: int
    end: ExecKind | None = None
    text: str = ""


class VenueBalance(Message, frozen=True):
    """What lies at the venue of one asset, named as the venue does with its suffix.

    `held` of it stands behind open orders, whoever placed them.
    """

    asset: str
    balance: Decimal
    held: Decimal


class VenueSnapshot(Message, frozen=True):
    """Input: the venue's lists, read for request `number`; `ts` is when reading ended.

    Open orders and balances are whole; closed orders, trades (execution reports of kind TRADE)
    and entries (which are no trades) are those from `since` on. `complete` is False when any list
    could not be read to its end: then nothing is missing for not being listed. The lists show
    what happened up to `settled_to` (0: up to `ts`). A long reading comes in parts: those with
    `more` tell only some orders, their trades and entries; the last one has all that is open.
    """

    number: int
    ts: int
    since: int
    complete: bool
    open_orders: tuple[VenueOrderSeen, ...] = ()
    closed_orders: tuple[VenueOrderSeen, ...] = ()
    trades: tuple[ExecutionReport, ...] = ()
    balances: tuple[VenueBalance, ...] = ()
    entries: tuple[LedgerEntry, ...] = ()
    settled_to: int = 0
    more: bool = False


class ReconciliationDifference(Message, frozen=True):
    """One thing on which the venue and we disagree: `what` of `name`, as each says it."""

    what: str
    name: str
    ours: str
    venues: str


class BooksToReconcile(Message, frozen=True):
    """From orders to the ledger: the orders are folded; compare the money.

    `seen` are our orders that the venue holds funds for. `unsettled` is why the orders may still
    explain a difference (empty: they cannot); `trades` is how many trades were passed on. With
    `more` the entries are all that is told, and nothing is compared.
    """

    number: int
    ts: int
    since: int
    complete: bool
    balances: tuple[VenueBalance, ...]
    entries: tuple[LedgerEntry, ...]
    seen: tuple[str, ...]
    foreign: int
    trades: int
    unsettled: str
    differences: tuple[ReconciliationDifference, ...]
    more: bool = False


class ReconciliationEnded(Message, frozen=True):
    """From the ledger: one reading is compared. `booked` counts what was booked from its lists.

    It is clean when it is `complete`, without `unsettled` orders and without differences.
    """

    number: int
    ts: int
    complete: bool
    unsettled: str
    foreign: int
    booked: int
    differences: tuple[ReconciliationDifference, ...] = ()


class ReconciliationWanted(Message, frozen=True):
    """From orders: only the venue's lists can explain what was just told; ask for them."""

    reason: str


class ReconciliationState(Message, frozen=True):
    """Whether the venue and we agree; entries wait while `blocked` says why they do not.

    `differs` tells that a difference has been confirmed: nobody may resume until it is explained.
    """

    blocked: str
    differs: bool
    foreign: int = 0
