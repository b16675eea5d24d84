"""The inference actor passes on what a model may say, and fails closed on anything else."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from actors.inference.actor import InferenceActor, InferenceConfig, InferenceState, initial_state
from actors.messages.arrays import sealed
from actors.messages.codec import encode, state_decoder
from actors.messages.feature import FeatureSlice
from actors.messages.prediction import (
    COLUMNS,
    MISSING,
    MOVE_H1,
    ODDS,
    P_UP_H24,
    REBOUND,
    PredictionSlice,
    RegimeSlice,
    wide,
)
from actors.ports import PredictionTape, TapedPredictor
from models.features.catalogue import FEATURE_NAMES
from models.features.regimes import CUTS, Regime, RegimeCut
from tests.context_records import MODEL, STARTED

SYMBOLS = ("XBT/USD", "ETH/USD")
changed = msgspec.structs.replace
UNCUT = changed(STARTED, model=changed(MODEL, regime_cuts=()))


class FixedPredictor:
    """A predictor that always gives one answer, right or wrong."""

    bundle_id = "b" * 64
    marker = ""

    def __init__(self, answer: object) -> None:
        self.answer = answer
        self.seen: list[np.ndarray] = []

    def predict(self, features: np.ndarray) -> np.ndarray:
        self.seen.append(features)
        return self.answer  # type: ignore[return-value]


def slice_of(close_ts: int = 1, *, warm_up: bool = False) -> FeatureSlice:
    return FeatureSlice(close_ts, sealed(np.full((2, 3), 0.5)), warm_up)


def actor_of(predictor: FixedPredictor | TapedPredictor | None) -> InferenceActor:
    config = InferenceConfig(SYMBOLS, predictor)
    return InferenceActor(config, initial_state(config))


def prediction_of(actor: InferenceActor, message: FeatureSlice) -> PredictionSlice:
    (effect,) = actor.handle(message, message.close_ts)
    assert isinstance(effect, PredictionSlice)
    return effect


GOOD = np.array([[0, 1, 2], [1_000_000, -5, 0]], dtype=np.int32)


def with_odds(column: int) -> np.ndarray:
    """A wide answer with one probability above one."""
    rows = np.zeros((2, COLUMNS), dtype=np.int32)
    rows[1, column] = 1_000_001
    return rows


def test_the_answer_is_passed_on_with_its_bundle() -> None:
    predictor = FixedPredictor(GOOD)
    actor = actor_of(predictor)
    found = prediction_of(actor, slice_of(7))
    assert (found.close_ts, found.bundle_id, found.warm_up) == (7, "b" * 64, False)
    assert found.rows.tolist() == GOOD.tolist()
    assert found.rows.dtype == np.dtype("<i4")
    assert not found.rows.flags.writeable
    assert predictor.seen[0] is not None
    assert actor.state == InferenceState(close_ts=7, predictions=1)


def test_the_message_does_not_share_memory_with_the_model() -> None:
    answer = GOOD.copy()
    found = prediction_of(actor_of(FixedPredictor(answer)), slice_of())
    answer[0, 0] = 999
    assert found.rows[0, 0] == 0


def test_a_wide_answer_is_passed_on_whole() -> None:
    rows = np.arange(2 * COLUMNS, dtype=np.int32).reshape(2, COLUMNS)
    rows[0, P_UP_H24], rows[1, MOVE_H1], rows[1, REBOUND] = MISSING, -40_000, 1_000_000
    found = prediction_of(actor_of(FixedPredictor(rows)), slice_of())
    assert found.rows.tolist() == rows.tolist()
    assert wide(found.rows) is found.rows


def test_narrow_rows_read_wide_have_no_further_answers() -> None:
    found = wide(GOOD)
    assert found[:, :3].tolist() == GOOD.tolist()
    assert found.shape == (2, COLUMNS)
    assert (found[:, 3:] == MISSING).all()


@pytest.mark.parametrize("width", [3, COLUMNS])
def test_a_recorded_answer_is_played_as_wide_as_it_was(width: int) -> None:
    """A journal of before heads steps to the same messages, whatever the bundle answers now."""
    answer = np.arange(2 * width, dtype=np.int32).reshape(2, width)
    tape = PredictionTape()
    actor = actor_of(TapedPredictor(FixedPredictor(answer), tape))
    tape.begin(None)
    first = prediction_of(actor, slice_of())
    recorded = tuple(tape.written)
    for width_now in (3, COLUMNS):
        other = FixedPredictor(np.zeros((2, width_now), dtype=np.int32))
        again = actor_of(TapedPredictor(other, tape))
        tape.begin(recorded)
        assert encode(prediction_of(again, slice_of())) == encode(first)
        assert other.seen == []


def test_without_a_model_everything_is_missing() -> None:
    found = prediction_of(actor_of(None), slice_of())
    assert found.bundle_id == ""
    assert found.rows.tolist() == [[MISSING] * 3] * 2


def test_a_row_that_is_not_warm_may_be_missing() -> None:
    rows = np.array([[MISSING] * 3, [500_000, 0, 0]], dtype=np.int32)
    assert prediction_of(actor_of(FixedPredictor(rows)), slice_of()).rows[0, 0] == MISSING


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (GOOD.astype(np.float64), "no int32 array"),
        (GOOD.astype(np.int64), "no int32 array"),
        (GOOD.tolist(), "no int32 array"),
        (None, "no int32 array"),
        (GOOD[:1], "not \\(2, 3\\)"),
        (GOOD[:, :2].copy(), "not \\(2, 3\\)"),
        (np.zeros((2, 10), dtype=np.int32), "not \\(2, 3\\) or \\(2, 11\\)"),
        (np.zeros((1, 11), dtype=np.int32), "not \\(2, 3\\)"),
        (GOOD.reshape(6), "not \\(2, 3\\)"),
        *((with_odds(column), "1000001 is outside") for column in ODDS),
        (np.array([[1_000_001, 0, 0], [0, 0, 0]], dtype=np.int32), "1000001 is outside"),
        (np.array([[0, 0, 0], [-1, 0, 0]], dtype=np.int32), "-1 is outside"),
        (np.array([[MISSING, 0, 0], [2**31 - 1, 0, 0]], dtype=np.int32), "outside 0..1,000,000"),
    ],
)
def test_an_answer_that_is_no_prediction_is_refused(answer: object, sentence: str) -> None:
    actor = actor_of(FixedPredictor(answer))
    with pytest.raises(ValueError, match=sentence):
        actor.handle(slice_of(), 1)
    assert actor.state == InferenceState()


@pytest.mark.parametrize("shape", [(1, 3), (3, 3), (2,)])
def test_features_of_other_symbols_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="not a row a symbol"):
        actor_of(FixedPredictor(GOOD)).handle(FeatureSlice(1, np.zeros(shape)), 1)


def test_warm_up_features_give_a_marked_prediction() -> None:
    predictor = FixedPredictor(GOOD)
    (marked,) = actor_of(predictor).handle(slice_of(warm_up=True), 1)
    assert isinstance(marked, PredictionSlice)
    assert marked.warm_up
    assert len(predictor.seen) == 1


def test_a_recorded_answer_is_played_back_instead_of_asking_the_model() -> None:
    tape = PredictionTape()
    model = FixedPredictor(GOOD)
    actor = actor_of(TapedPredictor(model, tape))
    told = prediction_of(actor, slice_of(1))
    tape.begin(tuple(tape.written))
    played = prediction_of(actor, slice_of(1))
    assert encode(told) == encode(played)
    assert len(model.seen) == 1


def test_the_state_survives_being_written_and_read() -> None:
    actor = actor_of(FixedPredictor(GOOD))
    prediction_of(actor, slice_of(9))
    data = encode(actor.state)
    assert state_decoder(InferenceState).decode(data) == actor.state
    assert msgspec.structs.asdict(actor.state) == {
        "close_ts": 9,
        "predictions": 1,
        "known_until": 0,
        "regime_cuts": (),
    }


@pytest.mark.parametrize(("close_ts", "in_sample"), [(209, True), (210, False)])
def test_what_the_model_may_have_seen_is_marked(close_ts: int, in_sample: bool) -> None:
    """Trained until before 200, with an embargo of 10."""
    actor = actor_of(FixedPredictor(GOOD))
    actor.handle(UNCUT, 1)
    assert prediction_of(actor, slice_of(close_ts)).in_sample is in_sample


def test_without_a_stated_model_nothing_is_in_sample() -> None:
    actor = actor_of(FixedPredictor(GOOD))
    actor.handle(UNCUT, 1)
    actor.handle(changed(STARTED, model=None), 1)
    assert not prediction_of(actor, slice_of(1)).in_sample


VALUES = (1_500_000, -1_250_000, 250_000)
LIMITS = tuple(RegimeCut(*cut, micros) for cut, micros in zip(CUTS, VALUES, strict=True))
CUT = changed(STARTED, model=changed(MODEL, regime_cuts=LIMITS))


def known(**features: float) -> FeatureSlice:
    """Everything half, but for the first symbol's named features."""
    rows = np.full((2, len(FEATURE_NAMES)), 0.5)
    for name, value in features.items():
        rows[0, FEATURE_NAMES.index(name)] = value
    return FeatureSlice(7, sealed(rows))


