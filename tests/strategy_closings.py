"""What closes one rung of the entry ladder by what was predicted before."""

from __future__ import annotations

import numpy as np

from actors.messages.prediction import RegimeSlice
from actors.strategy.config import StrategyConfig
from actors.strategy.profile import StrategyProfile
from models.features.regimes import Regime
from tests.strategy_desk import CONFIG, NOW, Desk, spoken


def positive_before(desk: Desk) -> None:
    """What was positive stays so until it is below by the hysteresis."""
    desk.predict((560_000, 0, 0))


def hasty(desk: Desk) -> None:
    profile = StrategyProfile(entry_persistence_count=9)
    config = StrategyConfig(CONFIG.instruments, profile)
    desk.actor.config = config


def stress(desk: Desk) -> None:
    rows = np.full((3, 1), int(Regime.STRESS), dtype=np.int32)
    desk.tell(RegimeSlice(NOW, "bundle", rows))


def waiting(desk: Desk) -> None:
    desk.predict(spoken(700_000, 30_000, downside=600_000))
