"""Arrays in messages: one form for equal arrays, on every machine."""

from __future__ import annotations

import struct
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.messages.arrays import (
    any_set,
    decode_array,
    decode_state_array,
    encode_array,
    sealed,
    sealed_ints,
)
from actors.messages.codec import encode

CANONICAL_NAN = struct.pack("<d", float("nan"))


def back(array: np.ndarray) -> np.ndarray:
    found: np.ndarray = msgspec.msgpack.decode(encode(array), ext_hook=decode_array)
    return found


def floats(*patterns: int) -> np.ndarray:
    """Floats by their bits."""
    return np.array(patterns, dtype="<u8").view("<f8")


def test_there_is_one_zero() -> None:
    """-0.0 becomes 0.0, so equal arrays have equal bytes."""
    assert sealed(np.array([-0.0])).tobytes() == bytes(8)
    assert encode(sealed(np.array([-0.0, 1.0]))) == encode(sealed(np.array([0.0, 1.0])))


@pytest.mark.parametrize(
    "bits",
    [0x7FF8000000000000, 0xFFF8000000000000, 0x7FF8DEADBEEF0001, 0x7FF0000000000001],
    ids=["quiet", "negative", "with a payload", "signalling"],
)
def test_there_is_one_nan(bits: int) -> None:
    """Whatever the sign and payload were."""
    with np.errstate(invalid="ignore"):  # NumPy remarks on signalling ones
        assert sealed(floats(bits)).tobytes() == CANONICAL_NAN


@given(st.lists(st.sampled_from([0, 0, 0, 1, -1, 256, 2**31 - 1, -(2**31)]), max_size=30))
def test_any_bit_of_any_element_is_found(values: list[int]) -> None:
    assert any_set(np.array(values, dtype=np.int32)) == any(values)
    assert any_set(np.array(values, dtype=np.int32)[::2] != 0) == any(values[::2])


@given(st.lists(st.floats(width=64), max_size=30))
def test_sealing_changes_nothing_else(values: list[float]) -> None:
    """Infinities, subnormals and all; sealing twice is sealing once."""
    found = sealed(np.array(values, dtype=float))
    np.testing.assert_array_equal(found, np.array(values, dtype=float))
    assert sealed(found).tobytes() == found.tobytes()


def test_a_sealed_array_is_a_read_only_copy_in_c_order() -> None:
    """The source may go on changing."""
    source = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    found = sealed(source)
    source[0, 0] = 9.0
    assert found[0, 0] == 0.0
    assert found.flags.c_contiguous
    with pytest.raises(ValueError, match="read-only"):
        found[0, 0] = 1.0
    ints = sealed_ints(np.array([[1, 2], [3, 4]]).T)
    assert ints.dtype.str == "<i4"
    assert ints.flags.c_contiguous
    assert not ints.flags.writeable


@pytest.mark.parametrize("shape", [(), (0,), (5,), (0, 6), (3, 0, 2), (2, 3), (2, 3, 4)])
@pytest.mark.parametrize("dtype", ["<f8", "<i4", "<i8", "|u1"])
def test_shape_and_type_are_kept(shape: tuple[int, ...], dtype: str) -> None:
    """Up to three dimensions, empty ones too."""
    array = np.arange(np.prod(shape, dtype=int)).astype(dtype).reshape(shape)
    found = back(array)
    assert (found.shape, found.dtype.str) == (shape, dtype)
    np.testing.assert_array_equal(found, array)


def test_memory_order_does_not_enter_the_bytes() -> None:
    """Fortran order and strides encode as C order."""
    array = np.arange(12.0).reshape(3, 4)
    assert encode(np.asfortranarray(array)) == encode(array)
    assert encode(array[:, ::2]) == encode(array[:, ::2].copy())


@pytest.mark.parametrize(
    "value",
    [
        np.zeros(3, dtype="<f4"),
        np.zeros(3, dtype=">f8"),
        np.zeros(3, dtype=bool),
        np.array(["text"]),
        np.zeros((1, 1, 1, 1)),
        object(),
        1j,
        {1, 2} and frozenset,
    ],
    ids=["float32", "big endian", "bool", "text", "four dimensions", "object", "complex", "type"],
)
def test_what_has_no_form_is_a_type_error(value: Any) -> None:
    """It is a bug, never a silent conversion."""
    with pytest.raises(TypeError, match="has no canonical encoding"):
        encode_array(value)


HEADER = struct.Struct("<4I")


@pytest.mark.parametrize(
    ("code", "data"),
    [
        (9, HEADER.pack(1, 1, 0, 0) + bytes(8)),
        (1, b""),
        (1, bytes(15)),
        (1, HEADER.pack(4, 1, 1, 1) + bytes(8)),
        (1, HEADER.pack(1, 2, 0, 0) + bytes(8)),
        (1, HEADER.pack(1, 1, 0, 0) + bytes(7)),
        (2, HEADER.pack(2, 2**32 - 1, 2**32 - 1, 0) + bytes(4)),
        (1, HEADER.pack(2**31, 0, 0, 0)),
    ],
    ids=[
        "unknown type",
        "nothing",
        "half a header",
        "four dimensions",
        "too little data",
        "half a number",
        "sizes beyond memory",
        "dimensions beyond reason",
    ],
)
def test_a_damaged_array_is_a_value_error(code: int, data: bytes) -> None:
    """In messages and in states alike, before any memory is asked for."""
    for decode in (decode_array, decode_state_array):
        with pytest.raises(ValueError):  # noqa: PT011  (NumPy has its own words)
            decode(code, memoryview(data))


@given(st.integers(0, 6), st.binary(max_size=80))
def test_arbitrary_extensions_never_surprise(code: int, data: bytes) -> None:
    """An array or a ValueError."""
    try:
        found = decode_array(code, memoryview(data))
    except ValueError:
        return
    assert not found.flags.writeable
