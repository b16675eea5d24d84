"""Orders as the venue keeps them, and what a client asks for. Data; no rule of trading lives here.

Quantities are base, prices quote, times ns UTC. An `Order` that leaves the exchange is a copy.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Literal

import msgspec

Side = Literal["buy", "sell"]
OrderType = Literal[
    "market",
    "limit",
    "iceberg",
    "stop-loss",
    "take-profit",
    "stop-loss-limit",
    "take-profit-limit",
]
TimeInForce = Literal["GTC", "IOC", "GTD", "FOK"]
SelfTrade = Literal["cancel-newest", "cancel-oldest", "cancel-both"]
OrderStatus = Literal["pending", "open", "closed", "canceled", "expired"]

TRIGGERED_TYPES: Final = ("stop-loss", "take-profit", "stop-loss-limit", "take-profit-limit")
LIMIT_TYPES: Final = ("limit", "iceberg", "stop-loss-limit", "take-profit-limit")
ZERO: Final = Decimal(0)


class AddOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One order as asked for, after the wire's names were translated.

    `limit_price` is for limit, iceberg and the -limit types; `trigger_price` for stop and take
    profit. With `cash` (viqc, cash_order_qty) `qty` counts quote. `deadline_ns`, `expire_ns`: ns
    UTC. `fee_in_base`: None is the venue's default (quote). `order_type`, `time_in_force` and
    `stp` are free text here: unknown words are refused, not raised.
    """

    symbol: str
    side: str
    order_type: str
    qty: Decimal
    limit_price: Decimal | None = None
    trigger_price: Decimal | None = None
    trigger_reference: str = "last"
    time_in_force: str | None = None
    expire_ns: int | None = None
    deadline_ns: int | None = None
    post_only: bool = False
    fee_in_base: bool | None = None
    no_mpp: bool = False
    cash: bool = False
    display_qty: Decimal | None = None
    stp: str = "cancel-newest"
    cl_ord_id: str | None = None
    userref: int | None = None
    reduce_only: bool = False
    leverage: bool = False
    validate: bool = False


class AmendOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Change an open order in place. Name it by `order_id` or `cl_ord_id`; None leaves a field."""

    order_id: str | None = None
    cl_ord_id: str | None = None
    qty: Decimal | None = None
    display_qty: Decimal | None = None
    limit_price: Decimal | None = None
    trigger_price: Decimal | None = None
    post_only: bool = False
    deadline_ns: int | None = None


class EditOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Cancel an order and place a new one in its stead (new id, new place in the queue)."""

    order_id: str
    symbol: str
    qty: Decimal | None = None
    limit_price: Decimal | None = None
    trigger_price: Decimal | None = None
    post_only: bool | None = None
    userref: int | None = None
    deadline_ns: int | None = None
    validate: bool = False


class Order(msgspec.Struct, kw_only=True):
    """One order as the venue knows it.

    `qty` is the whole order in base (for a cash order: fixed when it executes; `cash_qty` is the
    quote amount asked). `status` uses REST's words; `stream_status` gives WebSocket v2's. `fee` is
    the sum in `fee_asset`. `counted_ns` is the last of creation and amendment (rate penalties).
    """

    order_id: str
    account: str
    symbol: str
    side: Side
    order_type: OrderType
    qty: Decimal
    opened_ns: int
    counted_ns: int
    fee_asset: str
    fee_reserve: Decimal
    limit_price: Decimal | None = None
    trigger_price: Decimal | None = None
    trigger_reference: str = "last"
    triggered_ns: int | None = None
    time_in_force: TimeInForce = "GTC"
    expire_ns: int | None = None
    post_only: bool = False
    fee_in_base: bool = False
    no_mpp: bool = False
    cash_qty: Decimal | None = None
    display_qty: Decimal | None = None
    stp: SelfTrade = "cancel-newest"
    cl_ord_id: str | None = None
    userref: int | None = None
    by_hand: bool = False
    status: OrderStatus = "pending"
    filled_qty: Decimal = ZERO
    cost: Decimal = ZERO
    fee: Decimal = ZERO
    hold: Decimal = ZERO
    hold_asset: str = ""
    closed_ns: int | None = None
    amended_ns: int | None = None
    reason: str | None = None
    exec_ids: tuple[str, ...] = ()
    replaced_id: str | None = None

    @property
    def remaining_qty(self) -> Decimal:
        """What is still to be filled, in base."""
        return self.qty - self.filled_qty

    @property
    def is_open(self) -> bool:
        """Whether the order can still be filled."""
        return self.status in {"pending", "open"}

    @property
    def is_untriggered(self) -> bool:
        """Whether this is a stop or take-profit that waits for its price."""
        return self.order_type in TRIGGERED_TYPES and self.triggered_ns is None

    @property
    def rests_as_limit(self) -> bool:
        """Whether an unfilled rest may stay in the book."""
        return self.order_type in LIMIT_TYPES

    @property
    def average_price(self) -> Decimal:
        """Cost over quantity filled, unrounded; zero before the first fill."""
        return self.cost / self.filled_qty if self.filled_qty else ZERO

    @property
    def stream_status(self) -> str:
        """The status in WebSocket v2's words."""
        if self.status == "pending":
            return "pending_new"
        if self.status == "open":
            return "partially_filled" if self.filled_qty else "new"
        return "filled" if self.status == "closed" else self.status


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to an accepted AddOrder. `order_id` is None when it was only validated."""

    order_id: str | None
    description: str
    cl_ord_id: str | None = None
    userref: int | None = None


class BatchLeg(msgspec.Struct, frozen=True, kw_only=True):
    """One leg of a batch: placed, or the venue's error for this leg alone."""

    placed: Placed | None
    error: str | None = None


class Amended(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to an amend."""

    amend_id: str
    order_id: str
    cl_ord_id: str | None = None


class Edited(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to an edit; `order_id` is None when it was only validated."""

    order_id: str | None
    original_order_id: str
    description: str


class CancelTimer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to CancelAllOrdersAfter; `trigger_ns` is None when the timer is off."""

    now_ns: int
    trigger_ns: int | None


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """One row of an account's trade history. `trade_id` is the pair's public number."""

    exec_id: str
    order_id: str
    account: str
    symbol: str
    side: Side
    order_type: OrderType
    price: Decimal
    qty: Decimal
    cost: Decimal
    fee: Decimal
    fee_asset: str
    fee_usd: Decimal
    is_maker: bool
    trade_id: int
    ts: int
    ledger_ids: tuple[str, ...] = ()
