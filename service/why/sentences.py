"""A sentence for every reason of the strategy and every refusal of risk, with its units.

A member without a sentence fails a test. The figures come from whoever looked; nothing is decided
here.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from actors.messages.decision import Action, Reason
from actors.messages.risk import Refusal
from service.why.units import (
    Unit,
    as_bps,
    as_duration,
    as_flags,
    as_instant,
    as_percent,
    as_text,
)

ACTIONS: Final = {
    Action.NO_ENTRY: "no entry",
    Action.ENTER: "buy",
    Action.HOLD: "keep",
    Action.PARTIAL_EXIT: "sell a part",
    Action.EXIT: "sell everything",
}


class Said(NamedTuple):
    """What a reason is called, and how its value and its threshold are told."""

    title: str
    figures: str


REASONS: Final = {
    Reason.EDGE_ABOVE_COST: Said(
        "worth its cost", "the edge after all costs is {value}, at least {limit}"
    ),
    Reason.EDGE_FADED: Said("the edge has faded", "the expected move is {value}, at most {limit}"),
    Reason.THESIS_BROKEN: Said("the thesis is broken", "{value}; sold at {limit}"),
    Reason.THESIS_HOLDS: Said("the thesis holds", "{value}; sold at {limit}"),
    Reason.FLATTEN: Said("told to flatten", "kill level {value}; from {limit} on all is sold"),
    Reason.NOT_LISTED: Said("not listed", "{value}; needed {limit}"),
    Reason.NOT_WARM: Said("not warm yet", "{value}; needed {limit}"),
    Reason.NO_MODEL: Said("no model speaks", "{value}; needed {limit}"),
    Reason.STALE: Said("no fresh price", "{value}; needed {limit}"),
    Reason.MARKET_UNSOUND: Said("market data unsound", "{value}; there may be none of {limit}"),
    Reason.SPREAD_TOO_WIDE: Said("spread too wide", "{value}, at most {limit}"),
    Reason.DEPTH_TOO_THIN: Said("depth too thin", "{value}, at least {limit}"),
    Reason.PROBABILITY_TOO_LOW: Said("probability too low", "{value} is below {limit}"),
    Reason.EDGE_BELOW_COST: Said(
        "not worth its cost", "the edge after all costs is {value}, below {limit}"
    ),
    Reason.ORDER_OPEN: Said("an order is open", "{value} open, at most {limit}"),
    Reason.COOLING_DOWN: Said("cooling down", "until {value}; it was {limit}"),
    Reason.WARM_UP: Said("history only", "{value}; decided is {limit}"),
    Reason.DUST: Said("too small to buy", "{value}; the venue takes {limit}"),
    Reason.NO_PORTFOLIO: Said("account not valued", "{value}; needed {limit}"),
    Reason.NOT_PERSISTENT: Said("not good for long enough", "{value}, at least {limit}"),
    Reason.REGIME_STRESS: Said("the market is under stress", "{value}; needed {limit}"),
    Reason.DROP_AHEAD: Said("a drop is likely", "odds {value}, waited for from {limit} on"),
    Reason.AWAITING_REBOUND: Said("waiting for a rebound", "odds {value}, at least {limit}"),
    Reason.REENTRY: Said("the edge is back", "{value}, {limit}"),
    Reason.CATASTROPHE_STOP: Said("catastrophe stop", "{value}; sold at {limit}"),
    Reason.RECOVERY_HOPELESS: Said("no recovery in sight", "{value}; sold at {limit}"),
    Reason.RECOVERY_HELD: Said("a credible recovery", "{value}; {limit}"),
    Reason.RECOVERY_REDUCED: Said("reduced in recovery", "{value}; {limit}"),
    Reason.REDUCED_LATELY: Said("reduced lately", "{value}; again after {limit}"),
    Reason.REBOUND_CREDIBLE: Said("a rebound is credible", "odds {value}, held from {limit} on"),
    Reason.THESIS_MIXED: Said("the thesis is mixed", "{value}; reduced at {limit}"),
    Reason.BUDGET_USED: Said("the budget is used", "room for {value}; needed {limit}"),
}


class Refused(NamedTuple):
    """What a refusal is called, how it is told, and the unit of its value and its threshold."""

    title: str
    figures: str
    unit: Unit
    money: str = ""


_QUOTE: Final = "quote"
_BASE: Final = "base"
_MINIMUM: Final = "base and quote"
REFUSALS: Final = {
    Refusal.HALTED: Refused("halted", "{value}; needed {limit}", as_text),
    Refusal.KILL_SWITCH: Refused("kill switch", "level {value}, entries need {limit}", as_text),
    Refusal.REDUCING_ONLY: Refused(
        "only reducing after a drawdown halt", "{value}; needed {limit}", as_text
    ),
    Refusal.RECONCILING: Refused("reconciling with the venue", "{value}; needed {limit}", as_text),
    Refusal.UNGUARDED: Refused("the switch may not be armed", "{value}; needed {limit}", as_text),
    Refusal.UNKNOWN_ORDER: Refused(
        "an order is of unknown outcome", "{value}; needed {limit}", as_text
    ),
    Refusal.UNKNOWN_SYMBOL: Refused("unknown symbol", "{value}; needed {limit}", as_text),
    Refusal.CURRENCY_RATE_STALE: Refused(
        "no rate of its currency of late", "{value}, at most {limit}", as_duration
    ),
    Refusal.DEPEGGED: Refused("off its peg", "{value} off a dollar, at most {limit}", as_percent),
    Refusal.NO_PORTFOLIO: Refused(
        "account not valued", "unmarked {value}; allowed {limit}", as_percent
    ),
    Refusal.STALE_PRICE: Refused("no fresh price", "{value}; needed at most {limit}", as_duration),
    Refusal.MARKET_UNSOUND: Refused("market data unsound", "{value}; allowed {limit}", as_flags),
    Refusal.ACTOR_RESTARTING: Refused(
        "an actor lost a message", "{value}; decided again {limit}", as_instant
    ),
    Refusal.NO_ACTIVE_MODEL: Refused(
        "no model may speak", "predicted by {value}; needed {limit}", as_text
    ),
    Refusal.PREDICTION_TOO_OLD: Refused(
        "prediction too old", "{value}, at most {limit}", as_duration
    ),
    Refusal.VOLATILITY_UNKNOWN: Refused(
        "no volatility of late", "{value}, at most {limit}", as_duration
    ),
    Refusal.DECISION_TOO_OLD: Refused("decision too old", "{value}, at most {limit}", as_duration),
    Refusal.DRAWDOWN_HALT: Refused(
        "drawdown halt", "drawdown {value}, halted from {limit}", as_percent
    ),
    Refusal.CAPITAL_FLOOR: Refused(
        "at the capital floor", "the account is worth {value}; needed {limit}", as_text, _QUOTE
    ),
    Refusal.DAILY_LOSS_LIMIT: Refused(
        "lost enough for a day", "{value} of its best today; needed {limit}", as_percent
    ),
    Refusal.DUPLICATE_INTENT: Refused(
        "intent told twice", "number {value}; needed {limit}", as_text
    ),
    Refusal.INVALID_QUANTITY: Refused(
        "not a quantity of the venue's", "{value}; needed {limit}", as_text
    ),
    Refusal.PRICE_OFF_TICK: Refused("price off the tick", "{value}; needed {limit}", as_text),
    Refusal.PRICE_COLLAR: Refused(
        "price beyond the collar", "{value}; the bound is {limit}", as_text, _QUOTE
    ),
    Refusal.SPREAD_TOO_WIDE: Refused("spread too wide", "{value}, at most {limit}", as_bps),
    Refusal.DEPTH_TOO_THIN: Refused("depth too thin", "{value}, at least {limit}", as_text, _QUOTE),
    Refusal.EDGE_BELOW_COST: Refused(
        "not worth its cost", "the edge after all costs is {value}, below {limit}", as_bps
    ),
    Refusal.COOLING_AFTER_LOSS: Refused(
        "resting after a loss", "{value} since then; needed {limit}", as_duration
    ),
    Refusal.ORDER_RATE: Refused(
        "too many entries in a minute", "{value}, at most {limit}", as_text
    ),
    Refusal.MAX_POSITIONS: Refused("too many positions", "{value}, at most {limit}", as_text),
    Refusal.POSITION_RISK: Refused(
        "risk of one position", "{value} wanted, room for {limit}", as_text, _QUOTE
    ),
    Refusal.POSITION_CAP: Refused(
        "position cap", "{value} wanted, room for {limit}", as_text, _QUOTE
    ),
    Refusal.EXPOSURE_CAP: Refused(
        "exposure cap", "{value} wanted, room for {limit}", as_text, _QUOTE
    ),
    Refusal.CLUSTER_CAP: Refused(
        "cluster cap", "{value} wanted, room for {limit}", as_text, _QUOTE
    ),
    Refusal.QUOTE_CAP: Refused(
        "cap of the quote currency", "{value} wanted, room for {limit}", as_text, _QUOTE
    ),
    Refusal.INSUFFICIENT_CASH: Refused(
        "not enough free cash", "{value} against {limit}", as_text, _QUOTE
    ),
    Refusal.BELOW_MINIMUM: Refused(
        "below the venue's minimum", "{value}, at least {limit}", as_text, _MINIMUM
    ),
    Refusal.NOT_HELD: Refused("not held free", "{value} against {limit}", as_text, _BASE),
    Refusal.NOT_AMENDABLE: Refused("not to be changed", "{value}; needed {limit}", as_text),
    Refusal.AMENDED_LATELY: Refused(
        "changed lately", "{value} since the last, at least {limit}", as_duration
    ),
    Refusal.NOTIONAL_RAISED: Refused(
        "a change may only lower", "{value}; needed {limit}", as_text, _QUOTE
    ),
}
_COUNTED: Final = "below "


def reason_sentence(reason: Reason, value: str = "", limit: str = "") -> str:
    """Why the strategy decided so; without a value only what the reason is called."""
    said = REASONS[reason]
    return f"{said.title}: {said.figures.format(value=value, limit=limit)}" if value else said.title


def refusal_sentence(reason: str, value: str, threshold: str, symbol: str = "") -> str:
    """Why risk (or the orders actor) refused; a reason that this version lacks stays its word."""
    if reason not in set(Refusal):
        return f"{as_text(reason)}: {as_text(value)}; needed {as_text(threshold)}"
    refused = REFUSALS[Refusal(reason)]
    base, _, quote = symbol.partition("/")
    asset = {_QUOTE: quote, _BASE: base, _MINIMUM: base}.get(refused.money, "")
    bound = asset
    if refused.money == _MINIMUM:  # a quantity and a cost: "0.01 and worth 5"
        threshold, bound = threshold.replace(" and ", f" {base} and "), quote
    unit = refused.unit
    if refused is REFUSALS[Refusal.AMENDED_LATELY] and threshold.startswith(_COUNTED):
        return f"{refused.title}: {as_text(value)} changes; needed {as_text(threshold)}"
    figures = refused.figures.format(
        value=f"{unit(value)} {asset}".strip(), limit=f"{unit(threshold)} {bound}".strip()
    )
    return f"{refused.title}: {figures}"
