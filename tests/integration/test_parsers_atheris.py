"""Coverage-guided fuzzing of every parser, for five seconds each, where atheris is at hand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from ops.fuzz.parsers import PARSERS

SECONDS = 5
pytestmark = [
    pytest.mark.soak,
    pytest.mark.timeout(120),
    pytest.mark.skipif(
        find_spec("atheris") is None,
        reason="atheris is not installed; CONTRIBUTING.md says how to have it",
    ),
]


@pytest.mark.parametrize("name", PARSERS)
def test_a_parser_survives_atheris(name: str, repository: Path, tmp_path: Path) -> None:
    command = [sys.executable, "ops/fuzz/run.py", name, "--seconds", str(SECONDS)]
    done = subprocess.run(
        [*command, "--corpus", str(tmp_path)],
        check=False,
        cwd=repository,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    counted = re.search(r"number_of_executed_units: (\d+)", done.stderr)
    assert counted is not None
    assert int(counted[1]) > len(PARSERS[name].written)
