"""The order lifecycle as one table: (state, event) -> state. A pair that is not here is illegal.

Theory of operation. An order is PENDING while its funds are being held, SUBMITTED once it may be
sent, and OPEN when the venue has spoken of it. UNKNOWN means that it may or may not rest at the
venue: it keeps its funds and is never resent; only the venue's own lists (found, over, absent)
or the outbox's proof that it never left (not sent) end that. Facts come in any order: a trade
may precede the acceptance, and a fill may follow a cancel. Such a late fill is booked and leaves
the word CANCELLED standing, unless it completes the quantity: completion is by quantities, never
by the venue's status word. A terminal state is left in that one way only. A live order is in DOUBT,
and so UNKNOWN, when the venue has filled more of it than we have heard of, or no longer lists it.
An illegal event changes nothing and is noted by whoever asked; the diagram in docs/order-states.md
is drawn from this table, and a test compares them.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final

from actors.messages.order import OrderState
from actors.orders import amendments


class OrderEvent(enum.StrEnum):
    """What can befall an order, whoever tells it."""

    HELD = "held"
    HOLD_REFUSED = "hold refused"
    WITHDRAWN = "withdrawn"
    ACCEPTED = "accepted"
    FILL = "fill"
    LAST_FILL = "last fill"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    NOT_SENT = "not sent"
    SILENCE = "silence"
    DOUBT = "doubt"
    FOUND_OPEN = "found open"
    FOUND_OVER = "found over"
    ABSENT = "proven absent"


_S = OrderState
_E = OrderEvent

_VENUE_ENDS: Final = {
    _E.FILL: _S.PARTIALLY_FILLED,
    _E.LAST_FILL: _S.FILLED,
    _E.CANCELLED: _S.CANCELLED,
    _E.REJECTED: _S.REJECTED,
    _E.EXPIRED: _S.EXPIRED,
}
_VENUE_FACTS: Final = {_E.ACCEPTED: _S.OPEN, **_VENUE_ENDS}


def _over(state: OrderState) -> dict[OrderEvent, OrderState]:
    """A terminal state: late facts are booked, the quantity alone can still complete it."""
    return {_E.FILL: state, _E.LAST_FILL: _S.FILLED}


TRANSITIONS: Final[Mapping[OrderState, Mapping[OrderEvent, OrderState]]] = {
    _S.PENDING: {
        _E.HELD: _S.SUBMITTED,
        _E.HOLD_REFUSED: _S.NOT_SENT,
        _E.WITHDRAWN: _S.NOT_SENT,
        _E.SILENCE: _S.UNKNOWN,
        _E.DOUBT: _S.UNKNOWN,
        **_VENUE_FACTS,
    },
    _S.SUBMITTED: {
        **_VENUE_FACTS,
        _E.NOT_SENT: _S.NOT_SENT,
        _E.SILENCE: _S.UNKNOWN,
        _E.DOUBT: _S.UNKNOWN,
        _E.FOUND_OPEN: _S.OPEN,
        _E.FOUND_OVER: _S.CANCELLED,
        _E.ABSENT: _S.REJECTED,
    },
    _S.UNKNOWN: {
        **_VENUE_FACTS,
        _E.SILENCE: _S.UNKNOWN,
        _E.DOUBT: _S.UNKNOWN,
        _E.NOT_SENT: _S.NOT_SENT,
        _E.FOUND_OPEN: _S.OPEN,
        _E.FOUND_OVER: _S.CANCELLED,
        _E.ABSENT: _S.REJECTED,
    },
    _S.OPEN: {
        **_VENUE_FACTS,
        _E.DOUBT: _S.UNKNOWN,
        _E.FOUND_OPEN: _S.OPEN,
        _E.FOUND_OVER: _S.CANCELLED,
    },
    _S.PARTIALLY_FILLED: {
        **_VENUE_ENDS,
        _E.DOUBT: _S.UNKNOWN,
        _E.ACCEPTED: _S.PARTIALLY_FILLED,
        _E.FOUND_OPEN: _S.PARTIALLY_FILLED,
        _E.FOUND_OVER: _S.CANCELLED,
    },
    _S.FILLED: {
        _E.ACCEPTED: _S.FILLED,
        _E.FILL: _S.FILLED,
        _E.LAST_FILL: _S.FILLED,
        _E.FOUND_OVER: _S.FILLED,
    },
    _S.CANCELLED: {
        **_over(_S.CANCELLED),
        _E.ACCEPTED: _S.CANCELLED,
        _E.CANCELLED: _S.CANCELLED,
        _E.FOUND_OVER: _S.CANCELLED,
    },
    _S.EXPIRED: {
        **_over(_S.EXPIRED),
        _E.ACCEPTED: _S.EXPIRED,
        _E.EXPIRED: _S.EXPIRED,
        _E.FOUND_OVER: _S.EXPIRED,
    },
    _S.REJECTED: {**_over(_S.REJECTED), _E.REJECTED: _S.REJECTED, _E.ABSENT: _S.REJECTED},
    _S.NOT_SENT: {**_over(_S.NOT_SENT), _E.NOT_SENT: _S.NOT_SENT, _E.ABSENT: _S.NOT_SENT},
}
TERMINAL: Final = (_S.FILLED, _S.CANCELLED, _S.REJECTED, _S.EXPIRED, _S.NOT_SENT)
# States in which nothing has come from the venue yet.
UNPROVEN: Final = (_S.PENDING, _S.SUBMITTED, _S.UNKNOWN)
# Terminal states that say the venue never had the order: a fill after them contradicts us.
NEVER_RESTED: Final = (_S.REJECTED, _S.NOT_SENT)
_COMMAND: Final = """python -c 'from actors.orders.lifecycle import document; print(document())'"""


def following(state: OrderState, event: OrderEvent) -> OrderState | None:
    """The state after `event`, or None when the table has no such transition."""
    return TRANSITIONS[state].get(event)


def diagram() -> str:
    """The table as a mermaid state diagram; events that change nothing are left out."""
    lines = ["stateDiagram-v2", "    [*] --> pending: intent approved"]
    for state, row in TRANSITIONS.items():
        targets: dict[OrderState, list[str]] = {}
        for event, after in row.items():
            if after is not state:
                targets.setdefault(after, []).append(event.value)
        lines += [f"    {state} --> {after}: {', '.join(e)}" for after, e in targets.items()]
    lines += [f"    {state} --> [*]" for state in TERMINAL]
    return "\n".join(lines)


def document() -> str:
    """The whole text of docs/order-states.md."""
    rows = [
        f"| {state} | {', '.join(event.value for event in row)} |"
        for state, row in TRANSITIONS.items()
    ]
    return "\n".join(
        (
            "# Order states",
            "",
            "Generated from the table in `actors/orders/lifecycle.py`; a test compares the two.",
            f"To write it anew: `{_COMMAND} > docs/order-states.md`.",
            "",
            "```mermaid",
            diagram(),
            "```",
            "",
            "Any other event is refused and noted as `order.illegal_event`; it changes nothing.",
            "",
            "| state | legal events |",
            "| --- | --- |",
            *rows,
            "",
            amendments.section(),
        )
    )
