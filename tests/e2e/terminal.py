"""The command at a real terminal."""

from __future__ import annotations

import os
import pty
import select
import time
from pathlib import Path

from tests.e2e.conftest import COMMAND, environment


class Terminal:
    """What the command shows, and what a person types."""

    def __init__(self, words: list[str], home: Path) -> None:
        self.shown = ""
        pid, self._screen = pty.fork()
        if pid == 0:
            os.environ.clear()
            os.environ.update(environment({"BALLAST__DATA_DIR": str(home)}))
            os.execv(COMMAND[0], [*COMMAND, *words])
        self._pid = pid

    def wait_for(self, text: str, patience_s: float = 50) -> None:
        until = time.monotonic() + patience_s
        while text not in self.shown:
            assert time.monotonic() < until, self.shown
            if select.select([self._screen], [], [], 0.1)[0]:
                self.shown += os.read(self._screen, 4096).decode()

    def type(self, line: str) -> None:
        os.write(self._screen, line.encode() + b"\n")

    def end(self) -> int:
        while True:
            try:
                part = os.read(self._screen, 4096).decode()
            except OSError:
                break
            if not part:
                break
            self.shown += part
        os.close(self._screen)
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
