"""Folding execution reports into orders: idempotent by execution id, in any order of arrival.

The venue's facts are never refused. A late fill, a fill beyond the quantity and a fill of an
order that we held for dead all go on to the ledger; the last two contradict us, so they are noted
as errors and halt the account. A trade that cannot be a fill of a remembered order (nobody knows
the order, it has no trade id, or the numbers cannot be a trade) goes to the ledger as unmatched. A
status word about no order is noted.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from actors.messages.base import Message
from actors.messages.control import ConstraintViolated, Note
from actors.messages.decision import Side
from actors.messages.execution import ExecKind, ExecutionReport, Fill, TradeUnmatched
from actors.money import ZERO, is_fact
from actors.orders.lifecycle import NEVER_RESTED, TERMINAL, OrderEvent, following
from actors.orders.state import Order, OrdersConfig, OrdersState
from actors.orders.transitions import cancel, close, move

_WORDS: Final = {
    ExecKind.ACCEPTED: OrderEvent.ACCEPTED,
    ExecKind.CANCELLED: OrderEvent.CANCELLED,
    ExecKind.REJECTED: OrderEvent.REJECTED,
    ExecKind.EXPIRED: OrderEvent.EXPIRED,
}


def fold(config: OrdersConfig, state: OrdersState, report: ExecutionReport) -> list[Message]:
    """Apply one report, also of an order that is not remembered (foreign, or retired)."""
    order = state.find(report.cl_ord_id)
    if order is None:
        if report.kind is ExecKind.TRADE:
            return [TradeUnmatched(report, possible=_possible(report))]
        retired = (("retired", str(state.retired)),)
        return [_noted("order.report_without_order", report, retired)]
    if report.kind is ExecKind.TRADE:
        return _book(config, state, order, report)
    return move(config, state, order, _WORDS[report.kind], report.text)


def _book(
    config: OrdersConfig, state: OrdersState, order: Order, report: ExecutionReport
) -> list[Message]:
    if report.exec_id in order.executions:
        return []
    if not (report.exec_id and _possible(report)):
        # Without its id nobody could tell a repetition from another trade.
        told = "order.impossible_fill" if report.exec_id else "order.fill_without_trade_id"
        return [_noted(told, report), TradeUnmatched(report, possible=_possible(report))]
    order.executions.append(report.exec_id)
    order.filled += report.last_quantity
    remaining = order.quantity - order.filled
    event = OrderEvent.FILL if remaining > 0 else OrderEvent.LAST_FILL
    before = order.state
    after = following(before, event)
    assert after is not None, "every state books a fill"
    order.state = after
    ending = after in TERMINAL
    hold_after = ZERO if ending else _hold_of(config, order, remaining)
    effects: list[Message] = [_fill(order, report, hold_after), order.update(report.text)]
    if ending and before not in TERMINAL:
        effects += close(config, state, order)
    if remaining < 0:
        effects.append(_noted("order.overfilled", report, (("beyond", str(-remaining)),)))
        effects.append(_contradicted("order_overfilled", order, report))
    if before in NEVER_RESTED:
        effects.append(_noted("order.filled_after_its_end", report, (("state", before.value),)))
        effects.append(_contradicted("order_filled_after_its_end", order, report))
        if remaining > 0:
            effects.append(cancel(order, "filled after its end"))
    return effects


def _possible(report: ExecutionReport) -> bool:
    """Whether this can be a trade at all: of exact positive numbers, nothing negative."""
    numbers = (report.last_quantity, report.last_price, report.cost, report.fee)
    return (
        all(map(is_fact, numbers))
        and report.last_quantity > 0
        and report.last_price > 0
        and report.cost >= 0
        and report.fee >= 0
    )


def _hold_of(config: OrdersConfig, order: Order, remaining: Decimal) -> Decimal:
    """What the rest of a live order still needs held: quote with fee reserve, or base."""
    if order.side is Side.SELL:
        return remaining
    return config.instruments[order.symbol].hold_of(remaining, order.limit_price)


def _fill(order: Order, report: ExecutionReport, hold_after: Decimal) -> Fill:
    return Fill(
        order.cl_ord_id,
        report.exec_id,
        order.symbol,
        order.side,
        report.last_quantity,
        report.last_price,
        report.cost,
        report.fee,
        report.fee_asset,
        report.liquidity,
        report.ts,
        hold_after,
        order.reference_price,
    )


def _contradicted(name: str, order: Order, report: ExecutionReport) -> ConstraintViolated:
    """The venue's fact contradicts what we know of our own order: a person has to look."""
    filled = f"filled {order.filled} of {order.quantity} {order.symbol}"
    return ConstraintViolated(
        name, 0, f"order {order.cl_ord_id} {filled} with trade {report.exec_id}"
    )


def _noted(event: str, report: ExecutionReport, more: tuple[tuple[str, str], ...] = ()) -> Note:
    fields = (
        ("cl_ord_id", report.cl_ord_id),
        ("exec_id", report.exec_id),
        ("kind", report.kind.value),
        ("quantity", str(report.last_quantity)),
    )
    return Note("error", event, fields + more)
