"""The real command as a subprocess: its output, its one JSON object, its two-line failures."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from service.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-m", "service.cli.main")
CARD_KEYS = frozenset(
    "run_id inputs messages decisions orders fills books_balanced chain_verified parity root_hash"
    .split()
)  # fmt: skip


def environment(extra: dict[str, str]) -> dict[str, str]:
    """The machine's environment without settings of ours, and with `extra`."""
    kept = {name: value for name, value in os.environ.items() if "BALLAST" not in name}
    return {**kept, "PYTHONPATH": str(ROOT), **extra}


class Answer:
    """How a command ended."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        self.code = done.returncode
        self.out = done.stdout
        self.err = done.stderr

    @property
    def json(self) -> dict[str, Any]:
        """Stdout as exactly one JSON object."""
        assert self.out.count("\n") == 1, self.out
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def card(self) -> dict[str, Any]:
        """The proof card of a run that went well."""
        assert self.code == 0, self.err
        assert self.json.keys() >= CARD_KEYS
        return self.json

    @property
    def sentence(self) -> str:
        """The one sentence of a failure; its remedy stands in the line below."""
        lines = [line for line in self.err.splitlines() if line and not line.startswith("{")]
        places = [place for place, line in enumerate(lines) if line.startswith("ballast: ")]
        assert len(places) == 1, self.err
        place = places[0]
        assert lines[place + 1 :], "a failure names its remedy"
        assert lines[place].endswith((".", "?")), lines[place]
        return lines[place].removeprefix("ballast: ")


class Ballast:
    """Runs the command with a data folder of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._started: list[subprocess.Popen[str]] = []

    def __call__(
        self,
        *arguments: object,
        home: Path | None = None,
        as_user: int = 0,
        patience: float = 55,
        **extra: str,
    ) -> Answer:
        """Run to the end. Settings go by name: `account__name="x"`."""
        words = [*COMMAND, *(str(argument) for argument in arguments)]
        done = subprocess.run(
            words,
            env=self._variables(home, extra),
            cwd=self.home.parent,
            capture_output=True,
            text=True,
            timeout=patience,
            check=False,
            user=as_user or None,
        )
        answer = Answer(done)
        assert "Traceback" not in answer.out + answer.err, answer.err
        return answer

    def inside(self, monkeypatch: pytest.MonkeyPatch, *arguments: object) -> Answer:
        """The same command within this process: for long tables, without the start-up."""
        words = ["ballast", *(str(argument) for argument in arguments)]
        out, err = io.StringIO(), io.StringIO()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", words)
            patch.setattr(sys, "excepthook", sys.__excepthook__)
            patch.setenv("BALLAST__DATA_DIR", str(self.home))
            patch.chdir(self.home.parent)
            code = 0
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                try:
                    main()
                except SystemExit as end:
                    code = int(end.code or 0)
        done = subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())
        return Answer(done)

    def start(self, *arguments: object, **extra: str) -> subprocess.Popen[str]:
        """Start and do not wait; ended at the end of the test in any case."""
        process = subprocess.Popen(
            [*COMMAND, *(str(argument) for argument in arguments)],
            env=self._variables(None, extra),
            cwd=self.home.parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._started.append(process)
        return process

    def _variables(self, home: Path | None, extra: dict[str, str]) -> dict[str, str]:
        named = {f"BALLAST__{name.upper()}": value for name, value in extra.items()}
        return environment({"BALLAST__DATA_DIR": str(home or self.home), **named})

    def trading(self, home: Path | None = None) -> None:
        """Wait until a started run is open and has journalled something of its own."""
        log = (home or self.home) / "logs" / "ballast.log"
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if log.is_file() and '"run_opened"' in log.read_text():
                time.sleep(0.5)
                return
            time.sleep(0.1)
        raise AssertionError(f"no run was opened in {log}")

    def close(self) -> None:
        """End what still runs, and the database."""
        for process in self._started:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.communicate(timeout=20)
        if self.has_database():
            self("db", "stop")

    def has_database(self) -> bool:
        """Whether the data folder has an embedded database."""
        return (self.home / "postgres").exists()


@pytest.fixture
def ballast(tmp_path: Path) -> Iterator[Ballast]:
    """The command over a data folder whose path has a space.

    Whatever database a test leaves there keeps every rule.
    """
    command = Ballast(tmp_path / "data folder")
    try:
        yield command
        found = command("db", "validate") if command.has_database() else None
        assert found is None or found.code == 0, found.out + found.err
    finally:
        command.close()


@pytest.fixture
def candles(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes hourly candles, with one row changed, and returns the file."""

    def write(
        name: str = "XBTUSD_60.csv", *, rows: int = 40, at: int = 10, **cells: object
    ) -> Path:
        path = tmp_path / name
        lines = []
        for hour in range(rows):
            price = 100 + hour % 7
            row: dict[str, object] = {
                "time": 1_700_000_000 // 3600 * 3600 + hour * 3600,
                "open": price,
                "high": price + 2,
                "low": price - 2,
                "close": price + 1,
                "volume": "1.5",
                "count": 3,
            }
            lines.append(",".join(str(v) for v in (row | (cells if hour == at else {})).values()))
        path.write_text("\n".join(lines) + "\n")
        return path

    return write
