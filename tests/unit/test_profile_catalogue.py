"""The catalogue has one row for every field of both profiles, and says what is out of bounds."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from actors.instant import HOUR_NS, MINUTE_NS
from actors.profiles.catalogue import RISK, STRATEGY, Row, Unit, breaches, changes, riskier, shown
from actors.risk.profile import RiskProfile
from actors.strategy.profile import StrategyProfile

SOUND = RiskProfile(), StrategyProfile()
SUFFIXES = {
    "_micros": Unit.SHARE,
    "_ns": Unit.DURATION,
    "_count": Unit.COUNT,
    "_amount": Unit.AMOUNT,
    "_quote": Unit.AMOUNT,
}
EVERY = [
    pytest.param(row, name, getattr(profile, name), id=f"{section}.{name}")
    for section, rows, profile in (
        ("risk", RISK, SOUND[0]),
        ("strategy", STRATEGY, SOUND[1]),
    )
    for name, row in rows.items()
    if hasattr(profile, name)
]


@pytest.mark.parametrize(
    ("rows", "profile"),
    [(RISK, RiskProfile), (STRATEGY, StrategyProfile)],
    ids=["risk", "strategy"],
)
def test_every_field_has_a_row_and_no_other_in_the_profiles_order(
    rows: dict[str, Row], profile: type[msgspec.Struct]
) -> None:
    assert list(rows) == [field.name for field in msgspec.structs.fields(profile)]


@pytest.mark.parametrize(("row", "name", "default"), EVERY)
def test_a_row_bounds_its_default_and_says_why(row: Row, name: str, default: int) -> None:
    assert row.least <= default <= row.most
    assert row.least < row.most
    assert row.why.endswith(".")
    assert row.why[0].isupper() or row.why[0].isdigit()
    assert row.unit is next(unit for end, unit in SUFFIXES.items() if name.endswith(end))


def test_the_defaults_breach_nothing() -> None:
    assert breaches(*SOUND) == ()


@pytest.mark.parametrize(
    ("risk", "strategy", "sentences"),
    [
        (
            {"position_cap_micros": 100_001},
            {},
            (
                (
                    "The setting risk.position_cap_micros is 10.0001 % (100001); "
                    "its most is 10 % (100000)."
                ),
            ),
        ),
        ({"position_cap_micros": 100_000}, {}, ()),
        (
            {"exposure_cap_micros": 600_000, "edge_margin_micros": -1},
            {"cool_down_fill_ns": 25 * HOUR_NS},
            (
                "The setting risk.exposure_cap_micros is 60 % (600000); its most is 50 % (500000).",
                "The setting risk.edge_margin_micros is -0.0001 % (-1); its least is 0 % (0).",
                (
                    "The setting strategy.cool_down_fill_ns is 25 h (90000000000000); "
                    "its most is 1 d (86400000000000)."
                ),
            ),
        ),
    ],
    ids=["one above", "at the bound", "all in the catalogue's order"],
)
def test_every_value_out_of_bounds_is_named_with_its_bound(
    risk: dict[str, Any], strategy: dict[str, Any], sentences: tuple[str, ...]
) -> None:
    assert breaches(RiskProfile(**risk), StrategyProfile(**strategy)) == sentences


@pytest.mark.parametrize(
    ("risk", "strategy", "worse"),
    [
        ({"position_cap_micros": 40_000}, {}, 1),
        ({"position_cap_micros": 20_000}, {}, -1),
        ({"edge_margin_micros": 400}, {}, 1),
        ({"loss_cool_down_ns": HOUR_NS}, {}, -1),
        ({}, {"exit_p_up_micros": 400_000}, 1),
        ({}, {"strong_p_up_micros": 700_000}, 0),
    ],
)
def test_a_change_knows_whether_it_is_riskier_and_its_reverse_is_the_opposite(
    risk: dict[str, int], strategy: dict[str, int], worse: int
) -> None:
    other = RiskProfile(**risk), StrategyProfile(**strategy)
    (there,), (back,) = changes(SOUND, other), changes(other, SOUND)
    assert (there.worse, back.worse) == (worse, -worse)
    assert riskier(SOUND, other) == ((there.field,) if worse > 0 else ())
    assert (there.before, there.after) == (back.after, back.before)


def test_equal_profiles_differ_in_nothing() -> None:
    assert changes(SOUND, SOUND) == ()


@pytest.mark.parametrize(
    ("unit", "value", "text"),
    [
        (Unit.SHARE, 30_000, "3 %"),
        (Unit.SHARE, 500, "0.05 %"),
        (Unit.SHARE, -4_000, "-0.4 %"),
        (Unit.SHARE, 0, "0 %"),
        (Unit.DURATION, 15 * MINUTE_NS, "15 min"),
        (Unit.DURATION, 48 * HOUR_NS, "2 d"),
        (Unit.DURATION, 0, "0 s"),
        (Unit.DURATION, 1_500_000_000, "1,500,000,000 ns"),
        (Unit.COUNT, 1_000, "1,000"),
        (Unit.AMOUNT, 10_000, "10,000"),
    ],
)
def test_a_value_is_shown_as_a_person_reads_it(unit: Unit, value: int, text: str) -> None:
    assert shown(unit, value) == text
