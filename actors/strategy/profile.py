"""The numbers by which the strategy decides.

Every threshold is a field here and nowhere else; docs/risk-rules.md lists them, says why the exits
lie where they lie, and a test compares. Ratios are millionths (micros), times nanoseconds. What
they mean for a verdict is in `evaluation`.
"""

from __future__ import annotations

from typing import Final

import msgspec

from actors.instant import HOUR_NS, MINUTE_NS, SECOND_NS

MICROS: Final = 1_000_000


class StrategyProfile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Thresholds of the first strategy. Raises ValueError when they contradict each other."""

    entry_p_up_micros: int = 560_000
    strong_p_up_micros: int = 620_000
    strong_exit_p_up_micros: int = 380_000
    hysteresis_micros: int = 10_000
    entry_persistence_count: int = 2
    dip_downside_micros: int = 550_000
    rebound_entry_micros: int = 500_000
    rebound_weak_micros: int = 400_000
    rebound_credible_micros: int = 600_000
    tactical_gain_micros: int = 10_000
    reentries_max_count: int = 3
    recovery_adverse_micros: int = 200_000
    recovery_left_micros: int = 150_000
    recovery_exit_p_up_micros: int = 350_000
    recovery_exit_move_micros: int = -5_000
    recovery_hold_p_up_micros: int = 600_000
    reduce_interval_ns: int = 24 * HOUR_NS
    catastrophe_stop_micros: int = 0
    edge_margin_micros: int = 500
    exit_p_up_micros: int = 440_000
    exit_move_micros: int = -4_000
    fade_move_micros: int = 0
    partial_exit_micros: int = 500_000
    slippage_micros: int = 500
    spread_max_micros: int = 2_000
    depth_min_quote: int = 10_000
    collar_micros: int = 2_000
    base_fraction_micros: int = 30_000
    prediction_max_age_ns: int = 2 * HOUR_NS
    cool_down_fill_ns: int = 5 * MINUTE_NS
    cool_down_refusal_ns: int = MINUTE_NS
    amend_stale_micros: int = 500
    amend_step_micros: int = 10_000
    amend_interval_ns: int = 15 * SECOND_NS
    amends_max_count: int = 360

    def __post_init__(self) -> None:
        """Refuse a profile whose exits would meet its entries."""
        if not 0 <= self.exit_p_up_micros < self.entry_p_up_micros <= MICROS:
            raise ValueError("the exit probability must lie below the entry probability")
        plain = (self.exit_p_up_micros, self.entry_p_up_micros)
        if self.strong_exit_p_up_micros > plain[0] or self.strong_p_up_micros < plain[1]:
            raise ValueError("the strong classes must lie beyond the plain ones")
        if not self.exit_move_micros <= self.fade_move_micros:
            raise ValueError("the exit move must not lie above the move at which an edge has faded")
        if not 0 < self.partial_exit_micros < MICROS:
            raise ValueError("a partial exit must be more than nothing and less than everything")
        if not 0 <= self.collar_micros < MICROS:
            raise ValueError("the price collar must lie between nothing and everything")
        if not 0 < self.base_fraction_micros <= MICROS:
            raise ValueError("the base fraction must be more than nothing and at most everything")
        if self.amend_stale_micros < 0 or self.amend_interval_ns <= 0 or self.amends_max_count < 0:
            raise ValueError("changes of an exit need a pause, and neither slack nor count below 0")
        if not 0 < self.amend_step_micros < MICROS:
            raise ValueError("one change of an exit must be more than nothing and not everything")
