"""Uniform draws as a pure function of (seed, name, counter): SplitMix64, then + - * / on float64.

No generator has state, so any hour or step is reached at once and equal on every CPU. Mixing steps
and constants are those of the published SplitMix64 (Steele, Lea, Flood 2014).
"""

from __future__ import annotations

import hashlib
from typing import Final

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
U64 = NDArray[np.uint64]

_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)
_SHIFTS: Final = (np.uint64(30), np.uint64(27), np.uint64(31))
_PARTS: Final = 4
_SCALE: Final = 65_536.0


def keys_of(seed: int, names: tuple[str, ...], purpose: str) -> U64:
    """One 64-bit key for each name: the first bytes of SHA-256 of seed, purpose and name."""
    texts = [f"{seed}\n{purpose}\n{name}" for name in names]
    digests = [hashlib.sha256(text.encode()).digest()[:8] for text in texts]
    return np.array([int.from_bytes(digest, "little") for digest in digests], dtype=np.uint64)


def uniforms(keys: U64, first: int, count: int, lanes: int) -> NDArray[np.uint16]:
    """Sixteen-bit draws [count, names, 4 * lanes] for the counters from `first` on.

    `value_of` turns them into numbers in (0, 1). Counters must not be negative.
    """
    assert first >= 0
    start = np.uint64(first * lanes)
    places = np.arange(1, count * lanes + 1, dtype=np.uint64).reshape(count, 1, lanes)
    places += start
    places *= _GOLDEN
    mixed = places + keys.reshape(1, -1, 1)
    _mix(mixed)
    parts: NDArray[np.uint16] = mixed.astype("<u8", copy=False).view("<u2")
    return parts


def value_of(parts: NDArray[np.uint16]) -> F64:
    """Draws as float64 strictly between 0 and 1; exact on every machine."""
    values: F64 = (parts.astype(np.float64) + 0.5) / _SCALE
    return values


def bell_of(parts: NDArray[np.uint16]) -> F64:
    """Sums of the last axis's four draws, centred, with unit variance: a bounded bell shape."""
    assert parts.shape[-1] == _PARTS
    total = parts[..., 0].astype(np.float64)
    for index in range(1, _PARTS):
        total += parts[..., index]
    values: F64 = (total + 2.0) / _SCALE
    values -= 2.0
    values *= 1.7320508075688772  # the square root of three: four uniforms have variance 1/3
    return values


def _mix(values: U64) -> None:
    values ^= values >> _SHIFTS[0]
    values *= _FIRST
    values ^= values >> _SHIFTS[1]
    values *= _SECOND
    values ^= values >> _SHIFTS[2]
