"""`ballast db retention` from the command line: asked, done, told, and what is told afterwards."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.timeout(280)
RUN = ("paper", "--events", "300", "--json", "--headless", "--speed", "0")


def test_an_embedded_account_is_sealed_and_goes_on(ballast: Any) -> None:
    """Two runs; the first one goes, the newest stays, and a third goes on."""
    cards = [ballast(*RUN).card for _ in range(2)]
    first, second = (card["run_id"] for card in cards)
    root = cards[0]["root_hash"]
    young = ballast("db", "retention", "--keep", "36500")
    assert young.code == 0, young.err
    assert "nothing to seal for paper" in young.out
    planned = ballast("db", "retention", "--keep", "0", "--dry-run")
    assert f"would seal {first}, inputs 1 to " in planned.out
    assert f"stays    the run {second} is the newest, which always stays" in planned.out
    done = ballast("db", "retention", "--json")
    assert done.code == 0, done.err
    (sealed,) = done.json["runs"]
    assert sealed["run_id"] == first
    proven = ballast("db", "retention", "--verify", sealed["export"])
    assert proven.code == 0, proven.err
    assert sealed["export_sha256"] in proven.out
    gone = ballast("replay", first, "--verify")
    assert gone.code == 8
    assert f"The run {first} was sealed on " in gone.sentence
    assert sealed["export_sha256"] in gone.sentence
    for verify in ((), ("--verify",)):
        again = ballast("replay", first, "--export", sealed["export"], *verify)
        assert again.code == 0, again.err
        assert "REPLAY PARITY: TRUE" in again.out
        assert root in again.out
        assert "manifest holds" in again.out
    absent = ballast("replay", first, "--export", sealed["export"] + "-gone")
    assert absent.code == 8
    assert ballast("replay", second, "--verify").code == 0
    books = ballast("books", "verify")
    assert books.code == 0, books.out
    assert "sealed runs are signed" in books.out
    assert ballast("books", "anchor").code == 0
    assert ballast("db", "validate").code == 0
    assert ballast("db", "drift").code == 0
    assert ballast(*RUN).code == 0
    ballast("db", "stop")


def test_a_journal_of_files_is_refused(ballast: Any) -> None:
    refused = ballast("db", "retention", journal__kind="file")
    assert refused.code == 2
    assert "has no tables" in refused.sentence


@pytest.mark.parametrize("days", ["-1", "soon"])
def test_days_are_whole_days(ballast: Any, days: str) -> None:
    assert ballast("db", "retention", "--keep", days).code == 2
