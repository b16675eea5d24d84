"""The executions channel as execution reports: sparse rows are completed by what came before.

Kraken says symbol, side and client id of an order once; later rows carry its order id alone. A
report is made of every row that tells a fact, in the order told, and repeated rows make repeated
reports: the core folds by execution id. Completion is by quantities, never by a status word: where
an order is said to be over with more filled than was told here, the order is in doubt, and its
trades must be read from the venue's lists. Sans I/O.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

import msgspec

from actors.messages.decision import Side
from actors.messages.execution import ExecKind, ExecutionReport, Liquidity
from adapters.kraken.tokens import TokenError, instant_of

CHANNEL: Final = "executions"
ENDED_KEPT: Final = 1_000
"""How many orders that are over stay known, for rows that come late."""

_ZERO: Final = Decimal(0)
_ENDS: Final = {
    "canceled": ExecKind.CANCELLED,
    "expired": ExecKind.EXPIRED,
    "rejected": ExecKind.REJECTED,
}
_RESTS: Final = frozenset(
    ("pending_new", "new", "restated", "amended", "iceberg_refill", "status", "pending_cancel")
)
_OVER: Final = frozenset(("filled", "canceled", "expired", "rejected"))
_SIDES: Final = {"buy": Side.BUY, "sell": Side.SELL}


class ExecutionError(ValueError):
    """A row that is not what the channel carries; the text says which order and why."""


class FeeRow(msgspec.Struct, frozen=True, gc=False):
    """One part of a fee, in units of its asset."""

    asset: str
    qty: Decimal


class ExecutionRow(msgspec.Struct, frozen=True, gc=False):
    """One row as sent. Quantities are in base, prices and costs in quote; empty is not told."""

    order_id: str
    exec_type: str
    timestamp: str = ""
    order_status: str = ""
    cl_ord_id: str = ""
    symbol: str = ""
    side: str = ""
    exec_id: str = ""
    last_qty: Decimal | None = None
    last_price: Decimal | None = None
    cost: Decimal | None = None
    cum_qty: Decimal | None = None
    fees: tuple[FeeRow, ...] = ()
    liquidity_ind: str = ""
    reason: str = ""


class ExecutionsFrame(msgspec.Struct, frozen=True, gc=False):
    """A frame of the channel; `sequence` grows by one with each, from 1 with the snapshot."""

    channel: str
    type: str
    data: tuple[ExecutionRow, ...]
    sequence: int = 0


class Told(msgspec.Struct, frozen=True):
    """What a frame comes to: reports in order, and order ids whose trades must be looked up."""

    reports: tuple[ExecutionReport, ...] = ()
    doubted: tuple[str, ...] = ()


class _Known(msgspec.Struct):
    """What was said of an order so far. `filled` is the sum of the trades told, in base."""

    cl_ord_id: str = ""
    symbol: str = ""
    side: Side | None = None
    filled: Decimal = _ZERO
    trades: set[str] = msgspec.field(default_factory=set)
    accepted: bool = False


class Executions:
    """One connection's view of the account's orders."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}
        self._ended: dict[str, None] = {}

    def client_id(self, order_id: str) -> str:
        """The client id of an order that was told of here, empty when there is none."""
        known = self._known.get(order_id)
        return known.cl_ord_id if known is not None else ""

    def learn(self, order_id: str, cl_ord_id: str, symbol: str, side: Side) -> None:
        """What the acknowledgement of our own order says, for rows that do not."""
        known = self._known.setdefault(order_id, _Known())
        known.cl_ord_id, known.symbol, known.side = cl_ord_id, symbol, side

    def order_ids(self) -> tuple[str, ...]:
        """Venue ids of all orders that are not over, as told so far."""
        return tuple(each for each in self._known if each not in self._ended)

    def take(self, frame: ExecutionsFrame) -> Told:
        """Fold a frame. Raises ExecutionError; then nothing of the frame was taken."""
        for row in frame.data:
            _refuse_misshapen(row)
        reports: list[ExecutionReport] = []
        doubted: dict[str, None] = {}
        for row in frame.data:
            known = self._completed(row, snapshot=frame.type == "snapshot")
            reports += self._reports(row, known)
            if row.exec_type in _OVER and (row.cum_qty or _ZERO) > known.filled:
                doubted[row.order_id] = None
        self._forget()
        return Told(tuple(reports), tuple(doubted))

    def _completed(self, row: ExecutionRow, *, snapshot: bool) -> _Known:
        known = self._known.setdefault(row.order_id, _Known())
        known.cl_ord_id = row.cl_ord_id or known.cl_ord_id
        known.symbol = row.symbol or known.symbol
        known.side = _SIDES.get(row.side, known.side)
        if snapshot and row.exec_type != "trade" and row.cum_qty is not None:
            # What was filled before this connection is the reconciliation's to find.
            known.filled = max(known.filled, row.cum_qty)
        return known

    def _reports(self, row: ExecutionRow, known: _Known) -> Iterable[ExecutionReport]:
        ts = instant_of(row.timestamp)
        if row.exec_type in _RESTS:
            if not known.accepted:
                known.accepted = True
                yield _word(row, known, ExecKind.ACCEPTED, ts)
        elif row.exec_type == "trade":
            if row.exec_id not in known.trades:
                known.trades.add(row.exec_id)
                known.filled += row.last_qty or _ZERO
            yield _trade(row, known, ts)
        elif (kind := _ENDS.get(row.exec_type)) is not None:
            yield _word(row, known, kind, ts)
        if row.exec_type in _OVER:
            self._ended.pop(row.order_id, None)
            self._ended[row.order_id] = None

    def _forget(self) -> None:
        while len(self._ended) > ENDED_KEPT:
            oldest = next(iter(self._ended))
            del self._ended[oldest], self._known[oldest]


