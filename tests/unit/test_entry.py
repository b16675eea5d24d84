"""Ctrl-C while the command still loads: one line and the documented code, never a traceback."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

from service.failures import ExitCode

ROOT = Path(__file__).parents[2]
# Stands in for a person whose Ctrl-C comes while `service.cli.main` is being imported.
PRESS_WHILE_LOADING = """
import os, signal, sys
class Press:
    def find_spec(self, name, path=None, target=None):
        if name == "service.cli.main":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Press())
from service.entry import main
main()
"""


def test_an_interrupt_while_loading_is_one_line() -> None:
    found = subprocess.run(
        [sys.executable, "-c", PRESS_WHILE_LOADING],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert found.stderr == "ballast: interrupted.\n"
    assert found.returncode == int(ExitCode.INTERRUPTED)
    assert found.stdout == ""


def test_the_console_script_starts_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["scripts"] == {"ballast": "service.entry:main"}
