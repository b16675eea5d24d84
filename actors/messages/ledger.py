"""Ledger messages: holds, transfers as records, and the portfolio that risk and strategy see."""

from __future__ import annotations

from decimal import Decimal

from actors.messages.base import Message


class HoldPlaced(Message, frozen=True):
    """The funds of an order are held; it may be sent."""

    cl_ord_id: str


class HoldRefused(Message, frozen=True):
    """Free funds do not cover the order; it is never sent."""

    cl_ord_id: str
    free: Decimal
    wanted: Decimal


class HoldReleased(Message, frozen=True):
    """From orders: the order is over; what remains of its hold goes back to free funds."""

    cl_ord_id: str


class Transfer(Message, frozen=True):
    """One double-entry row: `amount` > 0 of `asset` moves from `debit` to `credit`.

    Balances are those after this row; sequences are per account. `source` is the idempotency key.
    `previous` is the hash (hex) of the transfer before, empty for the first of a chain.
    """

    transfer_no: int
    debit: str
    credit: str
    asset: str
    amount: Decimal
    debit_balance: Decimal
    credit_balance: Decimal
    debit_sequence: int
    credit_sequence: int
    source: str
    cause: str
    previous: str = ""
    hash: str = ""


class TransfersPosted(Message, frozen=True):
    """Record: linked transfers that were posted together."""

    at: int
    transfers: tuple[Transfer, ...]


class PositionView(Message, frozen=True):
    """One held symbol: quantities in base units, cost and value in quote currency."""

    symbol: str
    quantity: Decimal
    free: Decimal
    cost: Decimal
    value: Decimal


class CurrencyView(Message, frozen=True):
    """What an account has in a quote currency that is not its reporting one.

    `free`, `held`, `holdings` (all cash and the positions quoted in it), `realised` and `fees` are
    in the currency; `worth` of the holdings, `paid_in` and `gain` in reporting currency. A unit
    brings `least` and costs `most` by the rate of `rate_ts` (ns UTC), zeros where none was ever
    told. `gain` is what the money paid in gained by the rate alone.
    """

    currency: str
    free: Decimal
    held: Decimal
    holdings: Decimal
    worth: Decimal
    least: Decimal
    most: Decimal
    rate_ts: int
    realised: Decimal
    fees: Decimal
    paid_in: Decimal
    gain: Decimal


class PortfolioState(Message, frozen=True):
    """The account in its reporting currency. `drawdown` is a ratio in millionths of the peak.

    Cash is that of the reporting currency alone, positions are in their own quote currency; all
    other amounts are of the whole account, what is in other `currencies` at its worth now.
    """

    ts: int
    equity: Decimal
    cash_free: Decimal
    cash_held: Decimal
    realised: Decimal
    unrealised: Decimal
    fees: Decimal
    peak: Decimal
    drawdown: int
    positions: tuple[PositionView, ...]
    unmarked: Decimal = Decimal(0)
    currencies: tuple[CurrencyView, ...] = ()


class PortfolioHour(Message, frozen=True):
    """Record: the portfolio at a full hour (`hour_ts`, ns UTC)."""

    hour_ts: int
    state: PortfolioState


class LotOpened(Message, frozen=True):
    """Record: a lot came in by the booking `source`; its whole cost is in quote currency."""

    number: int
    symbol: str
    source: str
    quantity: Decimal
    cost: Decimal


class LotConsumed(Message, frozen=True):
    """Record: the booking `source` took `quantity` of a lot, and `remaining` of it is left.

    `cause` is sale, fee, swap or withdrawal. A sale's shares add up to the sale.
    """

    number: int
    symbol: str
    source: str
    cause: str
    quantity: Decimal
    cost: Decimal
    proceeds: Decimal
    fee: Decimal
    realised: Decimal
    remaining: Decimal


class EntryBooked(Message, frozen=True):
    """Record: an entry of the venue's ledger, or a correction, against the account kind `other`.

    `worth` is what came (or went, negative): of a currency in itself, of a base asset in the quote
    currency of its symbol; `corrects` is the transfer that a correction reverses, 0 for an entry,
    and `told` who says so.
    """

    refid: str
    kind: str
    asset: str
    amount: Decimal
    fee: Decimal
    other: str
    worth: Decimal
    corrects: int
    told: str
    ts: int


class TradeClosed(Message, frozen=True):
    """Record: a sale consumed FIFO lots. `realised` is net of both fees, in quote currency."""

    cl_ord_id: str
    exec_id: str
    symbol: str
    quantity: Decimal
    proceeds: Decimal
    cost: Decimal
    fee: Decimal
    realised: Decimal
    ts: int
