"""What the orders actor keeps: live orders, the last closed ones, and how many were retired
behind them.

A closed order stays for `closed_kept` further closings, so that late and repeated reports find
it. Behind that watermark a trade is one that no order explains, and the ledger, which remembers
trade ids longer, books it if it never was.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from actors.instant import HOUR_NS, MINUTE_NS, SECOND_NS
from actors.instruments import Instrument
from actors.messages.decision import Side
from actors.messages.order import OrderState, OrderUpdate
from actors.messages.risk import TradingState


class OrdersConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Decision settings of the orders actor; durations in ns.

    `lifetime_ns` must exceed the bar interval in candle feeds, where an order waits a bar for
    its fill. `silence_ns` after the deadline, an order of which an outside venue said nothing is
    UNKNOWN.
    """

    instruments: dict[str, Instrument]
    venue_in_graph: bool = True
    decision_age_ns_max: int = 2 * SECOND_NS
    deadline_ns: int = 5 * SECOND_NS
    lifetime_ns: int = HOUR_NS + MINUTE_NS
    silence_ns: int = 5 * SECOND_NS
    closed_kept: int = 256


class Order(msgspec.Struct):
    """One order. `held` is true from the request for its hold until that hold is let go."""

    cl_ord_id: str
    intent_no: int
    symbol: str
    side: Side
    quantity: Decimal
    limit_price: Decimal
    decided_at: int
    deadline: int
    state: OrderState = OrderState.PENDING
    filled: Decimal = Decimal(0)
    held: bool = True
    executions: list[str] = []
    reference_price: Decimal = Decimal(0)

    def update(self, reason: str) -> OrderUpdate:
        """The order as the others see it."""
        return OrderUpdate(
            self.cl_ord_id,
            self.intent_no,
            self.symbol,
            self.side,
            self.state,
            self.quantity,
            self.filled,
            self.limit_price,
            reason,
        )


class OrdersState(msgspec.Struct):
    """The whole state. `intent_no` is the newest intent seen; numbers only grow within a run."""

    account: str = ""
    run_id: str = ""
    epoch: int = 0
    order_no: int = 0
    intent_no: int = -1
    trading: TradingState = TradingState.ACTIVE
    kill_level: int = 0
    live: dict[str, Order] = {}
    closed: dict[str, Order] = {}
    retired: int = 0

    def find(self, cl_ord_id: str) -> Order | None:
        """The order of that id, live or lately closed."""
        return self.live.get(cl_ord_id) or self.closed.get(cl_ord_id)
