"""`ballast db backup`, `restore` and `drill` as a person meets them."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.timeout(180)
Ballast = Callable[..., Any]


def replayed(ballast: Ballast, home: Path | None = None) -> str:
    """The root of the newest run of a data folder, once it is replayed with the model."""
    found = ballast("replay", "last", "--verify", "--json", home=home)
    assert found.code == 0, found.err
    assert found.json["parity"] is True
    return str(found.json["root_hash"])


def test_an_account_is_backed_up_while_it_trades_and_lives_on_elsewhere(
    ballast: Any, tmp_path: Path
) -> None:
    service = ballast.start("paper", "--headless", "--speed", "7200")
    ballast.trading()
    taken = ballast("db", "backup", "--json", "--with-key")
    assert taken.code == 0, taken.err
    folder = Path(taken.json["folder"])
    (account,) = taken.json["accounts"]
    assert folder.parent == ballast.home / "backups"
    assert folder.name.endswith(f"-{account['seq']}")
    service.send_signal(signal.SIGTERM)
    assert service.wait(60) == 0
    told = ballast("db", "backup", "--verify", folder)
    assert told.code == 0, told.err
    assert told.out.startswith("whole")
    assert ballast("db", "backup", "--verify", folder, "--json").json["key_known"] is True

    home = tmp_path / "another machine"
    refused = ballast("db", "restore", folder, home=home)
    assert refused.code == 4
    assert "this data folder has no key" in refused.sentence
    restored = ballast("db", "restore", folder, "--force", "--json", home=home)
    assert restored.code == 0, restored.err
    assert restored.json["accounts"][0]["root"] == account["root"]
    assert restored.json["epochs"] == {"paper": account["epoch"] + 1}
    assert ballast("db", "drift", home=home).code == 0
    assert ballast("db", "validate", home=home).code == 0
    listed = [row["run_id"] for row in ballast("runs", "--json", home=home).json["runs"]]
    assert listed == [row["run_id"] for row in ballast("runs", "--json").json["runs"]]
    assert replayed(ballast, home) == account["root"]
    again = ballast("db", "restore", folder, home=home)
    assert again.code == 2
    assert "is not empty" in again.sentence
    went_on = ballast("paper", "--events", "300", "--json", "--headless", "--speed", "0", home=home)
    assert went_on.card["parity"] is True
    assert replayed(ballast, home) == went_on.card["root_hash"]
    ballast("db", "stop", home=home)


def test_a_drill_measures_a_loss_and_leaves_no_trace(ballast: Any, tmp_path: Path) -> None:
    traded = ballast("paper", "--events", "400", "--json", "--headless", "--speed", "0")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    found = ballast("db", "drill", "--json", data_dir=str(ballast.home))
    assert found.code == 0, found.err
    told = found.json
    assert told["accounts"][0]["root"] == traded.card["root_hash"]
    assert told["rpo_inputs"] == 0
    assert set(told["steps"]) >= {"hashes", "server", "load", "schema", "rules", "chain"}
    assert 0 < sum(told["steps"].values()) <= told["rto_seconds"] * 1.01
    assert told["mb_per_s"] > 0
    assert not (ballast.home / "backups").exists()
    assert "RTO" in ballast("db", "drill").out
    after = ballast("db", "validate")
    assert after.code == 0


def test_files_are_backed_up_drilled_and_restored_by_the_same_commands(
    ballast: Any, tmp_path: Path
) -> None:
    files = {"journal__kind": "file"}
    traded = ballast("paper", "--events", "400", "--json", "--headless", "--speed", "0", **files)
    folder = tmp_path / "backup of today"
    taken = ballast("db", "backup", "--to", folder, **files)
    assert taken.code == 0, taken.err
    assert f"root {traded.card['root_hash']}" in taken.out
    assert ballast("db", "backup", "--to", folder, **files).sentence.endswith("is there already.")
    drilled = ballast("db", "drill", **files)
    assert drilled.code == 0, drilled.err
    assert "RPO      0 inputs" in drilled.out
    shutil.rmtree(ballast.home / "journal")
    restored = ballast("db", "restore", folder, **files)
    assert restored.code == 0, restored.err
    assert "proven   paper" in restored.out
    went_on = ballast("paper", "--events", "200", "--json", "--headless", "--speed", "0", **files)
    assert went_on.card["chain_verified"] is True


def test_what_is_no_backup_is_one_sentence(ballast: Any, tmp_path: Path) -> None:
    for words in (("restore", tmp_path), ("backup", "--verify", tmp_path / "nothing")):
        found = ballast("db", *words)
        assert found.code == 8
        assert "is no whole backup" in found.sentence
    nothing = ballast("db", "backup", "--json")
    assert nothing.code == 8
    assert nothing.json["exit_code"] == 8
    assert "There is no database" in nothing.sentence


def test_a_server_that_cannot_be_reached_is_one_sentence(ballast: Any, tmp_path: Path) -> None:
    nowhere = {"journal__dsn": "postgresql://nobody@127.0.0.1:1/nothing"}
    found = ballast("db", "backup", "--to", tmp_path / "new", **nowhere)
    assert found.code == 5
    assert "cannot be" in found.sentence
    assert [path.name for path in tmp_path.iterdir() if path.name != "data folder"] == []
