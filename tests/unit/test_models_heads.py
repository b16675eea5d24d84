"""Heads: what is asked, leaf values of their own on shared trees, and bundles that state them."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pytest

from actors.messages import prediction
from models.bundle.load import BundleRefused, RefusalReason, load_bundle
from models.bundle.manifest import (
    EVIDENCE_FILE,
    FILES,
    MANIFEST_FILE,
    MODEL_FILE,
    HeadedManifest,
    canonical,
    heads_of,
    reach_bars,
)
from models.bundle.write import write_bundle
from models.calibration import MICROS, MISSING, Curve
from models.export import ExportRefused, to_onnx
from models.features.catalogue import FEATURE_NAMES
from models.heads import COLUMNS, OWN_COLUMNS, QUESTIONS, Head, HeadCurve, heads_fault
from models.labels import daily_sigma, falls, rebounds
from models.onnx import OnnxPredictor

lightgbm = pytest.importorskip("lightgbm", reason="training needs the train extra")
onnx = pytest.importorskip("onnx", reason="export needs the train extra")

FloatArray = npt.NDArray[np.float64]
SHIPPED = Path(__file__).resolve().parents[2] / "models" / "bundles"
changed = msgspec.structs.replace


def opens(*later: float, first: float = 100.0) -> FloatArray:
    """One symbol: decided at bar 0, entered at bar 1 for 100, then these opens."""
    return np.array([[first], [100.0], *([each] for each in later)])


def test_a_days_sigma_is_that_of_an_hour_times_the_root_of_24() -> None:
    found = daily_sigma(np.array([0.01, 0.0, np.nan]))
    assert found[0] == 0.01 * math.sqrt(24.0)
    assert np.isnan(found[1:]).all(), "where nothing moved nothing is far"


@pytest.mark.parametrize(
    ("way", "rebound", "fall"),
    [
        ((105.0, 100.0, 100.0), 1.0, 0.0),  # a sigma above, at once
        ((100.0, 100.0, 105.0), 1.0, 0.0),  # by the last of them
        ((104.9, 100.0, 100.0), 0.0, 0.0),  # not quite
        ((97.5, 100.0, 100.0), 0.0, 1.0),  # half a sigma below
        ((97.6, 100.0, 100.0), 0.0, 0.0),
        ((97.0, 100.0, 106.0), 1.0, 1.0),  # both on one way
        ((100.0, math.nan, 106.0), math.nan, math.nan),  # a gap on the way
    ],
)
def test_rebound_and_fall_look_at_every_open_on_the_way(
    way: tuple[float, ...], rebound: float, fall: float
) -> None:
    series = opens(*way)
    sigma = np.full(series.shape, 0.05)
    for ask, expected in ((rebounds, rebound), (falls, fall)):
        found = ask(series, sigma, 3)
        assert np.array_equal(found[0], [expected], equal_nan=True)
        assert np.isnan(found[1:]).all(), "the way of later ones is not known yet"


def test_neither_the_entry_nor_what_comes_after_the_way_answers() -> None:
    sigma = np.full((5, 1), 0.05)
    assert rebounds(opens(100.0, 100.0, 106.0), sigma, 2)[0, 0] == 0.0
    assert falls(opens(100.0, 100.0, 90.0), sigma, 2)[0, 0] == 0.0
    assert rebounds(opens(100.0, 100.0, 100.0, first=50.0), sigma, 2)[0, 0] == 0.0
    assert np.isnan(rebounds(opens(106.0, 100.0, 100.0), np.full((5, 1), np.nan), 2)).all()


def test_the_core_reads_the_columns_that_the_models_write() -> None:
    columns = {
        "h1": (prediction.P_UP_H1, prediction.MOVE_H1),
        "h4": (prediction.P_UP_H4, prediction.MOVE_H4),
        "h24": (prediction.P_UP_H24, prediction.MOVE_H24),
        "rebound": (prediction.REBOUND, -1),
        "downside": (prediction.DOWNSIDE, -1),
    }
    assert {each.name: (each.p_column, each.move_column) for each in QUESTIONS} == columns
    assert (prediction.COLUMNS, prediction.OWN_COLUMNS) == (COLUMNS, OWN_COLUMNS)
    assert (prediction.P_UP, *(each.p_column for each in QUESTIONS)) == prediction.ODDS


def boosters() -> tuple[Any, list[Any], npt.NDArray[np.float32]]:
    """A booster, and the same trees fitted to five other questions."""
    rng = np.random.default_rng(5)
    features = rng.normal(0, 1, (3000, 6)).astype(np.float32)
    answers = [(features[:, n] + features[:, 0] > 0.2 * n).astype(float) for n in range(6)]
    parameters = {"objective": "binary", "num_leaves": 8, "verbosity": -1, "num_threads": 1}
    data = lightgbm.Dataset(features, label=answers[0], params={"verbosity": -1})
    own = lightgbm.train(parameters, data, num_boost_round=8)
    return own, [own.refit(features, each, decay_rate=0.0) for each in answers[1:]], features


CURVE = Curve((-1.0, 0.0, 1.0), (200_000, 500_000, 800_000), (-9000, 0, 9001), (1, 2, 3))


def head(name: str, place: int = 0) -> Head:
    question = next(each for each in QUESTIONS if each.name == name)
    moves = (-50 - place, 0, 70) if question.move_column >= 0 else ()
    curve = HeadCurve((-0.5 - place, 0.0, 0.25), (100_000, 400_000 + place, 900_000), moves)
    return Head(name, question.bars, question.meaning, curve, {})


HEADS = tuple(head(each.name, place) for place, each in enumerate(QUESTIONS))


def predictor(model: bytes, heads: tuple[Head, ...]) -> OnnxPredictor:
    return OnnxPredictor(model, CURVE, bundle_id="id", horizon_bars=12, marker="", heads=heads)


def test_every_output_is_its_booster_and_the_first_keeps_its_bits() -> None:
    own, others, features = boosters()
    dumps = [each.dump_model() for each in others]
    alone = predictor(to_onnx(own.dump_model()), ())
    shared = predictor(to_onnx(own.dump_model(), dumps), HEADS)
    margins = shared.margins(features)
    assert np.array_equal(margins[:, :1], alone.margins(features))
    for place, booster in enumerate(others, 1):
        native = booster.predict(features, raw_score=True)
        assert np.abs(margins[:, place] - native).max() < 1e-6
    assert len({margin.tobytes() for margin in margins.T}) == 6, "six questions, six answers"
    assert np.array_equal(shared.predict(features)[:, :OWN_COLUMNS], alone.predict(features))


def test_every_head_is_read_from_its_own_curve() -> None:
    own, others, features = boosters()
    rows = features[:30]
    model = predictor(to_onnx(own.dump_model(), [each.dump_model() for each in others]), HEADS)
    answer, margins = model.predict(rows), model.margins(rows).astype(np.float64)
    assert answer.shape == (30, COLUMNS)
    for place, each in enumerate(HEADS, 1):
        for column, heights in each.lines:
            expected = np.rint(np.interp(margins[:, place], each.knots(), heights))
            assert np.array_equal(answer[:, column], expected), (each.name, column)


def test_what_a_bundle_does_not_answer_and_rows_with_a_gap_are_missing() -> None:
    own, others, features = boosters()
    some = (head("h4"), head("rebound"))
    dumps = [each.dump_model() for each in others[:2]]
    model = predictor(to_onnx(own.dump_model(), dumps), some)
    rows = features[:4].astype(np.float64)
    whole = model.predict(rows)
    answered = {0, 1, 2, prediction.P_UP_H4, prediction.MOVE_H4, prediction.REBOUND}
    for column in range(COLUMNS):
        assert (whole[:, column] != MISSING).all() == (column in answered)
    rows[1, 3] = np.nan
    gapped = model.predict(rows)
    assert (gapped[1] == MISSING).all()
    assert np.array_equal(np.delete(gapped, 1, 0), np.delete(whole, 1, 0))


def test_heads_of_other_trees_and_models_of_other_outputs_are_refused() -> None:
    own, others, _ = boosters()
    other = others[0].dump_model()
    other["tree_info"][3]["tree_structure"]["threshold"] += 0.5
    with pytest.raises(ExportRefused, match="head 1 has trees of its own"):
        to_onnx(own.dump_model(), [other])
    with pytest.raises(ValueError, match="not 6 a row"):
        predictor(to_onnx(own.dump_model()), HEADS)
    with pytest.raises(ValueError, match="not 1 a row"):
        predictor(to_onnx(own.dump_model(), [others[0].dump_model()]), ())


@pytest.mark.parametrize(("declared", "heads"), [(1, ()), (6, HEADS)])
def test_a_model_that_lies_about_its_outputs_is_refused_before_it_runs(
    declared: int, heads: tuple[Head, ...]
) -> None:
    """It would write beyond the memory that it was given."""
    own, others, _ = boosters()
    dumps = [] if heads else [each.dump_model() for each in others]
    honest = onnx.load_from_string(to_onnx(own.dump_model(), dumps))
    honest.graph.output[0].type.tensor_type.shape.dim[1].dim_value = declared
    with pytest.raises(ValueError, match="the model's outputs are"):
        predictor(honest.SerializeToString(), heads)


@pytest.mark.parametrize(
    ("heads", "fault"),
    [
        (HEADS, ""),
        ((head("h1"), head("downside")), ""),
        ((), "not some of the known questions"),
        (HEADS[::-1], "in order"),
        ((*HEADS, HEADS[-1]), "each once"),
        ((changed(HEADS[0], name="h2"),), "known questions"),
        ((changed(HEADS[0], bars=2),), "h1 answers another question"),
        ((changed(HEADS[3], meaning="it rains"),), "rebound answers another question"),
        ((changed(HEADS[3], calibration=HEADS[0].calibration),), "a move where none is asked"),
        ((changed(HEADS[0], calibration=HEADS[3].calibration),), "or none where one is"),
        ((changed(HEADS[0], calibration=HeadCurve((0.0,), (MICROS + 1,), (0,))),), "outside"),
        ((changed(HEADS[4], calibration=HeadCurve((0.0, 0.0), (1, 1))),), "do not increase"),
        ((changed(HEADS[0], calibration=HeadCurve((0.0,), (1,), (1, 2))),), "unlike lengths"),
    ],
)
def test_heads_name_their_fault(heads: tuple[Head, ...], fault: str) -> None:
    assert fault in heads_fault(heads)
    assert bool(heads_fault(heads)) == bool(fault)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A copy of the shipped bundle with heads that a test may damage."""
    return Path(shutil.copytree(SHIPPED / "synthetic", tmp_path / "synthetic"))


