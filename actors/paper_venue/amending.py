"""Amending as Kraken does it: the order keeps its ids, loses its place, and may take at once.

At its new limit it is like one that has just arrived: it takes what a known book displays, waits
for the next open where there are only candles, and is hit by trades that are younger than that.
What is refused leaves the order as it was, and is always answered.
"""

from __future__ import annotations

import msgspec

from actors.messages.base import Message
from actors.messages.execution import AmendAnswered, ExecKind, SubmitOutcome
from actors.messages.order import AmendOrder
from actors.paper_venue.books import has_book, note_crossing, walk
from actors.paper_venue.modes import refusal
from actors.paper_venue.reports import told
from actors.paper_venue.state import PaperVenueConfig, PaperVenueState, VenueOrderState

AMEND = "amend"
_ELAPSED = "EService:Deadline elapsed"
_OFF_TICK = "the price is not a multiple of the tick"


def arrive(
    config: PaperVenueConfig, state: PaperVenueState, order: VenueOrderState, ts: int
) -> list[Message]:
    """The change of `order` arrives; nothing when it has none."""
    change, order.change = order.change, None
    if change is None:
        return []
    refused = _refusal(config, state, order, change, ts)
    if refused is not None:
        outcome, words = refused
        return [AmendAnswered(order.cl_ord_id, change.amend_no, ts, outcome, words)]
    order.limit_price = change.limit_price
    order.accepted_at = order.submitted_at = ts
    order.awaits_open = not has_book(state, order.index)
    report = told(order, ExecKind.AMENDED, ts, "amended as asked")
    amended: Message = msgspec.structs.replace(report, limit_price=change.limit_price)
    if order.awaits_open:
        return [amended]
    reports = walk(config, state, order, arrives=True, ts=ts)
    note_crossing(config, state, order)
    return [amended, *reports]


def _refusal(
    config: PaperVenueConfig,
    state: PaperVenueState,
    order: VenueOrderState,
    change: AmendOrder,
    ts: int,
) -> tuple[SubmitOutcome, str] | None:
    if ts > change.deadline:
        return SubmitOutcome.REFUSED, _ELAPSED
    if words := refusal(state, order.symbol, order.side):
        return SubmitOutcome.WRONG_MODE, words
    if not state.rules_of(config, order.symbol).is_on_tick(change.limit_price):
        return SubmitOutcome.REFUSED, _OFF_TICK
    return None
