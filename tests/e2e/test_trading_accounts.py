"""The account of `ballast run` and `ballast demo`: it trades, stops, goes on, has one leader."""

from __future__ import annotations

import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.e2e.conftest import Answer, Ballast

SEEDED = ("--feed", "seeded")


def ended(process: subprocess.Popen[str]) -> Answer:
    """How a started command ended."""
    out, err = process.communicate(timeout=40)
    return Answer(subprocess.CompletedProcess(process.args, process.returncode, out, err))


def test_a_demo_trades_within_seconds_and_leaves_nothing_behind(ballast: Ballast) -> None:
    done = ballast("demo", "--for", "5s", "--headless", "--json", "--journal", "file")
    card = done.card
    assert card["fills"] > 0
    assert card["orders"] >= card["fills"] > 0
    assert card["books_balanced"]
    assert card["chain_verified"]
    assert card["parity"]
    assert card["market_result"] is False
    assert "not a market result" in card["notice"]
    assert not ballast.home.exists()


def test_equal_events_and_seed_give_the_same_root_hash(ballast: Ballast) -> None:
    first, second = (
        ballast("demo", "--events", 900, "--seed", 3, "--json", "--journal", journal).card
        for journal in ("file", "memory")
    )
    other = ballast("demo", "--events", 900, "--seed", 4, "--json", "--journal", "memory").card
    assert first["root_hash"] == second["root_hash"] != other["root_hash"]
    assert first["run_id"] == second["run_id"] != other["run_id"]


def test_a_second_run_continues_the_same_account_in_the_embedded_database(
    ballast: Ballast,
) -> None:
    first = ballast("run", *SEEDED, "--events", 900, "--json").card
    second = ballast("run", *SEEDED, "--events", 300, "--json").card
    assert first["run_id"] != second["run_id"]
    assert second["inputs"] < first["inputs"]
    for each in ("proof", "replay"):
        assert ballast(each, "last", "--json").json["root_hash"] == second["root_hash"]
    earlier = ballast("replay", first["run_id"], "--json").json
    assert (earlier["parity"], earlier["root_hash"]) == (True, first["root_hash"])
    listed = ballast("runs", "--json").json["runs"]
    assert [row["run_id"] for row in listed] == [first["run_id"], second["run_id"]]
    assert [row["parity"] for row in listed] == ["TRUE", "TRUE"]
    address = ballast("db", "url", "--json").json["url"]
    assert address.startswith("postgresql://")
    assert ballast("db", "status", "--json").json["state"] in {"RUNNING", "running"}
    if shutil.which("psql"):
        chained = (
            "select genesis = (select root_after from ballast.journal_frame"
            " where last_seq = began - 1),"
            " (select count(*) > 1 from ballast.journal_frame)"
            " from (select genesis, first_seq as began"
            " from ballast.run order by first_seq desc limit 1) newest"
        )
        told = subprocess.run(
            ["psql", address, "-Atc", chained], capture_output=True, text=True, check=False
        )
        assert told.stdout.strip() == "t|t", told.stderr
        forbidden = subprocess.run(
            ["psql", address, "-Atc", "delete from ballast.journal_frame"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert "permission denied" in forbidden.stderr
    assert ballast("db", "stop", "--json").json == {"state": "stopped"}
    assert ballast("db", "status", "--json").json["state"] in {"STOPPED", "stopped"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_signal_ends_a_run_with_its_card(ballast: Ballast, number: signal.Signals) -> None:
    process = ballast.start("run", *SEEDED, "--headless", "--json", "--journal", "file")
    ballast.trading()
    process.send_signal(number)
    card = ended(process).card
    assert card["parity"] is True
    assert card["books_balanced"] is True


def test_a_killed_run_is_recovered_by_the_next_one(ballast: Ballast) -> None:
    process = ballast.start("run", *SEEDED, "--headless", "--journal", "file", "--speed", 20_000)
    ballast.trading()
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=10)
    listed = ballast("runs", "--json").json["runs"]
    assert [row["parity"] for row in listed] == ["open"]
    refused = ballast("proof", "last")
    assert refused.code == 8
    assert "was not closed" in refused.sentence
    card = ballast("run", *SEEDED, "--events", 200, "--json", "--journal", "file").card
    assert card["parity"] is True
    assert ballast("replay", listed[0]["run_id"], "--verify", "--json").json["parity"] is True


def test_a_second_service_on_a_live_account_is_refused_and_names_the_first(
    ballast: Ballast, tmp_path: Path
) -> None:
    process = ballast.start("run", *SEEDED, "--headless", "--json", "--journal", "file")
    ballast.trading()
    refused = ballast("run", *SEEDED, "--events", 10, "--json", "--journal", "file")
    assert refused.code == 6
    assert f"is being traded by process {process.pid} since" in refused.sentence
    assert refused.json["exit_code"] == 6
    elsewhere = ballast(
        "run", *SEEDED, "--events", 10, "--json", "--journal", "file", home=tmp_path / "other"
    )
    assert elsewhere.card["parity"] is True
    process.send_signal(signal.SIGINT)
    assert ended(process).card["parity"] is True
    assert (
        ballast("run", *SEEDED, "--events", 10, "--json", "--journal", "file").card["parity"]
        is True
    )


def test_a_data_folder_that_was_moved_still_proves_its_runs(
    ballast: Ballast, tmp_path: Path
) -> None:
    root = ballast("run", *SEEDED, "--events", 50, "--json", "--journal", "file").card["root_hash"]
    moved = tmp_path / "moved"
    ballast.home.rename(moved)
    report = ballast("replay", "last", "--json", home=moved).json
    assert (report["parity"], report["root_hash"]) == (True, root)
    assert not ballast.home.exists()


def test_the_option_for_the_data_folder_wins_over_the_environment(
    ballast: Ballast, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "else where"
    ballast(
        "run", *SEEDED, "--events", 10, "--journal", "file", "--headless", "--data-dir", elsewhere
    )
    assert (elsewhere / "journal").is_dir()
    assert not ballast.home.exists()


def test_an_account_stays_in_the_journal_that_it_began_in(ballast: Ballast) -> None:
    """Another kind of journal would be another account under the same name and ids."""
    assert ballast("run", *SEEDED, "--events", 30, "--json", "--journal", "file").code == 0
    refused = ballast("run", *SEEDED, "--events", 30, "--json", "--journal", "postgres")
    assert refused.code == 2
    assert "is kept in a file journal, not postgres" in refused.sentence
    assert ballast("run", *SEEDED, "--events", 30, "--json", "--journal", "file").code == 0


def test_a_command_to_no_account_or_without_a_reason_is_refused(ballast: Ballast) -> None:
    nowhere = ballast("kill", 3, "--reason", "a drill")
    assert nowhere.code == 8
    assert "There is no account" in nowhere.sentence
    assert not (ballast.home / "control").exists()
    assert ballast("run", *SEEDED, "--events", 30, "--json", "--journal", "file").code == 0
    for verb in (("kill", 1), ("reactivate",)):
        assert ballast(*verb, "--reason", " ").code == 2
        assert ballast(*verb, "--reason", "a drill").code == 0


def test_the_database_of_a_running_service_is_not_stopped_by_mistake(ballast: Ballast) -> None:
    process = ballast.start("run", *SEEDED, "--headless", "--json")
    ballast.trading()
    refused = ballast("db", "stop")
    assert refused.code == 6
    assert f"is being traded by process {process.pid} since" in refused.sentence
    process.send_signal(signal.SIGTERM)
    assert ended(process).card["parity"] is True
    assert ballast("db", "stop").code == 0
