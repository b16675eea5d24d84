"""A model that was let speak, and a market that moves as much as is aimed at: for tests of risk.

`UNSIZED` are limits by which base risk and reserve say nothing, for tests of other limits.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from actors.messages.arrays import sealed, sealed_ints
from actors.messages.feature import FeatureSlice
from actors.messages.prediction import PredictionSlice
from actors.model_statement import ModelStatement
from actors.risk.state import RiskState
from models.features.catalogue import FEATURE_NAMES

BUNDLE: Final = "bundle"
UNSIZED: Final = {"base_risk_micros": 1_000_000, "sale_reserve_micros": 0}
SURE: Final = 700_000
AIMED_AT: Final = 0.0199999  # rounded up to micros: two per cent a day
_HOURS: Final = np.sqrt(24.0)


def activated(bundle_id: str = BUNDLE, activation: str = "PAPER_ONLY") -> ModelStatement:
    """What a run states of a model that somebody let speak."""
    return ModelStatement(
        bundle_id, "made up", "", "schema", "REFUSED", 1, 2, 0, activation=activation, reason="why"
    )


def moved(count: int, at: int, *daily: float) -> FeatureSlice:
    """Every hourly bar moved by as much as comes to `daily` in a day; all the same at first."""
    rows = np.full((count, len(FEATURE_NAMES)), AIMED_AT / _HOURS)
    for index, each in enumerate(daily):
        rows[index] = each / _HOURS
    return FeatureSlice(at, sealed(rows))


def said(count: int, at: int, p_up: int = SURE, bundle_id: str = BUNDLE) -> PredictionSlice:
    """The same of every symbol."""
    return PredictionSlice(at, bundle_id, sealed_ints(np.tile([p_up, 30_000, 0], (count, 1))))


def speaks(state: RiskState, at: int, p_up: int = SURE) -> None:
    """Risk has heard all that, just now."""
    count = len(state.flags)
    state.bundle_id = state.predicted_by = BUNDLE
    state.predicted_at = state.volatility_at = at
    state.odds = np.full(count, p_up, dtype=np.int32)
    state.volatility = np.full(count, AIMED_AT / _HOURS)
