"""Arrays in messages: read-only, C-contiguous, little-endian, canonical NaN and no negative zero.

One named hook turns them into MessagePack extension bytes and back, so that equal arrays have
equal bytes on every machine. The first sixteen payload bytes are the shape (dimensions, d0, d1,
d2) as uint32.
"""

from __future__ import annotations

import functools
import struct
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]

_CODES: Final[dict[str, int]] = {"<f8": 1, "<i4": 2, "<i8": 3, "|u1": 4}
_DTYPES: Final[dict[int, np.dtype[Any]]] = {code: np.dtype(text) for text, code in _CODES.items()}
_HEADER: Final = struct.Struct("<4I")
_INT32: Final = _DTYPES[2]
# A Python number costs numpy a conversion a call; a 0-d array does not.
_ZERO: Final = np.array(0.0)


def any_set(values: NDArray[np.integer] | NDArray[np.bool_]) -> bool:
    """Whether any element is not zero, for a third of what numpy takes to count a few of them."""
    return values.tobytes().count(0) != values.nbytes


def sealed(values: F64) -> F64:
    """Return `values` in canonical form (contiguous, one NaN, no -0.0), read-only; copies once."""
    array: F64 = np.add(values, _ZERO, order="C")
    missing = np.isnan(array)
    if 1 in missing.tobytes():  # most slices have none: a search of bytes is a third of counting
        array[missing] = np.nan
    array.setflags(write=False)
    return array


def sealed_ints(values: Any) -> I32:
    """Return `values` as a read-only contiguous little-endian int32 array; copies once."""
    array = np.array(values, dtype=_INT32, order="C")
    array.flags.writeable = False
    return array


def encode_array(value: object) -> msgspec.msgpack.Ext:
    """Encode an ndarray as an extension; anything else is a programming error (TypeError)."""
    if not isinstance(value, np.ndarray):
        raise TypeError(f"{type(value).__name__} has no canonical encoding")
    code, head = _head(value.dtype, value.shape)
    return msgspec.msgpack.Ext(code, head + value.tobytes())


@functools.lru_cache(maxsize=4096)
def _head(dtype: np.dtype[Any], shape: tuple[int, ...]) -> tuple[int, bytes]:
    """Extension code and leading bytes; a graph has few shapes, so each is worked out once."""
    dimensions = len(shape)
    code = _CODES.get(dtype.str)
    if code is None or dimensions > 3:
        raise TypeError(f"an array {dtype}{list(shape)} has no canonical encoding")
    return code, _HEADER.pack(*(dimensions, *shape, 0, 0, 0)[:4])


def decode_array(code: int, data: memoryview) -> NDArray[Any]:
    """Decode an extension into a read-only array.

    Raises ValueError on an unknown code or bad size.
    """
    array = _decode(code, data)
    array.flags.writeable = False
    return array


def decode_state_array(code: int, data: memoryview) -> NDArray[Any]:
    """Decode an extension into a writable array, for actor state restored from a snapshot."""
    return _decode(code, data)


def _decode(code: int, data: memoryview) -> NDArray[Any]:
    dtype = _DTYPES.get(code)
    if dtype is None or len(data) < _HEADER.size:
        raise ValueError(f"unknown array extension {code}")
    dimensions, *sizes = _HEADER.unpack_from(data)
    if dimensions > 3:
        raise ValueError("an array has at most three dimensions")
    shape = tuple(sizes[:dimensions])
    array = np.frombuffer(bytearray(data[_HEADER.size :]), dtype=dtype)
    return array.reshape(shape)