def rewritten(bundle: Path, contents: dict[str, bytes] | None = None, **change: Any) -> None:
    """Write the bundle again with changes, file list and id made right."""
    files = {name: (bundle / name).read_bytes() for name in FILES} | (contents or {})
    content = (bundle / MANIFEST_FILE).read_bytes()
    manifest = msgspec.json.decode(content, type=HeadedManifest)
    write_bundle(bundle, changed(manifest, **change), files)


def shipped_heads(bundle: Path) -> tuple[Head, ...]:
    return heads_of(load_bundle(bundle).manifest)


def with_golden(bundle: Path, width: int) -> None:
    evidence = json.loads((bundle / EVIDENCE_FILE).read_bytes())
    golden = evidence["golden"]
    golden["predictions"] = [row[:width] for row in golden["predictions"]]
    rewritten(bundle, {EVIDENCE_FILE: canonical(evidence)})


FLAT_CURVE = HeadCurve((0.0,), (123_456,))
TAMPERED: list[tuple[str, Callable[[Path], object], RefusalReason]] = [
    ("no heads", lambda b: rewritten(b, heads=()), RefusalReason.BAD_HEADS),
    ("one less", lambda b: rewritten(b, heads=shipped_heads(b)[1:]), RefusalReason.BAD_MODEL),
    ("turned", lambda b: rewritten(b, heads=shipped_heads(b)[::-1]), RefusalReason.BAD_HEADS),
    (
        "another curve",
        lambda b: rewritten(
            b, heads=(*shipped_heads(b)[:-1], changed(shipped_heads(b)[-1], calibration=FLAT_CURVE))
        ),
        RefusalReason.GOLDEN_MISMATCH,
    ),
    ("narrow golden", lambda b: with_golden(b, 3), RefusalReason.GOLDEN_MISMATCH),
    ("called format 3", lambda b: rewritten(b, format_version=3), RefusalReason.BAD_FORMAT),
    (
        "the baseline's model",
        lambda b: rewritten(b, {MODEL_FILE: (SHIPPED / "baseline" / MODEL_FILE).read_bytes()}),
        RefusalReason.GOLDEN_MISMATCH,
    ),
]


