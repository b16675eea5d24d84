"""The doctor names what is wrong with the exact remedy, and changes nothing."""

from __future__ import annotations

import shutil
import socket
import time
from pathlib import Path

import pytest

from service import doctor
from service.bundles import SHIPPED
from service.doctor import EXAMINATIONS, Finding, examine
from service.settings import load_settings


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
