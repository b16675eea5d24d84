"""Clusters: which symbols are one risk. Today those of one base asset, whatever they are quoted in.

A version names the whole map, so that a row says by which one it was made. Clusters by correlation
take this module's place.
"""

from __future__ import annotations

from collections.abc import Iterable

from actors.ids import digest_hex
from actors.instruments import Instrument
from actors.messages.codec import encode


class Clusters:
    """The cluster of every instrument of a run; `version` is a hash (hex) of the whole map."""

    __slots__ = ("_names", "version")

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        self._names = {each.symbol: each.base for each in instruments}
        self.version = digest_hex("risk clusters", encode(tuple(self._names.items())))

    def of(self, symbol: str) -> str:
        """The cluster of a symbol; one that the run does not trade is a cluster of its own."""
        return self._names.get(symbol, symbol)
