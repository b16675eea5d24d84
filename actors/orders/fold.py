"""Folding execution reports into orders: idempotent by execution id, in any order of arrival.

The venue's facts are never refused: a late fill, one beyond the quantity and one of an order held
for dead go on to the ledger; the last two are errors and halt. A trade of no remembered order is
unmatched, and with only the venue's order id waits for the lists. Reports are merged by either id,
and what is left is computed from booked quantities: where the venue counts more as filled, the
order is in doubt with its hold, and a word that ended it takes effect with its last fill.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from actors.messages.base import Message
from actors.messages.control import ConstraintViolated, Note
from actors.messages.decision import Side
from actors.messages.execution import ExecKind, ExecutionReport, Fill, TradeUnmatched
from actors.messages.reconciliation import ReconciliationWanted
from actors.money import ZERO, is_fact
from actors.orders import amending
from actors.orders.lifecycle import NEVER_RESTED, TERMINAL, OrderEvent, following
from actors.orders.state import Order, OrdersConfig, OrdersState
from actors.orders.transitions import cancel, close, doubt, move

_WORDS: Final = {
    ExecKind.ACCEPTED: OrderEvent.ACCEPTED,
    ExecKind.CANCELLED: OrderEvent.CANCELLED,
    ExecKind.REJECTED: OrderEvent.REJECTED,
    ExecKind.EXPIRED: OrderEvent.EXPIRED,
    # Filled, says the venue, with less than we asked for: it is over all the same.
    ExecKind.FILLED: OrderEvent.FOUND_OVER,
    ExecKind.AMENDED: OrderEvent.ACCEPTED,
}
_ENDS: Final = (ExecKind.CANCELLED, ExecKind.EXPIRED, ExecKind.FILLED)


def fold(
    config: OrdersConfig, state: OrdersState, report: ExecutionReport, at: int
) -> list[Message]:
    """Apply one report, also of an order that is not remembered (foreign, or retired)."""
    order = state.identify(report.cl_ord_id, report.venue_order_id)
    if order is None:
        return _of_nobody(config, state, report)
    if report.kind is ExecKind.TRADE:
        return _book(config, state, order, report, at)
    return _take_word(config, state, order, report, at)


def _of_nobody(config: OrdersConfig, state: OrdersState, report: ExecutionReport) -> list[Message]:
    if report.kind is not ExecKind.TRADE:
        retired = (("retired", str(state.retired)),)
        return [_noted("order.report_without_order", report, retired)]
    if not report.cl_ord_id and report.venue_order_id and not config.venue_in_graph:
        # Ours whose first answer is late, or placed by hand: the lists tell, and then it is booked.
        return [ReconciliationWanted(f"trade {report.exec_id} of an order without a client id")]
    return [TradeUnmatched(report, possible=possible(report))]


def _take_word(
    config: OrdersConfig, state: OrdersState, order: Order, report: ExecutionReport, at: int
) -> list[Message]:
    """A word without a trade: it moves the order unless fills are missing that it counts."""
    event, told = _WORDS[report.kind], report.filled
    if report.kind is ExecKind.FILLED and told is None:
        told = order.quantity
    remember_filled(order, told)
    if order.state in TERMINAL:
        return move(config, state, order, event, report.text) + _late(config, order)
    effects = _restate(order, report)
    if report.kind is ExecKind.AMENDED:
        effects += amending.heard(config, state, order, report.limit_price, at)
    if report.kind in _ENDS:
        order.ended = event
    if order.is_short or order.is_half_amended or order.ended is not None:
        return effects + settle(config, state, order, at, report.text)
    return effects + move(config, state, order, event, report.text)


def _late(config: OrdersConfig, order: Order) -> list[Message]:
    """An order that is over, but with fills that we never heard of: the lists have them."""
    if not order.is_short or config.venue_in_graph:
        return []
    return [ReconciliationWanted(f"order {order.cl_ord_id} is over and its fills are not all here")]


def _restate(order: Order, report: ExecutionReport) -> list[Message]:
    """The venue says what the order is now: less is taken over, more contradicts our hold."""
    quantity = report.quantity
    if quantity is None or not is_fact(quantity) or quantity == order.quantity:
        return []
    if quantity > order.quantity:
        told = (("now", str(quantity)), ("ours", str(order.quantity)))
        return [
            _noted("order.restated_upwards", report, told),
            _contradicted("order_restated_upwards", order, report),
        ]
    order.quantity = max(quantity, order.filled)
    if order.filled == order.quantity:
        order.ended = OrderEvent.FOUND_OVER
    return []


def remember_filled(order: Order, told: Decimal | None) -> None:
    """Keep the most that the venue has said to be filled; words come in any order."""
    if told is not None and is_fact(told) and told > order.venue_filled:
        order.venue_filled = told


def settle(
    config: OrdersConfig, state: OrdersState, order: Order, at: int, reason: str = ""
) -> list[Message]:
    """What follows from the quantities of a live order: doubt, its end, or nothing."""
    if order.is_short:
        told = f"the venue filled {order.venue_filled}, of which {order.filled} is known"
        return doubt(config, state, order, at, told)
    if order.ended is None and order.is_half_amended:
        return doubt(config, state, order, at, "what became of its amendment is not known")
    return [] if order.ended is None else move(config, state, order, order.ended, reason)


def _book(
    config: OrdersConfig, state: OrdersState, order: Order, report: ExecutionReport, at: int
) -> list[Message]:
    if report.exec_id in order.executions:
        return []
    if not (report.exec_id and possible(report)):
        # Without its id nobody could tell a repetition from another trade.
        told = "order.impossible_fill" if report.exec_id else "order.fill_without_trade_id"
        return [_noted(told, report), TradeUnmatched(report, possible=possible(report))]
    order.executions.append(report.exec_id)
    order.filled += report.last_quantity
    order.cost += report.cost
    remaining = order.quantity - order.filled
    event = OrderEvent.FILL if remaining > 0 else OrderEvent.LAST_FILL
    before = order.state
    after = following(before, event)
    assert after is not None, "every state books a fill"
    order.state = after
    ending = after in TERMINAL
    hold_after = ZERO if ending else _hold_of(config, order, remaining)
    effects: list[Message] = [_fill(order, report, hold_after), order.update(report.text)]
    remember_filled(order, report.filled)
    if ending and before not in TERMINAL:
        effects += close(config, state, order)
    elif not ending:
        effects += settle(config, state, order, at)
    if remaining < 0:
        effects.append(_noted("order.overfilled", report, (("beyond", str(-remaining)),)))
        effects.append(_contradicted("order_overfilled", order, report))
    if before in NEVER_RESTED:
        effects.append(_noted("order.filled_after_its_end", report, (("state", before.value),)))
        effects.append(_contradicted("order_filled_after_its_end", order, report))
        if remaining > 0:
            effects.append(cancel(order, "filled after its end"))
    return effects


def possible(report: ExecutionReport) -> bool:
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
    rules = config.instruments[order.symbol]
    return rules.hold_of(remaining, order.limit_price, order.taker_fee)


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
