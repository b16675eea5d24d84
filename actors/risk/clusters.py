"""The map of clusters that risk goes by: what was computed from returns, for as long as it holds.

What cannot be told counts where it may belong. A symbol with too little history is in every
cluster; without a map that holds, all symbols are one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

import msgspec

from actors.ids import digest_hex
from actors.messages.codec import encode
from actors.messages.risk import ClustersComputed
from actors.money import ZERO

ALL: Final = "all"
"""The one cluster of every symbol, while no map holds."""
UNKNOWN: Final = "unknown"
"""Symbols that may belong to any cluster."""
NO_VERSION: Final = "none"
Clusters = tuple[tuple[str, tuple[str, ...]], ...]


class ClusterMap(msgspec.Struct, frozen=True):
    """A map as it was computed: `names` has the cluster of every symbol that is known.

    Times are ns UTC; it holds before `valid_until`.
    """

    version: str = NO_VERSION
    as_of: int = -1
    valid_until: int = -1
    names: dict[str, str] = {}

    def of(self, symbol: str) -> str:
        """The cluster of a symbol; a stranger is one that nobody can tell."""
        return self.names.get(symbol, UNKNOWN) if self.version != NO_VERSION else ALL

    def is_of(self, symbols: Iterable[str]) -> bool:
        """Whether every symbol with a cluster is one of these."""
        return self.names.keys() <= dict.fromkeys(symbols).keys()

    def worth_beside(self, cluster: str, worths: Mapping[str, Decimal]) -> Decimal:
        """What counts against the cap for one more of `cluster`, of worths by cluster.

        Those that may belong to any cluster are added; one of them is judged by the fullest.
        """
        strange = worths.get(UNKNOWN, ZERO)
        if cluster != UNKNOWN:
            return worths.get(cluster, ZERO) + strange
        return strange + max(
            (worth for name, worth in worths.items() if name != UNKNOWN), default=ZERO
        )


ONE_CLUSTER: Final = ClusterMap()


def holding(found: ClusterMap | None, at: int) -> ClusterMap:
    """The map that holds at `at`; where none does, that of one cluster."""
    return found if found is not None and at < found.valid_until else ONE_CLUSTER


def version_of(clusters: Clusters, unknown: tuple[str, ...]) -> str:
    """A hash (hex) by which a map is known: equal clusters, equal version."""
    return digest_hex("risk clusters", encode((clusters, unknown)))


def map_of(message: ClustersComputed, symbols: Iterable[str]) -> ClusterMap | None:
    """The map of a message; None when that is no partition of `symbols`, or names another map."""
    members = [(symbol, name) for name, each in message.clusters for symbol in each]
    told = sorted([symbol for symbol, _ in members] + list(message.unknown))
    names = [name for name, _ in message.clusters]
    if (
        told != sorted(symbols)
        or len(dict.fromkeys(names)) < len(names)
        or not dict.fromkeys(names).keys().isdisjoint((ALL, UNKNOWN))
        or message.version != version_of(message.clusters, message.unknown)
        or message.valid_until <= message.as_of
    ):
        return None
    return ClusterMap(message.version, message.as_of, message.valid_until, dict(members))
