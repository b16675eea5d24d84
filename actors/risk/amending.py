"""Changing an exit: an intent of its own through a ladder of its own, beside its order's claim.

What is asked of an exit is asked again, and more: a price is only followed where it is fresh and
can be believed. Entries are never amended. Nothing is reserved, because what is left of the order
is claimed already and its funds are held.
"""

from __future__ import annotations

from actors.messages.decision import AmendIntent, Side
from actors.messages.risk import Refusal
from actors.risk.ladder import first_amend_refusal
from actors.risk.profile import RiskConfig
from actors.risk.reservations import Reservation
from actors.risk.rules import Grounds
from actors.risk.state import RiskState
from actors.risk.view import RiskView, view_beside


def judge(
    config: RiskConfig, state: RiskState, message: AmendIntent, at: int
) -> tuple[RiskView, tuple[Refusal, str, str] | None]:
    """What risk sees, and why it refuses, if it does."""
    intent = message.intent
    order = _claim(state, message.cl_ord_id)
    view = view_beside(config, state, order, intent.symbol, at)
    unfit = _not_amendable(message, order)
    if unfit is not None:
        return view, (Refusal.NOT_AMENDABLE, *unfit)
    return view, first_amend_refusal(intent, view)


def _claim(state: RiskState, cl_ord_id: str) -> Reservation | None:
    for each in state.reservations.values():
        if each.cl_ord_id == cl_ord_id:
            return each
    return None


def _not_amendable(message: AmendIntent, order: Reservation | None) -> Grounds:
    intent = message.intent
    if order is None or order.over:
        return message.cl_ord_id, "an order that rests"
    if Side.BUY in (intent.side, order.side):
        return "an entry", "an exit"
    if order.unknown:
        return "an order of unknown outcome", "a known one"
    if intent.symbol != order.symbol:
        return intent.symbol, order.symbol
    return None
