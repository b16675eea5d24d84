"""features: a closed bar of every symbol becomes one feature row each, in catalogue order.

Formulas and their state live in `models.features`; this actor only carries them. Warm-up bars fill
the windows in silence. Bars must follow each other: a repeated or older bar is refused. A run's
start is answered with the catalogue, so that what is kept of the run can be read without the code.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from actors.kernel.actor import Actor, Effects, Rule
from actors.messages.arrays import sealed
from actors.messages.base import Message
from actors.messages.control import RunStarted
from actors.messages.feature import FeatureSchema, FeatureSlice
from actors.messages.market import BAR_COLUMNS, BarSlice
from models.features.catalogue import FEATURE_NAMES, FEATURE_SCHEMA_HASH
from models.features.streaming import FeatureState, new_state, update

_BAR_INPUTS = 5


class FeaturesConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The symbols of the run, in index order."""

    symbols: tuple[str, ...]


class FeaturesState(msgspec.Struct):
    """The windows of every symbol; the newest bar's close (ns UTC, -1 for none); bars taken."""

    windows: FeatureState
    close_ts: int = -1
    bars: int = 0


def initial_state(config: FeaturesConfig) -> FeaturesState:
    """Empty windows."""
    return FeaturesState(new_state(len(config.symbols)))


class FeaturesActor(Actor[FeaturesConfig, FeaturesState]):
    """Bars in, features out; constant time and memory a bar."""

    __slots__ = ()

    name: ClassVar[str] = "features"
    emits: ClassVar[tuple[type[Message], ...]] = (FeatureSchema, FeatureSlice)
    state_type: ClassVar[type[FeaturesState]] = FeaturesState

    def on_run_started(self, message: RunStarted, at: int) -> Effects:  # noqa: ARG002
        """State the columns of every slice of the run."""
        return (FeatureSchema(FEATURE_SCHEMA_HASH, FEATURE_NAMES),)

    def on_bar(self, message: BarSlice, at: int) -> Effects:  # noqa: ARG002
        """Take one bar of every symbol. Raises ValueError on a wrong shape or an older bar."""
        state, rows = self.state, message.rows
        if rows.shape != (state.windows.n_symbols, len(BAR_COLUMNS)):
            raise ValueError(f"BarSlice.rows is {rows.shape}, not one bar of every symbol")
        if message.close_ts <= state.close_ts:
            raise ValueError(f"a bar that closes at {message.close_ts} was already taken")
        features = update(state.windows, message.close_ts, rows[:, :_BAR_INPUTS])
        state.close_ts = message.close_ts
        state.bars += 1
        return (FeatureSlice(message.close_ts, sealed(features), message.warm_up),)

    rules: ClassVar[Mapping[type[Message], Rule]] = {
        RunStarted: on_run_started,
        BarSlice: on_bar,
    }