@pytest.mark.parametrize(
    ("change", "reason"), [row[1:] for row in TAMPERED], ids=[row[0] for row in TAMPERED]
)
def test_a_bundle_whose_heads_were_touched_is_refused(
    bundle: Path, change: Callable[[Path], object], reason: RefusalReason
) -> None:
    change(bundle)
    with pytest.raises(BundleRefused) as refusal:
        load_bundle(bundle)
    assert refusal.value.reason is reason


@pytest.mark.parametrize("name", ["synthetic", "baseline"])
def test_the_shipped_bundles_answer_all_questions(name: str) -> None:
    found = load_bundle(SHIPPED / name)
    assert [each.name for each in heads_of(found.manifest)] == [q.name for q in QUESTIONS]
    assert reach_bars(found.manifest) == 25
    rows = np.random.default_rng(3).normal(0, 1, (5, len(FEATURE_NAMES)))
    assert found.predictor().predict(rows).shape == (5, COLUMNS)


def test_the_shipped_heads_are_better_than_their_base_rates_and_calibrated() -> None:
    for each in heads_of(load_bundle(SHIPPED / "synthetic").manifest):
        for told in each.metrics.values():
            skill, error = told["brier_skill"], told["calibration_error"]
            assert skill is not None
            assert error is not None
            assert skill > 0.01, each.name
            assert error < 0.02, each.name
            text = (SHIPPED / "synthetic" / "card.md").read_text()
            assert f"{skill:.6g}" in text


# What bundle 4dee8d44, of the same trees but without heads, gave for the same golden rows.
OWN_ANSWERS = [
    [657607, 10217, 43056],
    [446045, -2049, 45353],
    [508547, 656, 45513],
    [316054, -12703, 42505],
    [443425, -2191, 45329],
    [697785, 15022, 41599],
    [363400, -8557, 43991],
    [579678, 5130, 44871],
    [374157, -7574, 44235],
    [207581, -20222, 37185],
    [611243, 6814, 44248],
    [854939, 26602, 31782],
    [582168, 5292, 44831],
    [788302, 22078, 36650],
    [675141, 12470, 42472],
    [MISSING] * 3,
]


def test_the_own_answer_is_that_of_the_bundle_before_it_had_heads() -> None:
    """Golden rows of that bundle: what is decided by columns 0 to 2 is decided as before."""
    golden = json.loads((SHIPPED / "synthetic" / EVIDENCE_FILE).read_bytes())["golden"]
    assert [row[:3] for row in golden["predictions"]] == OWN_ANSWERS
