"""The exported ensemble answers like the booster, at every threshold and for missing values."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from models.calibration import MISSING, Curve
from models.export import ExportRefused, floor_float32, to_onnx
from models.onnx import OnnxPredictor
from models.onnx_format import OnnxRefused, check_graph

lightgbm = pytest.importorskip("lightgbm", reason="training needs the train extra")
onnx = pytest.importorskip("onnx", reason="export needs the train extra")

Float32Array = npt.NDArray[np.float32]
WIDTH = 6
CURVE = Curve((-1.0, 0.0, 1.0), (200_000, 500_000, 800_000), (-9000, 0, 9001), (1, 2, 3))


def booster(*, missing: bool, levels: bool = False, leaves: int = 15) -> Any:
    """A small fitted booster; `levels` gives price-like features that float32 can barely tell."""
    rng = np.random.default_rng(11)
    noise = rng.normal(0, 1, (4000, WIDTH))
    label = (noise[:, 0] + noise[:, 1] * noise[:, 2] > 0.0).astype(float)
    features = (noise + 60_000.0 if levels else noise).astype(np.float32)
    if missing:
        features[rng.random(features.shape) < 0.1] = np.nan
    parameters = {"objective": "binary", "num_leaves": leaves, "verbosity": -1, "num_threads": 1}
    data = lightgbm.Dataset(features, label=label, params={"verbosity": -1})
    return lightgbm.train(parameters, data, num_boost_round=20)


def predictor(model: bytes) -> OnnxPredictor:
    return OnnxPredictor(model, CURVE, bundle_id="id", horizon_bars=24, marker="")


def thresholds(dump: dict[str, Any]) -> list[tuple[int, float]]:
    found, pending = [], [tree["tree_structure"] for tree in dump["tree_info"]]
    while pending:
        node = pending.pop()
        if "threshold" in node:
            found.append((node["split_feature"], node["threshold"]))
            pending += [node["left_child"], node["right_child"]]
    return found


def hard_rows(dump: dict[str, Any]) -> Float32Array:
    """Rows that sit on every threshold and one step to either side, and rows with NaN."""
    rng = np.random.default_rng(2)
    rows = []
    for feature, threshold in thresholds(dump):
        centre = np.float32(threshold)
        for value in (
            centre,
            np.nextafter(centre, np.float32(np.inf)),
            np.nextafter(centre, np.float32(-np.inf)),
        ):
            row = rng.normal(0, 1, WIDTH).astype(np.float32) + np.float32(threshold)
            row[feature] = value
            rows.append(row)
    stacked = np.array(rows)
    with_nan = stacked.copy()
    with_nan[rng.random(stacked.shape) < 0.3] = np.nan
    return np.concatenate([stacked, with_nan])


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("levels", [False, True])
def test_export_equals_the_booster_at_thresholds_and_for_nan(missing: bool, levels: bool) -> None:
    model = booster(missing=missing, levels=levels)
    dump = model.dump_model()
    rows = hard_rows(dump)
    assert len(rows) > 500, "the booster must have learnt something"
    native = model.predict(rows, raw_score=True)
    exported = predictor(to_onnx(dump)).margins(rows)[:, 0]
    assert np.abs(native - exported).max() <= 1e-6 * max(1.0, float(np.abs(native).max()))


def test_a_booster_of_single_leaves_is_exported_too() -> None:
    data = lightgbm.Dataset(np.zeros((100, WIDTH)), label=np.arange(100) % 2, params={})
    model = lightgbm.train({"objective": "binary", "verbosity": -1}, data, num_boost_round=2)
    rows = np.zeros((3, WIDTH), dtype=np.float32)
    native = model.predict(rows, raw_score=True)
    assert predictor(to_onnx(model.dump_model())).margins(rows)[:, 0] == pytest.approx(native)


def test_exporting_twice_gives_the_same_bytes() -> None:
    dump = booster(missing=True).dump_model()
    assert to_onnx(dump) == to_onnx(dump)


@pytest.mark.parametrize("value", [0.1, -0.1, 1.0, 1e-35, -1e-35, 60_000.123, 0.0, 3e-46])
def test_a_threshold_is_rounded_down(value: float) -> None:
    down = floor_float32(value)
    assert down <= value < float(np.nextafter(np.float32(down), np.float32(np.inf)))


@pytest.mark.parametrize("change", [{"decision_type": "=="}, {"missing_type": "Zero"}])
def test_a_split_that_cannot_be_kept_is_refused(change: dict[str, str]) -> None:
    dump = booster(missing=False).dump_model()
    dump["tree_info"][0]["tree_structure"] |= change
    with pytest.raises(ExportRefused):
        to_onnx(dump)


def test_predictions_do_not_depend_on_who_else_is_in_the_batch() -> None:
    model = predictor(to_onnx(booster(missing=False).dump_model()))
    rows = np.random.default_rng(4).normal(0, 1, (30, WIDTH))
    alone = np.concatenate([model.predict(rows[i : i + 1]) for i in range(30)])
    assert np.array_equal(model.predict(rows), alone)
    assert np.array_equal(model.predict(rows.astype(np.float32)), alone)


def test_predictions_are_whole_millionths_and_an_unknown_row_is_missing() -> None:
    model = predictor(to_onnx(booster(missing=False).dump_model()))
    rows = np.zeros((3, WIDTH))
    rows[1, 4] = np.nan
    result = model.predict(rows)
    assert result.dtype == np.int32
    assert result.shape == (3, 3)
    assert result[1].tolist() == [MISSING] * 3
    assert np.array_equal(result[0], result[2])
    assert 200_000 <= result[0, 0] <= 800_000


@pytest.mark.parametrize(
    ("curve", "fault"),
    [
        (Curve((), (), (), ()), "unlike lengths"),
        (Curve((0.0, 0.0), (1, 2), (1, 2), (1, 2)), "do not increase"),
        (Curve((0.0,), (1_000_001,), (0,), (0,)), "outside"),
        (Curve((0.0,), (1,), (2**31,), (0,)), "absurd"),
        (Curve((0.0,), (1,), (0, 1), (0,)), "unlike lengths"),
        (Curve((0.0, 1.0), (2, 1), (1, 1), (1, 1)), "promises less"),
        (Curve((0.0, 1.0), (1, 1), (2, 1), (1, 1)), "promises less"),
        (Curve((0.0, 1.0), (1, 1), (1, 1), (2, 1)), ""),
        (Curve((0.0, 1.0), (1, 2), (1, 2), (1, 2)), ""),
    ],
)
def test_a_curve_names_its_fault(curve: Curve, fault: str) -> None:
    assert fault in curve.fault()
    assert bool(curve.fault()) == bool(fault)


def hand_made(operator: str, domain: str = "", **extra: Any) -> Any:
    helper = onnx.helper
    node = helper.make_node(operator, ["features"], ["margin"], domain=domain)
    shape = [helper.make_tensor_value_info(n, 1, [None, 1]) for n in ("features", "margin")]
    graph = helper.make_graph([node], "g", shape[:1], shape[1:], **extra)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def test_a_model_with_another_operator_is_refused_before_the_runtime_sees_it() -> None:
    with pytest.raises(OnnxRefused, match="Sigmoid"):
        check_graph(hand_made("Sigmoid").SerializeToString())
    with pytest.raises(OnnxRefused, match="Evil"):
        predictor(hand_made("Evil", "com.stranger").SerializeToString())


def test_a_model_with_tensors_functions_or_another_version_is_refused() -> None:
    tensor = onnx.helper.make_tensor("t", 1, [1], [1.0])
    tree = "TreeEnsembleRegressor"
    with pytest.raises(OnnxRefused, match="tensors"):
        check_graph(hand_made(tree, "ai.onnx.ml", initializer=[tensor]).SerializeToString())
    inside = hand_made(tree, "ai.onnx.ml")
    inside.graph.node[0].attribute.append(onnx.helper.make_attribute("nodes_values_t", tensor))
    with pytest.raises(OnnxRefused, match="inside an attribute"):
        check_graph(inside.SerializeToString())
    newer = hand_made(tree, "ai.onnx.ml")
    newer.ir_version = 9
    with pytest.raises(OnnxRefused, match="version"):
        check_graph(newer.SerializeToString())
    plain = hand_made(tree, "ai.onnx.ml")
    assert check_graph(plain.SerializeToString()).operators == (("ai.onnx.ml", tree),)


@pytest.mark.parametrize("cut", [0, 1, 7, 40, -1])
def test_a_cut_or_scrambled_model_is_refused_not_crashed_on(cut: int) -> None:
    whole = to_onnx(booster(missing=False).dump_model())
    with pytest.raises(OnnxRefused):
        check_graph(whole[:cut])
    with pytest.raises(OnnxRefused):
        check_graph(b"\xff" * 64)
