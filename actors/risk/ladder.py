"""The ladder: every refusal in the order of `Refusal`, with its rule and what it applies to.

The first rule that objects decides. Exits skip what only entries must satisfy; nothing else differs
between them, and nothing skips the ladder.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Final, NamedTuple

from actors.messages.decision import Action, OrderIntent, Reason, Side
from actors.messages.risk import Refusal
from actors.money import ZERO
from actors.permissions import Deed, Situation, forbids
from actors.risk import rules
from actors.risk.rules import Grounds
from actors.risk.view import RiskView

Rule = Callable[[OrderIntent, RiskView], Grounds]


class Scope(enum.Enum):
    """Which intents a rung judges."""

    BOTH = enum.auto()
    ENTRIES = enum.auto()
    EXITS = enum.auto()


class Rung(NamedTuple):
    """One refusal and the rule that gives it."""

    refusal: Refusal
    rule: Rule
    scope: Scope


def _scope(situation: Situation) -> Scope:
    """Whom the table of permissions lets a situation stop. Raises ValueError when nobody."""
    if not forbids(situation, Deed.ENTRY):
        raise ValueError(f"{situation} stops no entry, so it is no rung")
    return Scope.BOTH if forbids(situation, Deed.OPERATOR_EXIT) else Scope.ENTRIES


LADDER: Final = (
    Rung(Refusal.HALTED, rules.halted, _scope(Situation.HALTED)),
    Rung(Refusal.KILL_SWITCH, rules.kill_switch, _scope(Situation.FLATTEN)),
    Rung(Refusal.REDUCING_ONLY, rules.reducing_only, _scope(Situation.REDUCING)),
    Rung(Refusal.RECONCILING, rules.reconciling, Scope.ENTRIES),
    Rung(Refusal.UNKNOWN_ORDER, rules.unknown_order, _scope(Situation.UNKNOWN_ORDER)),
    Rung(Refusal.UNKNOWN_SYMBOL, rules.unknown_symbol, Scope.BOTH),
    Rung(Refusal.CURRENCY_RATE_STALE, rules.currency_rate_stale, Scope.ENTRIES),
    Rung(Refusal.DEPEGGED, rules.depegged, Scope.ENTRIES),
    Rung(Refusal.NO_PORTFOLIO, rules.no_portfolio, Scope.ENTRIES),
    Rung(Refusal.STALE_PRICE, rules.stale_price, _scope(Situation.STALE_PRICE)),
    Rung(Refusal.MARKET_UNSOUND, rules.market_unsound, Scope.ENTRIES),
    Rung(Refusal.ACTOR_RESTARTING, rules.actor_restarting, Scope.ENTRIES),
    Rung(Refusal.NO_ACTIVE_MODEL, rules.no_active_model, _scope(Situation.NO_MODEL)),
    Rung(Refusal.PREDICTION_TOO_OLD, rules.prediction_too_old, _scope(Situation.NO_MODEL)),
    Rung(Refusal.VOLATILITY_UNKNOWN, rules.volatility_unknown, Scope.ENTRIES),
    Rung(Refusal.DECISION_TOO_OLD, rules.decision_too_old, Scope.ENTRIES),
    Rung(Refusal.DRAWDOWN_HALT, rules.drawdown_halt, _scope(Situation.DRAWDOWN_HALT)),
    Rung(Refusal.CAPITAL_FLOOR, rules.capital_floor, _scope(Situation.LOSS_LIMIT)),
    Rung(Refusal.DAILY_LOSS_LIMIT, rules.daily_loss_limit, _scope(Situation.LOSS_LIMIT)),
    Rung(Refusal.DUPLICATE_INTENT, rules.duplicate_intent, Scope.BOTH),
    Rung(Refusal.INVALID_QUANTITY, rules.invalid_notional, Scope.ENTRIES),
    Rung(Refusal.INVALID_QUANTITY, rules.invalid_quantity, Scope.EXITS),
    Rung(Refusal.PRICE_OFF_TICK, rules.price_off_tick, Scope.BOTH),
    Rung(Refusal.PRICE_COLLAR, rules.price_collar, Scope.BOTH),
    Rung(Refusal.SPREAD_TOO_WIDE, rules.spread_too_wide, Scope.ENTRIES),
    Rung(Refusal.DEPTH_TOO_THIN, rules.depth_too_thin, Scope.ENTRIES),
    Rung(Refusal.EDGE_BELOW_COST, rules.edge_below_cost, Scope.ENTRIES),
    Rung(Refusal.COOLING_AFTER_LOSS, rules.cooling_after_loss, Scope.ENTRIES),
    Rung(Refusal.ORDER_RATE, rules.order_rate, Scope.ENTRIES),
    Rung(Refusal.MAX_POSITIONS, rules.max_positions, Scope.ENTRIES),
    Rung(Refusal.POSITION_RISK, rules.position_risk, Scope.ENTRIES),
    Rung(Refusal.POSITION_CAP, rules.position_cap, Scope.ENTRIES),
    Rung(Refusal.EXPOSURE_CAP, rules.exposure_cap, Scope.ENTRIES),
    Rung(Refusal.CLUSTER_CAP, rules.cluster_cap, Scope.ENTRIES),
    Rung(Refusal.QUOTE_CAP, rules.quote_cap, Scope.ENTRIES),
    Rung(Refusal.INSUFFICIENT_CASH, rules.insufficient_cash, Scope.ENTRIES),
    Rung(Refusal.BELOW_MINIMUM, rules.below_minimum, Scope.BOTH),
    Rung(Refusal.NOT_HELD, rules.not_held, Scope.EXITS),
)
# What a change of an exit passes: all that an exit does, and a price that can be believed.
AMEND_LADDER: Final = tuple(
    each._replace(rule=rules.market_lying) if each.refusal is Refusal.MARKET_UNSOUND else each
    for each in LADDER
    if each.scope is not Scope.ENTRIES
    or each.refusal in {Refusal.STALE_PRICE, Refusal.MARKET_UNSOUND, Refusal.DECISION_TOO_OLD}
)
_ENTRY_RULES: Final = tuple((r.rule, r.refusal) for r in LADDER if r.scope is not Scope.EXITS)
_EXIT_RULES: Final = tuple((r.rule, r.refusal) for r in LADDER if r.scope is not Scope.ENTRIES)


# What closes entries whatever the symbol and the intent.
_ACCOUNT_WIDE: Final = tuple(
    each
    for each in LADDER
    if each.refusal
    in {
        Refusal.HALTED,
        Refusal.KILL_SWITCH,
        Refusal.REDUCING_ONLY,
        Refusal.RECONCILING,
        Refusal.NO_PORTFOLIO,
        Refusal.ACTOR_RESTARTING,
        Refusal.NO_ACTIVE_MODEL,
        Refusal.DRAWDOWN_HALT,
        Refusal.CAPITAL_FLOOR,
        Refusal.DAILY_LOSS_LIMIT,
    }
)
_NO_INTENT: Final = OrderIntent(
    0, "", Side.BUY, ZERO, ZERO, ZERO, 0, Action.NO_ENTRY, Reason.NO_PORTFOLIO, 0, 0, 0
)


def entries_closed(view: RiskView) -> str:
    """The first refusal that every entry would meet now; empty when entries are open."""
    for each in _ACCOUNT_WIDE:
        if each.rule(_NO_INTENT, view) is not None:
            return each.refusal.value
    return ""


def first_refusal(intent: OrderIntent, view: RiskView) -> tuple[Refusal, str, str] | None:
    """The first refusal with what was seen and what was demanded, or None: it may pass."""
    for rule, refusal in _ENTRY_RULES if intent.side is Side.BUY else _EXIT_RULES:
        grounds = rule(intent, view)
        if grounds is not None:
            return refusal, *grounds
    return None


def first_amend_refusal(intent: OrderIntent, view: RiskView) -> tuple[Refusal, str, str] | None:
    """The first refusal of changing an exit to `intent`, or None: it may pass."""
    for each in AMEND_LADDER:
        grounds = each.rule(intent, view)
        if grounds is not None:
            return each.refusal, *grounds
    return None
