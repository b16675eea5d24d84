"""The life of an amendment as one table: (state, event) -> state. What is not here changes nothing.

An amendment is PENDING from its decision until the venue answers it or shows what it made of it. It
is UNKNOWN when nobody can say: then its order is in doubt, too, and only the venue's evidence ends
it. The venue carries nothing out after the deadline, so an order that lists from after it show as
it was has not been amended. An order that ends takes its amendment along.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final

from actors.messages.order import OrderState


class AmendState(enum.StrEnum):
    """What has become of an amendment."""

    PENDING = "pending"
    UNKNOWN = "unknown"
    AMENDED = "amended"
    REFUSED = "refused"
    NOT_SENT = "not_sent"
    OVERTAKEN = "overtaken"


class AmendEvent(enum.StrEnum):
    """What can befall an amendment, whoever tells it."""

    CONFIRMED = "confirmed"
    REFUSED = "refused"
    NOT_SENT = "not sent"
    SILENCE = "silence"
    UNCHANGED = "unchanged after its deadline"
    ORDER_OVER = "order over"


_S = AmendState
_E = AmendEvent
_ENDS: Final = {
    _E.CONFIRMED: _S.AMENDED,
    _E.REFUSED: _S.REFUSED,
    _E.NOT_SENT: _S.NOT_SENT,
    _E.UNCHANGED: _S.REFUSED,
    _E.ORDER_OVER: _S.OVERTAKEN,
}
TRANSITIONS: Final[Mapping[AmendState, Mapping[AmendEvent, AmendState]]] = {
    _S.PENDING: {**_ENDS, _E.SILENCE: _S.UNKNOWN},
    _S.UNKNOWN: _ENDS,
    _S.AMENDED: {},
    _S.REFUSED: {},
    _S.NOT_SENT: {},
    _S.OVERTAKEN: {},
}
# Only of what rests can anything be changed.
AMENDABLE: Final = (OrderState.OPEN, OrderState.PARTIALLY_FILLED)


def section() -> str:
    """What docs/order-states.md says of amendments."""
    lines = ["stateDiagram-v2", "    [*] --> pending: approved and durable"]
    for state, row in TRANSITIONS.items():
        targets: dict[AmendState, list[str]] = {}
        for event, after in row.items():
            targets.setdefault(after, []).append(event.value)
        lines += [f"    {state} --> {after}: {', '.join(e)}" for after, e in targets.items()]
    lines += [f"    {state} --> [*]" for state, row in TRANSITIONS.items() if not row]
    drawn = "\n".join(lines)
    return "\n".join(
        (
            "## Amendments",
            "",
            "From the table in `actors/orders/amendments.py`. An order has one open amendment at",
            f"most, and can be amended while it is {' or '.join(each for each in AMENDABLE)}.",
            "",
            "```mermaid",
            drawn,
            "```",
        )
    )
