"""What our requests say, and what the venue's refusals of them mean for an order."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from actors.instant import MICROSECOND_NS, MILLISECOND_NS, SECOND_NS
from actors.messages.decision import Side
from actors.messages.execution import SubmitOutcome
from actors.messages.order import AmendOrder, SubmitOrder
from adapters.kraken.errors import Action, action_of

DEADLINE_LEAST_NS: Final = 500 * MILLISECOND_NS
DEADLINE_MOST_NS: Final = 60 * SECOND_NS
"""Kraken refuses a deadline that is nearer or further than this."""
_SIDES: Final = {Side.BUY: "buy", Side.SELL: "sell"}
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
# The text's beginning, and what it says of an order; whatever is not here goes by its action.
_SAID: Final = (
    ("EService:Deadline elapsed", SubmitOutcome.DEADLINE_ELAPSED),
    ("EOrder:Rate limit exceeded", SubmitOutcome.RATE_LIMITED),
    ("EOrder:Domain rate limit exceeded", SubmitOutcome.RATE_LIMITED),
    ("EAPI:Rate limit exceeded", SubmitOutcome.RATE_LIMITED),
    ("EGeneral:Too many requests", SubmitOutcome.RATE_LIMITED),
    ("EService:Market in ", SubmitOutcome.WRONG_MODE),
)
# What is said of an order that breaks a rule of its pair, which may have changed.
_MISFITS: Final = (
    "EOrder:Tick size check failed",
    "EOrder:Invalid price",
    "EOrder:Order minimum not met",
    "EOrder:Cost minimum not met",
    "EGeneral:Invalid arguments:volume",
)


def stamp_of(instant_ns: int) -> str:
    """RFC 3339 in UTC with microseconds, rounded down: a deadline never comes later than meant."""
    moment = _EPOCH + dt.timedelta(microseconds=instant_ns // MICROSECOND_NS)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def order_params(order: SubmitOrder, token: str) -> dict[str, Any]:
    """The whole order as `add_order` takes it: cash, good till cancelled, fee in quote.

    There is no leverage, no validate and no trigger here, and no way to give one.
    """
    return {
        "order_type": "limit",
        "side": _SIDES[order.side],
        "symbol": order.symbol,
        "order_qty": order.quantity,
        "limit_price": order.limit_price,
        "time_in_force": "gtc",
        "cl_ord_id": order.cl_ord_id,
        "fee_preference": "quote",
        "deadline": stamp_of(order.deadline),
        "token": token,
    }


def is_misfit(text: str) -> bool:
    """Whether a refusal says that the order breaks the pair's rules."""
    return text.startswith(_MISFITS)


def amend_params(change: AmendOrder, token: str) -> dict[str, Any]:
    """The change as `amend_order` takes it: a limit and nothing else, by our id.

    Without a quantity no fill that is under way can make it cancel or grow the order.
    """
    return {
        "cl_ord_id": change.cl_ord_id,
        "limit_price": change.limit_price,
        "deadline": stamp_of(change.deadline),
        "token": token,
    }


def outcome_of(text: str) -> SubmitOutcome:
    """What a refusal says of the order: only what is documented as not executed ends it."""
    for beginning, outcome in _SAID:
        if text.startswith(beginning):
            return outcome
    if action_of(text) is Action.UNKNOWN:
        return SubmitOutcome.UNKNOWN
    return SubmitOutcome.REFUSED
