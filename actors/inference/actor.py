"""inference: a feature slice becomes a prediction slice under the active bundle, or MISSING.

Under the bundle's own cuts, as the run's start states them, it becomes a slice of regimes as well.
Fails closed: without a predictor nothing is predicted, and an answer that no calibrated model can
give raises, so that supervision sets the slice aside. Not here: models, bundles, recording.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec
import numpy as np
import numpy.typing as npt

from actors.kernel.actor import Actor, Effects, Rule
from actors.messages.arrays import sealed_ints
from actors.messages.base import Message
from actors.messages.control import RunStarted
from actors.messages.feature import FeatureSlice
from actors.messages.prediction import (
    COLUMNS,
    MISSING,
    ODDS,
    OWN_COLUMNS,
    P_UP,
    PredictionSlice,
    RegimeSlice,
)
from actors.ports import Predictor
from models.features.regimes import cuts_fault, regimes

_MICROS = np.array(1_000_000, dtype=np.uint32)
_INT32 = np.dtype("<i4")
_MISSING_ODDS = np.int32(MISSING)
_ODDS = np.array(ODDS)
_WIDTHS = (OWN_COLUMNS, COLUMNS)


class InferenceConfig(msgspec.Struct, frozen=True):
    """The symbols of the run and the active model; None when there is none."""

    symbols: tuple[str, ...]
    predictor: Predictor | None = None


class InferenceState(msgspec.Struct):
    """The close (ns UTC) of the newest slice answered, -1 for none, and how many were.

    Before `known_until` (ns UTC) the run's model may have seen what it predicts; 0 for no model.
    `regime_cuts` are the micros of its cuts; empty for no regimes.
    """

    close_ts: int = -1
    predictions: int = 0
    known_until: int = 0
    regime_cuts: tuple[int, ...] = ()


def initial_state(config: InferenceConfig) -> InferenceState:  # noqa: ARG001
    """Nothing was predicted yet."""
    return InferenceState()


class InferenceActor(Actor[InferenceConfig, InferenceState]):
    """Features in, integer predictions out."""

    __slots__ = ()

    name: ClassVar[str] = "inference"
    emits: ClassVar[tuple[type[Message], ...]] = (PredictionSlice, RegimeSlice)
    state_type: ClassVar[type[InferenceState]] = InferenceState

    def on_run_started(self, message: RunStarted, at: int) -> Effects:  # noqa: ARG002
        """Remember until when the model's own data reach, and its cuts.

        Raises ValueError on cuts of other features.
        """
        model = message.model
        cuts = () if model is None else model.regime_cuts
        if cuts and (fault := cuts_fault(cuts)):
            raise ValueError(f"the regimes of {message.bundle_id} cannot be told, {fault}")
        self.state.known_until = 0 if model is None else model.known_until
        self.state.regime_cuts = tuple(cut.micros for cut in cuts)
        return ()

    def on_features(self, message: FeatureSlice, at: int) -> Effects:  # noqa: ARG002
        """Predict every symbol. Raises ValueError on an answer that is no prediction."""
        state = self.state
        n = len(self.config.symbols)
        if message.rows.ndim != 2 or len(message.rows) != n:
            raise ValueError(f"FeatureSlice.rows is {message.rows.shape}, not a row a symbol")
        predictor = self.config.predictor
        if predictor is None:
            rows = np.full((n, OWN_COLUMNS), MISSING, dtype=np.int32)
            bundle_id = ""
        else:
            rows = predictor.predict(message.rows)
            _check_answer(rows, n)
            bundle_id = predictor.bundle_id
        state.close_ts = message.close_ts
        state.predictions += 1
        prediction = PredictionSlice(
            message.close_ts,
            bundle_id,
            sealed_ints(rows),
            message.warm_up,
            message.close_ts < state.known_until,
        )
        if not bundle_id or message.warm_up or not state.regime_cuts:
            return (prediction,)
        found = regimes(message.rows, state.regime_cuts, MISSING)
        regime = RegimeSlice(message.close_ts, bundle_id, sealed_ints(found.reshape(n, 1)))
        return (regime, prediction)

    rules: ClassVar[Mapping[type[Message], Rule]] = {
        RunStarted: on_run_started,
        FeatureSlice: on_features,
    }


def _check_answer(rows: object, n: int) -> None:
    """Raise ValueError unless `rows` is int32 [n, 3] or [n, 11] of possible predictions.

    Every probability is in 0..1,000,000 or MISSING.
    """
    if not isinstance(rows, np.ndarray) or rows.dtype != _INT32:
        raise ValueError("the predictor's answer is no int32 array")
    if rows.ndim != 2 or len(rows) != n or rows.shape[1] not in _WIDTHS:
        wanted = " or ".join(f"({n}, {width})" for width in _WIDTHS)
        raise ValueError(f"the predictor's answer is {rows.shape}, not {wanted}")
    odds: npt.NDArray[np.int32]
    odds = rows[:, P_UP] if rows.shape[1] == OWN_COLUMNS else rows.take(_ODDS, 1)
    # Seen as unsigned, every negative number lies above a million.
    beyond = odds.view(np.uint32) > _MICROS
    if 1 in beyond.tobytes():
        wrong = beyond & (odds != _MISSING_ODDS)
        if np.count_nonzero(wrong):
            value = int(odds[wrong][0])
            raise ValueError(f"the predictor's probability {value} is outside 0..1,000,000")
