"""Sizing far from its defaults: a wide line of confidence, and figures that are none."""

from __future__ import annotations

import msgspec
import pytest

from actors.risk.profile import RiskProfile
from actors.risk.sizing import confidence, outlook, volatility_scale
from tests.unit.test_risk_ladder import VIEW

WIDE = RiskProfile(confidence_from_p_up_micros=300_000, confidence_full_p_up_micros=900_000)


@pytest.mark.parametrize(
    ("p_up", "sure"),
    [(300_000, 500_000), (600_000, 750_000), (750_000, 875_000), (900_000, 1_000_000)],
)
def test_the_line_of_confidence_may_be_longer_than_its_beginning(p_up: int, sure: int) -> None:
    assert confidence(WIDE, p_up) == sure


@pytest.mark.parametrize("volatility", [0, -1])
def test_a_volatility_that_is_none_has_no_scale(volatility: int) -> None:
    with pytest.raises(AssertionError):
        volatility_scale(RiskProfile(), volatility)


def test_an_unknown_volatility_is_told_as_nothing() -> None:
    assert outlook(msgspec.structs.replace(VIEW, volatility_micros=None)).volatility == 0
