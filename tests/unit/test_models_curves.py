"""P(up) and the expected move: two curves with known answers, monotone, humble where data is thin.

A planted market has P(up | margin) and a mean move that do not follow from each other; both have to
be found again, with much data by parts and with little by lines.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.calibration import Curve
from models.training.curves import KNOTS, Level, fitted_curve, platt

FloatArray = npt.NDArray[np.float64]
ROWS = 40_000
MUCH, LITTLE = 1, 60
"""Horizons at which these rows are far more, and less, than a thousand independent labels."""


def sigmoid(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x))


def planted(slope: float, tilt: float, seed: int = 3) -> tuple[FloatArray, FloatArray]:
    """Margins, and returns that rise with P = sigmoid(slope * margin - 0.4).

    A rise gains 3 % and a fall loses 1 %, each plus `tilt` a unit of margin: so the mean move is
    steeper or flatter than P alone would make it.
    """
    rng = np.random.default_rng(seed)
    margins = rng.normal(0, 1, ROWS)
    rose = rng.random(ROWS) < 1 / (1 + np.exp(-(slope * margins - 0.4)))
    size = np.where(rose, 0.03, 0.01) + tilt * np.where(rose, margins, -margins)
    size = np.maximum(size, 1e-5)
    return margins, np.where(rose, size, -size)


def own_level(forward: FloatArray) -> Level:
    return Level(float((forward > 0).mean()), float(forward.mean()))


def curve_of(margins: FloatArray, forward: FloatArray, horizon: int) -> Curve:
    return fitted_curve(margins, forward, own_level(forward), horizon)


@pytest.mark.parametrize("horizon", [MUCH, LITTLE])
@pytest.mark.parametrize("tilt", [0.0, 0.002])
def test_both_curves_find_what_was_planted(horizon: int, tilt: float) -> None:
    margins, forward = planted(0.7, tilt)
    curve = curve_of(margins, forward, horizon)
    assert curve.fault() == ""
    assert len(curve.margin) == KNOTS
    for margin, p in zip(curve.margin, curve.p_micros, strict=True):
        assert p / 1e6 == pytest.approx(sigmoid(0.7 * margin - 0.4), abs=0.03)
    fitted = np.interp(margins, curve.margin, curve.expected_move_micros) / 1e6
    for part in np.array_split(np.argsort(margins), 8):
        assert fitted[part].mean() == pytest.approx(forward[part].mean(), abs=0.0015)


@pytest.mark.parametrize("horizon", [MUCH, LITTLE])
def test_the_move_does_not_follow_from_the_probability(horizon: int) -> None:
    flat, steep = (curve_of(*planted(0.7, tilt), horizon) for tilt in (0.0, 0.003))
    assert flat.p_micros == steep.p_micros
    spans = [c.expected_move_micros[-1] - c.expected_move_micros[0] for c in (flat, steep)]
    assert spans[1] > 1.3 * spans[0]


@pytest.mark.parametrize("horizon", [MUCH, LITTLE])
def test_the_level_is_that_of_all_known_labels_and_the_shape_that_of_the_calibration(
    horizon: int,
) -> None:
    margins, forward = planted(0.7, 0.0)
    own = own_level(forward)
    known = Level(0.5, 0.001)
    here, there = (fitted_curve(margins, forward, each, horizon) for each in (own, known))
    shift = (known.mean_move - own.mean_move) * 1e6
    for a, b in zip(here.expected_move_micros, there.expected_move_micros, strict=True):
        assert b - a == pytest.approx(shift, abs=1)
    odds = math.log(known.rise_rate / (1 - known.rise_rate)) - math.log(
        own.rise_rate / (1 - own.rise_rate)
    )
    for a, b in zip(here.p_micros, there.p_micros, strict=True):
        moved = math.log(b / (1e6 - b)) - math.log(a / (1e6 - a))
        assert moved == pytest.approx(odds, abs=1e-3)


@pytest.mark.parametrize("horizon", [MUCH, LITTLE])
def test_a_score_that_is_upside_down_later_becomes_a_constant(horizon: int) -> None:
    margins, forward = planted(0.7, 0.0)
    curve = curve_of(-margins, forward, horizon)
    assert len(set(curve.expected_move_micros)) == 1
    assert max(curve.p_micros) - min(curve.p_micros) <= 1


def test_what_chance_would_give_is_shrunk_away() -> None:
    """Of scores without any skill few keep a slope, and those keep little.

    A hundred independent labels, each seen for 24 hours: lines that were only held from falling
    would span 0.5 % of move on average, and those above their error 0.3 %.
    """
    rng = np.random.default_rng(8)
    spans = []
    for _ in range(300):
        margins, forward = (np.repeat(rng.normal(0, s, 100), 24) for s in (1.0, 0.03))
        curve = fitted_curve(margins, forward, Level(0.5, 0.0), 24)
        spans.append(curve.expected_move_micros[-1] - curve.expected_move_micros[0])
    assert np.mean([span == 0 for span in spans]) > 0.75
    assert np.mean(spans) < 2200


def test_a_clear_slope_is_kept_but_for_its_uncertainty() -> None:
    margins, forward = planted(0.7, 0.0)
    line = platt(margins, (forward > 0).astype(float))
    assert line.slope == pytest.approx(0.7, abs=0.04)
    kept = [line.shrunk_slope(horizon) / line.slope for horizon in (1, 60, 600, 10_000)]
    share = line.slope_variance / line.slope**2
    assert kept == pytest.approx([1 - share, 1 - 60 * share, 1 - 600 * share, 0.0])
    assert kept[0] > 0.99
    assert 0.7 < kept[2] < 0.9


def test_overlapping_labels_widen_the_uncertainty() -> None:
    rng = np.random.default_rng(5)
    margins, forward = rng.normal(0, 1, 4000), rng.normal(0, 0.03, 4000)
    narrow, wide = (curve_of(margins, forward, h).uncertainty_micros for h in (5, 125))
    assert [b / a for a, b in zip(narrow, wide, strict=True)] == pytest.approx([5.0] * 20, rel=0.02)


def test_the_stated_interval_of_the_probability_holds_the_truth() -> None:
    """Ninety of a hundred, less what pooling and a line bend."""
    inside = []
    for seed in range(10):
        margins, forward = planted(0.7, 0.0, seed)
        for horizon in (MUCH, LITTLE):
            curve = curve_of(margins, forward, horizon)
            rows = zip(curve.margin, curve.p_micros, curve.uncertainty_micros, strict=True)
            inside += [abs(p / 1e6 - sigmoid(0.7 * m - 0.4)) <= u / 1e6 for m, p, u in rows]
    assert np.mean(inside) > 0.85


@pytest.mark.parametrize("margin", [0.1, 0.5])
def test_margins_that_are_all_alike_make_one_knot_of_all_rows(margin: float) -> None:
    forward = np.where(np.arange(2_999) % 4 == 0, 0.01, -0.01)
    for horizon in (1, 24):
        curve = curve_of(np.full(2_999, margin), forward, horizon)
        assert curve.margin == (margin,)
        assert curve.p_micros[0] == pytest.approx(250_000, abs=300)
        assert curve.expected_move_micros[0] == pytest.approx(-5_000, abs=10)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.1, 0.3, 1.1]) | st.floats(-3, 3), st.floats(-0.5, 0.5, width=32)
        ),
        min_size=25,
        max_size=200,
    ),
    st.sampled_from([1, 24]),
    st.floats(0.01, 0.99),
    st.floats(-0.05, 0.05),
)
def test_whatever_the_data_the_curves_never_fall_and_can_be_used(
    rows: list[tuple[float, float]], horizon: int, rate: float, mean: float
) -> None:
    margins, forward = (np.array(column, dtype=np.float64) for column in zip(*rows, strict=True))
    for repeats in (1, 50):
        curve = fitted_curve(
            np.tile(margins, repeats), np.tile(forward, repeats), Level(rate, mean), horizon
        )
        assert curve.fault() == ""
