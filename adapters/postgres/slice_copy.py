"""Slices in the wire form of binary COPY, without a Python number.

A matrix of integers is an int32 array a column, one of float64 the bytes of a single column. The
driver would ask of every element whether it is a sequence, a sixth of a step. Form: PostgreSQL
documentation, COPY, "Binary Format"; arrays as in array_recv. Not here: rows without a matrix.
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

_START: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END: Final = b"\xff\xff"
# Every field is led by its length in bytes; hour, seq, ordinal and time follow three texts.
_COUNT: Final = struct.Struct(">h")
_NUMBERS: Final = struct.Struct(">iqiqiiiq")
_NUMBER: Final = struct.Struct(">iq")
_NULL: Final = b"\xff\xff\xff\xff"
_TRUTHS: Final = (b"\0\0\0\1\0", b"\0\0\0\1\1")
_LENGTH: Final = struct.Struct(">i")
_INT4: Final = 23
"""The type's fixed number in pg_type; the server refuses an array that names another."""
_FLOAT64: Final = np.dtype("<f8")
# Words of an array field before its elements: length, dimensions, nulls, type, size, first index.
_HEAD_WORDS: Final = 6


def copied_slices(lines: Sequence[tuple[Any, ...]], columns: int) -> bytes:
    """The whole COPY of rows: account, run, mode, hour, seq, ordinal, at, the table's own
    values, and a matrix: int32[N, C], each column of which is one of the table, or float64[N, C].

    Of the table's `columns`, those behind a matrix that has fewer are NULL.
    """
    found = bytearray(_START)
    count = _COUNT.pack(columns)
    for account, run, mode, hour, seq, ordinal, at, *own, rows in lines:
        floats = rows.dtype == _FLOAT64
        found += count
        found += _texts(account, run, mode)
        found += _NUMBERS.pack(8, hour, 8, seq, 4, ordinal, 8, at)
        for value in own:
            found += _field(value)
        if floats:
            found += _LENGTH.pack(rows.nbytes)
            found += rows.tobytes()
            continue
        words = _empty_arrays(*rows.shape).copy()
        words[:, _HEAD_WORDS + 1 :: 2] = rows.T
        found += words.tobytes()
        found += _NULL * (columns - 7 - len(own) - rows.shape[1])
    found += _END
    return bytes(found)


def _field(value: str | bool | int | None) -> bytes:
    if value is None:
        return _NULL
    if isinstance(value, bool):
        return _TRUTHS[value]
    return _texts(value) if isinstance(value, str) else _NUMBER.pack(8, value)


@functools.lru_cache(maxsize=16)
def _texts(*texts: str) -> bytes:
    data = [text.encode() for text in texts]
    return b"".join(_LENGTH.pack(len(each)) + each for each in data)


@functools.lru_cache(maxsize=16)
def _empty_arrays(size: int, columns: int) -> npt.NDArray[np.signedinteger]:
    """The array fields of `size` symbols, each element still zero, in 32-bit words."""
    words = np.zeros((columns, _HEAD_WORDS + 2 * size), dtype=">i4")
    words[:, :_HEAD_WORDS] = (4 * (_HEAD_WORDS - 1 + 2 * size), 1, 0, _INT4, size, 1)
    words[:, _HEAD_WORDS::2] = 4
    words.flags.writeable = False
    return words
