"""What the orders actor keeps: live orders, the last closed ones, and how many were retired
behind them.

A closed order stays for `closed_kept` further closings, so that late and repeated reports find
it. Behind that watermark a trade is one that no order explains, and the ledger, which remembers
trade ids longer, books it if it never was.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from actors.fees import Fees
from actors.instant import HOUR_NS, MINUTE_NS, SECOND_NS
from actors.instruments import Instrument
from actors.messages.decision import Side
from actors.messages.order import OrderState, OrderUpdate
from actors.messages.risk import TradingState
from actors.orders.amendments import AmendState
from actors.orders.lifecycle import OrderEvent


class OrdersConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Decision settings of the orders actor; durations in ns.

    `lifetime_ns` must exceed the bar interval in candle feeds, where an order waits a bar for
    its fill. `silence_ns` after the deadline, an order of which an outside venue said nothing is
    UNKNOWN. An order that came to nothing is tried again after each of `retry_ns`, and an entry
    then not for `give_up_ns`. `switch_seconds` arms the venue's dead man's switch (0: never). An
    order is amended at most `amends_max_count` times, `amend_interval_ns` apart, and by at most
    `amend_step_micros` of its limit. `maintenance_lead_ns` before an announced maintenance nothing
    is entered any more. The limits of loss are those of risk (0: none).
    """

    instruments: dict[str, Instrument]
    venue_in_graph: bool = True
    decision_age_ns_max: int = 2 * SECOND_NS
    deadline_ns: int = 5 * SECOND_NS
    lifetime_ns: int = HOUR_NS + MINUTE_NS
    silence_ns: int = 5 * SECOND_NS
    closed_kept: int = 256
    retry_ns: tuple[int, ...] = (MINUTE_NS, 2 * MINUTE_NS, 4 * MINUTE_NS)
    give_up_ns: int = HOUR_NS
    switch_seconds: int = 0
    amend_step_micros: int = 10_000
    amend_interval_ns: int = 15 * SECOND_NS
    amends_max_count: int = 360
    maintenance_lead_ns: int = 0
    capital_floor_amount: int = 0
    daily_loss_max_micros: int = 0


class Losses(msgspec.Struct):
    """What the newest portfolio was worth (None before the first), and the greatest loss of its
    UTC day, which began at `day` (ns), since the day's least drawdown; in millionths.
    """

    equity: Decimal | None = None
    day: int = -1
    least_micros: int = 0
    loss_micros: int = 0


class Pace(msgspec.Struct, frozen=True):
    """What the strategy's profile in force says of amendments; see OrdersConfig."""

    amend_step_micros: int
    amend_interval_ns: int
    amends_max_count: int


class LossLimits(msgspec.Struct, frozen=True):
    """What the risk profile in force says of losses; see OrdersConfig."""

    capital_floor_amount: int
    daily_loss_max_micros: int


class Amendment(msgspec.Struct):
    """The newest change that was asked of an order: its new limit, and until when.

    `number` counts the order's amendments, `intent_no` is the amendment's own. `elapsed_at` is when
    the venue said that it came after its deadline (0: never).
    """

    number: int
    intent_no: int
    limit_price: Decimal
    decided_at: int
    deadline: int
    state: AmendState = AmendState.PENDING
    elapsed_at: int = 0

    @property
    def is_open(self) -> bool:
        """Whether it may still be carried out, or may have been."""
        return self.state in (AmendState.PENDING, AmendState.UNKNOWN)


class Order(msgspec.Struct):
    """One order. `held` is true from the request for its hold until that hold is let go.

    `venue_filled` is the most that the venue said it filled, `ended` the event that the venue told
    and that waits for fills we have not heard of. `doubted_at` is since when (ns UTC) the order is
    UNKNOWN, `elapsed_at` when the venue said that it came after its deadline (0: never).
    `retriable` tells that it did not fail by its own fault, `rested` that it was OPEN before.
    `taker_fee` is the ratio that its hold reserves (None: that of the rules).
    `recalled` is true once a cancel was asked for. `limits` are those it has had before, `amended`
    counts its amendments, `restated_at` is when it last came to another figure (ns UTC).
    """

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
    venue_order_id: str = ""
    venue_filled: Decimal = Decimal(0)
    ended: OrderEvent | None = None
    doubted_at: int = 0
    elapsed_at: int = 0
    retriable: bool = False
    rested: bool = False
    taker_fee: Decimal | None = None
    recalled: bool = False
    amendment: Amendment | None = None
    amended: int = 0
    limits: list[Decimal] = []
    restated_at: int = 0
    cost: Decimal = Decimal(0)

    @property
    def is_short(self) -> bool:
        """Whether the venue filled more of it than we have booked."""
        return self.filled < self.venue_filled

    @property
    def is_half_amended(self) -> bool:
        """Whether nobody can say if its amendment was carried out."""
        return self.amendment is not None and self.amendment.state is AmendState.UNKNOWN

    @property
    def rest(self) -> Decimal:
        """What is not filled yet (base)."""
        return self.quantity - self.filled

    @property
    def is_acknowledged(self) -> bool:
        """Whether the venue has ever spoken of it, so that it cannot have got lost on the way."""
        told = self.rested or bool(self.venue_order_id) or self.ended is not None
        return told or self.filled > 0 or self.state is OrderState.OPEN

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
            self.cost,
        )


class OrdersState(msgspec.Struct):
    """The whole state. `intent_no` is the newest intent seen; numbers only grow within a run.

    `venue_ids` leads from the venue's order id to ours, for reports that name no other. `foreign`
    are open orders that we did not place, by the venue's id, with their symbols; `blocked` is why a
    reconciliation keeps entries out (empty: it does not). `retries` has
    by symbol and side the last attempt and when it is due.
    `rules` are those of pairs that changed in the run.
    `armed` is the dead man's switch, `consent` whether it may cancel foreign orders, and from
    `quiet_from` to `quiet_to` the next announced maintenance keeps it off; `maintenances` has all
    that are to come, by the venue's id. `stopping` says that the service is about to end. `fees`
    are the account's, as told in this run, `losses` what it lost by the newest portfolio. `pace`
    and `limits` stand in place of the configuration's, once a profile was changed.
    """

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
    venue_ids: dict[str, str] = {}
    foreign: dict[str, str] = {}
    blocked: str = ""
    retries: dict[str, tuple[int, int]] = {}
    armed: bool = False
    consent: bool = False
    quiet_from: int = 0
    quiet_to: int = 0
    fees: Fees = {}
    rules: dict[str, Instrument] = {}
    maintenances: dict[str, tuple[int, int]] = {}
    stopping: bool = False
    losses: Losses = msgspec.field(default_factory=Losses)
    pace: Pace | None = None
    limits: LossLimits | None = None

    def find(self, cl_ord_id: str) -> Order | None:
        """The order of that id, live or lately closed."""
        return self.live.get(cl_ord_id) or self.closed.get(cl_ord_id)

    def identify(self, cl_ord_id: str, venue_order_id: str) -> Order | None:
        """The order by either id; when ours leads to it, the venue's is remembered for it."""
        order = self.find(cl_ord_id or self.venue_ids.get(venue_order_id, ""))
        if order is not None and venue_order_id and not order.venue_order_id:
            order.venue_order_id = venue_order_id
            self.venue_ids[venue_order_id] = order.cl_ord_id
        return order

    def retire_oldest(self) -> None:
        """Forget the order that closed first; its late facts are the ledger's affair."""
        oldest = self.closed.pop(next(iter(self.closed)))
        self.venue_ids.pop(oldest.venue_order_id, None)
        self.retired += 1
