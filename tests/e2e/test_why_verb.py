"""`ballast why`: the last decision of an account in the embedded database, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.conftest import Ballast

KEYS = (
    "account run_id mode feed symbol at seq action reason sentence value threshold prediction costs"
    " size cluster marks ladder unrepeated profiles strategy standing became history"
).split()


def test_a_decision_is_explained_for_people_and_as_one_object(
    ballast: Ballast, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ballast("paper", "--events", 1500, "--seed", 7, "--speed", 0, "--json").card["fills"]

    def why(*words: str) -> dict[str, Any]:
        found = ballast.inside(monkeypatch, "why", *words, "--json")
        assert found.code == 0, found.err
        assert list(found.json) == KEYS
        return found.json

    newest = why("btc/usd")
    assert (newest["account"], newest["symbol"], newest["mode"]) == ("paper", "BTC/USD", "PAPER")
    (decided,) = [each for each in newest["ladder"] if each["decided"]]
    assert (decided["reason"], decided["value"]) == (newest["reason"], newest["value"])
    assert list(newest["profiles"]) == ["risk", "strategy"]
    assert newest["standing"]["closed"] == ""
    assert newest["strategy"]["entry_p_up_micros"] == 560_000
    cluster = newest["cluster"]  # coins of the seeded market do not move together
    assert (cluster["name"], cluster["members"]) == ("BTC", ["BTC/USD"])
    assert cluster["as_of"] < newest["at"] < cluster["valid_until"]
    assert newest["became"].keys() == {
        "approvals", "refusals", "orders", "fills", "rows_refused",
    }  # fmt: skip
    earlier = why("BTC/USD", "--at", f"{newest['at'] - 1}")
    assert earlier["seq"] < newest["seq"]
    assert why("BTC/USD", "--at", f"{newest['at']}")["seq"] == newest["seq"]

    shown = ballast.inside(monkeypatch, "why", "BTC/USD")
    assert shown.code == 0
    first, second, *others = shown.out.splitlines()
    assert first.startswith("BTC/USD  2026-01-01 ")
    assert second.partition(": ")[2] == newest["sentence"]
    assert len(others) < 40, "one screen"
    assert max(len(line) for line in others) < 180
    (told,) = [line for line in others if line.startswith("cluster ")]
    assert f"BTC: with no other; map {cluster['version'][:12]} as of 2026-01-01 " in told

    refusals = (
        (("why", "BTC/USDT"), 8, "Did you mean BTC/USD?"),
        (("why", "BTC/USD", "--at", "2020-01-01"), 8, "name a later time by --at"),
        (("why", "BTC/USD", "--at", "yesterday"), 2, "Write it like 2026-11-22"),
        (("why", "BTC/USD", "--account", "nobody"), 8, "name another by --account"),
    )
    for words, code, remedy in refusals:
        refused = ballast.inside(monkeypatch, *words)
        assert (refused.code, refused.out) == (code, "")
        assert refused.sentence
        assert remedy in refused.err


def test_a_journal_in_files_is_explained_as_its_rows_would_be(
    ballast: Ballast, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The same market in both stores; of files the counts begin where repeating did."""
    run = ("paper", "--events", 1500, "--seed", 7, "--speed", 0, "--json")
    assert ballast(*run, "--journal", "file").card["fills"]
    rows = Ballast(tmp_path_factory.mktemp("rows") / "home")
    assert rows(*run, "--journal", "postgres").card["fills"]
    for words in (("why", "BTC/USD"), ("why", "AAVE/USD", "--at", "2026-01-01T05:00")):
        (kept, told) = (each.inside(monkeypatch, *words, "--json").json for each in (ballast, rows))
        for name in KEYS:
            if name not in {"run_id", "history"}:
                assert kept[name] == told[name], name
        assert kept["history"]["rungs"] == told["history"]["rungs"]
        assert kept["history"]["since"] == told["history"]["since"]
    early = ballast.inside(monkeypatch, "why", "BTC/USD", "--at", "2020-01-01")
    assert (early.code, early.out) == (8, "")
    other = ballast.inside(monkeypatch, "why", "BTC/USD", "--account", "nobody")
    assert other.code == 8


def test_without_a_database_it_says_where_there_is_none(
    ballast: Ballast, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = ballast.inside(monkeypatch, "why", "BTC/USD")
    assert refused.code == 5
    assert "no database" in refused.sentence
    assert "journals in files have no tables" in refused.err