@pytest.mark.parametrize(
    ("volatility", "momentum", "efficiency", "regime"),
    [
        (1.0, 0.0, 0.1, Regime.RANGE),
        (1.0, -9.0, 0.249999, Regime.RANGE),
        (1.0, 0.0, 0.25, Regime.TREND),
        (1.499999, -9.0, 0.9, Regime.TREND),
        (1.5, 0.0, 0.9, Regime.HIGH_VOLATILITY),
        (1.5, -1.25, 0.1, Regime.HIGH_VOLATILITY),
        (1.5, -1.250001, 0.9, Regime.STRESS),
        (3.0, -2.0, 0.1, Regime.STRESS),
        (np.nan, -2.0, 0.1, MISSING),
        (3.0, np.nan, 0.1, MISSING),
        (1.0, -2.0, np.nan, MISSING),
    ],
)
def test_the_cuts_that_a_run_states_tell_the_regime_of_each_symbol(
    volatility: float, momentum: float, efficiency: float, regime: int
) -> None:
    """At the cut counts as beyond it, but for a fall, which has to be deeper."""
    actor = actor_of(FixedPredictor(GOOD))
    actor.handle(CUT, 1)
    told, predicted = actor.handle(
        known(volatility_ratio_12_168=volatility, z_momentum_24=momentum, efficiency_72=efficiency),
        7,
    )
    assert isinstance(told, RegimeSlice)
    assert isinstance(predicted, PredictionSlice)
    assert (told.close_ts, told.bundle_id) == (7, "b" * 64)
    assert told.rows.tolist() == [[regime], [Regime.TREND]]
    assert told.rows.dtype == np.dtype("<i4")
    assert not told.rows.flags.writeable


def test_history_and_a_run_without_cuts_have_no_regimes() -> None:
    actor = actor_of(FixedPredictor(GOOD))
    actor.handle(CUT, 1)
    assert len(actor.handle(changed(known(), warm_up=True), 7)) == 1
    actor.handle(UNCUT, 8)
    assert len(actor.handle(known(), 9)) == 1
    without = actor_of(None)
    without.handle(CUT, 1)
    assert len(without.handle(known(), 7)) == 1


def test_cuts_of_other_features_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be told, they are not cuts of"):
        actor_of(FixedPredictor(GOOD)).handle(STARTED, 1)
