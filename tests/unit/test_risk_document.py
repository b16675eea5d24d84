"""The risk document says what the code says: every profile field, its default, every refusal."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from actors.messages.risk import Refusal
from actors.risk.ladder import LADDER, Scope
from actors.risk.profile import RiskProfile
from actors.strategy.profile import StrategyProfile
from ops.documents.risk_rules import TABLE, written

ROW = re.compile(r"^\| `(\w+)` \| ([^|]+) \|", re.MULTILINE)


def rows(repository: Path, title: str) -> list[tuple[str, str]]:
    text = (repository / "docs" / "risk-rules.md").read_text(encoding="utf-8")
    (section,) = [part for part in text.split("\n## ") if part.split("\n")[0] == title]
    return [(name, value.strip()) for name, value in ROW.findall(section)]


@pytest.mark.parametrize(
    ("profile", "title"),
    [
        (RiskProfile(), "Limits of the account (`RiskProfile`)"),
        (StrategyProfile(), "Thresholds of the strategy (`StrategyProfile`)"),
    ],
)
def test_the_document_lists_every_field_with_its_default(
    repository: Path, profile: msgspec.Struct, title: str
) -> None:
    fields = [(name, f"{value:,}") for name, value in msgspec.structs.asdict(profile).items()]
    assert rows(repository, title) == fields


@pytest.mark.parametrize("profile", [RiskProfile, StrategyProfile])
def test_every_field_is_an_integer_with_its_unit_last(profile: type[msgspec.Struct]) -> None:
    for field in msgspec.structs.fields(profile):
        assert field.type is int
        assert field.name.endswith(("_micros", "_ns", "_count", "_quote", "_amount"))


def test_the_document_lists_every_refusal_in_order_with_its_scope(repository: Path) -> None:
    scopes: dict[Refusal, Scope] = {}
    for rung in LADDER:
        both = rung.refusal in scopes
        scopes[rung.refusal] = Scope.BOTH if both else rung.scope
    expected = [(refusal.value, scope.name.lower()) for refusal, scope in scopes.items()]
    assert rows(repository, "The ladder") == expected


def test_the_tables_of_both_profiles_are_the_catalogues(repository: Path) -> None:
    text = (repository / "docs" / "risk-rules.md").read_text(encoding="utf-8")
    assert written(text) == text
    assert len(TABLE.findall(text)) == 2
