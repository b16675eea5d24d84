"""What the exchange tells, in the order in which it happened. Times are ns UTC; data only.

Public events carry no account; executions and ledger entries belong to one.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from adapters.kraken_simulator.instruments import Instrument
from adapters.kraken_simulator.orders import Order, Side

SystemStatus = Literal["online", "cancel_only", "post_only", "maintenance"]
ExecType = Literal[
    "pending_new",
    "new",
    "trade",
    "filled",
    "iceberg_refill",
    "canceled",
    "expired",
    "amended",
    "restated",
    "status",
]


class Trade(msgspec.Struct, frozen=True, gc=False):
    """One public trade. `side` is the taker's; `trade_id` runs by one per pair."""

    symbol: str
    side: Side
    price: Decimal
    qty: Decimal
    order_type: Literal["market", "limit"]
    trade_id: int
    ts: int


class LevelChange(msgspec.Struct, frozen=True, gc=False):
    """The whole quantity now standing at a price; `qty` zero removes the level."""

    side: Literal["bid", "ask"]
    price: Decimal
    qty: Decimal


class BookChange(msgspec.Struct, frozen=True):
    """Changes of one book at one instant, at any depth, each price and side at most once.

    A reader that shows N levels must compare with `Exchange.book(symbol, N)`: a level can come into
    view without a change of its own.
    """

    symbol: str
    changes: tuple[LevelChange, ...]
    ts: int


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """A report about one order; `order` is the order as it was right after it.

    Fill fields are set for "trade" alone. A trade that completes an order still shows it open; the
    "filled" report follows. `rate_count` is the pair's counter, when this came from a request.
    """

    account: str
    exec_type: ExecType
    order: Order
    ts: int
    exec_id: str | None = None
    trade_id: int | None = None
    last_qty: Decimal | None = None
    last_price: Decimal | None = None
    liquidity: Literal["m", "t"] | None = None
    cost: Decimal | None = None
    fee: Decimal | None = None
    fee_asset: str | None = None
    fee_usd: Decimal | None = None
    reason: str | None = None
    amend_id: str | None = None
    rate_count: Decimal | None = None


class LedgerEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of an account's ledger. `amount` is signed, `balance` after it and `fee`.

    `asset` is the WebSocket v2 name, with its suffix ("BTC.F"). Kinds: trade, deposit, withdrawal,
    staking (rewards), transfer, earn (allocation to and from .F).
    """

    account: str
    ledger_id: str
    ref_id: str
    kind: str
    subtype: str
    asset: str
    amount: Decimal
    fee: Decimal
    balance: Decimal
    ts: int


class StatusChange(msgspec.Struct, frozen=True):
    """The whole system's mode changed."""

    status: SystemStatus
    ts: int


class InstrumentChange(msgspec.Struct, frozen=True):
    """A pair's status or steps changed; this is the whole new row."""

    instrument: Instrument
    ts: int


class TimerFired(msgspec.Struct, frozen=True):
    """An account's dead man's switch cancelled `count` orders (their reports come before this)."""

    account: str
    count: int
    ts: int


Event = Trade | BookChange | Execution | LedgerEntry | StatusChange | InstrumentChange | TimerFired
