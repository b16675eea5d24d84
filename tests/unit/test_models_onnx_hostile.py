"""A model file from a stranger: everything beyond one plain tree ensemble is refused unread.

The files are written here field by field, in the wire format that the check reads.
"""

from __future__ import annotations

import pytest

from models.onnx_format import IR_VERSION, OPSETS, OnnxRefused, check_graph


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def text(field: int, value: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(value)) + value


def node(operator: bytes = b"TreeEnsembleRegressor", *more: bytes) -> bytes:
    return text(1, text(4, operator) + text(7, b"ai.onnx.ml") + b"".join(more))


def opset(domain: str, version: int) -> bytes:
    return text(8, text(1, domain.encode()) + number(2, version))


HEAD = number(1, IR_VERSION) + b"".join(opset(*each) for each in OPSETS)
MODEL = HEAD + text(7, node())


def test_a_plain_tree_ensemble_is_accepted_with_its_facts() -> None:
    facts = check_graph(MODEL)
    assert facts.operators == (("ai.onnx.ml", "TreeEnsembleRegressor"),)
    assert (facts.ir_version, facts.opsets) == (IR_VERSION, OPSETS)


@pytest.mark.parametrize(
    "extra",
    [
        text(2, b"the producer"),
        varint(99 << 3 | 1) + bytes(8),  # eight bytes
        varint(99 << 3 | 5) + bytes(4),  # four bytes
    ],
)
def test_what_decides_nothing_is_passed_over(extra: bytes) -> None:
    assert check_graph(MODEL + extra) == check_graph(MODEL)


REFUSED = [
    ("nothing", b"", "0 graphs"),
    ("two graphs", MODEL + text(7, node()), "2 graphs"),
    ("no operator", HEAD + text(7, b""), "no operator"),
    ("another operator", HEAD + text(7, node(b"Loop")), r"ai\.onnx\.ml\.Loop"),
    ("one stranger among friends", HEAD + text(7, node() + node(b"If")), r"ai\.onnx\.ml\.If"),
    ("functions", MODEL + text(25, b""), "functions or training"),
    ("training steps", MODEL + text(20, b""), "functions or training"),
    ("tensors", HEAD + text(7, node() + text(5, b"")), "tensors beside"),
    ("sparse tensors", HEAD + text(7, node() + text(15, b"")), "tensors beside"),
    ("another version", number(1, IR_VERSION + 1) + MODEL[2:], "another ONNX version"),
    ("another opset", MODEL + opset("com.example", 1), "another ONNX version"),
    ("an opset without a number", MODEL + text(8, text(1, b"") + text(2, b"")), "malformed"),
    ("a name that is a number", HEAD + text(7, text(1, number(4, 1))), "malformed"),
    ("a strange alphabet", HEAD + text(7, node("Bäume".encode())), "strange alphabet"),
    ("an unknown wire type", MODEL + varint(99 << 3 | 3), "malformed"),
    ("a field that is cut", MODEL + varint(99 << 3 | 2) + varint(9) + b"short", "cut short"),
    ("a number that is cut", MODEL + b"\x80", "cut short"),
    ("a number without end", MODEL + b"\x80" * 10 + b"\x01", "cut short"),
] + [
    (f"attribute field {field}", HEAD + text(7, node(b"X", text(5, text(field, b"")))), "attribute")
    for field in (5, 6, 10, 11)
]


@pytest.mark.parametrize(("model", "words"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_everything_else_is_refused_in_a_sentence(model: bytes, words: str) -> None:
    with pytest.raises(OnnxRefused, match=words):
        check_graph(model)


def test_every_cut_of_a_good_file_is_refused() -> None:
    for length in range(len(MODEL)):
        with pytest.raises(OnnxRefused):
            check_graph(MODEL[:length])
