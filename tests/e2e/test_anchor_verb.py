"""`ballast books anchor`: what an account's anchors say, and going on after a loss, with a reason.

The journals are files, so that a loss is one folder put back.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from service.sole_service import sole_service

RUN = ("paper", "--events", 300, "--json", "--journal", "file")
LOOK = ("books", "anchor", "--journal", "file")
REASON = "restored the backup of Monday"


@pytest.fixture
def copy(ballast: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A folder for copies, set for this process and as a setting for others."""
    folder = str(ballast.home.parent / "copies")
    monkeypatch.setenv("BALLAST__JOURNAL__ANCHOR_COPY", folder)
    return {"journal__anchor_copy": folder}


@pytest.fixture
def anchor(ballast: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """The verb."""
    return lambda *words: ballast.inside(monkeypatch, *LOOK, *words)


def anchors(home: Path) -> Path:
    return home / "anchors" / "paper.files.anchors"


@pytest.mark.slow
def test_a_run_is_anchored_and_held(
    ballast: Any, copy: dict[str, str], anchor: Callable[..., Any]
) -> None:
    first = ballast(*RUN, **copy).card
    told = anchor("--json").json
    assert told["newest"]["input"] == first["inputs"]
    assert told["newest"]["root"] == first["root_hash"]
    assert told["held"] is True
    assert len(told["public_key"]) == 64
    assert told["path"] == str(anchors(ballast.home))
    assert [Path(each).read_bytes() for each in told["copies"]] == [
        anchors(ballast.home).read_bytes()
    ]
    lines = anchor().out.splitlines()
    assert [line.split()[0] for line in lines] == "public anchors copy newest journal".split()
    assert lines[-1].endswith("holds it")


@pytest.mark.slow
def test_a_restored_backup_is_refused_until_a_person_accepts_it(
    ballast: Any, copy: dict[str, str], anchor: Callable[..., Any]
) -> None:
    """And nothing but the reason is left of it: the account goes on."""
    first = ballast(*RUN, **copy).card
    journal, backup = ballast.home / "journal", ballast.home.parent / "backup"
    shutil.copytree(journal, backup)
    second = ballast(*RUN, **copy).card
    shutil.rmtree(journal)
    backup.rename(journal)
    refused = ballast(*RUN, **copy)
    assert refused.code == 4
    end, anchored = first["inputs"], first["inputs"] + second["inputs"]
    assert f"ends at input {end}, but input {anchored} was anchored" in refused.sentence
    assert "ballast books anchor --accept REASON" in refused.err
    looked = anchor("--json")
    assert (looked.code, looked.json["held"], looked.json["exit_code"]) == (4, False, 4)
    assert "does not hold it" in anchor().out
    accepted = anchor("--accept", REASON, "--json").json
    assert accepted["newest"]["input"] == end
    assert accepted["newest"]["reason"] == REASON
    assert accepted["set_aside"] == []
    assert ballast(*RUN, **copy).code == 0
    assert REASON in anchors(ballast.home).read_text()


@pytest.mark.slow
def test_lost_keys_and_damaged_lines_are_set_aside(
    ballast: Any, copy: dict[str, str], anchor: Callable[..., Any]
) -> None:
    ballast(*RUN, **copy)
    (ballast.home / "anchors" / "anchor.key").unlink()
    for lost in (ballast(*RUN, **copy), anchor("--json")):
        assert lost.code == 4
        assert "anchor.key, which signed the anchors, is gone" in lost.sentence
    told = anchor("--accept", REASON).out
    assert told.count("set aside") == 2
    assert f"accepted   {REASON}" in told
    with anchors(ballast.home).open("ab") as file:
        file.write(b"{}\n")
    assert "is no anchor" in anchor().sentence
    assert anchor("--accept", REASON).code == 0
    assert ballast(*RUN, **copy).code == 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--accept", " "), 2, "The reason is not one line of text."),
        (("--accept", "one\ntwo"), 2, "The reason is not one line of text."),
        (("--account", "a b"), 2, "which is no name"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    anchor: Callable[..., Any], words: tuple[str, ...], code: int, said: str
) -> None:
    refused = anchor(*words)
    assert refused.code == code
    assert said in refused.sentence


def test_a_journal_in_memory_has_no_anchors(ballast: Any) -> None:
    refused = ballast("books", "anchor", journal__kind="memory")
    assert refused.code == 2
    assert "does not last and has no anchors" in refused.sentence


def test_nothing_anchored_is_told_and_nothing_is_made(
    ballast: Any, anchor: Callable[..., Any]
) -> None:
    told = anchor("--account", "other", "--json").json
    assert (told["anchors"], told["newest"], told["public_key"]) == (0, None, "")
    assert "other.files.anchors" in told["path"]
    assert not ballast.home.exists()


def test_a_copy_that_cannot_be_read_is_told(
    ballast: Any, copy: dict[str, str], anchor: Callable[..., Any]
) -> None:
    Path(copy["journal__anchor_copy"]).write_text("a file, where a folder should be")
    told = anchor("--json")
    assert told.code == 0
    assert "is not up to date" in told.json["failures"][0]
    assert "is not up to date" in told.err


def test_nothing_is_accepted_while_the_account_is_traded(
    ballast: Any, anchor: Callable[..., Any]
) -> None:
    with sole_service(ballast.home, "The account paper"):
        refused = anchor("--accept", REASON)
    assert refused.code == 6
    assert "is being traded by" in refused.sentence
