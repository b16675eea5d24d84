"""A LightGBM booster to an ONNX tree ensemble that answers alike, row for row.

Thresholds are rounded down to float32: for a float32 value x and a float64 threshold t, `x <= t`
and `x <= floor32(t)` are the same question; any other rounding answers wrongly at thresholds.
Missing directions are kept. The bytes depend on the trees only. Needs the `train` extra.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from models.onnx import INPUT, OUTPUT
from models.onnx_format import IR_VERSION, OPSETS


class ExportRefused(ValueError):  # noqa: N818 - a refusal is an answer
    """A booster with a kind of split that the export does not know."""


def floor_float32(value: float) -> float:
    """The largest float32 that is not above the value."""
    nearest = np.float32(value)
    if float(nearest) > value:
        nearest = np.nextafter(nearest, np.float32(-np.inf))
    return float(nearest)


def to_onnx(dump: dict[str, Any], heads: Sequence[dict[str, Any]] = ()) -> bytes:
    """Serialised ONNX model (opset 17, ai.onnx.ml 3, IR 8) of `Booster.dump_model()`.

    Input `features` float32 [N, F], output `margin` float32 [N, 1 + heads]: the raw scores.
    `heads` are dumps of the same trees with other leaf values. Raises ExportRefused for
    categorical splits, zero-as-missing, several classes and heads of other trees.
    """
    from onnx import TensorProto, checker, helper

    if dump["num_tree_per_iteration"] != 1:
        raise ExportRefused("the booster has several classes")
    columns: dict[str, Any] = {name: [] for name in _NODE_COLUMNS + _LEAF_COLUMNS}
    for target, each in enumerate((dump, *heads)):
        trees: dict[str, Any] = {name: [] for name in _NODE_COLUMNS + _LEAF_COLUMNS}
        for tree_id, tree in enumerate(each["tree_info"]):
            for node in _numbered(tree["tree_structure"]):
                _append(trees, tree_id, node, target)
        if target and any(trees[name] != columns[name] for name in _NODE_COLUMNS):
            raise ExportRefused(f"head {target} has trees of its own")
        for name in _LEAF_COLUMNS if target else columns:
            columns[name] += trees[name]
    ensemble = helper.make_node(
        "TreeEnsembleRegressor", [INPUT], [OUTPUT], name="trees", domain="ai.onnx.ml"
    )
    targets = 1 + len(heads)
    columns |= {"n_targets": targets, "aggregate_function": "SUM", "post_transform": "NONE"}
    ensemble.attribute.extend(helper.make_attribute(k, v) for k, v in sorted(columns.items()))
    width = dump["max_feature_idx"] + 1
    graph = helper.make_graph(
        [ensemble],
        "trees",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [None, width])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [None, targets])],
    )
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
    checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


_NODE_COLUMNS = (
    "nodes_treeids",
    "nodes_nodeids",
    "nodes_featureids",
    "nodes_modes",
    "nodes_values",
    "nodes_truenodeids",
    "nodes_falsenodeids",
    "nodes_missing_value_tracks_true",
)
_LEAF_COLUMNS = ("target_treeids", "target_nodeids", "target_ids", "target_weights")


def _numbered(root: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Nodes of one tree, parents first, each with its number and its children's."""
    pending, count = [(0, root)], 1
    while pending:
        number, node = pending.pop(0)
        row: dict[str, Any] = {"number": number, "node": node, "left": 0, "right": 0}
        if "leaf_value" not in node:
            row["left"], row["right"] = count, count + 1
            pending += [(count, node["left_child"]), (count + 1, node["right_child"])]
            count += 2
        yield row


def _append(columns: dict[str, Any], tree_id: int, row: dict[str, Any], target: int) -> None:
    node, leaf = row["node"], "leaf_value" in row["node"]
    values = (
        tree_id,
        row["number"],
        0 if leaf else node["split_feature"],
        "LEAF" if leaf else "BRANCH_LEQ",
        0.0 if leaf else floor_float32(node["threshold"]),
        row["left"],
        row["right"],
        0 if leaf else int(_missing_goes_left(node)),
    )
    for name, value in zip(_NODE_COLUMNS, values, strict=True):
        columns[name].append(value)
    if leaf:
        weights = (tree_id, row["number"], target, float(np.float32(node["leaf_value"])))
        for name, value in zip(_LEAF_COLUMNS, weights, strict=True):
            columns[name].append(value)


def _missing_goes_left(node: dict[str, Any]) -> bool:
    if node["decision_type"] != "<=":
        raise ExportRefused("the booster has a categorical split")
    match node["missing_type"]:
        case "NaN":
            return bool(node["default_left"])
        case "None":
            # LightGBM takes NaN for zero where training saw no missing value.
            return bool(node["threshold"] >= 0.0)
        case other:
            raise ExportRefused(f"the booster treats {other} as missing")
