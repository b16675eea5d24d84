"""Decisions: one columnar verdict row per symbol and instant, and single order intents."""

from __future__ import annotations

import enum
from decimal import Decimal
from typing import Final

import numpy as np

from actors.messages.base import Message


class Side(enum.StrEnum):
    """The two sides of a spot order."""

    BUY = "buy"
    SELL = "sell"


class Action(enum.IntEnum):
    """What the strategy decided for a symbol."""

    NO_ENTRY = 0
    ENTER = 1
    HOLD = 2
    PARTIAL_EXIT = 3
    EXIT = 4


class Reason(enum.IntEnum):
    """Why: the first rule that decided, in ladder order. Values are recorded and never reused."""

    EDGE_ABOVE_COST = 1
    EDGE_FADED = 2
    THESIS_BROKEN = 3
    THESIS_HOLDS = 4
    FLATTEN = 5
    NOT_LISTED = 10
    NOT_WARM = 11
    NO_MODEL = 12
    STALE = 13
    MARKET_UNSOUND = 14
    SPREAD_TOO_WIDE = 15
    DEPTH_TOO_THIN = 16
    PROBABILITY_TOO_LOW = 17
    EDGE_BELOW_COST = 18
    ORDER_OPEN = 19
    COOLING_DOWN = 20
    WARM_UP = 21
    DUST = 22
    NO_PORTFOLIO = 23
    NOT_PERSISTENT = 24
    REGIME_STRESS = 25
    DROP_AHEAD = 26
    AWAITING_REBOUND = 27
    REENTRY = 28
    CATASTROPHE_STOP = 29
    RECOVERY_HOPELESS = 30
    RECOVERY_HELD = 31
    RECOVERY_REDUCED = 32
    REDUCED_LATELY = 33
    REBOUND_CREDIBLE = 34
    THESIS_MIXED = 35
    BUDGET_USED = 36


# Columns of VerdictSlice.rows (int32). Edge, cost, probability and move are in millionths.
# `state` is a ScoreState, `persisted` counts predictions; the next ones are micros of the model.
# `value` and `threshold` are what the deciding rung asked, in its own unit (actors/strategy/gates).
VERDICT_COLUMNS: Final = (
    "action",
    "reason",
    "p_up",
    "expected_move",
    "cost",
    "edge",
    "state",
    "persisted",
    "rebound",
    "downside",
    "move_h1",
    "p_up_h24",
    "value",
    "threshold",
)


class VerdictSlice(Message, frozen=True):
    """What was decided of every symbol at one instant. `rows` is int32[N, 14] (VERDICT_COLUMNS).

    The hashes (SHA-256, hex) are those of the profile, of the whole prediction, and of portfolio
    and kill level as they were known; empty in verdicts of before there were any.
    """

    ts: int
    rows: np.ndarray
    prediction_ts: int = 0
    profile_hash: str = ""
    prediction_hash: str = ""
    capital_hash: str = ""


class OrderIntent(Message, frozen=True):
    """What the strategy wants done; nothing happens until risk approves it.

    An entry names a `notional` (quote currency) and leaves `quantity` zero for risk to size; an
    exit names a `quantity` (base). `limit_price` is the worst price
    accepted; `reference_price` the ask or bid that the decision saw, for slippage.
    """

    intent_no: int
    symbol: str
    side: Side
    notional: Decimal
    quantity: Decimal
    limit_price: Decimal
    decided_at: int
    action: Action
    reason: Reason
    p_up: int
    expected_move: int
    cost: int
    reference_price: Decimal = Decimal(0)


class AmendIntent(Message, frozen=True):
    """What the strategy wants changed of a resting order: an intent of its own, with its number.

    `intent.quantity` is what is left of the order (base), `intent.limit_price` its new worst price.
    """

    cl_ord_id: str
    intent: OrderIntent
