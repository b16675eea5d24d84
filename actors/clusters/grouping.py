"""Clusters by correlation: average linkage on the distance of correlations, in whole numbers.

The distance of symbols whose returns correlate by rho is sqrt((1 - rho) / 2) (after Mantegna, Eur.
Phys. J. B 11, 1999). Groups are joined nearest first, by the mean distance over all pairs between
them (UPGMA), while that is at most the threshold's. Symbols of one base are one group from the
start. Sums and roots are of integers, so every machine finds the same map; ties fall to the symbol
that is first by name, so the order in which symbols are listed means nothing.
"""

from __future__ import annotations

import math
from typing import Final

import msgspec
import numpy as np

from actors.clusters.returns import MISSING
from actors.messages.arrays import I32

MICROS: Final = 1_000_000
_NANOS_SQUARED: Final = 10**18


class Grouping(msgspec.Struct, frozen=True):
    """A partition of symbols: clusters by their first member, members by name; and the symbols
    that nobody can tell.
    """

    clusters: tuple[tuple[str, ...], ...]
    unknown: tuple[str, ...]


def grouped(
    rows: I32, bases: dict[str, str], *, history_min_count: int, correlation_micros: int
) -> Grouping:
    """The clusters of the symbols of `bases` (symbol to base asset, in the order of the columns).

    A symbol is known that has `history_min_count` returns in common with every other known one and
    whose price moved in them; or whose base asset is known by another symbol.
    """
    symbols = tuple(bases)
    found = correlations(rows, history_min_count)
    order = sorted(range(len(symbols)), key=lambda place: symbols[place])
    known = _known(order, found, np.count_nonzero(rows != MISSING, axis=0).tolist())
    groups: dict[str, list[int]] = {}
    for place in known:
        groups.setdefault(bases[symbols[place]], []).append(place)
    linked = _linked(list(groups.values()), found, _distance(correlation_micros))
    cluster_of = {bases[symbols[place]]: group for group in linked for place in group}
    clusters = (
        tuple(symbols[place] for place in order if cluster_of.get(bases[symbols[place]]) is group)
        for group in linked
    )
    unknown = (symbols[place] for place in order if bases[symbols[place]] not in cluster_of)
    return Grouping(tuple(sorted(clusters)), tuple(unknown))


def correlations(rows: I32, history_min_count: int) -> list[list[int | None]]:
    """Pearson's, in millionths, half away from nothing, of every two columns over the rows that
    both have.

    None where those are fewer than `history_min_count`, or a column does not move in them.
    """
    present = (rows != MISSING).astype(np.int64)
    values = np.where(present == 1, rows, 0).astype(np.int64)
    counts: list[list[int]] = (present.T @ present).tolist()
    sums: list[list[int]] = (values.T @ present).tolist()
    squares: list[list[int]] = ((values * values).T @ present).tolist()
    products: list[list[int]] = (values.T @ values).tolist()
    size = rows.shape[1]
    found: list[list[int | None]] = [[None] * size for _ in range(size)]
    for i in range(size):
        for j in range(i, size):
            count = counts[i][j]
            if count < max(history_min_count, 2):
                continue
            spread = (count * squares[i][j] - sums[i][j] ** 2) * (
                count * squares[j][i] - sums[j][i] ** 2
            )
            if spread:
                shared = count * products[i][j] - sums[i][j] * sums[j][i]
                found[i][j] = found[j][i] = _ratio(shared, spread)
    return found


def _ratio(shared: int, spread: int) -> int:
    """The shared variance over the root of the spread, in millionths within -1 and 1."""
    root = math.isqrt(spread)
    size, rest = divmod(abs(shared) * MICROS, root)
    size = min(size + (2 * rest >= root), MICROS)
    return size if shared >= 0 else -size


def _distance(correlation_micros: int) -> int:
    """In billionths, rounded down: greater correlations are never further apart."""
    return math.isqrt((MICROS - correlation_micros) * _NANOS_SQUARED // (2 * MICROS))


def _known(order: list[int], found: list[list[int | None]], counts: list[int]) -> list[int]:
    """What is left once, while two cannot be compared, the one with the most such others goes.

    Of several it is the one with the fewest returns, then the last by name.
    """
    known = [place for place in order if found[place][place] is not None]
    while True:
        strange = [sum(found[i][j] is None for j in known) for i in known]
        most = max(strange, default=0)
        if most == 0:
            return known
        worst = [place for place, count in zip(known, strange, strict=True) if count == most]
        least = min(counts[place] for place in worst)
        known.remove([place for place in worst if counts[place] == least][-1])


def _linked(groups: list[list[int]], found: list[list[int | None]], limit: int) -> list[list[int]]:
    """Groups once no two are within the limit; by their first names, before and after."""
    sums = [[sum(_between(found[i][j]) for i in a for j in b) for b in groups] for a in groups]
    while len(groups) > 1:
        i, j = _nearest(groups, sums)
        if sums[i][j] > limit * len(groups[i]) * len(groups[j]):
            break
        groups[i] += groups.pop(j)
        gone = sums.pop(j)
        sums[i] = [own + other for own, other in zip(sums[i], gone, strict=True)]
        for row in sums:
            del row[j]
        for row, each in zip(sums, sums[i], strict=True):
            row[i] = each
    return groups


def _nearest(groups: list[list[int]], sums: list[list[int]]) -> tuple[int, int]:
    """The first two whose mean distance is least: sums are compared per pair, without dividing."""
    nearest, least, pairs = (0, 1), sums[0][1], len(groups[0]) * len(groups[1])
    for i, group in enumerate(groups):
        row, size = sums[i], len(group)
        for j in range(i + 1, len(groups)):
            other = size * len(groups[j])
            if row[j] * pairs < least * other:
                nearest, least, pairs = (i, j), row[j], other
    return nearest


def _between(correlation: int | None) -> int:
    assert correlation is not None, "only what can be compared is linked"
    return _distance(correlation)
