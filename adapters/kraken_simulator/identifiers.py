"""Ids as Kraken shapes them (OQCLML-BW3P3-BUCMWZ), derived from the seed and a running number.

Mixing is a bijection of 64 bits, so no id of a kind repeats; the letter in front tells the kind.
"""

from __future__ import annotations

import hashlib
from typing import Final

_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_MASK: Final = 2**64 - 1
_LENGTHS: Final = (5, 5, 6)


class Identifiers:
    """Hands out order (O), trade (T), ledger (L) and amend (T) ids."""

    def __init__(self, seed: int) -> None:
        digest = hashlib.sha256(f"{seed}\nidentifiers".encode()).digest()
        self._key = int.from_bytes(digest[:8], "little")
        self._counts = {"O": 0, "T": 0, "L": 0, "A": 0, "F": 0}

    @property
    def counts(self) -> dict[str, int]:
        """How many ids of each kind were handed out."""
        return dict(self._counts)

    def go_on(self, counts: dict[str, int]) -> None:
        """Hand out the ids that come after so many. Raises KeyError for a kind that is missing."""
        self._counts = {kind: counts[kind] for kind in self._counts}

    def order(self) -> str:
        """The next order id: O and five letters, five, six."""
        return self._next("O", "O")

    def trade(self) -> str:
        """The next trade (execution) id."""
        return self._next("T", "T")

    def ledger(self) -> str:
        """The next ledger id."""
        return self._next("L", "L")

    def amend(self) -> str:
        """The next amend id; it begins with T, as the recorded ones do."""
        return self._next("A", "T")

    def transfer(self) -> str:
        """The next reference of a deposit, withdrawal, reward or allocation."""
        return self._next("F", "F")

    def _next(self, kind: str, letter: str) -> str:
        self._counts[kind] += 1
        value = _mixed(self._counts[kind] * 5 + list(self._counts).index(kind) + self._key)
        text = ""
        # Sixteen letters of five bits hold 80 bits: the 64 mixed ones and sixteen repeated.
        value |= (value & 0xFFFF) << 64
        for _ in range(16):
            text += _LETTERS[value & 31]
            value >>= 5
        return f"{letter}{text[:5]}-{text[5:10]}-{text[10:16]}"


def _mixed(value: int) -> int:
    value = (value * 0x9E3779B97F4A7C15) & _MASK
    value ^= value >> 30
    value = (value * 0xBF58476D1CE4E5B9) & _MASK
    value ^= value >> 27
    value = (value * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)
