"""The coverage floors let a covered tree pass and name every part that is under its own floor."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def floors(repository: Path) -> ModuleType:
    path = repository / "ops" / "checks" / "coverage_floors.py"
    spec = importlib.util.spec_from_file_location("coverage_floors", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["coverage_floors"] = module
    spec.loader.exec_module(module)
    return module


def report(**covered: int) -> dict[str, object]:
    """A report of files with 100 statements each, and how many of them are covered."""
    names = {"money": "actors/money.py", "kernel": "actors/kernel/kernel.py", "cli": "service/a.py"}
    return {
        "files": {
            names[name]: {"summary": {"covered_lines": count, "num_statements": 100}}
            for name, count in covered.items()
        }
    }


@pytest.mark.parametrize(
    ("covered", "named"),
    [
        ({"money": 100, "kernel": 100, "cli": 85}, []),
        ({"money": 100, "kernel": 100, "cli": 84}, ["overall"]),
        ({"money": 99, "kernel": 100, "cli": 100}, ["actors/money.py"]),
        ({"money": 0, "kernel": 99, "cli": 100}, ["overall", "actors/money.py", "actors/kernel/"]),
    ],
)
def test_each_part_is_held_to_its_own_floor(
    floors: ModuleType, covered: dict[str, int], named: list[str]
) -> None:
    sentences = floors.shortfalls(floors.tallies(report(**covered)))
    assert [sentence.split(" is ")[0] for sentence in sentences] == named


def test_a_missing_branch_counts_like_a_missing_line(floors: ModuleType) -> None:
    tally = floors.Tally()
    tally.add({"covered_lines": 9, "num_statements": 9, "covered_branches": 0, "num_branches": 1})
    assert tally.percent == pytest.approx(90.0)
