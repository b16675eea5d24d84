"""Maps of clusters for tests of risk: what is one risk is said, not computed."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from actors.instant import DAY_NS
from actors.instruments import Instrument
from actors.messages.risk import ClustersComputed
from actors.risk.clusters import version_of

FOREVER = 1 << 62


def told(
    *clusters: tuple[str, ...],
    unknown: tuple[str, ...] = (),
    as_of: int = 0,
    valid_until: int = FOREVER,
) -> ClustersComputed:
    """The map of these clusters, each named by its first member."""
    named = tuple((members[0], members) for members in clusters)
    return ClustersComputed(
        as_of=as_of,
        valid_until=valid_until,
        clusters=named,
        unknown=unknown,
        version=version_of(named, unknown),
        digest="d" * 64,
        returns_count=720,
        window_ns=30 * DAY_NS,
        correlation=700_000,
    )


def by_base(instruments: Iterable[Instrument], as_of: int = 0) -> ClustersComputed:
    """Every base asset is a cluster of its own, which is named by it."""
    members: dict[str, list[str]] = {}
    for each in instruments:
        members.setdefault(each.base, []).append(each.symbol)
    named = tuple((base, tuple(sorted(symbols))) for base, symbols in sorted(members.items()))
    return msgspec.structs.replace(told(as_of=as_of), clusters=named, version=version_of(named, ()))