def _refuse_misshapen(row: ExecutionRow) -> None:
    if not row.order_id:
        raise ExecutionError("a row without an order id")
    try:
        instant_of(row.timestamp)
    except TokenError as error:
        raise ExecutionError(f"order {row.order_id}: {error}") from error
    if row.side and row.side not in _SIDES:
        raise ExecutionError(f"order {row.order_id}: the side {row.side[:20]!r} is neither")
    if row.exec_type == "trade":
        lacking = [
            name
            for name, value in (
                ("exec_id", row.exec_id or None),
                ("last_qty", row.last_qty),
                ("last_price", row.last_price),
                ("cost", row.cost),
            )
            if value is None
        ]
        if lacking:
            raise ExecutionError(f"order {row.order_id}: a trade without {', '.join(lacking)}")
        if len({fee.asset for fee in row.fees}) > 1:
            raise ExecutionError(f"order {row.order_id}: a fee in several assets")
    elif row.exec_type not in _RESTS and row.exec_type not in _OVER:
        raise ExecutionError(f"order {row.order_id}: {row.exec_type[:20]!r} is not known here")


def _word(row: ExecutionRow, known: _Known, kind: ExecKind, ts: int) -> ExecutionReport:
    return ExecutionReport(
        known.cl_ord_id,
        f"{row.order_id}:{kind.value}",
        kind,
        ts,
        venue_order_id=row.order_id,
        text=row.reason,
        symbol=known.symbol,
        side=known.side,
    )


def _trade(row: ExecutionRow, known: _Known, ts: int) -> ExecutionReport:
    return ExecutionReport(
        known.cl_ord_id,
        row.exec_id,
        ExecKind.TRADE,
        ts,
        row.last_qty or _ZERO,
        row.last_price or _ZERO,
        row.cost or _ZERO,
        sum((fee.qty for fee in row.fees), _ZERO),
        row.fees[0].asset if row.fees else "",
        Liquidity.MAKER if row.liquidity_ind == "m" else Liquidity.TAKER,
        row.order_id,
        row.reason,
        known.symbol,
        known.side,
    )
