"""Which symbols are one cluster: one row a case, from returns whose correlations are known exactly.

Returns are whole multiples of patterns that do not correlate at all, so that 3 of one and 4 of
another correlate with the first by 0.6.
"""

from __future__ import annotations

import numpy as np
import pytest

from actors.clusters.grouping import Grouping, correlations, grouped
from actors.clusters.returns import MISSING
from actors.messages.arrays import I32

_TWO = np.array([[1, 1], [1, -1]])
# Seven patterns of eight, each without a mean and without correlation to the others.
PATTERNS = np.kron(np.kron(_TWO, _TWO), _TWO)[1:]
REPEATED = 24
HOURS = 8 * REPEATED
Loads = dict[str, tuple[int, ...]]


def returns(loads: Loads) -> I32:
    """The returns of every symbol: so much of the first pattern, so much of the second, ..."""
    columns = [
        sum(share * pattern for share, pattern in zip(each, PATTERNS, strict=False)) * 100
        for each in loads.values()
    ]
    found: I32 = np.tile(np.array(columns).T, (REPEATED, 1)).astype(np.int32)
    return found


def clusters(loads: Loads, threshold: int = 700_000, least: int = 168) -> Grouping:
    """The base asset is the first letter."""
    bases = {symbol: symbol[0] for symbol in loads}
    return grouped(returns(loads), bases, history_min_count=least, correlation_micros=threshold)


CASES = [
    ("alone", {"A": (1,)}, [("A",)]),
    ("alike", {"A": (1,), "B": (5,)}, [("A", "B")]),
    ("opposed", {"A": (1,), "B": (-1,)}, [("A",), ("B",)]),
    ("unlike", {"A": (1,), "B": (0, 1)}, [("A",), ("B",)]),
    ("0.8", {"A": (5,), "B": (4, 3)}, [("A", "B")]),
    ("0.6", {"A": (5,), "B": (3, 4)}, [("A",), ("B",)]),
    (
        "two pairs",
        {"A": (1,), "B": (0, 1), "C": (2,), "D": (0, 3)},
        [("A", "C"), ("B", "D")],
    ),
    # 0.8 and 0.8 to the middle, 0.28 between the outer ones: joined they are too far from it.
    ("a chain", {"A": (4, 3), "B": (5,), "C": (4, -3)}, [("A", "B"), ("C",)]),
    # 0.8 and 0.8 to the middle, 0.64 between the outer ones: the mean of 0.64 and 0.8 is within.
    ("a bunch", {"A": (4, 3), "B": (5,), "C": (4, 0, 3)}, [("A", "B", "C")]),
    ("one to a pair", {"A": (4, 3), "B": (5,), "C": (5,)}, [("A", "B", "C")]),
    ("one base", {"A1": (1,), "A2": (0, 1), "B": (0, 0, 1)}, [("A1", "A2"), ("B",)]),
    # A1 does not correlate with B; by A2 the mean of the two pairs is near enough, or not quite.
    ("one base, half the same", {"A1": (1,), "A2": (0, 1), "B": (0, 1)}, [("A1", "A2", "B")]),
    ("one base, half 0.8", {"A1": (1,), "A2": (0, 5), "B": (0, 4, 3)}, [("A1", "A2"), ("B",)]),
]


@pytest.mark.parametrize(("name", "loads", "expected"), CASES, ids=[each[0] for each in CASES])
def test_known_correlations_make_known_clusters(
    name: str, loads: Loads, expected: list[tuple[str, ...]]
) -> None:
    del name
    assert clusters(loads) == Grouping(tuple(expected), ())


@pytest.mark.parametrize(
    ("threshold", "joined"), [(599_999, True), (600_000, True), (600_001, False)]
)
def test_at_the_threshold_itself_two_are_one(threshold: int, joined: bool) -> None:
    found = clusters({"A": (5,), "B": (3, 4)}, threshold).clusters
    assert found == ((("A", "B"),) if joined else (("A",), ("B",)))


@pytest.mark.parametrize(
    ("middle", "expected"),
    [
        ("B", (("A", "B"), ("C",))),
        ("A", (("A", "B"), ("C",))),
        ("C", (("A", "C"), ("B",))),
    ],
)
def test_of_two_that_are_equally_near_the_first_by_name_is_joined(
    middle: str, expected: tuple[tuple[str, ...], ...]
) -> None:
    """The middle one correlates by 0.6 with both others; whoever is joined keeps the third out."""
    outer = iter([(3, 4), (3, 0, 4)])
    loads = {name: (5,) if name == middle else next(outer) for name in "ABC"}
    assert clusters(loads, 600_000).clusters == expected
    backwards = dict(reversed(loads.items()))
    assert clusters(backwards, 600_000).clusters == expected


