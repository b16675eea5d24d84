"""Every field of the two profiles as one row: unit, hard bounds, riskier direction, and why.

The bounds are governance: no person and no preset goes beyond them. A field without a row, or a row
without a field, is refused by a test; defaults are the profiles' own.
"""

from __future__ import annotations

import enum
from typing import Final

import msgspec

from actors.instant import HOUR_NS, MINUTE_NS, SECOND_NS
from actors.risk.profile import (
    CLUSTER_MOST_MICROS,
    EXPOSURE_MOST_MICROS,
    POSITION_MOST_MICROS,
    QUOTE_MOST_MICROS,
    RiskProfile,
)
from actors.strategy.profile import StrategyProfile

_MICROS_OF_PERCENT: Final = 10_000
_DAY_NS: Final = 24 * HOUR_NS
_MOST_AMOUNT: Final = 1_000_000


class Unit(enum.Enum):
    """What a whole number counts."""

    SHARE = "millionths"
    DURATION = "nanoseconds"
    COUNT = "count"
    AMOUNT = "amount"


class Riskier(enum.Enum):
    """In which direction a value may lose more, or NEITHER where no direction is the safer one."""

    UP = "up"
    DOWN = "down"
    NEITHER = "neither"


class Row(msgspec.Struct, frozen=True):
    """One field: its unit, the least and the most it may be, its riskier direction, and why."""

    unit: Unit
    least: int
    most: int
    riskier: Riskier
    why: str


class Change(msgspec.Struct, frozen=True):
    """A field that differs: `worse` is +1 when `after` is riskier, -1 when safer, else 0."""

    field: str
    before: int
    after: int
    worse: int


SHARE, DURATION, COUNT, AMOUNT = Unit
UP, DOWN, NEITHER = Riskier

