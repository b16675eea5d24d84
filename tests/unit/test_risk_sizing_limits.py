"""What a profile may not say of sizes, one row a contradiction."""

from __future__ import annotations

import pytest

from actors.risk.profile import RiskProfile


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ({"volatility_window_count": 48}, "one of 4, 12, 24, 72, 168 bars"),
        ({"base_risk_micros": 0}, "base risk"),
        ({"base_risk_micros": 1_000_001}, "base risk"),
        ({"volatility_max_age_ns": 0}, "an age"),
        ({"prediction_max_age_ns": 0}, "an age"),
        ({"volatility_target_micros": 0}, "volatility aimed at"),
        ({"volatility_target_micros": 1_000_001}, "volatility aimed at"),
        ({"scale_min_micros": 0}, "scale"),
        ({"scale_min_micros": 1_000_001}, "scale"),
        ({"scale_max_micros": 999_999}, "scale"),
        ({"scale_max_micros": 2_000_001}, "scale"),
        ({"confidence_from_p_up_micros": -1}, "confidence must rise"),
        ({"confidence_from_p_up_micros": 620_000}, "confidence must rise"),
        ({"confidence_full_p_up_micros": 1_000_001}, "confidence must rise"),
        ({"confidence_min_micros": 0}, "least confidence"),
        ({"confidence_min_micros": 1_000_001}, "least confidence"),
        ({"sale_reserve_micros": -1}, "reserve"),
        ({"sale_reserve_micros": 1_000_001}, "reserve"),
    ],
)
def test_a_profile_that_could_size_anything_is_refused(limits: dict[str, int], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        RiskProfile(**limits)