def test_correlations_are_pearsons_in_millionths() -> None:
    loads: Loads = {"A": (5,), "B": (3, 4), "C": (-4, 3), "D": (1, 1)}
    found = correlations(returns(loads), 2)
    assert [found[0][j] for j in range(4)] == [1_000_000, 600_000, -800_000, 707_107]
    assert found[2][3] == found[3][2] == -141_421


def test_they_agree_with_floats_on_returns_of_any_kind() -> None:
    rng = np.random.default_rng(5)
    common = rng.normal(size=(300, 1))
    rows = np.rint((common + rng.normal(size=(300, 6))) * 5_000).astype(np.int32)
    expected = np.corrcoef(rows.T.astype(np.float64)) * 1e6
    found = np.array(correlations(rows, 2), dtype=np.float64)
    assert np.abs(found - expected).max() < 0.51


def test_only_hours_that_both_have_count() -> None:
    rows = returns({"A": (1,), "B": (1,)})
    rows[: HOURS - 168, 0] = MISSING
    assert correlations(rows, 168)[0][1] == 1_000_000
    assert correlations(rows, 169)[0][1] is None
    rows[HOURS - 1, 1] = MISSING
    (_, between), _ = correlations(rows, 168)
    assert between is None


@pytest.mark.parametrize(("missing", "unknown"), [(HOURS - 168, ()), (HOURS - 167, ("B",))])
def test_a_symbol_with_too_little_history_is_unknown(
    missing: int, unknown: tuple[str, ...]
) -> None:
    rows = returns({"A": (1,), "B": (1,), "C": (0, 1)})
    rows[:missing, 1] = MISSING
    bases = {"A": "A", "B": "B", "C": "C"}
    found = grouped(rows, bases, history_min_count=168, correlation_micros=700_000)
    assert found.unknown == unknown
    assert found.clusters == ((("A",), ("C",)) if unknown else (("A", "B"), ("C",)))


def test_a_price_that_never_moved_tells_nothing() -> None:
    assert clusters({"A": (1,), "B": (0,)}) == Grouping((("A",),), ("B",))


def test_a_new_pair_of_a_known_asset_is_known_by_it() -> None:
    assert clusters({"A1": (1,), "A2": (0,), "B": (0,)}) == Grouping((("A1", "A2"),), ("B",))


def test_two_that_were_never_there_together_are_not_both_known() -> None:
    """The one that fewer others can be held against goes; of equals, that with fewer returns."""
    rows = returns({"A": (1,), "B": (0, 1), "C": (1,)})
    rows[:80, 0] = MISSING
    rows[100:, 2] = MISSING
    bases = {"A": "A", "B": "B", "C": "C"}
    found = grouped(rows, bases, history_min_count=90, correlation_micros=700_000)
    assert found == Grouping((("A",), ("B",)), ("C",))
    rows[80:100, 0] = MISSING
    found = grouped(rows, bases, history_min_count=90, correlation_micros=700_000)
    assert found == Grouping((("B",), ("C",)), ("A",))


def test_who_cannot_be_held_against_most_goes_though_others_have_fewer_returns() -> None:
    """B has most returns, but shares too few with either of the others."""
    rows = returns({"A": (1,), "B": (0, 1), "C": (1,)})
    rows[90:, [0, 2]] = MISSING
    rows[:60, 1] = MISSING
    bases = {"A": "A", "B": "B", "C": "C"}
    found = grouped(rows, bases, history_min_count=80, correlation_micros=700_000)
    assert found == Grouping((("A", "C"),), ("B",))


def test_of_equals_the_last_by_name_goes() -> None:
    rows = returns({"A": (1,), "B": (1,)})
    rows[96:, 0] = MISSING
    rows[:96, 1] = MISSING
    for bases in ({"A": "A", "B": "B"}, {"B": "B", "A": "A"}):
        found = grouped(rows, bases, history_min_count=90, correlation_micros=700_000)
        assert found == Grouping((("A",),), ("B",))


def test_without_any_history_nobody_is_known() -> None:
    rows = np.zeros((0, 2), dtype=np.int32)
    found = grouped(rows, {"A": "A", "B": "B"}, history_min_count=2, correlation_micros=700_000)
    assert found == Grouping((), ("A", "B"))


def test_the_greatest_returns_over_the_longest_window_are_exact() -> None:
    """Ninety days of hours in which every price grew elevenfold or fell to nothing."""
    turns = np.tile([10_000_000, -1_000_000], 1_080).astype(np.int32)
    rows = np.stack((turns, turns, -turns // 10), axis=1).astype(np.int32)
    found = correlations(rows, 168)
    assert (found[0][1], found[0][2]) == (1_000_000, -1_000_000)
