"""The few facts of an ONNX file that decide whether it may be loaded, read from its wire format.

A bundle is checked where the `onnx` package is not installed, and before the file reaches the
runtime: which operators it uses, that it holds no functions, no second graph and no outside data.
Source: protobuf encoding; field numbers of onnx.proto (ModelProto 1, 7, 8, 20, 25; GraphProto 1, 5,
15; NodeProto 4, 5, 7; AttributeProto 5, 6, 10, 11).
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

OPERATORS_ALLOWED = frozenset({("ai.onnx.ml", "TreeEnsembleRegressor")})
IR_VERSION = 8
OPSETS = (("", 17), ("ai.onnx.ml", 3))


class OnnxRefused(ValueError):  # noqa: N818 - a refusal is an answer
    """An ONNX file that this product does not load; the message is one sentence."""


class GraphFacts(msgspec.Struct, frozen=True):
    """What a file declares."""

    ir_version: int
    opsets: tuple[tuple[str, int], ...]
    operators: tuple[tuple[str, str], ...]
    """(domain, operator) of every node in order."""


def check_graph(model: bytes) -> GraphFacts:
    """The facts of an acceptable model.

    Raises OnnxRefused when it is malformed or uses anything beyond the allow-list.
    """
    facts = _facts(model)
    strangers = sorted({op for op in facts.operators if op not in OPERATORS_ALLOWED})
    if strangers or not facts.operators:
        names = ", ".join(".".join(op) for op in strangers) or "no operator"
        raise OnnxRefused(f"the model uses {names}, which is not on the list of allowed operators")
    if facts.ir_version != IR_VERSION or tuple(sorted(facts.opsets)) != OPSETS:
        raise OnnxRefused("the model has another ONNX version than this product loads")
    return facts


def _facts(model: bytes) -> GraphFacts:
    ir_version, opsets, operators, graphs = 0, [], [], 0
    for field, value in _fields(model):
        if field == 1 and isinstance(value, int):
            ir_version = value
        elif field == 7 and isinstance(value, bytes):
            graphs += 1
            operators += list(_graph_operators(value))
        elif field == 8 and isinstance(value, bytes):
            pair = dict(_fields(value))
            opsets.append((_text(pair.get(1, b"")), _number(pair.get(2, 0))))
        elif field in (20, 25):
            raise OnnxRefused("the model carries functions or training steps")
    if graphs != 1:
        raise OnnxRefused(f"the model holds {graphs} graphs instead of one")
    return GraphFacts(ir_version, tuple(opsets), tuple(operators))


def _graph_operators(graph: bytes) -> Iterator[tuple[str, str]]:
    for field, value in _fields(graph):
        if field in (5, 15):
            # Initialisers may point outside the file; a tree ensemble needs none.
            raise OnnxRefused("the model carries tensors beside its trees")
        if field != 1 or not isinstance(value, bytes):
            continue
        domain, operator = "", ""
        for inner, content in _fields(value):
            if inner == 4:
                operator = _text(content)
            elif inner == 7:
                domain = _text(content)
            elif inner == 5 and isinstance(content, bytes):
                if any(number in (5, 6, 10, 11) for number, _ in _fields(content)):
                    raise OnnxRefused("the model carries tensors or graphs inside an attribute")
        yield domain, operator


def _text(value: int | bytes) -> str:
    if not isinstance(value, bytes):
        raise OnnxRefused("the model file is malformed")
    try:
        return value.decode("ascii")
    except UnicodeDecodeError as error:
        raise OnnxRefused("the model names something in a strange alphabet") from error


def _number(value: int | bytes) -> int:
    if not isinstance(value, int):
        raise OnnxRefused("the model file is malformed")
    return value


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """(field number, value) pairs of one message: integers for varints, bytes for the rest."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        if kind == 0:
            number, at = _varint(data, at)
            yield key >> 3, number
            continue
        if kind == 2:
            size, at = _varint(data, at)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise OnnxRefused("the model file is malformed")
        if at + size > len(data):
            raise OnnxRefused("the model file is cut short")
        yield key >> 3, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value, shift = 0, 0
    while at < len(data) and shift < 64:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
    raise OnnxRefused("the model file is cut short")
