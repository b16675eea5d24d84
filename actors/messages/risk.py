"""Risk messages: approvals, refusals with value and threshold, and the trading state."""

from __future__ import annotations

import enum
from decimal import Decimal

from actors.messages.base import Message
from actors.messages.decision import OrderIntent, Side


class TradingState(enum.StrEnum):
    """What may be sent: anything, only what reduces risk, or nothing but cancels."""

    ACTIVE = "Active"
    REDUCING = "Reducing"
    HALTED = "Halted"


class Refusal(enum.StrEnum):
    """Why risk (or the orders actor's re-check) refused, in ladder order.

    The first that holds wins.
    """

    HALTED = "halted"
    KILL_SWITCH = "kill_switch"
    REDUCING_ONLY = "reducing_only"
    RECONCILING = "reconciling"
    UNGUARDED = "unguarded"
    UNKNOWN_ORDER = "unknown_order"
    UNKNOWN_SYMBOL = "unknown_symbol"
    CURRENCY_RATE_STALE = "currency_rate_stale"
    DEPEGGED = "depegged"
    NO_PORTFOLIO = "no_portfolio"
    STALE_PRICE = "stale_price"
    MARKET_UNSOUND = "market_unsound"
    ACTOR_RESTARTING = "actor_restarting"
    NO_ACTIVE_MODEL = "no_active_model"
    PREDICTION_TOO_OLD = "prediction_too_old"
    VOLATILITY_UNKNOWN = "volatility_unknown"
    DECISION_TOO_OLD = "decision_too_old"
    DRAWDOWN_HALT = "drawdown_halt"
    CAPITAL_FLOOR = "capital_floor"
    DAILY_LOSS_LIMIT = "daily_loss_limit"
    DUPLICATE_INTENT = "duplicate_intent"
    INVALID_QUANTITY = "invalid_quantity"
    PRICE_OFF_TICK = "price_off_tick"
    PRICE_COLLAR = "price_collar"
    SPREAD_TOO_WIDE = "spread_too_wide"
    DEPTH_TOO_THIN = "depth_too_thin"
    EDGE_BELOW_COST = "edge_below_cost"
    COOLING_AFTER_LOSS = "cooling_after_loss"
    ORDER_RATE = "order_rate"
    MAX_POSITIONS = "max_positions"
    POSITION_RISK = "position_risk"
    POSITION_CAP = "position_cap"
    EXPOSURE_CAP = "exposure_cap"
    CLUSTER_CAP = "cluster_cap"
    QUOTE_CAP = "quote_cap"
    INSUFFICIENT_CASH = "insufficient_cash"
    BELOW_MINIMUM = "below_minimum"
    NOT_HELD = "not_held"
    NOT_AMENDABLE = "not_amendable"
    AMENDED_LATELY = "amended_lately"
    NOTIONAL_RAISED = "notional_raised"


class Admission(Message, frozen=True):
    """What risk saw when it approved, for the database to do the same sums again.

    Ratios in millionths, amounts in the quote currency of the intent; worths count open buys at
    their worst, and `positions_count` the other symbols. `risk` is what a position may be by its
    volatility and confidence; `account_equity` and `capital_floor` are in reporting currency. An
    exit has no caps and no worths: zeros.
    """

    equity: Decimal = Decimal(0)
    drawdown: int = 0
    halt_at: int = 0
    tier: str = ""
    position_cap: Decimal = Decimal(0)
    symbol_worth: Decimal = Decimal(0)
    exposure_cap: Decimal = Decimal(0)
    total_worth: Decimal = Decimal(0)
    positions_count: int = 0
    positions_max_count: int = 0
    cash_free: Decimal = Decimal(0)
    taker_fee: Decimal = Decimal(0)
    edge_margin: int = 0
    cluster_cap: Decimal = Decimal(0)
    cluster_worth: Decimal = Decimal(0)
    quote_cap: Decimal = Decimal(0)
    quote_worth: Decimal = Decimal(0)
    risk: Decimal = Decimal(0)
    account_equity: Decimal = Decimal(0)
    capital_floor: Decimal = Decimal(0)
    day_loss: int = 0
    day_loss_max: int = 0


