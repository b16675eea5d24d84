"""The executions channel as execution reports: sparse rows are completed by what came before.

Kraken says symbol, side and client id of an order once; later rows carry its order id alone. A
report is made of every row that tells a fact, in the order told, and repeated rows make repeated
reports: the core folds by execution id. What the venue counts as filled goes along, so that the
core can tell when a trade is missing. Sans I/O.
"""

from __future__ import annotations

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
_KINDS: Final = {
    "pending_new": ExecKind.ACCEPTED,
    "new": ExecKind.ACCEPTED,
    "iceberg_refill": ExecKind.ACCEPTED,
    "status": ExecKind.ACCEPTED,
    "amended": ExecKind.AMENDED,
    "restated": ExecKind.AMENDED,
    "trade": ExecKind.TRADE,
    "filled": ExecKind.FILLED,
    "canceled": ExecKind.CANCELLED,
    "expired": ExecKind.EXPIRED,
    "rejected": ExecKind.REJECTED,
}
_OVER: Final = (ExecKind.FILLED, ExecKind.CANCELLED, ExecKind.EXPIRED, ExecKind.REJECTED)
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
    order_qty: Decimal | None = None
    limit_price: Decimal | None = None
    fees: tuple[FeeRow, ...] = ()
    liquidity_ind: str = ""
    reason: str = ""


class ExecutionsFrame(msgspec.Struct, frozen=True, gc=False):
    """A frame of the channel; `sequence` grows by one with each, from 1 with the snapshot."""

    channel: str
    type: str
    data: tuple[ExecutionRow, ...]
    sequence: int = 0


class _Known(msgspec.Struct):
    """What was said of an order so far."""

    cl_ord_id: str = ""
    symbol: str = ""
    side: Side | None = None


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

    def take(self, frame: ExecutionsFrame) -> tuple[ExecutionReport, ...]:
        """Fold a frame. Raises ExecutionError; then nothing of the frame was taken."""
        for row in frame.data:
            _refuse_misshapen(row)
        reports = tuple(self._report(row) for row in frame.data)
        while len(self._ended) > ENDED_KEPT:
            oldest = next(iter(self._ended))
            del self._ended[oldest], self._known[oldest]
        return reports

    def _report(self, row: ExecutionRow) -> ExecutionReport:
        known = self._known.setdefault(row.order_id, _Known())
        known.cl_ord_id = row.cl_ord_id or known.cl_ord_id
        known.symbol = row.symbol or known.symbol
        known.side = _SIDES.get(row.side, known.side)
        kind = _KINDS[row.exec_type]
        if kind in _OVER:
            self._ended.pop(row.order_id, None)
            self._ended[row.order_id] = None
        ts = instant_of(row.timestamp)
        return _trade(row, known, ts) if kind is ExecKind.TRADE else _word(row, known, kind, ts)


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
    elif row.exec_type not in _KINDS:
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
        filled=row.cum_qty,
        quantity=row.order_qty if kind is ExecKind.AMENDED else None,
        limit_price=row.limit_price if kind is ExecKind.AMENDED else None,
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
        row.cum_qty,
    )
