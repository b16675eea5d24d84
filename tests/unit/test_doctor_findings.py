"""The doctor names what is wrong with the exact remedy, and changes nothing."""

from __future__ import annotations

import shutil
import socket
import time
from pathlib import Path

import msgspec
import pytest

from service import doctor
from service.bundles import SHIPPED
from service.doctor import EXAMINATIONS, Finding, examine
from service.proof import ProofCard
from service.run_index import RunEntry, RunIndex
from service.settings import load_settings
from tests.postgres_server import running_server


def findings(home: Path, **values: str) -> dict[str, Finding]:
    """What is found for a data folder, by name."""
    named = {f"BALLAST__{name.upper()}": value for name, value in values.items()}
    settings = load_settings(environment=named, overrides={"data_dir": str(home)})
    return {finding.name: finding for finding in examine(settings)}


def test_a_sound_machine_has_no_remedies_and_stays_untouched(tmp_path: Path) -> None:
    found = findings(tmp_path / "home")
    assert len(found) == len(EXAMINATIONS)
    assert all(finding.healthy and not finding.remedy for finding in found.values()), found
    assert list(tmp_path.iterdir()) == []


def test_a_data_folder_that_is_a_file_is_found(tmp_path: Path) -> None:
    (tmp_path / "home").touch()
    found = findings(tmp_path / "home")["data folder"]
    assert (found.healthy, found.found) == (False, f"{tmp_path / 'home'} is not a folder")
    assert found.remedy.startswith("Move ")


def test_a_port_in_use_is_found(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        found = findings(tmp_path, server__port=str(port))["endpoint"]
    assert not found.healthy
    assert f"port {port}" in found.found


def test_a_full_disk_and_a_wrong_clock_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1))
    monkeypatch.setattr(time, "time", lambda: 0.0)
    found = findings(tmp_path)
    assert "Free at least 2 GiB" in found["disk"].remedy
    assert "NTP" in found["clock"].remedy


def test_a_damaged_bundle_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = tmp_path / "bundles"
    shutil.copytree(SHIPPED, shipped)
    next(shipped.glob("*/*.onnx")).write_bytes(b"damaged")
    monkeypatch.setattr(doctor, "SHIPPED", shipped)
    found = findings(tmp_path / "home")["bundles"]
    assert not found.healthy
    assert "make setup" in found.remedy


def test_an_outside_server_that_does_not_answer_is_found(tmp_path: Path) -> None:
    found = findings(tmp_path, journal__dsn="postgresql://nobody@127.0.0.1:1/nothing")["database"]
    assert not found.healthy
    assert "does not answer" in found.found
    assert "journal.dsn" in found.remedy


def test_an_outside_server_that_answers_says_its_version(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    server = running_server(pytestconfig, "embedded")
    found = findings(tmp_path, journal__dsn=server.dsn("postgres", server.administrator))
    assert found["database"].healthy
    assert found["database"].found.startswith("your server answers: PostgreSQL 18")


def test_a_proof_that_was_skipped_is_no_finding_and_a_failed_one_is(tmp_path: Path) -> None:
    index = RunIndex(tmp_path)
    entry = RunEntry("a" * 16, "PAPER", "seeded", "paper", "file", "journal", "", 1)
    index.write(entry)
    card = ProofCard(
        run_id=entry.run_id, mode="PAPER", feed="seeded", account="paper", market_result=False,
        notice="", inputs=1, messages=1, decisions=0, orders=0, fills=0, books_balanced=True,
        chain_verified=False, parity=None, root_hash="00", bundle_id="", bundle_marker="",
        code_fingerprint="",
    )  # fmt: skip
    index.write_card(card)
    assert findings(tmp_path)["runs"].healthy
    index.write_card(msgspec.structs.replace(card, parity=False))
    found = findings(tmp_path)["runs"]
    assert not found.healthy
    assert f"ballast replay {entry.run_id} --verify" in found.remedy