RISK: Final[dict[str, Row]] = {
    "base_risk_micros": Row(
        SHARE, 1_000, 100_000, UP, "Share of the equity in one position before it is scaled."
    ),
    "volatility_target_micros": Row(
        SHARE, 1_000, 50_000, UP, "The daily volatility at which the scale is 1."
    ),
    "volatility_window_count": Row(
        COUNT, 4, 168, NEITHER, "Bars over which it is measured: 4, 12, 24, 72 or 168."
    ),
    "volatility_max_age_ns": Row(
        DURATION, MINUTE_NS, _DAY_NS, UP, "Oldest bar of which a volatility may be."
    ),
    "scale_min_micros": Row(
        SHARE, 100_000, 1_000_000, UP, "Least scale, however wild the symbol is."
    ),
    "scale_max_micros": Row(
        SHARE, 1_000_000, 2_000_000, UP, "Greatest scale, however calm: calm does not last."
    ),
    "confidence_min_micros": Row(
        SHARE, 100_000, 1_000_000, UP, "Confidence at and below the first probability."
    ),
    "confidence_from_p_up_micros": Row(
        SHARE, 400_000, 900_000, DOWN, "The probability from which confidence rises."
    ),
    "confidence_full_p_up_micros": Row(
        SHARE, 410_000, 990_000, DOWN, "The probability from which confidence is 1."
    ),
    "sale_reserve_micros": Row(
        SHARE,
        0,
        1_000_000,
        DOWN,
        "How far an entry is above the venue's least cost, so that it can be sold after a fall.",
    ),
    "prediction_max_age_ns": Row(
        DURATION, MINUTE_NS, _DAY_NS, UP, "Oldest prediction that an entry may rest on."
    ),
    "position_cap_micros": Row(
        SHARE, 0, POSITION_MOST_MICROS, UP, "Most of equity in one position."
    ),
    "position_cap_amount": Row(
        AMOUNT, 0, _MOST_AMOUNT, UP, "The same as an amount; the tier's share applies besides."
    ),
    "exposure_cap_micros": Row(
        SHARE, 0, EXPOSURE_MOST_MICROS, UP, "Most of equity in all positions."
    ),
    "exposure_cap_amount": Row(AMOUNT, 0, _MOST_AMOUNT, UP, "The same as an amount."),
    "cluster_cap_micros": Row(
        SHARE, 0, CLUSTER_MOST_MICROS, UP, "Most of equity in positions that are one risk."
    ),
    "cluster_cap_amount": Row(AMOUNT, 0, _MOST_AMOUNT, UP, "The same as an amount."),
    "cluster_correlation_micros": Row(
        SHARE, 300_000, 950_000, UP, "Correlation of returns from which symbols are one risk."
    ),
    "cluster_window_ns": Row(
        DURATION, 7 * _DAY_NS, 90 * _DAY_NS, NEITHER, "Time over which correlations are measured."
    ),
    "cluster_history_min_count": Row(
        COUNT,
        72,
        720,
        DOWN,
        "Returns that two symbols must share; one that has fewer counts in every cluster.",
    ),
    "cluster_interval_ns": Row(
        DURATION, HOUR_NS, 7 * _DAY_NS, UP, "Time between two maps of the clusters."
    ),
    "cluster_max_age_ns": Row(
        DURATION,
        2 * HOUR_NS,
        14 * _DAY_NS,
        UP,
        "How long a map holds; without one all symbols are one cluster.",
    ),
    "quote_cap_cad_micros": Row(SHARE, 0, QUOTE_MOST_MICROS, UP, "Most of equity bought with CAD."),
    "quote_cap_cad_amount": Row(AMOUNT, 0, _MOST_AMOUNT, UP, "The same as an amount."),
    "quote_cap_usd_micros": Row(SHARE, 0, QUOTE_MOST_MICROS, UP, "Most of equity bought with USD."),
    "quote_cap_usd_amount": Row(AMOUNT, 0, _MOST_AMOUNT, UP, "The same as an amount."),
    "quote_cap_usdc_micros": Row(
        SHARE, 0, QUOTE_MOST_MICROS, UP, "Most of equity bought with USDC."
    ),
    "quote_cap_usdc_amount": Row(AMOUNT, 0, _MOST_AMOUNT, UP, "The same as an amount."),
    "normal_cap_micros": Row(
        SHARE, 1, 100_000, UP, "Cap of one position below the first boundary."
    ),
    "normal_positions_max_count": Row(COUNT, 0, 50, UP, "Positions below the first boundary."),
    "caution_drawdown_micros": Row(
        SHARE, 10_000, 200_000, UP, "The first boundary of drawdown, inclusive."
    ),
    "caution_cap_micros": Row(SHARE, 1, 75_000, UP, "Cap of one position from there."),
    "caution_positions_max_count": Row(COUNT, 0, 50, UP, "Positions from there."),
    "defence_drawdown_micros": Row(
        SHARE, 20_000, 250_000, UP, "The second boundary of drawdown, inclusive."
    ),
    "defence_cap_micros": Row(SHARE, 1, 50_000, UP, "Cap of one position from there."),
    "defence_positions_max_count": Row(COUNT, 0, 25, UP, "Positions from there."),
    "halt_drawdown_micros": Row(
        SHARE, 50_000, 300_000, UP, "No entries from there until a person reactivates."
    ),
    "halt_again_step_micros": Row(
        SHARE, 1_000, 100_000, UP, "How much deeper a reviewed drawdown halts again."
    ),
    "capital_floor_amount": Row(
        AMOUNT, 0, 10**12, DOWN, "No entries while equity is at or below it; 0 is no floor."
    ),
    "daily_loss_max_micros": Row(
        SHARE, 1_000, 100_000, UP, "No entries for the rest of a UTC day that lost this much."
    ),
    "unmarked_max_micros": Row(SHARE, 0, 50_000, UP, "Most of equity without a price."),
    "unmarked_age_ns": Row(
        DURATION, MINUTE_NS, _DAY_NS, UP, "Oldest bid that still prices what is held in full."
    ),
    "mark_haircut_micros": Row(
        SHARE, 0, 500_000, DOWN, "What an older bid is taken less, so that nobody counts on it."
    ),
    "currency_rate_max_age_ns": Row(
        DURATION, SECOND_NS, HOUR_NS, UP, "Oldest rate of a currency that an entry may rest on."
    ),
    "depeg_max_micros": Row(
        SHARE, 1_000, 50_000, UP, "How far USDC may be off a dollar and still buy; at it passes."
    ),
    "edge_margin_micros": Row(SHARE, 0, 50_000, DOWN, "Least expected move above cost."),
    "price_collar_micros": Row(
        SHARE, 0, 30_000, UP, "Furthest limit price from the mark; further is an error."
    ),
    "spread_max_micros": Row(SHARE, 0, 20_000, UP, "Widest spread of the freshest mark."),
    "depth_min_quote": Row(
        AMOUNT, 0, 10**9, DOWN, "Thinnest depth of the freshest book, in quote currency."
    ),
    "entries_per_minute_max_count": Row(
        COUNT, 1, 60, UP, "Most entries within 60 s; a loop that runs wild ends here."
    ),
    "loss_cool_down_ns": Row(
        DURATION, 0, 7 * _DAY_NS, DOWN, "No entry in a symbol after a trade of it lost; 0 is none."
    ),
    "decision_max_age_ns": Row(
        DURATION, SECOND_NS, MINUTE_NS, UP, "Oldest decision that may become an entry."
    ),
    "mark_max_age_ns": Row(
        DURATION, SECOND_NS, 2 * MINUTE_NS, UP, "Longest silence of marks before none is believed."
    ),
    "restart_hold_off_ns": Row(
        DURATION, 0, HOUR_NS, DOWN, "No entries after an actor lost a message and restarted."
    ),
    "approval_grace_ns": Row(
        DURATION, 5 * SECOND_NS, HOUR_NS, DOWN, "When an approval without an order is forgotten."
    ),
    "change_delay_ns": Row(
        DURATION, MINUTE_NS, 7 * _DAY_NS, DOWN, "Time to think again before risk is raised."
    ),
}

