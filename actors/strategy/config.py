"""What a strategy is configured with, and the arrays that every evaluation compares against.

The arrays are derived from instruments and profile once: comparing with a ready array takes half
the time of comparing with a Python number.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec
import numpy as np

from actors.instruments import Instrument, indices_of
from actors.messages.arrays import F64
from actors.money import micros_up
from actors.strategy.profile import StrategyProfile
from models.features.catalogue import FEATURE_NAMES


class Thresholds(msgspec.Struct, frozen=True):
    """f64[N] each, micros unless named otherwise; `fixed_cost` is both fees and slippage."""

    fixed_cost: np.ndarray
    spread_max: np.ndarray
    depth_min_quote: np.ndarray
    entry_p_up: np.ndarray
    edge_margin: np.ndarray
    exit_p_up: np.ndarray
    exit_move: np.ndarray
    fade_move: np.ndarray


class StrategyConfig(msgspec.Struct, frozen=True):
    """The run's instruments in index order and the profile; `volatility_window_count` (bars) is the
    one that risk sizes by. The other fields are derived.
    """

    instruments: tuple[Instrument, ...]
    profile: StrategyProfile = StrategyProfile()
    thresholds: Thresholds | None = None
    indices: dict[str, int] = {}
    volatility_window_count: int = 72
    volatility_column: int = 0

    def __post_init__(self) -> None:
        """Derive arrays and indices; whatever was passed for them is replaced."""
        derived = _thresholds(self.instruments, self.profile)
        msgspec.structs.force_setattr(self, "thresholds", derived)
        msgspec.structs.force_setattr(self, "indices", indices_of(self.instruments))
        column = FEATURE_NAMES.index(f"volatility_{self.volatility_window_count}")
        msgspec.structs.force_setattr(self, "volatility_column", column)

    def index_of(self, symbol: str) -> int:
        """The symbol's index in the run, -1 for a stranger."""
        return self.indices.get(symbol, -1)


def fixed_cost(taker_fee: Decimal, profile: StrategyProfile) -> float:
    """What a round trip costs beside the spread: both taker fees and the slippage, in micros."""
    return float(2 * micros_up(taker_fee, Decimal(1)) + profile.slippage_micros)


def _thresholds(instruments: tuple[Instrument, ...], profile: StrategyProfile) -> Thresholds:
    def repeated(micros: int) -> F64:
        return np.full(len(instruments), float(micros))

    costs = [fixed_cost(each.taker_fee, profile) for each in instruments]
    return Thresholds(
        fixed_cost=np.array(costs, dtype=np.float64),
        spread_max=repeated(profile.spread_max_micros),
        depth_min_quote=repeated(profile.depth_min_quote),
        entry_p_up=repeated(profile.entry_p_up_micros),
        edge_margin=repeated(profile.edge_margin_micros),
        exit_p_up=repeated(profile.exit_p_up_micros),
        exit_move=repeated(profile.exit_move_micros),
        fade_move=repeated(profile.fade_move_micros),
    )
