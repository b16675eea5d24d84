"""The repository keeps every house rule, apart from the waivers, each of which is still needed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests.house.rules import RULES, waivers
from tests.house.source import Checkout

WAIVERS_MAX = 12


@pytest.fixture(scope="module")
def checkout(repository: Path) -> Checkout:
    return Checkout(repository)


@pytest.mark.parametrize("rule", RULES)
def test_the_repository_keeps_the_rule(rule: str, checkout: Checkout) -> None:
    granted = waivers()
    found = [each for each in RULES[rule](checkout) if not any(w.covers(each) for w in granted)]
    assert not found, "\n" + "\n".join(str(each) for each in sorted(found))


def test_every_waiver_is_complete_and_still_needed(checkout: Checkout) -> None:
    granted = waivers()
    assert len(granted) <= WAIVERS_MAX
    for waiver in granted:
        assert waiver.rule in RULES, f"there is no rule {waiver.rule}"
        assert isinstance(waiver.since, date)
        assert len(waiver.reason) > 20, f"{waiver.path}: say why"
        needed = any(waiver.covers(each) for each in RULES[waiver.rule](checkout))
        assert needed, f"{waiver.rule} on {waiver.path} excuses nothing any more; remove it"
