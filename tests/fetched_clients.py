"""Clients that no lock file has: fetched from their registries into a folder for one test run.

A machine that does not reach a registry skips their tests and says so.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FETCH_SECONDS = 50


def fetched_from_pypi(name: str, version: str, folder: Path) -> Path:
    """A source distribution installed alone into the folder; skips when it cannot be had."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    wanted = ["--no-binary", name, "--target", str(folder), f"{name}=={version}"]
    return _fetched([*command, *wanted], f"{name} {version}", folder)


def fetched_from_npm(name: str, version: str, folder: Path) -> Path:
    """An npm package and what it needs, under the folder; skips when it cannot be had."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("there is no node and npm on this machine")
    command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"]
    return _fetched([*command, str(folder), f"{name}@{version}"], f"{name} {version}", folder)


def _fetched(command: list[str], what: str, folder: Path) -> Path:
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=FETCH_SECONDS
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"{what} did not come within {FETCH_SECONDS} s from its registry")
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        pytest.skip(f"{what} could not be fetched from its registry: {last[:200]}")
    return folder
