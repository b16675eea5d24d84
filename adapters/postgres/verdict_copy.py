"""Verdicts in the wire form of binary COPY: six int32 arrays a slice, without a Python number.

The driver would ask of every element whether it is a sequence, a sixth of a step. Form: PostgreSQL
documentation, COPY, "Binary Format"; arrays as in array_recv. Not here: any other table.
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from actors.messages.decision import VERDICT_COLUMNS

_START: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END: Final = b"\xff\xff"
# Every field is led by its length in bytes: three texts, six numbers, an array a verdict column.
_FIELDS: Final = struct.pack(">h", 9 + len(VERDICT_COLUMNS))
_NUMBERS: Final = struct.Struct(">iqiqiiiqiqiq")
_LENGTH: Final = struct.Struct(">i")
_INT4: Final = 23
"""The type's fixed number in pg_type; the server refuses an array that names another."""
# Words of an array field before its elements: length, dimensions, nulls, type, size, first index.
_HEAD_WORDS: Final = 6


def copied_verdicts(lines: Sequence[tuple[Any, ...]]) -> bytes:
    """The whole COPY of rows: account, run, mode, hour, seq, ordinal, at, ts, prediction, matrix.

    The matrix is int32[N, 6] in the order of VERDICT_COLUMNS.
    """
    found = bytearray(_START)
    for account, run, mode, hour, seq, ordinal, at, ts, prediction_ts, rows in lines:
        found += _FIELDS
        found += _texts(account, run, mode)
        found += _NUMBERS.pack(8, hour, 8, seq, 4, ordinal, 8, at, 8, ts, 8, prediction_ts)
        words = _empty_arrays(len(rows)).copy()
        words[:, _HEAD_WORDS + 1 :: 2] = rows.T
        found += words.tobytes()
    found += _END
    return bytes(found)


@functools.lru_cache(maxsize=16)
def _texts(*texts: str) -> bytes:
    data = [text.encode() for text in texts]
    return b"".join(_LENGTH.pack(len(each)) + each for each in data)


@functools.lru_cache(maxsize=16)
def _empty_arrays(size: int) -> npt.NDArray[np.signedinteger]:
    """The six array fields of `size` symbols, each element still zero, in 32-bit words."""
    words = np.zeros((len(VERDICT_COLUMNS), _HEAD_WORDS + 2 * size), dtype=">i4")
    words[:, :_HEAD_WORDS] = (4 * (_HEAD_WORDS - 1 + 2 * size), 1, 0, _INT4, size, 1)
    words[:, _HEAD_WORDS::2] = 4
    words.flags.writeable = False
    return words
