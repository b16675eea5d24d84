"""Uniform draws as a pure function of (seed, name, counter): SplitMix64 on integers.

Only integer mixing and one multiplication by a power of two, so the bits are equal on every CPU
and in every version. Mixing constants are those of the published SplitMix64 (Steele, Lea, Flood
2014).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
U64 = NDArray[np.uint64]

_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)
_SHIFTS: Final = (np.uint64(30), np.uint64(27), np.uint64(31))
_TO_UNIT: Final = np.uint64(11)
_UNIT: Final = 2.0**-53
_HALF: Final = 2.0**-54
_SIXTEEN: Final = 65_536.0
_CHUNK: Final = 4_096


def keys_of(seed: int, names: tuple[str, ...], purpose: str) -> U64:
    """One 64-bit key for each name: the first bytes of SHA-256 of seed, purpose and name."""
    texts = [f"{seed}\n{purpose}\n{name}" for name in names]
    digests = [hashlib.sha256(text.encode()).digest()[:8] for text in texts]
    return np.array([int.from_bytes(digest, "little") for digest in digests], dtype=np.uint64)


def words(keys: U64, first: int, count: int, lanes: int = 1) -> U64:
    """64-bit draws [count, names, lanes] for the counters from `first` on (not negative)."""
    assert first >= 0
    places = np.arange(1, count * lanes + 1, dtype=np.uint64).reshape(count, 1, lanes)
    places += np.uint64(first * lanes)
    places *= _GOLDEN
    mixed: U64 = places + keys.reshape(1, -1, 1)
    mixed ^= mixed >> _SHIFTS[0]
    mixed *= _FIRST
    mixed ^= mixed >> _SHIFTS[1]
    mixed *= _SECOND
    mixed ^= mixed >> _SHIFTS[2]
    return mixed


def units(mixed: U64) -> F64:
    """Draws as float64 strictly between 0 and 1."""
    found: F64 = (mixed >> _TO_UNIT).astype(np.float64) * _UNIT + _HALF
    return found


def bells(mixed: U64) -> F64:
    """Each word's four sixteen-bit parts added and centred: unit variance, a bounded bell shape."""
    parts = mixed.astype("<u8", copy=False).view("<u2").reshape(*mixed.shape, 4)
    total = parts[..., 0].astype(np.float64)
    for index in range(1, 4):
        total += parts[..., index]
    found: F64 = (total + 2.0) / _SIXTEEN
    found -= 2.0
    found *= 1.7320508075688772  # the square root of three: four uniforms have variance 1/3
    return found


def unit_stream(seed: int, name: str) -> Iterator[float]:
    """Endless draws strictly between 0 and 1, one after the other, for one name."""
    keys = keys_of(seed, (name,), "stream")
    first = 0
    while True:
        yield from units(words(keys, first, _CHUNK)).reshape(-1).tolist()
        first += _CHUNK
