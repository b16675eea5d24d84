"""Whatever the returns: clusters are a partition, and neither order nor machine decides it."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from actors.clusters.grouping import Grouping, correlations, grouped
from actors.clusters.returns import MISSING
from actors.messages.arrays import I32
from tests.property.test_models_features_equality import dispatched_features

LEAST = 12
SYMBOLS = ("ABC/USD", "ABC/CAD", "DEF/USD", "GHI/USD", "JKL/USD", "MNO/USD")
sizes = st.integers(-300, 300) | st.sampled_from([MISSING, 0, 10_000_000, -1_000_000])
thresholds = st.sampled_from([300_000, 600_000, 700_000, 950_000])


@st.composite
def histories(draw: st.DrawFn) -> I32:
    """Hours of every symbol; some are copies of another, so that ties and likeness are common."""
    rows: I32 = draw(arrays(np.int32, (draw(st.integers(0, 40)), len(SYMBOLS)), elements=sizes))
    for column in range(1, len(SYMBOLS)):
        if draw(st.booleans()):
            source = draw(st.integers(0, column - 1))
            rows[:, column] = rows[:, source]
    return rows


def found(rows: I32, symbols: tuple[str, ...], threshold: int) -> Grouping:
    bases = {symbol: symbol[:3] for symbol in symbols}
    return grouped(rows, bases, history_min_count=LEAST, correlation_micros=threshold)


@given(histories(), thresholds)
def test_every_symbol_is_in_one_cluster_or_unknown_and_a_base_asset_is_never_split(
    rows: I32, threshold: int
) -> None:
    result = found(rows, SYMBOLS, threshold)
    members = [symbol for each in result.clusters for symbol in each]
    assert sorted([*members, *result.unknown]) == sorted(SYMBOLS)
    places = {symbol: place for place, each in enumerate(result.clusters) for symbol in each}
    assert places.get("ABC/USD") == places.get("ABC/CAD")
    assert all(list(each) == sorted(each) for each in (*result.clusters, result.unknown))


@given(histories(), thresholds, st.permutations(range(len(SYMBOLS))))
def test_the_order_of_the_symbols_means_nothing(
    rows: I32, threshold: int, order: list[int]
) -> None:
    shuffled = tuple(SYMBOLS[place] for place in order)
    assert found(rows[:, order], shuffled, threshold) == found(rows, SYMBOLS, threshold)


@given(histories(), thresholds)
def test_two_clusters_are_further_apart_than_the_threshold(rows: I32, threshold: int) -> None:
    """The mean distance over the known pairs, worked out with floats."""
    result = found(rows, SYMBOLS, threshold)
    rho = correlations(rows, LEAST)

    def distance(first: str, second: str) -> float:
        told = rho[SYMBOLS.index(first)][SYMBOLS.index(second)]
        return float("nan") if told is None else ((1.0 - told / 1e6) / 2.0) ** 0.5

    limit = ((1.0 - threshold / 1e6) / 2.0) ** 0.5
    for i, one in enumerate(result.clusters):
        for other in result.clusters[i + 1 :]:
            between = [distance(a, b) for a in one for b in other]
            if not np.isnan(between).any():
                assert np.mean(between) > limit - 1e-8


PROGRAM = """
import numpy as np
from actors.clusters.grouping import grouped
rng = np.random.default_rng(11)
rows = np.rint((rng.normal(size=(400, 1)) + rng.normal(size=(400, 20))) * 4_000).astype(np.int32)
bases = {f"S{i:02d}/USD": f"S{i:02d}" for i in range(20)}
print(grouped(rows, bases, history_min_count=168, correlation_micros=480_000))
"""


def test_hash_seeds_and_features_of_the_processor_change_nothing() -> None:
    told = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={"PYTHONPATH": ":".join(sys.path), **environment},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for environment in (
            {"PYTHONHASHSEED": "0"},
            {"PYTHONHASHSEED": "1"},
            {"NPY_DISABLE_CPU_FEATURES": " ".join(dispatched_features())},
        )
    ]
    assert told[0].count("(") > 5
    assert told[0] == told[1] == told[2]
