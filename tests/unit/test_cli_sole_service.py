"""One service an account: the second is refused by name, death frees the lock."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from service.failures import ExitCode, UserError
from service.sole_service import FILE, sole_service

HOLDER = """
import sys, time
from pathlib import Path
from service.sole_service import sole_service
with sole_service(Path(sys.argv[1]), "The account x"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_the_lock_is_held_once_and_freed_at_the_end(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    with sole_service(folder, "The account paper"):
        with pytest.raises(UserError) as caught, sole_service(folder, "The account paper"):
            pass
        assert caught.value.code == ExitCode.FENCED
        assert f"The account paper in {folder} is being traded by process {os.getpid()}" in str(
            caught.value
        )
    with sole_service(folder, "The account paper"):
        pass


def test_a_killed_holder_holds_nothing(tmp_path: Path, repository: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        cwd=repository,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout as told:
        assert told.readline() == "held\n"
        with pytest.raises(UserError, match=f"process {process.pid} "):
            sole_service(tmp_path, "The account x").__enter__()
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=10)
    with sole_service(tmp_path, "The account x"):
        pass


def test_a_torn_note_of_the_holder_is_survived(tmp_path: Path) -> None:
    with sole_service(tmp_path, "The run x"):
        (tmp_path / FILE).write_text('{"pid": 1')
        with pytest.raises(UserError, match="by another process"):
            sole_service(tmp_path, "The run x").__enter__()


def test_a_folder_that_cannot_be_is_the_machines_refusal(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError) as caught, sole_service(tmp_path / "file" / "home", "x"):
        pass
    assert caught.value.code == ExitCode.ENVIRONMENT
