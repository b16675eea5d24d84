"""The benchmarks that need a database run on tiny sizes, in one embedded server of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.benchmarks import bars, books, durability, recovery
from ops.benchmarks.stores import workplace, writer_dsn

pytestmark = pytest.mark.slow
TINY = 9_000


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[str, Path]]:
    """A database that no other test sees, and a folder."""
    with workplace(None) as made:
        yield made


def test_the_writer_s_address_differs_in_the_user_alone() -> None:
    assert (
        writer_dsn("postgresql://admin:word@h:1/d?x=y") == "postgresql://ballast_writer@h:1/d?x=y"
    )


def test_the_longest_tail_is_recovered_from_files_and_database(place: tuple[str, Path]) -> None:
    found = recovery.measure(*place, inputs=TINY, rounds=1)
    ready = [each.name for each in found if each.name.startswith("ready after 4,999 inputs")]
    assert len(ready) == 2
    assert all("(tail 4,999," in name for name in ready), ready


def test_durability_is_told_for_both_stores(place: tuple[str, Path]) -> None:
    names = [each.name for each in durability.measure(*place, inputs=20)]
    assert sum("durable before release" in name for name in names) == 4
    assert "chain verification" in names


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_bars_are_journalled_into_both_stores(
    place: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bars, "CASES", (bars.CASES[1],))
    monkeypatch.setattr(bars, "ROUNDS_QUICK", 1)
    names = [each.name for each in bars.measure(*place, quick=True)]
    assert names == [f"bars, every bar, journal {to}" for to in ("off", "file", "PostgreSQL")]


def test_the_books_are_told_by_batch_with_and_without_triggers(place: tuple[str, Path]) -> None:
    dsn, _ = place
    found = books.measure(dsn, appends=2)
    batches = [each for each in found if each.name.startswith("transfers appended, ")]
    assert len(batches) == len(books.BATCHES)
    assert all(each.value > 0 and each.reference > 0 for each in batches)
    targets = [each.target for each in found if each.target]
    assert targets == [">= 100,000"]
    assert found[-1].name == "an hour of portfolio and 10 positions, committed"