class Sizing(Message, frozen=True):
    """How risk came to the size of an entry; an exit has none: zeros.

    base x scale x confidence is the `risk` that a position may be, in quote currency as `base` is;
    `volatility` is the realised one of a day; ratios in millionths. `clip` names the limit that
    the size was (`asked` when it was what the intent asked for), `room` is what it left.
    """

    base: Decimal = Decimal(0)
    volatility: int = 0
    scale: int = 0
    confidence: int = 0
    risk: Decimal = Decimal(0)
    clip: str = ""
    room: Decimal = Decimal(0)


class IntentApproved(Message, frozen=True):
    """Risk approves `intent` at `quantity` (base, on the lot grid) and the intent's limit price."""

    intent: OrderIntent
    quantity: Decimal
    admission: Admission = Admission()
    sizing: Sizing = Sizing()


class AmendApproved(Message, frozen=True):
    """Risk approves that `quantity`, which is left of an order, is at the intent's limit."""

    cl_ord_id: str
    intent: OrderIntent
    quantity: Decimal
    admission: Admission = Admission()


class RiskLimits(Message, frozen=True):
    """Record: the limits by which a run decides, in millionths, as its start names them.

    `profile_id` is a hash of the whole profile; the fields are those that the database checks.
    `position_risk` is the base risk at its greatest scale, `capital_floor` whole units of reporting
    currency, `day_loss_max` the loss of a UTC day at which nothing is bought.
    """

    profile_id: str
    position_cap: int
    exposure_cap: int
    normal_cap: int
    normal_positions_max_count: int
    caution_drawdown: int
    caution_cap: int
    caution_positions_max_count: int
    defence_drawdown: int
    defence_cap: int
    defence_positions_max_count: int
    halt_drawdown: int
    edge_margin: int
    position_risk: int = 1_000_000
    cluster_cap: int = 1_000_000
    quote_cap_cad: int = 1_000_000
    quote_cap_usd: int = 1_000_000
    quote_cap_usdc: int = 1_000_000
    capital_floor: int = 0
    day_loss_max: int = 1_000_000
    entries_per_minute_max_count: int = 1 << 31


class IntentRefused(Message, frozen=True):
    """The first gate that failed for an intent, with what it saw and what it demanded."""

    intent_no: int
    symbol: str
    side: Side
    reason: Refusal
    value: str
    threshold: str
    gate: str = "risk"


class TradingStateChanged(Message, frozen=True):
    """The trading state moved. `kill_level` is 0 (off) to 3 (flatten)."""

    state: TradingState
    kill_level: int
    reason: str


class RiskHour(Message, frozen=True):
    """Record: what risk stood at when an hour was full.

    Ratios in millionths, amounts in reporting currency. `closed` is the refusal that every entry
    would have met (a `Refusal`, empty when entries were open). Positions count at their worth, open
    buys at their worst; `share` is exposure over equity, None when there is no equity; `mark_age`
    is nanoseconds, None before the first mark.
    """

    hour_ts: int
    state: TradingState
    kill_level: int
    closed: str
    drawdown: int
    halt_at: int
    tier: str
    position_cap: int
    exposure_cap: int
    positions_max_count: int
    orders_count: int
    unknown_count: int
    equity: Decimal
    positions_worth: Decimal
    claims_worth: Decimal
    exposure: Decimal
    share: int | None
    mark_age: int | None


class ClusterHour(Message, frozen=True):
    """Record: the exposure of one cluster when an hour was full, as `RiskHour` counts it.

    `version` is that of the map in force (`ClustersComputed`), or `none`. What is in the cluster
    `unknown` counts in every other one besides.
    """

    hour_ts: int
    cluster: str
    version: str
    positions_worth: Decimal
    claims_worth: Decimal
    exposure: Decimal
    share: int | None


class ClustersComputed(Message, frozen=True):
    """Which symbols are one risk, from the returns of the window that ended at `as_of` (ns UTC).

    It holds until `valid_until` (ns UTC, exclusive). `clusters` are names with members by name,
    `unknown` the symbols with too little history in common with the others. `version` is a hash
    (hex) of the two. `returns_count` hourly rows were looked at, `digest` (hex) is of them;
    `correlation` is the threshold in millionths, `window_ns` the window in nanoseconds.
    """

    as_of: int
    valid_until: int
    clusters: tuple[tuple[str, tuple[str, ...]], ...]
    unknown: tuple[str, ...]
    version: str
    digest: str
    returns_count: int
    window_ns: int
    correlation: int