STRATEGY: Final[dict[str, Row]] = {
    "entry_p_up_micros": Row(
        SHARE, 500_000, 950_000, DOWN, "Least probability of a rise to enter; below even is a bet."
    ),
    "strong_p_up_micros": Row(
        SHARE, 500_000, 990_000, NEITHER, "Probability from which a symbol is strongly positive."
    ),
    "strong_exit_p_up_micros": Row(
        SHARE, 10_000, 500_000, DOWN, "Probability at or below which it is strongly negative."
    ),
    "hysteresis_micros": Row(
        SHARE, 0, 100_000, NEITHER, "How far a probability must return before a class is left."
    ),
    "entry_persistence_count": Row(
        COUNT, 1, 48, DOWN, "Predictions in a row on one side of neutral that an entry asks for."
    ),
    "dip_downside_micros": Row(
        SHARE, 50_000, 1_000_000, UP, "Probability of a drop from which an entry waits for it."
    ),
    "rebound_entry_micros": Row(
        SHARE, 0, 1_000_000, DOWN, "Least probability of a rebound to enter after a dip."
    ),
    "rebound_weak_micros": Row(
        SHARE, 0, 1_000_000, DOWN, "Probability of a rebound at or below which none is expected."
    ),
    "rebound_credible_micros": Row(
        SHARE, 0, 1_000_000, DOWN, "Probability of a rebound from which a campaign is held for it."
    ),
    "tactical_gain_micros": Row(
        SHARE, 0, 500_000, NEITHER, "Least gain at which a part is sold to come back cheaper."
    ),
    "reentries_max_count": Row(
        COUNT, 0, 20, UP, "Most re-entries of one campaign, never beyond its first budget."
    ),
    "recovery_adverse_micros": Row(
        SHARE, 10_000, 500_000, NEITHER, "Loss of a campaign from which it is in recovery."
    ),
    "recovery_left_micros": Row(
        SHARE, 0, 500_000, NEITHER, "Loss of a campaign from which recovery is over again."
    ),
    "recovery_exit_p_up_micros": Row(
        SHARE, 0, 500_000, DOWN, "24 h probability at or below which a recovery is hopeless."
    ),
    "recovery_exit_move_micros": Row(
        SHARE, -200_000, 0, DOWN, "24 h expected move at or below which a recovery is hopeless."
    ),
    "recovery_hold_p_up_micros": Row(
        SHARE, 500_000, 1_000_000, DOWN, "24 h probability from which a recovery is held whole."
    ),
    "reduce_interval_ns": Row(
        DURATION, MINUTE_NS, 7 * _DAY_NS, UP, "Least time between two reductions of a campaign."
    ),
    "catastrophe_stop_micros": Row(
        SHARE, 0, 900_000, NEITHER, "Loss at which all is sold whatever the model says; 0 is off."
    ),
    "edge_margin_micros": Row(SHARE, 0, 50_000, DOWN, "Least edge to enter."),
    "exit_p_up_micros": Row(
        SHARE, 200_000, 500_000, DOWN, "Probability at or below which the thesis is broken."
    ),
    "exit_move_micros": Row(
        SHARE, -50_000, 0, DOWN, "Expected move at or below which the thesis is broken."
    ),
    "fade_move_micros": Row(
        SHARE, -50_000, 50_000, DOWN, "Expected move at or below which the edge has faded."
    ),
    "partial_exit_micros": Row(
        SHARE, 100_000, 900_000, DOWN, "The part that is sold; where dust would be left, all is."
    ),
    "slippage_micros": Row(
        SHARE, 0, 50_000, DOWN, "Slippage assumed over a round trip; less is more optimistic."
    ),
    "spread_max_micros": Row(SHARE, 0, 20_000, UP, "Widest spread to enter."),
    "depth_min_quote": Row(AMOUNT, 0, 10**9, DOWN, "Thinnest depth to enter, in quote currency."),
    "collar_micros": Row(SHARE, 0, 30_000, UP, "How far beyond ask or bid a limit price reaches."),
    "base_fraction_micros": Row(
        SHARE, 1_000, 100_000, UP, "Most of equity that one entry asks for: its campaign's budget."
    ),
    "prediction_max_age_ns": Row(
        DURATION, MINUTE_NS, 6 * HOUR_NS, UP, "Age beyond which a prediction counts as no model."
    ),
    "cool_down_fill_ns": Row(DURATION, 0, _DAY_NS, DOWN, "No entry in a symbol after a fill."),
    "cool_down_refusal_ns": Row(
        DURATION, 0, _DAY_NS, DOWN, "No further try on the same side after a refusal."
    ),
    "amend_stale_micros": Row(
        SHARE, 0, 50_000, UP, "How far above the bid a resting exit stays before it follows."
    ),
    "amend_step_micros": Row(
        SHARE, 100, 100_000, NEITHER, "How far one change lowers a limit; an empty book is a trap."
    ),
    "amend_interval_ns": Row(
        DURATION,
        SECOND_NS,
        HOUR_NS,
        NEITHER,
        "Least time between changes; Kraken counts fast ones.",
    ),
    "amends_max_count": Row(
        COUNT, 0, 10_000, NEITHER, "Most changes of one order; 0 is exits that never follow."
    ),
}


