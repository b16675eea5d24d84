"""Reconciling orders with the venue's lists: missed fills, ends that we did not hear, strangers.

The venue wins on facts. Every listed trade of an order of ours is folded like any other report,
marked as read from history. Orders of ours are then held against the lists, which are evidence like
that of a look-up. An order without a client id in our form was placed by hand: it is seen, its
trades are booked, and it is neither adopted nor cancelled. One in our form that nobody remembers is
a difference, because it may be ours. What money there should be is the ledger's affair.
"""

from __future__ import annotations

from typing import Final

import msgspec

from actors.ids import is_client_order_id
from actors.messages.base import Message
from actors.messages.control import Note
from actors.messages.execution import ExecutionReport, Fill, TradeUnmatched, VenueEvidence
from actors.messages.order import OrderState
from actors.messages.reconciliation import (
    BooksToReconcile,
    ReconciliationDifference,
    VenueOrderSeen,
    VenueSnapshot,
)
from actors.orders.fold import fold, possible
from actors.orders.state import Order, OrdersConfig, OrdersState
from actors.orders.unknown import weigh

HISTORY: Final = "read from the venue's history"
_IN_FLIGHT: Final = (OrderState.PENDING, OrderState.SUBMITTED)


def reconcile(
    config: OrdersConfig, state: OrdersState, snapshot: VenueSnapshot, at: int
) -> list[Message]:
    """Fold the lists; the last message passes the money on to the ledger."""
    by_venue: dict[str, VenueOrderSeen] = {}
    by_client: dict[str, VenueOrderSeen] = {}
    listed: dict[str, Order] = {}
    for seen in (*snapshot.closed_orders, *snapshot.open_orders):
        by_venue[seen.venue_order_id] = seen
        if seen.cl_ord_id:
            by_client[seen.cl_ord_id] = seen
        order = state.identify(seen.cl_ord_id, seen.venue_order_id)
        if order is not None and order.cl_ord_id in state.live:
            listed[order.cl_ord_id] = order
    effects = _trades(config, state, snapshot, by_venue, at=at)
    told = sum(isinstance(each, (Fill, TradeUnmatched)) for each in effects)
    # A part tells nothing of orders that it does not list.
    for name, order in tuple((listed if snapshot.more else state.live).items()):
        found = by_client.get(name) or by_venue.get(order.venue_order_id)
        effects += _weigh(config, state, snapshot, order, found=found, at=at)
    if not snapshot.more:
        effects += _strangers(state, snapshot)
    effects.append(_passed_on(state, snapshot, told))
    return effects


def _trades(
    config: OrdersConfig,
    state: OrdersState,
    snapshot: VenueSnapshot,
    by_venue: dict[str, VenueOrderSeen],
    *,
    at: int,
) -> list[Message]:
    effects: list[Message] = []
    for report in sorted(snapshot.trades, key=lambda each: (each.ts, each.exec_id)):
        if report.ts < snapshot.since:
            continue
        if state.identify(report.cl_ord_id, report.venue_order_id) is not None:
            marked = msgspec.structs.replace(report, text=report.text or HISTORY)
            effects += fold(config, state, marked, at)
        else:
            effects.append(_unmatched(report, by_venue.get(report.venue_order_id)))
    return effects


def _unmatched(report: ExecutionReport, seen: VenueOrderSeen | None) -> TradeUnmatched:
    """A trade of no remembered order, with what its order on the lists tells of it."""
    told = report
    if seen is not None:
        told = msgspec.structs.replace(
            report,
            cl_ord_id=report.cl_ord_id or seen.cl_ord_id,
            symbol=report.symbol or seen.symbol,
            side=report.side or seen.side,
        )
    foreign = not is_client_order_id(told.cl_ord_id)
    return TradeUnmatched(told, possible(told), foreign=foreign, history=True)


def _weigh(
    config: OrdersConfig,
    state: OrdersState,
    snapshot: VenueSnapshot,
    order: Order,
    *,
    found: VenueOrderSeen | None,
    at: int,
) -> list[Message]:
    settled_to = snapshot.settled_to or snapshot.ts
    if found is None and order.deadline >= settled_to:
        return []  # it may be younger than the lists
    evidence = VenueEvidence(
        order.cl_ord_id,
        snapshot.ts,
        found is not None,
        snapshot.complete,
        open=found is not None and found.end is None,
        window_from=snapshot.since,
        window_to=settled_to,
        filled=None if found is None else found.filled,
        end=None if found is None else found.end,
        quantity=None if found is None else found.quantity,
        limit_price=None if found is None else found.limit_price,
    )
    if found is None and not snapshot.complete:
        return []
    return weigh(config, state, evidence, at)


def _strangers(state: OrdersState, snapshot: VenueSnapshot) -> list[Message]:
    """Keep which open orders are not ours; new ones are noted once, never touched."""
    before, state.foreign = state.foreign, {}
    notes: list[Message] = []
    for seen in snapshot.open_orders:
        if is_client_order_id(seen.cl_ord_id):
            continue
        state.foreign[seen.venue_order_id] = seen.symbol
        if seen.venue_order_id not in before:
            fields = (("venue_order_id", seen.venue_order_id), ("symbol", seen.symbol))
            notes.append(Note("warning", "order.foreign_seen", fields))
    return notes


def _passed_on(state: OrdersState, snapshot: VenueSnapshot, told: int) -> BooksToReconcile:
    seen, differences = [], []
    for each in snapshot.open_orders:
        order = state.identify(each.cl_ord_id, each.venue_order_id)
        if order is not None:
            seen.append(order.cl_ord_id)
        elif is_client_order_id(each.cl_ord_id):
            shown = f"{each.side} {each.quantity} {each.symbol}, filled {each.filled}"
            differences.append(
                ReconciliationDifference("order", each.cl_ord_id, "not remembered", shown)
            )
    return BooksToReconcile(
        snapshot.number,
        snapshot.ts,
        snapshot.since,
        snapshot.complete,
        snapshot.balances,
        snapshot.entries,
        tuple(seen),
        len(state.foreign),
        told,
        _unsettled(state),
        () if snapshot.more else tuple(differences),
        snapshot.more,
    )


def _unsettled(state: OrdersState) -> str:
    """Why our orders may still explain a difference in the money."""
    unknown = sum(order.state is OrderState.UNKNOWN for order in state.live.values())
    if unknown:
        return f"{unknown} orders are of unknown outcome"
    under_way = sum(order.state in _IN_FLIGHT for order in state.live.values())
    return f"{under_way} orders are under way" if under_way else ""
