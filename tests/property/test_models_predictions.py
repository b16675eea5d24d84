"""Between features and integers: memory bound to the session, and three lines a knot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.bundle.load import load_bundle
from models.calibration import MISSING, Curve
from models.features.catalogue import FEATURE_NAMES
from models.onnx import Lines, OnnxPredictor, Room

FOLDER = Path(__file__).resolve().parents[2] / "models" / "bundles" / "synthetic"
WIDTH = len(FEATURE_NAMES)
FloatArray = npt.NDArray[np.float64]

micros = st.integers(-1_000_000, 1_000_000)


@st.composite
def curves(draw: st.DrawFn) -> Curve:
    margins = draw(
        st.lists(st.floats(-8, 8, width=32), min_size=1, max_size=12, unique=True).map(sorted)
    )
    columns = [
        draw(st.lists(values, min_size=len(margins), max_size=len(margins)))
        for values in (st.integers(0, 1_000_000), micros, micros)
    ]
    # A higher margin promises no less; only the uncertainty may fall.
    ordered = [tuple(column) for column in (*map(sorted, columns[:2]), columns[2])]
    curve = Curve(tuple(abs(m) if m == 0 else m for m in margins), *ordered)
    assert not curve.fault(), curve.fault()
    return curve


@given(curve=curves(), margins=st.lists(st.floats(-9, 9, width=32), min_size=1, max_size=40))
def test_three_lines_at_once_have_the_bits_of_three_interpolations(
    curve: Curve, margins: list[float]
) -> None:
    knots, columns = curve.arrays()
    asked = np.array([*margins, *knots], dtype=np.float32)
    expected = np.stack([np.interp(asked, knots, column) for column in columns])
    assert np.array_equal(Lines(curve).at(asked, Room(len(asked))), expected)


@given(curve=curves())
def test_outside_the_knots_a_curve_stays_flat_however_far(curve: Curve) -> None:
    lines = Lines(curve)
    far = np.array([-np.inf, -3e38, 3e38, np.inf], dtype=np.float32)
    ends = [[column[0], column[0], column[-1], column[-1]] for column in curve.arrays()[1]]
    assert lines.at(lines.inside(far), Room(4)).tolist() == ends


@pytest.fixture(scope="module")
def predictor() -> OnnxPredictor:
    found = load_bundle(FOLDER).predictor()
    assert isinstance(found, OnnxPredictor)
    return found


def rows(seed: int, n: int, missing: float) -> FloatArray:
    rng = np.random.default_rng(seed)
    features = rng.normal(0, 1, (n, WIDTH))
    features[rng.random(features.shape) < missing] = np.nan
    return features


@settings(max_examples=30, deadline=None)
@given(
    sizes=st.lists(st.sampled_from([1, 2, 30]), min_size=1, max_size=6),
    seed=st.integers(0, 2**32),
    missing=st.sampled_from([0.0, 0.02]),
)
def test_bound_memory_gives_what_a_fresh_run_gives(
    predictor: OnnxPredictor, sizes: list[int], seed: int, missing: float
) -> None:
    fresh = ort.InferenceSession(
        (FOLDER / "model.onnx").read_bytes(), providers=["CPUExecutionProvider"]
    )
    for number, n in enumerate(sizes):
        features = rows(seed + number, n, missing)
        (expected,) = fresh.run(["margin"], {"features": features.astype(np.float32)})
        assert np.array_equal(predictor.margins(features), expected)


@given(seed=st.integers(0, 2**32))
def test_a_row_with_a_gap_is_missing_and_changes_no_other_row(
    predictor: OnnxPredictor, seed: int
) -> None:
    features = rows(seed, 30, 0.01)
    answer = predictor.predict(features)
    unknown = np.isnan(features).any(axis=1)
    assert (answer[unknown] == MISSING).all()
    assert (answer[~unknown] != MISSING).all()
    if not unknown.all():
        assert np.array_equal(predictor.predict(features[~unknown]), answer[~unknown])


def test_what_was_answered_is_not_overwritten_by_the_next_answer(predictor: OnnxPredictor) -> None:
    first = predictor.predict(rows(1, 30, 0.0))
    margins = predictor.margins(rows(1, 30, 0.0))
    kept = first.copy(), margins.copy()
    predictor.predict(rows(2, 30, 0.0))
    assert np.array_equal(first, kept[0])
    assert np.array_equal(margins, kept[1])