def breaches(risk: RiskProfile, strategy: StrategyProfile) -> tuple[str, ...]:
    """One sentence for every field outside its bounds, the bound named; () is a sound pair."""
    found: list[str] = []
    for section, rows, profile in (("risk", RISK, risk), ("strategy", STRATEGY, strategy)):
        for name, row in rows.items():
            value = getattr(profile, name)
            if not row.least <= value <= row.most:
                side, bound = ("least", row.least) if value < row.least else ("most", row.most)
                found.append(
                    f"The setting {section}.{name} is {shown(row.unit, value)} ({value}); "
                    f"its {side} is {shown(row.unit, bound)} ({bound})."
                )
    return tuple(found)


def changes(
    before: tuple[RiskProfile, StrategyProfile], after: tuple[RiskProfile, StrategyProfile]
) -> tuple[Change, ...]:
    """Every field that differs between two pairs, `section.field`, in the catalogue's order."""
    found: list[Change] = []
    for section, rows, old, new in (
        ("risk", RISK, before[0], after[0]),
        ("strategy", STRATEGY, before[1], after[1]),
    ):
        for name, row in rows.items():
            was, now = getattr(old, name), getattr(new, name)
            if was != now:
                found.append(Change(f"{section}.{name}", was, now, _worse(row.riskier, was, now)))
    return tuple(found)


def riskier(
    before: tuple[RiskProfile, StrategyProfile], after: tuple[RiskProfile, StrategyProfile]
) -> tuple[str, ...]:
    """The fields, `section.field`, that became riskier."""
    return tuple(each.field for each in changes(before, after) if each.worse > 0)


def shown(unit: Unit, value: int) -> str:
    """A value as a person reads it: 3 %, 15 min, 10,000."""
    if unit is Unit.SHARE:
        sign, size = ("-" if value < 0 else ""), abs(value)
        whole, rest = divmod(size, _MICROS_OF_PERCENT)
        part = f".{rest:04d}".rstrip("0") if rest else ""
        return f"{sign}{whole}{part} %"
    if unit is Unit.DURATION:
        for word, size in (("d", _DAY_NS), ("h", HOUR_NS), ("min", MINUTE_NS), ("s", SECOND_NS)):
            if value and value % size == 0:
                return f"{value // size} {word}"
        return f"{value:,} ns" if value else "0 s"
    return f"{value:,}"


def _worse(direction: Riskier, was: int, now: int) -> int:
    if direction is Riskier.NEITHER:
        return 0
    rises = 1 if now > was else -1
    return rises if direction is Riskier.UP else -rises
